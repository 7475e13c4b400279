"""The model: what it recovers, what holds it back, and what must never change it."""

from __future__ import annotations

from datetime import UTC, datetime
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.risk.model import Example, Model, Term, calibrate, chance, dump, fit, load, log_odds, sigmoid
from tests.rules.risk.worlds import TRUE_INTERCEPT, TRUE_WEIGHTS, true_chance, world

PRIOR = Model(intercept=-0.3, terms=(Term("late", 0.9, 0.5, 2.0), Term("large", -0.4, 0.0, 1.0)), examples=100, bad=40)

values = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False)
maybe = st.none() | values
examples = st.builds(
    Example,
    st.fixed_dictionaries({"late": maybe, "large": maybe}),
    st.booleans(),
    st.floats(min_value=0.05, max_value=5, allow_nan=False),
)


def weights(model: Model) -> dict[str, float]:
    return {term.name: term.weight for term in model.terms}


def test_many_examples_recover_the_weights():
    model = fit(world(4000), strength=1)
    found = {term.name: term.weight / term.spread for term in model.terms}
    assert found == pytest.approx(TRUE_WEIGHTS, abs=0.15)
    assert log_odds(model, dict.fromkeys(TRUE_WEIGHTS, 0.0)) == pytest.approx(TRUE_INTERCEPT, abs=0.15)


def test_stated_chances_come_true():
    model = fit(world(3000), strength=1)
    fresh = world(3000, seed=8)
    stated = sorted((chance(model, one.inputs).chance, one.bad) for one in fresh)
    for first in range(0, 3000, 600):
        part = stated[first : first + 600]
        foretold = sum(p for p, _ in part) / 600
        assert sum(bad for _, bad in part) / 600 == pytest.approx(foretold, abs=0.07)


def test_no_examples_leave_the_prior():
    as_of = datetime(2026, 1, 1, tzinfo=UTC)
    model = fit((), prior=PRIOR, strength=5, as_of=as_of)
    assert (model.intercept, model.terms) == (PRIOR.intercept, PRIOR.terms)
    assert (model.examples, model.bad, model.as_of) == (0, 0, as_of)


def test_nothing_at_all_is_refused():
    with pytest.raises(ValueError, match="nothing to learn from"):
        fit((), strength=5)
    with pytest.raises(ValueError, match="above zero"):
        fit(world(5), strength=0)


def test_own_history_pulls_away_from_the_prior_as_it_grows():
    wrong = Model(intercept=0.0, terms=(Term("late", -1.0, 0.0, 1.0), Term("large", 1.0, 0.0, 1.0)))
    way = [weights(fit(world(count), prior=wrong, strength=20))["late"] for count in (1, 30, 300, 3000)]
    assert way == sorted(way)
    assert way[0] == pytest.approx(-1.0, abs=0.1)
    assert way[-1] == pytest.approx(TRUE_WEIGHTS["late"], abs=0.25)


def test_more_strength_stays_nearer_to_the_prior():
    far = [abs(weights(fit(world(100), prior=PRIOR, strength=s))["late"] - 0.9) for s in (1, 10, 100, 1000)]
    assert far == sorted(far, reverse=True)


def test_an_input_that_says_nothing_gets_little_weight():
    assert abs(weights(fit(world(4000), strength=1))["noise"]) < 0.1


def test_one_kind_of_end_only_still_has_an_answer():
    bad = [Example({"late": float(n)}, bad=True) for n in range(20)]
    stated = chance(fit(bad, strength=5), {"late": 3.0}).chance
    assert 0.5 < stated < 1


def test_an_input_that_never_varies_is_harmless():
    model = fit([Example({"late": 4.0}, bad=n % 3 == 0) for n in range(30)], strength=1)
    assert weights(model)["late"] == 0
    assert chance(model, {"late": 4.0}).chance == pytest.approx(1 / 3, abs=0.05)


