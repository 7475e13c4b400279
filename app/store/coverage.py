"""Counts of what a project's rows tell and what they leave open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx


@dataclass(frozen=True, slots=True)
class Counts:
    """Of open items (pull requests among them) and open milestones, unless said otherwise. `pulls` and `pulls_linked`
    count every pull request. `members` are people known to belong to the project.
    """

    issues: int
    open_items: int
    open_issues: int
    in_progress: int
    sized: int
    open_milestones: int
    undated_milestones: tuple[str, ...]
    pulls: int
    pulls_linked: int
    members: int
    people: int
    gaps: int


def counts(tx: Tx, project_id: int) -> Counts:
    """Count one project's rows, in four queries."""
    item, milestone, link, participant = models.item, models.milestone, models.link, models.participant
    here = sa.and_(item.c.project_id == project_id, item.c.deleted_at.is_(None))
    is_pull, is_open = item.c.kind == "pull_request", item.c.is_open
    row = tx.execute(
        sa.select(
            _count(~is_pull).label("issues"),
            _count(is_open).label("open_items"),
            _count(is_open, ~is_pull).label("open_issues"),
            _count(is_open, item.c.state.in_(("in_progress", "in_review"))).label("in_progress"),
            _count(is_open, item.c.estimate.is_not(None)).label("sized"),
            _count(is_pull).label("pulls"),
            _count(item.c.gap).label("gaps"),
        ).where(here)
    ).one()
    undated = tx.execute(
        sa.select(milestone.c.title, milestone.c.due)
        .where(milestone.c.project_id == project_id, milestone.c.is_open, milestone.c.deleted_at.is_(None))
        .order_by(milestone.c.title)
    ).all()
    linked = tx.scalar(
        sa.select(sa.func.count(sa.distinct(link.c.source_item_id)))
        .join(item, item.c.id == link.c.source_item_id)
        .where(here, is_pull, link.c.kind == "closes")
    )
    people = tx.execute(
        sa.select(
            sa.func.count().label("people"), sa.func.sum(sa.case((participant.c.member, 1), else_=0)).label("members")
        ).where(participant.c.project_id == project_id)
    ).one()
    return Counts(
        **row._mapping,
        open_milestones=len(undated),
        undated_milestones=tuple(one.title for one in undated if one.due is None),
        pulls_linked=int(linked or 0),
        members=int(people.members or 0),
        people=people.people,
    )


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """What is known of sprints, and who told of them. `implemented` are items that a pull request names."""

    sprints: int
    implemented: int
    webhooks: bool
    plan_webhooks: bool


def plan_counts(tx: Tx, project_id: int, *, tracker_id: int, plan_events: Iterable[str], history: str) -> PlanCounts:
    """Count on a tracker that has sprints. `plan_events` are the webhooks that tell of sprints and versions, `history`
    is the event of our own reads.
    """
    item, milestone, membership = models.item, models.milestone, models.membership
    link, delivery = models.link, models.delivery
    joined = sa.select(membership.c.milestone_id).join(item).where(item.c.project_id == project_id)
    sprints = tx.scalar(
        sa.select(sa.func.count()).where(
            milestone.c.kind == "sprint",
            milestone.c.deleted_at.is_(None),
            milestone.c.tracker_id == tracker_id,
            # an empty one belongs to no project yet
            sa.or_(milestone.c.project_id == project_id, milestone.c.project_id.is_(None), milestone.c.id.in_(joined)),
        )
    )
    implemented = tx.scalar(
        sa.select(sa.func.count(sa.distinct(link.c.target_item_id)))
        .join(item, item.c.id == link.c.target_item_id)
        .where(item.c.project_id == project_id, link.c.kind.in_(("implements", "closes")))
    )
    told = sa.select(delivery.c.id).where(delivery.c.tracker_id == tracker_id, delivery.c.event != history).limit(1)
    plans = told.where(delivery.c.event.in_(sorted(plan_events)))
    return PlanCounts(
        sprints=int(sprints or 0),
        implemented=int(implemented or 0),
        webhooks=tx.execute(told).first() is not None,
        plan_webhooks=tx.execute(plans).first() is not None,
    )


def _count(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(sa.func.sum(sa.case((sa.and_(*conditions), 1), else_=0)), 0)
