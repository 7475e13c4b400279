"""How kept forecasts came out: of the days that were given for 85 of 100 and have passed, how many came true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.services import projects
from app.store.database import Tx
from app.store.views import forecasts
from app.store.views.scope import Visible
from rules.forecast.calibration import done_at

LOOKS_BACK = timedelta(days=730)
ENOUGH = 10
"""Fewer passed days than this say nothing."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day that was given for 85 of 100, and the day on which nothing was open any more (None: something was)."""

    milestone_id: int
    project: str
    title: str
    said_on: date
    by85: date
    done: date | None

    @property
    def came_true(self) -> bool:
        return self.done is not None and self.done <= self.by85


@dataclass(frozen=True, slots=True)
class Track:
    """The days that have passed, the latest first."""

    days: tuple[Day, ...] = ()

    @property
    def came_true(self) -> int:
        return sum(day.came_true for day in self.days)

    @property
    def enough(self) -> bool:
        return len(self.days) >= ENOUGH


def track(tx: Tx, *, visible: Visible, now: datetime) -> Track:
    """The first day of each milestone of the past two years, where it has passed in the project's zone. Whether the
    milestone is closed by now makes no difference: a day that passes with work open did not come true.
    """
    found = forecasts.foretold(tx, visible=visible, since=now - LOOKS_BACK, before=now.date() + timedelta(days=1))
    if not found:
        return Track()
    calendars = {id_: one.calendar for id_, one in projects.load(tx).facts.items()}
    days = []
    for one in found:
        calendar = calendars.get(one.project_id)
        if calendar is None or calendar.local_date(now) <= one.by85:
            continue
        at = done_at(one.stays, closed_at=one.closed_at)
        done = calendar.local_date(at) if at is not None else None
        days.append(Day(one.milestone_id, one.project, one.title, calendar.local_date(one.said_at), one.by85, done))
    return Track(tuple(days))
