"""Every rule type there is, in the order in which pages list them. A new type is one file and one line here."""

from __future__ import annotations

from rules.catalog import (
    abandoned_assignment,
    ageing_work,
    blocked_too_long,
    bottleneck,
    budget_burn,
    custom,
    dependency_at_risk,
    estimate_overrun,
    milestone_at_risk,
    missed_due_date,
    missed_milestone,
    missing_acceptance_criteria,
    overload,
    red_checks,
    reopened,
    repeat_moves,
    repeat_slip,
    scope_creep,
    scope_growth,
    sprint_injection,
    stalled_review,
    stalled_work,
    state_mismatch,
    unestimated_work,
    unlinked_work,
    unready_milestone,
    unreviewed_merge,
    waiting_for_answer,
)
from rules.spec import RuleType

TYPES: tuple[RuleType, ...] = (
    stalled_review.TYPE,
    red_checks.TYPE,
    stalled_work.TYPE,
    ageing_work.TYPE,
    abandoned_assignment.TYPE,
    scope_creep.TYPE,
    sprint_injection.TYPE,
    scope_growth.TYPE,
    missed_milestone.TYPE,
    missed_due_date.TYPE,
    milestone_at_risk.TYPE,
    repeat_slip.TYPE,
    repeat_moves.TYPE,
    unready_milestone.TYPE,
    blocked_too_long.TYPE,
    waiting_for_answer.TYPE,
    dependency_at_risk.TYPE,
    state_mismatch.TYPE,
    reopened.TYPE,
    unlinked_work.TYPE,
    estimate_overrun.TYPE,
    budget_burn.TYPE,
    overload.TYPE,
    bottleneck.TYPE,
    custom.TYPE,
    unreviewed_merge.TYPE,
    missing_acceptance_criteria.TYPE,
    unestimated_work.TYPE,
)

_BY_NAME = {type_.name: type_ for type_ in TYPES}


def by_name(name: str) -> RuleType:
    """The rule type of that name. Raises KeyError where there is none."""
    return _BY_NAME[name]
