"""Forecasts are made once a working day from what the team did, kept, and read as facts by the rules about dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.services import projects
from app.store import milestone_facts
from app.store import models as m
from integrations.sandbox.replay import Webhook
from tests.services.live import again, play, told_again, told_live
from tests.world import MONDAY, World

RULES = ("{name: risk, type: milestone-at-risk, mode: live, params: {least_weeks: 4, least_done: 5}}",)
START, END = MONDAY, MONDAY + timedelta(days=60)


pytestmark = pytest.mark.usefixtures("few_trials")


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    made = World(database_url, tmp_path, at=START, calendar={"weekdays": [0, 1, 2, 3, 4]})
    yield made
    made.close()


def story(world: World) -> list[Webhook]:
    """Forty items for a date nine weeks off, of which one is done every other day: that is far too few."""
    hub = world.hub
    hooks = [hub.milestone(1, at=START, due=date(2026, 5, 8))]
    for n in range(1, 41):
        hooks.append(hub.issue(n, at=START + timedelta(minutes=n)))
        hooks.append(hub.plan(n, 1, at=START + timedelta(minutes=n, seconds=30)))
    hooks += [hub.close(n, at=START + timedelta(days=2 * n + 3)) for n in range(1, 25)]
    return hooks


def test_a_milestone_that_will_not_be_done_is_called_at_risk_before_its_date_and_in_a_replay_too(
    world: World,
) -> None:
    world.rules(*RULES)
    play(world, story(world), until=END)
    kept = world.rows(sa.select(m.statistic).where(m.statistic.c.name == "forecast"))
    assert len({row.as_of.date() for row in kept}) == len(kept) > 20
    with world.db.read() as tx:
        known = projects.load(tx).facts
        (milestone,) = milestone_facts.load_milestones(tx, [kept[0].subject_id], projects=known).values()
    assert [one.as_of for one in milestone.forecasts] == sorted(one.as_of for one in milestone.forecasts)
    assert milestone.forecasts[-1].open_items == sum(one.state.is_open for one in milestone.members)
    ((rule, kind, _, opened),) = told_live(world, since=START)
    assert (rule, kind) == ("risk", "milestone")
    assert opened.date() < date(2026, 4, 30)
    since = START - timedelta(minutes=1)
    assert told_again(again(world, since=since, until=END), since=since) == told_live(world, since=since)


def test_a_team_that_has_only_begun_is_not_taken_for_an_idle_one(world: World) -> None:
    """A whole history that began three weeks ago: the weeks before it were no weeks of doing nothing."""
    world.rules(*RULES)
    play(world, story(world), until=START + timedelta(days=21))
    kept = world.rows(sa.select(m.statistic).where(m.statistic.c.name == "forecast"))
    assert kept
    assert all(row.value["weeks"] < 4 for row in kept)
