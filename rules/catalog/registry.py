"""Every rule type there is, in the order in which pages list them. A new type is one file and one line here."""

from __future__ import annotations

from rules.catalog import (
    ageing_work,
    blocked_too_long,
    custom,
    missed_due_date,
    missed_milestone,
    scope_creep,
    scope_growth,
    stalled_review,
    stalled_work,
    state_mismatch,
    unlinked_work,
)
from rules.spec import RuleType

TYPES: tuple[RuleType, ...] = (
    stalled_review.TYPE,
    stalled_work.TYPE,
    ageing_work.TYPE,
    scope_creep.TYPE,
    scope_growth.TYPE,
    missed_milestone.TYPE,
    missed_due_date.TYPE,
    blocked_too_long.TYPE,
    state_mismatch.TYPE,
    unlinked_work.TYPE,
    custom.TYPE,
)

_BY_NAME = {type_.name: type_ for type_ in TYPES}


def by_name(name: str) -> RuleType:
    """The rule type of that name. Raises KeyError where there is none."""
    return _BY_NAME[name]
