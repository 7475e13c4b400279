"""Intake: from a request's raw bytes to a committed delivery. Nothing is answered 202 that a crash could still lose.

Requests that arrive together share one commit: a writer thread takes whatever has queued up, writes it in one
transaction and lets all of them answer. The cost of a durable commit is then paid once per group, not once per
webhook.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.services import bells
from app.store import connecting, deliveries, instance, leases, trackers
from app.store.database import Database
from app.store.deliveries import NewDelivery
from app.time import real_now
from integrations.errors import BadPayload, BadSignature, Ignored
from integrations.ports import Adapter, Adapters
from integrations.readings import Envelope

MAX_BYTES = 25 * 1024 * 1024
COMMIT_TIMEOUT = 8.0
"""Seconds a request waits for its commit; GitHub gives up after ten and does not ask again by itself."""

REFUSALS_EVERY = 30.0


class UnknownTracker(LookupError):
    """No tracker of that name and kind."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the sender is told."""

    guid: str
    event: str


class GroupCommit:
    """Commits rows in groups, in order of arrival, on one thread per process (started when first needed, so also
    after a fork).
    """

    def __init__(self, db: Database, ringer: bells.Ringer) -> None:
        self._db = db
        self._ringer = ringer
        self._waiting: list[tuple[NewDelivery, dict[str, Any], Future[None]]] = []
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, delivery: NewDelivery) -> Future[None]:
        """Queue a delivery; the future is done when it is on disk."""
        row = delivery.row()  # compressing happens on the request's own thread
        future: Future[None] = Future()
        with self._wake:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
                self._thread.start()
            self._waiting.append((delivery, row, future))
            self._wake.notify()
        return future

    def close(self) -> None:
        """Commit what is queued and end the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._closed:
                    self._wake.wait()
                group, self._waiting = self._waiting, []
                if not group and self._closed:
                    return
            self._commit(group)

    def _commit(self, group: list[tuple[NewDelivery, dict[str, Any], Future[None]]]) -> None:
        now = real_now()
        try:
            with self._db.write() as tx:
                deliveries.add_many(tx, [row for _, row, _ in group])
                lanes = sorted({delivery.lane_id for delivery, _, _ in group})
                rung = [lane for lane in lanes if leases.ring(tx, "lane", lane, now=now, older_than=now - bells.STALE)]
        except Exception as error:  # noqa: BLE001 (every waiting request must hear of it)
            for _, _, future in group:
                future.set_exception(error)
            return
        for lane in rung:
            self._ringer.wake("lane", lane)
        for _, _, future in group:
            future.set_result(None)


class Directory:
    """Who is who: tracker by name with its opened secret, project by native id. Read from the database once a second,
    and again (at most twenty times a second) when somebody is not found: what was just added is known at once.
    """

    def __init__(self, db: Database, open_secret: Any) -> None:
        self._db = db
        self._open = open_secret
        self._read_at = 0.0
        self._trackers: dict[str, tuple[trackers.TrackerRow, str]] = {}
        self._projects: dict[tuple[int, str], trackers.ProjectRow] = {}
        self._clock: Any = None
        self._refused: dict[int, float] = {}

    def _refresh(self, *, age: float = 1.0) -> None:
        if time.monotonic() - self._read_at < age and self._clock is not None:
            return
        with self._db.read() as tx:
            rows, projects = trackers.trackers(tx), trackers.projects(tx)
            self._clock = instance.load(tx).clock
        self._trackers = {row.name: (row, self._open(row.webhook_secret)) for row in rows}
        self._projects = {(row.tracker_id, row.native_id): row for row in projects}
        self._read_at = time.monotonic()

    def tracker(self, name: str, kinds: tuple[str, ...]) -> tuple[trackers.TrackerRow, str]:
        self._refresh(age=1.0 if name in self._trackers else 0.05)
        found = self._trackers.get(name)
        if found is None or found[0].kind not in kinds:
            raise UnknownTracker(f"no tracker {name!r} takes webhooks of this kind here")
        return found

    def project(self, tracker_id: int, native_id: str | None, key: str | None = None) -> trackers.ProjectRow | None:
        """By its immutable id; by what it is called where a payload tells no more."""
        if native_id is not None:
            known = (tracker_id, native_id)
            self._refresh(age=1.0 if known in self._projects else 0.05)
            return self._projects.get(known)
        if key is None:
            return None
        self._refresh()
        return next((row for (of, _), row in self._projects.items() if of == tracker_id and row.key == key), None)

    def refused(self, tracker_id: int, why: str) -> None:
        """Keep that a webhook was refused, for who looks why none arrives. Anybody may send here, so at most every
        half minute.
        """
        if time.monotonic() - self._refused.get(tracker_id, -REFUSALS_EVERY) < REFUSALS_EVERY:
            return
        self._refused[tracker_id] = time.monotonic()
        with self._db.write() as tx:
            connecting.note_refusal(tx, tracker_id, why=why, now=real_now())

    def world_now(self) -> Any:
        self._refresh()
        return self._clock.now()


def receive(
    name: str,
    headers: Mapping[str, str],
    raw: bytes,
    *,
    kinds: tuple[str, ...],
    directory: Directory,
    adapters: Adapters,
    commits: GroupCommit,
) -> Accepted:
    """Verify, read, store. Returns after the commit.

    Raises `UnknownTracker`, `BadSignature` or `BadPayload` (nothing is stored then), or TimeoutError where the
    database did not answer in time.
    """
    tracker, secret = directory.tracker(name, kinds)
    adapter = adapters[tracker.kind]
    try:
        adapter.verify(headers, raw, secret)
    except BadSignature as error:
        directory.refused(tracker.id, str(error))
        raise
    try:
        payload = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadPayload("body", raw[:40].decode("utf-8", "replace"), "a JSON document") from error
    if not isinstance(payload, dict):
        raise BadPayload("body", payload, "a JSON object")
    envelope = adapter.envelope(headers, payload)
    now = real_now()
    _must_decode(adapter, envelope, payload, tracker.site, now)
    project = directory.project(tracker.id, envelope.project, envelope.project_key)
    delivery = NewDelivery(
        tracker_id=tracker.id,
        lane_id=project.lane_id if project else tracker.lane_id,
        project_id=project.id if project else None,
        guid=envelope.guid,
        event=envelope.event,
        action=envelope.action,
        about=envelope.subject,
        received_at=now,
        world_at=directory.world_now(),
        raw=raw,
    )
    commits.add(delivery).result(timeout=COMMIT_TIMEOUT)
    return Accepted(guid=envelope.guid, event=envelope.event)


def _must_decode(
    adapter: Adapter, envelope: Envelope, payload: Mapping[str, Any], site: Mapping[str, Any], now: datetime
) -> None:
    """A payload that could never be read is refused while the sender still listens, with the field named."""
    try:
        adapter.decode(envelope.event, payload, now, site)
    except Ignored:
        return
