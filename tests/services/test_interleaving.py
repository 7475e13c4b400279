"""Write-back goes by level: however drains, publishers and deaths fall between the webhooks of a day, the tracker ends up the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.store import models
from integrations.sandbox.replay import Webhook
from tests.hub import Hub
from tests.picture import forget
from tests.world import GROWN, LATE, MONDAY, STALLED, Killed, World

ACTS = ("drain", "publish", "drain killed", "publish killed", "nothing")


def days() -> list[list[Webhook]]:
    """What happens on each of some days, at nine in the morning: flags open, grow, clear and open again."""
    hub = Hub()

    at = [[MONDAY + timedelta(days=day, minutes=minute) for minute in range(10)] for day in range(12)]
    return [
        [
            hub.milestone(1, at=at[0][0], due=date(2026, 3, 5)),
            hub.issue(7, at=at[0][1], milestone=1, labels=("tracking",)),
            hub.issue(8, at=at[0][2], milestone=1, assignees=("dev",)),
            hub.comment(8, by="dev", at=at[0][3]),
            hub.issue(9, at=at[0][4], assignees=("dev",)),
            hub.comment(9, by="dev", at=at[0][5]),
        ],
        [],
        [hub.issue(n, at=at[2][n - 20], milestone=1) for n in range(20, 25)],
        [],
        [hub.comment(9, by="dev", at=at[4][0]), hub.close(20, at=at[4][1])],
        [hub.close(8, at=at[5][0])],
        [hub.move(1, date(2026, 3, 20), at=at[6][0])],
        [],
        [hub.close(9, at=at[8][1])],
        [hub.plan(24, 1, on=False, at=at[9][0])],
    ]


DAYS = days()
STEPS = sum(len(day) for day in DAYS)


@pytest.fixture(params=["sqlite", "postgres"], scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(request.getfixturevalue(f"shared_{request.param}_url"), tmp_path_factory.mktemp("level"))
    yield made
    made.close()


def act(world: World, what: str) -> None:
    """Something works, or dies at work, between two webhooks."""
    if what == "drain":
        world.drain()
    elif what == "publish":
        world.publish()
    elif what == "drain killed":
        _killed(world)
    elif what == "publish killed":
        world.fault = _dies
        try:
            world.publish()
        except Killed:
            world.skip_backoff()
        world.fault = None


def _dies(when: str, method: str, path: str) -> None:
    if when == "after" and method == "POST":
        raise Killed


def _killed(world: World) -> None:
    from app.store import deliveries

    real = deliveries.mark

    def dies(*_: object, **__: object) -> None:
        raise Killed

    deliveries.mark = dies  # type: ignore[assignment]
    try:
        world.drain()
    except Killed:
        pass
    finally:
        deliveries.mark = real


def lived(world: World, acts: list[str]) -> tuple[dict[int, tuple[list[str], list[str]]], int]:
    """Labels and comments of every item after all days, and how many comments were ever made."""
    world.at(MONDAY)
    forget(world)
    with world.tracker._store.transaction() as db:
        for table in ("items", "labels", "item_labels", "comments", "calls"):
            db.execute(f"DELETE FROM {table}")
    world.sql(sa.delete(models.known_label))
    world.rules(STALLED, LATE, GROWN)
    turns = iter(acts)
    for number, day in enumerate(DAYS):
        world.at(MONDAY + timedelta(days=number, minutes=30))
        for hook in day:
            world.post(hook)
            act(world, next(turns))
        for _ in range(2):
            world.drain()
            world.publish()
            world.wait(minutes=70)
        world.drain()
        world.publish()
    numbers = [7, 8, 9, *range(20, 25)]
    ids = {row.number: f"{row.id:x}" for row in world.rows(sa.select(models.item.c.number, models.item.c.id))}
    shown = {}
    for n in numbers:
        plain = [
            "\n".join(line for line in c.body.splitlines() if "plumb/i/" not in line and "plumbline:1" not in line)
            for c in world.comments(n)
        ]
        assert all(f":{ids[n]} -->" in c.body for c in world.comments(n))
        shown[n] = (world.labels(n), plain)
    return shown, len([1 for method, path in world.calls("POST") if path.endswith("/comments")])


_calm: dict[int, object] = {}


@given(acts=st.lists(st.sampled_from(ACTS), min_size=STEPS, max_size=STEPS))
@settings(max_examples=5, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
def test_the_tracker_ends_up_the_same_however_work_falls_between_webhooks(world: World, acts: list[str]) -> None:
    if id(world) not in _calm:
        shown, made = lived(world, ["nothing"] * STEPS)
        assert shown[7][0] == ["plumb:grown"], "the milestone grew; its date was missed, then moved"
        assert [len(shown[n][1]) for n in (7, 8, 9)] == [1, 1, 1]
        assert made == 3
        _calm[id(world)] = (shown, made)
    assert lived(world, acts) == _calm[id(world)]
