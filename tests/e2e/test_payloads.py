"""Every payload that GitHub's own examples hold is taken in: as facts, or with the reason why not. None as an error."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.store import models
from tests.world import World

PAYLOADS = 329


@pytest.fixture
def examples(octokit_payloads: Path) -> list[tuple[str, dict[str, Any]]]:
    found = json.loads(octokit_payloads.read_text("utf-8"))
    return [(event["name"], payload) for event in found for payload in event["examples"]]


def outcomes(world: World) -> Counter[str]:
    rows = world.rows(
        sa.select(models.delivery.c.event, models.delivery.c.status, models.delivery.c.reason, models.delivery.c.trace)
    )
    bad = [(row.event, row.status, row.reason) for row in rows if row.status not in ("done", "ignored") or row.trace]
    assert bad == []
    unsaid = [row.event for row in rows if row.status == "ignored" and not row.reason]
    assert unsaid == []
    return Counter(row.status for row in rows)


def take_in(world: World, examples: list[tuple[str, dict[str, Any]]]) -> Counter[str]:
    assert len(examples) == PAYLOADS
    for event, payload in examples:
        world.send(event, json.dumps(payload).encode())
    world.drain()
    found = outcomes(world)
    assert sum(found.values()) == PAYLOADS
    return found


def test_every_payload_of_watched_repositories_ends_as_facts_or_with_a_reason(
    world: World, examples: list[tuple[str, dict[str, Any]]]
) -> None:
    repositories = {
        str(payload["repository"]["id"]): payload["repository"]["full_name"]
        for _, payload in examples
        if payload.get("repository")
    }
    for native_id, key in repositories.items():
        world.watch(native_id, key)
    found = take_in(world, examples)
    assert found["done"] > 100
    assert len(world.rows(sa.select(models.item.c.id))) >= 4
    assert len(world.rows(sa.select(models.change.c.id))) >= 30
    underived = world.rows(sa.select(models.item.c.id).where(models.item.c.moved_at.is_(None)))
    assert underived == []
    again = found
    for event, payload in reversed(examples):  # backwards and once more: nothing new, nothing broken
        world.send(event, json.dumps(payload).encode())
    changes = len(world.rows(sa.select(models.change.c.id)))
    world.drain()
    assert outcomes(world) == Counter({status: 2 * number for status, number in again.items()})
    assert len(world.rows(sa.select(models.change.c.id))) == changes


def test_every_payload_of_repositories_that_are_not_watched_is_ignored_with_a_reason(
    world: World, examples: list[tuple[str, dict[str, Any]]]
) -> None:
    found = take_in(world, examples)
    told = world.rows(sa.select(models.delivery.c.event).where(models.delivery.c.status == "done").distinct())
    assert {row.event for row in told} <= {"repository", "installation", "installation_repositories"}
    assert found["ignored"] > 300
    assert world.rows(sa.select(models.item.c.id)) == []
