"""Learning in the order of time: a model from a team's own past, with chances that come true, and the threshold at
which a rule may speak.

    learnt = learn(past, prior=UNDER_DELIVERY, strength=5)      # past: groups of examples, oldest first
    found = threshold_for(0.8, learnt.chances, learnt.bad)      # "speak when 80 % of such items end late"

What calibrates a model, and what a threshold is chosen on, are chances of examples that the model stating them had not
seen and that came after all it had seen: chances of examples it was fitted to flatter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import sqrt

from rules.risk.model import Example, Inputs, Model, calibrate, chance, fit, log_odds

FOLDS = 4
"""Into how many parts the later history is cut; each is foretold from all before it."""
FIRST = 0.4
"""Share of the history that is only learnt from."""
ENOUGH = 6
"""Ended subjects of its own from which a team's history is learnt from; below, the documented prior speaks alone. See
docs/judgement.md for the count behind it.
"""
LIKELY = 0.5
SURE = 1.2816
"""Normal quantile of a one-sided 90 % bound."""

Group = Sequence[Example]
"""The examples of one subject, such as the looks at one sprint: never split between what is learnt and foretold."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """A model, and what was foretold on the way: calibrated chances of examples later than all that the model stating
    them knew, and how these ended. `own` says whether own history was learnt from or the prior speaks alone.
    """

    model: Model
    chances: tuple[float, ...]
    bad: tuple[bool, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which chance on to speak. `precision` is the share of those that ended badly among the `spoken` examples at
    or above it, `lower` its one-sided lower bound, `recall` the share of all bad ends that are among them.
    """

    chance: float
    spoken: int
    precision: float
    lower: float
    recall: float


def learn(
    past: Sequence[Group], *, strength: float, prior: Model | None = None, as_of: datetime | None = None
) -> Learnt:
    """A model of the ended subjects of `past`, oldest first, drawn towards the prior (towards knowing nothing, without
    one) and calibrated. A history that is too short and no prior: ValueError.
    """
    if len(past) < ENOUGH:
        alone = fit((), prior=prior, strength=strength, as_of=as_of)
        seen = [one for group in past for one in group]
        return Learnt(alone, tuple(chance(alone, one.inputs).chance for one in seen), _bad(seen), own=False)
    foretold: list[tuple[float, Example]] = []
    for first, last in _parts(len(past)):
        before = fit(_flat(past[:first]), prior=prior, strength=strength)
        foretold += [(log_odds(before, one.inputs), one) for one in _flat(past[first:last])]
    odds, told = [one for one, _ in foretold], [one for _, one in foretold]
    whole = fit(_flat(past), prior=prior, strength=strength, as_of=as_of)
    model = calibrate(whole, odds, _bad(told), [one.weight for one in told])
    chances = tuple(_stated(model, one) for one in odds)
    return Learnt(model, chances, _bad(told), own=True)


def threshold_for(precision: float, chances: Sequence[float], bad: Sequence[bool]) -> Threshold | None:
    """The lowest chance from which on at least this share of the examples ended badly, with its lower bound; None:
    there is none that holds by the bound. Examples of one chance stand together. Never below `LIKELY`: where most end
    badly, a share may hold for all, and yet nothing is foretold of one whose good end is the likelier.
    """
    ranked = sorted(zip(chances, bad, strict=True), key=lambda pair: -pair[0])
    total, hits, found = sum(bad), 0, None
    for place, (cut, ended) in enumerate(ranked, start=1):
        if cut < LIKELY:
            break
        hits += ended
        if place < len(ranked) and ranked[place][0] == cut:
            continue
        lower = wilson_lower(hits, place)
        if lower >= precision:
            found = Threshold(cut, place, hits / place, lower, hits / total)
    return found


def wilson_lower(hits: int, of: int, *, sure: float = SURE) -> float:
    """Wilson's lower bound of a share; 0 of nothing."""
    if of == 0:
        return 0.0
    share, z = hits / of, sure
    middle = share + z * z / (2 * of)
    spread = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max((middle - spread) / (1 + z * z / of), 0.0)


def _stated(model: Model, odds: float) -> float:
    """The calibrated chance of raw log odds."""
    bare = Model(intercept=odds, terms=(), slope=model.slope, shift=model.shift)
    nothing: Inputs = {}
    return chance(bare, nothing).chance


def _parts(size: int) -> list[tuple[int, int]]:
    """Where the later history is cut."""
    first = max(1, int(size * FIRST))
    cuts = [first + (size - first) * part // FOLDS for part in range(FOLDS + 1)]
    return [(lo, hi) for lo, hi in pairwise(cuts) if lo < hi]


def _flat(groups: Sequence[Group]) -> list[Example]:
    return [one for group in groups for one in group]


def _bad(examples: Sequence[Example]) -> tuple[bool, ...]:
    return tuple(one.bad for one in examples)
