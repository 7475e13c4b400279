"""Subjects of a lane: what is due to be judged, and what derivation and judging leave on their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx

TABLES = {"item": models.item, "milestone": models.milestone}
OWN_CLOCK = {**TABLES, "flow": models.project}
"""Where it stands when a subject is looked at again; a flow is its project's."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""Due at once, whatever the world's clock says."""


@dataclass(frozen=True, slots=True)
class Due:
    """Subjects to judge, by kind; `flows` are projects whose flow is. `plans` are items whose publication is to be
    planned anew; `rebuild` items to derive first.
    """

    items: frozenset[int] = frozenset()
    milestones: frozenset[int] = frozenset()
    plans: frozenset[int] = frozenset()
    rebuild: frozenset[int] = frozenset()
    flows: frozenset[int] = frozenset()

    def parts(self) -> list[Due]:
        """The same, one subject each."""
        return [
            *(Due(rebuild=frozenset({id_})) for id_ in sorted(self.rebuild)),
            *(Due(items=frozenset({id_})) for id_ in sorted(self.items)),
            *(Due(milestones=frozenset({id_})) for id_ in sorted(self.milestones)),
            *(Due(flows=frozenset({id_})) for id_ in sorted(self.flows)),
            *(Due(plans=frozenset({id_})) for id_ in sorted(self.plans)),
        ]

    def __len__(self) -> int:
        return len(self.items) + len(self.milestones) + len(self.plans) + len(self.rebuild) + len(self.flows)

    def __bool__(self) -> bool:
        return bool(self.items or self.milestones or self.plans or self.rebuild or self.flows)


_LANE: sa.BindParameter[int] = sa.bindparam("lane")
_NOW: sa.BindParameter[datetime] = sa.bindparam("now")
_MOST: sa.BindParameter[int] = sa.bindparam("most")


@cache
def _due_marks() -> sa.Select[Any]:
    mark = models.mark
    return (
        sa.select(mark.c.id, mark.c.subject_kind, mark.c.subject_id)
        .where(mark.c.lane_id == _LANE, mark.c.at <= _NOW)
        .order_by(mark.c.at, mark.c.id)
        .limit(_MOST)
    )


@cache
def _due_by_clock(kind: str) -> sa.Select[Any]:
    table = TABLES[kind]
    return (
        sa.select(table.c.id)
        .join(models.project, models.project.c.id == table.c.project_id)
        .where(models.project.c.lane_id == _LANE, table.c.next_check_at <= _NOW)
        .order_by(table.c.next_check_at)
        .limit(_MOST)
    )


@cache
def _due_flows() -> sa.Select[Any]:
    project = models.project
    return sa.select(project.c.id).where(project.c.lane_id == _LANE, project.c.next_check_at <= _NOW)


def take_due(tx: Tx, lane_id: int, *, now: datetime, limit: int) -> Due:
    """The next due subjects of a lane: marks first (they are used up), then what time has made due, then sweeps a
    page on.
    """
    found: dict[str, set[int]] = {kind: set() for kind in ("item", "milestone", "flow", "plan", "rebuild")}
    mark = models.mark
    when = {"lane": lane_id, "now": now}
    marks = tx.execute(_due_marks(), when | {"most": limit}).all()
    for row in marks:
        found[row.subject_kind].add(row.subject_id)
    if marks:
        tx.execute(sa.delete(mark).where(mark.c.id.in_([row.id for row in marks])))
    for kind in TABLES:
        left = limit - sum(map(len, found.values()))
        if left > 0:
            found[kind].update(tx.scalars(_due_by_clock(kind), when | {"most": left}))
    found["flow"].update(tx.scalars(_due_flows(), when))
    left = limit - sum(map(len, found.values()))
    if left > 0:
        _take_sweep(tx, lane_id, found, left)
    return Due(
        items=frozenset(found["item"]),
        milestones=frozenset(found["milestone"]),
        plans=frozenset(found["plan"]),
        rebuild=frozenset(found["rebuild"]),
        flows=frozenset(found["flow"]),
    )


def _take_sweep(tx: Tx, lane_id: int, found: dict[str, set[int]], limit: int) -> None:
    sweep = models.sweep
    row = tx.execute(sa.select(sweep).where(sweep.c.lane_id == lane_id).order_by(sweep.c.id).limit(1)).one_or_none()
    if row is None:
        return
    table = TABLES[row.subject_kind]
    page = list(
        tx.scalars(
            sa.select(table.c.id)
            .join(models.project, models.project.c.id == table.c.project_id)
            .where(models.project.c.lane_id == lane_id, table.c.id > row.cursor)
            .order_by(table.c.id)
            .limit(limit)
        )
    )
    found["rebuild" if row.rebuild and row.subject_kind == "item" else row.subject_kind].update(page)
    if len(page) < limit:
        tx.execute(sa.delete(sweep).where(sweep.c.id == row.id))
    else:
        tx.execute(sa.update(sweep).where(sweep.c.id == row.id).values(cursor=page[-1]))


def postpone(tx: Tx, lane_id: int, due: Due, *, until: datetime) -> None:
    """Look at these again later: by their own clock, and by a mark where they have none."""
    for kind, ids in (("item", due.items | due.rebuild), ("milestone", due.milestones), ("flow", due.flows)):
        if ids:
            table = OWN_CLOCK[kind]
            tx.execute(sa.update(table).where(table.c.id.in_(sorted(ids))).values(next_check_at=until))
    add_marks(tx, [(lane_id, "plan", id_, until) for id_ in sorted(due.plans)], reason="postponed")


def add_sweep(tx: Tx, lane_ids: Iterable[int], *, reason: str, rebuild: bool = False) -> None:
    """Walk over every subject of these lanes, a page at a time, behind the deliveries. How their projects flow is due
    at once: there is one of it in each.
    """
    lanes = sorted(set(lane_ids))
    rows = [
        {"lane_id": lane_id, "subject_kind": kind, "cursor": 0, "rebuild": rebuild, "reason": reason}
        for lane_id in lanes
        for kind in TABLES
    ]
    if rows:
        tx.execute(sa.insert(models.sweep), rows)
        flows = models.project
        tx.execute(sa.update(flows).where(flows.c.lane_id.in_(lanes)).values(next_check_at=LONG_AGO))


def add_marks(tx: Tx, marks: Iterable[tuple[int, str, int, datetime]], *, reason: str = "") -> None:
    """Leave marks (lane, subject kind, subject id, when), for this lane or another."""
    rows = [
        {"lane_id": lane_id, "subject_kind": kind, "subject_id": subject, "at": at, "reason": reason}
        for lane_id, kind, subject, at in marks
    ]
    if rows:
        tx.execute(sa.insert(models.mark), rows)


def lanes_with_due(tx: Tx, *, now: datetime) -> list[int]:
    """Lanes in which something is due: asked by the clock, answered from indexes."""
    project = models.project
    lanes = set(tx.scalars(sa.select(models.mark.c.lane_id).where(models.mark.c.at <= now).distinct()))
    lanes |= set(tx.scalars(sa.select(models.sweep.c.lane_id).distinct()))
    for table in TABLES.values():
        # "+ 0": SQLite would walk a whole index of projects to find the distinct ones; so it looks at what is due only
        due = sa.select(table.c.project_id + 0).where(table.c.next_check_at <= now).distinct()
        lanes |= set(tx.scalars(sa.select(project.c.lane_id).where(project.c.id.in_(due))))
    lanes |= set(tx.scalars(sa.select(project.c.lane_id).where(project.c.next_check_at <= now)))
    return sorted(lanes)


def milestone_ids(tx: Tx, tracker_id: int, natives: Iterable[str]) -> dict[str, int]:
    """Milestones of a tracker by native id: some belong to no single project."""
    table, wanted = models.milestone, sorted(set(natives))
    if not wanted:
        return {}
    rows = tx.execute(
        sa.select(table.c.native_id, table.c.id).where(table.c.tracker_id == tracker_id, table.c.native_id.in_(wanted))
    )
    return {row.native_id: row.id for row in rows}


def open_items_in(tx: Tx, milestone_ids: Iterable[int]) -> list[tuple[int, int]]:
    """The open items in these milestones, each with the lane it lives in: (lane id, item id)."""
    membership, item, project = models.membership, models.item, models.project
    inside = membership.c.milestone_id.in_(sorted(set(milestone_ids)))
    rows = tx.execute(
        sa.select(project.c.lane_id, item.c.id)
        .join(item, item.c.project_id == project.c.id)
        .join(membership, membership.c.item_id == item.c.id)
        .where(inside, membership.c.left_at.is_(None), item.c.is_open)
        .distinct()
    )
    return [(row.lane_id, row.id) for row in rows]


def under_way(tx: Tx, project_id: int) -> list[int]:
    """The open items of a project that are in progress or in review."""
    item = models.item
    working = item.c.state.in_(("in_progress", "in_review"))
    return list(tx.scalars(sa.select(item.c.id).where(item.c.project_id == project_id, item.c.is_open, working)))


# --- judging --------------------------------------------------------------------------------------------------------


def save_judged(tx: Tx, kind: str, judged: Mapping[int, datetime | None], *, now: datetime) -> None:
    """When each subject is looked at again (None: not by itself)."""
    if judged:
        table = OWN_CLOCK[kind]
        tx.execute(
            sa.update(table)
            .where(table.c.id == sa.bindparam("the_id"))
            .values(next_check_at=sa.bindparam("v_next"), judged_at=now),
            [{"the_id": id_, "v_next": at} for id_, at in sorted(judged.items())],
        )


def check_by(tx: Tx, kind: str, judged: Mapping[int, datetime]) -> None:
    """Look at each subject again at an instant at the latest."""
    if judged:
        table = TABLES[kind]
        again = sa.bindparam("v_next", type_=table.c.next_check_at.type)
        later = sa.or_(table.c.next_check_at.is_(None), table.c.next_check_at > again)
        tx.execute(
            sa.update(table).where(table.c.id == sa.bindparam("the_id"), later).values(next_check_at=again),
            [{"the_id": id_, "v_next": at} for id_, at in sorted(judged.items())],
        )


def save_states(tx: Tx, states: Mapping[int, tuple[str, datetime]]) -> None:
    """States as read with linked work, for lists and filters."""
    if states:
        table = models.item
        tx.execute(
            sa.update(table)
            .where(table.c.id == sa.bindparam("the_id"))
            .values(state=sa.bindparam("v_state"), state_since=sa.bindparam("v_since")),
            [{"the_id": id_, "v_state": state, "v_since": since} for id_, (state, since) in sorted(states.items())],
        )


def save_baseline(
    tx: Tx,
    milestone_id: int,
    *,
    as_of: datetime,
    how: str,
    frozen: bool,
    members: Mapping[int, float | None],
    now: datetime,
    author: str | None = None,
    reason: str = "",
) -> None:
    """Keep a baseline. One that is not frozen yet is replaced; frozen ones are kept for ever."""
    table = models.baseline
    tx.execute(sa.delete(table).where(table.c.milestone_id == milestone_id, table.c.frozen.is_(False)))
    tx.execute(
        sa.insert(table).values(
            milestone_id=milestone_id,
            as_of=as_of,
            how=how,
            frozen=frozen,
            members={str(id_): estimate for id_, estimate in members.items()},
            author=author,
            reason=reason,
            created_at=now,
        )
    )


def baselines_begun(tx: Tx, milestone_ids: Iterable[int]) -> tuple[set[int], dict[int, datetime]]:
    """Milestones whose baseline is frozen, and for the others when theirs was first drawn up."""
    table = models.baseline
    rows = tx.execute(
        sa.select(table.c.milestone_id, table.c.frozen, table.c.created_at).where(
            table.c.milestone_id.in_(list(milestone_ids))
        )
    ).all()
    frozen = {row.milestone_id for row in rows if row.frozen}
    return frozen, {row.milestone_id: row.created_at for row in rows if not row.frozen}


def save_ended(tx: Tx, milestone_id: int, *, growth: float | None, kept: float | None) -> None:
    """How far a milestone that ended had grown, and the share of its plan that was done."""
    table = models.milestone
    tx.execute(sa.update(table).where(table.c.id == milestone_id).values(growth=growth, kept=kept))


def project_of(tx: Tx, kind: str, subject_id: int) -> int | None:
    """The project a subject belongs to; None where there is no such subject."""
    table = OWN_CLOCK[kind]
    owner = table.c.id if kind == "flow" else table.c.project_id
    found: int | None = tx.scalar(sa.select(owner).where(table.c.id == subject_id))
    return found


def hold_lanes(tx: Tx, project_ids: Iterable[int]) -> dict[int, int]:
    """Keep the lanes of these projects from being worked on until this transaction ends, as whoever drains one does;
    gives each project's lane.
    """
    project, lane = models.project, models.lane
    rows = tx.execute(sa.select(project.c.id, project.c.lane_id).where(project.c.id.in_(sorted(set(project_ids)))))
    lanes = {row.id: row.lane_id for row in rows}
    tx.execute(
        sa.select(lane.c.id).where(lane.c.id.in_(sorted(set(lanes.values())))).order_by(lane.c.id).with_for_update()
    )
    return lanes


def set_gap(tx: Tx, project_id: int, number: int, *, world: datetime) -> None:
    """A part of an item's history is missing: its rules skip until a read has closed the gap. It is judged anew."""
    table = models.item
    tx.execute(
        sa.update(table)
        .where(table.c.project_id == project_id, table.c.number == number)
        .values(gap=True, next_check_at=world)
    )


def item_name(tx: Tx, item_id: int, *, project_id: int) -> tuple[int, str] | None:
    """Number and key of an item of a project; None where there is none."""
    table = models.item
    query = sa.select(table.c.number, table.c.key).where(table.c.id == item_id, table.c.project_id == project_id)
    row = tx.execute(query).one_or_none()
    return None if row is None else (row.number, row.key)
