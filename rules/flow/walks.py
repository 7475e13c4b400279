"""How an item went through the states: from the turns that its history holds to its stays in each state. Pure.

It reads a past as the present is read: a new status, a draft that is made ready, or the beginning of the work ends one
stay and begins the next; while a pull request that carries an issue is open, the issue is where that stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from rules.facts import Kind, Project, Ref, State
from rules.settings import fold

WORKED_ON = (State.IN_PROGRESS, State.IN_REVIEW)
"""The states whose stays are counted: what has not begun waits for nobody's hands."""
MEANS = {
    "todo": State.TODO,
    "in_progress": State.IN_PROGRESS,
    "waiting": State.TODO,  # for somebody outside: nobody here has it in hand
    "blocked": State.IN_PROGRESS,
    "in_review": State.IN_REVIEW,
    "done": State.DONE,
}


@dataclass(frozen=True, slots=True)
class Turn:
    """A change of an item's status (`field` "state") or of being a draft ("draft"), to the tracker's own word."""

    at: datetime
    field: str
    after: str | None


@dataclass(frozen=True, slots=True)
class Walk:
    """One item as far as its way matters. `turns` in any order; `pulls` are pull requests that carry it, `carries` says
    that it is one that carries an issue; `done` that it was finished, not dropped; `assignees` are ids of persons.
    """

    ref: Ref
    kind: Kind
    created_at: datetime
    closed_at: datetime | None = None
    done: bool = False
    started_at: datetime | None = None
    draft: bool = False
    carries: bool = False
    turns: tuple[Turn, ...] = ()
    pulls: tuple[Walk, ...] = ()
    assignees: tuple[int, ...] = ()
    logged: bool = False

    @property
    def item_id(self) -> int:
        return self.ref.id


@dataclass(frozen=True, slots=True)
class Stay:
    """One stretch of an item in one state, from `entered_at` until `left_at` (None: still in it)."""

    walk: Walk
    state: State
    entered_at: datetime
    left_at: datetime | None = None

    def covers(self, at: datetime) -> bool:
        return self.entered_at <= at and (self.left_at is None or at < self.left_at)


def stays_of(walk: Walk, project: Project, now: datetime) -> tuple[Stay, ...]:
    """The stays of an item in states in which it is worked on, oldest first, as known at `now`."""
    points = _pull_points(walk) if walk.kind is Kind.PULL_REQUEST else _issue_points(walk, project)
    end = walk.closed_at if walk.closed_at is not None and walk.closed_at <= now else None
    carried = [stay for pull in walk.pulls for stay in stays_of(pull, project, now)]
    found: list[Stay] = []
    for (entered, state), (left, _) in pairwise([*_merged(points, end or now), (end or now, State.DONE)]):
        found.extend(_overlaid(walk, state, entered, left, carried))
    return tuple(_still_in(stay, end, now) for stay in found)


def _still_in(stay: Stay, end: datetime | None, now: datetime) -> Stay:
    """A stay that ends now has not ended."""
    if end is None and stay.left_at == now:
        return Stay(stay.walk, stay.state, stay.entered_at)
    return stay


def _pull_points(walk: Walk) -> list[tuple[datetime, State]]:
    turns = sorted(walk.turns, key=lambda turn: turn.at)
    drafts = [turn for turn in turns if turn.field == "draft"]
    draft, is_open = (not _drafted(drafts[0]) if drafts else walk.draft), True
    points = [(walk.created_at, State.IN_PROGRESS if draft else State.IN_REVIEW)]
    for turn in turns:
        if turn.field == "draft":
            draft = _drafted(turn)
        else:
            is_open = turn.after == "open"
        points.append((turn.at, (State.IN_PROGRESS if draft else State.IN_REVIEW) if is_open else State.DONE))
    return points


def _drafted(turn: Turn) -> bool:
    return turn.after not in (None, "ready", "false")


def _issue_points(walk: Walk, project: Project) -> list[tuple[datetime, State]]:
    began = walk.started_at
    turns = sorted((one for one in walk.turns if one.field == "state"), key=lambda one: one.at)
    points = [(walk.created_at, State.TODO)]
    points += [(turn.at, _state_after(turn, project, begun=began is not None and began <= turn.at)) for turn in turns]
    if began is not None:
        before = max((point for point in points if point[0] <= began), key=lambda point: point[0], default=points[0])
        if before[1] is State.TODO:
            points.append((max(began, walk.created_at), State.IN_PROGRESS))
    return sorted(points, key=lambda point: point[0])


def _state_after(turn: Turn, project: Project, *, begun: bool) -> State:
    """The state that a status means; GitHub's own words say only whether it is open."""
    unless_told = State.IN_PROGRESS if begun else State.TODO
    if project.tracker == "github":
        return unless_told if turn.after == "open" else State.DONE
    means = project.settings.statuses.get(fold(turn.after or ""))
    return MEANS[means] if means is not None else unless_told


def _merged(points: Sequence[tuple[datetime, State]], until: datetime) -> list[tuple[datetime, State]]:
    """In order of time, the last of each instant, and none from the end on."""
    return sorted({at: state for at, state in points if at < until}.items())


def _overlaid(walk: Walk, state: State, entered: datetime, left: datetime, carried: Sequence[Stay]) -> Iterator[Stay]:
    """The stays within one stretch: where a pull request carries the work, the issue is where that stands."""
    if state not in (State.TODO, State.IN_PROGRESS) or not carried:
        if state in WORKED_ON and left > entered:
            yield Stay(walk, state, entered, left)
        return
    inside = {
        at for stay in carried for at in (stay.entered_at, stay.left_at) if at is not None and entered < at < left
    }
    begun: datetime | None = None
    known = State.TODO
    for at in [*sorted({entered, *inside}), left]:
        states = {stay.state for stay in carried if stay.covers(at)}
        now = State.IN_REVIEW if State.IN_REVIEW in states else State.IN_PROGRESS if states else state
        if begun is not None and (at == left or now is not known):
            if known in WORKED_ON and at > begun:
                yield Stay(walk, known, begun, at)
            begun = None
        if begun is None:
            begun, known = at, now
