"""How each project keeps up with its tracker, and which items want a read.

`id` is the project's. Instants are real time, except `reconciled_to`, which is by the tracker's clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx, insert

READ_AFTER = timedelta(seconds=5)
"""How long a wanted read waits: by then the second it is about is over, and more doubts may have joined it."""


@dataclass(frozen=True, slots=True)
class SyncRow:
    """See the columns of the table `sync`."""

    id: int
    mode: str
    reconciled_to: datetime | None
    next_at: datetime | None
    catching_up_at: datetime | None
    why: str
    usual_silence: float | None
    silence_seen: datetime | None
    lost_checked_at: datetime | None
    detail: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item that wants a read."""

    id: int
    number: int | None
    native_id: str | None
    reason: str
    asked_at: datetime
    attempts: int


def _select() -> sa.Select[Any]:
    table = models.sync
    return sa.select(*(table.c[name] for name in SyncRow.__dataclass_fields__))


def get(tx: Tx, project_id: int) -> SyncRow | None:
    """The row of one project; None where its tracker cannot be read."""
    row = tx.execute(_select().where(models.sync.c.id == project_id)).one_or_none()
    return None if row is None else SyncRow(**row._mapping)


def rows(tx: Tx) -> dict[int, SyncRow]:
    """All rows, by project."""
    return {row.id: SyncRow(**row._mapping) for row in tx.execute(_select())}


def ensure(tx: Tx, project_id: int, *, mode: str, next_at: datetime) -> None:
    """Make the row where there is none, and set its mode."""
    table = models.sync
    tx.execute(insert(tx, table).values(id=project_id, mode=mode, next_at=next_at).on_conflict_do_nothing())
    tx.execute(
        sa.update(table).where(table.c.id == project_id, table.c.mode != mode).values(mode=mode, next_at=next_at)
    )


def save(tx: Tx, project_id: int, **values: Any) -> None:
    """Set columns."""
    tx.execute(sa.update(models.sync).where(models.sync.c.id == project_id).values(**values))


def catch_up(tx: Tx, project_ids: Iterable[int], *, now: datetime, why: str) -> None:
    """From now on these projects are judged but not published to, until they have caught up."""
    table = models.sync
    tx.execute(
        sa.update(table)
        .where(table.c.id.in_(list(project_ids)), table.c.catching_up_at.is_(None))
        .values(catching_up_at=now, why=why, next_at=now)
    )


def due(tx: Tx, *, now: datetime) -> list[int]:
    """Projects of which something is to be read, without those that are in use no more."""
    table, wanted, project = models.sync, models.wanted_read, models.project
    asked = sa.select(wanted.c.project_id).where(wanted.c.not_before <= now)
    found = tx.scalars(
        sa.select(table.c.id)
        .join(project, project.c.id == table.c.id)
        .where(sa.or_(table.c.next_at <= now, table.c.id.in_(asked)), project.c.removed_at.is_(None))
        .order_by(table.c.id)
    )
    return list(found)


