"""Milestones with kept forecasts, put there as rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Database
from tests.world import MONDAY, World

NOW = MONDAY
NUMBERS = count(900)


@dataclass(frozen=True)
class Told:
    """One milestone, in days before now: the day given for 85 of 100 (None: none was), and when that was `said`; the
    day that a `later` forecast gave; its items as (taken out, closed), None where not; when it was `closed`.
    """

    by85: int | None
    items: tuple[tuple[int | None, int | None], ...]
    closed: int | None = None
    said: int = 60
    later: int | None = None


def tell(world: World, title: str, told: Told) -> None:
    """Put it into the only project of a world."""
    (project,) = world.rows(sa.select(m.project))
    put(world.db, project.id, project.tracker_id, title, told, now=NOW)


def put(db: Database, project_id: int, tracker_id: int, title: str, told: Told, *, now: datetime) -> None:
    """Put it into a project."""

    def ago(days: int | None) -> datetime | None:
        return None if days is None else now - timedelta(days=days)

    def add(table: sa.Table, **values: Any) -> int:
        return int(tx.execute(sa.insert(table).values(**values).returning(table.c.id)).scalar_one())

    place: dict[str, Any] = {"project_id": project_id, "created_at": ago(90)}
    with db.write() as tx:
        number = next(NUMBERS)
        ends = {"is_open": told.closed is None, "closed_at": ago(told.closed)}
        names = {"native_id": f"t{number}", "number": number, "kind": "milestone", "title": title}
        made = add(m.milestone, tracker_id=tracker_id, **place, **names, **ends)
        for said, day in ((told.said, ago(told.by85)), (told.said - 10, ago(told.later))):
            value = {"by85": None if day is None else day.date().isoformat()}
            about = {"project_id": project_id, "subject_kind": "milestone", "subject_id": made}
            add(m.statistic, **about, name="forecast", as_of=ago(said), value=value)
        for left, closed in told.items:
            key = next(NUMBERS)
            names = {"native_id": f"t/{key}", "number": key, "key": f"#{key}", "kind": "issue"}
            item = add(m.item, **place, **names, is_open=closed is None, closed_at=ago(closed))
            add(m.membership, milestone_id=made, item_id=item, joined_at=ago(80), left_at=ago(left))
