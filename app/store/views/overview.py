"""The figures and charts of the overview: each one aggregated query, whatever the number of items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import Visible

MERGED_SAMPLE = 5_000
"""How many of the last merged pull requests the percentiles rest on at most."""


DRAFT = "in_progress"
"""The state of an open pull request that is a draft; others are in review. Counting by it reads an index alone."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts for the strip.

    `reviews` are open pull requests that are not drafts, `dormant` those of them quiet since before the given instant.
    """

    items_open: int
    reviews: int
    dormant: int
    comments_today: int


@dataclass(frozen=True, slots=True)
class OpenPull:
    """An open pull request, as the chart of ages needs it. `authors_turn`: somebody else has had the last word."""

    created_at: datetime
    draft: bool
    approved: bool
    authors_turn: bool


@dataclass(frozen=True, slots=True)
class FlowPoint:
    """How many items were in each state at an instant."""

    at: datetime
    done: int
    in_review: int
    draft: int
    not_started: int


def figures(tx: Tx, *, visible: Visible, dormant_before: datetime, day_start: datetime) -> Figures:
    """The strip's counts. One query."""
    item = m.item.c
    seen = [item.is_open, item.deleted_at.is_(None), visible.items()]
    review = sa.and_(item.kind == "pull_request", item.state != DRAFT)
    counted = sa.select(
        sa.func.count().label("items_open"),
        sa.func.coalesce(sa.func.sum(sa.case((review, 1), else_=0)), 0).label("reviews"),
        sa.func.coalesce(sa.func.sum(sa.case((sa.and_(review, item.moved_at < dormant_before), 1), else_=0)), 0).label(
            "dormant"
        ),
        sa.select(sa.func.count())
        .where(
            m.written.c.world_at >= day_start,
            m.written.c.kind == "comment_created",
            visible.of_items(m.written),
        )
        .scalar_subquery()
        .label("comments_today"),
    ).where(*seen)
    row = tx.execute(counted).one()
    return Figures(
        items_open=row.items_open, reviews=row.reviews, dormant=row.dormant, comments_today=row.comments_today
    )


def open_pulls(tx: Tx, *, visible: Visible, limit: int) -> tuple[tuple[OpenPull, ...], int]:
    """Open pull requests, oldest first, at most `limit` of them, and how many there are. Two queries."""
    item = m.item.c
    seen = sa.and_(
        item.kind == "pull_request",
        item.is_open,
        item.deleted_at.is_(None),
        item.created_at.is_not(None),
        visible.items(),
    )
    total = tx.scalar(sa.select(sa.func.count()).select_from(m.item).where(seen)) or 0
    oldest = sa.select(item.id).where(seen).order_by(item.created_at).limit(limit).subquery()
    query = (
        sa.select(
            item.created_at,
            item.state,
            item.derived["pull"]["review"].as_string().label("review"),
            item.derived["pull"]["last_word"]["side"].as_string().label("spoke"),
        )
        .join(oldest, oldest.c.id == item.id)
        .order_by(item.created_at)
    )
    rows = tx.execute(query).all()
    found = tuple(
        OpenPull(
            created_at=row.created_at,
            draft=row.state == DRAFT,
            approved=row.review == "approved",
            authors_turn=row.spoke is not None and row.spoke != "author",
        )
        for row in rows
    )
    return found, total


def merge_ages(tx: Tx, *, visible: Visible, since: datetime) -> tuple[float, ...]:
    """Days from creation to merge of pull requests merged since, at most MERGED_SAMPLE of the latest. One query."""
    item = m.item.c
    query = (
        sa.select(item.created_at, item.closed_at)
        .where(
            item.kind == "pull_request",
            item.closed_at >= since,
            item.closed_as == "merged",
            item.created_at.is_not(None),
            visible.items(),
        )
        .order_by(item.closed_at.desc())
        .limit(MERGED_SAMPLE)
    )
    return tuple((row.closed_at - row.created_at).total_seconds() / 86_400 for row in tx.execute(query))


def flow(tx: Tx, *, visible: Visible, days: Sequence[datetime]) -> tuple[FlowPoint, ...]:
    """How many items were done since the first of `days`, in review, drafts and not started, at each of them.

    Two queries, of what is open and of what was closed since: arrivals and departures are counted between neighbouring
    instants and summed up here. Draft is as now; what was closed without being done is left out from its closing on.
    """
    if not days:
        return ()
    item = m.item.c
    cells: list[Any] = []
    # a project at a time, so that the index on its closed ones serves however many items there are
    projects = sa.select(m.project.c.id).where(visible.clause(m.project.c.id))
    closed = sa.and_(sa.not_(item.is_open), item.closed_at > days[0], item.project_id.in_(projects))
    for part in (item.is_open, closed):
        born, gone = _bucket(item.created_at, days), _bucket(item.closed_at, days)
        band = sa.case(
            (item.kind != "pull_request", "not_started"),
            (sa.and_(item.is_open, item.state == DRAFT), "draft"),
            else_="in_review",
        )
        finished = item.state == "done"
        inner = (
            sa.select(born.label("born"), gone.label("gone"), band.label("band"), finished.label("finished"))
            .where(part, item.deleted_at.is_(None), item.created_at <= days[-1], visible.items())
            .subquery()
        )
        query = sa.select(*inner.c, sa.func.count().label("n")).group_by(*inner.c)
        cells += tx.execute(query).all()
    return tuple(_point(at, place, cells) for place, at in enumerate(days))


def _bucket(column: sa.ColumnElement[Any], days: Sequence[datetime]) -> sa.ColumnElement[int]:
    """The place of the first of `days` that is not before the instant; past the last (or never) counts as one more."""
    whens = [(column <= sa.literal(at, m.Instant()), place) for place, at in enumerate(days)]
    return sa.case(*whens, else_=len(days))


def _point(at: datetime, place: int, cells: Sequence[Any]) -> FlowPoint:
    totals = {"done": 0, "in_review": 0, "draft": 0, "not_started": 0}
    for cell in cells:
        if cell.born > place:
            continue
        if cell.gone > place:
            totals[cell.band] += cell.n
        elif cell.finished:
            totals["done"] += cell.n
    return FlowPoint(at=at, **totals)
