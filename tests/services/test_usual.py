"""What is usual in a project, counted from the rows that the core itself wrote."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event

from app.services import projects, usual
from app.store.walks import Walks
from rules.facts import Kind
from rules.statistics import Usual
from tests.world import MONDAY, World


def day(number: float) -> datetime:
    return MONDAY + timedelta(days=number)


def count(world: World, now: datetime) -> Usual:
    with world.db.read() as tx:
        project, *_ = projects.load(tx).facts.values()
        return usual.count(Walks(tx), project, now=now)


def reviews(world: World, took: range, *, first: int = 100) -> None:
    """Pull requests, merged after so many days each."""
    hooks = []
    for number, days in enumerate(took, first):
        hooks.append(world.hub.pull(number, at=day(0)))
        hooks.append(world.hub.close(number, at=day(days), merged=True))
    world.play(sorted(hooks, key=lambda hook: hook.at))
    world.drain()


def test_it_counts_what_was_finished_by_kind_and_state(world: World) -> None:
    reviews(world, range(1, 21))
    world.play([world.hub.pull(50, at=day(0)), world.hub.close(50, at=day(40)), world.hub.pull(51, at=day(1))])
    world.drain()
    found = count(world, day(60))
    assert found.counts == {"any/in_review": 20, "pull_request/in_review": 20}
    assert found.p85_days["pull_request/in_review"] == 17.0
    assert found.worklog_of == 0 and found.worklog_share is None


def test_an_issue_is_where_its_pull_request_stands(world: World) -> None:
    world.play(
        [
            world.hub.issue(7, at=day(0)),
            world.hub.pull(8, at=day(2), body="Closes #7", draft=True),
            world.hub.draft(8, at=day(3), on=False),
            world.hub.close(8, at=day(7), merged=True),
            world.hub.close(7, at=day(7.5)),
        ]
    )
    world.drain()
    found = count(world, day(8))
    assert found.p85_days == {
        "any/in_progress": 1.0,
        "any/in_review": 4.0,
        "issue/in_progress": 1.0,
        "issue/in_review": 4.0,
        "pull_request/in_progress": 1.0,
        "pull_request/in_review": 4.0,
    }
    assert found.counts["any/in_review"] == 1  # the issue; the pull request carries it


def test_automation_and_what_ended_long_ago_are_left_out(world: World) -> None:
    world.play(
        [
            world.hub.pull(1, at=day(0), author="dependabot[bot]"),
            world.hub.close(1, at=day(9), merged=True),
            world.hub.pull(2, at=day(0)),
            world.hub.close(2, at=day(1), merged=True),
        ]
    )
    world.drain()
    assert count(world, day(300)).counts == {"any/in_review": 1, "pull_request/in_review": 1}
    assert count(world, day(400)).counts == {}


def test_it_is_as_of_an_instant(world: World) -> None:
    reviews(world, range(1, 4))
    assert count(world, day(60)).as_of == day(60)
    with world.db.read() as tx:
        (project,) = projects.load(tx).facts.values()
        assert Walks(tx).of(project, since=day(-1), now=day(-0.5)) == []


@pytest.mark.parametrize("size", [2, 30])
def test_a_walk_is_read_in_three_queries_however_many_there_are(world: World, size: int) -> None:
    reviews(world, range(1, size + 1))
    told: list[str] = []
    with world.db.read() as tx:
        (project,) = projects.load(tx).facts.values()
        event.listen(tx, "before_cursor_execute", lambda _c, _cur, statement, *_: told.append(statement))
        found = Walks(tx).of(project, since=day(-1), now=day(60))
    assert len(found) == size and {walk.kind for walk in found} == {Kind.PULL_REQUEST}
    assert len([statement for statement in told if statement.lstrip().upper().startswith("SELECT")]) == 3


def test_a_flow_is_what_stands_in_each_state_now(world: World) -> None:
    world.play(
        [
            world.hub.issue(1, at=day(0)),
            world.hub.pull(2, at=day(1), body="Closes #1"),
            world.hub.pull(3, at=day(2), draft=True),
            world.hub.issue(4, at=day(2), labels=["in progress"], assignees=["ann"]),
            world.hub.issue(5, at=day(2)),
            world.hub.issue(6, at=day(2), labels=["in progress", "on hold"]),
        ]
    )
    world.drain()
    with world.db.read() as tx:
        (project,) = projects.load(tx).facts.values()
        found = usual.flow(Walks(tx), project, now=day(3))
    progress, review = found.columns
    assert [(one.item.key, one.since) for one in review.waiting] == [("#1", day(1))]
    assert [(one.item.key, one.since) for one in progress.waiting] == [("#3", day(2)), ("#4", day(2))]
    assert [len(load.since) for load in found.loads] == [1]
