"""Runs of reading the past: how far they are, and what holds them up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx
from app.time import from_iso

OPEN = ("running", "waiting", "stopped")


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `kind` is import or changes; `done` of `total` items were looked at, `told` of them had to be read."""

    id: int
    project_id: int
    kind: str
    phase: str
    status: str
    cursor: Mapping[str, Any]
    total: int | None
    done: int
    told: int
    calls: int
    tries: int
    detail: str
    started_at: datetime
    resume_at: datetime | None
    finished_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether there is more to read."""
        return self.status in OPEN


def begin(tx: Tx, project_id: int, *, kind: str, since: str | None, now: datetime) -> Run:
    """Begin a run. Finished ones of the same kind give way: the newest is what people ask about."""
    table = models.import_run
    tx.execute(sa.delete(table).where(table.c.project_id == project_id, table.c.kind == kind))
    run_id = tx.execute(
        sa.insert(table)
        .values(
            project_id=project_id,
            kind=kind,
            phase="start",
            status="running",
            cursor={"since": since, "news": since, "page": 1, "done": []},
            started_at=now,
        )
        .returning(table.c.id)
    ).scalar_one()
    return Run(**tx.execute(sa.select(table).where(table.c.id == run_id)).one()._mapping)


def open_run(tx: Tx, project_id: int) -> Run | None:
    """The run that is under way, an import before anything else."""
    table = models.import_run
    row = tx.execute(
        sa.select(table)
        .where(table.c.project_id == project_id, table.c.status.in_(OPEN))
        .order_by(sa.case((table.c.kind == "import", 0), else_=1), table.c.id)
        .limit(1)
    ).one_or_none()
    return None if row is None else Run(**row._mapping)


def latest(tx: Tx, project_id: int, *, kind: str) -> Run | None:
    """The newest run of a kind."""
    table = models.import_run
    row = tx.execute(
        sa.select(table)
        .where(table.c.project_id == project_id, table.c.kind == kind)
        .order_by(table.c.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Run(**row._mapping)


def save(tx: Tx, run_id: int, **values: Any) -> None:
    """Set columns."""
    tx.execute(sa.update(models.import_run).where(models.import_run.c.id == run_id).values(**values))


def known(tx: Tx, project_id: int, natives: Iterable[str], *, group: str) -> dict[str, datetime]:
    """As of when items are known, by native id, in one group of fields (`read`: since when read whole). Items with a
    gap are left out.
    """
    table = models.item
    found = tx.execute(
        sa.select(table.c.native_id, table.c.guards).where(
            table.c.project_id == project_id, table.c.native_id.in_(list(natives)), table.c.gap.is_(False)
        )
    )
    return {row.native_id: from_iso(row.guards[group]) for row in found if row.guards.get(group)}


def milestones_known(tx: Tx, project_id: int) -> dict[str, datetime | None]:
    """As of when milestones are known, by native id."""
    table = models.milestone
    found = tx.execute(sa.select(table.c.native_id, table.c.as_of).where(table.c.project_id == project_id))
    return {row.native_id: row.as_of for row in found}


def not_taken_in(tx: Tx, project_id: int, *, event: str) -> int:
    """How many deliveries of an event have not been looked at yet."""
    table = models.delivery
    return int(
        tx.scalar(
            sa.select(sa.func.count()).where(
                table.c.project_id == project_id,
                table.c.status == "pending",
                table.c.event == event,
                table.c.attempts == 0,
            )
        )
        or 0
    )


def oldest_item(tx: Tx, project_id: int) -> datetime | None:
    """When the oldest item of a project was made."""
    table = models.item
    found: datetime | None = tx.scalar(
        sa.select(sa.func.min(table.c.created_at)).where(table.c.project_id == project_id)
    )
    return found


def known_guids(tx: Tx, tracker_id: int, guids: Iterable[str]) -> set[str]:
    """Which of these deliveries did arrive."""
    table = models.delivery
    return set(
        tx.scalars(
            sa.select(table.c.guid).where(
                table.c.tracker_id == tracker_id, table.c.guid.in_(list(guids)), table.c.status != "aside"
            )
        )
    )
