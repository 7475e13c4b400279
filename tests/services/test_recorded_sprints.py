"""Sprints that take in work, and work in them without an estimate, through the real core.

No recorded history tells who joined a sprint when, or how big one issue was: the issues of `shared/data/jira` were in
none and have no sizes, and its sprints are sums. So the cases are made by hand, of the webhooks that a Jira Cloud sends.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.store import models
from tests.integrations.jira.payloads import SITE
from tests.services.jira_hub import JiraHub
from tests.services.jira_world import JiraWorld
from tests.services.recorded import flags
from tests.world import MONDAY

RULE = "{name: takes-in, type: sprint-injection, params: {ask_swap: true}}"
DAYS = {"startDate": "2026-03-02T08:00:00.000Z", "endDate": "2026-03-13T16:00:00.000Z"}


@pytest.fixture
def hub() -> JiraHub:
    """A sprint that began this Monday with two stories of three points; a third one is in the backlog."""
    made = JiraHub(at=MONDAY - timedelta(days=1))
    made.sprint(31, "created")
    for key in ("PAY-1", "PAY-2", "PAY-3"):
        made.points(made.issue(key), 3)
    for native in list(made.issues)[:2]:
        made.plan(native, 31)
    made.sprint(31, "started", **DAYS)
    return made


@pytest.fixture
def world(database_url: str) -> Iterator[JiraWorld]:
    made = JiraWorld(database_url, {"10": "PAY"}, at=MONDAY, site=SITE)
    made.rules(RULE)
    yield made
    made.close()


def flagged(world: JiraWorld, hub: JiraHub) -> list[str]:
    """What is flagged two days after the last that happened, by code."""
    world.deliver(hub.hooks)
    world.at(hub.now + timedelta(days=2))
    world.drain()
    standing = models.standing
    return [row.code for row in world.rows(sa.select(standing).where(standing.c.closed_at.is_(None)))]


def test_a_story_that_came_in_on_wednesday_is_told(world: JiraWorld, hub: JiraHub) -> None:
    hub.now = MONDAY + timedelta(days=2)
    hub.plan(list(hub.issues)[2], 31)
    assert flagged(world, hub) == ["sprint-injection.came"]


def test_one_that_was_swapped_for_another_or_came_on_the_first_day_is_not(world: JiraWorld, hub: JiraHub) -> None:
    hub.plan(list(hub.issues)[2], 31)
    hub.now = MONDAY + timedelta(days=2)
    late = hub.issue("PAY-4")
    hub.points(late, 3)
    hub.plan(next(iter(hub.issues)))
    hub.plan(late, 31)
    assert flagged(world, hub) == []


UNSIZED = "{name: unsized, type: unestimated-work}"


@pytest.mark.parametrize(("sized", "told"), [(4, ["PAY-5"]), (3, [])])
def test_an_issue_without_a_size_is_told_where_four_of_five_have_one(
    database_url: str, sized: int, told: list[str]
) -> None:
    hub = JiraHub(at=MONDAY - timedelta(days=1))
    hub.sprint(31, "created")
    for number in range(1, 6):
        native = hub.issue(f"PAY-{number}")
        hub.plan(native, 31)
        if number <= sized:
            hub.points(native, 3)
    hub.plan(hub.issue("PAY-6", kind="Sub-task", parent=next(iter(hub.issues))), 31)  # neither asked nor counted
    hub.sprint(31, "started", **DAYS)
    world = JiraWorld(database_url, {"10": "PAY"}, at=MONDAY, site=SITE)
    world.rules(UNSIZED)
    world.deliver(hub.hooks)
    world.drain()
    assert flags(world) == []  # the day on which it is planned
    world.at(MONDAY + timedelta(days=1))
    world.drain()
    assert flags(world) == [("unsized", key) for key in told]
    world.close()
