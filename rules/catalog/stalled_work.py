"""Work in progress that nobody has moved for some days.

What it finds
    Issues and sub-tasks that are in progress and quiet: no comment by author, assignee or member, no change of state,
    no ticked box, no movement of a linked pull request or a child.

Why it matters
    Something that is called in progress and is not moving hides a question, a missing decision or a silent hand-over.
    Two stand-ups later half of a sprint is left to help.

How it is judged
    In progress means: a linked open pull request, a status or label mapped so, or an assignee who has acted. Assigned
    alone is not in progress. Quiet time is counted in the project's working days. Containers are judged by their
    children, what waits for somebody outside or is blocked is left alone, and so is what carries a label such as "on
    hold". Where an open pull request of the same repository carries the work, the pull request is judged instead.
    Where one of another project does, and a note stands on it already, this stays on the pages.

What clears it
    Any movement, a linked blocker, a flag, a waiting status, a label such as "on hold", or finishing it.

When it is wrong
    When work goes on where Plumbline cannot see it, or somebody is away. Answer with an expected date. After 90 quiet
    days it is no longer flagged: by then it is a question for the backlog.

Example
    A ticket in the running sprint last moved on Tuesday 24 November. On the following Monday it is quiet for 4
    working days.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from rules.catalog.common import (
    acted_on_there,
    called_blocked,
    choice,
    days_between,
    dormant_at,
    label_among,
    left_out,
    open_blockers,
    open_pulls,
    quiet_since,
    setting,
    waiting_for,
)
from rules.catalog.timing import with_recheck
from rules.facts import Item, Kind, Link, State
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Verdict, clear, flagged, skipped


class StalledWorkParams(Params):
    """After how many quiet days, and which work."""

    quiet_days: int = setting(
        "Quiet for",
        default=3,
        unit="working days",
        low=1,
        high=365,
        description="Days without movement after which it is flagged.",
    )
    only: Literal["in_progress", "claimed"] = choice(
        "Which work",
        default="in_progress",
        description="All that is in progress, or only what an assignee has claimed by acting on it.",
    )
    running_sprint: bool = choice(
        "Running sprint only", default=False, description="Look only at items of a running sprint."
    )
    plan_share: float = setting(
        "Share of the planned time",
        default=0.0,
        unit="share of the time from start to due date",
        low=0.0,
        high=1.0,
        description="Where longer than the days above, this share of the planned time counts instead; 0: off.",
    )


def judge(subject: Item, params: StalledWorkParams, now: datetime) -> Verdict:
    if not subject.state.is_open:
        return clear("stalled-work.done", values={"on": subject.closed_at})
    if (reason := _not_ours(subject, params)) is not None:
        return reason
    since = quiet_since(subject)
    first = subject.project.calendar.add_working_days(since, params.quiet_days)
    if params.plan_share and subject.started_at is not None and subject.due is not None:
        planned = subject.project.calendar.due_end(subject.due) - subject.started_at
        first = max(first, since + max(planned * params.plan_share, timedelta()))
    dormant = dormant_at(subject.project, since)

    def look(at: datetime) -> Verdict:
        if at >= dormant:
            return clear("stalled-work.dormant", values={"since": since})
        if at < first:
            return clear("stalled-work.moving", values={"kind": subject.last_movement.kind, "since": since})
        return _flag(subject, params, since=since, now=at)

    return with_recheck(look, instants=(first, dormant), now=now)


def _not_ours(subject: Item, params: StalledWorkParams) -> Verdict | None:
    """The first reason why this item is not judged by quiet days, or None."""
    if (reason := left_out(subject)) is not None:
        return reason
    if (label := label_among(subject, subject.project.settings.triage_labels)) is not None:
        return skipped("common.left-out", values={"label": label})
    if (word := waiting_for(subject)) is not None:
        return skipped("common.waiting", values={"word": word})
    if params.only == "claimed" and not (subject.assignees and subject.acted_at is not None):
        return skipped("stalled-work.not-claimed")
    if subject.state is State.TODO:
        return clear("stalled-work.not-started")
    if params.running_sprint and subject.sprint is None:
        return skipped("stalled-work.no-sprint")
    if (called := called_blocked(subject)) is not None:
        return skipped("stalled-work.called-blocked", values={"how": called[0], "word": called[1]})
    if blockers := open_blockers(subject):
        return skipped("stalled-work.blocked", values={"blocker": blockers[0].other})
    pull = _carrying(subject)
    if pull is not None and pull.other.project == subject.project.key:
        # One cause, one comment: stalled-review speaks on the pull request, which the same readers see.
        return skipped("stalled-work.carried", values={"pull": pull.other})
    return None


def _carrying(subject: Item) -> Link | None:
    """The open pull request that carries the work; of several, one that a note stands on, for that is where to act."""
    pulls = open_pulls(subject)
    return next((pull for pull in pulls if pull.other_flag is not None), pulls[0] if pulls else None)


def _flag(subject: Item, params: StalledWorkParams, *, since: datetime, now: datetime) -> Verdict:
    quiet = days_between(subject.project, since=since, until=now)
    sprint = subject.sprint
    title, ends = (sprint.title, sprint.ends) if sprint is not None else (None, None)
    if _dated_elsewhere(subject):
        reason = Said("stalled-work.quiet-undated", {"quiet": quiet, "sprint": title, "ends": ends})
    elif params.only == "claimed":
        reason = Said("stalled-work.claimed", {"quiet": quiet, "since": since})
    else:
        reason = Said("stalled-work.quiet", {"quiet": quiet, "since": since, "sprint": title, "ends": ends})
    verdict = flagged(
        reason.code,
        values=reason.values,
        since=since,
        evidence=_evidence(subject),
        helps=_helps(subject, params),
        gist=f"{subject.last_movement.kind}:{since.isoformat()}",
        reach=Reach.PAGE if subject.project.public and _dated_elsewhere(subject) else Reach.COMMENT,
        refs=(subject.ref,),
    )
    pull = _carrying(subject)
    return verdict if pull is None or pull.other_flag is None else acted_on_there(verdict, pull)


def _dated_elsewhere(subject: Item) -> bool:
    """Whether the item last moved by a step on another one that its readers may not be told of."""
    moved = subject.last_movement.of
    return moved is not None and not subject.project.may_tell(moved)


def _evidence(subject: Item) -> tuple[Said, ...]:
    lines = []
    pull = _carrying(subject)
    if pull is None or not subject.project.may_name(pull.other):
        lines.append(Said("stalled-work.last-step", {"step": subject.last_movement}))
    elif not subject.project.may_tell(pull.other):
        lines.append(Said("stalled-work.waits-elsewhere", {"pull": pull.other}))
    elif pull.other_state is State.IN_PROGRESS:
        lines.append(Said("stalled-work.draft", {"pull": pull.other, "opened": pull.other_opened_at}))
    else:
        checks = pull.other_checks.value if pull.other_checks is not None else None
        values = {
            "pull": pull.other,
            "opened": pull.other_opened_at,
            "checks": checks,
            "asked": pull.other_review_requested,
        }
        lines.append(Said("stalled-work.waits-review", values))
    sprint, size = subject.sprint, subject.size.estimate
    if sprint is not None and sprint.points and size is not None and not subject.project.public:
        lines.append(Said("stalled-work.points", {"points": size, "total": sprint.points}))
    return tuple(lines)


def _helps(subject: Item, params: StalledWorkParams) -> Said:
    if params.only == "claimed":
        return Said("stalled-work.helps-claimed")
    pull = _carrying(subject)
    review = pull is not None and pull.other_state is State.IN_REVIEW and subject.project.may_tell(pull.other)
    return Said("stalled-work.helps-review") if review else Said("stalled-work.helps")


TYPE = RuleType(
    name="stalled-work",
    title="Stalled work",
    sentence="Work in progress that nobody has moved for some days.",
    judges=Item,
    kinds=frozenset({Kind.ISSUE, Kind.SUBTASK}),
    params=StalledWorkParams,
    judge=judge,
    doc=__doc__,
    label="stalled",
    label_color="d4d4d4",
    yields_to=("state-mismatch",),
)
