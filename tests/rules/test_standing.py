"""The memory of a verdict: opening, clearing, answers, and when a flag may speak."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.calendar import Calendar
from rules.spec import Rule
from rules.standing import Event, Standing, acknowledge, dismiss, expect, snooze, step, voice
from rules.verdict import Outcome, Reach, Said, Severity, Verdict, clear, flagged, skipped
from tests.rules.build import PLAIN, WEEK, at

RULE = Rule(id=1, version=1, name="r", type="stalled-work", mode="live")
NOW = at("2026-12-08 12:00")
HOUR = timedelta(hours=1)


def flag(gist: str = "a", *, weight: float = 0.0, severity: Severity = Severity.WARNING, day: int = 3) -> Verdict:
    return flagged("stalled-work.quiet", since=NOW, values={"quiet": day}, gist=gist, weight=weight, severity=severity)


CLEAR = clear("stalled-work.moving")
GAP = skipped("common.gap")
CRASH = Verdict(outcome=Outcome.ERROR, reason=Said("engine.crash", {"error": "x"}))


def opened(verdict: Verdict | None = None) -> Standing:
    standing, events = step(None, verdict or flag(), RULE, calendar=PLAIN, now=NOW)
    assert standing is not None and events == (Event.OPENED,)
    return standing


def after(standing: Standing, verdict: Verdict, *, now: datetime = NOW + HOUR) -> tuple[Standing, tuple[Event, ...]]:
    stepped, events = step(standing, verdict, RULE, calendar=PLAIN, now=now)
    assert stepped is not None
    return stepped, events


def test_what_is_clear_is_not_remembered() -> None:
    assert step(None, CLEAR, RULE, calendar=PLAIN, now=NOW) == (None, ())
    assert step(None, GAP, RULE, calendar=PLAIN, now=NOW) == (None, ())
    assert step(None, CRASH, RULE, calendar=PLAIN, now=NOW) == (None, (Event.FAILED,))


def test_the_words_stay_while_the_gist_is_equal() -> None:
    standing, events = after(opened(), flag(day=4))
    assert events == () and standing.said.reason.values["quiet"] == 3 and standing.verdict.reason.values["quiet"] == 4
    standing, events = after(standing, flag("b", day=5))
    assert events == (Event.CHANGED,) and standing.said.reason.values["quiet"] == 5
    _, events = after(standing, flag("b", severity=Severity.URGENT))
    assert events == (Event.WORSENED,)


def test_it_clears_at_once_and_opens_anew_as_a_new_flag() -> None:
    known = acknowledge(opened(), reason="legal", now=NOW)
    gone, events = after(known, CLEAR)
    assert events == (Event.CLEARED,) and not gone.is_open and not gone.speaks(NOW)
    assert after(gone, CLEAR) == (gone, ())
    again, events = after(gone, flag())
    assert events == (Event.REOPENED,) and again.reopened == 1 and again.acknowledged_at is None


def test_a_gap_and_a_crash_leave_what_stands() -> None:
    standing = opened()
    assert after(standing, GAP) == (standing, ())
    assert after(standing, CRASH) == (standing, (Event.FAILED,))
    off, events = step(standing, flag(), replace(RULE, mode="off"), calendar=PLAIN, now=NOW)
    assert events == (Event.CLEARED,) and off is not None and not off.is_open


def test_acknowledged_is_silent_until_it_gets_worse() -> None:
    known = acknowledge(opened(flag(weight=3)), reason=None, now=NOW)
    assert not known.speaks(NOW)
    assert not after(known, flag("b", weight=2))[0].speaks(NOW)
    assert after(known, flag("b", weight=4))[0].speaks(NOW)
    assert after(known, flag(weight=3, severity=Severity.URGENT))[0].speaks(NOW)


def test_snoozed_and_expected_are_quiet_until_then() -> None:
    until = at("2026-12-10 12:00")
    for quiet in (snooze(opened(), until=until, reason=None), expect(opened(), until=until, reason=None)):
        assert not quiet.speaks(until - HOUR) and quiet.speaks(until)
        assert voice(quiet, calendar=PLAIN, now=NOW + HOUR).until == until


def test_dismissed_is_silent_until_it_has_cleared() -> None:
    wrong = dismiss(opened(), reason=None, now=NOW)
    assert not after(wrong, flag("b", severity=Severity.URGENT))[0].speaks(NOW)
    gone, _ = after(wrong, CLEAR)
    assert after(gone, flag())[0].speaks(NOW)


def test_it_settles_and_keeps_to_the_hours() -> None:
    standing = opened()
    assert voice(standing, calendar=WEEK, now=NOW) == voice(standing, calendar=WEEK, now=NOW + HOUR / 2)
    assert voice(standing, calendar=WEEK, now=NOW).until == NOW + HOUR
    assert voice(standing, calendar=WEEK, now=NOW + HOUR).speaks
    night = voice(standing, calendar=WEEK, now=at("2026-12-11 18:00"))
    assert not night.speaks and night.until == at("2026-12-14 08:00")
    assert voice(standing, calendar=WEEK, settle=timedelta(), now=NOW).speaks


# --- what must hold for some days ---

HELD = replace(flag(), hold_for=2, since=None)


def test_what_must_hold_for_some_days_is_pending_until_it_has() -> None:
    friday = at("2026-12-04 12:00")
    held, events = step(None, HELD, RULE, calendar=WEEK, now=friday)
    assert held is not None and events == (Event.PENDING,)
    assert (held.is_pending, held.is_open, held.speaks(friday)) == (True, False, False)
    assert held.opens_at == at("2026-12-08 12:00")  # two working days, with a weekend between
    assert not voice(held, calendar=WEEK, now=held.opens_at).speaks
    still, events = step(held, HELD, RULE, calendar=WEEK, now=held.opens_at - timedelta(microseconds=1))
    assert (still, events) == (held, ())
    opened_, events = step(still, HELD, RULE, calendar=WEEK, now=held.opens_at)
    assert opened_ is not None and events == (Event.OPENED,)
    assert (opened_.is_open, opened_.is_pending, opened_.opened_at) == (True, False, held.opens_at)
    assert (opened_.since, opened_.reopened) == (friday, 0)


def test_what_holds_no_longer_before_its_time_is_forgotten() -> None:
    held, _ = step(None, HELD, RULE, calendar=PLAIN, now=NOW)
    assert step(held, CLEAR, RULE, calendar=PLAIN, now=NOW + HOUR) == (None, ())
    assert step(held, HELD, replace(RULE, mode="off"), calendar=PLAIN, now=NOW + HOUR) == (None, ())
    again, events = step(None, HELD, RULE, calendar=PLAIN, now=NOW + 2 * HOUR)
    assert again is not None and again.pending_since == NOW + 2 * HOUR and events == (Event.PENDING,)


def test_a_gap_and_a_crash_leave_what_is_pending() -> None:
    held, _ = step(None, HELD, RULE, calendar=PLAIN, now=NOW)
    assert step(held, GAP, RULE, calendar=PLAIN, now=NOW + HOUR) == (held, ())
    assert step(held, CRASH, RULE, calendar=PLAIN, now=NOW + HOUR) == (held, (Event.FAILED,))


def test_an_open_flag_stays_open_when_the_days_are_raised() -> None:
    standing, events = after(opened(), replace(HELD, hold_for=9))
    assert standing.is_open and events == ()


def test_a_flag_that_comes_back_waits_again_and_is_counted() -> None:
    gone, _ = after(opened(), CLEAR)
    held, events = step(gone, HELD, RULE, calendar=PLAIN, now=NOW)
    assert held is not None and held.is_pending and events == (Event.PENDING,)
    back, events = step(held, HELD, RULE, calendar=PLAIN, now=NOW + timedelta(days=2))
    assert back is not None and (back.reopened, events) == (1, (Event.REOPENED,))


def test_a_calendar_without_working_days_keeps_it_pending() -> None:
    never = replace(PLAIN, weekdays=frozenset())
    held, _ = step(None, HELD, RULE, calendar=never, now=NOW)
    assert held is not None and held.is_pending and held.opens_at is None


@settings(max_examples=100, deadline=None)
@given(st.floats(0.01, 20), st.lists(st.integers(1, 5000), max_size=8), st.sampled_from([PLAIN, WEEK]))
def test_it_opens_exactly_when_it_said_however_often_it_is_judged(
    days: float, minutes: list[int], calendar: Calendar
) -> None:
    verdict = replace(HELD, hold_for=days)
    standing, _ = step(None, verdict, RULE, calendar=calendar, now=NOW)
    assert standing is not None and standing.opens_at is not None
    opens = standing.opens_at
    for minute in sorted(minutes):
        now = NOW + timedelta(minutes=minute)
        standing, _ = step(standing, verdict, RULE, calendar=calendar, now=now)
        assert standing is not None and standing.is_open is (now >= opens)


instants = st.integers(0, 20_000).map(lambda minutes: NOW + timedelta(minutes=minutes))
verdicts = st.one_of(
    st.builds(
        flag,
        st.sampled_from("abc"),
        weight=st.integers(0, 3).map(float),
        severity=st.sampled_from(Severity),
        day=st.integers(0, 9),
    ),
    st.sampled_from([CLEAR, GAP, CRASH]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(verdicts, max_size=8))
def test_the_same_verdict_twice_changes_nothing(history: list[Verdict]) -> None:
    standing: Standing | None = None
    for hours, verdict in enumerate(history):
        now = NOW + hours * HOUR
        standing, _ = step(standing, verdict, RULE, calendar=PLAIN, now=now)
        again, events = step(standing, verdict, RULE, calendar=PLAIN, now=now + HOUR)
        assert again == standing
        assert events in ((), (Event.FAILED,))
    last = next((v for v in reversed(history) if v not in (GAP, CRASH)), None)
    assert (standing is not None and standing.is_open) is (last is not None and last.outcome is Outcome.FLAGGED)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.none(), instants), st.one_of(st.none(), instants), instants, st.integers(0, 120))
def test_voice_changes_exactly_when_it_says(
    snoozed: datetime | None, expected: datetime | None, now: datetime, settle: int
) -> None:
    standing = replace(opened(), snoozed_until=snoozed, expected=expected)
    wait = timedelta(minutes=settle)
    said = voice(standing, calendar=WEEK, settle=wait, now=now)
    assert said.until is not None and said.until > now
    just_before = voice(standing, calendar=WEEK, settle=wait, now=said.until - timedelta(microseconds=1))
    at_it = voice(standing, calendar=WEEK, settle=wait, now=said.until)
    assert just_before.speaks is said.speaks and at_it.speaks is not said.speaks


def test_reach_that_rises_is_worse() -> None:
    low = replace(flag(), reach=Reach.LABEL)
    _, events = after(opened(low), flag())
    assert events == (Event.WORSENED,)
