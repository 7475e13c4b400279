"""Every rule type there is, in the order in which pages list them. A new type is one file and one line here."""

from __future__ import annotations

from rules.catalog import (
    blocked_too_long,
    dependency_at_risk,
    milestone_at_risk,
    missed_due_date,
    missed_milestone,
    repeat_moves,
    repeat_slip,
    scope_creep,
    scope_growth,
    stalled_review,
    stalled_work,
    state_mismatch,
    unlinked_work,
    unready_milestone,
)
from rules.spec import RuleType

TYPES: tuple[RuleType, ...] = (
    stalled_review.TYPE,
    stalled_work.TYPE,
    scope_creep.TYPE,
    scope_growth.TYPE,
    missed_milestone.TYPE,
    missed_due_date.TYPE,
    milestone_at_risk.TYPE,
    repeat_slip.TYPE,
    repeat_moves.TYPE,
    unready_milestone.TYPE,
    blocked_too_long.TYPE,
    dependency_at_risk.TYPE,
    state_mismatch.TYPE,
    unlinked_work.TYPE,
)

_BY_NAME = {type_.name: type_ for type_ in TYPES}


def by_name(name: str) -> RuleType:
    """The rule type of that name. Raises KeyError where there is none."""
    return _BY_NAME[name]
