"""How far forecasts can be trusted: what was forecast, set against what then happened. Pure arithmetic over kept pairs.

A forecast is kept with what became of it. Of those that gave a chance of 85 %, some 85 of 100 should have come true;
whether they did is what a reader of the next one needs to know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import sqrt

from rules.statistics import Forecast

EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
Z95 = 1.96
CLOSING = timedelta(hours=1)
"""How long closing a milestone may take: what is taken out meanwhile was left behind."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One outcome that was forecast: the chance given, whether it came true, and what it was about."""

    chance: float
    came_true: bool
    about: str = ""

    @property
    def turned(self) -> Kept:
        """The same said the other way round: that it would not come true."""
        return replace(self, chance=1 - self.chance, came_true=not self.came_true)


@dataclass(frozen=True, slots=True)
class Stayed:
    """How one item of a milestone went: when it was taken out (None: it is still in), and when it was closed (None: it
    is open).
    """

    left_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """Outcomes whose chance lay between two bounds: the mean chance given, and how many came true."""

    low: float
    high: float
    forecast: float
    came_true: int
    count: int

    @property
    def share(self) -> float:
        return self.came_true / self.count


def outcome(said: Forecast, done: date | None, *, until: date) -> tuple[Kept, ...]:
    """What became of one forecast, as far as it is known at `until`: whether the date was kept, and whether it was done
    by the days given for 10, 50, 85 and 90 of 100. `done` is the day on which nothing of it was open any more.
    """
    days = [(0.1, said.early), (0.5, said.likely), (0.9, said.late)]
    days += [(0.85, said.by85)] if said.by85 is not None else []
    known = [(chance, day) for chance, day in days if said.horizon is None or day < said.horizon]
    if said.chance is not None and said.due is not None:
        known.append((said.chance, said.due))
    over = [(chance, day) for chance, day in known if day < until]
    return tuple(Kept(chance=chance, came_true=done is not None and done <= day) for chance, day in over)


def done_at(stays: Iterable[Stayed], *, closed_at: datetime | None) -> datetime | None:
    """When nothing of a milestone was open any more; None: something is, or was left behind when it was closed at
    `closed_at` (None: it is open). What was taken out before says nothing.
    """
    found = []
    for stay in stays:
        if stay.left_at is None:
            if stay.closed_at is None:
                return None
            found.append(stay.closed_at)
        elif stay.closed_at is not None and stay.closed_at <= stay.left_at:
            found.append(stay.closed_at)
        elif closed_at is not None and stay.left_at >= closed_at - CLOSING:
            return None
    return max(found, default=closed_at)


def within_range(said: Forecast, done: date | None, *, until: date) -> bool | None:
    """Whether it was done within the range that people were told; None: not known at `until`."""
    if done is not None:
        return said.early <= done <= said.late
    return None if said.late >= until else False


def by_chance(kept: Iterable[Kept], *, edges: Sequence[float] = EDGES) -> tuple[Bin, ...]:
    """The outcomes by the chance that was given, from low to high; bounds without any are left out."""
    every = list(kept)
    found = []
    for low, high in pairwise(edges):
        last = high == edges[-1]
        own = [one for one in every if low <= one.chance < high or (last and one.chance == high)]
        if own:
            mean = sum(one.chance for one in own) / len(own)
            found.append(Bin(low, high, mean, sum(one.came_true for one in own), len(own)))
    return tuple(found)


def interval(came_true: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, for outcomes that do not hang together; (0, 1) where there are none."""
    if not count:
        return 0.0, 1.0
    share, square = came_true / count, Z95 * Z95
    middle = share + square / (2 * count)
    spread = Z95 * sqrt(share * (1 - share) / count + square / (4 * count * count))
    whole = 1 + square / count
    return max((middle - spread) / whole, 0.0), min((middle + spread) / whole, 1.0)
