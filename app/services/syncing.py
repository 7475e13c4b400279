"""Keeping up with a project's tracker: imports, wanted reads, reconciliation. One slice at a time per project.

A slice lasts some seconds and gives way, so that many projects take turns; the clock rings for whatever is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import structlog

from app.process import own_name
from app.services import bells, importing, projects, sites, trouble
from app.services.importing import Reader
from app.store import leases, runs, sync, trackers
from app.store.database import Database, Tx
from app.time import real_now, to_iso
from integrations.errors import PermanentError, TransientError
from integrations.ports import HISTORY, Client, History

log = structlog.get_logger()

SLICE = 20.0
"""Seconds of one slice."""
READS = 20
READ_AGAIN = timedelta(minutes=10)
GIVE_UP = 6
WAIT_FOR_LANE = timedelta(seconds=2)
LOOK_BACK = timedelta(days=14)
FEWEST_ARRIVALS = 20
SHORTEST_SILENCE = 3600.0


@dataclass(frozen=True, slots=True)
class Syncing:
    """What a slice needs. `open_history` gives None where a connection's tracker has no past to read."""

    db: Database
    ringer: bells.Ringer
    open_history: Callable[[int], History | None]
    open_client: Callable[[int], Client]


def sync_project(deps: Syncing, project_id: int, *, seconds: float = SLICE) -> bool:
    """Do one slice; True where more can be done at once. Returns False at once where another worker is at it."""
    lease = leases.take(deps.db, "sync", project_id, holder=own_name())
    if lease is None:
        return False
    more = False
    try:
        more = _slice(deps, lease, until=time.monotonic() + seconds)
    except leases.LeaseLost:
        log.warning("another worker took over", project=project_id)
        return False
    finally:
        rung = leases.release(deps.db, lease)
    if rung:
        deps.ringer.wake("sync", project_id)
    elif more:
        bells.ring(deps.db, deps.ringer, "sync", [project_id])
    return more


def _slice(deps: Syncing, lease: leases.Lease, *, until: float) -> bool:
    with deps.db.read() as tx:
        known = projects.load(tx, ids=[lease.id])
    project = known.rows.get(lease.id)
    if project is None:
        return False
    history: History | None = None
    try:
        history = None if project.connection_id is None else deps.open_history(project.connection_id)
        if history is None:
            _nothing_to_read(deps.db, lease)
            return False
        with deps.db.write() as tx:
            leases.confirm(tx, lease)
            sync.ensure(tx, project.id, mode=known.modes[project.id], next_at=real_now())
        reader = Reader(db=deps.db, ringer=deps.ringer, lease=lease, history=history, project=project, until=until)
        _survey(deps, project.tracker_id, project.connection_id)
        return _work(reader)
    except PermanentError as error:
        log.warning("reading stops", project=project.key, code=error.code, reason=str(error))
        with deps.db.write() as tx:
            leases.confirm(tx, lease)
            trouble.stop(tx, project, error, now=real_now())
    except TransientError as error:
        log.info("reading waits", project=project.key, reason=str(error))
        with deps.db.write() as tx:
            leases.confirm(tx, lease)
            trouble.put_off(tx, project, error, now=real_now())
    finally:
        if history is not None:
            history.close()
    return False


def _survey(deps: Syncing, tracker_id: int, connection_id: int | None) -> None:
    """Once a day: see what no payload tells of the tracker's site."""
    with deps.db.read() as tx:
        tracker = next((row for row in trackers.trackers(tx) if row.id == tracker_id), None)
        rows = trackers.connections(tx, connection_id=connection_id) if connection_id is not None else []
    if tracker is None or not rows or not tracker.site or not sites.is_old(tracker, real_now()):
        return
    client = deps.open_client(rows[0].id)
    try:
        wrong = sites.look(deps.db, rows[0], client, real_now())
    finally:
        client.close()
    with deps.db.write() as tx:
        trackers.set_connection_status(
            tx, rows[0].id, status=rows[0].status, detail=wrong or rows[0].status_detail, now=real_now()
        )


def _nothing_to_read(db: Database, lease: leases.Lease) -> None:
    with db.write() as tx:
        leases.confirm(tx, lease)
        sync.save(tx, lease.id, next_at=None, catching_up_at=None, why="")


def _work(reader: Reader) -> bool:
    """The reads that items want, then the run that is due."""
    project_id = reader.project.id
    now = real_now()
    with reader.db.read() as tx:
        row = sync.get(tx, project_id)
        run = runs.open_run(tx, project_id)
        connection = trackers.connections(tx, connection_id=reader.project.connection_id)
    assert row is not None
    refused = bool(connection) and connection[0].status == "unauthorised"
    waits = run is not None and run.resume_at is not None and run.resume_at > now
    due = not waits and (run is not None or (row.next_at is not None and row.next_at <= now))
    fresh = run is None or run.phase == "start" or run.status != "running"
    if due and (fresh or refused) and not _look(reader):
        return False
    if reader.project.status in ("gone", "moved"):
        return False
    reads_left = _reads(reader)
    if not due:
        return reads_left
    with reader.db.write() as tx:
        leases.confirm(tx, reader.lease)
        run = runs.open_run(tx, project_id) or importing.begin_next(tx, row, now=now)
        if run.status != "running":
            runs.save(tx, run.id, status="running", resume_at=None, detail="")
            sync.save(tx, project_id, detail="")
        run = runs.latest(tx, project_id, kind=run.kind) or run
    run = importing.advance(reader, run)
    if not run.is_open:
        _done(reader, run)
        return reads_left
    if reader.has_time():  # it waits for the lane
        with reader.db.write() as tx:
            leases.confirm(tx, reader.lease)
            sync.save(tx, project_id, next_at=real_now() + WAIT_FOR_LANE)
        return False
    return True


