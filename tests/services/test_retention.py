"""Payloads are let go when their time is over, and only of what is done with; what they said stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.errors import UserError
from app.services import replay, retention
from app.store import instance
from app.store import models as m
from app.time import real_now
from tests.world import World

NOW = real_now()


@pytest.fixture
def stored(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Six deliveries that came on the last six days, the fourth set aside; pages of two."""
    monkeypatch.setattr(retention, "PAGE", 2)
    for number in range(1, 7):
        world.post(world.hub.issue(number, at=world.now))
    world.drain()
    rows = world.rows(sa.select(m.delivery.c.id).order_by(m.delivery.c.id))
    for place, row in enumerate(rows):
        at = NOW - timedelta(days=len(rows) - place - 0.5)
        status = "aside" if place == 3 else "done"
        world.sql(sa.update(m.delivery).where(m.delivery.c.id == row.id).values(received_at=at, status=status))
    return world


def kept(world: World) -> list[bool]:
    return [len(row.body) > 0 for row in world.rows(sa.select(m.delivery.c.body).order_by(m.delivery.c.id))]


def keep(world: World, days: int | None) -> None:
    """Keep them for so few days that the test is short."""
    with world.db.write() as tx:
        instance.set_payload_days(tx, days)


def test_payloads_are_kept_for_ever_until_somebody_says_otherwise(stored: World) -> None:
    assert retention.let_go(stored.db, now=NOW + timedelta(days=9999)) == 0
    assert all(kept(stored))


def test_the_oldest_go_first_a_page_at_a_time_and_what_was_set_aside_stays(stored: World) -> None:
    keep(stored, 1)
    assert [retention.let_go(stored.db, now=NOW) for _ in range(4)] == [2, 2, 0, 0]
    assert kept(stored) == [False, False, False, True, False, True]
    assert retention.let_go(stored.db, now=NOW + timedelta(days=1)) == 1
    assert kept(stored) == [False, False, False, True, False, False]
    assert {row.key for row in stored.rows(sa.select(m.item.c.key))} == {f"#{n}" for n in range(1, 7)}


def test_those_of_one_instant_all_go(stored: World) -> None:
    stored.sql(sa.update(m.delivery).values(received_at=NOW - timedelta(days=3), status="done"))
    keep(stored, 1)
    assert [retention.let_go(stored.db, now=NOW) for _ in range(4)] == [2, 2, 2, 0]
    assert not any(kept(stored))


def test_what_was_let_go_is_not_replayed_and_what_was_set_aside_is(stored: World) -> None:
    keep(stored, 1)
    while retention.let_go(stored.db, now=NOW):
        pass
    ids = [row.id for row in stored.rows(sa.select(m.delivery.c.id).order_by(m.delivery.c.id))]
    assert replay.replay(stored.db, stored.bells, ids, author="ann", now=NOW) == 2
    stored.drain()
    assert {row.status for row in stored.rows(sa.select(m.delivery.c.status))} == {"done"}


def test_the_change_is_in_the_trail_and_a_bad_number_changes_nothing(stored: World) -> None:
    with pytest.raises(UserError, match="7 to 3650 days"):
        retention.keep_payloads(stored.db, 6, who="ann", now=NOW)
    retention.keep_payloads(stored.db, 90, who="ann", now=NOW)
    retention.keep_payloads(stored.db, 90, who="ann", now=NOW)
    (row,) = stored.rows(sa.select(m.audit).where(m.audit.c.what == "retention changed"))
    assert (row.who, row.detail) == ("ann", {"from": None, "to": 90})
