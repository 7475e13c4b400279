"""For how long payloads of deliveries are kept. What they said stays for ever; what is let go cannot be replayed.

Only what is done with is let go: a delivery that waits, or was set aside, keeps its payload until it has been read.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from app.errors import UserError
from app.store import control, deliveries, instance
from app.store.database import Database

LEAST, MOST = 7, 3650
PAGE = 500
"""Payloads let go in one go; the clock comes by every few seconds."""


def keep_payloads(db: Database, days: int | None, *, who: str, now: datetime) -> None:
    """Keep payloads for so many days; None: for ever. `now` is real time. Raises UserError for a bad number."""
    if days is not None and not LEAST <= days <= MOST:
        raise UserError(f"Payloads are kept for {LEAST} to {MOST} days, or for ever; got {days}.")
    with db.write() as tx:
        before = instance.load(tx).payload_days
        if days != before:
            instance.set_payload_days(tx, days)
            control.audit(tx, who=who, what="retention changed", at=now, detail={"from": before, "to": days})


def let_go(db: Database, *, now: datetime) -> int:
    """Let go of the oldest payloads whose time is over, a page of them; gives how many. `now` is real time."""
    with db.read() as tx:
        row = instance.load(tx)
    if row.payload_days is None:
        return 0
    before = now - timedelta(days=row.payload_days)
    if row.payloads_gone_to is not None and row.payloads_gone_to >= before:
        return 0
    with db.write() as tx:
        count, last = deliveries.let_go(tx, since=row.payloads_gone_to, before=before, limit=PAGE)
        instance.set_payloads_gone(tx, before if count < PAGE or last is None else last)
    return count
