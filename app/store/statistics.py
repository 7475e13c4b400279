"""Statistics as rows: append-only, each with the instant as of which it was made. What was known at a time can be told
later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from app.store import models
from app.store.database import IDS, Tx, insert
from rules.statistics import Forecast, Outlook, Risk, Usual

FORECASTS_KEPT = 30
"""So many of a milestone's forecasts and outlooks are read as facts, the latest."""
RISK = "risk:"
"""What the name of a risk begins with."""
_SHAPES: Mapping[str, TypeAdapter[Any]] = {
    "forecast": TypeAdapter(Forecast),
    "usual": TypeAdapter(Usual),
    "outlook": TypeAdapter(Outlook),
    "risk:quiet-pull": TypeAdapter(Risk),
    "risk:shortfall": TypeAdapter(Risk),
}
"""What a statistic of a name holds."""
OF_PROJECTS = ("usual", "risk:quiet-pull", "risk:shortfall")
GROWN_OVER_TIME = ("risk:quiet-pull",)
"""What a replay of the past reads as it was kept: it was learnt from what was noted down over many months."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """One statistic of a project or a milestone, of the shape that goes with its name."""

    subject_kind: str
    subject_id: int
    name: str
    value: Forecast | Outlook | Usual | Risk


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


@cache
def _newest() -> sa.Select[Any]:
    table = models.statistic
    wanted = sa.and_(table.c.name.in_(OF_PROJECTS), table.c.project_id.in_(IDS))
    newest = (
        sa.select(sa.func.max(table.c.as_of), table.c.project_id, table.c.name)
        .where(wanted)
        .group_by(table.c.project_id, table.c.name)
    )
    return sa.select(table.c.project_id, table.c.name, table.c.value).where(
        wanted, sa.tuple_(table.c.as_of, table.c.project_id, table.c.name).in_(newest)
    )


def of_projects(tx: Tx, project_ids: Sequence[int]) -> Known:
    """What is usual in each of these projects and how likely bad ends are there, as last counted."""
    rows = tx.execute(_newest(), {"ids": list(project_ids)})
    usual: dict[int, Usual] = {}
    risks: dict[int, dict[str, Risk]] = {}
    for row in rows:
        value = _SHAPES[row.name].validate_python(row.value)
        if row.name == "usual":
            usual[row.project_id] = value
        else:
            risks.setdefault(row.project_id, {})[row.name.removeprefix(RISK)] = value
    return Known(usual, risks)


@dataclass(frozen=True, slots=True)
class Expected:
    """What was expected of a milestone on its latest days, oldest first."""

    forecasts: tuple[Forecast, ...] = ()
    outlooks: tuple[Outlook, ...] = ()


def expected_of(tx: Tx, milestone_ids: Sequence[int], *, most: int = FORECASTS_KEPT) -> dict[int, Expected]:
    """The latest forecasts and outlooks of each of these milestones, at most so many of each."""
    forecasts: dict[int, list[Forecast]] = {}
    outlooks: dict[int, list[Outlook]] = {}
    for row in tx.execute(_latest(), {"ids": list(milestone_ids), "most": most}):
        value = _SHAPES[row.name].validate_python(row.value)
        (forecasts if row.name == "forecast" else outlooks).setdefault(row.subject_id, []).append(value)
    return {
        id_: Expected(tuple(forecasts.get(id_, ())), tuple(outlooks.get(id_, ())))
        for id_ in forecasts.keys() | outlooks.keys()
    }


@cache
def _latest() -> sa.Select[Any]:
    table = models.statistic
    newest = (table.c.subject_id, table.c.name)
    ranked = (
        sa.select(
            *newest,
            table.c.as_of,
            table.c.value,
            sa.func.row_number().over(partition_by=newest, order_by=table.c.as_of.desc()).label("rank"),
        )
        .where(
            table.c.subject_kind == "milestone", table.c.subject_id.in_(IDS), table.c.name.in_(("forecast", "outlook"))
        )
        .subquery()
    )
    return (
        sa.select(ranked.c.subject_id, ranked.c.name, ranked.c.value)
        .where(ranked.c.rank <= sa.bindparam("most"))
        .order_by(ranked.c.as_of)
    )
