"""Working time, at its edges and for any calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.calendar import Calendar, NoWorkingDay
from tests.rules.build import WEEK, at

MICRO = timedelta(microseconds=1)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Asia/Beirut",
)

calendars = st.builds(
    Calendar,
    zone=st.sampled_from(ZONES),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    holidays=st.frozensets(st.dates(date(2024, 1, 1), date(2025, 12, 31)), max_size=5),
    blackouts=st.lists(st.dates(date(2024, 1, 1), date(2025, 6, 1)), max_size=2).map(
        lambda days: tuple((day, day + timedelta(days=9)) for day in days)
    ),
)
instants = st.datetimes(datetime(2024, 1, 1), datetime(2025, 6, 1), timezones=st.just(UTC))
spans = st.one_of(st.integers(0, 40), st.floats(0, 40, allow_nan=False))


@settings(max_examples=150, deadline=None)
@given(calendars, instants, spans)
def test_adding_gives_the_first_instant_at_which_so_much_has_passed(
    calendar: Calendar, since: datetime, days: float
) -> None:
    until = calendar.add_working_days(since, days)
    assert until >= since
    assert calendar.passed(since, until) >= days
    assert until == since or calendar.passed(since, until - MICRO) < days


@settings(max_examples=100, deadline=None)
@given(calendars, st.lists(instants, min_size=3, max_size=3).map(sorted))
def test_time_adds_up(calendar: Calendar, three: list[datetime]) -> None:
    first, middle, last = three
    whole = calendar.working_days(first, middle) + calendar.working_days(middle, last)
    assert calendar.working_days(first, last) == pytest.approx(whole)


@settings(max_examples=100, deadline=None)
@given(calendars, instants)
def test_the_next_open_hour_is_now_or_later_and_open(calendar: Calendar, now: datetime) -> None:
    opens = calendar.next_open(now)
    assert opens >= now and calendar.next_open(opens) == opens
    assert calendar.is_working_day(calendar.local_date(opens))


def test_a_weekend_does_not_count() -> None:
    assert WEEK.working_days(at("2026-11-27 12:00"), at("2026-11-30 12:00")) == 1.0
    assert WEEK.add_working_days(at("2026-11-28 12:00"), 1) == at("2026-12-01")


def test_a_day_when_clocks_change_is_one_day() -> None:
    berlin = Calendar(zone="Europe/Berlin")
    assert berlin.add_working_days(at("2026-03-28 23:00"), 1) == at("2026-03-29 22:00")
    assert berlin.add_working_days(at("2026-10-24 22:00"), 1) == at("2026-10-25 23:00")


def test_a_holiday_and_a_blackout_do_not_count() -> None:
    calendar = Calendar(holidays=frozenset({date(2026, 12, 8)}), blackouts=((date(2026, 12, 24), date(2027, 1, 2)),))
    assert calendar.working_days(at("2026-12-07"), at("2026-12-10")) == 2.0
    assert calendar.add_working_days(at("2026-12-23"), 2) == at("2027-01-04")
    assert not calendar.every_day


def test_a_due_date_on_a_day_off_means_the_next_working_day() -> None:
    assert WEEK.due_end(date(2026, 12, 12)) == at("2026-12-15")
    assert WEEK.due_end(date(2026, 12, 11)) == at("2026-12-12")


def test_a_day_that_a_zone_skips_has_no_length() -> None:
    apia = Calendar(zone="Pacific/Apia")
    assert apia.working_days(at("2011-12-30 00:00"), at("2011-12-31 12:00")) == pytest.approx(1.5, abs=0.1)
    assert apia.add_working_days(apia.midnight(date(2011, 12, 29)), 2) == apia.midnight(date(2012, 1, 1))


def test_no_working_day_is_an_error_not_a_hang() -> None:
    with pytest.raises(NoWorkingDay):
        Calendar(weekdays=frozenset()).add_working_days(at("2026-11-27"), 1)
    with pytest.raises(ValueError, match="negative"):
        WEEK.add_working_days(at("2026-11-27"), -1)


def test_hours() -> None:
    calendar = Calendar(weekdays=frozenset({0, 1, 2, 3, 4}), opens=time(9), closes=time(17))
    assert calendar.next_open(at("2026-11-27 17:00")) == at("2026-11-30 09:00")
    assert calendar.next_open(at("2026-11-27 08:59")) == at("2026-11-27 09:00")
    assert calendar.closing(at("2026-11-27 10:00")) == at("2026-11-27 17:00")
