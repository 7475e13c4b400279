"""A milestone's facts as the course it took: what `rules.risk.sprints` computes inputs from.

Committed is what was in when the plan was made (the frozen baseline's instant, else one working day after the start).
What is a part of another member (a sub-task, a pull request that closes one) is no work of its own. Sizes are those of
today, then as now, so that re-estimating is no growth. Whether an open item had been started at a past instant is known
only where its state has stood since; where it is not known of one, it is told of none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from rules.facts import Kind, Member, Milestone, State
from rules.risk.sprints import SHARES, Course, Look

GRACE = 1.0
"""Working days after the start until which what comes in is planning."""
SIZED_ENOUGH = 0.8
CLOSING = timedelta(hours=1)
"""How long closing a sprint may take: what is done meanwhile was done in it."""


@dataclass(frozen=True, slots=True)
class _Span:
    """The instants of a milestone: when it was committed and begun, and its planned end."""

    committed: datetime
    begins: datetime
    ends: datetime

    def at(self, share: float) -> datetime:
        """The instant of a share of the planned time; never before the commitment."""
        return max(self.begins + share * (self.ends - self.begins), self.committed)

    def share(self, at: datetime) -> float:
        return min(max((at - self.begins) / (self.ends - self.begins), 0.0), 1.0)


def of_facts(milestone: Milestone, now: datetime) -> Course | None:
    """The course of a milestone: its looks at the usual shares of its time that are past, and, while it runs, one of
    now. One that was closed late ended at its date: closing it is paperwork. None: it has no start or no date, or has
    not begun.
    """
    span = _span(milestone)
    if span is None or now < span.committed:
        return None
    stays = _own_right(milestone.members)
    sizes = _sizes(stays)
    committed = {id_ for id_, stay in _in_at(stays, span.committed).items()}
    over = None if milestone.open else min(milestone.closed_at or span.ends, span.ends, now)
    until = now if over is None else over
    shares = [share for share in SHARES if span.at(share) <= until]
    looks = [_look(stays, sizes, committed, span, at=span.at(share), share=share) for share in shares]
    if over is None and span.share(now) > SHARES[len(shares) - 1]:
        looks.append(_look(stays, sizes, committed, span, at=now, share=span.share(now)))
    ended = over is not None
    added = _added(stays, committed, span, until=until)
    done = {stay.item.id for stay in stays if _done_in(stay, until)}
    return Course(
        id=milestone.id,
        committed_items=len(committed),
        committed_size=sum(sizes[id_] for id_ in committed),
        looks=tuple(looks),
        delivered=sum(sizes[id_] for id_ in sorted(done)) if ended else None,
        added_items_in_all=len(added) if ended else None,
        added_in_all=sum(sizes[id_] for id_ in sorted(added)) if ended else None,
    )


def ended_before(milestone: Milestone, others: Sequence[Milestone]) -> list[Milestone]:
    """Milestones of the same project and kind that were over before this one began, oldest first."""
    span = _span(milestone)
    if span is None:
        return []
    found = [
        (other.closed_at, other.id, other)
        for other in others
        if other.kind is milestone.kind
        and other.project.id == milestone.project.id
        and other.id != milestone.id
        and other.closed_at is not None
        and other.closed_at <= span.committed
    ]
    return [other for _, _, other in sorted(found, key=lambda one: one[:2])]


def history(milestones: Sequence[Milestone], now: datetime) -> list[tuple[Course, tuple[Course, ...]]]:
    """Every milestone that is over, as a course and the courses of its past: what a model is learnt from. Oldest end
    first.
    """
    over = sorted((one for one in milestones if one.closed_at is not None), key=lambda one: (one.closed_at, one.id))
    courses = {one.id: course for one in over if (course := of_facts(one, now)) is not None}
    return [
        (courses[one.id], tuple(courses[other.id] for other in ended_before(one, over) if other.id in courses))
        for one in over
        if one.id in courses
    ]


def _span(milestone: Milestone) -> _Span | None:
    if milestone.start is None or milestone.due is None:
        return None
    calendar = milestone.project.calendar
    begins, ends = calendar.midnight(milestone.start), calendar.due_end(milestone.due)
    if ends <= begins:
        return None
    committed = milestone.baseline.as_of if milestone.baseline else calendar.add_working_days(begins, GRACE)
    return _Span(committed=committed, begins=begins, ends=ends)


def _own_right(members: Sequence[Member]) -> list[Member]:
    ids = {stay.item.id for stay in members}
    return [stay for stay in members if not _part_of_another(stay, ids)]


def _part_of_another(stay: Member, ids: set[int]) -> bool:
    part = stay.kind is Kind.SUBTASK and stay.parent_id in ids
    return part or (stay.kind is Kind.PULL_REQUEST and any(one in ids and one != stay.item.id for one in stay.closes))


def _sizes(stays: Sequence[Member]) -> dict[int, float]:
    """Each item's size: its estimate where enough have one (the median for the others), else 1."""
    estimates = {stay.item.id: stay.estimate for stay in stays}
    known = [size for size in estimates.values() if size is not None]
    if not known or len(known) < SIZED_ENOUGH * len(estimates):
        return dict.fromkeys(estimates, 1.0)
    middle = median(known)
    return {id_: middle if size is None else size for id_, size in estimates.items()}


