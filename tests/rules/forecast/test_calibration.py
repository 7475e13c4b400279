"""What was forecast against what then happened: what is known of a kept forecast, and how outcomes are counted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.forecast.calibration import Kept, Stayed, by_chance, done_at, interval, outcome, within_range
from tests.rules.build import forecast

SAID = forecast("2026-12-01", 0.4, due=date(2026, 12, 18), by85=date(2027, 1, 4))
"""Likely on 23 December, between the 16th and 8 January."""
LONG_AFTER = date(2027, 6, 1)


def test_each_day_that_was_given_came_true_or_not() -> None:
    found = outcome(SAID, date(2026, 12, 22), until=LONG_AFTER)
    assert {(one.chance, one.came_true) for one in found} == {
        (0.1, False), (0.5, True), (0.85, True), (0.9, True), (0.4, False)
    }  # fmt: skip


def test_of_days_that_are_not_over_nothing_is_known() -> None:
    assert {one.chance for one in outcome(SAID, None, until=date(2026, 12, 20))} == {0.1, 0.4}
    assert not any(one.came_true for one in outcome(SAID, None, until=LONG_AFTER))


def test_a_day_beyond_the_horizon_was_never_forecast() -> None:
    far = forecast("2026-12-01", None, late=date(2027, 11, 26))
    assert {one.chance for one in outcome(far, None, until=date(2028, 1, 1))} == {0.1, 0.5}


@pytest.mark.parametrize(
    ("done", "expected"),
    [(date(2026, 12, 15), False), (date(2026, 12, 16), True), (date(2027, 1, 8), True), (date(2027, 1, 9), False)],
)
def test_a_range_holds_from_its_first_to_its_last_day(done: date, expected: bool) -> None:
    assert within_range(SAID, done, until=LONG_AFTER) is expected


def test_a_range_is_open_until_its_last_day_is_over() -> None:
    assert within_range(SAID, None, until=date(2027, 1, 8)) is None
    assert within_range(SAID, None, until=date(2027, 1, 9)) is False


def test_what_is_said_the_other_way_round_came_true_where_it_did_not() -> None:
    assert Kept(0.2, came_true=False, about="x").turned == Kept(0.8, came_true=True, about="x")


@given(st.lists(st.builds(Kept, st.floats(0, 1), st.booleans())))
def test_every_outcome_is_counted_once_in_its_place(kept: list[Kept]) -> None:
    found = by_chance(kept)
    assert sum(one.count for one in found) == len(kept)
    assert sum(one.came_true for one in found) == sum(one.came_true for one in kept)
    assert all(one.low - 1e-9 <= one.forecast <= one.high + 1e-9 for one in found)


@given(st.integers(0, 200), st.integers(0, 200))
def test_an_interval_holds_the_share_and_narrows_with_more(came_true: int, more: int) -> None:
    count = came_true + more
    low, high = interval(came_true, count)
    assert 0 <= low <= high <= 1
    if count:
        wide = interval(came_true * 4, count * 4)
        assert low - 1e-9 <= came_true / count <= high + 1e-9
        assert wide[1] - wide[0] <= high - low + 1e-9


END = datetime(2026, 12, 11, 12, tzinfo=UTC)


def stay(left: float | None, closed: float | None) -> Stayed:
    """How an item went, in hours from when the milestone was closed."""
    left_at, closed_at = (None if hours is None else END + timedelta(hours=hours) for hours in (left, closed))
    return Stayed(left_at, closed_at)


@pytest.mark.parametrize(
    ("stays", "expected"),
    [
        ([stay(None, -30), stay(None, -20)], -20.0),
        ([stay(None, -30), stay(None, None)], None),
        ([stay(None, -30), stay(-25, None)], -30.0),
        ([stay(None, -30), stay(-1.1, None)], -30.0),
        ([stay(None, -30), stay(-1, None)], None),
        ([stay(None, -30), stay(-1, 40)], None),
        ([stay(None, -30), stay(-1, -2)], -2.0),
        ([stay(None, 5)], 5.0),
        ([], 0.0),
    ],
)
def test_it_is_done_when_nothing_is_open_and_nothing_was_left_behind(
    stays: list[Stayed], expected: float | None
) -> None:
    assert done_at(stays, closed_at=END) == (None if expected is None else END + timedelta(hours=expected))


def test_a_milestone_that_nobody_has_closed_is_done_with_its_last_item() -> None:
    assert done_at([stay(None, -30), stay(-1, None)], closed_at=None) == END - timedelta(hours=30)
    assert done_at([], closed_at=None) is None
