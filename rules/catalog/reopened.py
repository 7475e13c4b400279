"""Work that was called done and came back.

What it finds
    Open issues and sub-tasks that a person closed and a person opened again, lately.

Why it matters
    What comes back was counted as done once already, in a plan, a release or a report. Once is life; again and again
    says that "done" means different things here.

How it is judged
    Only what people did by hand counts, both the closing and the opening: a script that closes what is old, and
    somebody who opens it again, disagree about the backlog and not about the work. In Jira the status says what is
    done; a resolution alone says nothing. What was taken back within the hour was a slip. (Counted: 28 of 38 in one
    repository, 18 of 48 in one Jira.) An opening counts for some days.

What clears it
    Closing it, or time.

When it is wrong
    When opening it again was the plan, as for an issue that is due each month. Answer that it is wrong.

Example
    Closed on Tuesday 24 November, and opened again on the next day.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rules.catalog.common import left_out, setting
from rules.catalog.timing import with_recheck
from rules.facts import Item, Kind, Reopening
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Severity, Verdict, clear, flagged

SHOWN = 3
"""Lines of evidence."""


class ReopenedParams(Params):
    """How often, and within how many days."""

    times: int = setting(
        "Times", default=1, unit="times", low=1, high=100, description="Opened again at least so many times."
    )
    within_days: int = setting(
        "Within",
        default=10,
        unit="working days",
        low=1,
        high=365,
        description="Days for which an opening counts.",
    )
    slip_minutes: int = setting(
        "A slip",
        default=60,
        unit="minutes",
        low=0,
        high=10080,
        description="What is opened again so soon after it was closed does not count.",
    )


def judge(subject: Item, params: ReopenedParams, now: datetime) -> Verdict:
    if not subject.state.is_open:
        return clear("reopened.done", values={"on": subject.closed_at})
    if (reason := left_out(subject)) is not None:
        return reason
    slip = timedelta(minutes=params.slip_minutes)
    counted = [one for one in subject.reopened if one.at - one.closed_at >= slip]
    calendar = subject.project.calendar
    until = [calendar.add_working_days(one.at, params.within_days) for one in counted]

    def look(at: datetime) -> Verdict:
        recent = [one for one, end in zip(counted, until, strict=True) if one.at <= at < end]
        if len(recent) < params.times:
            return clear("reopened.settled")
        return _flag(subject, recent)

    return with_recheck(look, instants=until, now=now)


def _flag(subject: Item, recent: list[Reopening]) -> Verdict:
    latest = sorted(recent, key=lambda one: one.at, reverse=True)
    lines = tuple(Said("reopened.turn", {"closed": one.closed_at, "opened": one.at}) for one in latest[:SHOWN])
    return flagged(
        "reopened.again",
        values={"times": len(recent), "on": latest[0].at},
        since=latest[0].at,
        evidence=lines,
        helps=Said("reopened.helps"),
        gist=",".join(one.at.isoformat() for one in latest),
        severity=Severity.NOTE,
        reach=Reach.PAGE,
        refs=(subject.ref,),
        weight=float(len(recent)),
    )


TYPE = RuleType(
    name="reopened",
    title="Reopened work",
    sentence="Work that was closed by somebody and opened again.",
    judges=Item,
    kinds=frozenset({Kind.ISSUE, Kind.SUBTASK}),
    params=ReopenedParams,
    judge=judge,
    doc=__doc__,
    label="reopened",
    label_color="d4d4d4",
)
