"""Rows made in bulk: copies of real items, with as many changes as wanted."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from app.store import models as m
from bench.core import Core

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT {low} UNION ALL SELECT i + 1 FROM n WHERE i < {high}) "
FIRST = 1_000_000
"""Numbers of copies begin here."""


def copy_items(core: Core, model: int, count: int) -> list[int]:
    """Copy an item (by id) `count` times, each with its own number; gives the ids."""
    columns = [column.name for column in m.item.c if column.name not in ("id", "native_id", "number", "key")]
    listed = ", ".join(columns)
    core.run(
        f"INSERT INTO item ({listed}, native_id, number, key) "
        + _NUMBERS.format(low=FIRST, high=FIRST + count - 1)
        + f"SELECT {', '.join(f'o.{name}' for name in columns)}, 'copy' || n.i, n.i, '#' || n.i"
        f" FROM n CROSS JOIN item o WHERE o.id = {model}"
    )
    return [row.id for row in core.rows(sa.select(m.item.c.id).where(m.item.c.number >= FIRST).order_by(m.item.c.id))]


def copy_change(core: Core, model: int, item_ids: list[int], each: int) -> None:
    """Give each item `each` copies of a change (by id)."""
    columns = [column.name for column in m.change.c if column.name not in ("id", "natural_key", "item_id")]
    listed = ", ".join(columns)
    core.run(
        f"INSERT INTO change ({listed}, natural_key, item_id) "
        + _NUMBERS.format(low=1, high=each)
        + f"SELECT {', '.join(f'o.{name}' for name in columns)}, 'copy' || o.id || '.' || t.id || '.' || n.i, t.id"
        f" FROM n CROSS JOIN item t CROSS JOIN change o"
        f" WHERE o.id = {model} AND t.id BETWEEN {item_ids[0]} AND {item_ids[-1]}"
    )


def make_due(core: Core, item_ids: list[int], *, at: datetime) -> None:
    """Let these items, and nothing else, be due at an instant."""
    with core.db.write() as tx:
        tx.execute(sa.update(m.item).where(m.item.c.next_check_at <= at).values(next_check_at=None))
        tx.execute(sa.delete(m.mark))
        tx.execute(sa.update(m.item).where(m.item.c.id.in_(item_ids)).values(next_check_at=at))
        tx.execute(sa.delete(m.bell))


def quiet_pull(core: Core) -> int:
    """The id of an open pull request of the demo with the most changes: what is copied."""
    return int(
        core.rows(
            sa.select(m.item.c.id)
            .join(m.change, m.change.c.item_id == m.item.c.id)
            .where(m.item.c.is_open, m.item.c.kind == "pull_request")
            .group_by(m.item.c.id)
            .order_by(sa.func.count().desc(), m.item.c.id)
            .limit(1)
        )[0].id
    )


def refresh_statistics(core: Core) -> None:
    """What a running PostgreSQL does by itself after a while."""
    if not core.db.is_sqlite:
        with core.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("ANALYZE"))
