"""What memberships say of versions over a part of the recorded issues: the claims of docs/figures.md, made small."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import versions
from tests.services import jira_past
from tests.services.jira_world import JiraWorld

EVERY = 8


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JiraWorld]:
    jira_past.source()  # skips where there is none
    folder: Path = tmp_path_factory.mktemp("versions")
    world = versions.told(f"sqlite:///{folder / 'versions.db'}", every=EVERY)
    yield world
    world.close()


def test_every_move_between_versions_is_one_in_the_source_and_the_other_way_round(told: JiraWorld) -> None:
    found = versions.moves(told, every=EVERY)
    assert found.disagreeing == []
    assert sum(found.theirs.values()) > 30


def test_bookkeeping_and_carry_over_are_recognised(told: JiraWorld) -> None:
    found = versions.additions(told)
    assert found.versions > 20
    assert 0.2 < found.quick / found.joins < 0.5
    assert found.bookkeeping > 10
    assert found.carried > 3
    assert found.roles["member.added"] < found.total / 2
    assert sum(found.roles.values()) == found.total < found.joins
