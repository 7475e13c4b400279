"""Made worlds whose chances are known: examples drawn from them with a seed."""

from __future__ import annotations

import random
from math import exp

from rules.risk.model import Example

TRUE_WEIGHTS = {"late": 1.2, "large": -0.8, "noise": 0.0}
TRUE_INTERCEPT = -0.4


def true_chance(inputs: dict[str, float]) -> float:
    odds = TRUE_INTERCEPT + sum(weight * inputs[name] for name, weight in TRUE_WEIGHTS.items())
    return 1 / (1 + exp(-odds))


def world(count: int, seed: int = 7) -> list[Example]:
    """Examples whose inputs are standard normal, so that a weight per spread is a weight per unit."""
    draw = random.Random(seed)
    found = []
    for _ in range(count):
        inputs = {name: draw.gauss(0, 1) for name in TRUE_WEIGHTS}
        found.append(Example(inputs, draw.random() < true_chance(inputs)))
    return found
