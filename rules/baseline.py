"""What was planned in a milestone, and what has become of it: pure arithmetic over memberships.

`freezes_at` says when the plan counts as made, `members_at` who was in at an instant, and `growth` sets every item
that was ever in against the plan and says of each why it counts or why not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from rules.facts import Baseline, Kind, Member, Milestone, MilestoneKind, State
from rules.settings import fold
from rules.verdict import Said

TENTH = 10
LEAST_DAYS, MOST_DAYS = 1.0, 10.0
"""Bounds, in working days, of the tenth of the way after which a plan without a start counts as made."""
QUICK_DAYS = 1.0
"""Working days within which an item that joined and was done is bookkeeping."""
SIZED_ENOUGH = 0.8


class Role(StrEnum):
    """What a member is to the plan."""

    PLANNED = "planned"
    ADDED = "added"
    NOT_COUNTED = "not_counted"
    CARRIED_OVER = "carried_over"
    TRANSFERRED = "transferred"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Row:
    """One item that was ever in the milestone, its role and the sentence that says why."""

    member: Member
    role: Role
    why: Said
    estimate_then: float | None = None


@dataclass(frozen=True, slots=True)
class Estimates:
    """The sum of sizes in the team's unit, planned and now; unsized items count as the median of the sized, and
    `filled` says how many.
    """

    then: float
    now: float
    changed: int
    filled: int = 0

    @property
    def share(self) -> float:
        return (self.now - self.then) / self.then if self.then else 0.0


@dataclass(frozen=True, slots=True)
class Growth:
    """A milestone against its plan. `rows` holds every item once, in order of key; the other fields are views of it.

    `net` is added (counted) minus removed, `share` is net over planned (0 where nothing was planned).
    """

    as_of: datetime
    rows: tuple[Row, ...]
    estimates: Estimates | None = None

    def of(self, role: Role) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.role is role)

    @property
    def planned(self) -> tuple[Row, ...]:
        """Everything that was in the plan, also what has been taken out since."""
        return tuple(row for row in self.rows if row.role in (Role.PLANNED, Role.REMOVED))

    @property
    def added_counted(self) -> tuple[Row, ...]:
        return self.of(Role.ADDED)

    @property
    def added_not_counted(self) -> tuple[Row, ...]:
        return self.of(Role.NOT_COUNTED)

    @property
    def removed(self) -> tuple[Row, ...]:
        return self.of(Role.REMOVED)

    @property
    def carried_over(self) -> tuple[Row, ...]:
        return self.of(Role.CARRIED_OVER)

    @property
    def transferred(self) -> tuple[Row, ...]:
        return self.of(Role.TRANSFERRED)

    @property
    def net(self) -> int:
        return len(self.added_counted) - len(self.removed)

    @property
    def share(self) -> float:
        return self.net / len(self.planned) if self.planned else 0.0


def freezes_at(milestone: Milestone) -> datetime | None:
    """When the plan counts as made; None: nothing says when (no start and no due date), which looks like a bucket.

    A baseline that a person set stands. Else a start (of a sprint, a version, a phase) and one working day; else a
    tenth of the way from the day a due date was first set to that date, between 1 and 10 working days. Moving the
    date later does not move this.
    """
    calendar = milestone.project.calendar
    if milestone.baseline is not None and milestone.baseline.how == "command":
        return milestone.baseline.as_of
    if milestone.start is not None:
        return calendar.add_working_days(calendar.midnight(milestone.start), LEAST_DAYS)
    first = next(((set_.due, set_.set_at) for set_ in milestone.dues if set_.due is not None), None)
    if first is None and milestone.due is not None and milestone.created_at is not None:
        first = (milestone.due, milestone.created_at)
    if first is None:
        return None
    due, set_at = first
    tenth = calendar.working_days(set_at, calendar.due_end(due)) / TENTH
    return calendar.add_working_days(set_at, min(max(tenth, LEAST_DAYS), MOST_DAYS))


def is_in(member: Member, at: datetime) -> bool:
    return (member.joined_at is None or member.joined_at <= at) and (member.left_at is None or member.left_at > at)


def members_at(milestone: Milestone, at: datetime) -> dict[int, Member]:
    """The stays that held at an instant, by item id."""
    return {member.item.id: member for member in milestone.members if is_in(member, at)}


def own_right(members: Mapping[int, Member]) -> dict[int, Member]:
    """The members that are work of their own: not part of another member, not dropped."""
    kept = {id_: member for id_, member in members.items() if member.state is not State.DROPPED}
    return {id_: member for id_, member in kept.items() if _part_of(member, members) is None}


def baseline_at(milestone: Milestone, as_of: datetime) -> Baseline:
    """The plan rebuilt from memberships, with the estimates of today (those of then are not in the facts)."""
    members = members_at(milestone, as_of)
    return Baseline(as_of=as_of, how="reconstructed", members={id_: member.estimate for id_, member in members.items()})


def growth(milestone: Milestone, *, baseline: Baseline, now: datetime) -> Growth:
    """Every item that was ever in, set against the plan. `now` decides what has been in for a working day already."""
    stays: dict[int, list[Member]] = {}
    for member in milestone.members:
        if member.joined_at is None or member.joined_at <= now:
            stays.setdefault(member.item.id, []).append(member)
    latest = {id_: max(all_, key=_joined) for id_, all_ in stays.items()}
    in_plan = {id_: member for id_, member in latest.items() if id_ in baseline.members}
    closers = {closed: member for member in in_plan.values() for closed in member.closes}
    rows = []
    for id_, member in sorted(latest.items(), key=lambda pair: (pair[1].item.key, pair[0])):
        if id_ in baseline.members:
            row = _planned_row(
                member, baseline.members[id_], _part_of(member, in_plan), ended=_ended(milestone), now=now
            )
        else:
            row = _added_row(
                member, stays[id_], latest, milestone=milestone, closers=closers, as_of=baseline.as_of, now=now
            )
        rows.append(row)
    return Growth(as_of=baseline.as_of, rows=tuple(rows), estimates=_estimates(rows))


def _joined(member: Member) -> tuple[bool, datetime]:
    return (member.joined_at is not None, member.joined_at or member.created_at)


CLOSING = timedelta(hours=1)
"""How long closing a sprint may take: items are moved on one by one, before the sprint itself is closed."""


def _ended(milestone: Milestone) -> datetime | None:
    """When a sprint that is over ended: at its last day's end, or before that, where it was completed early."""
    if milestone.kind is not MilestoneKind.SPRINT or milestone.open or milestone.due is None:
        return None
    end = milestone.project.calendar.due_end(milestone.due)
    return min(milestone.closed_at or end, end)


