"""Kept forecasts whose day has passed, and what became of the milestones that they were about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import Visible
from rules.forecast.calibration import Stayed

MOST = 500


@dataclass(frozen=True, slots=True)
class Foretold:
    """The first forecast of a milestone that gave a day for 85 of 100: when it was made, that day (`by85`), when the
    milestone was closed (None: it is open), and how each item in it went.
    """

    milestone_id: int
    project_id: int
    project: str
    title: str
    said_at: datetime
    by85: date
    closed_at: datetime | None
    stays: tuple[Stayed, ...] = ()


def foretold(tx: Tx, *, visible: Visible, since: datetime, before: date) -> list[Foretold]:
    """The first such forecast of each milestone since an instant, where its day lies before another; the latest ones
    first, at most `MOST`. Two queries.
    """
    kept, milestone, stay, item = m.statistic, m.milestone, m.membership, m.item
    by85 = kept.c.value["by85"].as_string()
    ranked = (
        sa.select(
            kept.c.subject_id,
            kept.c.as_of,
            by85.label("by85"),
            sa.func.row_number().over(partition_by=kept.c.subject_id, order_by=kept.c.as_of).label("place"),
        )
        .where(
            kept.c.subject_kind == "milestone",
            kept.c.name == "forecast",
            kept.c.as_of >= since,
            by85.is_not(None),
            visible.clause(kept.c.project_id),
        )
        .subquery()
    )
    rows = tx.execute(
        sa.select(milestone, ranked.c.as_of.label("said_at"), ranked.c.by85, m.project.c.key.label("project"))
        .join(ranked, ranked.c.subject_id == milestone.c.id)
        .join(m.project, m.project.c.id == milestone.c.project_id)
        .where(
            ranked.c.place == 1,
            ranked.c.by85 < before.isoformat(),
            milestone.c.deleted_at.is_(None),
            visible.milestones(),
        )
        .order_by(ranked.c.by85.desc(), milestone.c.id.desc())
        .limit(MOST)
    ).all()
    stays: dict[int, list[Stayed]] = {}
    for one in tx.execute(
        sa.select(stay.c.milestone_id, stay.c.left_at, item.c.is_open, item.c.closed_at)
        .join(item, item.c.id == stay.c.item_id)
        .where(stay.c.milestone_id.in_([row.id for row in rows]))
        .order_by(stay.c.id)
    ):
        stays.setdefault(one.milestone_id, []).append(Stayed(one.left_at, None if one.is_open else one.closed_at))
    return [
        Foretold(
            milestone_id=row.id,
            project_id=row.project_id,
            project=row.project,
            title=row.title,
            said_at=row.said_at,
            by85=date.fromisoformat(row.by85),
            closed_at=None if row.is_open else row.closed_at,
            stays=tuple(stays.get(row.id, ())),
        )
        for row in rows
    ]
