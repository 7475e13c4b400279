"""How work flows through projects: counts by state and week, and what is under way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import Visible

BEGUN = ("in_progress", "in_review")
CARRYING = ("closes", "implements")
MOST_UNDER_WAY = 2_000
"""So many of the items under way are looked at one by one: those that have been longest in their state."""


@dataclass(frozen=True, slots=True)
class FlowWeek:
    """How many items were in each state at an instant, what was done since the first, and what came in and was done in
    the week before.
    """

    at: datetime
    done: int
    in_review: int
    in_progress: int
    not_started: int
    came: int = 0
    finished: int = 0


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An item that is worked on. `reviewers_turn`: a pull request that is ready, and on which nobody but its author has
    had the last word; `automation`: a bot wrote it.
    """

    id: int
    project_id: int
    key: str
    title: str
    kind: str
    state: str
    state_since: datetime
    labels: tuple[str, ...]
    assignee_ids: tuple[int, ...]
    author: str | None
    automation: bool
    approved: bool
    authors_turn: bool


def flow_weeks(
    tx: Tx, *, project_id: int, visible: Visible, ends: Sequence[datetime], before: datetime
) -> tuple[FlowWeek, ...]:
    """The flow at each of `ends`, oldest first; `before` begins the week of the first. One query, from an index alone.

    Work on an item begins as its own history tells, at the latest when it came to its present state; a pull request is
    in review from its first day, or in progress where it is a draft now. What was closed undone leaves the chart.
    """
    item, edges = m.item.c, [before, *ends]
    began = sa.case(
        (sa.and_(item.is_open, item.state == "todo"), sa.null()),
        (sa.and_(item.is_open, item.began_at.is_(None)), item.state_since),
        else_=item.began_at,
    )
    is_pull = item.kind == "pull_request"
    cells = tx.execute(
        sa.select(
            _place(item.created_at, edges).label("born"),
            _place(sa.case((is_pull, item.created_at), else_=began), edges).label("began"),
            _place(item.closed_at, edges).label("gone"),
            sa.and_(is_pull, item.state != "in_progress").label("review"),
            (item.state == "done").label("finished"),
            sa.func.count().label("n"),
        )
        .where(
            item.project_id == project_id,
            item.kind != "epic",
            item.deleted_at.is_(None),
            item.created_at <= edges[-1],
            sa.or_(item.closed_at.is_(None), item.closed_at > before),
            visible.items(),
        )
        .group_by(sa.text("born"), sa.text("began"), sa.text("gone"), sa.text("review"), sa.text("finished"))
    ).all()
    return tuple(_week(at, place, cells) for place, at in enumerate(ends, 1))


def _place(column: sa.ColumnElement[Any], edges: Sequence[datetime]) -> sa.ColumnElement[int]:
    """The place of the first edge that is not before an instant; past the last (or never) counts as one more.

    A tree of questions instead of a row of them: five for thirty weeks.
    """

    def ask(low: int, high: int) -> Any:
        if low == high:
            return sa.literal_column(str(low))
        middle = (low + high) // 2
        until = sa.literal(edges[middle], m.Instant())
        return sa.case((column <= until, ask(low, middle)), else_=ask(middle + 1, high))

    return sa.case((column.is_(None), sa.literal_column(str(len(edges)))), else_=ask(0, len(edges)))


def _week(at: datetime, place: int, cells: Sequence[Any]) -> FlowWeek:
    found = {"done": 0, "in_review": 0, "in_progress": 0, "not_started": 0, "came": 0, "finished": 0}
    for cell in cells:
        found["came"] += cell.n if cell.born == place else 0
        found["finished"] += cell.n if cell.gone == place and cell.finished else 0
        if cell.born > place:
            continue
        if cell.gone <= place:
            found["done"] += cell.n if cell.finished and cell.gone > 0 else 0
        elif cell.review:
            found["in_review"] += cell.n
        else:
            found["in_progress" if cell.began <= place else "not_started"] += cell.n
    return FlowWeek(at=at, **found)


def counts_under_way(tx: Tx, *, project_ids: Sequence[int], visible: Visible) -> Mapping[tuple[int, str], int]:
    """How many items are under way, by project and state: containers and what carries another are left out. One
    query.
    """
    item = m.item.c
    rows = tx.execute(
        sa.select(item.project_id, item.state, sa.func.count().label("n"))
        .where(*_wanted(project_ids, visible))
        .group_by(item.project_id, item.state)
    )
    return {(row.project_id, row.state): row.n for row in rows}


def under_way(
    tx: Tx, *, project_ids: Sequence[int], visible: Visible, limit: int = MOST_UNDER_WAY
) -> tuple[UnderWay, ...]:
    """The items under way, those that have been longest in their state first. One query."""
    item, person = m.item.c, m.person.c
    chosen = (
        sa.select(item.id, item.state_since)
        .where(*_wanted(project_ids, visible))
        .order_by(item.state_since, item.id)
        .limit(limit)
        .subquery()
    )
    query = (
        sa.select(
            item.id,
            item.project_id,
            item.key,
            item.title,
            item.kind,
            item.state,
            item.state_since,
            item.labels,
            item.assignee_ids,
            person.login,
            person.bot,
            item.derived["pull"]["review"].as_string().label("review"),
            item.derived["pull"]["last_word"]["side"].as_string().label("spoke"),
        )
        .join(chosen, chosen.c.id == item.id)
        .outerjoin(m.person, person.id == item.author_id)
        .order_by(chosen.c.state_since, item.id)
    )
    return tuple(
        UnderWay(
            id=row.id,
            project_id=row.project_id,
            key=row.key,
            title=row.title,
            kind=row.kind,
            state=row.state,
            state_since=row.state_since,
            labels=tuple(row.labels or ()),
            assignee_ids=tuple(row.assignee_ids or ()),
            author=row.login,
            automation=bool(row.bot),
            approved=row.review == "approved",
            authors_turn=row.spoke is not None and row.spoke != "author",
        )
        for row in tx.execute(query)
    )


def _wanted(project_ids: Sequence[int], visible: Visible) -> list[sa.ColumnElement[bool]]:
    """Open items that somebody works on; not those that only hold others, nor pull requests that carry an issue."""
    item, part, whole, link = m.item.c, m.item.alias(), m.item.alias(), m.link.c
    parent = (
        sa.select(link.id)
        .join(part, part.c.id == link.source_item_id)
        .where(link.target_item_id == item.id, link.kind == "parent", part.c.deleted_at.is_(None))
        .correlate(m.item)
    )
    carries = (
        sa.select(link.id)
        .join(whole, whole.c.id == link.target_item_id)
        .where(link.source_item_id == item.id, link.kind.in_(CARRYING), whole.c.is_open, whole.c.deleted_at.is_(None))
        .correlate(m.item)
    )
    return [
        item.project_id.in_(sorted(project_ids)),
        item.is_open,
        item.state.in_(BEGUN),
        item.state_since.is_not(None),
        item.kind != "epic",
        item.deleted_at.is_(None),
        visible.items(),
        sa.not_(parent.exists()),
        sa.or_(item.kind != "pull_request", sa.not_(carries.exists())),
    ]
