"""Open work on which clearly more time was spent than was planned.

What it finds
    Issues and sub-tasks that are open and have more than 120 % of their planned hours logged.

Why it matters
    A single overrun is no news. That it is still open is: what is left was never planned, and whoever planned the
    release with it counts on hours that are gone.

How it is judged
    By the hours planned and logged on the item itself, in projects where at least 60 % of what was finished carries
    time: elsewhere it would flag those who log honestly. Never in a project that everybody may read. It is told on the
    pages and in the digest alone.

What clears it
    Finishing it, or a new plan for its hours.

When it is wrong
    When the plan was a first guess that nobody has renewed. Set the planned hours anew, or answer that it is fine.

Example
    13 hours logged of the 8 that were planned; 4 more are expected.
"""

from __future__ import annotations

from datetime import datetime

from rules.catalog.common import few_log_time, left_out, setting
from rules.facts import Item, Kind
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Verdict, clear, flagged, skipped

STEPS = 2
"""How often within one more times the plan it counts as worse: at each half of it."""


class EstimateOverrunParams(Params):
    """How much more, and where time is logged well enough."""

    spent_share: float = setting(
        "Spent",
        default=1.2,
        unit="share of the planned hours",
        low=1.0,
        high=10.0,
        description="Flagged when more than this share of the plan is spent.",
    )
    logged_share: float = setting(
        "Only where time is logged",
        default=0.6,
        unit="share of the finished items",
        low=0.0,
        high=1.0,
        description="The share of finished issues and sub-tasks that must carry time.",
    )


def judge(subject: Item, params: EstimateOverrunParams, now: datetime) -> Verdict:
    if not subject.state.is_open:
        return clear("estimate-overrun.done", values={"on": subject.closed_at})
    if subject.project.public:
        return skipped("common.public-effort")
    reason = left_out(subject) or few_log_time(subject.project, needed=params.logged_share)
    if reason is not None:
        return reason
    planned, spent = subject.hours_planned, subject.spent
    if not planned:
        return skipped("estimate-overrun.no-plan")
    if not spent:
        return clear("estimate-overrun.nothing-logged")
    share = round(spent / planned, 9)
    if share <= params.spent_share:
        return clear("estimate-overrun.within", values={"spent": spent, "planned": planned})
    step = int((share - params.spent_share) * STEPS)
    return flagged(
        "estimate-overrun.over",
        since=None,
        values={"spent": spent, "planned": planned},
        evidence=(
            Said("estimate-overrun.left", {"left": subject.hours_left}),
            Said("estimate-overrun.last-step", {"step": subject.last_movement}),
        )
        if subject.hours_left is not None
        else (Said("estimate-overrun.last-step", {"step": subject.last_movement}),),
        helps=Said("estimate-overrun.helps"),
        gist=f"planned={planned:g};step={step}",
        reach=Reach.PAGE,
        refs=(subject.ref,),
        weight=float(step),
    )


TYPE = RuleType(
    name="estimate-overrun",
    title="Estimate overrun",
    sentence="Open work on which clearly more hours were spent than planned.",
    judges=Item,
    kinds=frozenset({Kind.ISSUE, Kind.SUBTASK}),
    params=EstimateOverrunParams,
    judge=judge,
    doc=__doc__,
    uses=("usual",),
    label="overrun",
    label_color="d4d4d4",
)
