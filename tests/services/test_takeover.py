"""What a holder that was killed held is taken over without waiting for its lease to end."""

from __future__ import annotations

import subprocess
import sys

import pytest
import sqlalchemy as sa

from app.process import own_name
from app.store import leases, models

PARTS = {"lane": models.lane, "connection": models.connection}


@pytest.fixture
def dead() -> str:
    """The name of a process that has ended."""
    asked = "from app.process import own_name; print(own_name())"
    return subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()


def row_of(world, kind: str) -> int:
    return int(world.rows(sa.select(PARTS[kind].c.id))[-1].id)


def test_a_lane_is_taken_from_the_dead_at_once_and_their_late_commit_is_refused(world, dead):
    lane = row_of(world, "lane")
    lost = leases.take(world.db, "lane", lane, holder=dead)
    assert lost is not None
    held = leases.take(world.db, "lane", lane, holder=own_name())
    assert held is not None and held.fence > lost.fence
    with pytest.raises(leases.LeaseLost), world.db.write() as tx:
        leases.confirm(tx, lost)


def test_a_connection_is_taken_from_the_dead_once_a_call_of_theirs_has_had_time_to_arrive(world, dead):
    connection = row_of(world, "connection")
    assert leases.take(world.db, "connection", connection, holder=dead) is not None
    assert leases.take(world.db, "connection", connection, holder=own_name()) is None
    table = models.connection
    world.sql(sa.update(table).values(lease_until=table.c.lease_until - leases.GONE_SECONDS["connection"] - 1))
    assert leases.take(world.db, "connection", connection, holder=own_name()) is not None


@pytest.mark.parametrize("kind", ["lane", "connection"])
def test_the_living_and_those_elsewhere_keep_what_they_hold(world, kind):
    for holder in (own_name(), "elsewhere:1"):
        lease = leases.take(world.db, kind, row_of(world, kind), holder=holder)
        assert lease is not None
        assert leases.take(world.db, kind, row_of(world, kind), holder="another:2") is None
        leases.release(world.db, lease)
