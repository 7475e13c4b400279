"""How fast a team gets its planned work done, from what it did: a series of working days.

A day holds what share of the open work was finished on it, and how much came in after the plan. Days off, blackout days
and days of which nothing is known are not in the series, so that they count neither as idle nor as busy.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from types import MappingProxyType

from rules.calendar import DAY, Calendar
from rules.forecast.manner import MANNER, Manner

QUICK_DAYS = 1.0
"""Working days within which an item that joined and was done is bookkeeping, neither growth nor pace."""
SIZED_ENOUGH = 0.8
PLAN_DAYS = 10.0
"""Working days after the first item in which a plan is made, where nobody says when it was."""
LIGHT, HEAVY = 1 / 3, 3.0
"""Bounds of how much lighter or heavier than the usual an item counts by its estimate."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay of an item in a milestone that has a date: from `joined_at` (None: before its history is known) until
    `left_at` (None: still in). `closed_at` is that of the item, done or dropped; None: it is open.
    """

    item_id: int
    milestone_id: int
    created_at: datetime
    joined_at: datetime | None = None
    left_at: datetime | None = None
    closed_at: datetime | None = None
    estimate: float | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """When a milestone's plan counted as made (None: not known) and when it was closed (None: it is open)."""

    milestone_id: int
    planned_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What a team did with its milestones of one kind: every stay of each item that was in one of them within the last
    26 weeks, and what is known of those milestones. `finished` are the instants within these weeks at which it finished
    anything at all, in a milestone or not. Of the time before `known_from`, and of the days in `gaps` (first and last,
    both included), nothing is known.
    """

    calendar: Calendar
    stays: tuple[Stay, ...] = ()
    courses: tuple[Course, ...] = ()
    finished: tuple[datetime, ...] = ()
    known_from: datetime | None = None
    gaps: tuple[tuple[date, date], ...] = ()


@dataclass(frozen=True, slots=True)
class Throughput:
    """A team's working days, oldest first.

    `pace` of a day is what was finished on it, for each open item that is like a fresh one, drawn towards that of other
    teams where little is known; `active_days` are those on which anything was finished at all; `joined` the items that
    came in after the plan, for each milestone that ran. `usual_open` is how many open items, counted as fresh ones,
    there are on a day with any. `rough` is how many items are finished on a day, for each that is open. `first_joined`
    says since when each item has been in such a milestone.
    """

    days: tuple[date, ...] = ()
    pace: tuple[float, ...] = ()
    joined: tuple[float, ...] = ()
    finished: int = 0
    active_days: int = 0
    usual_open: float = 0.0
    usual_size: float | None = None
    milestone_days: float = 0.0
    rough: float = 0.0
    stuck: float = 0.0
    """How many of the items that are open at the end are expected never to be done, by how long they have been."""
    first_joined: Mapping[int, datetime] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @property
    def weeks(self) -> float:
        return (self.days[-1] - self.days[0] + DAY).days / 7 if self.days else 0.0

    def heft(self, estimate: float | None) -> float:
        """How much work an item is beside the usual one: 1 where sizes are not known."""
        if self.usual_size is None or estimate is None:
            return 1.0
        return min(max(estimate / self.usual_size, LIGHT), HEAVY)


@dataclass(slots=True)
class _Tally:
    """What is being counted, by working day."""

    finished: list[int]
    open: list[float]
    fresh: list[float]
    joined: list[float]
    running: list[int]


def throughput(history: History, *, manner: Manner = MANNER, now: datetime) -> Throughput:
    """The team's days of the last 26 weeks up to yesterday."""
    days = _days(history, now)
    stays = _by_item(history, now)
    firsts = {id_: min(stay.joined_at or stay.created_at for stay in own) for id_, own in stays.items()}
    if not days:
        return Throughput(first_joined=firsts)
    kept = {id_: own for id_, own in stays.items() if not _is_quick(own, history.calendar)}
    size = _usual_size(own[-1].estimate for own in kept.values())
    series = Throughput(days=days, usual_size=size, first_joined=firsts)
    count = len(days)
    tally = _Tally([0] * count, [0.0] * count, [0.0] * count, [0.0] * count, [0] * count)
    spans = {id_: _spans(own, days, calendar=history.calendar, now=now) for id_, own in kept.items()}
    for id_, own in kept.items():
        for first, beyond in spans[id_]:
            for place in range(first, beyond):
                tally.open[place] += 1 / series.heft(own[-1].estimate)
        if (done := _finished_on(own, days, calendar=history.calendar, now=now)) is not None:
            tally.finished[done] += 1
    rough = sum(tally.finished) / sum(tally.open) if any(tally.open) else 0.0
    for id_, own in kept.items():
        heft = series.heft(own[-1].estimate)
        began = bisect_left(days, history.calendar.local_date(firsts[id_]))
        before = _days_before(history.calendar, firsts[id_], days[0]) if began == 0 else 0
        for first, beyond in spans[id_]:
            for place in range(first, beyond):
                tally.fresh[place] += manner.freshness((place - began + before) * rough / heft) / heft
    stuck = 0.0
    for id_, own in kept.items():
        if spans[id_] and spans[id_][-1][1] >= count:
            age = _days_before(history.calendar, firsts[id_], days[-1]) * rough / series.heft(own[-1].estimate)
            stuck += manner.never / manner.surviving(age)
    _count_joins(tally, kept, days, history=history, now=now)
    # A team of which little is known is taken to be one like others, by as much as little is.
    mean = (sum(tally.fresh) + manner.pace_items / manner.pace) / count
    held = [fresh for fresh in tally.fresh if fresh]
    return Throughput(
        days=days,
        pace=tuple((done + manner.pace_items / count) / mean for done in tally.finished),
        joined=tuple(came / ran if ran else 0.0 for came, ran in zip(tally.joined, tally.running, strict=True)),
        finished=sum(tally.finished),
        active_days=_active(history, tally.finished, days, now=now),
        usual_open=sum(held) / len(held) if held else 0.0,
        usual_size=size,
        milestone_days=float(sum(tally.running)),
        rough=rough,
        stuck=stuck,
        first_joined=firsts,
    )


