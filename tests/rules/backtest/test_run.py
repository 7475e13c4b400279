"""A run over facts: flags open and close at the instants that verdicts name, whatever the moments."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import engine
from rules.backtest.flags import Flag
from rules.backtest.run import Found, Moment, RuleSet, run
from rules.facts import Item, Kind, LinkKind, Side, State, Subject
from rules.spec import Rule
from tests.rules.build import at, item, link, pull, step

END = at("2026-12-20")
STALLED = Rule(id=1, version=1, name="stalled", type="stalled-work", params={"quiet_days": 3}, mode="live")
REVIEWS = Rule(id=2, version=1, name="reviews", type="stalled-review", params={"author_days": 3}, mode="live")
HELD = Rule(
    id=3, version=1, name="held", type="custom", mode="live",
    params={"when": "item.labels.exists(l, l == 'urgent')", "for_days": 2, "message": "Urgent for two days."},
)  # fmt: skip


def rules(*found: Rule, since: str | None = None) -> RuleSet:
    return RuleSet(tuple(engine.prepare(rule) for rule in found), at(since) if since else None)


def moment(when: str, *subjects: Subject, **fields: object) -> Moment:
    return Moment(at(when), subjects, **fields)  # type: ignore[arg-type]


def brief(found: Found) -> list[tuple[str, str, str | None]]:
    return [(one.rule, _text(one.opened_at), _text(one.closed_at)) for one in found.flags]  # type: ignore[misc]


def _text(when: datetime | None) -> str | None:
    return None if when is None else f"{when:%m-%d %H:%M}"


def test_a_flag_opens_at_the_instant_its_verdict_named_and_closes_with_the_next_facts() -> None:
    quiet = item(moved="2026-11-24 10:00")
    moved = replace(quiet, last_movement=step("comment", "2026-12-01 08:00"))
    found = run([moment("2026-11-24 10:00", quiet), moment("2026-12-01 08:00", moved)], [rules(STALLED)], until=END)
    assert brief(found) == [("stalled", "11-27 10:00", "12-01 08:00"), ("stalled", "12-04 08:00", None)]
    assert found.flags[0].moved_at == at("2026-12-01 08:00")


def test_what_was_flagged_at_the_beginning_is_known_to_stand() -> None:
    found = run([moment("2026-12-01", item())], [rules(STALLED)], until=END)
    (flag,) = found.flags
    assert flag.opened_at == found.began == at("2026-12-01")
    assert flag.since == at("2026-11-24 10:00")


def test_nothing_is_judged_after_the_end() -> None:
    assert run([moment("2026-11-24 10:00", item())], [rules(STALLED)], until=at("2026-11-27 09:59")).flags == []


def test_rules_hold_from_when_they_were_set() -> None:
    slower = replace(STALLED, version=2, params={"quiet_days": 20})
    sets = [rules(STALLED), rules(slower, since="2026-11-30"), rules(since="2026-12-16")]
    found = run([moment("2026-11-24 10:00", item())], sets, until=END)
    assert brief(found) == [("stalled", "11-27 10:00", "11-30 00:00"), ("stalled", "12-14 10:00", "12-16 00:00")]
    assert found.flags[1].closed_as == "rule"


def test_one_who_has_not_begun_to_watch_judges_nothing() -> None:
    found = run([moment("2026-11-24 10:00", item())], [rules(STALLED, since="2026-12-05")], until=END)
    assert brief(found) == [("stalled", "12-05 00:00", None)]


def test_what_must_hold_for_some_days_opens_when_it_has() -> None:
    urgent = item(labels=("urgent",))
    broken = [
        moment("2026-12-01 09:00", urgent),
        moment("2026-12-02 09:00", item()),
        moment("2026-12-03 09:00", urgent),
    ]
    assert brief(run(broken, [rules(HELD)], until=END)) == [("held", "12-05 09:00", None)]


def test_a_new_version_counts_the_days_anew() -> None:
    sets = [rules(HELD), rules(replace(HELD, version=2), since="2026-12-02 12:00")]
    found = run([moment("2026-12-01 09:00", item(labels=("urgent",)))], sets, until=END)
    assert brief(found) == [("held", "12-04 12:00", None)]


def test_what_goes_takes_its_flags_along() -> None:
    feed = [moment("2026-11-24 10:00", item()), moment("2026-12-02", gone=(("item", 1),))]
    found = run(feed, [rules(STALLED)], until=END)
    assert [(one.closed_at, one.closed_as) for one in found.flags] == [(at("2026-12-02"), "gone")]


def test_one_cause_is_told_of_where_somebody_can_act() -> None:
    """The issue waits on a pull request elsewhere: while that one is flagged the issue stays on the pages."""
    away = replace(pull(482).project, id=2, key="acme/api")
    carrying = pull(482, project=away, moved="2026-11-24 09:00", word="review_comment", by=Side.REVIEWER)
    edge = link(LinkKind.CLOSES, carrying.ref, other_kind=Kind.PULL_REQUEST)
    issue = item(7, links=(edge,), moved="2026-11-24 10:00")
    answered = replace(carrying, state=State.DONE, closed_at=at("2026-12-05"))
    feed = [moment("2026-11-24 10:00", issue, carrying), moment("2026-12-05", answered)]

    def reach(**modes: str) -> list[str]:
        both = [replace(rule, mode=modes.get(rule.name, "live")) for rule in (STALLED, REVIEWS)]
        found = run(feed, [rules(*both)], until=at("2026-12-04"))
        (flag,) = [one for one in found.flags if one.rule == "stalled"]
        return [flag.reach.value, flag.loudest.value]

    assert reach() == ["page", "page"]
    assert reach(reviews="observe") == ["comment", "comment"]
    whole = run(feed, [rules(STALLED, REVIEWS)], until=END)
    (flag,) = [one for one in whole.flags if one.rule == "stalled"]
    assert (flag.loudest.value, flag.loud_at) == ("comment", at("2026-12-05"))


def test_two_that_wait_on_each_other_do_not_silence_both() -> None:
    """A ring is told of nowhere, so neither side may rely on the other."""
    one, other = item(1), item(2)
    away = replace(other.project, id=2, key="acme/api")
    other = replace(other, project=away)
    one = replace(one, links=(link(LinkKind.BLOCKS, other.ref, other_kind=Kind.ISSUE, state=State.IN_PROGRESS),))
    other = replace(other, links=(link(LinkKind.BLOCKS, one.ref, other_kind=Kind.ISSUE, state=State.IN_PROGRESS),))
    blocked = Rule(id=4, version=1, name="blocked", type="blocked-too-long", mode="live")
    found = run([moment("2026-11-24 10:00", one, other)], [rules(blocked)], until=END)
    assert {flag.reach.value for flag in found.flags} != {"page"}


def test_moments_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="after one of"):
        run([moment("2026-12-02", item()), moment("2026-12-01", item())], [rules(STALLED)], until=END)


def test_an_error_of_a_rule_is_counted_and_opens_nothing() -> None:
    broken = item(title="x", created_at=at("2026-11-01"))
    bad = replace(engine.prepare(STALLED), params=None)  # type: ignore[arg-type]
    found = run([moment("2026-11-24 10:00", broken)], [RuleSet((bad,))], until=END)
    assert found.flags == []
    assert found.errors == {"stalled": 1}


steps_ = st.lists(st.integers(1, 24 * 12), min_size=1, max_size=12)


@given(gaps=steps_, extra=st.lists(st.integers(0, 24 * 30), max_size=10))
def test_moments_that_bring_nothing_new_change_nothing(gaps: list[int], extra: list[int]) -> None:
    """Judging oftener finds the same: verdicts name every instant at which they flip."""
    start = at("2026-11-01 10:00")
    times = [start]
    for gap in gaps:
        times.append(times[-1] + timedelta(hours=gap))
    until = times[-1] + timedelta(days=30)
    facts = {when: item(last_movement=replace(step("comment", "2026-11-01"), at=when)) for when in times}

    def latest(when: datetime) -> Item:
        return facts[max(one for one in times if one <= when)]

    more = sorted({*times, *(start + timedelta(hours=hours) for hours in extra)})
    feeds = [[Moment(when, (latest(when),)) for when in all_ if when <= until] for all_ in (times, more)]
    once, often = (run(feed, [rules(STALLED)], until=until) for feed in feeds)
    assert _spans(once.flags) == _spans(often.flags)
    assert all(first[1] is not None and first[1] <= later[0] for first, later in pairwise(_spans(once.flags)))


def _spans(flags: list[Flag]) -> list[tuple[datetime, datetime | None]]:
    return [(one.opened_at, one.closed_at) for one in flags]