def _in_at(stays: Sequence[Member], at: datetime) -> dict[int, Member]:
    """What was in and not dropped at an instant, by item."""
    return {stay.item.id: stay for stay in stays if _joined_by(stay, at) and not _gone(stay, at)}


def _joined_by(stay: Member, at: datetime) -> bool:
    return stay.joined_at is None or stay.joined_at <= at


def _gone(stay: Member, at: datetime) -> bool:
    """Taken out or dropped by an instant. What left when it was done was delivered here: it is not gone."""
    dropped = stay.state is State.DROPPED and stay.closed_at is not None and stay.closed_at <= at
    left = stay.left_at is not None and stay.left_at <= at and not _done_in(stay, at)
    return dropped or left


def _done_in(stay: Member, until: datetime) -> bool:
    """Whether it was done while in, by an instant and a little more."""
    if stay.state is not State.DONE or stay.closed_at is None or stay.closed_at > until + CLOSING:
        return False
    return _joined_by(stay, stay.closed_at) and (stay.left_at is None or stay.closed_at <= stay.left_at)


def _done_by(stay: Member, at: datetime) -> bool:
    return stay.state is State.DONE and stay.closed_at is not None and stay.closed_at <= at


def _added(stays: Sequence[Member], committed: set[int], span: _Span, *, until: datetime) -> set[int]:
    """Items that came in after the commitment, whether they stayed or not."""
    return {
        stay.item.id
        for stay in stays
        if stay.item.id not in committed and stay.joined_at is not None and span.committed < stay.joined_at <= until
    }


def _look(
    stays: Sequence[Member],
    sizes: dict[int, float],
    committed: set[int],
    span: _Span,
    *,
    at: datetime,
    share: float,
) -> Look:
    present, added = _in_at(stays, at), _added(stays, committed, span, until=at)
    done = {
        id_ for id_, stay in present.items() if stay.state is State.DONE and stay.closed_at and stay.closed_at <= at
    }
    undone = [stay for id_, stay in present.items() if id_ not in done]
    told = all(stay.state.is_open and stay.state_since <= at for stay in undone)
    waiting = sum(stay.state is State.TODO for stay in undone)
    return Look(
        share=share,
        items=len(present),
        size=sum(sizes[id_] for id_ in sorted(present)),
        added_items=len(added),
        added_size=sum(sizes[id_] for id_ in sorted(added)),
        removed_items=len((committed | added) - present.keys()),
        done=len(done),
        waiting=waiting if told else None,
    )
