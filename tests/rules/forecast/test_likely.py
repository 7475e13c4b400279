"""The forecast of a milestone: when it says nothing, that it is stable, and what it says moves the date."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from rules.calendar import Calendar
from rules.facts import Member, Milestone
from rules.forecast.likely import LEAST_ACTIVE, TooEarly, forecast
from rules.forecast.manner import MANNER
from rules.forecast.throughput import Course, History, Stay
from rules.statistics import Forecast
from tests.rules.build import PLAIN, WEEK, at, member, milestone, project, ref

NOW = at("2026-12-01 04:00")
QUICK = replace(MANNER, trials=400)
SHOP = "acme/shop"


def past(*, every: int = 3, calendar: Calendar = PLAIN, took: int = 12, first: int = 1000) -> History:
    """A team that finished an item every so many days, each after so many; and nothing that is open now."""
    stays, day, number = [], at("2026-06-15 10:00"), first
    while day < NOW - timedelta(days=1):
        begun = day - timedelta(days=took)
        stays.append(Stay(number, 20, begun, begun, None, day))
        number, day = number + 1, day + timedelta(days=every)
    return History(calendar=calendar, stays=tuple(stays), courses=(Course(20, NOW),), known_from=at("2026-01-01"))


def told(subject: Milestone, history: History | None = None, *, now: datetime = NOW, **fields: Any) -> Forecast:
    found = forecast(subject, {SHOP: history or past()}, manner=QUICK, now=now, **fields)
    assert isinstance(found, Forecast)
    return found


def of(count: int, **fields: Any) -> Milestone:
    return milestone([member(number, joined="2026-11-24") for number in range(1, count + 1)], **fields)


def test_it_is_too_early_to_tell_below_five_active_days() -> None:
    whole = past(every=30)
    few = replace(whole, stays=whole.stays[-(LEAST_ACTIVE - 1) :])
    found = forecast(of(3), {SHOP: few}, manner=QUICK, now=NOW)
    assert isinstance(found, TooEarly) and found.reason.code == "forecast.too-early"
    enough = replace(whole, stays=whole.stays[-LEAST_ACTIVE:])
    assert isinstance(forecast(of(3), {SHOP: enough}, manner=QUICK, now=NOW), Forecast)


def test_nothing_is_said_of_what_is_closed_or_empty_or_of_an_unknown_team() -> None:
    done = milestone([replace(member(1), state="done", closed_at=at("2026-11-25"))])
    cases = {
        "forecast.closed": forecast(of(1, open=False), {SHOP: past()}, now=NOW),
        "forecast.nothing-open": forecast(milestone([]), {SHOP: past()}, now=NOW),
        "forecast.no-history": forecast(of(1), {}, now=NOW),
    }
    assert {code: found.reason.code for code, found in cases.items() if isinstance(found, TooEarly)} == {
        code: code for code in cases
    }
    assert done.members


def test_the_same_facts_on_the_same_day_give_the_same_forecast() -> None:
    assert told(of(4)) == told(of(4))
    later = told(of(4), now=NOW + timedelta(hours=5))
    assert replace(later, as_of=NOW) == told(of(4))


def test_without_a_date_it_has_no_chance_but_likely_days() -> None:
    found = told(of(4, due=None, start=None))
    assert found.chance is None and found.early <= found.likely <= found.late


def test_the_days_are_in_order_and_more_work_is_later_and_less_likely() -> None:
    few, many = told(of(2)), told(of(12))
    for one in (few, many):
        assert one.early <= one.likely <= one.late
    assert few.likely < many.likely
    assert few.chance is not None and many.chance is not None and few.chance > many.chance


def test_a_day_is_never_one_on_which_nobody_works() -> None:
    calendar = Calendar(weekdays=WEEK.weekdays, blackouts=((date(2026, 12, 24), date(2027, 1, 2)),))
    found = told(of(6, project=project(calendar)), past(calendar=calendar))
    assert all(calendar.is_working_day(day) for day in (found.early, found.likely))
    assert found.horizon is not None and not calendar.is_working_day(date(2026, 12, 25))


def test_a_date_far_off_is_safe_and_needs_nothing() -> None:
    found = told(of(2, due=date(2027, 10, 1)))
    assert found.chance is not None and found.chance > 0.7
    assert (found.driver, found.items_out) == ("", None)


def test_of_a_date_further_off_than_the_trials_look_no_chance_is_given() -> None:
    assert told(of(2, due=date(2027, 11, 29))).chance is not None
    far = told(of(2, due=date(2027, 12, 1)))
    assert (far.chance, far.due, far.driver) == (None, date(2027, 12, 1), "")


def test_taking_out_so_many_brings_it_back_and_half_as_many_do_not() -> None:
    due, team = date(2027, 2, 28), past(every=1, took=8)
    found = told(of(30, due=due), team)
    assert found.items_out is not None and 1 < found.items_out < 30
    rest = told(of(30 - found.items_out, due=due), team)
    more = told(of(30 - found.items_out // 2, due=due), team)
    assert rest.chance is not None and more.chance is not None and rest.chance > 0.65 > more.chance


def test_the_safe_day_is_one_on_which_the_date_would_hold() -> None:
    found = told(of(6))
    assert found.safe is not None
    moved = told(of(6, due=found.safe))
    assert moved.chance is not None and moved.chance >= 0.65


def test_growth_drives_where_more_comes_in_than_goes_out() -> None:
    base = past()
    came = tuple(
        Stay(5000 + number, 21, at("2026-07-01"), at("2026-07-20") + timedelta(days=number)) for number in range(130)
    )
    kept = Stay(4999, 21, at("2026-06-01"), at("2026-06-02"))
    grown = replace(base, stays=(*base.stays, kept, *came), courses=(*base.courses, Course(21, at("2026-06-03"))))
    assert told(of(2, due=date(2027, 2, 1)), grown).growth > 3 * told(of(2, due=date(2027, 2, 1))).growth


def test_what_waits_drives_where_the_date_holds_without_it() -> None:
    waits = member(9, joined="2026-11-24", waiting_on=ref(77))
    subject = milestone([member(1, joined="2026-11-24"), waits], due=date(2027, 1, 15))
    found = told(subject, past(every=1, took=6), ready={9: date(2027, 1, 10)})
    assert (found.waiting, found.driver) == (1, "waiting")


def test_two_teams_are_done_when_both_are() -> None:
    own = member(1, joined="2026-11-24")
    theirs = replace(member(2, joined="2026-11-24"), item=ref(2, of="acme/api"))
    subject = milestone([own, theirs])
    slow = past(every=20, took=80, first=2000)
    joint = forecast(subject, {SHOP: past(), "acme/api": slow}, manner=QUICK, now=NOW)
    alone = told(milestone([own]))
    assert isinstance(joint, Forecast) and joint.likely > alone.likely
    quiet = replace(slow, stays=slow.stays[-2:])
    assert isinstance(forecast(subject, {SHOP: past(), "acme/api": quiet}, manner=QUICK, now=NOW), TooEarly)


def test_projects_of_one_team_share_its_days() -> None:
    theirs: Member = replace(member(2, joined="2026-11-24"), item=ref(2, of="acme/api"))
    subject, team = milestone([member(1, joined="2026-11-24"), theirs]), past()
    shared = forecast(subject, {SHOP: team, "acme/api": team}, manner=QUICK, now=NOW)
    assert shared == told(of(2)) or (isinstance(shared, Forecast) and shared.done_items == told(of(2)).done_items)
