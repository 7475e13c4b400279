"""What an answer asks of a flag: to be quiet, for how long and why. The same for comments and pages. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from rules.answers import LONGEST_DAYS, Command, Verb
from rules.calendar import Calendar
from rules.standing import Standing, acknowledge, dismiss, expect, snooze

TIMED = frozenset({Verb.SNOOZE, Verb.EXPECT})
"""Answers that say until when."""


class NoGoodDay(ValueError):
    """A day that is not ahead, or more than a year away."""

    def __init__(self, day: date) -> None:
        super().__init__(f"{day} is not within a year from now")
        self.day = day


def until(command: Command, calendar: Calendar, *, at: datetime) -> datetime | None:
    """Until when a command said `at` an instant asks for quiet: the beginning of the day named for a snooze, its end
    where something is expected by then. None where it names no time. Raises NoGoodDay.
    """
    if command.verb not in TIMED:
        return None
    said_on = calendar.local_date(at)
    day = command.until or said_on + timedelta(days=command.days or 0)
    if day <= said_on or day > said_on + timedelta(days=LONGEST_DAYS):
        raise NoGoodDay(day)
    if command.verb is Verb.EXPECT:
        return calendar.end_of_day(day) - timedelta(seconds=1)
    return calendar.midnight(day)


def answered(standing: Standing, command: Command, until: datetime | None, *, at: datetime) -> Standing:
    """A flag after an answer said `at` an instant; `until` as worked out above."""
    if command.verb is Verb.ACK:
        return acknowledge(standing, reason=command.reason, now=at)
    if command.verb is Verb.WRONG:
        return dismiss(standing, reason=command.reason, now=at)
    assert until is not None, "snooze and expect have a time"
    if command.verb is Verb.SNOOZE:
        return snooze(standing, until=until, reason=command.reason, now=at)
    return expect(standing, until=until, reason=command.reason, now=at)
