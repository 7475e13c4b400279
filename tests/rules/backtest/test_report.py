"""What a run says of its rules: outcomes at their bounds, shares with their intervals, and what would be written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import engine
from rules.backtest.noise import noise
from rules.backtest.outcome import Became, End, end_of
from rules.backtest.report import Share, differences, report
from rules.backtest.run import Found, Moment, RuleSet, run
from rules.facts import Item, Milestone, Side, State
from rules.spec import Rule
from tests.rules.build import at, done, item, milestone, planned, pull, step

END = at("2027-03-01")
DUE = date(2026, 12, 11)


def ends(subject: Item | Milestone, **fields: object) -> End:
    known = {"due": None, "asked": at("2026-11-24"), "ends": END, "milestones": {}}
    return end_of(subject, **(known | fields))  # type: ignore[arg-type]


def closed(on: str, **fields: object) -> Item:
    return item(**({"state": State.DONE, "closed_at": at(on), "closed_as": "completed"} | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("subject", "fields", "became"),
    [
        (closed("2026-12-11 23:59"), {"due": DUE}, Became.IN_TIME),
        (closed("2026-12-12 00:01"), {"due": DUE}, Became.LATE),
        (closed("2027-02-01"), {}, Became.IN_TIME),
        (item(), {"due": DUE}, Became.LATE),
        (item(), {"due": DUE, "ends": at("2026-12-11 12:00")}, Became.UNKNOWN),
        (item(), {"ends": at("2027-02-22")}, Became.STILL_OPEN),
        (item(), {"ends": at("2027-02-21")}, Became.UNKNOWN),
        (pull(state=State.DROPPED, closed_at=at("2026-12-01"), closed_as="unmerged"), {}, Became.UNMERGED),
        (item(state=State.DROPPED, closed_at=at("2026-12-01"), closed_as="not_planned"), {"due": DUE}, Became.DROPPED),
    ],
)
def test_what_became_of_an_item(subject: Item, fields: dict[str, object], became: Became) -> None:
    assert ends(subject, **fields).became is became


@pytest.mark.parametrize(("on", "became"), [("2026-12-01", Became.IN_TIME), ("2026-12-09", Became.LEFT_BEHIND)])
def test_an_item_is_left_behind_where_its_milestone_ended_without_it(on: str, became: Became) -> None:
    shut = milestone(open=False, closed_at=at("2026-12-05"))
    end = ends(closed(on, milestone_ids=(24,)), milestones={24: shut})
    assert end.became is became


@pytest.mark.parametrize(
    ("subject", "became"),
    [
        (milestone((done(1, "2026-12-11 20:00"),)), Became.IN_TIME),
        (milestone((done(1, "2026-12-12 02:00"),)), Became.LATE),
        (milestone((done(1, "2026-12-01"),), open=False, closed_at=at("2027-01-10")), Became.IN_TIME),
        (milestone(planned(2)), Became.LATE),
        (milestone(planned(1), open=False, closed_at=at("2026-12-10")), Became.LEFT_BEHIND),
        (milestone(planned(1), open=False, closed_at=at("2026-12-20")), Became.LATE),
        (milestone((), open=False, closed_at=at("2026-12-01")), Became.IN_TIME),
    ],
)
def test_what_became_of_a_milestone(subject: Milestone, became: Became) -> None:
    """Closing it late when all was done is paperwork; closing it with work in it leaves that behind."""
    assert ends(subject, due=DUE).became is became


def test_a_milestone_whose_day_has_not_come_is_not_known() -> None:
    assert ends(milestone(planned(2)), due=DUE, ends=at("2026-12-01")).became is Became.UNKNOWN


@given(some=st.integers(0, 60), more=st.integers(0, 60))
def test_a_share_lies_within_its_interval_and_small_ones_are_not_told(some: int, more: int) -> None:
    share = Share(some, some + more)
    low, high = share.interval
    assert 0.0 <= low <= high <= 1.0
    if share.of:
        assert low - 1e-9 <= some / share.of <= high + 1e-9
    assert (share.part is None) == (share.of < 10)


# --- a run of some items


REVIEWS = Rule(id=1, version=1, name="reviews", type="stalled-review", params={"author_days": 3}, mode="live")


def played(rule: Rule = REVIEWS, *, count: int = 12) -> Found:
    """Twelve pull requests that wait for their authors: every third moves a day after its flag, half end unmerged."""
    start, feed = at("2026-11-24 10:00"), []
    feed.append(Moment(at("2026-11-24 09:00")))
    for number in range(1, count + 1):
        waiting = pull(
            number, moved="2026-11-24 10:00", word="review_comment", by=Side.REVIEWER, created_at=at("2026-11-01")
        )
        feed.append(Moment(start + timedelta(minutes=number), (waiting,)))
        if number % 3 == 0:
            moved = step("push", "2026-11-28 10:00")
            answered = replace(waiting.pull_request, last_word=moved)  # type: ignore[type-var]
            feed.append(Moment(at("2026-11-28 10:00"), (replace(waiting, last_movement=moved, pull_request=answered),)))
    for number in range(1, count + 1):
        unmerged = number % 2 == 0
        over = pull(
            number,
            created_at=at("2026-11-01"),
            state=State.DROPPED if unmerged else State.DONE,
            closed_at=at("2026-12-22 10:00"),
            closed_as="unmerged" if unmerged else "merged",
        )
        feed.append(Moment(at("2026-12-22 10:00"), (over,)))
    sets = [RuleSet((engine.prepare(rule),))]
    return run(sorted(feed, key=lambda one: one.at), sets, until=at("2027-01-10"))


def test_the_report_counts_what_the_flags_came_to() -> None:
    told = report(played(), rules=[("reviews", "stalled-review")])
    (rule,) = told.rules
    firsts = [one for one in rule.flags if one.flag.opened_at < at("2026-11-28")]
    assert len(firsts) == 12
    assert sum(one.is_needless for one in firsts) == 4
    assert (rule.recall.some, rule.recall.of) == (6, 6)
    assert rule.outcomes[Became.UNMERGED] >= 6
    assert rule.precision.some == rule.outcomes[Became.UNMERGED]
    assert rule.precision.of == len(rule.flags)
    assert rule.lead is not None
    assert rule.lead == pytest.approx(25, abs=1)
    assert rule.standing == 0
    assert sum(week.opened for week in rule.weeks) == len(rule.flags)
    assert told.noise.comments == 12


def test_a_report_of_one_project_tells_of_no_other() -> None:
    told = report(played(), rules=[("reviews", "stalled-review")], projects=frozenset({"acme/other"}))
    assert (told.subjects, told.rules[0].flags, told.noise.comments) == (0, (), 0)


def test_two_versions_are_compared_by_what_they_flag() -> None:
    slow = replace(REVIEWS, params={"author_days": 10, "author_comment_days": 10})
    never = replace(REVIEWS, params={"author_days": 80, "author_comment_days": 80, "reviewer_days": 80})
    (later,) = differences(played(), played(slow))
    assert (later.both, later.new, later.gone, later.later) == (12, (), (), 12)
    (fewer,) = differences(played(), played(never))
    assert (fewer.both, len(fewer.gone)) == (0, 12)
    (more,) = differences(played(never), played())
    assert [flag.name for flag in more.new] == [flag.name for flag in fewer.gone]


# --- noise


def test_only_what_stands_for_an_hour_in_working_hours_is_written() -> None:
    """Opened at 10:00 on a Friday and settled by 11:00; what is gone at half past ten was never written."""
    quiet = pull(1, moved="2026-11-24 10:00", word="review_comment", by=Side.REVIEWER, created_at=at("2026-11-01"))
    soon = step("push", "2026-11-27 10:30")
    gone = replace(quiet, last_movement=soon, pull_request=replace(quiet.pull_request, last_word=soon))  # type: ignore[type-var]
    feed = [Moment(at("2026-11-24 10:00"), (quiet,)), Moment(at("2026-11-27 10:30"), (gone,))]
    found = run(feed, [RuleSet((engine.prepare(REVIEWS),))], until=at("2026-11-28"))
    assert len(found.flags) == 1
    told = noise(found.flags, tuple(found.last.values()), began=at("2026-11-24 10:00"), ended=at("2026-11-28"))
    assert (told.comments, told.label_changes) == (0, 0)


def test_labels_of_one_family_are_one_label() -> None:
    """Two flags of one label on one item that overlap: on once, off once."""
    found = played(count=1)
    (flag,) = found.flags
    twin = replace(flag, rule="twin", opened_at=flag.opened_at + timedelta(days=2), number=1)
    told = noise([flag, twin], tuple(found.last.values()), began=at("2026-11-24"), ended=at("2027-01-10"))
    assert (told.labels_on, told.label_changes, told.flip_flops) == (1, 2, 0)


def test_a_label_that_goes_and_comes_back_within_three_days_is_a_flip() -> None:
    found = played(count=1)
    (flag,) = found.flags
    first = replace(flag, opened_at=at("2026-12-01 09:00"), closed_at=at("2026-12-02 09:00"))
    for hours, flips in ((47, 1), (49, 0)):
        again = replace(flag, opened_at=first.opened_at + timedelta(hours=24 + hours), closed_at=None)
        told = noise([first, again], tuple(found.last.values()), began=at("2026-11-24"), ended=at("2027-01-10"))
        assert told.flip_flops == flips, hours


def test_what_stood_at_the_beginning_is_not_written() -> None:
    found = run(
        [Moment(at("2026-12-01"), (pull(1, word="review_comment", by=Side.REVIEWER),))],
        [RuleSet((engine.prepare(REVIEWS),))],
        until=END,
    )
    (flag,) = found.flags
    assert flag.opened_at == found.began
    assert report(found, rules=[("reviews", "stalled-review")]).noise.comments == 0


def test_a_run_over_nothing_says_so() -> None:
    found = run([], [RuleSet((engine.prepare(REVIEWS),))], until=END)
    told = report(found, rules=[("reviews", "stalled-review")])
    assert (told.subjects, told.rules[0].flags, told.rules[0].precision.part, told.noise.comments_a_week) == (
        0,
        (),
        None,
        0.0,
    )
