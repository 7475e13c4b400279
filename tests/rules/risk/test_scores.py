"""The scores that benchmarks print are what they are called, and the shipped priors are the ones they print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.scores import Told, auc, brier, interval, mean_auc, reliability
from bench.sprint_tables import PROJECTS, recorded
from bench.sprints import GROWTH, SHORTFALL, cases, prior_of, split
from rules.risk import priors
from tests.support import shared

told = st.lists(st.builds(Told, st.integers(0, 5).map(float), st.booleans(), st.integers(0, 3)), max_size=20)


@given(told)
def test_auc_is_the_share_of_pairs_ranked_right(found):
    bad = [one.score for one in found if one.bad]
    good = [one.score for one in found if not one.bad]
    pairs = [(b > g) + (b == g) / 2 for b in bad for g in good]
    assert auc(found) == (pytest.approx(sum(pairs) / len(pairs)) if pairs else None)


def test_an_interval_holds_what_it_was_drawn_from_and_draws_whole_groups():
    found = {"a": [Told(float(n % 7), n % 3 == 0, n // 4) for n in range(60)]}
    low, high = interval(found, mean_auc)
    assert low < (mean_auc(found) or 0) < high
    alone = {"a": [Told(1.0, bad=True, group=1), Told(0.0, bad=False, group=1)]}
    assert interval(alone, mean_auc) == (1.0, 1.0)


def test_bins_count_every_chance_once():
    found = [Told(n / 20, bad=n % 2 == 0) for n in range(21)]
    bins = reliability(found)
    assert sum(one.count for one in bins) == 21
    assert all(one.low <= one.foretold <= one.high for one in bins)
    assert all(one.bounds[0] <= one.share <= one.bounds[1] for one in bins)


def test_a_sure_and_right_chance_has_no_miss():
    assert brier([Told(1.0, bad=True), Told(0.0, bad=False)]) == 0
    assert brier([Told(0.5, bad=True)]) == 0.25


@pytest.mark.parametrize(
    ("end", "shipped"), [(SHORTFALL, priors.SHORTFALL), (GROWTH, priors.GROWTH)], ids=["shortfall", "growth"]
)
def test_the_shipped_prior_is_the_one_that_the_recorded_past_gives(end, shipped):
    folder = shared("sprints")
    made = prior_of({name: split(cases(end, recorded(folder, name))) for name in PROJECTS})
    assert shipped.intercept == pytest.approx(made.intercept, abs=1e-4)
    for ours, theirs in zip(shipped.terms, made.terms, strict=True):
        assert ours.name == theirs.name
        assert (ours.weight, ours.middle, ours.spread) == pytest.approx(
            (theirs.weight, theirs.middle, theirs.spread), abs=1e-4
        )


def test_no_sprint_is_on_both_sides_of_the_cut():
    folder = shared("sprints")
    for name in PROJECTS:
        parts = split(cases(SHORTFALL, recorded(folder, name)))
        assert max(case.sprint for case in parts.past) < min(case.sprint for case in parts.future)
