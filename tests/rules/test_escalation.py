"""Ladders: which rung is due when, that none is told twice, and that answers outlive every new judging."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.calendar import Calendar
from rules.escalation import Step, escalate, is_told, quiet_until, recovers_at
from rules.spec import Rule, Rung, Tell
from rules.standing import Reached, Standing, acknowledge, dismiss, expect, snooze, step
from rules.verdict import Reach, Severity, Verdict, clear, flagged
from tests.rules.build import PLAIN, WEEK, at, ref

RULE = Rule(id=1, version=1, name="r", type="stalled-work", mode="live")
NOW = at("2026-12-08 12:00")  # a Tuesday
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
LEAD, ROOM = Rung(0, Tell.LEAD), Rung(2, Tell.CHANNEL)
AGAIN = Rung(4, Tell.LEAD)
LADDER = (LEAD, ROOM, AGAIN)


def flag(gist: str = "a", *, weight: float = 0.0, severity: Severity = Severity.WARNING) -> Verdict:
    return flagged("stalled-work.quiet", since=NOW, values={"quiet": 3}, gist=gist, weight=weight, severity=severity)


def after(standing: Standing | None, verdict: Verdict, *, now: datetime = NOW) -> Standing:
    stepped, _ = step(standing, verdict, RULE, calendar=WEEK, now=now)
    assert stepped is not None
    return stepped


def due(
    standing: Standing, now: datetime, *, ladder: tuple[Rung, ...] = LADDER, calendar: Calendar = WEEK
) -> list[str]:
    found = escalate(standing, ladder, calendar=calendar, now=now)
    return [f"{one.tell}.{one.number}" for one in found.due]


def test_a_rung_is_due_from_its_instant_on() -> None:
    standing = after(None, flag())
    assert due(standing, NOW + HOUR - TICK) == []
    assert escalate(standing, LADDER, calendar=WEEK, now=NOW).next_at == NOW + HOUR
    told = escalate(standing, LADDER, calendar=WEEK, now=NOW + HOUR)
    assert told.due == (Step(Tell.LEAD, 1),)
    assert told.standing.escalated == (Reached(Tell.LEAD, NOW + HOUR),)
    assert told.next_at == at("2026-12-10 12:00")
    friday = at("2026-12-11 12:00")
    second = escalate(told.standing, LADDER, calendar=WEEK, now=friday)
    assert second.due == (Step(Tell.CHANNEL, 1),)
    assert second.next_at == at("2026-12-14 12:00"), "a weekend is no working time"
    last = escalate(second.standing, LADDER, calendar=WEEK, now=at("2026-12-14 12:00"))
    assert (last.due, last.next_at) == ((Step(Tell.LEAD, 2),), None)
    assert due(last.standing, at("2027-12-14 12:00")) == []


def test_what_is_urgent_need_not_settle_but_keeps_to_the_hours() -> None:
    assert due(after(None, flag(severity=Severity.URGENT)), NOW) == ["lead.1"]
    night = at("2026-12-08 20:00")
    late = escalate(after(None, flag(severity=Severity.URGENT), now=night), LADDER, calendar=WEEK, now=night)
    assert (late.due, late.next_at) == ((), at("2026-12-09 08:00"))


def test_a_note_reaches_no_rung_until_it_is_worse() -> None:
    standing = after(None, flag(severity=Severity.NOTE))
    assert escalate(standing, LADDER, calendar=WEEK, now=NOW + 5 * HOUR).next_at is None
    assert due(after(standing, flag(), now=NOW + HOUR), NOW + HOUR) == ["lead.1"]


def test_a_role_with_several_rungs_due_at_once_is_told_once() -> None:
    found = escalate(after(None, flag()), LADDER, calendar=WEEK, now=at("2026-12-18 12:00"))
    assert found.due == (Step(Tell.LEAD, 2), Step(Tell.CHANNEL, 1)) and found.next_at is None
    assert due(found.standing, at("2026-12-21 12:00")) == []


def test_quiet_that_was_asked_for_is_kept_and_ends() -> None:
    until = at("2026-12-10 09:00")
    for quiet in (
        snooze(after(None, flag()), until=until, reason=None),
        expect(after(None, flag()), until=until, reason=None),
    ):
        found = escalate(quiet, LADDER, calendar=WEEK, now=NOW + HOUR)
        assert (found.due, found.next_at, quiet_until(quiet, NOW)) == ((), until, until)
        assert due(quiet, until) == ["lead.1"] and quiet_until(quiet, until) is None


def test_what_is_known_is_silent_until_it_is_worse_and_what_is_wrong_for_good() -> None:
    known = acknowledge(after(None, flag(weight=1)), reason=None, now=NOW)
    assert escalate(known, LADDER, calendar=WEEK, now=NOW + HOUR).due == ()
    assert quiet_until(snooze(known, until=NOW + HOUR, reason=None), NOW) is None
    assert due(after(known, flag(weight=2), now=NOW + HOUR), NOW + HOUR) == ["lead.1"]
    wrong = dismiss(after(None, flag()), reason=None, now=NOW)
    assert due(after(wrong, flag(severity=Severity.URGENT)), NOW + HOUR) == []


def test_a_flag_that_opens_anew_starts_at_the_first_rung() -> None:
    told = escalate(after(None, flag()), LADDER, calendar=WEEK, now=NOW + HOUR).standing
    gone = after(told, clear("stalled-work.moving"), now=NOW + 2 * HOUR)
    assert due(gone, NOW + 9 * HOUR) == [] and gone.escalated
    again = after(gone, flag(), now=NOW + 2 * HOUR)
    assert again.escalated == () and due(again, NOW + 3 * HOUR) == ["lead.1"]


def test_a_changed_ladder_tells_a_role_no_more_often_than_it_has_rungs_for_it() -> None:
    told = escalate(after(None, flag()), (Rung(0, Tell.LEAD),), calendar=WEEK, now=NOW + HOUR).standing
    assert due(told, NOW + 50 * HOUR, ladder=(Rung(1, Tell.LEAD),)) == []
    assert due(told, NOW + 50 * HOUR, ladder=(Rung(0, Tell.LEAD), Rung(1, Tell.LEAD))) == ["lead.2"]


def test_its_end_may_be_told_once_it_has_lasted_and_only_where_somebody_was_to_be_told() -> None:
    told = escalate(after(None, flag()), LADDER, calendar=WEEK, now=NOW + HOUR).standing
    assert recovers_at(told, calendar=WEEK) is None
    gone = after(told, clear("stalled-work.moving"), now=NOW + 2 * HOUR)
    assert recovers_at(gone, calendar=WEEK) == NOW + 2 * HOUR + timedelta(minutes=15)
    late = after(told, clear("stalled-work.moving"), now=at("2026-12-11 17:50"))
    assert recovers_at(late, calendar=WEEK) == at("2026-12-14 08:00")
    assert recovers_at(after(after(None, flag()), clear("stalled-work.moving")), calendar=WEEK) is None


def test_a_calendar_without_a_working_day_tells_nothing() -> None:
    never = replace(WEEK, weekdays=frozenset())
    found = escalate(after(None, flag()), LADDER, calendar=never, now=NOW + HOUR)
    assert (found.due, found.next_at) == ((), None)
    told = escalate(after(None, flag()), LADDER, calendar=WEEK, now=NOW + HOUR).standing
    assert recovers_at(after(told, clear("stalled-work.moving")), calendar=never) is None


@pytest.mark.parametrize(
    ("reach", "on_item", "waits", "told"),
    [
        (Reach.COMMENT, True, False, True),
        (Reach.LABEL, True, False, True),
        (Reach.PAGE, True, False, False),
        (Reach.PAGE, False, False, True),
        (Reach.COMMENT, True, True, False),
    ],
)
def test_what_is_for_pages_alone_or_told_elsewhere_is_not_told(
    reach: Reach, on_item: bool, waits: bool, told: bool
) -> None:
    verdict = replace(flag(), reach=reach, waits_on=ref(9) if waits else None)
    assert is_told(after(None, verdict), on_item=on_item) is told


# --- whatever happens -----------------------------------------------------------------------------------------------

rungs = st.builds(Rung, st.sampled_from([0.0, 0.5, 1.0, 2.0, 5.0]), st.sampled_from(Tell))
ladders = st.lists(rungs, min_size=1, max_size=5, unique=True).map(tuple)
calendars = st.sampled_from([PLAIN, WEEK, replace(WEEK, zone="America/New_York"), replace(PLAIN, zone="Pacific/Apia")])
verdicts = st.builds(
    flag,
    st.sampled_from("ab"),
    weight=st.sampled_from([0.0, 1.0, 2.0]),
    severity=st.sampled_from(Severity),
)
moves = st.one_of(
    verdicts, st.just(clear("stalled-work.moving")), st.sampled_from(["ack", "snooze", "expect", "wrong"])
)
spans = st.integers(min_value=0, max_value=4000).map(lambda minutes: timedelta(minutes=minutes))


def answered(standing: Standing, answer: str, *, until: datetime, now: datetime) -> Standing:
    if answer == "ack":
        return acknowledge(standing, reason="r", now=now)
    if answer == "snooze":
        return snooze(standing, until=until, reason="r", now=now)
    return (
        expect(standing, until=until, reason="r", now=now)
        if answer == "expect"
        else dismiss(standing, reason="r", now=now)
    )


@settings(max_examples=300, deadline=None)
@given(ladders, calendars, st.lists(st.tuples(spans, moves), max_size=25))
def test_no_step_is_told_twice_in_a_flags_life_nor_outside_the_hours(
    ladder: tuple[Rung, ...], calendar: Calendar, history: list[tuple[timedelta, Verdict | str]]
) -> None:
    standing: Standing | None = after(None, flag())
    now = NOW
    told: list[Step] = []
    for span, move in history:
        now += span
        if isinstance(move, Verdict):
            was_open = standing is not None and standing.is_open
            standing, _ = step(standing, move, RULE, calendar=calendar, now=now)
            if standing is not None and standing.is_open and not was_open:
                told = []
        elif standing is not None:
            standing = answered(standing, move, until=now + timedelta(days=2), now=now)
        if standing is None:
            continue
        found = escalate(standing, ladder, calendar=calendar, now=now)
        standing = found.standing
        assert escalate(standing, ladder, calendar=calendar, now=now).due == (), "told is told"
        for one in found.due:
            assert standing.speaks(now) and calendar.next_open(now) == now
            assert all(one.number > known.number for known in told if known.tell is one.tell)
            assert one.number <= sum(rung.tell is one.tell for rung in ladder)
        told += found.due
        assert found.next_at is None or found.next_at > now


@settings(max_examples=300, deadline=None)
@given(ladders, calendars, st.lists(st.sampled_from(["ack", "snooze", "expect"]), max_size=2), verdicts)
def test_the_instant_to_ask_again_is_exactly_when_something_is_due(
    ladder: tuple[Rung, ...], calendar: Calendar, answers: list[str], verdict: Verdict
) -> None:
    standing = after(None, verdict)
    for answer in answers:
        standing = answered(standing, answer, until=NOW + timedelta(days=1, hours=7), now=NOW)
    now = NOW
    while (found := escalate(standing, ladder, calendar=calendar, now=now)).next_at is not None:
        standing, now = found.standing, found.next_at
        assert escalate(standing, ladder, calendar=calendar, now=now - TICK).due == ()
        assert escalate(standing, ladder, calendar=calendar, now=now).due != ()
    for later in (HOUR, timedelta(days=3), timedelta(days=400)):
        assert escalate(found.standing, ladder, calendar=calendar, now=now + later).due == ()


ANSWERS = (
    "snoozed_until",
    "snoozed_reason",
    "expected",
    "expected_reason",
    "dismissed_at",
    "acknowledged_at",
    "escalated",
)


@settings(max_examples=200, deadline=None)
@given(
    st.permutations(["snooze", "expect", "ack", "wrong"]),
    st.lists(verdicts, min_size=1, max_size=6),
    st.lists(st.integers(min_value=0, max_value=6), min_size=4, max_size=4),
)
def test_answers_outlive_every_new_judging_in_whatever_order(
    order: list[str], judged: list[Verdict], places: list[int]
) -> None:
    told = escalate(after(None, flag()), LADDER, calendar=WEEK, now=NOW + HOUR).standing
    times = {
        answer: NOW + timedelta(minutes=90 + place) for place, answer in enumerate(("snooze", "expect", "ack", "wrong"))
    }

    def say(standing: Standing, answer: str) -> Standing:
        return answered(standing, answer, until=times[answer] + timedelta(days=2), now=times[answer])

    plain = told
    for answer in times:
        plain = say(plain, answer)
    mixed = told
    for number, verdict in enumerate(judged):
        for answer in [one for one, place in zip(order, places, strict=True) if min(place, len(judged) - 1) == number]:
            mixed = say(mixed, answer)
        mixed = after(mixed, verdict, now=NOW + timedelta(minutes=100 + number))
    assert [getattr(mixed, name) for name in ANSWERS] == [getattr(plain, name) for name in ANSWERS]
    assert escalate(mixed, LADDER, calendar=WEEK, now=NOW + 24 * HOUR).due == ()
