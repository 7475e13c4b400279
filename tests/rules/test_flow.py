"""How items went through the states, and what is usual: walks read as the present is read, figures from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.facts import Kind, State
from rules.flow.usual import counted_at, nearest_rank, usual_of
from rules.flow.walks import Stay, Turn, Walk, stays_of
from tests.rules.build import PLAIN, WEEK, at, jira, project, ref

HUB, PAY = project(), jira()
NOW = at("2026-12-08 12:00")


def issue(id_: int = 1, *turns: tuple[str, str], **fields: Any) -> Walk:
    told = tuple(Turn(at(when), "state", word) for when, word in turns)
    base: dict[str, Any] = {"kind": Kind.ISSUE, "created_at": at("2026-11-02"), "turns": told}
    return Walk(ref=ref(id_), **(base | fields))


def pull(id_: int = 9, *turns: tuple[str, str, str], **fields: Any) -> Walk:
    told = tuple(Turn(at(when), field, word) for when, field, word in turns)
    base: dict[str, Any] = {"kind": Kind.PULL_REQUEST, "created_at": at("2026-11-10"), "turns": told}
    return Walk(ref=ref(id_), **(base | fields))


def days(walk: Walk, of: Any = PAY) -> list[tuple[str, str, str | None]]:
    """(state, from, until) with days of the month."""
    return [
        (stay.state.value, f"{stay.entered_at:%d}", f"{stay.left_at:%d}" if stay.left_at else None)
        for stay in stays_of(walk, of, NOW)
    ]


CLOSED = {"closed_at": at("2026-11-20"), "done": True}
WALKS: list[tuple[str, Walk, Any, list[tuple[str, str, str | None]]]] = [
    ("never begun", issue(), PAY, []),
    ("in progress still", issue(1, ("2026-11-05", "In Progress")), replace(PAY), [("in_progress", "05", None)]),
    (
        "through review to the end",
        issue(1, ("2026-11-05", "In Progress"), ("2026-11-09", "Code Review"), ("2026-11-20", "Closed"), **CLOSED),
        PAY,
        [("in_progress", "05", "09"), ("in_review", "09", "20")],
    ),
    (
        "put back and taken up again",
        issue(1, ("2026-11-05", "In Progress"), ("2026-11-07", "To Do"), ("2026-11-12", "In Progress"), **CLOSED),
        PAY,
        [("in_progress", "05", "07"), ("in_progress", "12", "20")],
    ),
    (
        "a new status of the same meaning begins anew",
        issue(1, ("2026-11-05", "In Progress"), ("2026-11-08", "Blocked"), **CLOSED),
        PAY,
        [("in_progress", "05", "08"), ("in_progress", "08", "20")],
    ),
    ("begun by a person's act", issue(started_at=at("2026-11-06"), **CLOSED), HUB, [("in_progress", "06", "20")]),
    (
        "closed and opened again",
        issue(1, ("2026-11-08", "closed"), ("2026-11-15", "open"), started_at=at("2026-11-06"), **CLOSED),
        HUB,
        [("in_progress", "06", "08"), ("in_progress", "15", "20")],
    ),
    (
        "carried by a pull request",
        issue(pulls=(pull(),), **CLOSED),
        HUB,
        [("in_review", "10", "20")],
    ),
    (
        "carried by a draft that was made ready",
        issue(pulls=(pull(9, ("2026-11-13", "draft", "ready"), closed_at=at("2026-11-18")),), **CLOSED),
        HUB,
        [("in_progress", "10", "13"), ("in_review", "13", "18")],
    ),
    (
        "two pull requests, one after the other",
        issue(pulls=(pull(8, closed_at=at("2026-11-12")), pull(9, created_at=at("2026-11-12"))), **CLOSED),
        HUB,
        [("in_review", "10", "20")],
    ),
    ("a pull request", pull(), HUB, [("in_review", "10", None)]),
    ("a draft still", pull(draft=True), HUB, [("in_progress", "10", None)]),
    (
        "made a draft and ready again",
        pull(9, ("2026-11-12", "draft", "draft"), ("2026-11-15", "draft", "ready"), **CLOSED),
        HUB,
        [("in_review", "10", "12"), ("in_progress", "12", "15"), ("in_review", "15", "20")],
    ),
    (
        "closed and opened again while waiting",
        pull(9, ("2026-11-12", "state", "unmerged"), ("2026-11-15", "state", "open"), **CLOSED),
        HUB,
        [("in_review", "10", "12"), ("in_review", "15", "20")],
    ),
]
PAY = replace(
    PAY,
    settings=replace(PAY.settings, statuses={**PAY.settings.statuses, "in progress": "in_progress", "to do": "todo"}),
)


@pytest.mark.parametrize(("walk", "of", "expected"), [row[1:] for row in WALKS], ids=[row[0] for row in WALKS])
def test_how_an_item_went(walk: Walk, of: Any, expected: list[tuple[str, str, str | None]]) -> None:
    assert days(walk, PAY if of.tracker == "jira" else of) == expected


moments = st.integers(0, 36 * 24).map(lambda hours: at("2026-11-02") + timedelta(hours=hours))
words = st.sampled_from(["In Progress", "Code Review", "To Do", "Blocked", "Closed", "Unheard of"])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(moments, words), max_size=6),
    st.lists(st.tuples(moments, moments), max_size=3),
    st.one_of(st.none(), moments),
    st.randoms(use_true_random=False),
)
def test_stays_are_in_order_apart_and_the_same_for_any_order_of_turns(
    told: list[tuple[datetime, str]], carried: list[tuple[datetime, datetime]], closed: datetime | None, draw: Any
) -> None:
    turns = [Turn(when, "state", word) for when, word in dict(told).items()]
    pulls = tuple(pull(100 + n, created_at=min(pair), closed_at=max(pair)) for n, pair in enumerate(carried))
    walk = issue(1, closed_at=closed, pulls=pulls)
    walks = []
    for _ in range(2):
        draw.shuffle(turns)
        walks.append(replace(walk, turns=tuple(turns)))
    one, other = ([(s.state, s.entered_at, s.left_at) for s in stays_of(walk, PAY, NOW)] for walk in walks)
    assert one == other
    ends = [walk.created_at]
    for state, entered, left in one:
        assert state in (State.IN_PROGRESS, State.IN_REVIEW)
        assert ends[-1] <= entered < (left or NOW)
        ends.append(left or NOW)
    assert ends[-1] <= (closed or NOW)


def finished(id_: int, took: float, **fields: Any) -> Walk:
    end = at("2026-12-01")
    base = {"created_at": end - timedelta(days=took), "closed_at": end, "done": True}
    return pull(id_, **(base | fields))


def test_a_percentile_is_one_of_the_values() -> None:
    assert [nearest_rank(range(1, 21), share) for share in (0.5, 0.85, 1.0)] == [10, 17, 20]
    assert nearest_rank([3.0], 0.85) == 3.0
    with pytest.raises(ValueError, match="nothing"):
        nearest_rank([], 0.5)


def test_what_is_usual_is_counted_from_what_was_finished() -> None:
    walks = [*(finished(n, n) for n in range(1, 21)), finished(50, 300, done=False), pull(51)]
    usual = usual_of(walks, HUB, calendar=PLAIN, now=NOW)
    assert usual.p85_days == {"any/in_review": 17.0, "pull_request/in_review": 17.0}
    assert usual.p50_days["any/in_review"] == 10.0
    assert usual.counts == {"any/in_review": 20, "pull_request/in_review": 20}
    assert usual.as_of == NOW


def test_of_each_item_its_longest_time_in_a_state_counts_once() -> None:
    walk = issue(1, ("2026-11-03", "In Progress"), ("2026-11-05", "To Do"), ("2026-11-12", "In Progress"), **CLOSED)
    usual = usual_of([walk], PAY, calendar=PLAIN, now=NOW)
    assert (usual.counts["issue/in_progress"], usual.p85_days["issue/in_progress"]) == (1, 8.0)


def test_days_are_those_of_the_calendar() -> None:
    usual = usual_of([finished(1, 14)], HUB, calendar=WEEK, now=NOW)
    assert usual.p85_days["pull_request/in_review"] == 10.0


def test_work_that_a_pull_request_carries_is_counted_once() -> None:
    carrying = pull(9, carries=True)
    walks = [issue(1, pulls=(replace(carrying, carries=False),)), carrying, pull(10)]
    stays = [stay for walk in walks for stay in stays_of(walk, HUB, NOW)]
    assert counted_at(stays, NOW) == {"in_review": 2}
    done = [finished(1, 3), finished(2, 9, carries=True)]
    usual = usual_of(done, HUB, calendar=PLAIN, now=NOW)
    assert usual.counts == {"any/in_review": 1, "pull_request/in_review": 2}


def test_how_much_is_usual_at_once_is_taken_at_the_end_of_working_days() -> None:
    start = NOW - timedelta(days=80)
    walks = [pull(n, created_at=start) for n in range(3)]
    walks += [pull(n, created_at=start, closed_at=NOW - timedelta(days=60)) for n in range(10, 14)]
    usual = usual_of(walks, project(known_from=start), calendar=WEEK, now=NOW)
    assert usual.wip_days == 56
    assert usual.p85_wip == {"in_review": 7}  # seven for 14 of the 56 days
    known = project(known_from=NOW - timedelta(days=20))
    assert usual_of(walks, known, calendar=WEEK, now=NOW).p85_wip == {}  # 14 working days say nothing


def test_the_share_with_time_logged_is_told_from_twenty_on() -> None:
    walks = [issue(n, logged=n % 4 != 0, **CLOSED) for n in range(20)]
    usual = usual_of(walks, PAY, calendar=PLAIN, now=NOW)
    assert (usual.worklog_share, usual.worklog_of) == (0.75, 20)
    assert usual_of(walks[:19], PAY, calendar=PLAIN, now=NOW).worklog_share is None
    with_pulls = usual_of([*walks, *(pull(n, **CLOSED) for n in range(30, 40))], PAY, calendar=PLAIN, now=NOW)
    assert (with_pulls.worklog_share, with_pulls.worklog_of) == (0.75, 20)  # nobody logs time on pull requests


def test_a_stay_covers_its_beginning_and_not_its_end() -> None:
    stay = Stay(pull(), State.IN_REVIEW, at("2026-11-02"), at("2026-11-05"))
    assert [stay.covers(at(f"2026-11-0{day}")) for day in (1, 2, 4, 5)] == [False, True, True, False]