def _planned_row(
    member: Member, then: float | None, part: Said | None, *, ended: datetime | None, now: datetime
) -> Row:
    """A planned item: still in, taken out, dropped or moved to a running sprint. What left when it was done was done
    here.
    """
    if part is not None:
        return Row(member, Role.NOT_COUNTED, part, then)
    if member.left_at is not None and member.left_at <= now:
        if member.transferred_to is not None and ended is not None and member.left_at >= ended - CLOSING:
            return Row(member, Role.PLANNED, Said("member.moved-on", {"to": member.transferred_to}), then)
        if member.transferred_to is not None:
            return Row(member, Role.TRANSFERRED, Said("member.transferred-out", {"to": member.transferred_to}), then)
        done_here = member.state is State.DONE and member.closed_at is not None and member.closed_at <= member.left_at
        if not done_here:
            return Row(member, Role.REMOVED, Said("member.taken-out", {"on": member.left_at}), then)
    elif member.state is State.DROPPED:
        return Row(member, Role.REMOVED, Said("member.dropped", {"on": member.closed_at}), then)
    return Row(member, Role.PLANNED, Said("member.planned"), then)


def _added_row(
    member: Member,
    stays: list[Member],
    latest: Mapping[int, Member],
    *,
    milestone: Milestone,
    closers: Mapping[int, Member],
    as_of: datetime,
    now: datetime,
) -> Row:
    """An item that came after the plan: counted, or the first reason why it is none of the team's growth."""
    joined = member.joined_at
    if member.left_at is not None and member.left_at <= now:
        return Row(member, Role.NOT_COUNTED, Said("member.came-and-went", {"on": member.left_at}))
    if member.state is State.DROPPED:
        return Row(member, Role.NOT_COUNTED, Said("member.dropped-again", {"on": member.closed_at}))
    if joined is None:
        return Row(member, Role.NOT_COUNTED, Said("member.joined-unknown"))
    origin = next((stay for stay in stays if stay.carried_from is not None), None)
    if origin is not None and origin.carried_closed:
        return Row(member, Role.CARRIED_OVER, Said("member.carried-over", {"origin": origin.carried_from}))
    if origin is not None and milestone.kind is MilestoneKind.SPRINT:
        return Row(member, Role.TRANSFERRED, Said("member.transferred-in", {"origin": origin.carried_from}))
    left_out = {fold(label) for label in milestone.project.settings.scope_left_out_labels}
    if (label := next((label for label in member.labels if fold(label) in left_out), None)) is not None:
        return Row(member, Role.NOT_COUNTED, Said("member.left-out", {"label": label}))
    if (part := _part_of(member, latest)) is not None:
        return Row(member, Role.NOT_COUNTED, part)
    if (planned_pull := closers.get(member.item.id)) is not None:
        return Row(member, Role.NOT_COUNTED, Said("member.closed-by", {"pull": planned_pull.item}))
    calendar = milestone.project.calendar
    settled = calendar.add_working_days(joined, QUICK_DAYS)
    closed = member.closed_at if not member.state.is_open else None
    if closed is not None and closed <= joined:
        return Row(member, Role.NOT_COUNTED, Said("member.done-before", {"on": closed}))
    if closed is not None and closed <= settled:
        return Row(member, Role.NOT_COUNTED, Said("member.done-quickly", {"on": closed}))
    if now < settled:
        return Row(member, Role.NOT_COUNTED, Said("member.too-new", {"on": joined}))
    first = min((at for stay in stays if (at := stay.joined_at) is not None and at > as_of), default=joined)
    return Row(member, Role.ADDED, Said("member.added", {"on": first}))


