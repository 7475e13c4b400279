"""Work that was given to somebody and never begun.

What it finds
    Open issues and sub-tasks that somebody was put on, that are in a running sprint or have a date coming up, and on
    which nothing has happened for some days: not begun, and no word of an assignee.

Why it matters
    An assignment looks like progress from afar. While it stands nobody else takes the work up, and the one who has it
    may not have seen it.

How it is judged
    Only what was never begun: no status or label that says so, no open pull request, no act of an assignee. Quiet since
    the last of: somebody put a person on it, it moved, its sprint began. Who stands on it by default (as a component's
    lead, by a rota's machine, or as it was made) was asked by nobody: outside a running sprint that is not judged.
    Without a sprint it is judged only while the earliest date that waits for it is near. What is in triage, waits, or
    is blocked is left alone.

What clears it
    A start, a word of an assignee, taking the assignment off, another date, or finishing it.

When it is wrong
    When it is meant to begin late. Answer with an expected date. Where it is past its own due date, the flag about
    that date speaks.

Example
    Assigned on Tuesday 24 November, due on 11 December; on 1 December nobody has begun it: quiet for 5 working days.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from rules.catalog.common import (
    called_blocked,
    days_between,
    dormant_at,
    label_among,
    left_out,
    open_blockers,
    quiet_since,
    setting,
    waiting_for,
)
from rules.catalog.timing import with_recheck
from rules.facts import Item, Kind, State
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Severity, Verdict, clear, flagged, skipped


class AbandonedAssignmentParams(Params):
    """After how many quiet days, and how near its date."""

    quiet_days: int = setting(
        "Quiet for",
        default=5,
        unit="working days",
        low=1,
        high=365,
        description="Days without a start after which it is flagged.",
    )
    ahead_days: int = setting(
        "Date within",
        default=14,
        unit="days before the date",
        low=0,
        high=365,
        description="Outside a running sprint: only from so many days before the date that waits for it.",
    )


def judge(subject: Item, params: AbandonedAssignmentParams, now: datetime) -> Verdict:
    if not subject.state.is_open:
        return clear("abandoned-assignment.done", values={"on": subject.closed_at})
    if (reason := _not_ours(subject)) is not None:
        return reason
    calendar = subject.project.calendar
    since = _since(subject)
    first = calendar.add_working_days(since, params.quiet_days)
    need = subject.needed_by if subject.sprint is None else None
    if need is not None:
        first = max(first, calendar.midnight(need - timedelta(days=params.ahead_days)))
    dormant = dormant_at(subject.project, since)

    def look(at: datetime) -> Verdict:
        if at >= dormant:
            return clear("abandoned-assignment.dormant", values={"since": since})
        if at < first:
            return clear("abandoned-assignment.early", values={"since": since})
        return _flag(subject, need, since=since, now=at)

    return with_recheck(look, instants=(first, dormant), now=now)


def _not_ours(subject: Item) -> Verdict | None:
    """The first reason why nobody has left this assignment alone, or None."""
    if (reason := left_out(subject)) is not None:
        return reason
    if not subject.assignees:
        return clear("abandoned-assignment.nobody")
    if subject.state is not State.TODO or subject.acted_at is not None or subject.started_at is not None:
        return clear("abandoned-assignment.begun")
    if (label := label_among(subject, subject.project.settings.triage_labels)) is not None:
        return skipped("common.left-out", values={"label": label})
    if (word := waiting_for(subject)) is not None:
        return skipped("common.waiting", values={"word": word})
    if called_blocked(subject) is not None or open_blockers(subject):
        return skipped("abandoned-assignment.blocked")
    if subject.sprint is None and subject.needed_by is None:
        return skipped("abandoned-assignment.undated")
    if subject.sprint is None and subject.assigned_since is None:
        return skipped("abandoned-assignment.by-default")
    return None


def _since(subject: Item) -> datetime:
    """The last of what would have begun it: the assignment, any movement, the beginning of its sprint."""
    since = max(quiet_since(subject), subject.assigned_since or subject.created_at)
    if subject.sprint is not None and subject.sprint.starts is not None:
        return max(since, subject.project.calendar.midnight(subject.sprint.starts))
    return since


def _flag(subject: Item, need: date | None, *, since: datetime, now: datetime) -> Verdict:
    sprint = subject.sprint
    evidence: tuple[Said, ...] = ()
    if sprint is not None:
        evidence = (Said("abandoned-assignment.sprint", {"sprint": sprint.title, "ends": sprint.ends}),)
    elif need is not None:
        evidence = (Said("abandoned-assignment.needed", {"need": need}),)
    return flagged(
        "abandoned-assignment.quiet",
        values={"quiet": days_between(subject.project, since=since, until=now)},
        since=since,
        evidence=evidence,
        helps=Said("abandoned-assignment.helps"),
        gist=f"since={since.isoformat()};need={need};sprint={sprint.title if sprint is not None else None}",
        severity=Severity.NOTE,
        reach=Reach.PAGE,
        refs=(subject.ref,),
    )


TYPE = RuleType(
    name="abandoned-assignment",
    title="Abandoned assignment",
    sentence="Work that somebody was put on and that was never begun, while its date comes up.",
    judges=Item,
    kinds=frozenset({Kind.ISSUE, Kind.SUBTASK}),
    params=AbandonedAssignmentParams,
    judge=judge,
    doc=__doc__,
    label="unstarted",
    label_color="d4d4d4",
    yields_to=("missed-due-date",),
)
