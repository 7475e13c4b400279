"""The state in which work piles up.

What it finds
    Projects in which half of what is in one state has been there for much longer than is usual, while more and more
    comes in.

Why it matters
    Work goes no faster than through its narrowest place. Whatever is done quicker before that place only makes the pile
    higher; a hand there helps all of it.

How it is judged
    For each state, in progress and in review: at least half of what stands in it is older than twice the time within
    which half of the finished items were through, there are more in it than some working days ago, and there are enough
    to speak of a pile. Of several such states the one with the largest share of old items is named. What is finished in
    too small a number to tell what is usual says nothing. It is told on the pages and in the digest alone.

What clears it
    Old items that move on, or a pile that no longer grows.

When it is wrong
    When what waits there was put there to wait. A status that means waiting, or a label such as "on hold", says so.

Example
    Review: 5 of 7 items for more than 4 working days, and 3 more than five working days ago; half of all reviews here
    are through within 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from rules.catalog.common import setting
from rules.catalog.timing import with_recheck
from rules.facts import Column, Flow, FlowKind, Waiting
from rules.spec import Params, RuleType
from rules.verdict import Days, Reach, Said, Verdict, clear, flagged, skipped

NAMED = 3
HALF = 0.5


class BottleneckParams(Params):
    """What is old, what is a pile, and what growing means."""

    times: float = setting(
        "Old from",
        default=2.0,
        unit="times the usual",
        low=1.0,
        high=20.0,
        description="Items are old from so many times the time within which half of the finished ones were through.",
    )
    floor_days: float = setting(
        "Never old before",
        default=1.0,
        unit="working days",
        low=0.0,
        high=60.0,
        description="Days in one state that are never called old, however fast the team is.",
    )
    min_items: int = setting(
        "A pile from", default=4, unit="items", low=2, high=1000, description="With fewer in a state there is no pile."
    )
    grown_over: int = setting(
        "Grown over",
        default=5,
        unit="working days",
        low=1,
        high=20,
        description="There must be more in it than so many days ago.",
    )
    min_finished: int = setting(
        "Finished items needed",
        default=20,
        unit="items",
        low=5,
        high=1000,
        description="Through the same state, in the past year. With fewer nothing is said.",
    )


@dataclass(frozen=True, slots=True)
class Pile:
    """What stands in one state: how many are old, and by how many it has grown. `usual` and `limit` in working days."""

    column: Column
    usual: float
    limit: float
    old: tuple[Waiting, ...]
    grown: int

    @property
    def share(self) -> float:
        return len(self.old) / len(self.column.waiting)


def judge(subject: Flow, params: BottleneckParams, now: datetime) -> Verdict:
    usual = subject.project.usual
    if usual is None:
        return skipped("common.not-counted")
    keys = {column.state: f"any/{column.state.value}" for column in subject.columns}
    told = [column for column in subject.columns if usual.counts.get(keys[column.state], 0) >= params.min_finished]
    if not told:
        most = max((usual.counts.get(key, 0) for key in keys.values()), default=0)
        return skipped("bottleneck.too-few", values={"finished": most, "needed": params.min_finished})
    calendar = subject.project.calendar
    limits = {one.state: max(params.times * usual.p50_days[keys[one.state]], params.floor_days) for one in told}
    old_from = {
        one.state: [calendar.add_working_days(waiting.since, limits[one.state]) for waiting in one.waiting]
        for one in told
    }
    past = {
        one.state: [(calendar.add_working_days(at, params.grown_over), count) for at, count in one.counts]
        for one in told
    }

    def look(at: datetime) -> Verdict:
        piles = []
        for column in told:
            old = tuple(one for one, first in zip(column.waiting, old_from[column.state], strict=True) if first <= at)
            before = next((count for since, count in reversed(past[column.state]) if since <= at), None)
            grown = 0 if before is None else len(column.waiting) - before
            days = usual.p50_days[keys[column.state]]
            pile = Pile(column, days, limits[column.state], old, grown)
            if len(column.waiting) >= params.min_items and grown > 0 and pile.share >= HALF:
                piles.append(pile)
        if not piles:
            return clear("bottleneck.flows")
        return _flag(subject, params, max(piles, key=lambda one: (one.share, one.grown, one.column.state.value)))

    instants = [at for times in old_from.values() for at in times]
    instants += [at for steps in past.values() for at, _ in steps]
    return with_recheck(look, instants=instants, now=now)


def _flag(subject: Flow, params: BottleneckParams, pile: Pile) -> Verdict:
    working = not subject.project.calendar.every_day
    return flagged(
        "bottleneck.pile",
        values={
            "state": pile.column.state.value,
            "old": len(pile.old),
            "count": len(pile.column.waiting),
            "limit": Days(max(pile.limit, 1.0), working=working),
            "grown": pile.grown,
            "over": Days(params.grown_over, working=working),
        },
        since=pile.old[0].since,
        evidence=(
            Said("bottleneck.usual", {"usual": Days(math.ceil(pile.usual), working=working)}),
            Said("bottleneck.oldest", {"refs": tuple(one.item for one in pile.old[:NAMED])}),
        ),
        helps=Said("bottleneck.helps"),
        gist=pile.column.state.value,
        reach=Reach.PAGE,
        weight=float(len(pile.column.waiting)),
    )


TYPE = RuleType(
    name="bottleneck",
    title="Bottleneck",
    sentence="The state in which work piles up, older than usual and growing.",
    judges=Flow,
    kinds=frozenset(FlowKind),
    params=BottleneckParams,
    judge=judge,
    doc=__doc__,
    uses=("usual",),
    label="bottleneck",
    label_color="d4d4d4",
)
