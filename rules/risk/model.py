"""A chance learnt from examples, small enough to be explained: weights on named inputs, added up.

    prior = fit(examples_of_others, strength=20)                # what a team without history is judged by
    model = fit(own_examples, prior=prior, strength=5)          # own history pulls the weights away as it grows
    chance(model, inputs)                                       # a chance, and which inputs push it most

It is a ridge logistic regression, fitted by Newton's method. Each input is measured in spreads from its middle, cut at
`CUT`; one that is not known stands at the middle and pushes nothing. The penalty is centred at the prior's weights (at
zero without one), so without examples the prior speaks, and with many the examples do. Sums are exact (`fsum`), so the
order of examples changes nothing, not even the last digit. Source: Hoerl and Kennard 1970 (ridge); Platt 1999
(`calibrate`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import exp, fsum, log, sqrt
from operator import mul
from typing import Any

Inputs = Mapping[str, float | None]
"""What is known of a subject at an instant, by name; None: not known."""

CUT = 3.0
"""Spreads from the middle beyond which an input says no more."""
MOST_ODDS = 5.0
"""Stated chances stay between 0.7 % and 99.3 %: no small history knows better."""
INTERCEPT_STRENGTH = 1.0
CALIBRATION_STRENGTH = 10.0
STEPS = 60
CLOSE = 1e-10
LEAST_SPREAD = 1e-9


@dataclass(frozen=True, slots=True)
class Example:
    """What was known at an instant, and whether it ended badly. `weight` is how many examples it counts as: the four
    looks at one sprint are no four sprints.
    """

    inputs: Inputs
    bad: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Term:
    """One input's part: `weight` in log odds per spread; `middle` and `spread` in the input's own unit."""

    name: str
    weight: float
    middle: float
    spread: float


@dataclass(frozen=True, slots=True)
class Model:
    """Weights, with what they stand on. `examples` and `bad` are sums of weights, of the last fit alone. `slope` and
    `shift` make stated chances come true (`calibrate`); a fresh fit has 1 and 0.
    """

    intercept: float
    terms: tuple[Term, ...]
    examples: float = 0.0
    bad: float = 0.0
    slope: float = 1.0
    shift: float = 0.0
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Push:
    """How far one known input moves the log odds from where its middle would leave them: above zero, towards bad."""

    name: str
    value: float
    push: float


@dataclass(frozen=True, slots=True)
class Chance:
    """The chance of a bad end, strictly between 0 and 1, and every known input by how far it pushes, most first."""

    chance: float
    reasons: tuple[Push, ...]

    @property
    def worse(self) -> tuple[Push, ...]:
        """The inputs that push towards a bad end."""
        return tuple(reason for reason in self.reasons if reason.push > 0)


def fit(
    examples: Sequence[Example], *, strength: float, prior: Model | None = None, as_of: datetime | None = None
) -> Model:
    """The model that fits the examples best while its weights stay near the prior's; `strength` is how many examples'
    worth of pull the prior has on each. Inputs, middles and spreads are the prior's where there is one. No examples
    and no prior: ValueError.
    """
    if strength <= 0:
        raise ValueError(f"strength must be above zero, got {strength}")
    if not examples and prior is None:
        raise ValueError("nothing to learn from: neither examples nor a prior")
    start = prior if prior is not None else _measured(examples)
    if not examples:
        return replace(start, examples=0.0, bad=0.0, slope=1.0, shift=0.0, as_of=as_of)
    columns = [[1.0] * len(examples), *zip(*(_spreads(start, one.inputs) for one in examples), strict=True)]
    centre = [start.intercept, *(term.weight for term in start.terms)]
    penalty = [INTERCEPT_STRENGTH, *(strength for _ in start.terms)]
    labels, masses = [float(one.bad) for one in examples], [one.weight for one in examples]
    found = _newton(columns, labels, masses, centre=centre, penalty=penalty)
    terms = tuple(replace(term, weight=weight) for term, weight in zip(start.terms, found[1:], strict=True))
    total, bad = fsum(masses), fsum(map(mul, labels, masses))
    return Model(intercept=found[0], terms=terms, examples=total, bad=bad, as_of=as_of)


def log_odds(model: Model, inputs: Inputs) -> float:
    """The log odds of a bad end before calibration, not cut: what items are ranked by."""
    spreads = _spreads(model, inputs)
    return model.intercept + fsum(term.weight * spread for term, spread in zip(model.terms, spreads, strict=True))


def chance(model: Model, inputs: Inputs) -> Chance:
    """The chance that it ends badly, with its reasons."""
    odds = model.shift + model.slope * log_odds(model, inputs)
    pushes = [
        Push(term.name, value, model.slope * term.weight * spread)
        for term, spread in zip(model.terms, _spreads(model, inputs), strict=True)
        if (value := inputs.get(term.name)) is not None
    ]
    pushes.sort(key=lambda one: (-abs(one.push), one.name))
    return Chance(sigmoid(min(max(odds, -MOST_ODDS), MOST_ODDS)), tuple(pushes))


def calibrate(model: Model, odds: Sequence[float], bad: Sequence[bool], masses: Sequence[float]) -> Model:
    """The model with the slope and shift under which these chances would have come true. `odds` are those of models
    that had not seen their example (`rules.risk.learn`). Few examples change little: both are held near 1 and 0.
    """
    if not odds:
        return model
    labels = [float(one) for one in bad]
    penalty = [CALIBRATION_STRENGTH, CALIBRATION_STRENGTH]
    shift, slope = _newton([[1.0] * len(odds), list(odds)], labels, list(masses), centre=[0.0, 1.0], penalty=penalty)
    return replace(model, shift=shift, slope=max(slope, 0.0))


def sigmoid(odds: float) -> float:
    """The chance of these log odds."""
    if odds >= 0:
        return 1.0 / (1.0 + exp(-odds))
    part = exp(odds)
    return part / (1.0 + part)


def dump(model: Model) -> str:
    """The model as JSON, one line."""
    document = {
        "as_of": model.as_of.isoformat() if model.as_of else None,
        "examples": model.examples,
        "bad": model.bad,
        "intercept": model.intercept,
        "slope": model.slope,
        "shift": model.shift,
        "terms": [[term.name, term.weight, term.middle, term.spread] for term in model.terms],
    }
    return json.dumps(document)


def load(text: str) -> Model:
    """A dumped model; ValueError where the text is none."""
    try:
        document: dict[str, Any] = json.loads(text)
        as_of = document["as_of"]
        return Model(
            intercept=float(document["intercept"]),
            terms=tuple(Term(str(name), float(w), float(m), float(s)) for name, w, m, s in document["terms"]),
            examples=float(document["examples"]),
            bad=float(document["bad"]),
            slope=float(document["slope"]),
            shift=float(document["shift"]),
            as_of=datetime.fromisoformat(as_of) if as_of else None,
        )
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"not a model: {error!r}") from error


def _measured(examples: Sequence[Example]) -> Model:
    """A model that knows nothing yet: each input's middle and spread, all weights zero."""
    terms = []
    for name in sorted({name for one in examples for name in one.inputs}):
        known = [(value, one.weight) for one in examples if (value := one.inputs.get(name)) is not None]
        mass = fsum(weight for _, weight in known)
        middle = fsum(value * weight for value, weight in known) / mass if mass else 0.0
        variance = fsum(weight * (value - middle) ** 2 for value, weight in known) / mass if mass else 0.0
        terms.append(Term(name, 0.0, middle, sqrt(variance) if variance > LEAST_SPREAD else 1.0))
    mass, bad = fsum(one.weight for one in examples), fsum(one.weight for one in examples if one.bad)
    return Model(intercept=log((bad + 1.0) / (mass - bad + 1.0)), terms=tuple(terms))


