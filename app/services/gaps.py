"""Gaps of single items: set when a delivery about an item is set aside, closed when a read has told it whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from app.store import subjects, sync
from app.store.database import Tx
from app.store.deliveries import PendingDelivery
from app.store.work import Work
from integrations.readings import Reading

_KEY = re.compile(r"^(?:#|[A-Z][A-Z0-9_]*-)([0-9]{1,15})\Z")
"""An item as deliveries name it: "#482" or "PAY-231"."""


def note_read(tx: Tx, project_id: int, work: Work, readings: Sequence[tuple[datetime, Reading]]) -> None:
    """Strike off what these readings answer, each with the instant before it was asked for, and close the gaps of
    items that want no other read.
    """
    natives = {
        work.items[native]["number"]: (native, at)
        for at, reading in readings
        for native in reading.whole
        if native in work.items
    }
    if not natives:
        return
    for number in sync.answered(tx, project_id, [(number, at) for number, (_, at) in sorted(natives.items())]):
        native = natives[number][0]
        row = work.items[native]
        if row["gap"]:
            work.item(native, number=number, key=row["key"], kind=row["kind"])["gap"] = False


def ask_for_reads(tx: Tx, project_id: int, work: Work, *, now: datetime) -> None:
    """Put down the reads that these readings call for, where the tracker can be read."""
    if work.reads and sync.get(tx, project_id) is not None:
        reads = [(work.items[native]["number"], why) for native, why in work.reads.items() if native in work.items]
        sync.want_reads(tx, project_id, reads, now=now)


def note_gap(tx: Tx, delivery: PendingDelivery, *, now: datetime) -> None:
    """A delivery was set aside: what it is about has a gap until a read has closed it."""
    found = _KEY.search(delivery.about or "")
    if delivery.project_id is None or found is None:
        return
    number = int(found[1])
    subjects.set_gap(tx, delivery.project_id, number, world=delivery.world_at)
    if sync.get(tx, delivery.project_id) is not None:
        sync.want_reads(tx, delivery.project_id, [(number, "a delivery was set aside")], now=now)
