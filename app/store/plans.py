"""How a project went about its dated milestones: what forecasts draw from. A constant number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx
from rules.forecast.throughput import Course, Stay


def open_dated(tx: Tx, project_id: int) -> list[int]:
    """The open milestones of a project that have a date and open items."""
    table = models.milestone
    wanted = sa.and_(table.c.is_open, table.c.due.is_not(None), table.c.members_open > 0, table.c.deleted_at.is_(None))
    return list(tx.scalars(sa.select(table.c.id).where(table.c.project_id == project_id, wanted).order_by(table.c.id)))


def running_sprints(tx: Tx, project_id: int) -> list[int]:
    """The open sprints of a project that have both dates."""
    table = models.milestone
    wanted = sa.and_(table.c.is_open, table.c.kind == "sprint", table.c.start.is_not(None), table.c.due.is_not(None))
    mine = sa.and_(table.c.project_id == project_id, table.c.deleted_at.is_(None))
    return list(tx.scalars(sa.select(table.c.id).where(mine, wanted).order_by(table.c.id)))


def ended_sprints(tx: Tx, project_id: int) -> dict[int, datetime]:
    """The closed sprints of a project that had both dates, by id, and when each was closed."""
    table = models.milestone
    wanted = sa.and_(table.c.kind == "sprint", table.c.start.is_not(None), table.c.due.is_not(None))
    mine = sa.and_(table.c.project_id == project_id, table.c.deleted_at.is_(None), table.c.is_open.is_(False))
    rows = tx.execute(sa.select(table.c.id, table.c.closed_at).where(mine, wanted, table.c.closed_at.is_not(None)))
    return {row.id: row.closed_at for row in rows}


def stays(tx: Tx, project_id: int, *, kind: str, since: datetime) -> tuple[Stay, ...]:
    """Every stay, in milestones of a kind that have a date, of each item of a project that was in one since an
    instant and was not closed before.
    """
    membership, milestone, item = models.membership, models.milestone, models.item
    dated = sa.select(milestone.c.id).where(milestone.c.kind == kind, milestone.c.due.is_not(None))
    lately = (
        sa.select(membership.c.item_id)
        .join(item, item.c.id == membership.c.item_id)
        .where(
            item.c.project_id == project_id,
            sa.or_(item.c.is_open, item.c.closed_at > since),
            sa.or_(membership.c.left_at.is_(None), membership.c.left_at > since),
            membership.c.milestone_id.in_(dated),
        )
    )
    rows = tx.execute(
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
    return tuple(Stay(**row._mapping) for row in rows)


def begins(tx: Tx, project_id: int) -> datetime | None:
    """When the first item of a project was made: before that nobody was idle."""
    item = models.item
    found: datetime | None = tx.scalar(sa.select(sa.func.min(item.c.created_at)).where(item.c.project_id == project_id))
    return found


def finished(tx: Tx, project_id: int, *, since: datetime) -> tuple[datetime, ...]:
    """When a project finished anything, in a milestone or not, since an instant."""
    item = models.item
    done = sa.and_(item.c.project_id == project_id, item.c.closed_at > since, item.c.is_open.is_(False))
    return tuple(tx.scalars(sa.select(item.c.closed_at).where(done).order_by(item.c.closed_at)))


def courses(tx: Tx, milestone_ids: Iterable[int]) -> tuple[Course, ...]:
    """When the plan of each of these milestones was made, and when it was closed."""
    milestone, baseline = models.milestone, models.baseline
    planned = (
        sa.select(baseline.c.milestone_id, sa.func.max(baseline.c.as_of).label("planned_at"))
        .group_by(baseline.c.milestone_id)
        .subquery()
    )
    rows = tx.execute(
        sa.select(milestone.c.id, planned.c.planned_at, milestone.c.closed_at, milestone.c.is_open)
        .outerjoin(planned, planned.c.milestone_id == milestone.c.id)
        .where(milestone.c.id.in_(sorted(set(milestone_ids))))
        .order_by(milestone.c.id)
    )
    return tuple(Course(row.id, row.planned_at, None if row.is_open else row.closed_at) for row in rows)


def blockers_due(tx: Tx, milestone_ids: Sequence[int]) -> dict[int, date]:
    """The latest date of what blocks the open items in these milestones and is open itself, by item: its own, else that
    of a milestone it is in.
    """
    membership, milestone, link = models.membership, models.milestone, models.link
    source, stay = models.item.alias(), membership.alias()
    due = sa.func.coalesce(source.c.due, milestone.c.due)
    rows = tx.execute(
        sa.select(link.c.target_item_id, sa.func.max(due).label("due"))
        .select_from(membership)
        .join(link, link.c.target_item_id == membership.c.item_id)
        .join(source, source.c.id == link.c.source_item_id)
        .outerjoin(stay, sa.and_(stay.c.item_id == source.c.id, stay.c.left_at.is_(None)))
        .outerjoin(milestone, sa.and_(milestone.c.id == stay.c.milestone_id, milestone.c.is_open))
        .where(
            membership.c.milestone_id.in_(list(milestone_ids)),
            membership.c.left_at.is_(None),
            link.c.kind == "blocks",
            source.c.is_open,
            due.is_not(None),
        )
        .group_by(link.c.target_item_id)
    )
    return {row.target_item_id: row.due for row in rows}


def waiting_for(tx: Tx, milestone_ids: Sequence[int]) -> set[int]:
    """Open items that are blocked by something open in these milestones."""
    membership, link = models.membership, models.link
    source, target = models.item.alias(), models.item.alias()
    return set(
        tx.scalars(
            sa.select(target.c.id)
            .select_from(membership)
            .join(source, source.c.id == membership.c.item_id)
            .join(link, link.c.source_item_id == source.c.id)
            .join(target, target.c.id == link.c.target_item_id)
            .where(
                membership.c.milestone_id.in_(list(milestone_ids)),
                membership.c.left_at.is_(None),
                link.c.kind == "blocks",
                source.c.is_open,
                target.c.is_open,
            )
            .distinct()
        )
    )
