"""When a milestone's open work is likely to be done: the statistic that is kept, and that rules read as a fact.

Too little to tell from is said, not guessed at: fewer than five days on which anything was done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType

from rules.baseline import members_at, own_right
from rules.calendar import DAY, Calendar
from rules.facts import Member, Milestone
from rules.forecast.manner import MANNER, Manner
from rules.forecast.simulate import Load, Work, quantile, run
from rules.forecast.throughput import History, Throughput, throughput
from rules.statistics import Forecast
from rules.verdict import Said

LEAST_ACTIVE = 5
"""Days on which something was done, below which it is too early to tell."""
SAFE = 0.7
"""The chance above which a date is called safe."""
MATTERS = 0.05
"""How much of the chance something must move to be called what drives it."""
FEWER = 4
"""By how much fewer trials a question beside the main one is answered."""
NO_DATES: Mapping[int, date] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TooEarly:
    """Nothing can be said yet, and why."""

    reason: Said


@dataclass(frozen=True, slots=True)
class _Team:
    """One team's part: its days, and the items it has to do."""

    history: History
    throughput: Throughput
    members: tuple[Member, ...]
    ahead: tuple[date, ...]


def forecast(
    milestone: Milestone,
    histories: Mapping[str, History],
    *,
    ready: Mapping[int, date] = NO_DATES,
    manner: Manner = MANNER,
    now: datetime,
) -> Forecast | TooEarly:
    """What 2,000 trials say of the milestone's open work, as of `now`.

    `histories` are the teams' by the key of their project; projects with one team share one object, and what is of
    another project counts as the own team's. `ready` holds, by item id, the day before which an item cannot be begun,
    since it waits for something. The same facts on the same day give the same answer.
    """
    if not milestone.open:
        return TooEarly(Said("forecast.closed"))
    left = [member for member in own_right(members_at(milestone, now)).values() if member.state.is_open]
    if not left:
        return TooEarly(Said("forecast.nothing-open"))
    teams = _teams(milestone, left, histories, now=now, weeks=manner.horizon_weeks)
    if not teams:
        return TooEarly(Said("forecast.no-history"))
    active = min(team.throughput.active_days for team in teams)
    if active < LEAST_ACTIVE:
        return TooEarly(Said("forecast.too-early", {"days": active, "least": LEAST_ACTIVE}))
    calendar = milestone.project.calendar
    due = None if milestone.due is None else calendar.next_working_day(milestone.due)
    if due is not None and due >= _horizon(teams):
        due = None  # as far off as the trials look, or further: nobody can tell
    manner = replace(manner, seed=_seed(milestone.id, calendar.local_date(now)))
    done = _done(teams, due=due, ready=ready, manner=manner)
    said = Forecast(
        as_of=now,
        chance=None if due is None else _chance(done, due),
        early=quantile(done, 0.1),
        likely=quantile(done, 0.5),
        late=quantile(done, 0.9),
        open_items=len(left),
        active_days=active,
        horizon=_horizon(teams),
        due=milestone.due,
        by85=_within(quantile(done, 0.85), teams),
        safe=_within(quantile(_safe(teams, done, due=due, ready=ready, manner=manner), SAFE), teams),
        done_items=sum(team.throughput.finished for team in teams),
        weeks=min(team.throughput.weeks for team in teams),
        waiting=sum(_waits(member, ready) for member in left),
        growth=_growth(teams, quantile(done, 0.5), manner),
    )
    if due is None or said.chance is None or said.chance > SAFE:
        return said
    few = _fewer(manner)
    return replace(
        said,
        driver=_driver(teams, due=due, ready=ready, chance=said.chance, manner=few),
        items_out=_items_out(teams, due=due, ready=ready, manner=few),
    )


def done_days(
    milestone: Milestone, histories: Mapping[str, History], *, grows: bool, manner: Manner, now: datetime
) -> list[date] | None:
    """The trials themselves: for each the day on which all is done, sorted; with what comes in on the way, or of what
    is open alone. None where it is too early to tell.
    """
    left = [member for member in own_right(members_at(milestone, now)).values() if member.state.is_open]
    teams = _teams(milestone, left, histories, now=now, weeks=manner.horizon_weeks)
    if not teams or min(team.throughput.active_days for team in teams) < LEAST_ACTIVE:
        return None
    due = None if milestone.due is None else milestone.project.calendar.next_working_day(milestone.due)
    return _done(teams, due=due, ready=NO_DATES, manner=manner, grows=grows)


def _seed(milestone_id: int, day: date) -> int:
    return milestone_id * 1_000_003 + day.toordinal()


def _teams(
    milestone: Milestone, left: Sequence[Member], histories: Mapping[str, History], *, now: datetime, weeks: int
) -> list[_Team]:
    """The teams that have open items, in the order of their projects' keys."""
    own = histories.get(milestone.project.key)
    found: list[tuple[History, list[Member]]] = []
    for member in sorted(left, key=lambda member: (member.item.project, member.item.id)):
        history = histories.get(member.item.project, own)
        if history is None:
            return []
        mine = next((members for known, members in found if known is history), None)
        if mine is None:
            found.append((history, [member]))
        else:
            mine.append(member)
    return [
        _Team(history, throughput(history, now=now), tuple(members), _ahead(history.calendar, weeks=weeks, now=now))
        for history, members in found
    ]


