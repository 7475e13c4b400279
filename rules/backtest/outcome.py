"""What became of a subject in the end, as far as the record goes: what flags are scored against. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from rules.baseline import members_at, own_right
from rules.facts import Flow, Item, Milestone, State, Subject

LONG = timedelta(days=90)
"""Open for this long after it was flagged, an item counts as not finished by itself."""


class Became(StrEnum):
    """*late*: done after the date it was wanted by, or not done though that has passed; *left behind*: the milestone
    ended without it, or ended with work in it; *unmerged*: closed without being merged; *still open*: not finished
    long after; *in time*: done, by its date where it had one; *dropped*: nobody wants it any more; *not known*: the
    record ends too soon.
    """

    LATE = "late"
    LEFT_BEHIND = "left behind"
    UNMERGED = "unmerged"
    STILL_OPEN = "still open"
    IN_TIME = "in time"
    DROPPED = "dropped"
    UNKNOWN = "not known"

    @property
    def is_bad(self) -> bool:
        return self in (Became.LATE, Became.LEFT_BEHIND, Became.UNMERGED, Became.STILL_OPEN)


@dataclass(frozen=True, slots=True)
class End:
    """What became of a subject, and when that was certain (None: it is not yet)."""

    became: Became
    at: datetime | None = None


def end_of(
    subject: Subject, *, due: date | None, asked: datetime, ends: datetime, milestones: Mapping[int, Milestone]
) -> End:
    """What became of a subject that was wanted by `due`, seen from an instant (`asked`) in a record that `ends`.

    `subject` and `milestones` (by id) are as they are at the end of the record.
    """
    if isinstance(subject, Milestone):
        return _milestone(subject, due=due, ends=ends)
    if isinstance(subject, Flow):
        return End(Became.UNKNOWN)  # how work flows has no end
    return _item(subject, due=due, asked=asked, ends=ends, milestones=milestones)


def _item(item: Item, *, due: date | None, asked: datetime, ends: datetime, milestones: Mapping[int, Milestone]) -> End:
    calendar = item.project.calendar
    closed = item.closed_at if not item.state.is_open else None
    if item.state is State.DROPPED and item.closed_as == "unmerged":
        return End(Became.UNMERGED, closed)
    if item.state is State.DROPPED:
        return End(Became.DROPPED, closed)
    passed = calendar.due_end(due) if due is not None else None
    if passed is not None and (closed or ends) > passed:
        return End(Became.LATE, passed)
    shut = [
        one.closed_at
        for id_ in item.milestone_ids
        if (one := milestones.get(id_)) is not None and not one.open and one.closed_at is not None
    ]
    if shut and (closed is None or closed > min(shut)):
        return End(Became.LEFT_BEHIND, min(shut))
    if closed is not None:
        return End(Became.IN_TIME, closed)
    return End(Became.STILL_OPEN, asked + LONG) if ends - asked >= LONG else End(Became.UNKNOWN)


def _milestone(milestone: Milestone, *, due: date | None, ends: datetime) -> End:
    members = own_right(members_at(milestone, ends))
    left = [member for member in members.values() if member.state.is_open]
    passed = milestone.project.calendar.due_end(due) if due is not None else None
    if not left and members:
        done = max((member.closed_at for member in members.values() if member.closed_at is not None), default=None)
        if done is not None:  # that somebody closed it only later is paperwork
            return End(Became.LATE, passed) if passed is not None and done > passed else End(Became.IN_TIME, done)
    if passed is not None and ends > passed and (milestone.open or _after(milestone.closed_at, passed)):
        return End(Became.LATE, passed)
    if not milestone.open and left:
        return End(Became.LEFT_BEHIND, milestone.closed_at)
    if not milestone.open:
        return End(Became.IN_TIME, milestone.closed_at)
    return End(Became.UNKNOWN)


def _after(at: datetime | None, than: datetime) -> bool:
    return at is not None and at > than
