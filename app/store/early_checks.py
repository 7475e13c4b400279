"""Results of checks that came before the pull request whose head they are about. Kept for some days, by commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx, insert

KEPT = timedelta(days=7)
"""A result that no pull request has asked for by then is forgotten."""


@dataclass(frozen=True, slots=True)
class EarlyCheck:
    """One result: the check's name and state, as of when."""

    head_sha: str
    name: str
    state: str
    at: datetime


def load(tx: Tx, project_id: int, shas: Iterable[str]) -> list[EarlyCheck]:
    """The results kept for these commits."""
    table, wanted = models.early_check, sorted(set(shas))
    if not wanted:
        return []
    rows = tx.execute(
        sa.select(table.c.head_sha, table.c.name, table.c.state, table.c.at).where(
            table.c.project_id == project_id, table.c.head_sha.in_(wanted)
        )
    )
    return [EarlyCheck(**row._mapping) for row in rows]


def save(tx: Tx, project_id: int, checks: Sequence[EarlyCheck], *, now: datetime) -> None:
    """Keep results; of one check on one commit the latest."""
    newest = {(one.head_sha, one.name): one for one in sorted(checks, key=lambda one: one.at)}
    if not newest:
        return
    table = models.early_check
    statement = insert(tx, table)
    statement = statement.on_conflict_do_update(
        index_elements=["project_id", "head_sha", "name"],
        set_={"state": statement.excluded.state, "at": statement.excluded.at, "kept_at": statement.excluded.kept_at},
        where=statement.excluded.at >= table.c.at,
    )
    rows = [
        {
            "project_id": project_id,
            "head_sha": one.head_sha,
            "name": one.name,
            "state": one.state,
            "at": one.at,
            "kept_at": now,
        }
        for one in newest.values()
    ]
    tx.execute(statement, rows)


def forget(tx: Tx, *, now: datetime) -> None:
    """Drop what nobody asked for."""
    tx.execute(sa.delete(models.early_check).where(models.early_check.c.kept_at < now - KEPT))