@given(st.lists(examples, min_size=1, max_size=12), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_order_of_examples_changes_nothing(found, draw):
    shuffled = list(found)
    draw.shuffle(shuffled)
    assert fit(shuffled, strength=2) == fit(found, strength=2)
    assert fit(shuffled, prior=PRIOR, strength=2) == fit(found, prior=PRIOR, strength=2)


@given(st.lists(examples, max_size=12), st.dictionaries(st.sampled_from(["late", "large", "other"]), maybe))
@settings(max_examples=60)
def test_a_chance_is_never_certain(found, inputs):
    stated = chance(fit(found, prior=PRIOR, strength=1), inputs)
    assert 0 < stated.chance < 1


@given(st.lists(examples, max_size=12))
@settings(max_examples=60)
def test_a_dumped_model_comes_back_whole(found):
    model = fit(found, prior=PRIOR, strength=1, as_of=datetime(2026, 1, 1, tzinfo=UTC))
    assert load(dump(model)) == model


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"as_of": null}', "null"])
def test_what_is_no_model_is_refused(text):
    with pytest.raises(ValueError, match="not a model"):
        load(text)


@given(st.lists(examples, min_size=2, max_size=12))
@settings(max_examples=60)
def test_the_fit_is_where_the_penalised_loss_is_least(found):
    """A step to either side along any weight makes it no better."""

    def loss(model: Model) -> float:
        odds = [(log_odds(model, one.inputs), one) for one in found]
        missed = sum(one.weight * -log(sigmoid(o if one.bad else -o)) for o, one in odds)
        held = sum(
            3 * (mine.weight - theirs.weight) ** 2 for mine, theirs in zip(model.terms, PRIOR.terms, strict=True)
        )
        return missed + held / 2 + (model.intercept - PRIOR.intercept) ** 2 / 2

    best = fit(found, prior=PRIOR, strength=3)
    least = loss(best)
    for place, term in enumerate(best.terms):
        for step in (-0.01, 0.01):
            moved = list(best.terms)
            moved[place] = Term(term.name, term.weight + step, term.middle, term.spread)
            assert loss(Model(best.intercept, tuple(moved))) >= least - 1e-9


def test_what_is_not_known_pushes_nothing_and_is_no_reason():
    stated = chance(PRIOR, {"late": None, "large": 2.0})
    assert [reason.name for reason in stated.reasons] == ["large"]
    assert log_odds(PRIOR, {"late": None}) == log_odds(PRIOR, {"late": 0.5}) == PRIOR.intercept


def test_reasons_add_up_to_the_odds_and_stand_by_size():
    stated = chance(PRIOR, {"late": 2.5, "large": 0.3})
    assert sum(reason.push for reason in stated.reasons) + PRIOR.intercept == pytest.approx(
        log_odds(PRIOR, {"late": 2.5, "large": 0.3})
    )
    assert [(reason.name, reason.value) for reason in stated.reasons] == [("late", 2.5), ("large", 0.3)]
    assert [reason.name for reason in stated.worse] == ["late"]


def test_an_input_far_out_says_no_more_than_three_spreads():
    assert log_odds(PRIOR, {"late": 6.5}) == log_odds(PRIOR, {"late": 1e9})


def test_calibration_takes_back_what_was_overstated():
    fresh = world(2000, seed=9)
    model = fit(world(2000), strength=1)
    loud = [3 * log_odds(model, one.inputs) for one in fresh]
    mended = calibrate(model, loud, [one.bad for one in fresh], [1.0] * len(fresh))
    assert mended.slope == pytest.approx(1 / 3, abs=0.06)


def test_calibration_by_few_examples_changes_little():
    model = fit(world(50), strength=5)
    mended = calibrate(model, [2.0], [False], [1.0])
    assert (mended.slope, mended.shift) == (pytest.approx(1, abs=0.2), pytest.approx(0, abs=0.2))
    assert calibrate(model, [], [], []) == model


def test_calibration_keeps_the_ranking():
    model = calibrate(fit(world(300), strength=5), [-1.0, 1.0] * 20, [True, False] * 20, [1.0] * 40)
    low, high = chance(model, {"late": -2.0}), chance(model, {"late": 2.0})
    assert low.chance <= high.chance


def test_the_made_world_is_what_it_says():
    drawn = world(5000, seed=10)
    assert sum(one.bad for one in drawn) / 5000 == pytest.approx(
        sum(true_chance(dict(one.inputs)) for one in drawn) / 5000, abs=0.03
    )
