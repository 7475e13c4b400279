"""How a project's work flows, for pages: ages of what is under way beside what is usual, and times in each state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from app.store.views.workflow import FlowWeek, UnderWay
from rules.calendar import DAY, Calendar
from rules.facts import Project
from rules.flow.usual import ANY, MIN_FINISHED
from rules.settings import fold

STATES = ("in_progress", "in_review")
KINDS = ("issue", "subtask", "pull_request")
OLDEST = 10
MOST_YEARS = 20 * 366


@dataclass(frozen=True, slots=True)
class Aged:
    """An item under way, how many working days it has been in its state, and whether that is longer than 85 of 100
    finished ones of its kind, or of any where those are too few, were (None: too few are finished to tell).
    """

    item: UnderWay
    days: int
    over: bool | None


@dataclass(frozen=True, slots=True)
class AgeColumn:
    """What stands in one state, oldest first; half and 85 of 100 finished items were in it for no more than so many
    working days (None: too few to tell).
    """

    state: str
    items: tuple[Aged, ...]
    half: float | None
    most: float | None

    @property
    def items_count(self) -> int:
        """How many items stand in it."""
        return len(self.items)

    @property
    def over(self) -> int:
        """How many are older than usual."""
        return sum(one.over is True for one in self.items)

    @property
    def middle(self) -> int | None:
        """The median age."""
        return round(median(one.days for one in self.items)) if self.items else None


@dataclass(frozen=True, slots=True)
class TimeInState:
    """How many working days half, and 85 of 100, of the finished items of a kind were in a state, and of how many."""

    kind: str
    state: str
    half: float
    most: float
    of: int


@dataclass(frozen=True, slots=True)
class Pace:
    """What was finished in a week, as a rule: the median, and within what four of five weeks lie."""

    usual: int
    low: int
    high: int
    weeks: int


def counted(found: Iterable[UnderWay], projects: Mapping[int, Project]) -> tuple[UnderWay, ...]:
    """The items that count as work: without what automation wrote and what a label leaves out or says to wait."""
    left_out = {id_: _left_out(project) for id_, project in projects.items()}
    return tuple(
        one
        for one in found
        if one.project_id in projects
        and not one.automation
        and one.author not in projects[one.project_id].settings.automation
        and not any(fold(label) in left_out[one.project_id] for label in one.labels)
    )


def _left_out(project: Project) -> set[str]:
    settings = project.settings
    words = (settings.container_labels, settings.left_out_labels, settings.waiting_labels)
    return {fold(label) for labels in words for label in labels}


def ages(items: Sequence[UnderWay], project: Project, *, now: datetime) -> tuple[AgeColumn, ...]:
    """What is under way, by state, beside what is usual in the project."""
    days = WorkingDays(project.calendar, since=min((one.state_since for one in items), default=now), now=now)
    found = []
    for state in STATES:
        mine = [one for one in items if one.state == state]
        aged = [Aged(one, passed := days.since(one.state_since), _over(one, passed, project)) for one in mine]
        half, most = _usual(project, ANY, state)
        found.append(
            AgeColumn(state, tuple(sorted(aged, key=lambda one: (-one.days, one.item.id))), half=half, most=most)
        )
    return tuple(found)


def oldest(columns: Iterable[AgeColumn], *, most: int = OLDEST) -> list[Aged]:
    """The items that have been in their state for longest, of all columns."""
    every = [one for column in columns for one in column.items]
    return sorted(every, key=lambda one: (-one.days, one.item.id))[:most]


def _over(one: UnderWay, days: int, project: Project) -> bool | None:
    most = _usual(project, one.kind, one.state)[1] or _usual(project, ANY, one.state)[1]
    return None if most is None else days > most


def _usual(project: Project, kind: str, state: str) -> tuple[float | None, float | None]:
    key, usual = f"{kind}/{state}", project.usual
    if usual is None or usual.counts.get(key, 0) < MIN_FINISHED:
        return None, None
    return usual.p50_days.get(key), usual.p85_days.get(key)


def times(project: Project) -> tuple[TimeInState, ...]:
    """How long finished work stood in each state, by kind; only where enough is finished to say."""
    found = []
    for state in STATES:
        for kind in KINDS:
            half, most = _usual(project, kind, state)
            if half is not None and most is not None and project.usual is not None:
                found.append(TimeInState(kind, state, half, most, project.usual.counts[f"{kind}/{state}"]))
    return tuple(found)


def pace(weeks: Sequence[FlowWeek]) -> Pace | None:
    """What is finished in a week; None where nothing ever was."""
    done = sorted(week.finished for week in weeks)
    if not any(done):
        return None
    last = len(done) - 1
    return Pace(usual=round(median(done)), low=done[round(last * 0.1)], high=done[round(last * 0.9)], weeks=len(done))


class WorkingDays:
    """Whole working days between instants and now, each answered from one count made beforehand."""

    def __init__(self, calendar: Calendar, *, since: datetime, now: datetime) -> None:
        self._calendar, self._today = calendar, calendar.local_date(now)
        first = max(calendar.local_date(since), self._today - timedelta(days=MOST_YEARS))
        self._after: dict[date, int] = {}
        count, day = 0, self._today
        while day >= first:
            self._after[day] = count
            count += calendar.is_working_day(day)
            day -= DAY
        self._first = first

    def since(self, at: datetime) -> int:
        """Working days that began after the day of an instant, up to today."""
        return self._after[min(max(self._calendar.local_date(at), self._first), self._today)]
