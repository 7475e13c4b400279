"""Scope and done over time, and what a forecast comes to in words."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.burn_up import burn_up, thinned
from app.services.likely import Odds, likely_of
from app.services.workflow import WorkingDays
from rules.baseline import members_at
from rules.facts import Member, Milestone, State
from tests.rules.build import PLAIN, WEEK, at, done, forecast, member, milestone

NOW = at("2026-12-01 12:00")
DAYS = st.integers(min_value=-60, max_value=5)


def on(day: int) -> datetime:
    return NOW + timedelta(days=day)


@st.composite
def stays(draw: st.DrawFn) -> list[Member]:
    """Items that joined, were done and left, in any order of time."""
    found = []
    for id_ in range(draw(st.integers(0, 8))):
        joined = draw(st.none() | DAYS)
        left = draw(st.none() | DAYS)
        if left is not None and joined is not None and left < joined:
            joined, left = left, joined
        closed = draw(st.none() | DAYS)
        state = {} if closed is None else {"state": State.DONE, "closed_at": on(closed)}
        times = {"joined_at": None if joined is None else on(joined), "left_at": None if left is None else on(left)}
        found.append(member(id_, **(times | state)))
    return found


def counted(subject: Milestone, when: datetime) -> tuple[int, int]:
    inside = members_at(subject, when).values()
    ended = [one for one in inside if one.state is State.DONE and one.closed_at and one.closed_at <= when]
    return len(inside), len(ended)


@given(stays(), st.none() | st.integers(1, 70))
def test_each_day_holds_what_was_in_and_done_at_its_end(members: list[Member], back: int | None) -> None:
    subject = milestone(members)
    calendar = subject.project.calendar
    days = burn_up(subject, grown=None, since=None if back is None else on(-back), now=NOW)
    assert [day.day for day in days] == sorted({day.day for day in days})
    for day in days:
        end = min(calendar.end_of_day(day.day) - timedelta(microseconds=1), NOW)
        assert (day.scope, day.done) == counted(subject, end)


def test_a_day_names_what_joined_what_left_and_what_was_done() -> None:
    members = [member(1, joined="2026-11-25", left="2026-11-27"), done(2, "2026-11-27", joined_at=at("2026-11-20"))]
    days = {day.day: day for day in burn_up(milestone(members), grown=None, since=None, now=NOW)}
    assert days[date(2026, 11, 25)].joined == (members[0].item.key,)
    assert (days[date(2026, 11, 27)].left, days[date(2026, 11, 27)].finished) == (
        (members[0].item.key,),
        (members[1].item.key,),
    )


def test_of_many_days_the_busiest_stay_with_the_first_and_the_last() -> None:
    members = [member(n, joined=f"2026-11-{1 + n % 25:02}") for n in range(60)]
    days = burn_up(milestone(members), grown=None, since=at("2026-10-01"), now=NOW)
    few = thinned(days, most=5)
    assert (few[0], few[-1], len(few)) == (days[0], days[-1], 5)
    assert min(len(day.joined) for day in few[1:-1]) == 3


@pytest.mark.parametrize(
    ("chances", "odds"),
    [
        ((0.71,), Odds.ON_COURSE),
        ((0.7,), Odds.MAY_BE_LATE),
        ((0.5,), Odds.MAY_BE_LATE),
        ((0.49,), Odds.PROBABLY_LATE),
        ((0.6, 0.49), Odds.MAY_BE_LATE),
        ((0.49, 0.49), Odds.PROBABLY_LATE),
        ((0.49, 0.6), Odds.MAY_BE_LATE),
        ((None,), None),
    ],
)
def test_a_date_is_unlikely_to_hold_after_two_forecasts_that_say_so(
    chances: tuple[float | None, ...], odds: Odds | None
) -> None:
    days = ["2026-11-30", "2026-12-01"][-len(chances) :]
    kept = [forecast(day, chance, due=date(2026, 12, 11)) for day, chance in zip(days, chances, strict=True)]
    said = likely_of(kept, due=date(2026, 12, 11), calendar=PLAIN, now=NOW)
    assert said is not None
    assert said.odds is odds


def test_an_old_forecast_and_one_of_another_date_say_nothing() -> None:
    old = [forecast("2026-11-20", 0.4, due=date(2026, 12, 11))]
    assert likely_of(old, due=date(2026, 12, 11), calendar=PLAIN, now=NOW) is None
    fresh = [forecast("2026-12-01", 0.4, due=date(2026, 12, 11))]
    assert likely_of(fresh, due=date(2026, 12, 18), calendar=PLAIN, now=NOW) is None
    assert likely_of([], due=date(2026, 12, 11), calendar=PLAIN, now=NOW) is None


@given(st.integers(0, 400))
def test_working_days_are_those_that_began_after_the_day(back: int) -> None:
    then = NOW - timedelta(days=back)
    days = WorkingDays(WEEK, since=NOW - timedelta(days=400), now=NOW)
    after = [WEEK.local_date(then) + timedelta(days=n) for n in range(1, 500)]
    assert days.since(then) == sum(WEEK.is_working_day(day) for day in after if day <= WEEK.local_date(NOW))
