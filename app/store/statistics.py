"""Statistics as rows: append-only, each with the instant as of which it was made. What was known at a time can be told
later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from app.store import models
from app.store.database import Tx, insert
from rules.statistics import Forecast, Risk, Usual

FORECASTS_KEPT = 30
"""So many of a milestone's forecasts are read as facts, the latest."""
RISK = "risk:"
"""What the name of a risk begins with."""
_SHAPES: Mapping[str, TypeAdapter[Any]] = {
    "forecast": TypeAdapter(Forecast),
    "usual": TypeAdapter(Usual),
    "risk:quiet-pull": TypeAdapter(Risk),
}
"""What a statistic of a name holds."""
OF_PROJECTS = ("usual", "risk:quiet-pull")


@dataclass(frozen=True, slots=True)
class Statistic:
    """One statistic of a project or a milestone, of the shape that goes with its name."""

    subject_kind: str
    subject_id: int
    name: str
    value: Forecast | Usual | Risk


@dataclass(frozen=True, slots=True)
class Known:
    """The latest statistics of projects, by project."""

    usual: Mapping[int, Usual] = field(default_factory=dict)
    risks: Mapping[int, Mapping[str, Risk]] = field(default_factory=dict)
    """Of each, by name without what it begins with."""


def save(tx: Tx, project_id: int, statistics: Iterable[Statistic], *, now: datetime) -> None:
    """Keep statistics made at an instant; the same made twice is one."""
    rows = [
        {
            "project_id": project_id,
            "subject_kind": one.subject_kind,
            "subject_id": one.subject_id,
            "name": one.name,
            "as_of": now,
            "value": _plain(one.value),
        }
        for one in statistics
    ]
    if rows:
        tx.execute(insert(tx, models.statistic).on_conflict_do_nothing(), rows)


def due(tx: Tx, *, now: datetime) -> list[int]:
    """Projects whose statistics are due to be made anew, `now` in world time."""
    project = models.project
    due = sa.or_(project.c.refresh_at.is_(None), project.c.refresh_at <= now)
    in_use = sa.and_(project.c.removed_at.is_(None), project.c.status == "active")
    return list(tx.scalars(sa.select(project.c.id).where(due, in_use).order_by(project.c.id)))


def claim(tx: Tx, project_id: int, *, now: datetime, next_at: datetime) -> bool:
    """Set when a project's statistics are made anew after this time. False: somebody else has made them already."""
    project = models.project
    done = tx.execute(
        sa.update(project)
        .where(project.c.id == project_id, sa.or_(project.c.refresh_at.is_(None), project.c.refresh_at <= now))
        .values(refresh_at=next_at)
    )
    return done.rowcount == 1


def _plain(value: Any) -> Any:
    """A statistic as plain JSON values."""
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def of_projects(tx: Tx, project_ids: Sequence[int]) -> Known:
    """What is usual in each of these projects and how likely bad ends are there, as last counted."""
    table = models.statistic
    wanted = sa.and_(table.c.name.in_(OF_PROJECTS), table.c.project_id.in_(list(project_ids)))
    newest = (
        sa.select(sa.func.max(table.c.as_of), table.c.project_id, table.c.name)
        .where(wanted)
        .group_by(table.c.project_id, table.c.name)
    )
    rows = tx.execute(
        sa.select(table.c.project_id, table.c.name, table.c.value).where(
            wanted, sa.tuple_(table.c.as_of, table.c.project_id, table.c.name).in_(newest)
        )
    )
    usual: dict[int, Usual] = {}
    risks: dict[int, dict[str, Risk]] = {}
    for row in rows:
        value = _SHAPES[row.name].validate_python(row.value)
        if row.name == "usual":
            usual[row.project_id] = value
        else:
            risks.setdefault(row.project_id, {})[row.name.removeprefix(RISK)] = value
    return Known(usual, risks)


def forecasts_of(
    tx: Tx, milestone_ids: Sequence[int], *, most: int = FORECASTS_KEPT
) -> dict[int, tuple[Forecast, ...]]:
    """The latest forecasts of each of these milestones, oldest first."""
    table = models.statistic
    ranked = (
        sa.select(
            table.c.subject_id,
            table.c.as_of,
            table.c.value,
            sa.func.row_number().over(partition_by=table.c.subject_id, order_by=table.c.as_of.desc()).label("rank"),
        )
        .where(
            table.c.subject_kind == "milestone",
            table.c.subject_id.in_(list(milestone_ids)),
            table.c.name == "forecast",
        )
        .subquery()
    )
    found: dict[int, list[Forecast]] = {}
    for row in tx.execute(
        sa.select(ranked.c.subject_id, ranked.c.value).where(ranked.c.rank <= most).order_by(ranked.c.as_of)
    ):
        found.setdefault(row.subject_id, []).append(_SHAPES["forecast"].validate_python(row.value))
    return {id_: tuple(kept) for id_, kept in found.items()}
