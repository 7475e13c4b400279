"""Work that has been in one state for longer than is usual here.

What it finds
    Issues, sub-tasks and pull requests that are in progress or in review for longer than 85 of 100 finished ones of
    their kind were.

Why it matters
    The older work in progress is, the longer it still takes. What is older than nearly all that was ever finished has
    usually met something that nobody has named yet, even where it moves each day.

How it is judged
    The days are the team's own: of what it finished in the past year, the longest time each item stood in that state,
    counted in the project's working days. Fewer finished items than are asked for say nothing, and never less than some
    days count as old. Containers are judged by their children, what waits for somebody outside or is on hold is left
    alone, and so is an issue that an open pull request of the same repository carries. What is quiet as well is told of
    as quiet.

What clears it
    Another state, or finishing it.

When it is wrong
    When it is bigger than most and was known to be. Answer that it is fine; it speaks again at twice the usual time.
    After 90 quiet days it is no longer flagged: by then it is a question for the backlog.

Example
    In review for 9 working days; 85 of 100 reviews here were through within 6.
"""

from __future__ import annotations

import math
from datetime import datetime

from rules.catalog.common import (
    days_between,
    dormant_at,
    known_from,
    label_among,
    left_out,
    open_pulls,
    quiet_since,
    setting,
    waiting_for,
)
from rules.catalog.timing import with_recheck
from rules.facts import Item, Kind, State
from rules.spec import Params, RuleType
from rules.verdict import Days, Reach, Said, Verdict, clear, flagged, skipped

TWICE = 2


class AgeingWorkParams(Params):
    """From how many finished items on, and how many days are never old."""

    min_finished: int = setting(
        "Finished items needed",
        default=20,
        unit="items",
        low=5,
        high=1000,
        description="Of the same kind, through the same state, in the past year. With fewer nothing is said.",
    )
    floor_days: float = setting(
        "Never old before",
        default=5,
        unit="working days",
        low=0,
        high=365,
        description="Days in one state that are never called old, however fast the team is.",
    )


def judge(subject: Item, params: AgeingWorkParams, now: datetime) -> Verdict:
    if not subject.state.is_open:
        return clear("ageing-work.done", values={"on": subject.closed_at})
    if (reason := _not_ours(subject)) is not None:
        return reason
    usual = subject.project.usual
    if usual is None:
        return skipped("common.not-counted")
    key = f"{subject.kind.value}/{subject.state.value}"
    finished, days = usual.counts.get(key, 0), usual.p85_days.get(key)
    if days is None or finished < params.min_finished:
        return skipped("ageing-work.too-few", values={"finished": finished, "needed": params.min_finished})
    known, limit = known_from(subject), max(days, params.floor_days)
    since = subject.state_since if known is None else max(subject.state_since, known)
    calendar = subject.project.calendar
    first = calendar.add_working_days(since, limit)
    twice = calendar.add_working_days(since, TWICE * limit)
    dormant = dormant_at(subject.project, quiet_since(subject))

    def look(at: datetime) -> Verdict:
        if at >= dormant:
            return clear("ageing-work.dormant", values={"since": quiet_since(subject)})
        if at < first:
            return clear("ageing-work.young", values={"state": subject.state.value, "since": since})
        return _flag(subject, days, finished=finished, since=since, times=TWICE if at >= twice else 1, now=at)

    return with_recheck(look, instants=(first, twice, dormant), now=now)


def _not_ours(subject: Item) -> Verdict | None:
    """The first reason why the age of this item is not judged, or None."""
    if (reason := left_out(subject)) is not None:
        return reason
    if (label := label_among(subject, subject.project.settings.triage_labels)) is not None:
        return skipped("common.left-out", values={"label": label})
    if (word := waiting_for(subject)) is not None:
        return skipped("common.waiting", values={"word": word})
    if subject.state is State.TODO:
        return clear("ageing-work.not-started")
    pull = next((link for link in open_pulls(subject) if link.other.project == subject.project.key), None)
    return skipped("ageing-work.carried", values={"pull": pull.other}) if pull is not None else None


def _flag(subject: Item, days: float, *, finished: int, since: datetime, times: int, now: datetime) -> Verdict:
    state = subject.state.value
    usual = Days(math.ceil(days), working=not subject.project.calendar.every_day)
    return flagged(
        "ageing-work.old",
        values={"state": state, "age": days_between(subject.project, since=since, until=now), "since": since},
        since=since,
        evidence=(
            Said("ageing-work.usual", {"usual": usual, "finished": finished}),
            Said("ageing-work.last-step", {"step": subject.last_movement}),
        ),
        helps=Said("ageing-work.helps"),
        gist=f"{state};x{times}",
        reach=Reach.LABEL,
        refs=(subject.ref,),
        weight=float(times),
    )


TYPE = RuleType(
    name="ageing-work",
    title="Ageing work",
    sentence="Work that is in one state for longer than 85 of 100 finished items were.",
    judges=Item,
    kinds=frozenset({Kind.ISSUE, Kind.SUBTASK, Kind.PULL_REQUEST}),
    params=AgeingWorkParams,
    judge=judge,
    doc=__doc__,
    uses=("usual",),
    label="ageing",
    label_color="d4d4d4",
    yields_to=("stalled-work", "stalled-review"),
)
