"""Working time: how long something took in a project's own days. Pure arithmetic over a set of facts; reads no clock.

A working day is a whole local day (midnight to midnight in the project's zone) that is neither a day off in the week,
nor a holiday, nor in a blackout. Time on other days does not count. On a seven-day week without holidays a working
day is just a day of 24 local hours. Shares of days are added up as exact fractions: a threshold is one instant, not a
rounding error wide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import lru_cache
from math import ceil
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
HORIZON_DAYS = 4000
"""How far a search for the next working day looks before it gives up (a calendar with no working day at all)."""


class NoWorkingDay(ValueError):
    """The calendar has no working day within the horizon: its week is empty or its blackouts never end."""


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=16384)
def _midnight(zone: str, day: date) -> datetime:
    """The instant at which a local date begins, in UTC. Kept, since time is counted over the same days all the time."""
    return datetime.combine(day, time(), tzinfo=_zone(zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Calendar:
    """A project's working days, holidays, zone and hours.

    `weekdays` are numbered as Python does (Monday 0). `holidays` and `blackouts` are local dates; a blackout is
    (first, last), both included. `opens` and `closes` bound the hours in which we write to people.
    """

    zone: str = "UTC"
    weekdays: frozenset[int] = frozenset({0, 1, 2, 3, 4, 5, 6})
    holidays: frozenset[date] = frozenset()
    blackouts: tuple[tuple[date, date], ...] = field(default=())
    opens: time = time(8, 0)
    closes: time = time(18, 0)
    _asked: dict[date, bool] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Whether days are working days, kept as it is asked: time is counted over the same ones all the time."""

    @property
    def every_day(self) -> bool:
        """Whether plain days and working days are the same thing, so that texts may say "days"."""
        return len(self.weekdays) == 7 and not self.holidays

    def local(self, at: datetime) -> datetime:
        return at.astimezone(_zone(self.zone))

    def local_date(self, at: datetime) -> date:
        return self.local(at).date()

    def is_working_day(self, day: date) -> bool:
        known = self._asked.get(day)
        if known is None:
            away = day in self.holidays or any(first <= day <= last for first, last in self.blackouts)
            known = self._asked[day] = day.weekday() in self.weekdays and not away
        return known

    def midnight(self, day: date) -> datetime:
        """The instant at which a local date begins, in UTC."""
        return _midnight(self.zone, day)

    def end_of_day(self, day: date) -> datetime:
        """The first instant after a local date, in UTC."""
        return self.midnight(day + DAY)

    def next_working_day(self, day: date) -> date:
        """The day itself where it is a working day, else the next that is."""
        found = day
        for _ in range(HORIZON_DAYS):
            if self.is_working_day(found):
                return found
            found += DAY
        raise NoWorkingDay(f"no working day within {HORIZON_DAYS} days of {day}")

    def due_end(self, due: date) -> datetime:
        """The instant at which a due date has passed: the end of that day; a due date on a day off means the next
        working day.
        """
        return self.end_of_day(self.next_working_day(due))

    def add_working_days(self, at: datetime, days: float) -> datetime:
        """The first instant at which `days` working days have passed since `at`. Inverse of `working_days`.

        Raises ValueError for negative days and NoWorkingDay where the calendar has none left.
        """
        if days < 0:
            raise ValueError(f"days must not be negative, got {days}")
        if days == 0:
            return at
        left = Fraction(days)
        day = self.next_working_day(self.local_date(at))
        start = max(at, self.midnight(day))
        share = self._share(day, start, self.end_of_day(day))
        while left > share:
            left -= share
            whole = ceil(left) - 1  # days that pass in full before the one in which it ends
            day = self._after_whole(day + DAY, whole)
            left -= whole
            start = self.midnight(day)
            share = self._share(day, start, self.end_of_day(day))
        micros = left * _micros(self.end_of_day(day) - self.midnight(day))
        return start + MICROSECOND * -(-micros.numerator // micros.denominator)

    def _after_whole(self, day: date, count: int) -> date:
        """The working day after so many whole ones, the first of them `day` or later."""
        day = self.next_working_day(day)
        while count > 0:
            count -= self._is_whole(day)
            day = self.next_working_day(day + DAY)
        return day

    def working_days(self, since: datetime, until: datetime) -> float:
        """How many working days (with fractions) lie between two instants; 0 when `until` is not after `since`."""
        return float(self.passed(since, until))

    def passed(self, since: datetime, until: datetime) -> Fraction:
        """The same without rounding."""
        if until <= since:
            return Fraction(0)
        day, last = self.local_date(since), self.local_date(until)
        if day == last:
            return self._share(day, since, until)
        ends = self._share(day, since, self.end_of_day(day)) + self._share(last, self.midnight(last), until)
        return ends + self._whole_days(day + DAY, last)

    def _share(self, day: date, since: datetime, until: datetime) -> Fraction:
        whole = _micros(self.end_of_day(day) - self.midnight(day))
        if not self.is_working_day(day) or whole <= 0:  # a zone that crosses the date line skips a whole day
            return Fraction(0)
        return Fraction(_micros(until - since), whole)

    def _whole_days(self, first: date, beyond: date) -> int:
        return sum(self._is_whole(first + ahead * DAY) for ahead in range((beyond - first).days))

    def _is_whole(self, day: date) -> bool:
        """Whether a date is a working day that a clock there saw: a zone that crosses the date line skips one."""
        return self.is_working_day(day) and self.end_of_day(day) > self.midnight(day)

    def next_open(self, at: datetime) -> datetime:
        """The first instant, `at` or later, within the hours of a working day."""
        local = self.local(at)
        day = self.next_working_day(local.date())
        if day == local.date():
            if local.time() < self.opens:
                return datetime.combine(day, self.opens, tzinfo=_zone(self.zone)).astimezone(UTC)
            if local.time() < self.closes:
                return at
            day = self.next_working_day(day + DAY)
        return datetime.combine(day, self.opens, tzinfo=_zone(self.zone)).astimezone(UTC)

    def closing(self, at: datetime) -> datetime:
        """The instant at which the hours of the local day of `at` end."""
        return datetime.combine(self.local_date(at), self.closes, tzinfo=_zone(self.zone)).astimezone(UTC)


def _micros(span: timedelta) -> int:
    return span // MICROSECOND
