"""Programmes and joined releases: what is refused, what is judged as one, in whatever order it is heard of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.errors import UserError
from app.services import connect, programmes
from app.services.explain import explain
from app.store import models, trackers
from app.time import real_now
from rules.facts import Milestone
from tests.integrations.jira import payloads as jira
from tests.services.two_trackers import TwoTrackers
from tests.world import LATE, MONDAY

NAMES = ("jira/PAY:5.2", "box/acme/shop:v5.2")
DUE = date(2026, 3, 20)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[TwoTrackers]:
    made = TwoTrackers(database_url, tmp_path)
    yield made
    made.close()


def save(world: TwoTrackers, *keys: str, name: str = "checkout", same_readers: bool = False) -> Any:
    return programmes.save(world.db, name=name, keys=keys, same_readers=same_readers, author="test", now=real_now())


def join(world: TwoTrackers, *names: str) -> Any:
    return programmes.join(world.db, name="checkout", milestones=names or NAMES, author="test", now=real_now())


def part(world: TwoTrackers, *names: str) -> Any:
    return programmes.part(world.db, name="checkout", milestones=names, author="test", now=real_now())


def version(**more: Any) -> dict[str, Any]:
    return jira.version("10001", **({"startDate": "2026-03-02", "releaseDate": DUE.isoformat()} | more))


def planned(world: TwoTrackers) -> tuple[list[Any], list[Any]]:
    """A version of PAY and a milestone of the repository with two items each: (of Jira, of the repository)."""
    made = jira.webhook("jira:version_created", at=MONDAY, version=version(projectId=10000))
    told = [made, *(world.issue(f"PAY-{n}", at=MONDAY, summary=f"Card {n}", fixVersions=[version()]) for n in (7, 8))]
    hub = world.hub
    posted = [
        hub.milestone(4, at=MONDAY, due=date(2026, 4, 1), title="v5.2"),
        hub.issue(1, at=MONDAY, title="Endpoint", milestone=4),
        hub.pull(2, at=MONDAY, title="PAY-7 Cards", milestone=4),
    ]
    return told, posted


def fill(world: TwoTrackers) -> None:
    told, posted = planned(world)
    for payload in told:
        world.tell(payload)
    world.play(posted)
    world.drain()


def named(world: TwoTrackers, title: str) -> Any:
    (row,) = world.rows(sa.select(models.milestone).where(models.milestone.c.title == title))
    return row


def judged(world: TwoTrackers, title: str) -> tuple[Milestone, set[str]]:
    """A milestone as it is judged, and the codes of its verdicts."""
    found = explain(world.db, "milestone", named(world, title).id, now=world.now)
    assert isinstance(found.subject, Milestone)
    return found.subject, {one.verdict.reason.code for one in found.judgements}


def test_a_programme_sweeps_its_lanes_and_says_who_reads_the_same(world: TwoTrackers) -> None:
    world.drain()
    world.sql(sa.delete(models.sweep))
    save(world, "PAY", "acme/shop", same_readers=True)
    with world.db.read() as tx:
        lanes = {row.lane_id for row in trackers.projects(tx) if row.key in ("PAY", "acme/shop")}
        (known,) = programmes.programmes(tx)
    assert {row.lane_id for row in world.rows(sa.select(models.sweep))} == lanes
    assert (known.name, known.same_readers, set(known.projects)) == ("checkout", True, {"PAY", "acme/shop"})
    told = [row.what for row in world.rows(sa.select(models.audit).where(models.audit.c.subject == "checkout"))]
    assert told == ["programme added"]


@pytest.mark.parametrize(
    ("keys", "words"),
    [(("PAY",), "at least two"), (("PAY", "PAY"), "at least two"), (("PAY", "NO"), "no project 'NO'")],
)
def test_a_programme_that_cannot_be_is_refused_by_name(world: TwoTrackers, keys: tuple[str, ...], words: str) -> None:
    with pytest.raises(UserError, match=words):
        save(world, *keys)
    with world.db.read() as tx:
        assert programmes.programmes(tx) == []


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("jira/PAY:5.2",), "at least two"),
        (("jira/PAY 5.2", "box/acme/shop:v5.2"), "TRACKER/PROJECT:TITLE"),
        (("jura/PAY:5.2", "box/acme/shop:v5.2"), "no tracker 'jura'"),
        (("jira/POY:5.2", "box/acme/shop:v5.2"), "no project 'POY'"),
        (("jira/OPS:5.2", "box/acme/shop:v5.2"), "not in the programme"),
        (("jira/PAY:5.3", "box/acme/shop:v5.2"), "did you mean '5.2'"),
    ],
)
def test_a_release_that_cannot_be_is_refused_by_name(world: TwoTrackers, names: tuple[str, ...], words: str) -> None:
    fill(world)
    save(world, "PAY", "acme/shop")
    with pytest.raises(UserError, match=words):
        join(world, *names)


def test_a_milestone_is_in_one_release_only_and_may_be_parted_by_any_name(world: TwoTrackers) -> None:
    fill(world)
    world.post(world.hub.milestone(5, at=MONDAY, title="v5.3"))
    world.drain()
    save(world, "PAY", "acme/shop")
    made = join(world)
    assert made.spelled == "jira/PAY:5.2 + box/acme/shop:v5.2"
    for names in (("box/acme/shop:v5.3", "box/acme/shop:v5.2"), ("box/acme/shop:v5.2", "box/acme/shop:v5.3")):
        with pytest.raises(UserError, match="another release"):
            join(world, *names)
    with pytest.raises(UserError, match="release of its own"):
        join(world, "box/acme/shop:v5.3", "jira/PAY:5.2")
    (apart,) = part(world, "box/acme/shop:v5.2")
    assert (apart, named(world, "v5.2").joined_to) == (made, None)
    with pytest.raises(UserError, match="joined to nothing"):
        part(world, "box/acme/shop:v5.2")


@pytest.mark.parametrize("order", ["jira first", "repository first", "joined before its items"])
def test_the_leader_has_the_members_of_all_and_the_parts_say_so(world: TwoTrackers, order: str) -> None:
    told, posted = planned(world)
    save(world, "PAY", "acme/shop", same_readers=True)
    if order == "repository first":
        world.play(posted)
        world.drain()
    if order == "joined before its items":
        world.tell(told.pop(0))
        world.post(posted.pop(0))
        world.drain()
        join(world)
    for payload in told:
        world.tell(payload)
    if order != "repository first":
        world.play(posted)
    world.drain()
    if order != "joined before its items":
        join(world)
    world.rules(LATE)
    world.drain()
    whole, _ = judged(world, "5.2")
    assert sorted(one.item.key for one in whole.members) == ["#1", "#2", "PAY-7", "PAY-8"]
    assert (whole.due, whole.leader) == (DUE, None)
    pull = next(one for one in whole.members if one.item.key == "#2")
    assert pull.closes == (next(one.item.id for one in whole.members if one.item.key == "PAY-7"),)
    beside, codes = judged(world, "v5.2")
    assert codes == {"engine.joined-elsewhere"}, "the repository is public"
    assert beside.leader is not None
    assert beside.leader.key == "5.2"
    world.at(MONDAY + timedelta(days=40))
    world.drain()
    assert [(rule, kind) for rule, kind, _ in flags(world)] == [("late", "milestone")]
    (standing,) = open_standings(world)
    assert standing.subject_id == named(world, "5.2").id
    assert standing.verdict["reason"]["values"]["open"] == 3, (
        "a pull request that does an issue's work is no other work"
    )


def open_standings(world: TwoTrackers) -> list[Any]:
    return world.rows(sa.select(models.standing).where(models.standing.c.closed_at.is_(None)))


def flags(world: TwoTrackers) -> list[tuple[str, str, int]]:
    names = dict(world.rows(sa.select(models.rule.c.id, models.rule.c.name)))
    return [(names[row.rule_id], row.subject_kind, row.subject_id) for row in open_standings(world)]


def test_what_happens_in_a_part_is_judged_in_the_lane_of_the_leader(world: TwoTrackers) -> None:
    fill(world)
    save(world, "PAY", "acme/shop", same_readers=True)
    join(world)
    world.rules(LATE)
    world.at(MONDAY + timedelta(days=40))
    world.drain()
    world.drain()
    late = world.now
    world.post(world.hub.close(1, at=late))
    world.drain()
    world.drain()
    (standing,) = open_standings(world)
    assert standing.verdict["reason"]["values"]["open"] == 2


def test_a_plan_that_was_made_before_takes_in_what_was_in_the_parts_then(world: TwoTrackers) -> None:
    fill(world)
    world.rules("{name: grown, type: scope-creep, mode: live, params: {min_items: 1, min_share: 0.1}}")
    world.at(MONDAY + timedelta(days=10))
    world.drain()
    world.wait(days=2)
    world.drain()
    world.sql(sa.update(models.baseline).values(frozen=True))
    save(world, "PAY", "acme/shop", same_readers=True)
    join(world)
    world.drain()
    assert open_standings(world) == [], "nothing was added to any of them"
    whole, _ = judged(world, "5.2")
    assert whole.baseline is not None
    assert set(whole.baseline.members) == {one.item.id for one in whole.members}
    part(world, "jira/PAY:5.2")
    world.drain()
    whole, _ = judged(world, "5.2")
    assert whole.baseline is not None
    assert sorted(one.item.key for one in whole.members if one.item.id in whole.baseline.members) == ["PAY-7", "PAY-8"]
    assert open_standings(world) == []


def test_parts_speak_for_themselves_again_when_their_leader_is_gone(world: TwoTrackers) -> None:
    fill(world)
    save(world, "PAY", "acme/shop")
    join(world, *reversed(NAMES))
    world.rules(LATE)
    world.drain()
    world.at(MONDAY + timedelta(days=40))
    world.drain()
    assert judged(world, "5.2")[1] == {"engine.joined"}
    world.post(world.hub.change_milestone(4, "deleted", at=world.now))
    world.drain()
    world.drain()
    assert judged(world, "5.2")[0].leader is None
    assert {row.subject_id for row in open_standings(world)} == {named(world, "5.2").id}


def test_parts_speak_for_themselves_again_when_their_leaders_project_is_watched_no_more(world: TwoTrackers) -> None:
    fill(world)
    save(world, "PAY", "acme/shop")
    join(world)
    world.rules(LATE)
    world.at(MONDAY + timedelta(days=40))
    world.drain()
    assert [row.subject_id for row in open_standings(world)] == [named(world, "5.2").id]
    connect.remove_project(world.db, key="PAY", author="test", now=real_now())
    world.drain()
    assert judged(world, "v5.2")[0].leader is None
    assert named(world, "v5.2").id in {row.subject_id for row in open_standings(world)}


def test_into_a_public_project_goes_no_word_of_the_others(world: TwoTrackers) -> None:
    fill(world)
    world.post(world.hub.issue(3, at=MONDAY, title="Release", labels=["release"], milestone=4))
    save(world, "PAY", "acme/shop", same_readers=True)
    join(world, *reversed(NAMES))
    world.rules(LATE)
    world.drain()
    world.at(MONDAY + timedelta(days=41))
    world.settle()
    (comment,) = world.comments(3)
    assert "4 of 4 items are open" in comment.body
    for word in ("Card", "PAY", "5.2 of", "2026-03-20"):
        assert word not in comment.body
    assert "an item elsewhere" in comment.body


def test_a_removed_programme_parts_its_releases(world: TwoTrackers) -> None:
    fill(world)
    save(world, "PAY", "acme/shop")
    made = join(world)
    assert programmes.remove(world.db, name="checkout", author="test", now=real_now()) == (made,)
    assert named(world, "v5.2").joined_to is None
    with world.db.read() as tx:
        assert programmes.programmes(tx) == []
    with pytest.raises(UserError, match="no programme 'checkout'"):
        programmes.remove(world.db, name="checkout", author="test", now=real_now())
    save(world, "PAY", "acme/shop", name="other")
