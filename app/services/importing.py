"""Reading a project's past: the whole of it (an import), or what changed since (reconciliation). Resumable.

A run goes from phase to phase; its cursor is committed together with the answers it has got, which are stored as
deliveries of the project's lane (docs/adr/0007). A run killed anywhere goes on from its last commit; what it then asks
for again has the same delivery id and is stored once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.services import bells, lost
from app.store import deliveries, instance, leases, publications, runs, sync, trackers
from app.store.database import Database, Tx
from app.store.deliveries import NewDelivery
from app.time import from_iso, real_now, to_iso
from integrations.ports import HISTORY, ChangedItem, ChangedPage, History, Told

IMPORT, CHANGES = "import", "changes"
CHUNK = 10
"""At most so many items are read before what was got is committed."""
BACKLOG = 300
"""More answers than this not yet taken in: reading waits, so that webhooks do not queue behind it for long."""
OVERLAP = timedelta(minutes=2)
"""Changes are looked for from this long before the last look."""
EVERY = {"webhooks": timedelta(hours=1), "polling": timedelta(minutes=5), "plans": timedelta(minutes=5)}


@dataclass(slots=True)
class Reader:
    """A slice of work on one project: what it stands on, and until when it may go on (`time.monotonic`)."""

    db: Database
    ringer: bells.Ringer
    lease: leases.Lease
    history: History
    project: trackers.ProjectRow
    until: float
    _counted: int = field(default=0)

    def has_time(self) -> bool:
        """Whether there is time for another call."""
        return time.monotonic() < self.until

    def our_comment(self, number: int | None) -> str | None:
        """Our comment on an item, to be looked at with it: what people did to it is an answer."""
        if number is None:
            return None
        with self.db.read() as tx:
            return publications.comment_on(tx, self.project.id, number)

    def commit(self, run: runs.Run | None, answers: Sequence[tuple[str, Told, datetime]], **values: Any) -> None:
        """Store answers (delivery id, answer, our time before asking) and where the run is, in one transaction."""
        calls = self.history.calls - self._counted
        self._counted = self.history.calls
        with self.db.write() as tx:
            leases.confirm(tx, self.lease)
            store_told(tx, self.project, answers)
            if run is not None:
                runs.save(tx, run.id, calls=run.calls + calls, **values)
        if answers:
            bells.ring(self.db, self.ringer, "lane", [self.project.lane_id])


def store_told(tx: Tx, project: trackers.ProjectRow, told: Sequence[tuple[str, Told, datetime]]) -> None:
    """Put answers in line as deliveries of the project's lane, which alone writes its rows."""
    if not told:
        return
    world = instance.load(tx).clock.now()
    deliveries.add_many(
        tx,
        [
            NewDelivery(
                tracker_id=project.tracker_id,
                lane_id=project.lane_id,
                project_id=project.id,
                guid=guid,
                event=HISTORY,
                action=str(one.payload.get("action", "")),
                about=one.about,
                received_at=asked_at,
                world_at=world,
                raw=json.dumps(one.payload, separators=(",", ":")).encode(),
            ).row()
            for guid, one, asked_at in told
        ],
    )


def begin_import(db: Database, project_id: int, *, mode: str, again: bool = False) -> runs.Run:
    """Have a project's past read; one that is under way goes on. Until it is in, nothing is published. `again` reads
    anew what was read before.
    """
    now = real_now()
    with db.write() as tx:
        sync.ensure(tx, project_id, mode=mode, next_at=now)
        known = runs.latest(tx, project_id, kind=IMPORT)
        if known is not None and known.is_open:
            runs.save(tx, known.id, status="running", resume_at=None, tries=0, detail="")
            sync.save(tx, project_id, next_at=now)
        elif known is None or known.status == "failed" or again:
            known = runs.begin(tx, project_id, kind=IMPORT, since=None, now=now)
            sync.catch_up(tx, [project_id], now=now, why="its history is being read")
            sync.save(tx, project_id, next_at=now)
        trackers.reopen_project(tx, project_id)
        found = runs.latest(tx, project_id, kind=IMPORT)
    assert found is not None
    return found


