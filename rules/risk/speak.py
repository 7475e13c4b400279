"""When to speak, by precision: a share of those spoken of that is to end badly, and the chance that gives it here.

step = step_of(0.75)                        # 0.7: steps are rounded down
threshold = threshold_at(risk, step)        # from which chance on to speak; None: the past here does not say
stated(risk, inputs).chance >= threshold
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rules.risk import model
from rules.risk.learn import Learnt, threshold_for
from rules.risk.model import Chance, Inputs
from rules.statistics import Risk

PRECISIONS = (0.6, 0.7, 0.8, 0.9)
"""The shares for which thresholds are kept."""


def step_of(certainty: float) -> float | None:
    """The highest of `PRECISIONS` that is not above a certainty; None: it is below them all."""
    return max((one for one in PRECISIONS if one <= certainty), default=None)


def thresholds(learnt: Learnt) -> Mapping[str, float | None]:
    """The threshold of each of `PRECISIONS`, as the project's own past holds it; a few ends hold none."""
    seen = (learnt.chances, learnt.bad) if learnt.own else ((), ())
    found = {one: threshold_for(one, *seen) for one in PRECISIONS}
    return {str(one): None if threshold is None else threshold.chance for one, threshold in found.items()}


def threshold_at(risk: Risk | None, precision: float) -> float | None:
    """From which chance on to speak; None: nothing was learnt yet, or the past holds no threshold."""
    return None if risk is None else risk.thresholds.get(str(precision))


def stated(risk: Risk, inputs: Inputs) -> Chance:
    """The chance of a bad end, with its reasons. ValueError where what is stored is no model."""
    return model.chance(_read(risk.model), inputs)


@lru_cache(maxsize=256)
def _read(text: str) -> model.Model:
    return model.load(text)
