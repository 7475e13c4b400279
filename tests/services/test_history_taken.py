"""A history taken in: judged and shown like what is watched, never written to, and in whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.errors import UserError
from app.services import connect
from app.services.history import take
from app.services.history.export import export, header_of
from app.services.history.mistakes import HistoryError
from app.services.history.take import Taken
from app.store import history as store
from app.store import models, trackers
from app.time import real_now
from tests.services.histories import exported
from tests.world import LATE, MONDAY, STALLED, World

MADE = (MONDAY - timedelta(days=30)).isoformat()
LINES: list[dict[str, Any]] = [
    {"kind": "history", "version": 1},
    {"kind": "tracker", "id": "t", "name": "box"},
    {"kind": "project", "key": "acme/past"},
    {"kind": "settings", "settings": {"blocked_labels": ["stuck"]}},
    {"kind": "person", "id": "ann", "parts": [{"project": "acme/past"}]},
    {"kind": "item", "id": "1", "key": "#1", "title": "Quiet work", "created_at": MADE, "assignees": ["ann"],
     "milestones": ["4"], "author": "ann"},
    {"kind": "item", "id": "2", "key": "#2", "title": "The release", "created_at": MADE, "milestones": ["4"]},
    {"kind": "milestone", "id": "4", "title": "2.4", "due": "2026-02-20", "created_at": MADE, "home": "2"},
    {"kind": "link", "source": "1", "link_kind": "blocks", "target": "acme/past#2"},
    {"kind": "change", "item": "1", "field": "comment", "at": MADE, "who": "ann", "key": "a"},
    {"kind": "change", "item": "1", "field": "comment", "at": MADE, "who": "ann", "key": "a"},
    {"kind": "rule", "name": "stalled", "rule_type": "stalled-work", "mode": "live"},
    {"kind": "rule", "name": "new", "rule_type": "stalled-work", "mode": "live"},
]  # fmt: skip
TABLES = (
    "tracker",
    "project",
    "person",
    "item",
    "milestone",
    "change",
    "link",
    "membership",
    "lane",
    "project_settings",
)


def text(docs: Iterable[dict[str, Any]]) -> list[str]:
    return [json.dumps(doc) for doc in docs]


def take_in(world: World, docs: Iterable[dict[str, Any]] = LINES, *, with_rules: bool = False) -> Taken:
    lines = text(docs)
    told = take.check(lines, source="test")
    return take.take(
        world.db, world.vault, lambda: lines, told=told, source="test", with_rules=with_rules, author="test",
        now=world.now,
    )  # fmt: skip


def counts(world: World) -> dict[str, int]:
    return {
        name: world.rows(sa.select(sa.func.count()).select_from(models.metadata.tables[name]))[0][0] for name in TABLES
    }


def test_it_is_judged_and_shown_beside_what_is_watched(world: World) -> None:
    world.rules(STALLED, LATE)
    taken = take_in(world)
    assert (taken.trackers, taken.projects, taken.rules, taken.twice) == (("box 2",), ("acme/past",), (), 1)
    world.drain()
    assert [flag[:2] for flag in world.flags()] == [("late", "milestone"), ("stalled", "item")]
    assert world.item(1).derived["acted_at"] is not None
    assert world.rows(sa.select(models.milestone.c.members_total)) == [(2,)]
    (link,) = world.rows(sa.select(models.link))
    assert link.target_item_id == world.item(2).id
    assert (
        world.rows(sa.select(models.standing.c.shown_on).where(models.standing.c.subject_kind == "milestone"))[0][0]
        == world.item(2).id
    )


def test_nothing_is_ever_written_to_it_however_live_the_rules_are(world: World) -> None:
    world.rules(STALLED, LATE)
    take_in(world)
    for _ in range(3):
        world.settle()
    assert world.calls() == []
    assert world.rows(sa.select(models.publication)) == []


def test_who_sends_to_the_hook_of_its_tracker_is_refused(world: World) -> None:
    take_in(world)
    secret = world.rows(sa.select(models.tracker.c.webhook_secret).where(models.tracker.c.name == "box 2"))[0][0]
    assert len(world.vault.open(secret)) == 64


def test_a_second_time_it_is_refused_and_changes_nothing(world: World) -> None:
    take_in(world)
    before = counts(world)
    with pytest.raises(UserError, match="Watched here already: acme/past \\(on box 2\\)"):
        take_in(world)
    assert counts(world) == before


def test_what_was_purged_can_be_taken_in_again(world: World) -> None:
    empty = counts(world)
    take_in(world)
    world.rules(STALLED, LATE)
    world.drain()
    (project_id,) = connect.remove_project(world.db, key="acme/past", author="test", now=real_now())
    assert connect.purge_project(world.db, project_id, key="acme/past", author="test", now=real_now()) > 10
    assert counts(world)["item"] == empty["item"]
    connect.remove_tracker(world.db, name="box 2", author="test", now=real_now())
    assert take_in(world).trackers == ("box 2",)
    world.drain()
    assert [flag[:2] for flag in world.flags()] == [("late", "milestone"), ("stalled", "item")]


def test_an_import_that_breaks_off_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = counts(world)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is full")

    for where in ("derive", "show"):
        with monkeypatch.context() as patch:
            patch.setattr(take._Coming, where, broken)
            with pytest.raises(RuntimeError):
                take_in(world)
        assert counts(world) == before


def test_what_a_killed_import_left_is_never_seen_and_goes_with_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(take._Coming, "show", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        patch.setattr(take._Coming, "undo", lambda _self: None)  # killed: nobody tidies up
        with pytest.raises(KeyboardInterrupt):
            take_in(world)
    with world.db.read() as tx:
        assert [row.key for row in trackers.projects(tx)] == ["acme/shop"]
        assert store.broken_off(tx, before=real_now() + timedelta(days=1)) != []
    world.sql(
        sa.update(models.project)
        .where(models.project.c.status == store.COMING)
        .values(removed_at=real_now() - timedelta(hours=1))
    )
    take_in(world)
    assert len(world.rows(sa.select(models.item))) == 2
    assert [row.key for row in world.rows(sa.select(models.project))] == ["acme/shop", "acme/past"]


def test_its_rules_come_only_when_asked_for_and_never_live_nor_over_ones_that_are_here(world: World) -> None:
    world.rules(STALLED)
    assert take_in(world, with_rules=True).rules == ("new",)
    rows = world.rows(
        sa.select(models.rule.c.name, models.rule_version.c.mode).join(models.rule_version).order_by(models.rule.c.name)
    )
    assert [tuple(row) for row in rows] == [("new", "observe"), ("stalled", "live")]


def test_a_file_with_a_mistake_far_down_is_refused_before_anything_is_put_in(world: World) -> None:
    before = counts(world)
    many = [{**LINES[9], "key": str(number)} for number in range(5000)]
    with pytest.raises(HistoryError, match="test:5014:1: item: there is no such item above"):
        take_in(world, [*LINES, *many, {"kind": "change", "item": "9", "field": "comment", "at": MADE}])
    assert counts(world) == before


def test_what_was_over_before_a_day_is_left_out_and_not_known(world: World) -> None:
    old = (MONDAY - timedelta(days=90)).isoformat()
    gone = {"kind": "item", "id": "0", "key": "#9", "title": "Old", "created_at": old, "closed_at": old}
    told = {"kind": "change", "item": "0", "field": "comment", "at": old}
    take_in(world, [*LINES[:5], gone, *LINES[5:], told])
    since = MONDAY.date() - timedelta(days=31)
    with world.db.read() as tx:
        store.hold_still(tx)
        docs = [json.loads(line) for line in exported(tx, since=since)]
    assert [doc["title"] for doc in docs if doc["kind"] == "item"] == ["Quiet work", "The release"]
    assert len([doc for doc in docs if doc["kind"] == "change"]) == 1
    assert {doc["known_from"] for doc in docs if doc["kind"] == "project"} >= {f"{since}T00:00:00Z"}
    assert docs[0] == {
        "kind": "history",
        "version": 1,
        "since": str(since),
        "made_at": docs[0]["made_at"],
        "made_by": "test",
    }


def test_a_file_tells_of_one_state_whatever_happens_while_it_is_written(world: World) -> None:
    take_in(world)
    with world.db.read() as tx:
        store.hold_still(tx)
        projects = trackers.projects(tx)
        world.sql(sa.update(models.item).values(title="Renamed meanwhile"))
        header = header_of(since=None, now=world.now, made_by="test")
        titles = [json.loads(line)["title"] for line in export(tx, projects, header=header) if '"kind":"item"' in line]
    assert titles == ["Quiet work", "The release"]


def test_nothing_secret_is_in_a_file(world: World) -> None:
    world.post(world.hub.issue(7, at=world.now))
    world.drain()
    with world.db.read() as tx:
        found = "\n".join(exported(tx))
        sealed = [row.webhook_secret for row in tx.execute(sa.select(models.tracker))]
        sealed += [row.credentials for row in tx.execute(sa.select(models.connection))]
    assert '"title":' in found
    assert sealed and not [one for one in sealed if one in found]
    assert "a webhook's secret" not in found
