"""Learning in the order of time, and the threshold that a rule may be tuned by."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.risk.learn import ENOUGH, learn, threshold_for, wilson_lower
from rules.risk.model import Example, Model, Term, fit
from tests.rules.risk.worlds import world

PRIOR = Model(intercept=0.2, terms=tuple(Term(name, 0.3, 0.0, 1.0) for name in ("large", "late", "noise")))


def singles(count: int, seed: int = 7) -> list[list[Example]]:
    return [[one] for one in world(count, seed)]


def test_a_short_history_leaves_the_prior_alone():
    learnt = learn(singles(ENOUGH - 1), prior=PRIOR, strength=5)
    assert not learnt.own
    assert learnt.model.terms == PRIOR.terms
    assert len(learnt.chances) == len(learnt.bad) == ENOUGH - 1


def test_no_history_is_the_prior():
    learnt = learn([], prior=PRIOR, strength=5)
    assert (learnt.model.terms, learnt.chances, learnt.own) == (PRIOR.terms, (), False)


def test_a_history_that_is_long_enough_is_learnt_from():
    learnt = learn(singles(ENOUGH), prior=PRIOR, strength=5)
    assert learnt.own
    assert learnt.model.terms != PRIOR.terms
    assert learnt.model.examples == ENOUGH


def test_chances_of_the_past_were_stated_without_knowing_their_end():
    """Turning the last end round changes no chance of an earlier block but through the one calibration."""
    past = singles(100)
    turned = [*past[:-1], [Example(past[-1][0].inputs, not past[-1][0].bad)]]
    one, other = learn(past, prior=PRIOR, strength=5), learn(turned, prior=PRIOR, strength=5)
    early = len(one.chances) // 2
    order = sorted(range(early), key=lambda place: one.chances[place])
    assert order == sorted(range(early), key=lambda place: other.chances[place])


def test_what_belongs_together_is_foretold_together():
    groups = [[one, one, one] for one in world(40)]
    learnt = learn(groups, prior=PRIOR, strength=5)
    assert len(learnt.chances) % 3 == 0
    assert all(len(set(learnt.chances[at : at + 3])) == 1 for at in range(0, len(learnt.chances), 3))


def test_chances_stated_on_the_way_come_true():
    learnt = learn(singles(2000), prior=PRIOR, strength=5)
    loud = [bad for one, bad in zip(learnt.chances, learnt.bad, strict=True) if one >= 0.6]
    foretold = [one for one in learnt.chances if one >= 0.6]
    assert sum(loud) / len(loud) == pytest.approx(sum(foretold) / len(foretold), abs=0.08)


def test_a_world_that_overstates_itself_is_calibrated_down():
    """Noise with many inputs: what looks telling in a short past is not."""
    draw = random.Random(3)
    names = [f"n{place}" for place in range(12)]
    past = [[Example({name: draw.gauss(0, 1) for name in names}, draw.random() < 0.5)] for _ in range(60)]
    prior = fit([], prior=Model(0.0, tuple(Term(name, 0.0, 0.0, 1.0) for name in names)), strength=1)
    assert learn(past, prior=prior, strength=0.5).model.slope < 1


def test_a_threshold_holds_the_precision_asked_for():
    draw = random.Random(5)
    chances = [draw.random() for _ in range(2000)]
    bad = [draw.random() < one for one in chances]
    found = threshold_for(0.8, chances, bad)
    assert found is not None
    assert found.chance == pytest.approx(0.65, abs=0.1)  # from there on, nine in eleven on average
    assert found.precision >= found.lower >= 0.8
    spoken = [ended for one, ended in zip(chances, bad, strict=True) if one >= found.chance]
    assert found.spoken == len(spoken)
    assert found.precision == sum(spoken) / len(spoken)
    assert found.recall == sum(spoken) / sum(bad)


def test_few_hits_are_no_precision():
    assert threshold_for(0.8, [0.9, 0.8, 0.7], [True, True, True]) is None
    assert threshold_for(0.8, [], []) is None


def test_nothing_bad_has_no_threshold():
    assert threshold_for(0.5, [0.9] * 50, [False] * 50) is None


def test_where_nearly_all_end_badly_only_what_is_likely_is_spoken_of():
    found = threshold_for(0.8, [0.9] * 50 + [0.3] * 50, [True] * 95 + [False] * 5)
    assert found is not None
    assert (found.chance, found.spoken) == (0.9, 50)


def test_equal_chances_are_never_parted():
    found = threshold_for(0.5, [0.7] * 40 + [0.2] * 40, [True] * 38 + [False] * 42)
    assert found is not None
    assert found.spoken == 40


@given(st.integers(0, 200), st.integers(0, 200))
def test_the_lower_bound_lies_below_the_share(hits, more):
    of = hits + more
    assert 0 <= wilson_lower(hits, of) <= (hits / of if of else 0) + 1e-12


@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.booleans()), max_size=40), st.floats(0.1, 0.95))
def test_a_higher_precision_never_speaks_of_more(pairs, precision):
    chances, bad = [one for one, _ in pairs], [ended for _, ended in pairs]
    low, high = threshold_for(precision, chances, bad), threshold_for(min(precision + 0.04, 1), chances, bad)
    assert high is None or (low is not None and low.spoken >= high.spoken)
