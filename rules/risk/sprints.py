"""What is known of a sprint, or of a milestone with a start and a date, at an instant: the inputs from which two bad
ends are foretold.

- *Under-delivery*: by the end less is delivered than is in now.
- *Growth*: by the end more than `GROWN` of what was committed has been added, where it has not yet.

A `Course` is one sprint as it went: what was committed, and `Look`s at it at shares of its planned time. `of_facts`
makes one of a milestone's facts; a benchmark makes them of recorded tables; the inputs are computed from courses
alone, so they are the same. Sizes are in the team's unit, or in items where fewer than 80 % of these are sized.

Of a team's own past only sprints count that had ended before this one began: whoever calls sees to that (`ended`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import fsum, log

from rules.risk.model import Example, Inputs

SHARES = (0.0, 0.3, 0.5, 0.8)
"""Shares of the planned time at which the past is looked at."""
GROWN = 0.2
HALF_LIFE = 4.0
"""Sprints after which one counts half as much for what is usual."""
AROUND_WEIGHT = 2.0
"""How many sprints of the team's own the mean of its neighbours counts for."""
LATEST = 10
"""Sprints of the team's own that are asked what they delivered."""


@dataclass(frozen=True, slots=True)
class Look:
    """A sprint as it was at a share of its planned time. `size` is all that is in, `added` and `removed` what has come
    and gone since the commitment (items and sizes). Of the `items`, `done` are done and `waiting` not started (None:
    not known).
    """

    share: float
    items: int
    size: float
    added_items: int
    added_size: float
    removed_items: int
    done: int | None = None
    waiting: int | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """One sprint as it went. `looks` are ordered by share; `delivered` is the size of what was done in it by its end
    and the `added` ones are of what was added until then, all None while it runs.
    """

    id: int
    committed_items: int
    committed_size: float
    looks: tuple[Look, ...]
    delivered: float | None = None
    added_items_in_all: int | None = None
    added_in_all: float | None = None

    def at(self, share: float) -> Look | None:
        """The latest look at or before a share of the planned time."""
        return next((look for look in reversed(self.looks) if look.share <= share), None)


def fell_short(course: Course, look: Look) -> bool | None:
    """Whether less was delivered in the end than was in at a look; None: not over, or nothing was in."""
    if course.delivered is None or look.size <= 0:
        return None
    return course.delivered < look.size


def grew(course: Course, look: Look) -> bool | None:
    """Whether it grew past `GROWN` after a look at which it had not; None: not over, nothing committed, or it had."""
    if course.added_in_all is None or not may_grow(course, look):
        return None
    return course.added_in_all > GROWN * course.committed_size


def may_grow(course: Course, look: Look) -> bool:
    """Whether growth past `GROWN` is still to come."""
    return course.committed_size > 0 and look.added_size <= GROWN * course.committed_size


def shortfall_inputs(course: Course, look: Look, past: Sequence[Course], *, around: Sequence[Course] = ()) -> Inputs:
    """Inputs of under-delivery.

    over      share of its last ten sprints that delivered less than is in now, drawn towards its neighbours' share of
              those that fell short
    usual     log of delivered by what was in at this moment, in its past, recent sprints first
    movement  log of 1 + items added and taken out so far
    few       1 / (1 + committed items)
    left      log of 1 + items not done
    net       log of what is in by what was committed
    pace      share of the items done, less what usually is at this moment
    elapsed   share of the planned time
    """
    delivered = [one.delivered for one in past if one.delivered is not None][-LATEST:]
    nearby = _ended_at(around, look.share, _fell_short)
    beaten = fsum(one < look.size for one in delivered) + AROUND_WEIGHT * _even(nearby)
    gains = _ended_at(past, look.share, _gain)
    done = _part(look.done, look.items)
    usually = [share for one in _looks_at(past, look.share) if (share := _part(one.done, one.items)) is not None]
    return {
        "over": beaten / (len(delivered) + AROUND_WEIGHT) if delivered or nearby else None,
        "usual": _usual(gains, _ended_at(around, look.share, _gain)),
        "movement": _log(look.added_items + look.removed_items),
        "few": 1.0 / (1 + course.committed_items),
        "left": None if look.done is None else _log(look.items - look.done),
        "net": _log(look.size) - _log(course.committed_size),
        "pace": None if done is None or not usually else done - _recent(usually),
        "elapsed": look.share,
    }


