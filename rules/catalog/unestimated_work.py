"""Work in a sprint without an estimate, in a team that estimates.

What it finds
    Open issues in a running sprint that have no size, where nearly all others in it have one.

Why it matters
    A sprint is filled by sizes. What has none fits in any sprint, and every figure about it is a little wrong.

How it is judged
    Only where most of what is in the sprint is sized: a team that sizes little means nothing by the gaps. Sub-tasks are
    neither asked nor counted. Judged from one working day after the beginning of the sprint, when planning is over.
    Work outside a sprint is not judged: how much of it the team sizes is not known.

What clears it
    An estimate, taking it out of the sprint, or finishing it.

When it is wrong
    When some kinds of work are not sized by agreement. Say which by a condition, or leave bugs out.

Example
    Eleven of the twelve items in Sprint 31 are sized; PAY-240 is not.
"""

from __future__ import annotations

from datetime import datetime
from math import floor

from rules.baseline import SIZED_ENOUGH
from rules.catalog.common import choice, left_out, setting
from rules.catalog.timing import with_recheck
from rules.facts import Item, Kind, Sprint
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Severity, Verdict, clear, flagged, skipped


class UnestimatedWorkParams(Params):
    """Where estimates are expected, and from when on."""

    min_share: float = setting(
        "Sized enough",
        default=SIZED_ENOUGH,
        unit="share of the items in the sprint",
        low=0.0,
        high=1.0,
        description="Only where at least this share of the sprint's items is sized.",
    )
    settle_days: int = setting(
        "Asked after",
        default=1,
        unit="working days",
        low=0,
        high=30,
        description="Days after the beginning of the sprint before it is flagged.",
    )
    bugs: bool = choice("Bugs, too", default=True, description="Ask for the size of bugs as well.")


def judge(subject: Item, params: UnestimatedWorkParams, now: datetime) -> Verdict:
    if not subject.state.is_open:
        return clear("unestimated-work.done", values={"on": subject.closed_at})
    if (reason := left_out(subject)) is not None:
        return reason
    if subject.size.estimate is not None:
        return clear("unestimated-work.sized")
    if subject.bug and not params.bugs:
        return skipped("unestimated-work.bug")
    sprint = subject.sprint
    if sprint is None:
        return skipped("unestimated-work.no-sprint")
    if sprint.sized is None or sprint.starts is None:
        return skipped("unestimated-work.share-unknown")
    if sprint.sized < params.min_share:
        return skipped("unestimated-work.few-sized", values={"percent": _percent(sprint.sized)})
    calendar = subject.project.calendar
    begins = calendar.midnight(sprint.starts)
    first = calendar.add_working_days(begins, params.settle_days)

    def look(at: datetime) -> Verdict:
        if at < first:
            return clear("unestimated-work.early", values={"on": first})
        return _flag(subject, sprint, since=first)

    return with_recheck(look, instants=(first,), now=now)


def _percent(share: float) -> int:
    """Whole percent, down: what is short of a threshold never reads as if it were not."""
    return floor(round(share * 100, 6))


def _flag(subject: Item, sprint: Sprint, *, since: datetime) -> Verdict:
    return flagged(
        "unestimated-work.unsized",
        values={"sprint": sprint.title},
        since=since,
        evidence=(Said("unestimated-work.others", {"percent": _percent(sprint.sized or 0.0)}),),
        helps=Said("unestimated-work.helps"),
        gist=sprint.title,
        severity=Severity.NOTE,
        reach=Reach.PAGE,
        refs=(subject.ref,),
    )


TYPE = RuleType(
    name="unestimated-work",
    title="Unestimated work",
    sentence="Work in a sprint without an estimate, where nearly all of the sprint is estimated.",
    judges=Item,
    kinds=frozenset({Kind.ISSUE}),
    params=UnestimatedWorkParams,
    judge=judge,
    doc=__doc__,
    label="unsized",
    label_color="d4d4d4",
)
