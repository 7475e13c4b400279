"""A milestone whose date has passed with work left, or that was closed with work left in it.

What it finds
    Milestones, versions and epics that are past their date with open items, sprints that ended well below what was
    planned, and what was closed or released with open items in it.

Why it matters
    A date that passes in silence is read as kept. Saying at once what is left lets people choose: a new date, less,
    or as it is.

How it is judged
    A date has passed at the end of its day in the project's time zone; a date on a day off means the next working
    day. What is part of another member is not counted twice. A sprint is judged one working day after its end, by the
    share of the planned work that was done by then, against 80 % and the team's own usual, whichever is lower; when
    it was closed does not matter. Where everything is done and only the milestone is still open, it is paperwork and
    stays on the page. Where the date holds and the content floats (a train), what is open at the date is what was
    left behind.

What clears it
    A new date, moving the open items out, finishing them, or closing what is done. A sprint's flag goes after ten
    working days.

When it is wrong
    When the date is moved on each month by habit: mark the milestone as rolling. After 90 days it is no longer flagged.

Example
    2.4 was due on Friday 11 December; on Saturday 3 of 24 items are open.
"""

from __future__ import annotations

from datetime import datetime

from rules.baseline import members_at, own_right
from rules.catalog.common import dormant_at, setting
from rules.catalog.missed_sprint import judge_sprint
from rules.catalog.moves import earlier_dates, moved_late
from rules.catalog.timing import with_recheck
from rules.facts import Member, Milestone, MilestoneKind
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Severity, Value, Verdict, clear, flagged, skipped

SHOWN = 3
IN_A_LINE = 4
"""Open items that one line names, where a tracker's comments have no room for a line each."""


class MissedMilestoneParams(Params):
    """How soon after the date, and what a sprint must reach."""

    grace_days: int = setting(
        "Grace",
        default=0,
        unit="working days",
        low=0,
        high=90,
        description="Days after the due day before it is noted.",
    )
    comment_after: int = setting(
        "Comment after",
        default=0,
        unit="working days",
        low=0,
        high=90,
        description="Days after the due day before a comment is written; until then it is on the page only.",
    )
    sprint_grace_days: int = setting(
        "Sprints: judged after",
        default=1,
        unit="working days",
        low=0,
        high=10,
        description="Days after the end of a sprint.",
    )
    sprint_share: float = setting(
        "Sprints: share done",
        default=0.8,
        unit="share of the planned work",
        low=0.0,
        high=1.0,
        description="Less than this, and less than the team's own lowest quarter, is flagged.",
    )


def judge(subject: Milestone, params: MissedMilestoneParams, now: datetime) -> Verdict:
    settings = subject.project.settings
    if subject.gap:
        return skipped("common.gap")
    if subject.number is not None and subject.number in settings.rolling_milestones:
        return skipped("common.rolling")
    if subject.kind is MilestoneKind.SPRINT:
        return judge_sprint(subject, share=params.sprint_share, grace=params.sprint_grace_days, now=now)
    if not subject.open:
        return _judge_closed(subject, now)
    if subject.due is None:
        return skipped("common.bucket")
    calendar = subject.project.calendar
    passed = calendar.due_end(subject.due)
    first = calendar.add_working_days(passed, params.grace_days)
    loud = calendar.add_working_days(passed, max(params.grace_days, params.comment_after))
    dormant = dormant_at(subject.project, passed)
    members = own_right(members_at(subject, now))

    def look(at: datetime) -> Verdict:
        if not members:
            return skipped("missed-milestone.empty")
        if at < first:
            return clear("missed-milestone.ahead", values={"due": subject.due})
        if at >= dormant:
            return clear("missed-milestone.dormant", values={"due": subject.due})
        return _past(subject, members, passed=passed, loud=at >= loud)

    return with_recheck(look, instants=(first, loud, dormant), now=now)


def _judge_closed(subject: Milestone, now: datetime) -> Verdict:
    members = own_right(members_at(subject, now))
    left = [member for member in members.values() if member.state.is_open]
    closed = subject.closed_at
    if not left or closed is None:
        return clear("missed-milestone.closed", values={"on": closed})
    dormant = dormant_at(subject.project, closed)
    if now >= dormant:
        return clear("missed-milestone.closed", values={"on": closed})
    return flagged(
        "missed-milestone.left-behind",
        values={
            "title": subject.title,
            "on": closed,
            "released": subject.released,
            "open": len(left),
            "total": len(members),
        },
        since=closed,
        recheck_at=dormant,
        evidence=_evidence(subject, left) if subject.project.tracker == "github" else _brief(subject, left)[:1],
        helps=Said("missed-milestone.helps-closed", {"open": len(left)}),
        gist=_gist(subject, left),
        refs=tuple(member.item for member in left),
        weight=float(len(left)),
    )


