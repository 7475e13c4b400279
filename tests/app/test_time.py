from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from app.time import REAL_WORLD, WorldClock, from_iso, real_now, to_iso

WALL = datetime(2026, 8, 1, 12, tzinfo=UTC)
WORLD = datetime(2025, 1, 1, tzinfo=UTC)


def test_real_now_is_aware_utc():
    with time_machine.travel(WALL, tick=False):
        assert real_now() == WALL
        assert real_now().tzinfo is UTC


def test_an_ordinary_world_is_in_step_with_the_wall():
    with time_machine.travel(WALL, tick=False):
        assert REAL_WORLD.now() == WALL


@pytest.mark.parametrize(("rate", "after_ten_seconds"), [(1.0, 10), (0.0, 0), (3600.0, 36_000)])
def test_a_world_may_stand_still_or_hurry(rate, after_ten_seconds):
    clock = WorldClock(origin_real=WALL, origin_world=WORLD, rate=rate)
    with time_machine.travel(WALL + timedelta(seconds=10), tick=False):
        assert clock.now() == WORLD + timedelta(seconds=after_ten_seconds)


def test_it_never_runs_backwards_even_when_the_wall_does():
    clock = WorldClock(origin_real=WALL, origin_world=WORLD, rate=60.0)
    assert clock.at(WALL - timedelta(hours=1)) == WORLD


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=3650)), st.floats(0.01, 1e5))
def test_real_at_is_where_the_world_gets_there(ahead, rate):
    clock = WorldClock(origin_real=WALL, origin_world=WORLD, rate=rate)
    real = clock.real_at(WORLD + ahead) if ahead / rate < timedelta(days=365_000) else None
    if real is not None:
        assert abs(clock.at(real) - (WORLD + ahead)) <= timedelta(microseconds=rate + 1)


def test_a_still_world_never_gets_there():
    assert WorldClock(origin_real=WALL, origin_world=WORLD, rate=0.0).real_at(WORLD + timedelta(1)) is None


@pytest.mark.parametrize("rate", [-1.0, float("inf"), float("nan")])
def test_impossible_rates_are_refused(rate):
    with pytest.raises(ValueError, match="rate"):
        WorldClock(origin_real=WALL, origin_world=WORLD, rate=rate)


def test_naive_origins_are_refused():
    with pytest.raises(ValueError, match="origin_world has no time zone"):
        WorldClock(origin_real=WALL, origin_world=datetime(2025, 1, 1))


@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=5, minutes=30))), min_value=datetime(1900, 1, 1)))
def test_iso_texts_come_back_as_the_same_instant(moment):
    assert from_iso(to_iso(moment)) == moment
    assert to_iso(moment).endswith("Z")


@pytest.mark.parametrize("text", ["2026-08-03T00:00:00Z", "2026-08-03T02:00:00.000+0200", "2026-08-02T19:00:00-05:00"])
def test_all_trackers_spellings_are_read(text):
    assert from_iso(text) == datetime(2026, 8, 3, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-08-03T00:00:00", "2026-08-03", "yesterday"])
def test_what_is_no_instant_is_refused(text):
    with pytest.raises(ValueError, match=r"offset|Invalid"):
        from_iso(text)