def is_catching_up(project_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """As a condition on a column of project ids."""
    table = models.sync
    return sa.exists().where(table.c.id == project_id, table.c.catching_up_at.is_not(None))


# --- silences -------------------------------------------------------------------------------------------------------


def silent(tx: Tx, *, now: datetime) -> list[int]:
    """Projects with webhooks that have been silent for longer than is usual for them, and were not asked about it."""
    table, project = models.sync, models.project
    found = tx.execute(
        sa.select(table.c.id, table.c.usual_silence, table.c.silence_seen, project.c.last_delivery_at)
        .join(project, project.c.id == table.c.id)
        .where(
            table.c.mode != "polling",
            table.c.usual_silence.is_not(None),
            project.c.last_delivery_at.is_not(None),
            project.c.removed_at.is_(None),
            project.c.status == "active",
        )
    )
    return [
        row.id
        for row in found
        if row.silence_seen != row.last_delivery_at and (now - row.last_delivery_at).total_seconds() > row.usual_silence
    ]


def arrivals(tx: Tx, project_id: int, *, since: datetime, limit: int, leave_out: str) -> list[datetime]:
    """When webhooks of a project arrived, the newest first, without deliveries of the event `leave_out`."""
    table = models.delivery
    return list(
        tx.scalars(
            sa.select(table.c.received_at)
            .where(table.c.project_id == project_id, table.c.received_at >= since, table.c.event != leave_out)
            .order_by(table.c.id.desc())
            .limit(limit)
        )
    )


# --- wanted reads ---------------------------------------------------------------------------------------------------


def want_reads(tx: Tx, project_id: int, reads: Iterable[tuple[int, str]], *, now: datetime) -> None:
    """Ask for reads of items (number, reason); one that is asked for already is asked for anew."""
    table = models.wanted_read
    wanted = [
        {
            "project_id": project_id,
            "number": number,
            "reason": reason,
            "asked_at": now,
            "not_before": now + READ_AFTER,
        }
        for number, reason in sorted(set(reads))
    ]
    if wanted:
        statement = insert(tx, table)
        statement = statement.on_conflict_do_update(
            index_elements=["project_id", "number"],
            set_={"asked_at": statement.excluded.asked_at, "attempts": 0, "not_before": statement.excluded.not_before},
        )
        tx.execute(statement, wanted)


def want_natives(tx: Tx, project_id: int, natives: Iterable[str], *, reason: str, now: datetime) -> None:
    """Ask for reads of items of which nothing but the native id is known; the project lends its connection. One that
    is asked for already is asked for once.
    """
    table = models.wanted_read
    rows = [
        {
            "project_id": project_id,
            "native_id": native,
            "reason": reason,
            "asked_at": now,
            "not_before": now + READ_AFTER,
        }
        for native in sorted(set(natives))
    ]
    if rows:
        tx.execute(insert(tx, table).on_conflict_do_nothing(index_elements=["project_id", "native_id"]), rows)


def told(tx: Tx, wanted_id: int) -> None:
    """A read has been answered, and what it told is in line."""
    tx.execute(sa.delete(models.wanted_read).where(models.wanted_read.c.id == wanted_id))


def wanted(tx: Tx, project_id: int, *, now: datetime, limit: int) -> list[Wanted]:
    """Reads whose time has come, the longest waiting first."""
    table = models.wanted_read
    found = tx.execute(
        sa.select(table.c.id, table.c.number, table.c.native_id, table.c.reason, table.c.asked_at, table.c.attempts)
        .where(table.c.project_id == project_id, table.c.not_before <= now)
        .order_by(table.c.not_before, table.c.id)
        .limit(limit)
    )
    return [Wanted(**row._mapping) for row in found]


def wanted_count(tx: Tx, project_id: int) -> int:
    """How many items of a project want a read."""
    table = models.wanted_read
    return int(tx.scalar(sa.select(sa.func.count()).where(table.c.project_id == project_id)) or 0)


def put_off(tx: Tx, wanted_id: int, *, until: datetime, attempts: int) -> None:
    """Try a read again later."""
    table = models.wanted_read
    tx.execute(sa.update(table).where(table.c.id == wanted_id).values(not_before=until, attempts=attempts))


def answered(tx: Tx, project_id: int, reads: Sequence[tuple[int, datetime]]) -> set[int]:
    """Reads of items (number, asked at) that have come in: what they answer is struck off. Gives the numbers that no
    longer want one.
    """
    table = models.wanted_read
    tx.execute(
        sa.delete(table).where(
            table.c.project_id == project_id,
            table.c.number == sa.bindparam("the_number"),
            table.c.asked_at <= sa.bindparam("the_instant", type_=table.c.asked_at.type),
        ),
        [{"the_number": number, "the_instant": asked_at} for number, asked_at in reads],
    )
    numbers = {number for number, _ in reads}
    still = tx.scalars(sa.select(table.c.number).where(table.c.project_id == project_id, table.c.number.in_(numbers)))
    return numbers - set(still)