def _past(subject: Milestone, members: dict[int, Member], *, passed: datetime, loud: bool) -> Verdict:
    """The date has passed: paperwork where all is done, else what is left."""
    left = [member for member in members.values() if member.state.is_open]
    if not left:
        return flagged(
            "missed-milestone.paperwork",
            values={"title": subject.title},
            since=passed,
            gist="paperwork",
            severity=Severity.NOTE,
            reach=Reach.PAGE,
        )
    values: dict[str, Value] = {"title": subject.title, "due": subject.due, "open": len(left), "total": len(members)}
    train = subject.project.settings.policy == "train"
    reason = Said("missed-milestone.train", values) if train else Said("missed-milestone.passed", values)
    return flagged(
        reason.code,
        values=reason.values,
        since=passed,
        evidence=_evidence(subject, left) if subject.project.tracker == "github" else _brief(subject, left),
        below=_moves(subject) if subject.project.tracker == "github" else (),
        helps=Said("missed-milestone.helps", {"open": len(left), "kind": subject.kind.value}),
        gist=_gist(subject, left),
        severity=Severity.WARNING if loud else Severity.NOTE,
        reach=Reach.COMMENT if loud else Reach.PAGE,
        refs=tuple(member.item for member in left),
        weight=float(len(left)),
    )


def _moves(subject: Milestone) -> tuple[Said, ...]:
    moves = earlier_dates(subject.dues, subject.due)
    if not moves:
        return ()
    late = moved_late(subject.dues, calendar=subject.project.calendar)
    return (Said("missed-milestone.moved", {"times": len(moves), "was": moves[0], "late": late}),)


def _evidence(subject: Milestone, left: list[Member]) -> tuple[Said, ...]:
    """One line for each open item, the furthest along first; two and a count where there are more than three."""
    ranked = _ranked(left)
    if len(ranked) <= SHOWN:
        return tuple(_line(subject, member) for member in ranked)
    lines = [_line(subject, member) for member in ranked[: SHOWN - 1]]
    more = Said("missed-milestone.more", {"more": len(ranked) - SHOWN + 1, "url": subject.url})
    return (*lines, more)


def _ranked(left: list[Member]) -> list[Member]:
    order = ["in_review", "in_progress", "todo"]
    return sorted(left, key=lambda member: (order.index(member.state.value), member.item.key))


def _brief(subject: Milestone, left: list[Member]) -> tuple[Said, ...]:
    """All open items in one line, and the moves of the date in another."""
    named = [member for member in _ranked(left) if subject.project.may_name(member.item)]
    shown = named if len(named) <= IN_A_LINE else named[: IN_A_LINE - 1]
    lines = tuple(_line(subject, member) for member in shown)
    if len(shown) < len(left):
        lines += (Said("missed-milestone.more", {"more": len(left) - len(shown), "url": subject.url}),)
    return (Said("missed-milestone.items", {"lines": lines}), *_moves(subject))


def _line(subject: Milestone, member: Member) -> Said:
    if not subject.project.may_tell(member.item):
        return Said("missed-milestone.elsewhere", {"ref": member.item})
    if member.waiting_on is not None and subject.project.may_name(member.waiting_on):
        values: dict[str, Value] = {"ref": member.item, "title": member.title, "blocker": member.waiting_on}
        return Said("missed-milestone.blocked", values)
    return Said(
        "missed-milestone.item",
        {
            "ref": member.item,
            "title": member.title,
            "state": member.state.value,
            "since": member.state_since if member.state.value == "in_review" else None,
            "nobody": not member.assigned and member.state.value == "todo",
        },
    )


def _gist(subject: Milestone, left: list[Member]) -> str:
    return f"due={subject.due};open={','.join(str(id_) for id_ in sorted(member.item.id for member in left))}"


TYPE = RuleType(
    name="missed-milestone",
    title="Missed milestone",
    sentence="Milestones past their date with work left, and what was left behind when one was closed.",
    judges=Milestone,
    params=MissedMilestoneParams,
    judge=judge,
    doc=__doc__,
    label="late",
    label_color="f39c4a",
)
