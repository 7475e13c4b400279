"""How good foretold chances were: ranking, calibration, precision, each with its interval."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log
from statistics import fmean

from rules.risk.learn import wilson_lower

ROUNDS = 1000
SEED = 20140306
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Told:
    """One chance (or log odds) as foretold and what came of it. `group` is what it shares its fate with."""

    score: float
    bad: bool
    group: Hashable = None


Parts = Mapping[str, Sequence[Told]]
"""Chances by part, such as a project."""


def auc(told: Sequence[Told]) -> float | None:
    """The chance that a bad end was foretold higher than a good one, ties half; None where only one kind is."""
    ranked = sorted(told, key=lambda one: one.score)
    bad = sum(one.bad for one in told)
    good = len(told) - bad
    if not bad or not good:
        return None
    won, below, place = 0.0, 0, 0
    while place < len(ranked):
        end = place
        while end < len(ranked) and ranked[end].score == ranked[place].score:
            end += 1
        bad_here = sum(one.bad for one in ranked[place:end])
        good_here = end - place - bad_here
        won += bad_here * (below + good_here / 2)
        below += good_here
        place = end
    return won / (bad * good)


def mean_auc(parts: Parts) -> float | None:
    """The mean over parts (projects); None where one of them has no AUC."""
    found = [auc(told) for told in parts.values()]
    known = [one for one in found if one is not None]
    return fmean(known) if known and len(known) == len(found) else None


def interval(
    parts: Mapping[str, Sequence[Told]], of: Callable[[Mapping[str, Sequence[Told]]], float | None]
) -> Interval:
    """A 95 % bootstrap interval: whole groups are drawn, within each part."""
    draw = random.Random(SEED)
    groups = {name: _grouped(told) for name, told in parts.items()}
    found = []
    for _ in range(ROUNDS):
        drawn = {name: [one for group in draw.choices(by, k=len(by)) for one in group] for name, by in groups.items()}
        value = of(drawn)
        if value is not None:
            found.append(value)
    found.sort()
    return found[int(0.025 * len(found))], found[int(0.975 * len(found))]


def _grouped(told: Sequence[Told]) -> list[list[Told]]:
    groups: dict[Hashable, list[Told]] = {}
    for one in told:
        groups.setdefault(one.group, []).append(one)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class Bin:
    """Chances of one range: how many, what was foretold on average, and how many ended badly."""

    low: float
    high: float
    count: int
    foretold: float
    bad: int

    @property
    def share(self) -> float:
        return self.bad / self.count

    @property
    def bounds(self) -> Interval:
        """Wilson's 95 % interval of the share."""
        good = self.count - self.bad
        return wilson_lower(self.bad, self.count, sure=1.96), 1 - wilson_lower(good, self.count, sure=1.96)


def reliability(told: Sequence[Told], *, cuts: Sequence[float] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)) -> list[Bin]:
    """Chances by range, and what came of them."""
    bins = []
    for low, high in pairwise(cuts):
        here = [one for one in told if low <= one.score < high or (high == cuts[-1] and one.score == high)]
        if here:
            bins.append(Bin(low, high, len(here), fmean(one.score for one in here), sum(one.bad for one in here)))
    return bins


def brier(told: Sequence[Told]) -> float:
    """The mean squared miss of the chances."""
    return fmean((one.score - one.bad) ** 2 for one in told)


def log_loss(told: Sequence[Told]) -> float:
    """The mean surprise, in nats."""
    return -fmean(log(one.score if one.bad else 1 - one.score) for one in told)
