"""The number of SQL statements of a batch does not grow with the number of items in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from app.services import drain
from app.store import people
from tests.world import GROWN, LATE, MONDAY, STALLED, World


@contextmanager
def counted(world: World) -> Iterator[list[str]]:
    """The statements inside the block; one with many rows of parameters counts once."""
    seen: list[str] = []

    def note(_c: object, _cu: object, statement: str, *_: object) -> None:
        seen.append(statement.split("\n", 1)[0].partition(" IN ")[0][:90])

    sa.event.listen(world.db.engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(world.db.engine, "before_cursor_execute", note)


def batch(world: World, monkeypatch: pytest.MonkeyPatch, first: int, number: int) -> list[str]:
    """The statements of draining so many pull requests, each with its issue and a comment, in one batch."""
    hub, at = world.hub, MONDAY - timedelta(days=30)
    hooks = []
    for n in range(first, first + number, 2):
        hooks += [
            hub.issue(n, at=at, milestone=1, assignees=("dev",)),
            hub.pull(n + 1, at=at, body=f"Closes #{n}, see #{n - 2}"),
        ]
    world.stash(hooks, f"{first}-")
    world.people = people.People()
    monkeypatch.setattr(drain, "SMALLEST", 500)
    monkeypatch.setattr(drain, "LARGEST", 500)
    with counted(world) as seen:
        world.drain()
    return seen


def test_a_batch_of_two_hundred_items_takes_as_many_statements_as_one_of_sixty(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.rules(STALLED, LATE, GROWN, "{name: reviews, type: stalled-review, mode: live, params: {draft_days: 10}}")
    world.post(world.hub.milestone(1, at=MONDAY - timedelta(days=40), due=date(2026, 2, 20)))
    world.drain()
    batch(world, monkeypatch, 1000, 20)
    few = batch(world, monkeypatch, 2000, 60)  # enough to be looked at as a bulk edit, too
    many = batch(world, monkeypatch, 4000, 200)
    extra = sorted({line for line in many if many.count(line) > few.count(line)})
    assert {line: (few.count(line), many.count(line)) for line in extra} == {}