def _active(history: History, finished: Sequence[int], days: Sequence[date], *, now: datetime) -> int:
    """Working days on which the team finished anything: in its milestones, or, where that is known, at all."""
    known = {bisect_left(days, history.calendar.local_date(at)) for at in history.finished if at < now}
    own = {place for place, done in enumerate(finished) if done}
    return len({place for place in known if place < len(days)} | own)


def _days(history: History, now: datetime) -> tuple[date, ...]:
    """The working days of the window of which something is known, without today."""
    calendar = history.calendar
    today = calendar.local_date(now)
    first = today - timedelta(weeks=MANNER.weeks)
    if history.known_from is not None:
        first = max(first, calendar.local_date(history.known_from) + DAY)
    every = (first + ahead * DAY for ahead in range((today - first).days))
    return tuple(day for day in every if calendar.is_working_day(day) and not _within(day, history.gaps))


def _within(day: date, spans: Iterable[tuple[date, date]]) -> bool:
    return any(first <= day <= last for first, last in spans)


def _by_item(history: History, now: datetime) -> dict[int, list[Stay]]:
    """The stays that had begun, oldest first, by item."""
    found: dict[int, list[Stay]] = {}
    for stay in sorted(history.stays, key=lambda stay: stay.joined_at or stay.created_at):
        if (stay.joined_at or stay.created_at) < now:
            found.setdefault(stay.item_id, []).append(stay)
    return found


def _is_quick(stays: Sequence[Stay], calendar: Calendar) -> bool:
    """Whether an item was done before or within a working day of joining."""
    first, closed = stays[0].joined_at, stays[-1].closed_at
    return first is not None and closed is not None and calendar.working_days(first, closed) <= QUICK_DAYS


def _usual_size(estimates: Iterable[float | None]) -> float | None:
    """The median size, where at least 80 % of the items are sized."""
    every = list(estimates)
    sized = [size for size in every if size]
    return median(sized) if every and len(sized) >= SIZED_ENOUGH * len(every) else None


def _spans(stays: Sequence[Stay], days: Sequence[date], *, calendar: Calendar, now: datetime) -> list[tuple[int, int]]:
    """The places of the days on which an item was in and open, as (first, beyond)."""
    closed = stays[-1].closed_at
    spans = []
    for stay in stays:
        joined, left = stay.joined_at or stay.created_at, min(stay.left_at or now, closed or now)
        if left > joined:
            first = bisect_left(days, calendar.local_date(joined))
            beyond = bisect_left(days, calendar.local_date(left) + DAY)
            spans.append((first, beyond))
    return spans


def _finished_on(stays: Sequence[Stay], days: Sequence[date], *, calendar: Calendar, now: datetime) -> int | None:
    """The place of the working day on which an item was finished while it was in, if that is in the window."""
    closed = stays[-1].closed_at
    if closed is None or closed >= now or calendar.local_date(closed) < days[0]:
        return None
    was_in = any(
        (stay.joined_at or stay.created_at) <= closed and (stay.left_at is None or closed <= stay.left_at + DAY)
        for stay in stays
    )
    return min(bisect_left(days, calendar.local_date(closed)), len(days) - 1) if was_in else None


def _days_before(calendar: Calendar, since: datetime, until: date) -> int:
    return int(calendar.working_days(since, calendar.midnight(until)))


def _count_joins(
    tally: _Tally, kept: Mapping[int, Sequence[Stay]], days: Sequence[date], *, history: History, now: datetime
) -> None:
    """Count, by day, the milestones that ran with their plan made, and what joined them then and was not taken out."""
    calendar = history.calendar
    courses = {course.milestone_id: course for course in history.courses}
    planned: dict[int, datetime] = {}
    last: dict[int, datetime] = {}
    inside = [stay for own in kept.values() for stay in own]
    for stay in sorted(inside, key=lambda stay: stay.joined_at or stay.created_at):
        course = courses.get(stay.milestone_id)
        if stay.milestone_id not in planned:
            said = course.planned_at if course is not None else None
            first = stay.joined_at or stay.created_at
            planned[stay.milestone_id] = said or calendar.add_working_days(first, PLAN_DAYS)
        until = min(stay.left_at or now, stay.closed_at or now)
        last[stay.milestone_id] = max(last.get(stay.milestone_id, until), until)
    for id_, at in planned.items():
        closed = courses[id_].closed_at if id_ in courses else None
        begin = bisect_left(days, calendar.local_date(at))
        beyond = bisect_left(days, calendar.local_date(min(last[id_], closed or now)) + DAY)
        for place in range(begin, beyond):
            tally.running[place] += 1
    settled = now - DAY * QUICK_DAYS
    for stay in inside:
        left_undone = stay.left_at is not None and (stay.closed_at is None or stay.closed_at > stay.left_at)
        if left_undone or stay.joined_at is None:
            continue
        if planned[stay.milestone_id] < stay.joined_at <= settled:
            place = bisect_left(days, calendar.local_date(stay.joined_at))
            if place < len(days) and calendar.local_date(stay.joined_at) >= days[0] and tally.running[place]:
                tally.joined[place] += 1
