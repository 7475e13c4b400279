"""A project's flow is a subject of its own: looked at once a working day, on the pages alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.services.explain import explain
from app.store import models as m
from tests.services.live import again, play, told_again, told_live
from tests.world import MONDAY, World

RULE = "{name: busy, type: overload, mode: live, params: {in_progress: 2, days: 1}}"


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    made = World(database_url, tmp_path, at=MONDAY)
    yield made
    made.close()


def busy(world: World) -> None:
    """Four issues in progress at once, and one that is done on the sixth day; then all but one are."""
    world.rules(RULE)
    hooks = [world.hub.issue(n, at=MONDAY + timedelta(hours=n), labels=("in progress",)) for n in range(1, 6)]
    later = MONDAY + timedelta(days=6)
    hooks += [world.hub.close(n, at=later + timedelta(hours=n)) for n in range(1, 5)]
    play(world, hooks, until=MONDAY + timedelta(days=12))


def test_too_much_at_once_opens_and_clears_as_days_go_by(world: World) -> None:
    busy(world)
    ((name, kind, project_id, opened),) = told_live(world, since=MONDAY)
    assert (name, kind) == ("busy", "flow")
    assert project_id == world.rows(m.project.select())[0].id
    assert opened.date() == (MONDAY + timedelta(days=1)).date()
    assert list(told_live(world, since=MONDAY).values()) != [None]


def test_it_says_nothing_in_the_tracker(world: World) -> None:
    busy(world)
    assert world.rows(m.publication.select().where(m.publication.c.want_body.is_not(None))) == []
    assert [row.shown_on for row in world.rows(m.standing.select())] == [None]


def test_its_past_is_judged_again_as_it_was(world: World) -> None:
    busy(world)
    found = again(world, since=MONDAY - timedelta(minutes=1), until=MONDAY + timedelta(days=12))
    assert told_again(found, since=MONDAY) == told_live(world, since=MONDAY)


def test_why_is_told_of_a_flow_too(world: World) -> None:
    busy(world)
    (project_id,) = (row.id for row in world.rows(m.project.select()))
    told = explain(world.db, "flow", project_id, now=MONDAY + timedelta(days=3))
    assert [one.rule.name for one in told.judgements] == ["busy"]
