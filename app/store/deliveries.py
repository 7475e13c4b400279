"""Deliveries: stored as received, taken up in order, marked with what became of them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx, insert

RETRY_AFTER = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
"""Waits between tries of a delivery that could not be taken in; after the last it is set aside."""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A verified delivery on its way in. `raw` is the body as received."""

    tracker_id: int
    lane_id: int
    project_id: int | None
    guid: str
    event: str
    action: str | None
    about: str | None
    received_at: datetime
    world_at: datetime
    raw: bytes

    def row(self) -> dict[str, Any]:
        return {
            "tracker_id": self.tracker_id,
            "lane_id": self.lane_id,
            "project_id": self.project_id,
            "guid": self.guid,
            "event": self.event,
            "action": self.action,
            "about": self.about,
            "received_at": self.received_at,
            "world_at": self.world_at,
            "size": len(self.raw),
            "body": zlib.compress(self.raw, 1),
        }


@dataclass(frozen=True, slots=True)
class PendingDelivery:
    id: int
    tracker_id: int
    project_id: int | None
    guid: str
    event: str
    action: str | None
    about: str | None
    world_at: datetime
    received_at: datetime
    attempts: int
    raw: bytes


def add_many(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Store deliveries. One that is known already is left as it is, unless it was set aside: then it may try again."""
    table = models.delivery
    statement = insert(tx, table)
    statement = statement.on_conflict_do_update(
        index_elements=["tracker_id", "guid"],
        set_={
            "status": "pending",
            "attempts": 0,
            "next_attempt_at": None,
            "body": statement.excluded.body,
            "size": statement.excluded.size,
        },
        where=table.c.status == "aside",
    )
    tx.execute(statement, list(rows))


def pending(tx: Tx, lane_id: int, *, now: datetime, limit: int) -> list[PendingDelivery]:
    """The next deliveries of a lane, in the order of arrival, without those that wait for another try."""
    table = models.delivery
    rows = tx.execute(
        sa.select(
            table.c.id,
            table.c.tracker_id,
            table.c.project_id,
            table.c.guid,
            table.c.event,
            table.c.action,
            table.c.about,
            table.c.world_at,
            table.c.received_at,
            table.c.attempts,
            table.c.body,
        )
        .where(
            table.c.lane_id == lane_id,
            table.c.status == "pending",
            sa.or_(table.c.next_attempt_at.is_(None), table.c.next_attempt_at <= now),
        )
        .order_by(table.c.id)
        .limit(limit)
    )
    return [
        PendingDelivery(
            id=row.id,
            tracker_id=row.tracker_id,
            project_id=row.project_id,
            guid=row.guid,
            event=row.event,
            action=row.action,
            about=row.about,
            world_at=row.world_at,
            received_at=row.received_at,
            attempts=row.attempts,
            raw=zlib.decompress(row.body),
        )
        for row in rows
    ]


def lanes_with_pending(tx: Tx, *, now: datetime) -> list[int]:
    table = models.delivery
    return list(
        tx.scalars(
            sa.select(table.c.lane_id)
            .where(
                table.c.status == "pending",
                sa.or_(table.c.next_attempt_at.is_(None), table.c.next_attempt_at <= now),
            )
            .distinct()
        )
    )


def mark(tx: Tx, outcomes: Sequence[tuple[int, str, str]], *, now: datetime) -> None:
    """Record what became of deliveries: (id, done or ignored, reason)."""
    if outcomes:
        tx.execute(
            sa.update(models.delivery)
            .where(models.delivery.c.id == sa.bindparam("the_id"))
            .values(status=sa.bindparam("the_status"), reason=sa.bindparam("the_reason"), done_at=now, trace=""),
            [{"the_id": id_, "the_status": status, "the_reason": reason} for id_, status, reason in outcomes],
        )


def fail(tx: Tx, delivery: PendingDelivery, *, reason: str, trace: str, now: datetime, final: bool = False) -> bool:
    """Plan another try, or set the delivery aside. True: it was set aside."""
    table = models.delivery
    aside = final or delivery.attempts >= len(RETRY_AFTER)
    tx.execute(
        sa.update(table)
        .where(table.c.id == delivery.id)
        .values(
            status="aside" if aside else "pending",
            attempts=delivery.attempts + 1,
            next_attempt_at=None if aside else now + RETRY_AFTER[delivery.attempts],
            reason=reason,
            trace=trace,
        )
    )
    return aside


def let_go(tx: Tx, *, since: datetime | None, before: datetime, limit: int) -> tuple[int, datetime | None]:
    """Empty the payloads of the oldest deliveries that are done with and came before an instant, but not before
    `since`; how many, and when the last of them came. What waits or was set aside keeps its own.
    """
    table = models.delivery
    old = sa.and_(
        table.c.received_at < before, table.c.status.in_(("done", "ignored")), sa.func.length(table.c.body) > 0
    )
    query = sa.select(table.c.id, table.c.received_at).where(old).order_by(table.c.received_at).limit(limit)
    if since is not None:
        query = query.where(table.c.received_at >= since)
    rows = tx.execute(query).all()
    if not rows:
        return 0, None
    tx.execute(sa.update(table).where(table.c.id.in_([row.id for row in rows])).values(body=b""))
    return len(rows), rows[-1].received_at


def replay(tx: Tx, ids: Sequence[int]) -> list[int]:
    """Put deliveries back in line, but for those whose payload was let go; gives the lanes to ring."""
    table = models.delivery
    return list(
        dict.fromkeys(
            tx.scalars(
                sa.update(table)
                .where(table.c.id.in_(ids), sa.func.length(table.c.body) > 0)
                .values(status="pending", attempts=0, next_attempt_at=None, reason="", trace="")
                .returning(table.c.lane_id)
            )
        )
    )


def listing(
    tx: Tx, *, status: str | None = None, project_id: int | None = None, after: int | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Deliveries newest first, as plain rows for output: no body, no trace."""
    table = models.delivery
    columns = [c for c in table.c if c.name not in ("body", "trace")]
    query = sa.select(*columns).order_by(table.c.id.desc()).limit(limit)
    if status is not None:
        query = query.where(table.c.status == status)
    if project_id is not None:
        query = query.where(table.c.project_id == project_id)
    if after is not None:
        query = query.where(table.c.id < after)
    return [dict(row._mapping) for row in tx.execute(query)]


def known(tx: Tx, ids: Sequence[int]) -> set[int]:
    """Which of these deliveries there are."""
    return set(tx.scalars(sa.select(models.delivery.c.id).where(models.delivery.c.id.in_(ids))))


def emptied(tx: Tx, ids: Sequence[int]) -> set[int]:
    """Those of these deliveries whose payload was let go."""
    table = models.delivery
    return set(tx.scalars(sa.select(table.c.id).where(table.c.id.in_(ids), sa.func.length(table.c.body) == 0)))


def ids_aside(tx: Tx) -> list[int]:
    """Every delivery that was set aside, in the order of arrival."""
    table = models.delivery
    return list(tx.scalars(sa.select(table.c.id).where(table.c.status == "aside").order_by(table.c.id)))


def guids(tx: Tx, tracker_id: int) -> set[str]:
    """Every delivery id of a tracker."""
    return set(tx.scalars(sa.select(models.delivery.c.guid).where(models.delivery.c.tracker_id == tracker_id)))


def counts(tx: Tx) -> dict[str, int]:
    table = models.delivery
    return {row[0]: row[1] for row in tx.execute(sa.select(table.c.status, sa.func.count()).group_by(table.c.status))}
