"""A milestone's facts read as a course: who counts as committed, added, removed and done, at which instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts import Baseline, Kind, State
from rules.risk.courses import ended_before, history, of_facts
from tests.rules.build import at, done, jira, member, milestone, project, sprint

#: Mon 23 Nov to Fri 4 Dec 2026: ends at midnight after the 4th; committed on Tue 24 Nov.
EARLY = "2026-11-20"
END = at("2026-12-05")


def course(members, *, now="2026-12-01", **fields):
    found = of_facts(sprint(members, **fields), at(now))
    assert found is not None
    return found


def closed(members, **fields):
    return course(members, now="2026-12-20", open=False, closed_at=END, **fields)


def test_what_was_in_when_the_plan_was_made_is_committed():
    found = course(
        [member(1, joined=EARLY), member(2, joined="2026-11-23 15:00"), member(3, joined="2026-11-24 09:00")]
    )
    assert (found.committed_items, found.committed_size) == (2, 2.0)
    assert (found.looks[0].items, found.looks[-1].items) == (2, 3)
    assert found.looks[-1].added_items == 1


def test_a_frozen_baseline_says_when():
    late = Baseline(as_of=at("2026-11-26"), how="command", members={})
    assert course([member(1, joined="2026-11-25")], baseline=late).committed_items == 1


def test_looks_are_taken_at_the_usual_shares_and_now():
    found = course([member(1, joined=EARLY)], now="2026-11-29")
    assert [one.share for one in found.looks] == [0.0, 0.3, pytest.approx(0.5)]
    later = course([member(1, joined=EARLY)], now="2026-12-02")
    assert [one.share for one in later.looks] == [0.0, 0.3, 0.5, pytest.approx(0.75)]


def test_before_the_plan_is_made_there_is_no_course():
    assert of_facts(sprint([member(1)]), at("2026-11-23 12:00")) is None


@pytest.mark.parametrize("fields", [{"start": None}, {"due": None}, {"start": date(2026, 12, 9)}])
def test_without_a_start_and_a_date_there_is_no_course(fields):
    assert of_facts(sprint([member(1)], **fields), at("2026-12-01")) is None


def test_points_count_where_enough_are_sized():
    sized = [member(n, joined=EARLY, estimate=float(n)) for n in range(1, 6)]
    assert course(sized).committed_size == 15
    assert course([*sized[:4], member(5, joined=EARLY)]).committed_size == 1 + 2 + 3 + 4 + 2.5
    assert course([*sized[:3], member(4, joined=EARLY), member(5, joined=EARLY)]).committed_size == 5


def test_a_part_of_a_member_is_no_work_of_its_own():
    found = course([
        member(1, joined=EARLY),
        member(2, joined=EARLY, kind=Kind.SUBTASK, parent_id=1),
        member(3, joined=EARLY, kind=Kind.PULL_REQUEST, closes=(1,)),
        member(4, joined=EARLY, kind=Kind.SUBTASK, parent_id=99),
    ])  # fmt: skip
    assert found.committed_items == 2


def test_taken_out_and_dropped_are_gone_and_done_is_not():
    found = course([
        member(1, joined=EARLY, left="2026-11-26"),
        member(2, joined=EARLY, state=State.DROPPED, closed_at=at("2026-11-26")),
        done(3, "2026-11-26", joined=EARLY),
        done(4, "2026-11-26", joined=EARLY, left="2026-11-27"),
        member(5, joined="2026-11-25", left="2026-11-26"),
    ])  # fmt: skip
    last = found.looks[-1]
    assert (last.items, last.done, last.removed_items, last.added_items) == (2, 2, 3, 1)


def test_what_was_delivered_is_what_was_done_in_it_by_its_end():
    found = closed([
        done(1, "2026-11-30", joined=EARLY),
        done(2, "2026-12-05 00:30", joined=EARLY),
        done(3, "2026-12-06", joined=EARLY),
        done(4, "2026-11-20", joined="2026-11-26"),
        member(5, joined="2026-11-26"),
    ])  # fmt: skip
    assert found.delivered == 2
    assert (found.added_items_in_all, found.added_in_all) == (2, 2.0)
    assert [one.share for one in found.looks] == [0.0, 0.3, 0.5, 0.8]


def test_what_was_done_after_the_end_of_one_closed_late_is_not_delivered():
    members = [done(1, "2026-12-04", joined=EARLY), done(2, "2026-12-08", joined=EARLY)]
    found = course(members, now="2026-12-20", open=False, closed_at=at("2026-12-09"))
    assert found.delivered == 1


def test_a_sprint_that_was_closed_early_is_looked_at_no_later():
    found = course([member(1, joined=EARLY)], now="2026-12-20", open=False, closed_at=at("2026-11-28"))
    assert [one.share for one in found.looks] == [0.0, 0.3]
    assert found.delivered == 0


def test_states_of_the_past_are_told_only_where_they_have_stood_since():
    waiting = member(1, joined=EARLY, state_since=at(EARLY))
    moving = member(2, joined=EARLY, state=State.IN_REVIEW, state_since=at("2026-11-29"))
    found = course([waiting, moving])
    assert (found.looks[-1].waiting, found.looks[-1].items) == (1, 2)
    assert (found.looks[0].waiting, found.looks[0].done) == (None, 0)


@given(
    st.permutations([member(1, joined=EARLY, left="2026-11-26"), member(1, joined="2026-11-28"), done(2, "2026-11-30")])
)
def test_the_order_of_stays_changes_nothing(stays):
    assert closed(stays) == closed(sorted(stays, key=lambda stay: (stay.item.id, stay.joined_at)))


def test_only_what_was_over_before_it_began_is_its_past():
    mine = sprint([], id=9)
    before = sprint([], id=1, open=False, start=date(2026, 11, 9), closed_at=at("2026-11-21"))
    earlier = replace(before, id=2, closed_at=at("2026-11-07"))
    beside = replace(before, id=3, closed_at=at("2026-11-30"))
    running = replace(before, id=4, open=True, closed_at=None)
    elsewhere = replace(before, id=5, project=jira(id=2, key="OPS"))
    version = replace(before, id=6, kind=milestone().kind)
    others = [before, beside, earlier, running, elsewhere, version, mine]
    assert [one.id for one in ended_before(mine, others)] == [2, 1]
    assert ended_before(replace(mine, due=None), others) == []


def test_a_history_is_what_was_over_with_what_was_over_before():
    first = sprint([member(1, joined="2026-10-20")], id=1, open=False, start=date(2026, 10, 26), due=date(2026, 11, 6),
                   closed_at=at("2026-11-07"))  # fmt: skip
    second = replace(first, id=2, start=date(2026, 11, 9), due=date(2026, 11, 20), closed_at=at("2026-11-21"))
    undated = replace(first, id=3, due=None)
    running = sprint([member(1)], id=4)
    found = history([running, second, undated, first], at("2026-12-01"))
    assert [(one.id, [other.id for other in past]) for one, past in found] == [(1, []), (2, [1])]
    assert all(one.delivered is not None for one, _ in found)


def test_a_dated_milestone_has_a_course_too():
    found = of_facts(milestone([member(1, joined="2026-11-01")], project=project()), at("2026-12-01"))
    assert found is not None
    assert found.committed_items == 1
