"""Draining a lane: pending deliveries in order, then what time has made due. One drain at a time per lane.

A batch is decoded outside the write lock, then applied, derived, judged and marked done in one transaction: effects
and done-mark commit together, so a drain killed anywhere leaves nothing half done. Batches adapt to hold the lock for
about `LOCK_SECONDS`.
"""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from app.process import own_name
from app.services import bells, gaps, judge, projects, routing
from app.services.apply import apply
from app.services.markers import marker_prefix
from app.services.named import natives_of, people_of
from app.services.tracker_events import apply_tracker_event
from app.store import deliveries, instance, leases, people, subjects, trackers, work
from app.store.database import Database
from app.store.deliveries import PendingDelivery
from app.time import real_now
from integrations.errors import BadPayload, Ignored
from integrations.ports import HISTORY, Adapters
from integrations.readings import Reading

log = structlog.get_logger()

LOCK_SECONDS = 0.05
SMALLEST, LARGEST = 20, 200
POSTPONED = timedelta(hours=1)
"""When a subject whose judging failed is tried again."""


@dataclass(frozen=True, slots=True)
class Drain:
    """What a drain needs; `people` is kept per process, it remembers ids."""

    db: Database
    adapters: Adapters
    people: people.People
    ringer: bells.Ringer
    base_url: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """A delivery with what it says, why it says nothing (`ignored`), or what went wrong (`error`, with its trace).

    `project_id` is the project whose rows it goes into; where it `crosses` projects, the items' rows decide.
    """

    delivery: PendingDelivery
    reading: Reading | None = None
    project_id: int | None = None
    crosses: bool = False
    ignored: str = ""
    error: str = ""
    trace: str = ""


def drain(deps: Drain, lane_id: int) -> int:
    """Do all there is to do in a lane; gives how many deliveries and due subjects were handled. 0 at once where
    another drain is at it.
    """
    lease = leases.take(deps.db, "lane", lane_id, holder=own_name())
    if lease is None:
        return 0
    done = 0
    try:
        size = SMALLEST
        while True:
            handled, seconds = _batch(deps, lease, size)
            if handled == 0:
                break
            done += handled
            size = _next_size(size, seconds)
    except leases.LeaseLost:
        log.warning("another drain took over", lane=lane_id)
        return done
    except BaseException:
        leases.release(deps.db, lease)
        raise
    if leases.release(deps.db, lease):
        deps.ringer.wake("lane", lane_id)  # rung while we held the lease: whoever came then went away again
    return done