def _ahead(calendar: Calendar, *, weeks: int, now: datetime) -> tuple[date, ...]:
    """The working days from today on."""
    today = calendar.local_date(now)
    every = (today + number * DAY for number in range(timedelta(weeks=weeks).days))
    return tuple(day for day in every if calendar.is_working_day(day))


def _horizon(teams: Sequence[_Team]) -> date:
    return max(team.ahead[-1] for team in teams) + DAY


def _within(day: date, teams: Sequence[_Team]) -> date | None:
    return day if day < _horizon(teams) else None


def _done(
    teams: Sequence[_Team],
    *,
    due: date | None,
    ready: Mapping[int, date],
    manner: Manner,
    grows: bool = True,
) -> list[date]:
    """The day on which all is done, for each trial, sorted; the horizon where it is not done before."""
    horizon = _horizon(teams)
    loads = [
        Load(
            work=_work(team, ready, manner),
            throughput=team.throughput,
            grows=grows,
            due_in=None if due is None else sum(day <= due for day in team.ahead),
        )
        for team in teams
    ]
    aheads = [team.ahead for team in teams]
    days = min(len(team.ahead) for team in teams)
    return sorted(
        max(
            ahead[min(day, len(ahead)) - 1] if day <= days else horizon
            for ahead, day in zip(aheads, trial, strict=True)
        )
        for trial in run(loads, days=days, manner=manner)
    )


def _fewer(manner: Manner) -> Manner:
    return replace(manner, trials=max(manner.trials // FEWER, 1))


def _safe(
    teams: Sequence[_Team], done: list[date], *, due: date | None, ready: Mapping[int, date], manner: Manner
) -> list[date]:
    """The days on which all would be done if work came in for as long as it takes: a later date brings more of it."""
    return done if due is None else _done(teams, due=None, ready=ready, manner=_fewer(manner))


def _work(team: _Team, ready: Mapping[int, date], manner: Manner) -> tuple[Work, ...]:
    """The open items, those that are alike together."""
    through, calendar = team.throughput, team.history.calendar
    alike: Counter[tuple[float, float, int]] = Counter()
    for member in team.members:
        heft = round(through.heft(member.estimate), 1)
        since = through.first_joined.get(member.item.id, member.joined_at or member.created_at)
        passed = calendar.working_days(since, calendar.midnight(team.ahead[0])) * through.rough / heft
        begin = ready.get(member.item.id)
        wait = 0 if begin is None else sum(day < begin for day in team.ahead)
        alike[_rounded(passed), heft, wait] += 1
    return tuple(
        Work(count=count, exposure=exposure, heft=heft, ready=wait)
        for (exposure, heft, wait), count in sorted(alike.items())
    )


def _rounded(exposure: float) -> float:
    """As finely as it matters: alike items share their draws."""
    return round(exposure, 1) if exposure < 1 else round(exposure * 2) / 2


def _chance(done: Sequence[date], due: date) -> float:
    return sum(day <= due for day in done) / len(done)


def _waits(member: Member, ready: Mapping[int, date]) -> bool:
    return member.waiting_on is not None or member.item.id in ready


def _growth(teams: Sequence[_Team], until: date, manner: Manner) -> float:
    """How many items are expected to come in until a day."""
    found = 0.0
    for team in teams:
        through = team.throughput
        own = through.milestone_days / (through.milestone_days + manner.joins_days)
        rate = own * sum(through.joined) / len(through.joined) + (1 - own) * manner.joins
        found += rate * sum(day <= until for day in team.ahead)
    return round(found, 1)


def _driver(teams: Sequence[_Team], *, due: date, ready: Mapping[int, date], chance: float, manner: Manner) -> str:
    """What moves the chance most when it is taken away: what comes in, or what waits; neither: the pace."""
    steady = _done(teams, due=due, ready=ready, manner=manner, grows=False)
    gains = {"growth": _chance(steady, due) - chance}
    if any(_waits(member, ready) for team in teams for member in team.members):
        free = [
            replace(team, members=tuple(member for member in team.members if not _waits(member, ready)))
            for team in teams
        ]
        gains["waiting"] = _chance(_done(free, due=due, ready=ready, manner=manner), due) - chance
    name = max(gains, key=lambda name: gains[name])
    return name if gains[name] >= MATTERS else "pace"


def _items_out(teams: Sequence[_Team], *, due: date, ready: Mapping[int, date], manner: Manner) -> int | None:
    """The least number of items without which the date would be safe, those in longest taken out first."""
    longest = sorted(
        (member for team in teams for member in team.members), key=lambda member: member.joined_at or member.created_at
    )
    low, high = 1, len(longest) - 1
    if high < 1:
        return None

    def holds(number: int) -> bool:
        out = {member.item.id for member in longest[:number]}
        rest = [
            replace(team, members=tuple(member for member in team.members if member.item.id not in out))
            for team in teams
        ]
        return _chance(_done(rest, due=due, ready=ready, manner=manner), due) > SAFE

    if not holds(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
