"""How a project went about its dated milestones: what forecasts draw from. A constant number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import IDS, Tx
from rules.forecast.throughput import Course, Stay

PROJECT: sa.BindParameter[int] = sa.bindparam("project")
SINCE: sa.BindParameter[datetime] = sa.bindparam("since")
KIND: sa.BindParameter[str] = sa.bindparam("kind")


def open_dated(tx: Tx, project_id: int) -> list[int]:
    """The open milestones of a project that have a date and open items."""
    return list(tx.scalars(_open_dated(), {"project": project_id}))


@cache
def _open_dated() -> sa.Select[Any]:
    table = models.milestone
    wanted = sa.and_(table.c.is_open, table.c.due.is_not(None), table.c.members_open > 0, table.c.deleted_at.is_(None))
    return sa.select(table.c.id).where(table.c.project_id == PROJECT, wanted).order_by(table.c.id)


def running_sprints(tx: Tx, project_id: int) -> list[int]:
    """The open sprints of a project that have both dates."""
    return [row.id for row in tx.execute(_sprints(open_=True), {"project": project_id})]


def ended_sprints(tx: Tx, project_id: int) -> dict[int, datetime]:
    """The closed sprints of a project that had both dates, by id, and when each was closed."""
    return {row.id: row.closed_at for row in tx.execute(_sprints(open_=False), {"project": project_id})}


@cache
def _sprints(*, open_: bool) -> sa.Select[Any]:
    table = models.milestone
    dated = sa.and_(table.c.kind == "sprint", table.c.start.is_not(None), table.c.due.is_not(None))
    mine = sa.and_(table.c.project_id == PROJECT, table.c.deleted_at.is_(None))
    state = table.c.is_open if open_ else sa.and_(table.c.is_open.is_(False), table.c.closed_at.is_not(None))
    return sa.select(table.c.id, table.c.closed_at).where(mine, dated, state).order_by(table.c.id)


def stays(tx: Tx, project_id: int, *, kind: str, since: datetime) -> tuple[Stay, ...]:
    """Every stay, in milestones of a kind that have a date, of each item of a project that was in one since an
    instant and was not closed before.
    """
    rows = tx.execute(_stays(), {"project": project_id, "kind": kind, "since": since})
    return tuple(Stay(**row._mapping) for row in rows)


@cache
def _stays() -> sa.Select[Any]:
    membership, milestone, item = models.membership, models.milestone, models.item
    dated = sa.select(milestone.c.id).where(milestone.c.kind == KIND, milestone.c.due.is_not(None))
    lately = (
        sa.select(membership.c.item_id)
        .join(item, item.c.id == membership.c.item_id)
        .where(
            item.c.project_id == PROJECT,
            sa.or_(item.c.is_open, item.c.closed_at > SINCE),
            sa.or_(membership.c.left_at.is_(None), membership.c.left_at > SINCE),
            membership.c.milestone_id.in_(dated),
        )
    )
    return (
        sa.select(
            membership.c.item_id,
            membership.c.milestone_id,
            item.c.created_at,
            membership.c.joined_at,
            membership.c.left_at,
            sa.case((item.c.is_open, None), else_=item.c.closed_at).label("closed_at"),
            item.c.estimate,
        )
        .join(item, item.c.id == membership.c.item_id)
        .where(membership.c.item_id.in_(lately), membership.c.milestone_id.in_(dated))
        .order_by(membership.c.id)
    )


def begins(tx: Tx, project_id: int) -> datetime | None:
    """When the first item of a project was made: before that nobody was idle."""
    found: datetime | None = tx.scalar(_begins(), {"project": project_id})
    return found


@cache
def _begins() -> sa.Select[Any]:
    item = models.item
    return sa.select(sa.func.min(item.c.created_at)).where(item.c.project_id == PROJECT)


def finished(tx: Tx, project_id: int, *, since: datetime) -> tuple[datetime, ...]:
    """When a project finished anything, in a milestone or not, since an instant."""
    return tuple(tx.scalars(_finished(), {"project": project_id, "since": since}))


@cache
def _finished() -> sa.Select[Any]:
    item = models.item
    done = sa.and_(item.c.project_id == PROJECT, item.c.closed_at > SINCE, item.c.is_open.is_(False))
    return sa.select(item.c.closed_at).where(done).order_by(item.c.closed_at)


def courses(tx: Tx, milestone_ids: Iterable[int]) -> tuple[Course, ...]:
    """When the plan of each of these milestones was made, and when it was closed."""
    rows = tx.execute(_courses(), {"ids": sorted(set(milestone_ids))})
    return tuple(Course(row.id, row.planned_at, None if row.is_open else row.closed_at) for row in rows)


@cache
def _courses() -> sa.Select[Any]:
    milestone, baseline = models.milestone, models.baseline
    planned = (
        sa.select(baseline.c.milestone_id, sa.func.max(baseline.c.as_of).label("planned_at"))
        .group_by(baseline.c.milestone_id)
        .subquery()
    )
    return (
        sa.select(milestone.c.id, planned.c.planned_at, milestone.c.closed_at, milestone.c.is_open)
        .outerjoin(planned, planned.c.milestone_id == milestone.c.id)
        .where(milestone.c.id.in_(IDS))
        .order_by(milestone.c.id)
    )


def blockers_due(tx: Tx, milestone_ids: Sequence[int]) -> dict[int, date]:
    """The latest date of what blocks the open items in these milestones and is open itself, by item: its own, else that
    of a milestone it is in.
    """
    rows = tx.execute(_blockers_due(), {"ids": list(milestone_ids)})
    return {row.target_item_id: row.due for row in rows}


@cache
def _blockers_due() -> sa.Select[Any]:
    membership, milestone, link = models.membership, models.milestone, models.link
    source, stay = models.item.alias(), membership.alias()
    due = sa.func.coalesce(source.c.due, milestone.c.due)
    return (
        sa.select(link.c.target_item_id, sa.func.max(due).label("due"))
        .select_from(membership)
        .join(link, link.c.target_item_id == membership.c.item_id)
        .join(source, source.c.id == link.c.source_item_id)
        .outerjoin(stay, sa.and_(stay.c.item_id == source.c.id, stay.c.left_at.is_(None)))
        .outerjoin(milestone, sa.and_(milestone.c.id == stay.c.milestone_id, milestone.c.is_open))
        .where(
            membership.c.milestone_id.in_(IDS),
            membership.c.left_at.is_(None),
            link.c.kind == "blocks",
            source.c.is_open,
            due.is_not(None),
        )
        .group_by(link.c.target_item_id)
    )


def waiting_for(tx: Tx, milestone_ids: Sequence[int]) -> set[int]:
    """Open items that are blocked by something open in these milestones."""
    return set(tx.scalars(_waiting_for(), {"ids": list(milestone_ids)}))


@cache
def _waiting_for() -> sa.Select[Any]:
    membership, link = models.membership, models.link
    source, target = models.item.alias(), models.item.alias()
    return (
        sa.select(target.c.id)
        .select_from(membership)
        .join(source, source.c.id == membership.c.item_id)
        .join(link, link.c.source_item_id == source.c.id)
        .join(target, target.c.id == link.c.target_item_id)
        .where(
            membership.c.milestone_id.in_(IDS),
            membership.c.left_at.is_(None),
            link.c.kind == "blocks",
            source.c.is_open,
            target.c.is_open,
        )
        .distinct()
    )
