"""Red checks, from recorded webhooks: GitHub's own examples hold a pull request whose one check ends red or green.

The recorded timelines of `shared/data` tell of no check at all, so these payloads are all there is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.store.link_facts import red_of
from tests.world import World

OPENED = datetime(2019, 5, 15, 15, 22, tzinfo=UTC)
RED = "{name: red, type: red-checks, params: {days: 3}}"
Payload = dict[str, Any]


@pytest.fixture
def examples(octokit_payloads: Path) -> dict[str, list[Payload]]:
    return {one["name"]: one["examples"] for one in json.loads(octokit_payloads.read_text("utf-8"))}


@pytest.fixture
def recorded(database_url: str, tmp_path: Path, examples: dict[str, list[Payload]]) -> Iterator[World]:
    """The repository of the examples, with its pull request just opened."""
    made = World(database_url, tmp_path, at=OPENED, watched=False)
    opened = next(one for one in examples["pull_request"] if one["action"] == "opened")
    repository = opened["repository"]
    made.watch(str(repository["id"]), repository["full_name"], calendar={"all_hours": True})
    made.rules(RED)
    made.send("pull_request", json.dumps(opened).encode())
    made.drain()
    yield made
    made.close()


def run(examples: dict[str, list[Payload]], conclusion: str) -> bytes:
    """The check run of the pull request's head that ended so."""
    found = (one for one in examples["check_run"] if one["check_run"]["conclusion"] == conclusion)
    return json.dumps(next(one for one in found if one["check_run"]["pull_requests"])).encode()


def test_a_recorded_run_that_ended_red_is_told_after_three_days(
    recorded: World, examples: dict[str, list[Payload]]
) -> None:
    recorded.send("check_run", run(examples, "failure"))
    recorded.drain()
    recorded.wait(days=2, hours=23, minutes=58)
    recorded.drain()
    assert recorded.flags() == []
    recorded.wait(minutes=2)
    recorded.drain()
    assert recorded.flags() == [("red", "item", 2)]


def test_a_recorded_run_that_ended_green_is_not(recorded: World, examples: dict[str, list[Payload]]) -> None:
    recorded.send("check_run", run(examples, "success"))
    recorded.drain()
    recorded.wait(days=10)
    recorded.drain()
    assert recorded.flags() == []


def test_what_was_red_on_an_earlier_head_says_nothing_of_the_new_one(world: World) -> None:
    hub = world.hub
    world.rules(RED)
    world.play([
        hub.pull(7, at=world.now, sha="aaaaaaa"),
        hub.check("aaaaaaa", "failure", at=world.now, name="build", pulls=(7,)),
        hub.check("aaaaaaa", "success", at=world.now, name="lint", pulls=(7,)),
    ])  # fmt: skip
    world.drain()
    world.wait(days=3)
    world.drain()
    assert world.flags() == [("red", "item", 7)]
    world.post(hub.push(7, "bbbbbbb", at=world.now))
    world.drain()
    assert world.flags() == []


def test_what_is_red_is_named_as_its_app_calls_it_and_a_suite_by_its_runs() -> None:
    def head(*names: str) -> SimpleNamespace:
        found = {f"{name}@f1": ["red", f"2026-03-0{day}T09:00:00Z", "f1"] for day, name in enumerate(names, start=2)}
        more = {
            "run:ci/lint@f1": ["green", "2026-03-01T09:00:00Z", "f1"],
            "run:ci/old@f0": ["red", "2026-02-01T09:00:00Z", "f0"],
        }
        return SimpleNamespace(head_sha="f1", checks=found | more)

    since = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert red_of(head("suite:ci", "run:ci/build / linux", "status:ci/x")) == (since, ("build / linux", "ci/x"))
    assert red_of(head("suite:ci")) == (since, ("ci",))
    assert red_of(head()) == (None, ())
