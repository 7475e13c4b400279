"""What was written to trackers lately: what ceilings count and what tells an echo from a removal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx


def last_written(tx: Tx, item_id: int, *, kind: str, detail: str) -> datetime | None:
    """World time of our last write of a kind about something (a label's name) on an item."""
    table = models.written
    found: datetime | None = tx.scalar(
        sa.select(table.c.world_at)
        .where(table.c.item_id == item_id, table.c.kind == kind, table.c.detail == detail)
        .order_by(table.c.id.desc())
        .limit(1)
    )
    return found


def flips(tx: Tx, item_id: int, *, label: str, since: datetime) -> list[datetime]:
    """World instants at which we put a label on an item or took it off, oldest first."""
    table = models.written
    return list(
        tx.scalars(
            sa.select(table.c.world_at)
            .where(
                table.c.item_id == item_id,
                table.c.kind.in_(("label_added", "label_removed")),
                table.c.detail == label,
                table.c.world_at > since,
            )
            .order_by(table.c.id)
        )
    )


def about_person_since(tx: Tx, project_id: int, person_ids: Iterable[int], since: datetime) -> int:
    """The most new comments since an instant of world time that were about one and the same of these people's turn."""
    table = models.publication
    rows = tx.scalars(sa.select(table.c.answers).where(table.c.project_id == project_id, table.c.commented_at >= since))
    about = [person for doc in rows for person in doc.get("about", ())]
    return max((about.count(person) for person in person_ids), default=0)
