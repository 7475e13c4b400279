"""A team's days: what was finished, of how much that was open, what came in, and what is in the series at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.calendar import Calendar
from rules.forecast.manner import MANNER
from rules.forecast.throughput import Course, History, Stay, throughput
from tests.rules.build import PLAIN, WEEK, at

NOW = at("2026-12-07")
OWN = replace(MANNER, pace_items=1e-9)
"""Nothing is drawn from other teams."""


def stay(item: int, joined: str, closed: str | None = None, **fields: object) -> Stay:
    base = {
        "item_id": item,
        "milestone_id": 24,
        "created_at": at("2026-10-01"),
        "joined_at": at(joined),
        "closed_at": at(closed) if closed else None,
    }
    return Stay(**(base | fields))  # type: ignore[arg-type]


def history(*stays: Stay, calendar: Calendar = PLAIN, known: str = "2026-11-01", **fields: object) -> History:
    return History(calendar=calendar, stays=stays, known_from=at(known), **fields)  # type: ignore[arg-type]


def test_the_days_are_those_that_are_known_and_over() -> None:
    found = throughput(history(stay(1, "2026-11-02")), now=NOW)
    assert (found.days[0], found.days[-1]) == (date(2026, 11, 2), date(2026, 12, 6))
    assert found.weeks == 5.0


def test_days_off_blackouts_and_gaps_are_no_idle_days() -> None:
    calendar = Calendar(weekdays=WEEK.weekdays, blackouts=((date(2026, 11, 16), date(2026, 11, 20)),))
    gaps = ((date(2026, 11, 23), date(2026, 11, 24)),)
    found = throughput(history(stay(1, "2026-11-02"), calendar=calendar, gaps=gaps), now=NOW)
    assert len(found.days) == 25 - 5 - 2
    assert not {date(2026, 11, 18), date(2026, 11, 21), date(2026, 11, 23)} & set(found.days)


def test_no_more_than_26_weeks_are_looked_at() -> None:
    found = throughput(history(stay(1, "2024-11-02"), known="2024-01-01"), now=NOW)
    assert len(found.days) == 26 * 7


def test_an_active_day_is_one_on_which_something_was_finished() -> None:
    stays = [stay(number, "2026-11-03", f"2026-11-{10 + number // 2} 12:00") for number in range(1, 7)]
    found = throughput(history(*stays, stay(9, "2026-11-03")), manner=OWN, now=NOW)
    assert (found.finished, found.active_days) == (6, 4)
    assert sum(pace > 0.01 for pace in found.pace) == 4


def test_what_is_finished_on_a_day_off_counts_on_the_next_working_day() -> None:
    found = throughput(history(stay(1, "2026-11-03", "2026-11-14 12:00"), calendar=WEEK), manner=OWN, now=NOW)
    assert found.days[[pace > 0.01 for pace in found.pace].index(True)] == date(2026, 11, 16)


@pytest.mark.parametrize(
    ("joined", "closed"),
    [("2026-11-10 08:00", "2026-11-10 12:00"), ("2026-11-10 08:00", "2026-11-11 08:00"), ("2026-11-10", "2026-11-09")],
)
def test_what_is_done_within_a_working_day_of_joining_is_bookkeeping(joined: str, closed: str) -> None:
    bare = throughput(history(stay(9, "2026-11-03")), now=NOW)
    found = throughput(history(stay(9, "2026-11-03"), stay(1, joined, closed)), now=NOW)
    assert (found.pace, found.joined, found.finished) == (bare.pace, bare.joined, 0)


def test_what_was_taken_out_and_closed_later_was_not_finished_here() -> None:
    out = stay(1, "2026-11-03", "2026-11-28", left_at=at("2026-11-10"))
    assert throughput(history(out, stay(2, "2026-11-03")), now=NOW).finished == 0


def test_growth_is_what_came_in_after_the_plan_and_stayed() -> None:
    inside = [stay(number, "2026-11-03") for number in (1, 2)]
    late = stay(3, "2026-11-20 09:00")
    gone = stay(4, "2026-11-21 09:00", left_at=at("2026-11-25"))
    plan = (Course(24, planned_at=at("2026-11-04")),)
    found = throughput(history(*inside, late, gone, courses=plan), now=NOW)
    assert [day for day, came in zip(found.days, found.joined, strict=True) if came] == [date(2026, 11, 20)]
    early = throughput(history(*inside, late, courses=(Course(24, planned_at=at("2026-11-30")),)), now=NOW)
    assert not any(early.joined)


def test_what_joined_less_than_a_day_ago_is_not_growth_yet() -> None:
    plan = (Course(24, planned_at=at("2026-11-04")),)
    new = history(stay(1, "2026-11-03"), stay(2, "2026-12-06 12:00"), courses=plan)
    assert not any(throughput(new, now=NOW).joined)


def test_more_open_work_means_a_slower_pace_for_each_item() -> None:
    done = stay(1, "2026-11-03", "2026-11-20")
    few = throughput(history(done, stay(2, "2026-11-03")), manner=OWN, now=NOW)
    crowd = history(done, *(stay(number, "2026-11-03") for number in range(2, 12)))
    many = throughput(crowd, manner=OWN, now=NOW)
    assert sum(many.pace) < sum(few.pace) / 3


def test_sizes_count_where_four_of_five_items_have_one() -> None:
    sized = [stay(number, "2026-11-03", estimate=float(size)) for number, size in enumerate((1, 2, 2, 8), start=1)]
    found = throughput(history(*sized, stay(5, "2026-11-03")), now=NOW)
    assert (found.usual_size, found.heft(4.0), found.heft(None), found.heft(80.0)) == (2.0, 2.0, 1.0, 3.0)
    fewer = throughput(history(*sized[:3], stay(5, "2026-11-03")), now=NOW)
    assert (fewer.usual_size, fewer.heft(4.0)) == (None, 1.0)


instants = st.integers(0, 60 * 24).map(lambda hours: at("2026-10-10") + timedelta(hours=hours))


@st.composite
def stays(draw: st.DrawFn) -> Stay:
    joined = draw(instants)
    after = st.one_of(st.none(), instants.filter(lambda when: when > joined))
    return stay(
        draw(st.integers(1, 6)),
        "2026-11-03",
        joined_at=joined,
        left_at=draw(after),
        closed_at=draw(after),
        milestone_id=draw(st.sampled_from([24, 25])),
        estimate=draw(st.sampled_from([None, 1.0, 5.0])),
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(stays(), max_size=10), st.sampled_from([PLAIN, WEEK]), instants)
def test_whatever_happened_the_series_is_whole_and_sees_nothing_of_the_future(
    found: list[Stay], calendar: Calendar, now: datetime
) -> None:
    past = History(calendar=calendar, stays=tuple(found), known_from=at("2026-10-10"))
    series = throughput(past, now=now)
    assert len(series.days) == len(series.pace) == len(series.joined)
    assert all(pace >= 0 for pace in series.pace) and all(came >= 0 for came in series.joined)
    assert series.active_days <= series.finished <= 6
    known = tuple(one for one in found if one.joined_at is not None and one.joined_at < now)
    assert throughput(History(calendar=calendar, stays=known, known_from=at("2026-10-10")), now=now) == series


def test_what_was_finished_outside_of_milestones_makes_a_day_active_and_no_pace() -> None:
    bare = history(stay(1, "2026-11-03"))
    busy = replace(bare, finished=tuple(at(f"2026-11-{day} 12:00") for day in (10, 11, 11, 12)))
    assert (throughput(bare, now=NOW).active_days, throughput(busy, now=NOW).active_days) == (0, 3)
    assert throughput(bare, now=NOW).pace == throughput(busy, now=NOW).pace


def test_a_team_of_which_little_is_known_is_taken_to_be_like_others() -> None:
    new = throughput(history(stay(1, "2026-12-05")), now=NOW)
    assert sum(new.pace) / len(new.pace) == pytest.approx(MANNER.pace, rel=0.05)
    slow = throughput(history(*(stay(number, "2026-11-02") for number in range(1, 30))), now=NOW)
    assert sum(slow.pace) / len(slow.pace) < MANNER.pace / 3