def _look(reader: Reader) -> bool:
    """See whether the project is still there, and under what name."""
    project = reader.project
    found = reader.history.project(project.native_id, project.key)
    with reader.db.write() as tx:
        leases.confirm(tx, reader.lease)
        ours = trouble.seen(tx, project, found, now=real_now())
        connection = trackers.connections(tx, connection_id=project.connection_id)
        if connection and connection[0].status == "unauthorised":
            trackers.set_connection_status(tx, connection[0].id, status="unchecked", detail="", now=real_now())
        rows = trackers.projects(tx, ids=[project.id])
    if rows:
        reader.project = rows[0]
    return ours and bool(rows)


def _reads(reader: Reader) -> bool:
    """Read the items that want it; True where there are more."""
    project = reader.project
    with reader.db.read() as tx:
        wanted = sync.wanted(tx, project.id, now=real_now(), limit=READS)
    for one in wanted:
        if not reader.has_time():
            return True
        before = real_now()
        try:
            who = one.number if one.number is not None else one.native_id or ""
            told = reader.history.item(
                project.key, who, known=None, since=None, why="repair", comment=reader.our_comment(one.number)
            )
        except PermanentError as error:
            if error.code in ("unauthorised", "forbidden"):
                raise
            reader.history.project(project.native_id, project.key)  # raises where it is the project that is gone
            _put_off(reader, one, error)
            continue
        reader.commit(None, [(f"{HISTORY}:read:{project.id}:{one.id}:{one.attempts}:{to_iso(before)}", told, before)])
        if one.number is None:
            with reader.db.write() as tx:
                sync.told(tx, one.id)
        else:
            _put_off(reader, one, None)
    return len(wanted) == READS


def _put_off(reader: Reader, one: sync.Wanted, error: PermanentError | None) -> None:
    """Another try later, should this one not be the answer; in the end the gap stays, and is said."""
    attempts = one.attempts + 1
    pause = READ_AGAIN if attempts < GIVE_UP else timedelta(days=1)
    with reader.db.write() as tx:
        leases.confirm(tx, reader.lease)
        sync.put_off(tx, one.id, until=real_now() + pause * attempts, attempts=attempts)
    if error is not None:
        log.warning("an item could not be read", project=reader.project.key, number=one.number, reason=str(error))


def _done(reader: Reader, run: runs.Run) -> None:
    """After a look: how long a silence is usual here."""
    now = real_now()
    with reader.db.write() as tx:
        arrivals = sync.arrivals(tx, run.project_id, since=now - LOOK_BACK, limit=500, leave_out=HISTORY)
        usual = None
        if len(arrivals) >= FEWEST_ARRIVALS:
            longest = max((a - b).total_seconds() for a, b in pairwise(arrivals))
            usual = max(SHORTEST_SILENCE, 2 * longest)
        sync.save(tx, run.project_id, usual_silence=usual)


# --- what the clock asks --------------------------------------------------------------------------------------------


def note_outage(tx: Tx) -> None:
    """This server was off: every project with webhooks catches up before it speaks."""
    rows = sync.rows(tx)
    missed = [row.id for row in rows.values() if row.mode != "polling"]
    sync.catch_up(tx, missed, now=real_now(), why="Plumbline was off")


def note_silences(tx: Tx) -> list[int]:
    """Projects that have been silent for longer than usual catch up before they speak; gives them."""
    now = real_now()
    found = sync.silent(tx, now=now)
    if found:
        sync.catch_up(tx, found, now=now, why="no webhook came for longer than usual")
        for row in trackers.projects(tx, ids=found):
            sync.save(tx, row.id, silence_seen=row.last_delivery_at)
    return found


@dataclass(frozen=True, slots=True)
class Status:
    """How a project keeps up, for its page. `run` is what is being read now, `imported` its import."""

    mode: str
    catching_up: bool
    words: str
    run: runs.Run | None
    imported: runs.Run | None
    wanted_reads: int


def status(tx: Tx, project_id: int, *, secured: bool = True) -> Status | None:
    """The status of one project; None where its tracker has no past to read. What went wrong may name any item, so it
    is told only to those who may see `secured` ones.
    """
    row = sync.get(tx, project_id)
    if row is None:
        return None
    run = runs.open_run(tx, project_id)
    words = []
    if row.catching_up_at is not None:
        words.append(f"Judged, but nothing is written until it has caught up: {row.why}.")
    if row.mode == "polling":
        words.append("Asked every 5 minutes, because webhooks cannot arrive here.")
    if row.mode == "plans":
        words.append("Sprints and versions are asked for every 5 minutes, because webhooks here do not tell of them.")
    if row.detail and secured:
        words.append(row.detail)
    return Status(
        mode=row.mode,
        catching_up=row.catching_up_at is not None,
        words=" ".join(words),
        run=run,
        imported=runs.latest(tx, project_id, kind=importing.IMPORT),
        wanted_reads=sync.wanted_count(tx, project_id),
    )