def _part_of(member: Member, others: Mapping[int, Member]) -> Said | None:
    """Why a member is no work of its own here, if so."""
    me = member.item.id
    whole = others.get(member.parent_id) if member.parent_id not in (None, me) else None
    # What is in an epic is planned by itself: a version that holds an epic grows with every story put into both.
    if whole is not None and whole.kind is not Kind.EPIC:
        return Said("member.part", {"whole": whole.item})
    closed = next((id_ for id_ in member.closes if id_ in others and id_ != me), None)
    if member.kind is Kind.PULL_REQUEST and closed is not None:
        return Said("member.closes", {"whole": others[closed].item})
    if member.split_from is not None and member.split_from != me and member.split_from in others:
        return Said("member.split", {"whole": others[member.split_from].item})
    return None


def _estimates(rows: list[Row]) -> Estimates | None:
    """The line of sizes; None where fewer than 80 % of the items that count are sized, then or now."""
    planned = [row for row in rows if row.role in (Role.PLANNED, Role.REMOVED)]
    present = [row for row in rows if row.role in (Role.PLANNED, Role.ADDED)]
    then = [row.estimate_then for row in planned]
    now = [row.member.estimate for row in present]
    if not planned or not present or min(sized_share(then), sized_share(now)) < SIZED_ENOUGH:
        return None
    sized = [row for row in present if row.member.estimate is not None]
    changed = sum(row.role is Role.ADDED or row.estimate_then != row.member.estimate for row in sized)
    return Estimates(then=filled_sum(then), now=filled_sum(now), changed=changed, filled=now.count(None))


def sized_share(sizes: Sequence[float | None]) -> float:
    """The share of sizes that are known; of one at least."""
    return sum(size is not None for size in sizes) / len(sizes)


def filled_sum(sizes: Sequence[float | None]) -> float:
    """The sum, unsized items counted as the median of the sized, of which there must be one."""
    return sum(median(sizes) if size is None else size for size in sizes)


def median(sizes: Sequence[float | None]) -> float:
    """The middle of the sizes that are known, of which there must be one."""
    known = sorted(size for size in sizes if size is not None)
    middle = len(known) // 2
    return known[middle] if len(known) % 2 else (known[middle - 1] + known[middle]) / 2
