"""More work at once than was agreed, or than is usual here.

What it finds
    Projects with more items in progress, or in review, than the limit that is set for that state; where none is set,
    than they had on 85 of 100 working days.

Why it matters
    What is begun beside other work waits for it. The more there is at once, the longer each piece takes, and the later
    anybody learns whether it is any good.

How it is judged
    Counted by state over all that is worked on: issues and sub-tasks, and pull requests that carry no issue. Containers
    and what automation wrote are left out. It must have been more for some working days without a break. About persons
    nothing is said unless a limit is set for them, and then only how many have more in progress than that. It is told
    on the pages and in the digest alone.

What clears it
    Finishing, or putting back what is not worked on.

When it is wrong
    When a release draws near and all come to help. Answer that it is fine; it speaks again when there is still more.

Example
    9 items in review at once for 3 working days; on 85 of 100 days it was 5 at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rules.catalog.common import days_between, setting
from rules.catalog.timing import with_recheck
from rules.facts import Column, Flow, FlowKind, State
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Verdict, clear, flagged, skipped

MIN_DAYS = 20
"""Working days from which on it is known what is usual at once."""
NAMED = 3


class OverloadParams(Params):
    """The limits, and for how long."""

    in_progress: int = setting(
        "In progress at most",
        default=0,
        unit="items",
        low=0,
        high=1000,
        description="How many may be in progress at once; 0: the team's own usual.",
    )
    in_review: int = setting(
        "In review at most",
        default=0,
        unit="items",
        low=0,
        high=1000,
        description="How many may be in review at once; 0: the team's own usual.",
    )
    per_person: int = setting(
        "Per person at most",
        default=0,
        unit="items",
        low=0,
        high=100,
        description="How many one person may have in progress at once; 0: persons are not looked at.",
    )
    days: float = setting(
        "For",
        default=2,
        unit="working days",
        low=0,
        high=60,
        description="How long it must have been more, without a break.",
    )


@dataclass(frozen=True, slots=True)
class Over:
    """One state with more in it than its limit, since when; `own`: the limit is what is usual here."""

    column: Column
    limit: int
    own: bool
    since: datetime


def judge(subject: Flow, params: OverloadParams, now: datetime) -> Verdict:
    limits = {column.state: _limit(subject, params, column.state) for column in subject.columns}
    if not any(limits.values()) and not params.per_person:
        days = subject.project.usual.wip_days if subject.project.usual is not None else 0
        return skipped("overload.no-limit", values={"days": days, "needed": MIN_DAYS})
    found = [over for column in subject.columns if (over := _over(column, limits[column.state])) is not None]
    busy = _busy(subject, params)
    calendar = subject.project.calendar
    ready = {over.column.state: calendar.add_working_days(over.since, params.days) for over in found}
    busy_from = calendar.add_working_days(busy[1], params.days) if busy is not None else None

    def look(at: datetime) -> Verdict:
        standing = [over for over in found if ready[over.column.state] <= at]
        people = busy if busy is not None and busy_from is not None and busy_from <= at else None
        if not standing and people is None:
            return clear("overload.within")
        return _flag(subject, params, standing, people, now=at)

    return with_recheck(look, instants=(*ready.values(), busy_from), now=now)


def _limit(subject: Flow, params: OverloadParams, state: State) -> tuple[int, bool] | None:
    """The limit of a state, and whether it is the team's own usual; None: neither set nor known."""
    chosen = {State.IN_PROGRESS: params.in_progress, State.IN_REVIEW: params.in_review}.get(state, 0)
    if chosen:
        return chosen, False
    usual = subject.project.usual
    if usual is None or usual.wip_days < MIN_DAYS:
        return None
    return max(usual.p85_wip.get(state.value, 0), 1), True


def _over(column: Column, limit: tuple[int, bool] | None) -> Over | None:
    if limit is None or len(column.waiting) <= limit[0]:
        return None
    since = column.waiting[-1].since
    for at, count in reversed(column.counts):
        if count <= limit[0]:
            break
        since = at
    return Over(column, limit[0], limit[1], since)


def _busy(subject: Flow, params: OverloadParams) -> tuple[int, datetime] | None:
    """How many persons have more in progress than they should, and since when the first of them; None: nobody."""
    if not params.per_person:
        return None
    over = [load.since[params.per_person] for load in subject.loads if len(load.since) > params.per_person]
    return (len(over), min(over)) if over else None


def _flag(
    subject: Flow, params: OverloadParams, standing: list[Over], people: tuple[int, datetime] | None, *, now: datetime
) -> Verdict:
    worst = max(standing, key=lambda over: len(over.column.waiting) / over.limit, default=None)
    lines = [_line("overload.also", over) for over in standing if over is not worst]
    if worst is not None:
        lines.append(Said("overload.oldest", {"refs": tuple(one.item for one in worst.column.waiting[:NAMED])}))
    if people is not None and worst is not None:
        lines.append(Said("overload.people-too", {"people": people[0], "limit": params.per_person}))
    if worst is not None:
        reason, since = _headline(subject, worst, now), worst.since
    else:
        assert people is not None, "something is too much"
        reason = Said("overload.people", {"people": people[0], "limit": params.per_person})
        since = people[1]
    excess = sum(len(over.column.waiting) - over.limit for over in standing) + (people[0] if people else 0)
    states = ",".join(sorted(over.column.state.value for over in standing))
    return flagged(
        reason.code,
        values=reason.values,
        since=since,
        evidence=tuple(lines[:3]),
        helps=Said("overload.helps"),
        gist=f"{states};people={people[0] if people else 0}",
        reach=Reach.PAGE,
        weight=float(excess),
    )


def _headline(subject: Flow, over: Over, now: datetime) -> Said:
    values = {
        "state": over.column.state.value,
        "count": len(over.column.waiting),
        "limit": over.limit,
        "own": over.own,
        "quiet": days_between(subject.project, since=over.since, until=now),
    }
    return Said("overload.over", values)


def _line(code: str, over: Over) -> Said:
    values = {
        "state": over.column.state.value,
        "count": len(over.column.waiting),
        "limit": over.limit,
        "own": over.own,
    }
    return Said(code, values)


TYPE = RuleType(
    name="overload",
    title="Overload",
    sentence="Projects with more work at once than was agreed, or than is usual here.",
    judges=Flow,
    kinds=frozenset(FlowKind),
    params=OverloadParams,
    judge=judge,
    doc=__doc__,
    uses=("usual",),
    label="overload",
    label_color="d4d4d4",
)
