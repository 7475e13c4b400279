"""How much there is to do at once and by when: milestones ahead beside those that ended, reviews that wait, persons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import Visible

ENDED = 8
"""So many ended milestones of a kind say what a team usually finishes."""
AHEAD = 6
"""So many open ones of a kind are told of, the next dates first."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A milestone with a date: what is in it and what of that is done, in items and, of those that are sized, in the
    team's own unit. What was dropped is not in it.
    """

    id: int
    project_id: int
    kind: str
    title: str
    due: date
    open: bool
    closed_at: datetime | None
    items: int
    done: int
    sized: int
    points: float
    points_done: float


@dataclass(frozen=True, slots=True)
class Queue:
    """Open pull requests of a project: how many wait for a reviewer, for their author, for the merge, or are drafts;
    and since when the first of those that wait for a reviewer does.
    """

    reviewers: int = 0
    author: int = 0
    approved: int = 0
    drafts: int = 0
    since: datetime | None = None

    @property
    def total(self) -> int:
        """All of them."""
        return self.reviewers + self.author + self.approved + self.drafts


def plans(tx: Tx, *, project_ids: Sequence[int], visible: Visible) -> tuple[Plan, ...]:
    """Of each project and kind the next open milestones with a date and the last that ended, by date. One query."""
    milestone, item, stay = m.milestone.c, m.item.c, m.membership.c
    latest = sa.case((milestone.is_open, None), else_=milestone.closed_at).desc()
    alike = [milestone.project_id, milestone.kind, milestone.is_open]
    ranked = (
        sa.select(
            milestone.id,
            milestone.is_open,
            sa.func.row_number()
            .over(partition_by=alike, order_by=[latest, milestone.due, milestone.id])
            .label("place"),
        )
        .where(
            milestone.project_id.in_(sorted(project_ids)),
            milestone.due.is_not(None),
            milestone.deleted_at.is_(None),
            sa.or_(milestone.is_open, milestone.closed_at.is_not(None)),
            visible.milestones(),
        )
        .subquery()
    )
    wanted = sa.select(ranked.c.id).where(ranked.c.place <= sa.case((ranked.c.is_open, AHEAD), else_=ENDED))
    inside = sa.and_(stay.milestone_id == milestone.id, stay.left_at.is_(None))
    counts = sa.and_(item.id == stay.item_id, item.deleted_at.is_(None), item.state != "dropped", visible.items())
    done = item.state == "done"
    query = (
        sa.select(
            milestone.id,
            milestone.project_id,
            milestone.kind,
            milestone.title,
            milestone.due,
            milestone.is_open.label("open"),
            milestone.closed_at,
            sa.func.count(item.id).label("items"),
            sa.func.coalesce(sa.func.sum(sa.case((done, 1), else_=0)), 0).label("done"),
            sa.func.count(item.estimate).label("sized"),
            sa.func.coalesce(sa.func.sum(item.estimate), 0.0).label("points"),
            sa.func.coalesce(sa.func.sum(sa.case((done, item.estimate), else_=0.0)), 0.0).label("points_done"),
        )
        .outerjoin(m.membership, inside)
        .outerjoin(m.item, counts)
        .where(milestone.id.in_(wanted))
        .group_by(milestone.id)
        .order_by(milestone.due, milestone.id)
    )
    return tuple(Plan(**row._mapping) for row in tx.execute(query))


def queues(tx: Tx, *, project_ids: Sequence[int], visible: Visible) -> dict[int, Queue]:
    """The open pull requests of each project by what they wait for. One query."""
    item = m.item.c
    spoke = item.derived["pull"]["last_word"]["side"].as_string()
    waits = sa.case(
        (item.state == "in_progress", "drafts"),
        (item.derived["pull"]["review"].as_string() == "approved", "approved"),
        (spoke != "author", "author"),
        else_="reviewers",
    )
    rows = tx.execute(
        sa.select(
            item.project_id,
            waits.label("waits"),
            sa.func.count().label("n"),
            sa.func.min(item.state_since, type_=m.Instant()).label("since"),
        )
        .where(
            item.project_id.in_(sorted(project_ids)),
            item.is_open,
            item.kind == "pull_request",
            item.deleted_at.is_(None),
            visible.items(),
        )
        .group_by(item.project_id, sa.text("waits"))
    )
    found: dict[int, dict[str, int]] = {}
    since: dict[int, datetime] = {}
    for row in rows:
        found.setdefault(row.project_id, {})[row.waits] = row.n
        if row.waits == "reviewers" and row.since is not None:
            since[row.project_id] = row.since
    return {id_: Queue(**counts, since=since.get(id_)) for id_, counts in found.items()}


def logins(tx: Tx, person_ids: Iterable[int]) -> dict[int, str]:
    """The logins of persons who are no bots, in the order of the alphabet. One query."""
    ids = sorted(set(person_ids))
    if not ids:
        return {}
    person = m.person.c
    query = sa.select(person.id, person.login).where(person.id.in_(ids), person.bot.is_(False))
    return {row.id: row.login for row in tx.execute(query.order_by(sa.func.lower(person.login), person.id))}
