"""One change under two keys: a tracker's clock may tick between an item's own instant and its timeline's entry.

Keys of such changes end with their instant to the second. Of two that differ by one second the earlier stays, whichever
came first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx

_KEY = re.compile(
    r"((?:label|assignee|reviewer|milestone|title|draft|lock|queue|state:\d+:(?:closed|reopened)).*:)"
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\Z",
    re.DOTALL,
)
TICK = timedelta(seconds=1)


def once(tx: Tx, project_id: int, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows to insert, without those that are there already a second earlier; those a second later give way."""
    kept: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: (row["at"], row["actor_id"] is not None)):
        earlier, _ = _beside(row["natural_key"])
        if row["field"] == "push":  # the later of two instants is the push's own
            kept[row["natural_key"]] = row
        elif earlier not in kept:
            kept.setdefault(row["natural_key"], row)
    beside = {key: _beside(key) for key in kept}
    asked = [other for pair in beside.values() for other in pair if other is not None]
    if not asked:
        return list(kept.values())
    table = models.change
    there = set(
        tx.scalars(
            sa.select(table.c.natural_key).where(table.c.project_id == project_id, table.c.natural_key.in_(asked))
        )
    )
    late = [later for _, later in beside.values() if later in there]
    if late:
        tx.execute(sa.delete(table).where(table.c.project_id == project_id, table.c.natural_key.in_(late)))
    return [row for key, row in kept.items() if beside[key][0] not in there]


def _beside(key: str) -> tuple[str | None, str | None]:
    """The keys a second earlier and later; None, None for a key without a ticking instant."""
    found = _KEY.match(key)
    if found is None:
        return None, None
    at = datetime.fromisoformat(found[2])
    return tuple(f"{found[1]}{(at + step):%Y-%m-%dT%H:%M:%SZ}" for step in (-TICK, TICK))  # type: ignore[return-value]
