"""Publishing: sending the difference between what an item should show and what it shows. One publisher at a time per
connection.

Every step is one API call followed by a commit that says so. A create is announced by a committed `sending_at` before
it goes out; only a row whose create was never answered costs a look for our marker before trying again.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from app.services import bells, projects
from app.store import instance, leases, publications
from app.store.database import Database
from app.store.publications import Shown
from app.time import from_iso, real_now, to_iso
from integrations.ports import Client, Pace, PermanentError, Target, TransientError
from rules.intents import LabelSpec

log = structlog.get_logger()

BACKOFF = (10.0, 60.0, 300.0, 1800.0, 3600.0)
EDITS_PER_DAY = 2
PAGE = 20


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection opened for writing."""

    client: Client
    pace: Pace
    label_specs: Callable[[str], LabelSpec]
    """The label as it should be made, by its full name."""


class Stop(Exception):
    """Nothing more may be sent over this connection for now."""


def holder() -> str:
    """Who we are, for leases."""
    return f"{socket.gethostname()}:{os.getpid()}"


def publish(db: Database, connection_id: int, *, connect: Callable[[int], Connected], ringer: bells.Ringer) -> int:
    """Send what is due over one connection; gives how many writes went out. Returns at once where another publisher
    is at work.
    """
    lease = leases.take(db, "connection", connection_id, holder=holder())
    if lease is None:
        return 0
    sent = 0
    connected: Connected | None = None
    try:
        while True:
            with db.read() as tx:
                this = instance.load(tx)
                batch = (
                    []
                    if this.paused_at or this.was_off(real_now())  # off: what was missed is read first
                    else publications.due(tx, connection_id, world=this.clock.now(), real=real_now(), limit=PAGE)
                )
                known = projects.load(tx, ids=sorted({shown.project_id for shown in batch}))
            if not batch:
                break
            connected = connected or connect(connection_id)
            for shown in batch:
                sent += _Sender(db, lease, connected, shown, this, known).send()
    except Stop as stop:
        log.info("publishing stops for now", connection=connection_id, reason=str(stop))
    except leases.LeaseLost:
        log.warning("another publisher took over", connection=connection_id)
    finally:
        if connected is not None:
            connected.client.close()
        if leases.release(db, lease):
            ringer.wake("connection", connection_id)  # rung while we held the lease
    return sent


