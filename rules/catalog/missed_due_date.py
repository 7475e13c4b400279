"""An item whose due date has passed.

What it finds
    Open issues, sub-tasks and pull requests whose due date, set by a person, has passed.

Why it matters
    A date on an item is a promise to somebody. When it passes in silence, whoever waits for it learns it last.

How it is judged
    A date has passed at the end of its day in the project's time zone; a date on a day off means the next working
    day. Only dates that a person set are judged. An item with children is a milestone and is judged as one.

What clears it
    Finishing it, a new date, or taking the date away.

When it is wrong
    When the date was a wish or came from a template. Take it away, or answer that it is wrong.

Example
    Due on Friday 11 December, still in progress on Saturday.
"""

from __future__ import annotations

from datetime import datetime

from rules.catalog.common import by_automation, dormant_at, setting
from rules.catalog.moves import earlier_dates
from rules.catalog.timing import with_recheck
from rules.facts import Item, Kind
from rules.spec import Params, RuleType
from rules.verdict import Said, Verdict, clear, flagged, skipped


class MissedDueDateParams(Params):
    """How soon after the date."""

    grace_days: int = setting(
        "Grace",
        default=0,
        unit="working days",
        low=0,
        high=90,
        description="Days after the due day before it is flagged.",
    )


def judge(subject: Item, params: MissedDueDateParams, now: datetime) -> Verdict:
    due = subject.due
    if not subject.state.is_open:
        return clear("missed-due-date.done", values={"on": subject.closed_at})
    if due is None:
        return skipped("missed-due-date.no-date")
    if subject.gap:
        return skipped("common.gap")
    if by_automation(subject):
        return skipped("common.automation")
    if subject.children_total:
        return skipped("missed-due-date.milestone")
    if subject.dues and not subject.dues[-1].by_person:
        return skipped("missed-due-date.machine-set")
    calendar = subject.project.calendar
    passed = calendar.due_end(due)
    first = calendar.add_working_days(passed, params.grace_days)
    dormant = dormant_at(subject.project, passed)

    def look(at: datetime) -> Verdict:
        if at >= dormant:
            return clear("missed-due-date.dormant", values={"due": due})
        if at < first:
            return clear("missed-due-date.ahead", values={"due": due})
        moves = earlier_dates(subject.dues, due)
        lines = [Said("missed-due-date.state", {"state": subject.state.value, "assigned": bool(subject.assignees)})]
        if moves:
            lines.append(Said("common.moved", {"times": len(moves), "was": moves[0]}))
        return flagged(
            "missed-due-date.passed",
            values={"due": due},
            since=passed,
            evidence=tuple(lines),
            helps=Said("missed-due-date.helps"),
            gist=f"due={due.isoformat()}",
            refs=(subject.ref,),
            weight=float(len(moves)),
        )

    return with_recheck(look, instants=(first, dormant), now=now)


TYPE = RuleType(
    name="missed-due-date",
    title="Missed due date",
    sentence="Open items whose due date, set by a person, has passed.",
    judges=Item,
    kinds=frozenset({Kind.ISSUE, Kind.SUBTASK, Kind.PULL_REQUEST}),
    params=MissedDueDateParams,
    judge=judge,
    doc=__doc__,
    label="late",
    label_color="f39c4a",
)
