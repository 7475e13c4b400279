"""The inputs of sprints: what each says, what is not known, and that nothing later than the moment is asked."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.risk.priors import GROWTH, SHORTFALL
from rules.risk.sprints import (
    SHARES,
    Course,
    Look,
    fell_short,
    grew,
    growth_examples,
    growth_inputs,
    may_grow,
    shortfall_examples,
    shortfall_inputs,
)


def look(share: float = 0.5, **fields: object) -> Look:
    base: dict[str, object] = {
        "items": 10, "size": 30.0, "added_items": 2, "added_size": 5.0, "removed_items": 1, "done": 4,
        "waiting": 4,
    }  # fmt: skip
    return Look(share=share, **(base | fields))  # type: ignore[arg-type]


def course(id_: int = 1, **fields: object) -> Course:
    base: dict[str, object] = {
        "committed_items": 9, "committed_size": 28.0, "looks": tuple(look(share) for share in SHARES),
        "delivered": 24.0, "added_items_in_all": 4, "added_in_all": 9.0,
    }  # fmt: skip
    return Course(id=id_, **(base | fields))  # type: ignore[arg-type]


RUNNING = course(7, delivered=None, added_items_in_all=None, added_in_all=None)


@pytest.mark.parametrize(
    ("delivered", "size", "short"), [(24.0, 24.0, False), (23.9, 24.0, True), (30.0, 24.0, False), (0.0, 0.0, None)]
)
def test_a_sprint_falls_short_where_less_is_delivered_than_was_in(delivered, size, short):
    assert fell_short(course(delivered=delivered), look(size=size)) is short


def test_a_running_sprint_has_no_end_yet():
    assert fell_short(RUNNING, look()) is None
    assert grew(RUNNING, look()) is None
    assert shortfall_examples(RUNNING, []) == growth_examples(RUNNING, []) == []


@pytest.mark.parametrize(
    ("so_far", "in_all", "committed", "grown"),
    [
        (0.0, 20.0, 100.0, False),
        (0.0, 20.1, 100.0, True),
        (20.0, 30.0, 100.0, True),
        (20.1, 30.0, 100.0, None),
        (0.0, 5.0, 0.0, None),
    ],
)
def test_growth_is_past_a_fifth_and_still_to_come(so_far, in_all, committed, grown):
    ended = course(committed_size=committed, added_in_all=in_all)
    assert grew(ended, look(added_size=so_far)) is grown
    assert may_grow(ended, look(added_size=so_far)) is (grown is not None)


def test_inputs_of_under_delivery_say_what_they_say():
    past = [course(1, delivered=29.0), course(2, delivered=40.0)]
    found = shortfall_inputs(RUNNING, look(), past)
    assert found["over"] == pytest.approx((1 + 1.0) / (2 + 2))  # one of two delivered less; drawn towards a half
    weights = [0.5**0.25, 1.0]
    gains = [log(30 / 31), log(41 / 31)]
    assert found["usual"] == pytest.approx(sum(w * g for w, g in zip(weights, gains, strict=True)) / sum(weights))
    assert found["movement"] == pytest.approx(log(4))
    assert found["few"] == pytest.approx(0.1)
    assert found["left"] == pytest.approx(log(7))
    assert found["net"] == pytest.approx(log(31 / 29))
    assert found["pace"] == pytest.approx(0.0)
    assert found["elapsed"] == 0.5


def test_inputs_of_growth_say_what_they_say():
    past = [course(1, looks=(look(0.3, added_items=1, size=7.0),)), course(2)]
    found = growth_inputs(RUNNING, look(), past)
    weights = [0.5**0.25, 1.0]
    later = [log(4), log(3)]
    assert found["gap"] == pytest.approx(5 / 28)
    assert found["waiting"] == pytest.approx(0.4)
    assert found["later"] == pytest.approx(sum(w * v for w, v in zip(weights, later, strict=True)) / sum(weights))
    usual = (weights[0] * log(8) + log(31)) / sum(weights)
    assert found["size"] == pytest.approx(log(31) - usual)
    assert found["elapsed"] == 0.5


def test_without_any_past_what_is_usual_is_not_known():
    shortfall = shortfall_inputs(RUNNING, look(), [])
    assert [name for name, value in shortfall.items() if value is None] == ["over", "usual", "pace"]
    growth = growth_inputs(RUNNING, look(), [])
    assert [name for name, value in growth.items() if value is None] == ["later", "size"]


def test_without_a_past_of_its_own_its_neighbours_tell_what_is_usual():
    around = [course(1, delivered=15.0), course(2, delivered=15.0)]
    found = shortfall_inputs(RUNNING, look(), [], around=around)
    assert found["usual"] == pytest.approx(log(16 / 31))
    assert found["over"] == pytest.approx(4 / 6)


def test_states_that_are_not_known_are_no_inputs():
    dark = look(done=None, waiting=None)
    assert shortfall_inputs(RUNNING, dark, [course()])["left"] is None
    assert shortfall_inputs(RUNNING, dark, [course()])["pace"] is None
    assert growth_inputs(RUNNING, dark, [course()])["waiting"] is None


def test_an_empty_sprint_breaks_nothing():
    empty = look(items=0, size=0.0, done=0, waiting=0)
    nothing = course(committed_items=0, committed_size=0.0, looks=(empty,), delivered=0.0, added_in_all=0.0)
    assert shortfall_inputs(nothing, empty, [nothing])["few"] == 1.0
    assert growth_inputs(nothing, empty, [nothing])["gap"] is None
    assert shortfall_examples(nothing, []) == growth_examples(nothing, []) == []


def test_the_recent_past_counts_more():
    ran_short, did_well = course(1, delivered=10.0), course(2, delivered=40.0)
    lately_bad = shortfall_inputs(RUNNING, look(), [did_well, did_well, ran_short])["usual"]
    lately_good = shortfall_inputs(RUNNING, look(), [ran_short, did_well, did_well])["usual"]
    assert lately_bad is not None
    assert lately_good is not None
    assert lately_bad < lately_good


@given(st.integers(0, 3), st.floats(0, 500), st.integers(0, 50))
def test_nothing_later_than_the_moment_is_asked(place, size, items):
    """Whatever later looks or the end of the sprint itself hold, its inputs of now are the same."""
    now = RUNNING.looks[place]
    other = tuple(
        one if nth <= place else replace(one, size=size, added_items=items, added_size=size, done=None)
        for nth, one in enumerate(RUNNING.looks)
    )
    changed = replace(RUNNING, looks=other, delivered=size, added_items_in_all=items, added_in_all=size)
    past = [course(1), course(2)]
    assert shortfall_inputs(changed, now, past) == shortfall_inputs(RUNNING, now, past)
    assert growth_inputs(changed, now, past) == growth_inputs(RUNNING, now, past)


def test_one_sprint_gives_an_example_for_each_look_that_can_tell():
    ended = course(looks=(look(0.0, added_size=0.0), look(0.3, added_size=2.0), look(0.5, added_size=9.0)))
    assert [one.bad for one in shortfall_examples(ended, [])] == [True, True, True]
    growth = growth_examples(ended, [])
    assert [one.inputs["elapsed"] for one in growth] == [0.0, 0.3]
    assert all(one.bad for one in growth)


def test_what_people_called_wrong_counts_as_no_bad_end():
    assert not any(one.bad for one in shortfall_examples(course(), [], wrong=True))
    assert not any(one.bad for one in growth_examples(course(), [], wrong=True))


@given(st.floats(0, 1))
def test_a_look_of_a_moment_is_the_latest_before_it(share):
    found = course().at(share)
    assert found is not None
    assert found.share == max(one for one in SHARES if one <= share)


def test_before_its_first_look_a_course_has_none():
    assert course(looks=(look(0.3),)).at(0.2) is None


def test_the_priors_know_every_input_and_no_other():
    for prior, inputs in ((SHORTFALL, shortfall_inputs), (GROWTH, growth_inputs)):
        assert [term.name for term in prior.terms] == sorted(inputs(RUNNING, look(), []))
        assert all(term.spread > 0 for term in prior.terms)
        assert 0.2 < 1 / (1 + exp(-prior.intercept)) < 0.8
