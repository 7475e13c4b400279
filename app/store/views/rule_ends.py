"""Flags that closed, with what became of their subjects: what the precision of rules is counted from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import Visible

NEWEST = 5_000
"""How many closed flags are counted, the latest first: a page that lists rules stays fast."""


@dataclass(frozen=True, slots=True)
class ClosedFlag:
    """A flag that closed. `due` and `ended_at` are its subject's; `unmerged`: a pull request closed without being
    merged since; `left_behind`: a milestone ended without it since; `told`: something was written about it while it
    stood; `wrong`: people answered that it was.
    """

    rule_id: int
    project_id: int
    opened_at: datetime
    closed_at: datetime
    due: date | None
    ended_at: datetime | None
    unmerged: bool
    left_behind: bool
    told: bool
    wrong: bool


def closed_flags(tx: Tx, *, visible: Visible, rule_id: int | None = None, limit: int = NEWEST) -> list[ClosedFlag]:
    """The latest flags that closed by a verdict, of all rules or of one; those that closed with their rule or item are
    left out. One query.
    """
    flag, item, milestone = m.standing.c, m.item.c, m.milestone.c
    inside, around = m.membership.c, m.milestone.alias()
    left = (
        sa.select(inside.id)
        .join(around, around.c.id == inside.milestone_id)
        .where(
            inside.item_id == item.id,
            around.c.closed_at >= flag.opened_at,
            sa.or_(inside.left_at.is_(None), inside.left_at >= around.c.closed_at),
            sa.or_(item.closed_at.is_(None), item.closed_at > around.c.closed_at),
        )
        .correlate(m.item, m.standing)
        .exists()
    )
    told = (
        sa.select(m.written.c.id)
        .where(
            m.written.c.item_id == flag.shown_on,
            m.written.c.world_at >= flag.opened_at,
            m.written.c.world_at <= flag.closed_at,
        )
        .correlate(m.standing)
        .exists()
    )
    unmerged = sa.and_(item.kind == "pull_request", item.state == "dropped", item.closed_at >= flag.opened_at)
    query = (
        sa.select(
            flag.rule_id,
            flag.project_id,
            flag.opened_at,
            flag.closed_at,
            sa.func.coalesce(item.due, milestone.due).label("due"),
            sa.func.coalesce(item.closed_at, milestone.closed_at).label("ended_at"),
            sa.func.coalesce(unmerged, sa.false()).label("unmerged"),
            left.label("left_behind"),
            told.label("told"),
            flag.memory["dismissed_at"].as_string().is_not(None).label("wrong"),
        )
        .outerjoin(m.item, sa.and_(flag.subject_kind == "item", item.id == flag.subject_id))
        .outerjoin(m.milestone, sa.and_(flag.subject_kind == "milestone", milestone.id == flag.subject_id))
        # one that stood for no time opened and closed while a backlog was taken in: nobody could have seen it
        .where(flag.closed_at > flag.opened_at, flag.outcome != "skipped", visible.standings())
        .where(flag.rule_id == rule_id if rule_id is not None else sa.true())
        .order_by(flag.closed_at.desc(), flag.opened_at.desc(), flag.id.desc())
        .limit(limit)
    )
    return [
        ClosedFlag(
            rule_id=row.rule_id,
            project_id=row.project_id,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            due=row.due,
            ended_at=row.ended_at,
            unmerged=bool(row.unmerged),
            left_behind=bool(row.left_behind),
            told=bool(row.told),
            wrong=bool(row.wrong),
        )
        for row in tx.execute(query)
    ]
