"""The history format: what is written reads back equal, is judged alike, and is taken in whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from app import bootstrap
from app.secret import SecretBox
from app.services.history import take
from app.services.history.load import load
from app.services.history.told import Told
from app.store import trackers
from app.store.database import Database
from app.store.scratch import copy, fill, scratch
from integrations.sandbox.replay import replay
from tests.integrations.github.fake_history import FakeHistory, serving
from tests.services import jira_past, past
from tests.services.histories import backtest, exported, flags, of_file, without_ids
from tests.services.jira_past import ASKED_AT, SITE, instant
from tests.services.jira_world import JiraWorld
from tests.services.test_two_ways import recorded, small, world_at
from tests.world import GROWN, KEY, LATE, STALLED

LIVELY = datetime(2014, 2, 10, tzinfo=UTC)
"""The end of a month in which much happened in the recorded Jira."""


@dataclass(frozen=True, slots=True)
class Played:
    """A database into which a recording was played, and the months of it that are judged."""

    db: Database
    lines: list[str]
    since: datetime
    until: datetime


@pytest.fixture(scope="module", params=["shipped", "recorded", "jira"])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """A GitHub repository as it is shipped for the demo, one that is recorded, and a Jira that is recorded."""
    url = f"sqlite:///{tmp_path_factory.mktemp('played') / 'played.db'}"
    if request.param == "jira":
        bootstrap.migrate_url(url)
        world = JiraWorld(url, jira_past.projects(9), at=instant(ASKED_AT), site=SITE)
        world.rules(STALLED, LATE, GROWN)
        world.tell(jira_past.told_versions(9))
        world.tell(jira_past.told(life) for life in jira_past.lives(9))
        world.drain()
        yield _played(world.db, until=LIVELY, days=25)
        world.close()
        return
    recording = small() if request.param == "shipped" else recorded()
    with serving(FakeHistory(recording)) as fake:
        github = world_at(url, fake)
        github.rules(STALLED, LATE, GROWN)
        github.deliver(replay(recording))
        github.drain()
        yield _played(github.db, until=past.END)
        github.close()


def _played(db: Database, *, until: datetime, days: int = 30) -> Played:
    with db.read() as tx:
        return Played(db, exported(tx), until - timedelta(days=days), until)


def test_a_backtest_of_the_file_finds_what_one_of_the_database_finds(played: Played) -> None:
    with played.db.read() as tx:
        ids = [row.id for row in trackers.projects(tx)]
        straight, _ = backtest(
            lambda made: copy(made, tx, ids), since=played.since, until=played.until, derive_all=False
        )
    read, instants = of_file(played.lines, since=played.since, until=played.until)
    assert flags(read) == flags(straight)
    assert straight.flags
    assert (read.errors, straight.errors) == ({}, {})
    assert instants == sorted(instants)


def test_a_file_that_is_taken_in_and_written_again_is_the_same(played: Played, sqlite_url: str) -> None:
    db = Database(sqlite_url)
    told = take.check(played.lines, source="test")
    taken = take.take(
        db, SecretBox([KEY]), lambda: played.lines, told=told, source="test", with_rules=False, author="test",
        now=played.until,
    )  # fmt: skip
    assert taken.twice == 0
    assert set(told.notes) <= {"a milestone is due before it starts: taken as it is"}  # which there is
    with db.read() as tx:
        again = exported(tx)
    db.dispose()
    leave = {"project": "created_at", "rule": ""}
    assert without_ids(again, leave_out=leave) == without_ids(played.lines, leave_out=leave)


def test_rules_and_their_versions_read_back_too(played: Played) -> None:
    with scratch() as tx:
        told = Told()
        fill(tx, load(played.lines, source="test", told=told))
        again = [line for line in exported(tx) if '"kind":"rule"' in line]
    assert again == [line for line in played.lines if '"kind":"rule"' in line]
    assert sorted({one.name for one in told.rules}) == ["grown", "late", "stalled"]
