"""Quiet pull requests are taken as examples, told how they ended, and learnt from; rules speak by it, replays too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import projects, statistics
from app.store import answers
from app.store import models as m
from integrations.sandbox.replay import Webhook
from rules.facts import Project
from tests.services.live import again, play, told_again, told_live
from tests.world import MONDAY, World

RULE = "{name: quiet, type: stalled-review, mode: live, params: {certainty: 0.6}}"
BODY = "What it does, why, and how it was tried. " * 20


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    made = World(database_url, tmp_path, at=MONDAY)
    yield made
    made.close()


def day(number: float) -> datetime:
    return MONDAY + timedelta(days=number)


def examples(world: World) -> list[Any]:
    query = sa.select(m.example, m.item.c.number).join(m.item, m.item.c.id == m.example.c.item_id)
    return world.rows(query.order_by(m.example.c.at, m.item.c.number))


def risks(world: World) -> list[Any]:
    return world.rows(
        sa.select(m.statistic).where(m.statistic.c.name == "risk:quiet-pull").order_by(m.statistic.c.as_of)
    )


def known(world: World) -> Project:
    with world.db.read() as tx:
        (found,) = projects.load(tx).facts.values()
    return found


def pull(world: World, number: int, when: float, **values: Any) -> Webhook:
    return world.hub.pull(number, at=day(when), **({"body": BODY} | values))


def say_wrong(world: World, number: int, at: datetime) -> None:
    """Somebody answered `/plumb wrong`, and it was taken."""
    item = world.item(number)
    with world.db.write() as tx:
        heard = answers.Heard(item.id, f"wrong-{number}", at, None, "ann", "wrong", {}, status=answers.TAKEN)
        answers.hear(tx, item.project_id, [heard])


def test_a_pull_request_is_taken_once_for_each_time_that_it_is_quiet(world: World) -> None:
    hooks = [pull(world, 1, 1), pull(world, 2, 1), world.hub.issue(3, at=day(1))]
    hooks += [world.hub.push(2, "b" * 40, at=day(20)), world.hub.push(1, "c" * 40, at=day(40))]
    play(world, hooks, until=day(80))
    taken = [(row.number, (row.at - MONDAY).days) for row in examples(world)]
    assert taken == [(1, 31), (2, 50), (1, 70)]
    assert all(row.bad is None and row.inputs["reviewed"] == 0.0 for row in examples(world))


def test_without_enough_of_its_own_the_documented_prior_speaks(world: World) -> None:
    play(world, [pull(world, 1, 1)], until=day(40))
    (row,) = risks(world)
    risk = known(world).risks["quiet-pull"]
    assert (risk.as_of, risk.own, risk.examples) == (row.as_of, False, 0)
    assert dict(risk.thresholds) == {"0.6": None, "0.7": None, "0.8": None, "0.9": None}


def test_a_project_without_quiet_pull_requests_keeps_nothing(world: World) -> None:
    play(world, [world.hub.issue(1, at=day(1)), pull(world, 2, 60)], until=day(80))
    assert (examples(world), risks(world), dict(known(world).risks)) == ([], [], {})


def test_what_the_rule_leaves_out_is_no_example(world: World) -> None:
    hooks = [pull(world, 1, 1), world.hub.label(1, "on hold", at=day(1)), pull(world, 2, 1, author="renovate[bot]")]
    play(world, hooks, until=day(50))
    assert examples(world) == []


def test_one_that_was_dormant_before_it_was_known_is_no_example(world: World) -> None:
    play(world, [pull(world, 1, -120)], until=day(1))
    assert examples(world) == []


def test_how_each_ended_is_told_and_learnt_from(world: World) -> None:
    hub = world.hub
    hooks = [pull(world, number, 1) for number in (1, 2, 3, 4)]
    hooks += [hub.close(1, at=day(40), merged=True), hub.close(2, at=day(41))]
    play(world, hooks, until=day(60), acts={day(45): lambda: say_wrong(world, 3, day(45))})
    told = {row.number: row.bad for row in examples(world)}
    assert told == {1: False, 2: True, 3: False, 4: None}
    world.at(day(31 + 179))  # at once: the days between bring nothing
    play(world, [], until=day(31 + 179))
    assert {row.number: row.bad for row in examples(world)}[4] is None
    world.at(day(31 + 182))
    play(world, [], until=day(31 + 182))
    (last,) = [row for row in examples(world) if row.number == 4]
    assert last.bad and last.ended_at - last.at >= timedelta(days=180)
    made = [(row.as_of - MONDAY).days for row in risks(world)]
    assert made == [31, 40, 41, 45, 31 + 182]
    assert known(world).risks["quiet-pull"].examples == 4


def test_what_was_said_wrong_before_is_no_answer_to_it(world: World) -> None:
    hooks = [pull(world, 1, 1), world.hub.close(1, at=day(41))]
    play(world, hooks, until=day(60), acts={day(10): lambda: say_wrong(world, 1, day(10))})
    assert [row.bad for row in examples(world)] == [True]


def test_the_same_day_made_twice_is_kept_once(world: World) -> None:
    play(world, [pull(world, 1, 1)], until=day(40))
    (project,) = world.rows(sa.select(m.project))
    assert not statistics.refresh(world.db, project.id, ringer=world.bells)
    world.sql(sa.update(m.project).values(refresh_at=None))
    assert statistics.refresh(world.db, project.id, ringer=world.bells)
    assert len(examples(world)) == len(risks(world)) == 1


def unmerged(world: World) -> list[Webhook]:
    """Twenty pull requests that were closed after forty quiet days, then three that nobody moves either."""
    hooks = []
    for number in range(1, 21):
        hooks += [pull(world, number, number), world.hub.close(number, at=day(number + 45))]
    return hooks + [pull(world, number, 60 + number) for number in (31, 32, 33)]


def test_a_project_whose_quiet_ones_were_not_merged_is_told_so_early(world: World) -> None:
    world.rules(RULE)
    play(world, unmerged(world), until=day(130))
    risk = known(world).risks["quiet-pull"]
    assert risk.own and risk.examples == 20
    assert risk.thresholds["0.6"] is not None
    late = {world.item(number).id: number for number in (31, 32, 33)}
    opened = {late[id_]: at for (_, _, id_, at) in told_live(world, since=MONDAY) if id_ in late}
    assert opened == {number: day(60 + number + 30) for number in (31, 32, 33)}


def test_its_past_judged_again_speaks_by_what_was_known_then(world: World) -> None:
    world.rules(RULE)
    play(world, unmerged(world), until=day(130))
    live = told_live(world, since=MONDAY)
    assert any(at < day(70) for *_, at in live) and any(at > day(90) for *_, at in live)
    assert told_again(again(world, since=MONDAY - timedelta(minutes=1), until=day(130)), since=MONDAY) == live
    middle = day(75)
    found = told_again(again(world, since=middle, until=day(130)), since=middle)
    assert found == {flag: closed for flag, closed in live.items() if flag[3] > middle}
