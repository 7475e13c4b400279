"""What is expected of a running sprint, from the sprints before it; a rule speaks by it, and a replay finds the same.

No recorded sprint tells its days (`shared/data/sprints` holds sums), so the cases are made by hand, of the webhooks
that a Jira Cloud sends: one-week sprints of three stories each.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import projects
from app.store import models as m
from rules.facts import Project
from tests.integrations.jira.payloads import SITE
from tests.services.jira_hub import JiraHub
from tests.services.jira_world import JiraWorld
from tests.services.live import again, pass_time, told_again, told_live
from tests.world import MONDAY

RULE = "{name: sprints, type: milestone-at-risk, params: {certainty: 0.8}}"
WEEK = timedelta(days=7)
STORIES = 3


@pytest.fixture
def world(sqlite_url: str) -> Iterator[JiraWorld]:
    made = JiraWorld(sqlite_url, {"10": "PAY"}, at=MONDAY - timedelta(days=1), site=SITE)
    made.rules(RULE)
    yield made
    made.close()


def sprints(count: int, *, finished: int) -> JiraHub:
    """Sprints one after the other, the last of which still runs; of three stories each so many are done in time, and
    the others go to the backlog.
    """
    hub = JiraHub(at=MONDAY - timedelta(hours=1))
    for number in range(1, count + 1):
        begins = MONDAY + (number - 1) * WEEK
        hub.now = begins
        hub.sprint(number, "created")
        stories = [hub.issue(f"PAY-{10 * number + place}") for place in range(STORIES)]
        for story in stories:
            hub.plan(story, number)
        days = {
            "startDate": f"{begins:%Y-%m-%d}T08:30:00.000Z",
            "endDate": f"{begins + 4 * WEEK / 7:%Y-%m-%d}T16:00:00.000Z",
        }
        hub.sprint(number, "started", **days)
        if number == count:
            return hub
        for place, story in enumerate(stories[:finished]):
            hub.now = begins + timedelta(days=2 + place)
            hub.status(story, "Done")
        hub.now = begins + timedelta(days=5)
        for story in stories[finished:]:
            hub.plan(story)
        hub.now = begins + timedelta(days=6)
        hub.sprint(number, "closed")
    return hub


def play(world: JiraWorld, hub: JiraHub, *, since: datetime, until: datetime) -> None:
    """Deliver every webhook at its own instant; from one on look at whatever becomes due in between."""
    for payload in hub.hooks:
        at = datetime.fromtimestamp(payload["timestamp"] / 1000, UTC)
        if at > since:
            pass_time(world, at)
        world.at(at)
        world.deliver([payload])
        if at > since:
            world.drain()
    pass_time(world, until)
    world.at(until)


def flags(world: JiraWorld) -> list[str]:
    return [row.code for row in world.rows(sa.select(m.standing).where(m.standing.c.closed_at.is_(None)))]


def known(world: JiraWorld) -> Project:
    with world.db.read() as tx:
        (found,) = projects.load(tx).facts.values()
    return found


def kept(world: JiraWorld, name: str) -> list[Any]:
    return world.rows(sa.select(m.statistic).where(m.statistic.c.name == name).order_by(m.statistic.c.as_of))


def test_a_team_whose_sprints_all_end_with_less_is_told_of_the_next_and_a_replay_tells_the_same(
    world: JiraWorld,
) -> None:
    since, until = MONDAY + 6 * WEEK, MONDAY + 7 * WEEK + timedelta(days=3)
    play(world, sprints(8, finished=1), since=since, until=until)
    assert flags(world) == ["milestone-at-risk.short"]
    risk = known(world).risks["shortfall"]
    assert (risk.own, risk.examples) == (True, 7)
    begin = since + timedelta(days=1)
    told = told_live(world, since=begin)
    assert told
    assert told_again(again(world, since=begin, until=until), since=begin) == told


def test_a_team_that_delivers_what_it_plans_hears_nothing(world: JiraWorld) -> None:
    play(world, sprints(8, finished=STORIES), since=MONDAY + 7 * WEEK, until=MONDAY + 7 * WEEK + timedelta(days=3))
    assert flags(world) == []
    assert known(world).risks["shortfall"].own
    assert kept(world, "outlook")[-1].value["chance"] < 0.5


def test_with_fewer_than_six_ended_sprints_the_documented_prior_gives_the_chance_and_no_rule_speaks(
    world: JiraWorld,
) -> None:
    play(world, sprints(5, finished=0), since=MONDAY + 4 * WEEK, until=MONDAY + 4 * WEEK + timedelta(days=3))
    risk = known(world).risks["shortfall"]
    assert (risk.own, risk.examples, set(risk.thresholds.values())) == (False, 4, {None})
    assert 0 < kept(world, "outlook")[-1].value["chance"] < 1
    assert flags(world) == []


def test_it_is_learnt_anew_when_another_sprint_has_ended_and_not_before(world: JiraWorld) -> None:
    play(world, sprints(3, finished=1), since=MONDAY, until=MONDAY + 2 * WEEK + timedelta(days=3))
    days = [(row.as_of - MONDAY).days for row in kept(world, "risk:shortfall")]
    looked = [row.value["examples"] for row in kept(world, "risk:shortfall")]
    assert looked == [0, 1, 2]
    assert len(days) == 3 and len(kept(world, "outlook")) > len(days)
