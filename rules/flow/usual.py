"""What is usual in a project, counted from how its items went. Pure: the same walks give the same figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TypeVar

from rules.calendar import Calendar
from rules.facts import Kind, Project
from rules.flow.walks import Stay, Walk, stays_of
from rules.statistics import Usual

T = TypeVar("T", int, float)
ANY = "any"
"""Stands for all kinds in a key of `Usual`."""
MIN_FINISHED = 20
"""Below so many finished items a share says nothing."""
WIP_SPAN = timedelta(days=90)
MIN_WIP_DAYS = 20


def usual_of(walks: Sequence[Walk], project: Project, *, calendar: Calendar, now: datetime) -> Usual:
    """The figures from all items that were open, or were finished, within the time that is looked at."""
    stays = [stay for walk in walks for stay in stays_of(walk, project, now)]
    longest = _longest(stays, calendar)
    wip, days = _wip(stays, calendar, since=project.known_from, now=now)
    worked = [walk for walk in walks if walk.done and walk.kind in (Kind.ISSUE, Kind.SUBTASK)]
    return Usual(
        as_of=now,
        p85_days=_frozen({key: nearest_rank(found, 0.85) for key, found in longest.items()}),
        counts=_frozen({key: len(found) for key, found in longest.items()}),
        p50_days=_frozen({key: nearest_rank(found, 0.5) for key, found in longest.items()}),
        p85_wip=_frozen({state: int(nearest_rank(found, 0.85)) for state, found in wip.items()}),
        wip_days=days,
        worklog_share=sum(walk.logged for walk in worked) / len(worked) if len(worked) >= MIN_FINISHED else None,
        worklog_of=len(worked),
    )


def nearest_rank(values: Iterable[float], share: float) -> float:
    """The smallest of the values within which at least `share` of them lie. Raises ValueError for no values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no percentile of nothing")
    return ordered[max(0, math.ceil(round(share * len(ordered), 9)) - 1)]


def counted_at(stays: Iterable[Stay], at: datetime) -> dict[str, int]:
    """How many items stand in each state at an instant. Work that a pull request carries counts once, as its issue."""
    found: dict[str, int] = {}
    for stay in stays:
        if stay.covers(at) and not stay.walk.carries:
            found[stay.state.value] = found.get(stay.state.value, 0) + 1
    return found


def _longest(stays: Iterable[Stay], calendar: Calendar) -> dict[str, list[float]]:
    """Of each finished item its longest stay in each state, in working days, by "kind/state"."""
    found: dict[tuple[int, str, str], float] = {}
    for stay in stays:
        if not stay.walk.done or stay.left_at is None:
            continue
        days = calendar.working_days(stay.entered_at, stay.left_at)
        kinds = (stay.walk.kind.value,) if stay.walk.carries else (stay.walk.kind.value, ANY)
        for kind in kinds:
            key = (stay.walk.item_id, kind, stay.state.value)
            found[key] = max(days, found.get(key, 0.0))
    out: dict[str, list[float]] = {}
    for (_, kind, state), days in found.items():
        out.setdefault(f"{kind}/{state}", []).append(days)
    return out


def _wip(
    stays: Sequence[Stay], calendar: Calendar, *, since: datetime | None, now: datetime
) -> tuple[dict[str, list[int]], int]:
    """How many items stood in each state at the end of each working day that is over, and of how many days; none where
    too few are known.
    """
    first = now - WIP_SPAN if since is None else max(now - WIP_SPAN, since)
    day, ends = calendar.local_date(first) + timedelta(days=1), []
    while (end := calendar.end_of_day(day)) <= now:
        if calendar.is_working_day(day):
            ends.append(end)
        day += timedelta(days=1)
    if len(ends) < MIN_WIP_DAYS:
        return {}, len(ends)
    near = [stay for stay in stays if stay.left_at is None or stay.left_at > ends[0]]
    daily = [counted_at(near, end) for end in ends]
    states = sorted({state for one in daily for state in one})
    return {state: [one.get(state, 0) for one in daily] for state in states}, len(ends)


def _frozen(values: Mapping[str, T]) -> Mapping[str, T]:
    return MappingProxyType(dict(sorted(values.items())))