def begin_next(tx: Tx, row: sync.SyncRow, *, now: datetime) -> runs.Run:
    """Begin to look for what changed since the last look; where there was none, for everything."""
    if row.reconciled_to is None:
        return runs.begin(tx, row.id, kind=IMPORT, since=None, now=now)
    return runs.begin(tx, row.id, kind=CHANGES, since=to_iso(row.reconciled_to - OVERLAP), now=now)


def advance(reader: Reader, run: runs.Run) -> runs.Run:
    """Go on with a run as far as time allows. Raises what `History` raises, after committing what was got."""
    while run.is_open and reader.has_time():
        before = run
        _PHASES[run.phase](reader, run)
        with reader.db.read() as tx:
            run = runs.latest(tx, run.project_id, kind=run.kind) or run
        if (run.phase, run.cursor, run.status) == (before.phase, before.cursor, before.status):
            break  # it waits for what is in line to be taken in
    return run


def _start(reader: Reader, run: runs.Run) -> None:
    """See what there is."""
    total = reader.history.count(reader.project.key) if run.kind == IMPORT else None
    reader.commit(run, [], phase="milestones", total=total, tries=0)


def _milestones(reader: Reader, run: runs.Run) -> None:
    before = real_now()
    found = reader.history.milestones(reader.project.key, why=run.kind)
    with reader.db.read() as tx:
        known = runs.milestones_known(tx, run.project_id)
    fresh = any(
        one.native_id not in known or (one.as_of is not None and one.as_of > (known[one.native_id] or one.as_of))
        for one in found.seen
    )
    told = [(f"{HISTORY}:{run.id}:{found.told.version}", found.told, before)] if fresh else []
    reader.commit(run, told, phase="items", tries=0)


def _items(reader: Reader, run: runs.Run) -> None:
    """One page of the list of changed items, a chunk at a time."""
    with reader.db.read() as tx:
        if runs.not_taken_in(tx, run.project_id, event=HISTORY) > BACKLOG:
            return
    cursor = dict(run.cursor)
    since = from_iso(cursor["since"]) if cursor["since"] else None
    page = reader.history.changed(reader.project.key, since=since, page=cursor["page"])
    cursor.setdefault("asked_at", to_iso(page.asked_at))
    seen = {(number, at) for number, at in cursor["done"]}
    ahead = [one for one in page.items if (one.number, to_iso(one.as_of)) not in seen]
    unknown = _unknown(reader, run, ahead)
    if unknown and run.kind == CHANGES:
        _webhooks_missing(reader, run)
    _Page(reader, run, cursor, unknown).read(ahead)
    if page.more and reader.has_time():
        _turn(reader, cursor, page, since)
    elif not page.more and _all_done(cursor, page):
        with reader.db.read() as tx:
            now = runs.latest(tx, run.project_id, kind=run.kind) or run
        reader.commit(now, [], phase="lost", cursor=cursor)


def _webhooks_missing(reader: Reader, run: runs.Run) -> None:
    """Changes that no webhook told: until they are in, nothing is said. Where we poll, that is how it should be."""
    with reader.db.write() as tx:
        row = sync.get(tx, run.project_id)
        if row is not None and row.mode != "polling":
            why = "there were changes that no webhook told"
            sync.catch_up(tx, [run.project_id], now=real_now(), why=why)


def _all_done(cursor: dict[str, Any], page: ChangedPage) -> bool:
    return not page.items or cursor.get("last") == page.items[-1].number


def _turn(reader: Reader, cursor: dict[str, Any], page: ChangedPage, since: datetime | None) -> None:
    """To the next page: from the last instant on, or where a whole page bears one instant, the page after it."""
    if not _all_done(cursor, page):
        return
    with reader.db.read() as tx:
        run = runs.open_run(tx, reader.project.id)
    if run is not None:
        number = cursor["page"] + 1 if since is not None and page.items[-1].as_of <= since else 1
        reader.commit(run, [], cursor={**cursor, "page": number})


def _unknown(reader: Reader, run: runs.Run, items: Sequence[ChangedItem]) -> set[str]:
    """Native ids of the items that have to be read: for reconciliation those that webhooks have not told."""
    group = "read" if run.kind == IMPORT else "text"
    with reader.db.read() as tx:
        known = runs.known(tx, run.project_id, [one.native_id for one in items], group=group)
    return {one.native_id for one in items if one.native_id not in known or known[one.native_id] < one.as_of}


