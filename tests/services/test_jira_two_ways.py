"""Recorded issues of a Jira known by its webhooks and known by asking: equal but for what the table in the docs says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from app.store import models, subjects
from integrations.readings import Field
from tests.picture import differences, picture
from tests.services import jira_past
from tests.services.jira_past import ASKED_AT, SITE, instant
from tests.services.jira_world import JiraWorld
from tests.support import ROOT

TABLE = (ROOT / "docs" / "two-ways.md").read_text("utf-8").partition("\n## Jira\n")[2]
NOT_JIRAS = {"reviewer", "draft", "review", "review_comment", "push", "lock", "queue"}
EVERY = {"slice": 9, "few": 30, "whole": 1}


def told_alike() -> set[str]:
    text = TABLE.split("Told alike", 1)[1].split("Told by one way", 1)[0]
    return set(re.findall(r"`(\w+)`", text))


def one_way() -> dict[str, tuple[str, str]]:
    """Kinds of changes in the table: what webhooks tell, what an import tells."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|", TABLE, re.MULTILINE)
    return {name: (hooks.strip(), told.strip()) for name, hooks, told in rows}


class Both:
    """The same issues twice: `hooked` by webhooks in order, `asked` by what Jira tells at the end."""

    def __init__(self, urls: tuple[str, str], every: int) -> None:
        self.every = every
        projects = jira_past.projects(every)
        self.hooked, self.asked = (JiraWorld(url, projects, at=instant(ASKED_AT), site=SITE) for url in urls)
        lives = jira_past.lives(every)
        hooks = sorted([*jira_past.stream(lives), *jira_past.version_webhooks(every)], key=lambda hook: hook[0])
        self.hooked.deliver(payload for _, payload in hooks)
        self.asked.tell(jira_past.told_versions(every))
        self.asked.tell(jira_past.told(life) for life in lives)
        for world in self.worlds:
            world.drain()
            world.wait(days=3)  # baselines are drawn up anew for a day, and then stand
            with world.db.write() as tx:
                subjects.add_sweep(tx, [world.lane_id], reason="test")
            world.drain()
        self.pictures = picture(self.hooked), picture(self.asked)

    @property
    def worlds(self) -> tuple[JiraWorld, JiraWorld]:
        return self.hooked, self.asked


@pytest.fixture(
    scope="module",
    params=[
        ("slice", "sqlite"),
        ("few", "postgres"),
        pytest.param(("whole", "sqlite"), marks=pytest.mark.long),
    ],
    ids="-".join,
)
def both(request: pytest.FixtureRequest) -> Iterator[Both]:
    size, kind = request.param
    jira_past.source()  # skips where there is none
    made = Both(tuple(request.getfixturevalue(f"{one}_{kind}_url") for one in ("shared", "other")), EVERY[size])  # type: ignore[arg-type]
    yield made
    for world in made.worlds:
        world.close()


def changes(both: Both, part: int) -> list[tuple[Any, ...]]:
    """(natural key, at, field, actor, before, after, url, item, milestone) of every change."""
    return [key for key, number in both.pictures[part]["changes"].items() for _ in range(number)]


def test_everything_is_taken_in_and_no_item_asked_for(both: Both) -> None:
    for world in both.worlds:
        assert set(world.counts()) == {"done"}
        assert len(world.rows(sa.select(models.wanted_read))) <= len(both.pictures[0]["items"]) // 500
    assert len(both.pictures[0]["items"]) == len(jira_past.lives(both.every))


def test_current_fields_of_items_are_equal(both: Both) -> None:
    left_out = {"guards", "derived"}  # as of when it is known; and what carries the addresses that the table tells of
    one, other = (
        {"items": {n: {k: v for k, v in row.items() if k not in left_out} for n, row in found["items"].items()}}
        for found in both.pictures
    )
    assert differences(one, other) == []
    assert sum(bool(row["milestone_natives"]) for row in one["items"].values()) > len(one["items"]) // 3


