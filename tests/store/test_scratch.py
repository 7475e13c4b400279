"""A scratch database holds what the live one does, in the same words, and nothing that only the server may hold."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.store import models as m
from app.store import scratch as store
from app.store.scratch import copy, scratch
from tests.world import World

TABLES = (
    m.tracker, m.lane, m.project, m.project_settings, m.person, m.participant, m.milestone, m.milestone_due, m.item,
    m.membership, m.link, m.change,
)  # fmt: skip


@pytest.fixture
def stocked(world: World) -> World:
    """A repository in which something of every kind is known."""
    hub = world.hub
    world.post(hub.milestone(1, at=world.now, due=(world.now + timedelta(days=9)).date()))
    world.post(
        hub.issue(1, at=world.now, milestone=1, labels=("urgent",), assignees=("dev",), body="Ünïcode \U0001f600")
    )
    world.post(hub.pull(2, at=world.now + timedelta(microseconds=1), author="bob", sha="a1", body="Closes #1"))
    world.post(hub.check("a1", "failure", pulls=(2,), at=world.now + timedelta(minutes=1)))
    world.post(hub.review(2, "commented", by="mel", at=world.now + timedelta(minutes=2)))
    world.post(hub.comment(1, "On it.", by="dev", at=world.now + timedelta(minutes=3)))
    world.drain()
    return world


def test_what_is_copied_reads_as_it_does_where_it_came_from(stocked: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PAGE", 2)
    heard: list[int] = []
    with stocked.db.read() as live, scratch() as tx:
        copy(tx, live, list(live.scalars(sa.select(m.project.c.id))), heard=lambda: heard.append(1))
        for table in TABLES:
            blank = store.BLANK.get(table.name, {})
            query = sa.select(table).order_by(*table.primary_key.columns)
            there = [dict(row._mapping) | dict(blank) for row in live.execute(query)]
            assert there, table.name
            assert [dict(row._mapping) for row in tx.execute(query)] == there, table.name
        assert tx.scalars(sa.select(m.delivery.c.id)).all() == []
        assert tx.scalars(sa.select(m.connection.c.id)).all() == []
        indexes = sa.inspect(tx).get_indexes("change")
    assert {one["name"] for one in indexes} >= {index.name for index in m.change.indexes}
    assert len(heard) > len(TABLES)


def test_only_the_projects_that_are_asked_for_are_copied(stocked: World) -> None:
    with stocked.db.read() as live, scratch() as tx:
        copy(tx, live, [])
        assert all(tx.execute(sa.select(table)).first() is None for table in TABLES)


def test_whoever_hears_of_it_may_stop_it(stocked: World) -> None:
    class Enough(Exception):
        pass

    def enough() -> None:
        raise Enough

    with pytest.raises(Enough), stocked.db.read() as live, scratch() as tx:
        copy(tx, live, list(live.scalars(sa.select(m.project.c.id))), heard=enough)
