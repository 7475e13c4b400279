"""What a team looks for itself: a condition of its own, for some days if it likes, in words of its own.

What it finds
    Items for which a condition holds that the team wrote, at once or after it has held for some working days.

Why it matters
    Every team has an agreement that no other has. Where it can be said in facts, it can be watched like the rest.

How it is judged
    The condition is an expression over one item, as in a rule's scope, checked when it is written. Where days are set,
    it must have held without a break for so many working days, as far as it was judged; what breaks it starts the count
    anew. A condition that compares what is not known about an item does not judge it, and says so.

What clears it
    The condition no longer holds, or the item is closed.

When it is wrong
    When the condition says more than the team meant. Its page shows which items it would flag; mend it there, or answer
    that this one is fine.

Example
    Urgent bugs that nobody is assigned to for a working day: `item.labels.exists(l, l == 'urgent') &&
    size(item.assignees) == 0`, for 1 day, "Urgent, and nobody has it yet."
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field, field_validator

from rules import conditions, messages
from rules.catalog.common import choice, setting
from rules.conditions import Condition, compile_condition
from rules.facts import Item, Kind
from rules.messages import compile_message
from rules.spec import Params, RuleType
from rules.verdict import Days, Said, Severity, Verdict, clear, flagged, skipped


class CustomParams(Params):
    """The condition, for how long, and what to say."""

    when: str = Field(
        default="item.labels.exists(l, l == 'urgent') && size(item.assignees) == 0",
        title="When",
        description="The condition: an expression over one item that is true or false.",
        max_length=conditions.MAX_LENGTH,
        json_schema_extra={"unit": "condition"},
    )
    for_days: float = setting(
        "For at least",
        default=1.0,
        unit="working days",
        low=0,
        high=365,
        description="Days for which the condition must have held without a break; 0: flagged at once.",
    )
    message: str = Field(
        default="Urgent, and nobody has it yet.",
        title="What to say",
        description="The note's first line. Fields of the item stand in braces: {state_days}.",
        max_length=messages.MAX_LENGTH,
        json_schema_extra={"unit": "text"},
    )
    open_only: bool = choice("Open items only", default=True, description="Leave alone what is closed.")

    @field_validator("when")
    @classmethod
    def _can_be_asked(cls, value: str) -> str:
        compile_condition(value, Item)
        return value

    @field_validator("message")
    @classmethod
    def _can_be_said(cls, value: str) -> str:
        compile_message(value)
        return value


def judge(subject: Item, params: CustomParams, now: datetime) -> Verdict:
    if params.open_only and not subject.state.is_open:
        return clear("custom.done", values={"on": subject.closed_at})
    if subject.gap:
        return skipped("common.gap")
    condition = compile_condition(params.when, Item)
    again = _again_at(subject, condition, now)
    answer = condition.answer(subject, now)
    if answer.holds is None:
        return skipped("custom.unknown", values={"why": answer.why}, recheck_at=again)
    if not answer.holds:
        return clear("custom.free", recheck_at=again)
    message = compile_message(params.message)
    held = Days(params.for_days, working=not subject.project.calendar.every_day)
    return flagged(
        "custom.message",
        since=None,
        values={"text": message.fill(subject, now)},
        evidence=(Said("custom.held", {"held": held}),) if params.for_days >= 1 else (),
        helps=Said("custom.helps"),
        gist=message.gist(subject, now),
        recheck_at=again,
        severity=Severity.URGENT,
        refs=(subject.ref,),
        hold_for=params.for_days,
    )


def _again_at(subject: Item, condition: Condition, now: datetime) -> datetime | None:
    """Ages are whole days: what asks for one is asked again at the next local midnight."""
    if not condition.uses_time:
        return None
    calendar = subject.project.calendar
    return calendar.midnight(calendar.local_date(now) + timedelta(days=1))


TYPE = RuleType(
    name="custom",
    title="Custom",
    sentence="Items for which a condition of the team's own holds.",
    judges=Item,
    kinds=frozenset(Kind),
    params=CustomParams,
    judge=judge,
    doc=__doc__,
    label="custom",
    label_color="d4d4d4",
)
