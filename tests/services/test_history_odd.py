"""Strange but possible histories are judged or skipped with a reason; none stops a backtest or a drain."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.services import connect
from app.services.history import take
from app.services.history.load import load
from app.services.history.told import Told
from app.store import models, trackers
from app.time import real_now
from rules.catalog.registry import TYPES
from tests.services.histories import flags, of_file
from tests.services.odd_histories import BASE, lines
from tests.world import World

SINCE, UNTIL = BASE - timedelta(days=20), BASE + timedelta(days=30)
QUIETLY = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=25, **QUIETLY)
@given(lines())
def test_no_history_stops_a_backtest_of_every_type_of_rule(told: list[str]) -> None:
    found, instants = of_file(told, since=SINCE, until=UNTIL)
    assert found.errors == {}
    assert instants == sorted(instants)
    assert instants[0] == SINCE


@settings(max_examples=12, **QUIETLY)
@given(lines(), st.integers(0, 1000))
def test_the_order_of_changes_in_a_file_does_not_matter(told: list[str], seed: int) -> None:
    keyed = [
        json.dumps({**json.loads(line), "key": str(place)}) if '"change"' in line else line
        for place, line in enumerate(told)
    ]
    changes = [line for line in keyed if '"change"' in line]
    rest = [line for line in keyed if '"change"' not in line]
    shuffled = list(changes)
    random.Random(seed).shuffle(shuffled)
    one, _ = of_file([*rest, *changes], since=SINCE, until=UNTIL)
    other, _ = of_file([*rest, *shuffled], since=SINCE, until=UNTIL)
    assert flags(one) == flags(other)


@pytest.fixture(scope="module")
def world(shared_sqlite_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(shared_sqlite_url, tmp_path_factory.mktemp("odd"), watched=False, at=UNTIL)
    made.rules(
        *(f"{{name: {type_.name}, type: {type_.name}, mode: live}}" for type_ in TYPES if type_.name != "custom")
    )
    yield made
    made.close()


@settings(max_examples=12, **QUIETLY)
@given(told=lines())
def test_any_history_can_be_taken_in_judged_and_purged(world: World, told: list[str]) -> None:
    taken = take.take(
        world.db, world.vault, lambda: told, told=take.check(told, source="test"), source="test", with_rules=False,
        author="test", now=UNTIL,
    )  # fmt: skip
    world.drain()
    item = models.item
    assert world.rows(sa.select(item.c.key).where(item.c.judged_at.is_(None))) == []
    assert world.rows(sa.select(models.standing).where(models.standing.c.outcome == "error")) == []
    assert world.rows(sa.select(models.publication)) == []
    for key in taken.projects:
        for project_id in connect.remove_project(world.db, key=key, author="test", now=real_now()):
            connect.purge_project(world.db, project_id, key=key, author="test", now=real_now())
    for name in taken.trackers:
        connect.remove_tracker(world.db, name=name, author="test", now=real_now())
    assert world.rows(sa.select(item)) == []
    with world.db.read() as tx:
        assert trackers.trackers(tx) == [row for row in trackers.trackers(tx) if row.name == "box"]


def test_a_milestone_of_ten_thousand_items_is_judged() -> None:
    at = (BASE - timedelta(days=60)).isoformat()
    docs = [
        {"kind": "history", "version": 1},
        {"kind": "project", "key": "acme/big"},
        *(
            {"kind": "item", "id": str(number), "key": f"#{number}", "title": "", "created_at": at, "milestones": ["4"]}
            for number in range(10_000)
        ),
        {"kind": "milestone", "id": "4", "created_at": at, "due": (BASE + timedelta(days=1)).date().isoformat()},
    ]
    found, _ = of_file([json.dumps(doc) for doc in docs], since=BASE, until=BASE + timedelta(days=3))
    assert found.errors == {}
    assert "missed-milestone" in {one.rule for one in found.flags if one.subject[0] == "milestone"}


@pytest.mark.parametrize(
    ("doc", "said"),
    [
        ({"created_at": "2026-02-02T00:00:00Z", "closed_at": "2026-01-01T00:00:00Z"}, "an item was closed before it was made: taken as it is"),
        ({"open": True, "closed_at": "2026-03-01T00:00:00Z"}, "an item that is open and closed counts as open"),
        ({"open": True, "deleted_at": "2026-03-01T00:00:00Z"}, "an item that is open and deleted counts as deleted"),
        ({"due": "9999-12-31"}, "a due date after 2199 is read as none"),
        ({"milestones": ["x"]}, "milestone x is named, and stands nowhere in the file: nothing is judged by it"),
        ({"title": "a\x00b"}, None),
    ],
)  # fmt: skip
def test_what_is_strange_is_said_and_taken(doc: dict[str, object], said: str | None, tmp_path: Path) -> None:
    item = {"kind": "item", "id": "1", "key": "#1", "title": "", "created_at": "2026-02-02T00:00:00Z", **doc}
    docs = [{"kind": "history", "version": 1}, {"kind": "project", "key": "acme/odd"}, item]
    told = Told()
    rows = dict(load([json.dumps(one) for one in docs], source="test", told=told))
    assert {words: note.line for words, note in told.notes.items()} == ({said: 3} if said else {})
    assert [row["title"] for row in rows["item"]] == [str(item["title"]).replace("\x00", "")]
