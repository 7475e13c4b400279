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
    children, what waits for somebody outside or for a linked blocker is left alone, and so is what carries a label
    such as "on hold". Where an open pull request of the same repository carries the work, the pull request is judged
    instead.

What clears it
    Any movement, a linked blocker, a waiting status, a label such as "on hold", or finishing it.

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
    choice,
    days_between,
    dormant_at,
    hidden,
    left_out,
    quiet_since,
    setting,
    waiting_for,
)
from rules.catalog.timing import with_recheck
from rules.facts import Item, Kind, Link, LinkKind, State, fold
from rules.spec import Params, RuleType
from rules.verdict import Said, Verdict, clear, flagged, skipped


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
    triage = {fold(label) for label in subject.project.settings.triage_labels}
    label = next((label for label in subject.labels if fold(label) in triage), None)
    if label is not None:
        return skipped("common.left-out", values={"label": label})
    if (word := waiting_for(subject)) is not None:
        return skipped("stalled-work.waiting", values={"word": word})
    if params.only == "claimed" and not (subject.assignees and subject.acted_at is not None):
        return skipped("stalled-work.not-claimed")
    if subject.state is State.TODO:
        return clear("stalled-work.not-started")
    if params.running_sprint and subject.sprint is None:
        return skipped("stalled-work.no-sprint")
    blocker = next(
        (link for link in subject.links if _open(link) and link.kind is LinkKind.BLOCKS and link.inbound), None
    )
    if blocker is not None:
        return skipped("stalled-work.blocked", values={"blocker": blocker.other})
    pull = _open_pull(subject)
    if pull is not None and pull.other.project == subject.project.key:
        # One cause, one comment: stalled-review speaks on the pull request, which the same readers see.
        return skipped("stalled-work.carried", values={"pull": pull.other})
    return None


def _open(link: Link) -> bool:
    return link.other_state is not None and link.other_state.is_open


def _open_pull(subject: Item) -> Link | None:
    """The first open pull request that closes or implements the item."""
    kinds = (LinkKind.CLOSES, LinkKind.IMPLEMENTS)
    return next(
        (k for k in subject.links if k.inbound and k.kind in kinds and k.other_kind is Kind.PULL_REQUEST and _open(k)),
        None,
    )


def _flag(subject: Item, params: StalledWorkParams, *, since: datetime, now: datetime) -> Verdict:
    quiet = days_between(subject.project, since=since, until=now)
    sprint = subject.sprint
    if params.only == "claimed":
        reason = Said("stalled-work.claimed", {"quiet": quiet, "since": since})
    else:
        title, ends = (sprint.title, sprint.ends) if sprint is not None else (None, None)
        reason = Said("stalled-work.quiet", {"quiet": quiet, "since": since, "sprint": title, "ends": ends})
    return flagged(
        reason.code,
        values=reason.values,
        since=since,
        evidence=_evidence(subject),
        helps=_helps(subject, params),
        gist=f"{subject.last_movement.kind}:{since.isoformat()}",
        refs=(subject.ref,),
    )


def _evidence(subject: Item) -> tuple[Said, ...]:
    lines = []
    pull = _open_pull(subject)
    if pull is None or hidden(subject.project, pull.other):
        lines.append(Said("stalled-work.last-step", {"step": subject.last_movement}))
    elif subject.project.public:
        lines.append(Said("stalled-work.waits-elsewhere", {"pull": pull.other}))
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
    return Said("stalled-work.helps-review") if _open_pull(subject) is not None else Said("stalled-work.helps")


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
)
