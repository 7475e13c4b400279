"""A milestone that is about to begin, or to be due, with work in it that is not ready.

What it finds
    Some working days before a milestone, version, sprint or epic begins (or, where it has no beginning, is due): open
    items without an estimate, without a word on when they are done, with nobody assigned, or that wait for something
    from outside.

Why it matters
    What is not ready on the first day is found out one by one in the weeks that follow. Ten days before, it takes an
    hour.

How it is judged
    Once for the milestone, never on its items. Estimates are asked for only where four of five of its items have one;
    a word on when it is done (acceptance criteria, a definition of done, boxes to tick) only of issues, and only where
    it is switched on. What is part of another item in it is judged with that one.

What clears it
    Mending what is listed, taking it out, or the first day.

When it is wrong
    When people take their work themselves, or nothing is sized. Each part can be switched off.

Example
    Sprint 32 begins on Monday 7 December: 2 of 14 items have no estimate, 5 nobody assigned.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from rules.baseline import SIZED_ENOUGH, members_at, own_right
from rules.calendar import DAY, Calendar
from rules.catalog.common import choice, setting
from rules.catalog.timing import with_recheck
from rules.facts import Member, Milestone
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Severity, Verdict, clear, flagged, skipped

SHOWN = 3
FAR = timedelta(days=800)


class UnreadyMilestoneParams(Params):
    """How long before, and what is asked for."""

    days_before: int = setting(
        "Looked at",
        default=2,
        unit="working days before",
        low=1,
        high=60,
        description="Working days before it begins, or is due where it has no beginning.",
    )
    estimates: bool = choice(
        "Estimates",
        default=True,
        description="Ask for an estimate, where four of five items have one.",
    )
    criteria: bool = choice(
        "When it is done",
        default=True,
        description="Ask for acceptance criteria, a definition of done or boxes in the text of issues.",
    )
    assignees: bool = choice(
        "Somebody assigned",
        default=True,
        description="Ask for an assignee.",
    )
    waiting: bool = choice(
        "Nothing from outside",
        default=True,
        description="List what waits for an item that is not in the milestone.",
    )


def judge(subject: Milestone, params: UnreadyMilestoneParams, now: datetime) -> Verdict:
    if subject.gap:
        return skipped("common.gap")
    if subject.number is not None and subject.number in subject.project.settings.rolling_milestones:
        return skipped("common.rolling")
    if not subject.open:
        return clear("unready-milestone.closed", values={"on": subject.closed_at})
    day = subject.start or subject.due
    if day is None:
        return skipped("common.bucket")
    calendar = subject.project.calendar
    ends = calendar.midnight(day) if subject.start is not None else calendar.due_end(day)
    begins = calendar.midnight(_days_before(day, params.days_before, calendar=calendar))
    members = own_right(members_at(subject, now))
    left = sorted((one for one in members.values() if one.state.is_open), key=lambda member: member.item.key)
    wants = _wants(left, subject, params)

    def look(at: datetime) -> Verdict:
        if at >= ends:
            return clear("unready-milestone.begun")
        if at < begins:
            return clear("unready-milestone.ahead", values={"day": day})
        if not members:
            return skipped("unready-milestone.empty")
        if not wants:
            return clear("unready-milestone.ready")
        return _flag(subject, wants, total=len(left), day=day, since=begins)

    return with_recheck(look, instants=(begins, ends), now=now)


def _days_before(day: date, count: int, *, calendar: Calendar) -> date:
    """The working day that is so many working days before a day."""
    found, left = day, count
    while left and day - found < FAR:
        found -= DAY
        left -= calendar.is_working_day(found)
    return found


def _wants(
    left: Sequence[Member], subject: Milestone, params: UnreadyMilestoneParams
) -> tuple[tuple[str, tuple[Member, ...]], ...]:
    """What is missing, by what, and of which items."""
    inside = {member.item.id for member in subject.members}
    sized = sum(member.estimate is not None for member in left) >= SIZED_ENOUGH * len(left)
    found = {
        "waiting": [
            one for one in left if params.waiting and one.waiting_on is not None and one.waiting_on.id not in inside
        ],
        "unsized": [one for one in left if params.estimates and sized and one.estimate is None],
        "criteria": [one for one in left if params.criteria and one.has_criteria is False],
        "nobody": [one for one in left if params.assignees and not one.assigned],
    }
    return tuple((name, tuple(members)) for name, members in found.items() if members)


def _flag(
    subject: Milestone, wants: tuple[tuple[str, tuple[Member, ...]], ...], *, total: int, day: date, since: datetime
) -> Verdict:
    items = {member.item.id for _, members in wants for member in members}
    lines = tuple(
        Said("unready-milestone.line", {"what": name, "items": tuple(m.item for m in members)})
        for name, members in wants
    )
    return flagged(
        "unready-milestone.unready",
        values={
            "title": subject.title,
            "begins": subject.start is not None,
            "day": day,
            "count": len(items),
            "total": total,
        },
        since=since,
        evidence=lines[:SHOWN],
        below=lines[SHOWN:],
        helps=Said("unready-milestone.helps"),
        gist=";".join(f"{name}={','.join(str(m.item.id) for m in members)}" for name, members in wants),
        severity=Severity.NOTE,
        reach=Reach.PAGE,
        refs=tuple(member.item for _, members in wants for member in members),
        weight=float(len(items)),
    )


TYPE = RuleType(
    name="unready-milestone",
    title="Unready milestone",
    sentence="Milestones about to begin or to be due, with work that is not ready to be done.",
    judges=Milestone,
    params=UnreadyMilestoneParams,
    judge=judge,
    doc=__doc__,
    label="unready",
    label_color="d4d4d4",
)