def growth_inputs(course: Course, look: Look, past: Sequence[Course], *, around: Sequence[Course] = ()) -> Inputs:
    """Inputs of growth.

    gap       added so far by committed
    waiting   share of the items not started
    later     log of 1 + items that still came in after this moment, in its past, recent sprints first
    size      log of what is in by what usually is at this moment
    elapsed   share of the planned time
    """
    sizes = [_log(then.size) for then in _looks_at(past, look.share)]
    return {
        "gap": look.added_size / course.committed_size if course.committed_size > 0 else None,
        "waiting": _part(look.waiting, look.items),
        "later": _usual(_still_came(past, look.share), _still_came(around, look.share)),
        "size": _log(look.size) - _recent(sizes) if sizes else None,
        "elapsed": look.share,
    }


def shortfall_examples(
    course: Course, past: Sequence[Course], *, around: Sequence[Course] = (), wrong: bool = False
) -> list[Example]:
    """One ended sprint as examples of under-delivery, one for each look that can tell. `wrong`: people answered
    `/plumb wrong` to what was said of it, so it counts as none.
    """
    labels = [(look, fell_short(course, look)) for look in course.looks]
    told = [(look, bad) for look, bad in labels if bad is not None]
    weight = _weight(len(course.looks))
    return [
        Example(shortfall_inputs(course, look, past, around=around), bad and not wrong, weight) for look, bad in told
    ]


def growth_examples(
    course: Course, past: Sequence[Course], *, around: Sequence[Course] = (), wrong: bool = False
) -> list[Example]:
    """The same for growth; only looks at which it had not happened yet."""
    labels = [(look, grew(course, look)) for look in course.looks]
    told = [(look, bad) for look, bad in labels if bad is not None]
    weight = _weight(len(course.looks))
    return [Example(growth_inputs(course, look, past, around=around), bad and not wrong, weight) for look, bad in told]


LOOKS_ARE_WORTH = 1.6
"""How many examples all looks at one sprint count as together: they share one end."""


def _weight(looks: int) -> float:
    return LOOKS_ARE_WORTH / looks


def _ended_at(courses: Sequence[Course], share: float, tell: Callable[[Course, Look], float]) -> list[float]:
    """What ended sprints tell of the same moment, in their order; those with nothing in then tell nothing."""
    pairs = [(one, one.at(share)) for one in courses if one.delivered is not None]
    return [tell(one, then) for one, then in pairs if then is not None and then.size > 0]


def _looks_at(courses: Sequence[Course], share: float) -> list[Look]:
    looks = [one.at(share) for one in courses if one.delivered is not None]
    return [look for look in looks if look is not None]


def _gain(one: Course, then: Look) -> float:
    return _log(one.delivered) - _log(then.size)


def _fell_short(one: Course, then: Look) -> float:
    return float(bool(fell_short(one, then)))


def _still_came(courses: Sequence[Course], share: float) -> list[float]:
    """How many items still came into ended sprints after this moment: log of 1 + them."""
    pairs = [(one.added_items_in_all, one.at(share)) for one in courses]
    return [_log(come - then.added_items) for come, then in pairs if come is not None and then is not None]


def _even(shares: Sequence[float]) -> float:
    """The mean of yes and no, drawn towards a half where there are few."""
    return (fsum(shares) + 2.0) / (len(shares) + 4.0)


def _usual(own: Sequence[float], nearby: Sequence[float]) -> float | None:
    """The recent mean of a team's own values, drawn towards its neighbours' mean."""
    if not own and not nearby:
        return None
    weight = AROUND_WEIGHT if nearby else 0.0
    middle = fsum(nearby) / len(nearby) if nearby else 0.0
    masses = _masses(len(own))
    return (fsum(m * v for m, v in zip(masses, own, strict=True)) + weight * middle) / (fsum(masses) + weight)


def _recent(values: Sequence[float]) -> float:
    masses = _masses(len(values))
    return fsum(m * v for m, v in zip(masses, values, strict=True)) / fsum(masses)


def _masses(count: int) -> list[float]:
    return [0.5 ** ((count - 1 - place) / HALF_LIFE) for place in range(count)]


def _log(size: float | None) -> float:
    """Log of 1 + a size; below zero counts as nothing (estimates taken back can sum up to less)."""
    return log(1.0 + max(size or 0.0, 0.0))


def _part(some: int | None, whole: int) -> float | None:
    return None if some is None or whole <= 0 else some / whole
