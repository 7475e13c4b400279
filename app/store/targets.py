"""Targets: where messages go. Addresses are sealed before they come here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx


@dataclass(frozen=True, slots=True)
class Target:
    """One of them. `kind` is what its address begins with, `per_day` how many messages it gets on a day at most,
    `detail` why the latest message did not go out (empty: it did).
    """

    id: int
    name: str
    kind: str
    per_day: int
    created_at: datetime
    detail: str
    address: str = field(repr=False)


_COLUMNS = [models.target.c[name] for name in ("id", "name", "kind", "per_day", "created_at", "detail", "address")]


def targets(tx: Tx) -> list[Target]:
    """All of them, by name."""
    rows = tx.execute(sa.select(*_COLUMNS).order_by(models.target.c.name))
    return [Target(*row) for row in rows]


def get(tx: Tx, target_id: int) -> Target | None:
    row = tx.execute(sa.select(*_COLUMNS).where(models.target.c.id == target_id)).one_or_none()
    return None if row is None else Target(*row)


def named(tx: Tx, names: Iterable[str]) -> dict[str, int]:
    """The ids of those that there are, by name."""
    table, wanted = models.target, sorted(set(names))
    if not wanted:
        return {}
    rows = tx.execute(sa.select(table.c.name, table.c.id).where(table.c.name.in_(wanted)))
    return {row.name: row.id for row in rows}


def save(tx: Tx, *, name: str, kind: str, address: str, per_day: int, now: datetime) -> bool:
    """Add a target, or give one another address. True: it was added."""
    table = models.target
    values = {"kind": kind, "address": address, "per_day": per_day, "detail": ""}
    if tx.execute(sa.update(table).where(table.c.name == name).values(**values)).rowcount:
        return False
    tx.execute(sa.insert(table).values(name=name, created_at=now, **values))
    return True


def set_detail(tx: Tx, target_id: int, detail: str) -> None:
    table = models.target
    tx.execute(sa.update(table).where(table.c.id == target_id).values(detail=detail))


def remove(tx: Tx, name: str) -> bool:
    """Forget a target with its address; what waits for it is never sent. False: there is none."""
    table, notice = models.target, models.notice
    target_id = tx.scalar(sa.select(table.c.id).where(table.c.name == name))
    if target_id is None:
        return False
    mine = notice.c.target_id == target_id
    left = sa.and_(mine, notice.c.status.in_(("waiting", "held")))
    tx.execute(sa.update(notice).where(left).values(status="dropped", detail="the target was removed"))
    on_its_way = sa.and_(mine, notice.c.status == "sending")
    tx.execute(sa.update(notice).where(on_its_way).values(status="unsure"))
    tx.execute(sa.update(notice).where(mine).values(target_id=None))
    tx.execute(sa.delete(models.bell).where(models.bell.c.kind == "target", models.bell.c.row_id == target_id))
    tx.execute(sa.delete(table).where(table.c.id == target_id))
    return True
