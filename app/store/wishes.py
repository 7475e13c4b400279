"""What people asked for that stays on rows: homes of milestones, items silenced; and the time it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from app.store import instance, models
from app.store.database import Tx


def world_now(tx: Tx) -> datetime:
    """World time as this installation's clock has it."""
    return instance.load(tx).clock.now()


def milestones_by_title(tx: Tx, project_id: int) -> list[tuple[int, str]]:
    """The open milestones of a project as (id, title)."""
    table = models.milestone
    query = sa.select(table.c.id, table.c.title).where(
        table.c.project_id == project_id, table.c.is_open, table.c.deleted_at.is_(None)
    )
    return [(row.id, row.title) for row in tx.execute(query.order_by(table.c.id))]


def milestones_at_home(tx: Tx, item_id: int) -> list[int]:
    """Milestones whose flags are told on an item: it was named, or their open flags are shown there."""
    milestone, standing = models.milestone, models.standing
    told = sa.select(standing.c.subject_id).where(
        standing.c.shown_on == item_id, standing.c.subject_kind == "milestone", standing.c.closed_at.is_(None)
    )
    query = sa.select(milestone.c.id).where(sa.or_(milestone.c.home_item_id == item_id, milestone.c.id.in_(told)))
    return sorted(set(tx.scalars(query)))


def set_home(tx: Tx, milestone_id: int, item_id: int | None) -> None:
    """Name the item on which a milestone's flags are told (None: none is named)."""
    tx.execute(sa.update(models.milestone).where(models.milestone.c.id == milestone_id).values(home_item_id=item_id))


def save_silenced(tx: Tx, silenced: Mapping[int, bool]) -> None:
    """Which items somebody silenced for good, where that has changed."""
    table = models.item
    for value in (True, False):
        ids = [id_ for id_, now in silenced.items() if now is value]
        if ids:
            tx.execute(sa.update(table).where(table.c.id.in_(ids)).values(silenced=value))
