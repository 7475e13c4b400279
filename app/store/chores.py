"""Chores: something large that somebody asked for on a page, done in the background by one worker at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx


@dataclass(frozen=True, slots=True)
class Chore:
    """One of them: `kind` is replay or retract, `asked` what for, `cursor` how far it is. `status`: running, done,
    failed, or stopped (by somebody). Instants are real time.
    """

    id: int
    kind: str
    who: str
    asked: Mapping[str, Any]
    status: str
    cursor: Mapping[str, Any]
    total: int | None
    done: int
    detail: str
    started_at: datetime
    finished_at: datetime | None


_COLUMNS = [models.chore.c[name] for name in Chore.__dataclass_fields__]


def add(tx: Tx, *, kind: str, who: str, asked: Mapping[str, Any], total: int | None, now: datetime) -> int:
    """Put one down; gives its id."""
    values = {"kind": kind, "who": who, "asked": dict(asked), "total": total, "started_at": now, "next_at": now}
    return int(tx.execute(sa.insert(models.chore).values(values).returning(models.chore.c.id)).scalar_one())


def get(tx: Tx, chore_id: int) -> Chore | None:
    row = tx.execute(sa.select(*_COLUMNS).where(models.chore.c.id == chore_id)).one_or_none()
    return None if row is None else Chore(*row)


def latest(tx: Tx, kind: str, *, limit: int = 3) -> list[Chore]:
    """The latest of a kind, newest first."""
    table = models.chore.c
    rows = tx.execute(sa.select(*_COLUMNS).where(table.kind == kind).order_by(table.id.desc()).limit(limit))
    return [Chore(*row) for row in rows]


def due(tx: Tx, *, now: datetime) -> list[int]:
    """Those that go on now."""
    table = models.chore.c
    return list(tx.scalars(sa.select(table.id).where(table.status == "running", table.next_at <= now)))


def save(tx: Tx, chore_id: int, **values: Any) -> None:
    """Set columns."""
    tx.execute(sa.update(models.chore).where(models.chore.c.id == chore_id).values(**values))


def stop(tx: Tx, chore_id: int, *, now: datetime) -> bool:
    """Have one go on no more; False where it was over already."""
    table = models.chore.c
    still = sa.and_(table.id == chore_id, table.status == "running")
    return tx.execute(sa.update(models.chore).where(still).values(status="stopped", finished_at=now)).rowcount == 1
