"""A milestone's own past and that of those before it: who put what in, and how earlier ones ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.statistics import expected_of
from app.store.views.scope import Visible
from rules.statistics import Forecast

EARLIER = 12
"""So many of the milestones that ended before are told of."""
LATEST_TWO = 2


@dataclass(frozen=True, slots=True)
class Addition:
    """The event by which an item came in. `login` is None where nobody is named, `url` empty where it has no page."""

    at: datetime
    login: str | None
    url: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A milestone that ended. `done_at` is when the last thing in it was closed, None where nothing was in it."""

    id: int
    title: str
    due: date | None
    closed_at: datetime | None
    done_at: datetime | None
    open_left: int


def additions(
    tx: Tx, milestone_id: int, item_ids: Iterable[int], *, visible: Visible, parts: Sequence[int] = ()
) -> dict[int, Addition]:
    """The latest event that put each of these items into a milestone, or into one of its parts. One query."""
    ids = sorted(set(item_ids))
    if not ids:
        return {}
    change, person = m.change.c, m.person.c
    native = sa.select(m.milestone.c.native_id).where(m.milestone.c.id.in_([milestone_id, *parts]))
    query = (
        sa.select(change.item_id, change.at, change.url, person.login)
        .outerjoin(m.person, person.id == change.actor_id)
        .where(
            change.field == sa.literal_column("'milestone'"),  # the index is of these alone
            change.after.in_(native),
            change.item_id.in_(ids),
            visible.of_items(m.change),
        )
        .order_by(change.at, change.id)
    )
    return {row.item_id: Addition(at=row.at, login=row.login, url=row.url or "") for row in tx.execute(query)}


def ended(
    tx: Tx, *, project_id: int, kind: str, besides: int, visible: Visible, limit: int = EARLIER
) -> tuple[Ended, ...]:
    """The milestones of a kind with a date that were closed last in a project, newest first. One query."""
    milestone = m.milestone.c
    latest = (
        sa.select(milestone.id)
        .where(
            milestone.project_id == project_id,
            milestone.kind == kind,
            milestone.id != besides,
            milestone.is_open.is_(False),
            milestone.due.is_not(None),
            milestone.closed_at.is_not(None),
            milestone.deleted_at.is_(None),
            milestone.joined_to.is_(None),
            visible.milestones(),
        )
        .order_by(milestone.closed_at.desc(), milestone.id.desc())
        .limit(limit)
        .subquery()
    )
    present = sa.and_(m.membership.c.milestone_id == milestone.id, m.membership.c.left_at.is_(None))
    query = (
        sa.select(
            milestone.id,
            milestone.title,
            milestone.due,
            milestone.closed_at,
            sa.func.max(m.item.c.closed_at, type_=m.Instant()).label("done_at"),
            sa.func.coalesce(sa.func.sum(sa.case((m.item.c.is_open, 1), else_=0)), 0).label("open_left"),
        )
        .outerjoin(m.membership, present)
        .outerjoin(m.item, sa.and_(m.item.c.id == m.membership.c.item_id, m.item.c.deleted_at.is_(None)))
        .where(milestone.id.in_(sa.select(latest.c.id)))
        .group_by(milestone.id, milestone.title, milestone.due, milestone.closed_at)
        .order_by(milestone.closed_at.desc(), milestone.id.desc())
    )
    return tuple(Ended(**row._mapping) for row in tx.execute(query))


def latest_forecasts(tx: Tx, milestone_ids: Iterable[int]) -> dict[int, tuple[Forecast, ...]]:
    """The last two forecasts of each of these milestones, oldest first. One query."""
    ids = sorted(set(milestone_ids))
    found = expected_of(tx, ids, most=LATEST_TWO) if ids else {}
    return {id_: one.forecasts for id_, one in found.items()}