def test_versions_are_equal(both: Both) -> None:
    left_out = {"as_of", "dues"}  # the table says so
    one, other = (
        {
            "milestones": {
                n: {k: v for k, v in row.items() if k not in left_out} for n, row in found["milestones"].items()
            }
        }
        for found in both.pictures
    )
    assert differences(one, other) == [], "and so are epics"
    kinds = Counter(row["kind"] for row in one["milestones"].values())
    assert kinds["version"] == len(jira_past.versions(both.every))
    assert sum(row["released"] for row in one["milestones"].values()) > 60 // both.every


def test_memberships_and_links_are_equal(both: Both) -> None:
    for part in ("memberships", "links"):
        assert both.pictures[0][part] == both.pictures[1][part], part
    stays = both.pictures[0]["memberships"]
    assert max(stays.values()) == 1
    assert sum(left is not None for _, _, _, left in stays) > 60 // both.every


def test_baselines_are_equal(both: Both) -> None:
    one, other = (_baselines(world) for world in both.worlds)
    assert one == other
    assert all(frozen for _, frozen, _ in one.values())
    assert sum(bool(members) for _, _, members in one.values()) > 100 // both.every


def _baselines(world: JiraWorld) -> dict[str, tuple[object, bool, frozenset[str]]]:
    natives = {row.id: row.native_id for row in world.rows(sa.select(models.item))}
    rows = world.rows(sa.select(models.baseline, models.milestone.c.native_id).join(models.milestone))
    return {row.native_id: (row.as_of, row.frozen, frozenset(natives[int(id_)] for id_ in row.members)) for row in rows}


def test_changes_told_alike_are_equal_as_multisets(both: Both) -> None:
    hooked, asked = (
        Counter((key[:4], key[4:6] if key[2] != "assignee" else (), key[7:]) for key in changes(both, part) if key[2] in told_alike())
        for part in (0, 1)
    )  # fmt: skip
    assert hooked == asked
    assert max(hooked.values()) == 1
    assert {key[0][2] for key in hooked} >= {
        "state",
        "title",
        "body",
        "assignee",
        "milestone",
        "comment",
        "link",
        "type",
    }


def test_pages_and_names_differ_only_as_documented(both: Both) -> None:
    names: dict[str, set[str]] = {}
    for history in (history for life in jira_past.lives(both.every) for history in life.histories):
        for entry in history["items"]:
            for side in ("from", "to"):
                if entry["field"] == "assignee" and entry[side]:
                    names.setdefault(entry[f"{side}String"], set()).add(entry[side])
    moved = {
        life.native_id for life in jira_past.lives(both.every) for history in life.histories for entry in history["items"]
        if entry["field"] == "Key"
    }  # fmt: skip
    asked = {key[0]: key for key in changes(both, 1)}
    for key in changes(both, 0):
        if key[2] in one_way():
            continue
        other = asked[key[0]]
        assert key[6] == other[6] or (key[2] == "comment" and key[6] is None) or key[7] in moved, key
        for mine, theirs in zip(key[4:6], other[4:6], strict=True):
            known = [{word} | names.get(word, set()) for word in (mine, theirs)]
            assert mine == theirs or (key[2] == "assignee" and known[0] & known[1]), key


def test_what_one_way_cannot_know_is_what_the_table_says(both: Both) -> None:
    hooked, asked = ({key[2] for key in changes(both, part)} for part in (0, 1))
    table = one_way()
    assert told_alike() | table.keys() | NOT_JIRAS == {field.value for field in Field}
    assert not told_alike() & table.keys()
    for name, (by_hooks, by_import) in table.items():
        assert name not in hooked or by_hooks != "no"
        assert name not in asked or by_import != "no"
    assert hooked - asked == {"milestone_state"}
    assert not asked - hooked
    assert not (hooked | asked) & NOT_JIRAS