class _Sender:
    """One publication on its way."""

    def __init__(
        self,
        db: Database,
        lease: leases.Lease,
        connected: Connected,
        shown: Shown,
        this: instance.Instance,
        known: projects.Projects,
    ) -> None:
        self.db, self.lease, self.shown, self.this = db, lease, shown, this
        self.client, self.pace, self.label_specs = connected.client, connected.pace, connected.label_specs
        self.project = known.facts[shown.project_id]
        self.per_day = known.comments_per_day[shown.project_id]
        self.marker = marker(this.tag, shown.item_id)
        self.sent = 0
        with db.read() as tx:
            project_key, number, key, _url = publications.target_of(tx, shown.item_id)
        self.target = Target(project=project_key, number=number, key=key)

    def send(self) -> int:
        try:
            self._labels()
            self._comment()
        except PermanentError as error:
            self._refused(error)
        except TransientError as error:
            self._later(error)
        return self.sent

    # --- labels

    def _labels(self) -> None:
        missing = sorted(set(self.shown.want_labels) - set(self.shown.shown_labels))
        extra = sorted(set(self.shown.shown_labels) - set(self.shown.want_labels))
        for name in missing:
            self._make_label(name)
            self._pass("label", create=False)
            self.client.add_label(self.target, name)
            self._labels_are({*self.shown.shown_labels, name}, "label_added", name)
        for name in extra:
            self._pass("label", create=False)
            self.client.remove_label(self.target, name)
            self._labels_are({*self.shown.shown_labels} - {name}, "label_removed", name)

    def _make_label(self, name: str) -> None:
        with self.db.read() as tx:
            if name in publications.known_labels(tx, self.shown.project_id):
                return
        self._pass("label", create=True)
        self.client.ensure_label(self.target.project, self.label_specs(name))
        self._commit("label_made", name, lambda tx: publications.add_known_label(tx, self.shown.project_id, name))

    def _labels_are(self, labels: set[str], kind: str, name: str) -> None:
        self._save(kind, name, shown_labels=sorted(labels))

    # --- the comment

    def _comment(self) -> None:
        if self.shown.sending_at is not None and self.shown.comment_id is None:
            self._look_for_it()
        shown = self.shown
        if shown.want_body is None or shown.want_body == shown.shown_body:
            self._settled()
        elif shown.comment_id is not None:
            self._edit(shown.comment_id, shown.want_body)
        elif shown.want_quiet:  # nothing was ever said, so there is nothing to take back
            self._settled()
        else:
            self._create(shown.want_body)

    def _create(self, body: str) -> None:
        if (until := self._ceiling()) is not None:
            self._held(until, f"{self.per_day} new comments were written today; this one waits")
            return
        self._pass("comment", create=True)
        self._announce()
        made = self.client.create_comment(self.target, body)
        self._save(
            "comment_created",
            made.url,
            comment_id=made.native_id,
            comment_url=made.url,
            shown_body=body,
            commented_at=self._world(),
            sending_at=None,
        )
        self._settled()

    def _edit(self, comment_id: str, body: str) -> None:
        recent = [at for at in self.shown.edits if from_iso(at) > self._world() - timedelta(days=1)]
        if len(recent) >= EDITS_PER_DAY and not self.shown.want_quiet:
            self._held(from_iso(recent[0]) + timedelta(days=1), "edited twice today; the next edit waits")
            return
        self._pass("comment", create=False)
        self.client.edit_comment(self.target, comment_id, body)
        now = self._world()
        self._save("comment_edited", "", shown_body=body, edited_at=now, edits=[*recent, to_iso(now)])
        self._settled()

    def _look_for_it(self) -> None:
        """A create went out and was never answered: find it by its marker before trying again."""
        found = self.client.find_comment(self.target, self.marker)
        if found is None:
            self._save(None, "", sending_at=None)
        else:
            self._save(
                "comment_found",
                found.url,
                comment_id=found.native_id,
                comment_url=found.url,
                shown_body=found.body,
                commented_at=self._world(),
                sending_at=None,
            )

    def _announce(self) -> None:
        self._save(None, "", status="sending", sending_at=real_now())

    def _ceiling(self) -> datetime | None:
        """Where today's new comments are used up, the instant at which tomorrow's begin."""
        calendar = self.project.calendar
        today = calendar.local_date(self._world())
        with self.db.read() as tx:
            written = publications.new_comments_since(tx, self.shown.project_id, calendar.midnight(today))
        return None if written < self.per_day else calendar.next_open(calendar.end_of_day(today))

    # --- pacing and bookkeeping

    def _world(self) -> datetime:
        return self.this.clock.now()

    def _pass(self, what: str, *, create: bool) -> None:
        """Wait for this connection's turn; stop where writing was paused meanwhile or the wait would be long."""
        with self.db.read() as tx:
            if instance.load(tx).paused_at is not None:
                raise Stop("writing is paused")
            next_at, creates = publications.budget(tx, self.lease.id)
        now = real_now()
        creates = [at for at in creates if from_iso(at) > now - timedelta(hours=1)]
        wait = (next_at - now).total_seconds() if next_at is not None else 0.0
        if create:
            wait = max(wait, self.pace.wait_for_create([from_iso(at) for at in creates], now))
        if wait > self.pace.longest_wait:
            self._retry(now + timedelta(seconds=wait), f"the {what} waits for the rate limit")
            raise Stop(f"rate limit: {wait:.0f} s to wait")
        if wait > 0:
            time.sleep(wait)
        now = real_now()
        if create:
            creates.append(to_iso(now))
        with self.db.write() as tx:
            leases.confirm(tx, self.lease)
            publications.save_budget(
                tx,
                self.lease.id,
                next_write_at=now + timedelta(seconds=self.pace.seconds_between_writes),
                writes_in_hour=creates,
            )

    def _commit(self, kind: str | None, detail: str, change: Callable[[Any], None]) -> None:
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

    def _save(self, kind: str | None, note: str, /, **values: Any) -> None:
        self._commit(kind, note, lambda tx: publications.update(tx, self.shown.id, **values))
        with self.db.read() as tx:
            fresh = publications.get(tx, self.shown.id)
        # what we set out to show stays the aim of this round, even if the wish has changed meanwhile
        self.shown = _aimed(fresh, self.shown)

    def _settled(self) -> None:
        """All sent: settled, unless the wish changed while we were at it."""
        with self.db.write() as tx:
            leases.confirm(tx, self.lease)
            fresh = publications.get(tx, self.shown.id)
            if (fresh.want_labels, fresh.want_body) == (self.shown.want_labels, self.shown.want_body):
                publications.update(
                    tx, self.shown.id, status="settled", due_at=None, retry_at=None, attempts=0, detail=""
                )

    def _held(self, until: datetime, why: str) -> None:
        self._save(None, "", status="held", due_at=until, detail=why)

    def _retry(self, at: datetime, why: str) -> None:
        self._save(None, "", status="waiting", retry_at=at, detail=why)

    def _refused(self, error: PermanentError) -> None:
        log.warning("a write was refused", item=self.target.key, code=error.code, reason=str(error))
        if error.code == "unauthorised":
            self._retry(real_now() + timedelta(hours=1), str(error))
            raise Stop(str(error))
        self._save(None, "", status="refused", sending_at=None, detail=f"{error.code}: {error}")

    def _later(self, error: TransientError) -> None:
        attempts = self.shown.attempts + 1
        wait = error.retry_after if error.retry_after is not None else BACKOFF[min(attempts, len(BACKOFF)) - 1]
        values: Mapping[str, Any] = {} if error.uncertain else {"sending_at": None}
        self._save(
            None,
            "",
            status="waiting",
            attempts=attempts,
            retry_at=real_now() + timedelta(seconds=wait),
            detail=str(error),
            **values,
        )
        if error.limited:
            with self.db.write() as tx:
                _next, creates = publications.budget(tx, self.lease.id)
                publications.save_budget(
                    tx, self.lease.id, next_write_at=real_now() + timedelta(seconds=wait), writes_in_hour=creates
                )
            raise Stop(str(error))


def marker(tag: str, item_id: int) -> str:
    """What our comment on an item carries, unseen: `<!-- plumbline:1:tag:item -->` once rendered."""
    return f"{marker_prefix(tag)}:{item_id:x}"


def marker_prefix(tag: str) -> str:
    """What every comment of this installation carries, whatever the item."""
    return f"plumbline:1:{tag}"


def _aimed(fresh: Shown, aim: Shown) -> Shown:
    return replace(fresh, want_labels=aim.want_labels, want_body=aim.want_body, want_quiet=aim.want_quiet)
