"""What is likely of a milestone, for pages: the latest forecast with its words, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.services import forecasts, projects
from app.store import statistics
from app.store.database import Tx
from app.store.views.milestone_past import Ended
from rules.calendar import DAY, Calendar
from rules.catalog.milestone_at_risk import FRESH_DAYS, likely_range, what_drives
from rules.facts import Milestone
from rules.forecast.calibration import within_range
from rules.forecast.likely import SAFE, TooEarly, forecast
from rules.forecast.manner import MANNER
from rules.statistics import Forecast
from rules.verdict import Said

EVEN = 0.5
"""The chance below which a date is called unlikely to hold."""
WEEK_BEFORE = timedelta(weeks=1)


class Odds(StrEnum):
    """How a date stands: likely to hold, unlikely to hold, or neither."""

    ON_COURSE = "on_course"
    MAY_BE_LATE = "may_be_late"
    PROBABLY_LATE = "probably_late"


@dataclass(frozen=True, slots=True)
class Likely:
    """The forecast that holds. `odds` is None where the trials say nothing of its date; `said` are the sentences about
    what is left, what drives it and what would bring it back.
    """

    forecast: Forecast
    odds: Odds | None
    range: Said
    said: tuple[Said, ...]

    @property
    def ends(self) -> bool:
        """Whether the trials saw the late end of the range."""
        return self.forecast.horizon is None or self.forecast.late < self.forecast.horizon


@dataclass(frozen=True, slots=True)
class CameOut:
    """How an earlier milestone came out: what was forecast a week before its end (None: nothing was), the day on which
    nothing in it was open any more (None: something still was), days between its last date and its end (negative:
    before), and whether it was done within the range (None: not known).
    """

    ended: Ended
    forecast: Forecast | None
    done: date | None
    days_after: int | None
    within: bool | None


def likely_of(kept: Sequence[Forecast], *, due: date | None, calendar: Calendar, now: datetime) -> Likely | None:
    """What the latest of a milestone's forecasts says, oldest first; None where it is old, or about another date.

    As the rule has it, a date is unlikely to hold after two forecasts that say so, or one that is the first.
    """
    mine = [one for one in kept if one.due in (None, due)]
    if not mine or mine[-1] is not kept[-1] or now >= calendar.add_working_days(mine[-1].as_of, FRESH_DAYS):
        return None
    latest, before = mine[-1], mine[-2:-1]
    return Likely(
        forecast=latest,
        odds=_odds(latest.chance, before[0].chance if before else latest.chance),
        range=likely_range(latest),
        said=what_drives(latest),
    )


def _odds(chance: float | None, before: float | None) -> Odds | None:
    if chance is None:
        return None
    if chance > SAFE:
        return Odds.ON_COURSE
    return Odds.PROBABLY_LATE if chance < EVEN and (before is None or before < EVEN) else Odds.MAY_BE_LATE


def why_none(tx: Tx, milestone: Milestone, *, now: datetime) -> Said | None:
    """Why no forecast holds for a milestone; None: one will be made with the next statistics."""
    if milestone.forecasts and milestone.open and milestone.due is not None:
        latest = milestone.forecasts[-1]
        if latest.due not in (None, milestone.due):
            return Said("milestone-at-risk.moved")
        return Said("milestone-at-risk.stale", {"on": latest.as_of})
    known = projects.load(tx, ids=[milestone.project.id]).facts
    if milestone.project.id not in known:
        return None
    histories = forecasts.histories(tx, {milestone.id: milestone}, milestone.project, kind=milestone.kind, now=now)
    said = forecast(milestone, histories, manner=replace(MANNER, trials=1), now=now)
    return said.reason if isinstance(said, TooEarly) else None


def came_out(tx: Tx, ended: Sequence[Ended], *, calendar: Calendar, now: datetime) -> tuple[CameOut, ...]:
    """How earlier milestones came out, and what was forecast of them. One query."""
    kept = statistics.expected_of(tx, [one.id for one in ended]) if ended else {}
    said = {id_: one.forecasts for id_, one in kept.items()}
    return tuple(_came_out(one, said.get(one.id, ()), calendar=calendar, now=now) for one in ended)


def _came_out(ended: Ended, kept: Sequence[Forecast], *, calendar: Calendar, now: datetime) -> CameOut:
    over = ended.done_at if ended.open_left == 0 else ended.closed_at
    said = [one for one in kept if over is not None and one.as_of <= over - WEEK_BEFORE]
    done = calendar.local_date(ended.done_at) if ended.done_at is not None and ended.open_left == 0 else None
    closed = calendar.local_date(ended.closed_at) if ended.closed_at is not None else None
    return CameOut(
        ended=ended,
        forecast=said[-1] if said else None,
        done=done,
        days_after=(closed - ended.due) // DAY if closed is not None and ended.due is not None else None,
        within=within_range(said[-1], done, until=calendar.local_date(now)) if said else None,
    )
