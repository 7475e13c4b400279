"""Writing at the pace a connection allows, and not at all while somebody has paused it.

Every write passes here first: it waits for its turn, and whether writing is paused is asked after that wait, in the
transaction that books the write. So a pause holds from the next write on, also between two writes of one item.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.services.removals import digest
from app.store import instance, leases, publications, trackers
from app.store.database import Database, Tx
from app.store.publications import Shown
from app.time import from_iso, real_now, to_iso
from integrations.ports import Client, Pace
from rules.intents import LabelSpec

DIGESTS = 20
"""How many of our last texts on an item are remembered, to know them when they come back."""


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection opened for writing."""

    client: Client
    pace: Pace
    label_specs: Callable[[str], LabelSpec]
    """The label as it should be made, by its full name."""
    base_url: str = ""
    """Where our own pages are."""


class Stop(Exception):
    """Nothing more may be sent over this connection for now."""


class ProjectPausedError(Exception):
    """Nothing more may be sent to this project for now; others go on."""


class Paced:
    """One publication's writes, paced and booked."""

    def __init__(
        self, db: Database, lease: leases.Lease, connected: Connected, shown: Shown, this: instance.Instance
    ) -> None:
        self.db, self.lease, self.shown, self.this = db, lease, shown, this
        self.client, self.pace = connected.client, connected.pace
        self.sent = 0

    def _world(self) -> datetime:
        return self.this.clock.now()

    def _pass(self, what: str, *, create: bool, body: str | None = None) -> None:
        """Wait for this connection's turn; stop where writing was paused meanwhile or the wait would be long. `body` is
        the text about to be written: it is remembered first, so that its echo is known whatever happens.
        """
        with self.db.read() as tx:
            self._unless_paused(tx)
            next_at, creates = publications.budget(tx, self.lease.id)
        now = real_now()
        creates = [at for at in creates if from_iso(at) > now - timedelta(hours=1)]
        wait = (next_at - now).total_seconds() if next_at is not None else 0.0
        if create:
            wait = max(wait, self.pace.wait_for_create([from_iso(at) for at in creates], now))
        if wait > self.pace.longest_wait:
            until = now + timedelta(seconds=wait)
            self._save(None, "", status="waiting", retry_at=until, detail=f"the {what} waits for the rate limit")
            raise Stop(f"rate limit: {wait:.0f} s to wait")
        if wait > 0:
            time.sleep(wait)
        now = real_now()
        if create:
            creates.append(to_iso(now))
        with self.db.write() as tx:
            leases.confirm(tx, self.lease)
            self._unless_paused(tx)
            publications.save_budget(
                tx,
                self.lease.id,
                next_write_at=now + timedelta(seconds=self.pace.seconds_between_writes),
                writes_in_hour=creates,
            )
            if body is not None:
                publications.amend(tx, self.shown.id, lambda doc: _about_to_say(doc, body))

    def _unless_paused(self, tx: Tx) -> None:
        """Raise where writing is paused. What is taken back goes out all the same: that is what was asked for."""
        if self.shown.retracting:
            return
        if instance.load(tx).paused_at is not None:
            raise Stop("writing is paused")
        if trackers.is_paused(tx, self.shown.project_id):
            raise ProjectPausedError

    def _slow_down(self, seconds: float) -> None:
        """The tracker said how long to wait."""
        with self.db.write() as tx:
            _next, creates = publications.budget(tx, self.lease.id)
            until = real_now() + timedelta(seconds=seconds)
            publications.save_budget(tx, self.lease.id, next_write_at=until, writes_in_hour=creates)

    def _commit(self, kind: str | None, detail: str, change: Callable[[Tx], None]) -> None:
        with self.db.write() as tx:
            leases.confirm(tx, self.lease)
            change(tx)
            if kind is not None:
                self.sent += 1
                publications.record(
                    tx,
                    connection_id=self.lease.id,
                    project_id=self.shown.project_id,
                    item_id=self.shown.item_id,
                    kind=kind,
                    detail=detail,
                    real=real_now(),
                    world=self._world(),
                )

    def _save(self, kind: str | None, note: str, /, *, kept_as: str | None = None, **values: Any) -> None:
        """Book a write. `kept_as`: the text as the tracker keeps it, which may come back in other words than ours."""

        def book(tx: Tx) -> None:
            publications.update(tx, self.shown.id, **values)
            if kept_as:
                publications.amend(tx, self.shown.id, lambda doc: remember(doc, kept_as))

        self._commit(kind, note, book)
        with self.db.read() as tx:
            fresh = publications.get(tx, self.shown.id)
        # what we set out to show stays the aim of this round, even if the wish has changed meanwhile
        aim = self.shown
        self.shown = replace(fresh, want_labels=aim.want_labels, want_body=aim.want_body, want_quiet=aim.want_quiet)


def remember(doc: dict[str, Any], body: str) -> None:
    """Keep the text's digest."""
    known = [one for one in doc.get("digests", ()) if one != digest(body)]
    doc["digests"] = [*known, digest(body)][-DIGESTS:]


def _about_to_say(doc: dict[str, Any], body: str) -> None:
    """Writing anew ends what a removal had ended."""
    remember(doc, body)
    doc.pop("comment", None)