@dataclass(slots=True)
class _Page:
    """A page on its way into the lane. `cursor` is that of the last commit."""

    reader: Reader
    run: runs.Run
    cursor: dict[str, Any]
    wanted: set[str]

    def read(self, items: Sequence[ChangedItem]) -> None:
        """Read what has to be read, and commit every few items; what fails comes after what was got is committed."""
        told: list[tuple[str, Told, datetime]] = []
        passed: list[ChangedItem] = []
        try:
            for one in items:
                if not self.reader.has_time() and passed:
                    break
                if one.native_id in self.wanted:
                    told.append(self._ask(one))
                passed.append(one)
                if len(told) >= CHUNK:
                    self._commit(told, passed)
                    told, passed = [], []
        finally:
            if passed:
                self._commit(told, passed)

    def _ask(self, one: ChangedItem) -> tuple[str, Told, datetime]:
        before = real_now()
        news = None if self.run.kind == IMPORT else self.cursor.get("news")
        found = self.reader.history.item(
            self.reader.project.key,
            one.number,
            known=one,
            since=from_iso(news) if news else None,
            why=self.run.kind,
            comment=self.reader.our_comment(one.number),
        )
        return f"{HISTORY}:{self.run.id}:{found.version}", found, before

    def _commit(self, told: Sequence[tuple[str, Told, datetime]], passed: Sequence[ChangedItem]) -> None:
        last = passed[-1]
        at = to_iso(last.as_of)
        same = [[one.number, to_iso(one.as_of)] for one in passed if to_iso(one.as_of) == at]
        before = self.cursor["done"] if self.cursor["since"] == at else []
        # the page stays while its instant does; afterwards pages are counted from the new instant
        page = self.cursor["page"] if self.cursor["since"] == at else 1
        self.cursor.update(since=at, page=page, done=[*before, *same], last=last.number)
        with self.reader.db.read() as tx:
            run = runs.latest(tx, self.run.project_id, kind=self.run.kind) or self.run
        self.reader.commit(
            run, told, cursor=self.cursor, done=run.done + len(passed), told=run.told + len(told), tries=0
        )


def _lost(reader: Reader, run: runs.Run) -> None:
    """Have failed webhooks sent once more: they tell what no read can."""
    now = real_now()
    with reader.db.read() as tx:
        row = sync.get(tx, run.project_id)
    detail = ""
    if row is not None and row.mode != "polling" and run.kind == CHANGES:
        detail = lost.ask_again(reader.db, reader.history, reader.project, row, now=now)
        with reader.db.write() as tx:
            sync.save(tx, run.project_id, detail=detail, lost_checked_at=now)
    reader.commit(run, [], phase="taking_in", tries=0)


def _taking_in(reader: Reader, run: runs.Run) -> None:
    """Wait until the lane has taken in what was read; then the project has caught up."""
    with reader.db.read() as tx:
        left = runs.not_taken_in(tx, run.project_id, event=HISTORY)
    if left:
        bells.ring(reader.db, reader.ringer, "lane", [reader.project.lane_id])
        return
    now = real_now()
    with reader.db.write() as tx:
        leases.confirm(tx, reader.lease)
        row = sync.get(tx, run.project_id)
        runs.save(tx, run.id, status="done", finished_at=now, resume_at=None, detail="")
        if run.kind == IMPORT:
            oldest = runs.oldest_item(tx, run.project_id)
            if oldest is not None:  # nothing to read: then history begins when the project was added
                trackers.update_project(tx, run.project_id, known_from=oldest)
        every = EVERY[row.mode if row is not None else "webhooks"]
        asked_at = run.cursor.get("asked_at")
        values: dict[str, Any] = {"reconciled_to": from_iso(asked_at)} if asked_at else {}
        sync.save(tx, run.project_id, next_at=now + every, catching_up_at=None, why="", **values)


_PHASES: dict[str, Callable[[Reader, runs.Run], None]] = {
    "start": _start,
    "milestones": _milestones,
    "items": _items,
    "lost": _lost,
    "taking_in": _taking_in,
}
