"""A milestone whose budget is used up faster than its plan gets done.

What it finds
    Milestones of which clearly more of the budget, in hours or in points, is used than of the plan is done.

Why it matters
    A budget that runs ahead of the work ends before it. While half of it is left there is something to decide; when it
    is gone there is only something to explain.

How it is judged
    Used is, in hours, what was logged on all that is in it or was planned, sub-tasks where they are in it too; in
    points, the size of all that is done in it, planned or not. The budget is the number that is set, else the sum of
    the plan's hours or points, where at least 80 % of the planned items are sized. Done is the share of the plan, by
    the same sizes. Hours are judged only where at least 60 % of what was finished carries time. Never in a project that
    everybody may read, and told on the pages and in the digest alone.

What clears it
    Work getting done, a larger budget, or a new plan.

When it is wrong
    When the dear part came first and was known to. Answer that it is fine; it speaks again when the gap has grown by a
    fifth of the budget.

Example
    70 of 100 hours are used and 40 % of the plan is done; PAY-12 took 24 hours instead of 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rules.baseline import SIZED_ENOUGH, baseline_at, filled_sum, freezes_at, median, sized_share
from rules.catalog.common import choice, few_log_time, known_from, setting
from rules.catalog.timing import with_recheck
from rules.facts import Baseline, Member, Milestone, State
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Value, Verdict, clear, flagged, skipped

OVERRUN = 1.2
"""From which share of its plan on an item is named as evidence."""
NAMED = 2
STEP = 0.2


class BudgetBurnParams(Params):
    """Which budget, and how far it may run ahead."""

    unit: Literal["hours", "points"] = choice(
        "Unit", default="hours", description="What the budget is counted in: hours logged, or points done."
    )
    budget: float = setting(
        "Budget",
        default=0.0,
        unit="hours or points",
        low=0,
        high=1_000_000,
        description="The budget of each milestone in scope; 0: the sum of its plan.",
    )
    ahead: float = setting(
        "Ahead of the work",
        default=0.2,
        unit="share of the budget",
        low=0.01,
        high=1.0,
        description="How much more of the budget may be used than of the plan is done.",
    )
    from_used: float = setting(
        "Not before",
        default=0.3,
        unit="share of the budget",
        low=0.0,
        high=1.0,
        description="Before this share is used it is too early to tell.",
    )
    logged_share: float = setting(
        "Hours: only where time is logged",
        default=0.6,
        unit="share of the finished items",
        low=0.0,
        high=1.0,
        description="The share of finished issues and sub-tasks that must carry time.",
    )


@dataclass(frozen=True, slots=True)
class Burn:
    """How a budget stands. `done` is the share of the plan that is done; `unplanned` what went into additions."""

    used: float
    budget: float
    done: float
    unplanned: float
    open_items: int

    @property
    def ahead(self) -> float:
        return round(self.used / self.budget - self.done, 9)  # sums of decimals: a threshold is no rounding error wide


def judge(subject: Milestone, params: BudgetBurnParams, now: datetime) -> Verdict:
    if not subject.open:
        return clear("budget-burn.closed", values={"on": subject.closed_at})
    if subject.project.public:
        return skipped("common.public-effort")
    if subject.gap:
        return skipped("common.gap")
    hours = params.unit == "hours"
    if hours and (reason := few_log_time(subject.project, needed=params.logged_share)) is not None:
        return reason
    freeze = subject.baseline.as_of if subject.baseline is not None else freezes_at(subject)
    if freeze is None:
        return skipped("common.bucket")
    known = known_from(subject)
    if subject.baseline is None and known is not None and freeze < known:
        return skipped("common.known-since", values={"known": known})

    def look(at: datetime) -> Verdict:
        if at < freeze:
            return clear("budget-burn.not-planned-yet", values={"freezes": freeze})
        return _look(subject, params, subject.baseline or baseline_at(subject, freeze))

    return with_recheck(look, instants=(freeze,), now=now)


def _look(subject: Milestone, params: BudgetBurnParams, baseline: Baseline) -> Verdict:
    latest = _latest(subject, baseline)
    if not any(id_ in baseline.members for id_ in latest):
        return skipped("budget-burn.nothing-planned")
    burn = _burn(latest, baseline, params)
    if burn is None:
        return skipped("budget-burn.no-budget", values={"unit": params.unit})
    if burn.open_items == 0:
        return clear("budget-burn.all-done")
    over = burn.used > burn.budget
    if not over and burn.used < params.from_used * burn.budget:
        return clear("budget-burn.early", values={"used": burn.used, "budget": burn.budget, "unit": params.unit})
    if not over and burn.ahead < params.ahead:
        return clear("budget-burn.level", values={"used": burn.used, "budget": burn.budget, "unit": params.unit})
    return _flag(subject, params, burn, latest, over=over)


def _latest(subject: Milestone, baseline: Baseline) -> dict[int, Member]:
    """The last stay of each item that is in, or that was planned and was not dropped."""
    found: dict[int, Member] = {}
    for member in sorted(subject.members, key=lambda one: (one.left_at is None, one.joined_at or one.created_at)):
        if member.left_at is None or member.item.id in baseline.members:
            found[member.item.id] = member
    return found


def _burn(latest: Mapping[int, Member], baseline: Baseline, params: BudgetBurnParams) -> Burn | None:
    """How the budget stands; None where there is none."""
    hours = params.unit == "hours"
    planned = {id_: member for id_, member in latest.items() if id_ in baseline.members}
    sizes = {id_: member.hours_planned if hours else baseline.members[id_] for id_, member in planned.items()}
    sized = sized_share(list(sizes.values())) >= SIZED_ENOUGH
    if not params.budget and not sized:
        return None
    budget = params.budget or filled_sum(list(sizes.values()))
    used = {id_: _used(member, sizes.get(id_), hours=hours) for id_, member in latest.items()}
    kept = [id_ for id_, member in planned.items() if member.state is not State.DROPPED and member.left_at is None]
    middle = median(list(sizes.values())) if sized else 1.0
    weights = {id_: (sizes[id_] if sized else None) or middle for id_ in kept}
    total = sum(weights.values())
    if budget <= 0 or total <= 0:
        return None
    return Burn(
        used=sum(used.values()),
        budget=budget,
        done=sum(weights[id_] for id_ in kept if planned[id_].state is State.DONE) / total,
        unplanned=sum(amount for id_, amount in used.items() if id_ not in baseline.members),
        open_items=sum(member.state.is_open and member.left_at is None for member in latest.values()),
    )


def _used(member: Member, planned: float | None, *, hours: bool) -> float:
    if hours:
        return member.spent or 0.0
    done = member.state is State.DONE and member.left_at is None
    size = member.estimate if member.estimate is not None else planned
    return (size or 0.0) if done else 0.0


def _flag(
    subject: Milestone, params: BudgetBurnParams, burn: Burn, latest: Mapping[int, Member], *, over: bool
) -> Verdict:
    values: dict[str, Value] = {
        "title": subject.title,
        "used": round(burn.used, 1),
        "budget": round(burn.budget, 1),
        "unit": params.unit,
        "done": round(100 * burn.done),
        "open": burn.open_items,
    }
    step = int(round(max(burn.ahead, 0.0) / STEP, 9))
    return flagged(
        "budget-burn.over" if over else "budget-burn.ahead",
        since=None,
        values=values,
        evidence=_evidence(subject, params, burn, latest),
        helps=Said("budget-burn.helps", {"title": subject.key}),
        gist=f"budget={burn.budget:g};step={step}",
        reach=Reach.PAGE,
        weight=float(step),
    )


def _evidence(
    subject: Milestone, params: BudgetBurnParams, burn: Burn, latest: Mapping[int, Member]
) -> tuple[Said, ...]:
    """What went into additions, then the items that ran over most."""
    lines = []
    if burn.unplanned > 0:
        lines.append(Said("budget-burn.unplanned", {"amount": round(burn.unplanned, 1), "unit": params.unit}))
    over = [
        (member.spent - member.hours_planned, member.item, member.spent, member.hours_planned)
        for member in latest.values()
        if member.spent and member.hours_planned and member.spent > OVERRUN * member.hours_planned
    ]
    for _more, ref, spent, planned in sorted(over, key=lambda one: (-one[0], one[1].id))[:NAMED]:
        if subject.project.may_tell(ref):
            lines.append(Said("budget-burn.item", {"ref": ref, "spent": round(spent, 1), "planned": round(planned, 1)}))
    return tuple(lines)


TYPE = RuleType(
    name="budget-burn",
    title="Budget burn",
    sentence="Milestones whose budget is used up faster than their plan gets done.",
    judges=Milestone,
    params=BudgetBurnParams,
    judge=judge,
    doc=__doc__,
    uses=("usual",),
    label="burn",
    label_color="d4d4d4",
)
