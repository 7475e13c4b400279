"""What is kept of connections beside what they need to work: what checks saw, what arrived and what was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx


@dataclass(frozen=True, slots=True)
class Arrived:
    """A webhook that came."""

    event: str
    at: datetime


def last_arrived(tx: Tx, tracker_id: int) -> Arrived | None:
    """The last webhook of a tracker; what was asked of the tracker does not count."""
    table = models.delivery
    row = tx.execute(
        sa.select(table.c.event, table.c.received_at)
        .where(table.c.tracker_id == tracker_id, sa.text(models.ARRIVED))
        .order_by(table.c.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Arrived(row.event, row.received_at)


@dataclass(frozen=True, slots=True)
class Refused:
    """A webhook that was refused by its signature."""

    at: datetime
    why: str


def last_refused(tx: Tx, tracker_id: int) -> Refused | None:
    """The last webhook of a tracker that was refused."""
    table = models.tracker
    row = tx.execute(sa.select(table.c.refused_at, table.c.refused_why).where(table.c.id == tracker_id)).one_or_none()
    return None if row is None or row.refused_at is None else Refused(row.refused_at, row.refused_why)


def note_refusal(tx: Tx, tracker_id: int, *, why: str, now: datetime) -> None:
    """Remember that a webhook was refused: often the only trace of a secret that is not the same on both sides."""
    table = models.tracker
    tx.execute(sa.update(table).where(table.c.id == tracker_id).values(refused_at=now, refused_why=why[:300]))


def set_webhook_secret(tx: Tx, tracker_id: int, sealed: str) -> None:
    """From now on webhooks are signed with this one; what was refused before is forgotten."""
    table = models.tracker
    fresh = {"webhook_secret": sealed, "refused_at": None, "refused_why": ""}
    tx.execute(sa.update(table).where(table.c.id == tracker_id).values(**fresh))


def save_report(tx: Tx, connection_id: int, report: Mapping[str, Any]) -> None:
    """Keep what a check saw, in full."""
    table = models.connection
    tx.execute(sa.update(table).where(table.c.id == connection_id).values(report=dict(report)))


def update(tx: Tx, connection_id: int, **values: Any) -> None:
    """Set columns of a connection."""
    tx.execute(sa.update(models.connection).where(models.connection.c.id == connection_id).values(**values))


def watched(tx: Tx) -> dict[int, int]:
    """How many projects are watched over each connection."""
    project = models.project
    rows = tx.execute(
        sa.select(project.c.connection_id, sa.func.count())
        .where(project.c.removed_at.is_(None), project.c.connection_id.is_not(None))
        .group_by(project.c.connection_id)
    )
    return {row[0]: row[1] for row in rows}


def known_natives(tx: Tx, tracker_id: int) -> frozenset[str]:
    """The native ids of the projects of a tracker that are watched."""
    project = models.project
    return frozenset(
        tx.scalars(
            sa.select(project.c.native_id).where(project.c.tracker_id == tracker_id, project.c.removed_at.is_(None))
        )
    )