def _next_size(size: int, seconds: float) -> int:
    if seconds > LOCK_SECONDS:
        return max(SMALLEST, size // 2)
    return min(LARGEST, size * 2) if seconds < LOCK_SECONDS / 2 else size


def _batch(deps: Drain, lease: leases.Lease, size: int) -> tuple[int, float]:
    """One bounded batch: deliveries where there are any, else due subjects. Gives what was handled and the seconds
    the lock was held.
    """
    with deps.db.read() as tx:
        pending = deliveries.pending(tx, lease.id, now=real_now(), limit=size)
        lane = _Lane(
            this=instance.load(tx),
            projects=projects.load(tx, lane_id=lease.id),
            trackers={row.id: row for row in trackers.trackers(tx)},
        )
    if not pending:
        return _due(deps, lease, lane, size)
    decoded = [_decode(deps.adapters, lane, delivery) for delivery in pending]
    try:
        return len(decoded), _commit(deps, lease, lane, decoded)
    except (leases.LeaseLost, KeyboardInterrupt, SystemExit):
        raise
    except Exception:
        if len(decoded) == 1:
            _set_back(deps, lease, decoded[0])
            return 1, 0.0
        log.exception("a batch failed; its deliveries are tried one by one", lane=lease.id)
    seconds = 0.0
    for one in decoded:
        try:
            seconds = max(seconds, _commit(deps, lease, lane, [one]))
        except (leases.LeaseLost, KeyboardInterrupt, SystemExit):
            raise
        except Exception:  # noqa: BLE001 (as above)
            _set_back(deps, lease, one)
    return len(decoded), seconds


@dataclass(frozen=True, slots=True)
class _Lane:
    this: instance.Instance
    projects: projects.Projects
    trackers: dict[int, trackers.TrackerRow]


def _decode(adapters: Adapters, lane: _Lane, delivery: PendingDelivery) -> Decoded:
    tracker = lane.trackers.get(delivery.tracker_id)
    if tracker is None:
        return Decoded(delivery, ignored="its tracker was removed")
    try:
        payload = json.loads(delivery.raw)
        reading = adapters[tracker.kind].decode(delivery.event, payload, delivery.received_at, tracker.site)
    except Ignored as reason:
        return Decoded(delivery, ignored=str(reason))
    except BadPayload as error:
        return Decoded(delivery, error=str(error), trace=traceback.format_exc())
    except Exception as error:  # noqa: BLE001 (a bug of ours: this delivery is set aside, the others go on)
        return Decoded(delivery, error=f"{type(error).__name__}: {error}", trace=traceback.format_exc())
    one_lane = adapters[tracker.kind].one_lane
    if delivery.project_id is None and not reading.project_events and not one_lane:
        return Decoded(delivery, ignored="its repository is not watched")
    return Decoded(delivery, reading=reading, project_id=delivery.project_id, crosses=one_lane)


def _commit(deps: Drain, lease: leases.Lease, lane: _Lane, decoded: Sequence[Decoded]) -> float:
    """Apply, derive, judge and mark, in one transaction; gives the seconds it held the lock."""
    by_project: dict[int, list[Decoded]] = {}
    outcomes: list[tuple[int, str, str]] = []
    failed: list[Decoded] = []
    for one in _routed(deps, lease, lane, decoded):
        if one.error:
            failed.append(one)
        elif one.reading is None:
            outcomes.append((one.delivery.id, "ignored", one.ignored))
        elif one.project_id is not None and one.project_id in lane.projects.rows:
            by_project.setdefault(one.project_id, []).append(one)
        else:
            outcomes.append((one.delivery.id, "done", one.reading.note))
    ids = {
        project_id: deps.people.ids(
            deps.db, lane.projects.rows[project_id].tracker_id, people_of(one.reading for one in batch if one.reading)
        )
        for project_id, batch in by_project.items()
    }
    started = time.monotonic()
    with deps.db.write() as tx:
        leases.confirm(tx, lease)
        now, world = real_now(), lane.this.clock.now()
        court = judge.Court(
            tx=tx,
            lane_id=lease.id,
            this=lane.this,
            projects=lane.projects,
            base_url=deps.base_url,
            adapters=deps.adapters,
        )
        for one in decoded:
            if one.reading is not None:
                for event in one.reading.project_events:
                    apply_tracker_event(
                        tx, event, seen=one.reading.project, tracker_id=one.delivery.tracker_id, now=now
                    )
        for project_id, batch in by_project.items():
            _take_in(court, project_id, batch, people=ids[project_id], now=now, outcomes=outcomes, failed=failed)
        court.judge(world)
        deliveries.mark(tx, outcomes, now=now)
        for one in failed:
            aside = deliveries.fail(tx, one.delivery, reason=one.error, trace=one.trace, now=now)
            if aside:
                gaps.note_gap(tx, one.delivery, now=now)
            log.warning("a delivery was not taken in", delivery=one.delivery.guid, reason=one.error, aside=aside)
    return time.monotonic() - started


def _routed(deps: Drain, lease: leases.Lease, lane: _Lane, decoded: Sequence[Decoded]) -> list[Decoded]:
    """The deliveries with the project each goes into. Only this drain moves items of the lane, so that where they live
    may be settled in a transaction of its own.
    """
    crossing = [(one, one.reading) for one in decoded if one.crosses and one.reading is not None]
    if not crossing:
        return list(decoded)
    routes: dict[int, routing.Route] = {}
    with deps.db.write() as tx:
        leases.confirm(tx, lease)
        for tracker_id in sorted({one.delivery.tracker_id for one, _ in crossing}):
            mine = [(one, reading) for one, reading in crossing if one.delivery.tracker_id == tracker_id]
            found = routing.route(
                tx,
                [reading for _, reading in mine],
                tracker_id=tracker_id,
                projects=lane.projects.rows,
                now=real_now(),
            )
            routes.update({one.delivery.id: route for (one, _), route in zip(mine, found, strict=True)})
    out = []
    for one in decoded:
        route = routes.get(one.delivery.id)
        if route is None:
            out.append(one)
        elif route.project_id is None and not route.reading.project_events:
            out.append(replace(one, reading=None, ignored=route.why))
        else:
            out.append(replace(one, reading=route.reading, project_id=route.project_id))
    return out


def _take_in(
    court: judge.Court,
    project_id: int,
    batch: Sequence[Decoded],
    *,
    people: Mapping[str, int],
    now: datetime,
    outcomes: list[tuple[int, str, str]],
    failed: list[Decoded],
) -> None:
    """Take one project's readings into its rows; what became of each is added to `outcomes` or `failed`."""
    tx = court.tx
    readings = [one.reading for one in batch if one.reading is not None]
    items, milestones, heads = natives_of(readings)
    tracker_id = court.projects.rows[project_id].tracker_id
    mine = {row.native_id: id_ for id_, row in court.projects.rows.items() if row.tracker_id == tracker_id}
    place = work.Place(project_id, tracker_id, court.lane_id, mine)
    rows = work.load(tx, place, items=items, milestones=milestones, heads=heads)
    taken: list[tuple[datetime, Reading]] = []
    for one in batch:
        assert one.reading is not None
        try:
            with rows.undo():
                apply(
                    rows,
                    one.reading,
                    people=people,
                    delivery_id=one.delivery.id,
                    own_marker=marker_prefix(court.this.tag),
                )
        except Exception as error:  # noqa: BLE001 (one bad delivery harms no other)
            failed.append(Decoded(one.delivery, error=f"{type(error).__name__}: {error}", trace=traceback.format_exc()))
        else:
            outcomes.append((one.delivery.id, "done", one.reading.note))
            taken.append((one.delivery.received_at, one.reading))
    gaps.note_read(tx, project_id, rows, taken)
    work.flush(tx, rows)
    gaps.ask_for_reads(tx, project_id, rows, now=now)
    arrived = [one.delivery.received_at for one in batch if one.delivery.event != HISTORY]
    if arrived:
        trackers.update_project(tx, project_id, last_delivery_at=max(arrived))
    court.echoes(project_id, rows, readings)
    court.touched(project_id, rows)
    court.heard(project_id, rows, readings, people)


def _set_back(deps: Drain, lease: leases.Lease, one: Decoded) -> None:
    """A delivery whose transaction failed as a whole: another try later, or aside."""
    trace = traceback.format_exc()
    reason = trace.strip().splitlines()[-1]
    with deps.db.write() as tx:
        leases.confirm(tx, lease)
        aside = deliveries.fail(tx, one.delivery, reason=reason, trace=trace, now=real_now())
        if aside:
            gaps.note_gap(tx, one.delivery, now=real_now())
    log.warning("a delivery was not taken in", delivery=one.delivery.guid, reason=reason, aside=aside)


def _due(deps: Drain, lease: leases.Lease, lane: _Lane, size: int) -> tuple[int, float]:
    """Judge what time has made due; where that fails, one by one, so that one subject holds up no other."""
    try:
        return _judge_due(deps, lease, lane, size, apart=False)
    except (leases.LeaseLost, KeyboardInterrupt, SystemExit):
        raise
    except Exception:
        log.exception("judging what is due failed; its subjects are judged one by one", lane=lease.id)
    return _judge_due(deps, lease, lane, size, apart=True)


def _judge_due(deps: Drain, lease: leases.Lease, lane: _Lane, size: int, *, apart: bool) -> tuple[int, float]:
    started = time.monotonic()
    with deps.db.write() as tx:
        leases.confirm(tx, lease)
        world = lane.this.clock.now()
        due = subjects.take_due(tx, lease.id, now=world, limit=size)
        if not due:
            return 0, 0.0
        for part in due.parts() if apart else [due]:
            court = judge.Court(
                tx=tx,
                lane_id=lease.id,
                this=lane.this,
                projects=lane.projects,
                base_url=deps.base_url,
                adapters=deps.adapters,
            )
            if not apart:
                court.due(part)
                court.judge(world)
                continue
            try:
                with tx.begin_nested():
                    court.due(part)
                    court.judge(world)
            except Exception:
                log.exception("a subject could not be judged; it is tried again in an hour", subject=str(part))
                subjects.postpone(tx, lease.id, part, until=world + POSTPONED)
    return len(due), time.monotonic() - started