def _spreads(model: Model, inputs: Inputs) -> list[float]:
    """Each term's input, in spreads from its middle; 0 where it is not known."""
    found = []
    for term in model.terms:
        value = inputs.get(term.name)
        found.append(0.0 if value is None else min(max((value - term.middle) / term.spread, -CUT), CUT))
    return found


def _newton(
    columns: Sequence[Sequence[float]],
    labels: Sequence[float],
    masses: Sequence[float],
    *,
    centre: Sequence[float],
    penalty: Sequence[float],
) -> list[float]:
    """The weights of least penalised loss. The loss is strictly convex, so there is one answer; a step that would not
    lower it is halved.
    """
    size = len(columns)
    weights = list(centre)
    loss = _loss(columns, labels, masses, weights, centre, penalty)
    for _ in range(STEPS):
        chances = [sigmoid(fsum(map(mul, weights, row))) for row in zip(*columns, strict=True)]
        errors = [mass * (p - label) for p, label, mass in zip(chances, labels, masses, strict=True)]
        bends = [mass * p * (1.0 - p) for p, mass in zip(chances, masses, strict=True)]
        slope = [fsum(map(mul, column, errors)) + penalty[i] * (weights[i] - centre[i])
                 for i, column in enumerate(columns)]  # fmt: skip
        bent = [list(map(mul, column, bends)) for column in columns]
        matrix = [[fsum(map(mul, bent[i], columns[j])) if j <= i else 0.0 for j in range(size)] for i in range(size)]
        for i in range(size):
            matrix[i][i] += penalty[i]
        step = _solve(matrix, slope)
        part = 1.0
        while part > CLOSE:
            tried = [weight - part * move for weight, move in zip(weights, step, strict=True)]
            lower = _loss(columns, labels, masses, tried, centre, penalty)
            if lower <= loss:
                break
            part /= 2
        else:
            return weights
        weights, loss = tried, lower
        if max(abs(part * move) for move in step) < CLOSE:
            break
    return weights


def _loss(
    columns: Sequence[Sequence[float]],
    labels: Sequence[float],
    masses: Sequence[float],
    weights: Sequence[float],
    centre: Sequence[float],
    penalty: Sequence[float],
) -> float:
    odds = [fsum(map(mul, weights, row)) for row in zip(*columns, strict=True)]
    lost = (mass * (_softplus(o) - label * o) for o, label, mass in zip(odds, labels, masses, strict=True))
    held = (p * (weight - middle) ** 2 / 2 for p, weight, middle in zip(penalty, weights, centre, strict=True))
    return fsum([*lost, *held])


def _softplus(odds: float) -> float:
    """log(1 + e^odds) without overflow."""
    return max(odds, 0.0) + log(1.0 + exp(-abs(odds)))


def _solve(lower: list[list[float]], right: Sequence[float]) -> list[float]:
    """Solve by Cholesky a symmetric positive definite system of which the lower half is given."""
    size = len(right)
    root = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = lower[i][j] - fsum(root[i][k] * root[j][k] for k in range(j))
            root[i][j] = sqrt(rest) if i == j else rest / root[j][j]
    half: list[float] = []
    for i in range(size):
        half.append((right[i] - fsum(root[i][k] * half[k] for k in range(i))) / root[i][i])
    found = [0.0] * size
    for i in reversed(range(size)):
        found[i] = (half[i] - fsum(root[k][i] * found[k] for k in range(i + 1, size))) / root[i][i]
    return found
