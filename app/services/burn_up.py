"""Scope and done of a milestone over time: what the burn-up chart draws and its table tells. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from rules.baseline import Growth, Role
from rules.calendar import Calendar
from rules.facts import Member, Milestone, State

WEEKS = 3
"""How far back the chart looks, unless it is asked to begin with the plan."""
UNCOUNTED = (Role.NOT_COUNTED, Role.CARRIED_OVER, Role.TRANSFERRED)


@dataclass(frozen=True, slots=True)
class Day:
    """Scope and done at the end of a day; the keys of what joined, left and was done on it."""

    day: date
    scope: int
    done: int
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    finished: tuple[str, ...] = ()

    @property
    def quiet(self) -> bool:
        """Whether nothing happened on it."""
        return not (self.joined or self.left or self.finished)


@dataclass(frozen=True, slots=True)
class _Step:
    """One event: what it adds to scope and to done, and of which item."""

    at: datetime
    name: str
    key: str
    scope: int
    done: int


def burn_up(milestone: Milestone, *, grown: Growth | None, since: datetime | None, now: datetime) -> tuple[Day, ...]:
    """The days that changed scope or done, oldest first; the first is that of `since` (None: WEEKS ago) and the last
    is today.

    What does not count as growth is in neither line, so that the lines say what the sum in words says.
    """
    calendar = milestone.project.calendar
    today = calendar.local_date(now)
    first = today - timedelta(weeks=WEEKS) if since is None else min(calendar.local_date(since), today)
    counted = {row.member.item.id for row in grown.rows if row.role not in UNCOUNTED} if grown is not None else None
    stays = [stay for stay in milestone.members if counted is None or stay.item.id in counted]
    steps = sorted((step for stay in stays for step in _steps(stay, now)), key=lambda step: step.at)
    by_day = {day: list(all_) for day, all_ in groupby(steps, key=lambda step: calendar.local_date(step.at))}
    known = [stay for stay in stays if stay.joined_at is None]
    scope, done = len(known), 0
    for day in sorted(day for day in by_day if day < first):
        scope, done = _after(by_day[day], scope, done)
    found = []
    for day in sorted({first, today, *(day for day in by_day if day >= first)}):
        scope, done = _after(by_day.get(day, ()), scope, done)
        found.append(_day(day, scope=scope, done=done, steps=by_day.get(day, ())))
    return tuple(found)


def thinned(days: Sequence[Day], *, most: int) -> tuple[Day, ...]:
    """At most so many of the days: the first, the latest, and of the rest those on which most happened."""
    if len(days) <= most:
        return tuple(days)
    between = sorted(days[1:-1], key=lambda day: len(day.joined) + len(day.left) + len(day.finished), reverse=True)
    return (days[0], *sorted(between[: most - 2], key=lambda day: day.day), days[-1])


def _steps(stay: Member, now: datetime) -> Iterable[_Step]:
    """What a stay did to scope and done, up to now; what was done before it joined was done when it did."""
    key = stay.item.key
    left = stay.left_at if stay.left_at is not None and stay.left_at <= now else None
    closed = stay.closed_at if stay.state is State.DONE and stay.closed_at is not None else None
    if stay.joined_at is not None:
        if stay.joined_at > now:
            return
        yield _Step(stay.joined_at, "joined", key, 1, 0)
        closed = max(closed, stay.joined_at) if closed is not None else None
    if closed is not None and closed <= now and (left is None or closed < left):
        yield _Step(closed, "finished", key, 0, 1)
    else:
        closed = None
    if left is not None:
        yield _Step(left, "left", key, -1, -1 if closed is not None else 0)


def _after(steps: Iterable[_Step], scope: int, done: int) -> tuple[int, int]:
    for step in steps:
        scope, done = scope + step.scope, done + step.done
    return scope, done


def _day(day: date, *, scope: int, done: int, steps: Iterable[_Step]) -> Day:
    named: dict[str, set[str]] = {"joined": set(), "left": set(), "finished": set()}
    for step in steps:
        named[step.name].add(step.key)
    return Day(
        day=day,
        scope=scope,
        done=done,
        joined=tuple(sorted(named["joined"])),
        left=tuple(sorted(named["left"])),
        finished=tuple(sorted(named["finished"])),
    )


def begins(as_of: datetime, calendar: Calendar) -> datetime:
    """Where a chart since the plan begins: a day before it was made, so that the plan itself is to be seen."""
    return calendar.midnight(calendar.local_date(as_of) - timedelta(days=1))
