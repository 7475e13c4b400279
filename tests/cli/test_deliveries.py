"""Deliveries on the command line: what became of them, and back in line."""

from __future__ import annotations

import pytest

from app.services import bells, replay
from app.store import deliveries, trackers
from app.store.database import Database
from app.time import real_now


@pytest.fixture
def received(home, plumbline, db):
    """Four deliveries of acme/shop: two set aside, one done, one pending; gives their ids, oldest first."""
    plumbline("tracker", "add", "sandbox", "box")
    plumbline("project", "add", "box", "acme/shop")
    plumbline("project", "add", "box", "acme/quiet")
    with db.write() as tx:
        project = trackers.projects(tx, key="acme/shop")[0]
        now = real_now()
        for number in range(4):
            new = deliveries.NewDelivery(
                tracker_id=project.tracker_id,
                lane_id=project.lane_id,
                project_id=project.id,
                guid=f"guid-{number}",
                event="issues",
                action="opened",
                about="#1\x1b[2J",
                received_at=now,
                world_at=now,
                raw=b"{}",
            )
            deliveries.add_many(tx, [new.row()])
        pending = deliveries.pending(tx, project.lane_id, now=now, limit=9)
        for one in pending[:2]:
            deliveries.fail(tx, one, reason="payload.issue: got 1", trace="Traceback", now=now, final=True)
        deliveries.mark(tx, [(pending[2].id, "done", "")], now=now)
    return [one.id for one in pending]


def statuses(db):
    with db.read() as tx:
        return {row["id"]: row["status"] for row in deliveries.listing(tx)}


def test_lists_newest_first_and_filters(received, plumbline):
    data = plumbline("deliveries", "list", "--json").data
    assert [one["id"] for one in data] == received[::-1]
    assert "body" not in data[0]
    assert data[0]["project"] == "acme/shop"
    assert len(plumbline("deliveries", "list", "--status", "aside", "--json").data) == 2
    assert len(plumbline("deliveries", "list", "--limit", "3", "--json").data) == 3
    assert plumbline("deliveries", "list", "--project", "acme/quiet", "--json").data == []
    assert plumbline("deliveries", "list", "--project", "acme/none").code == 2
    assert plumbline("deliveries", "list", "--status", "lost").code == 2


def test_a_terminal_never_obeys_what_a_tracker_sent(received, plumbline):
    out = plumbline("deliveries", "list").out
    assert "payload.issue: got 1" in out
    assert "\x1b" not in out


def test_replay_puts_back_what_is_named(received, plumbline, db):
    said = plumbline("deliveries", "replay", str(received[0]))
    assert (said.code, said.out) == (0, "1 delivery is back in line.\n")
    assert [statuses(db)[id_] for id_ in received] == ["pending", "aside", "done", "pending"]


def test_replay_of_an_unknown_one_replays_nothing(received, plumbline, db):
    before = statuses(db)
    said = plumbline("deliveries", "replay", str(received[0]), "4711")
    assert (said.code, "There is no delivery 4711." in said.err) == (2, True)
    assert statuses(db) == before


def test_replay_of_all_that_were_set_aside(received, plumbline, db):
    said = plumbline("deliveries", "replay", "--aside")
    assert said.out == "2 deliveries are back in line.\n"
    assert plumbline("deliveries", "list", "--status", "aside", "--json").data == []
    assert plumbline("deliveries", "replay", "--aside").out == "0 deliveries are back in line.\n"


def test_replay_rings_the_lanes_once(received, db, monkeypatch):
    rung = []

    class Ringer(bells.SilentRinger):
        def wake(self, kind, row_id):
            rung.append((kind, row_id))

    monkeypatch.setattr(replay, "BATCH", 1)
    with db.read() as tx:
        lane = trackers.projects(tx, key="acme/shop")[0].lane_id
    assert replay.replay(db, Ringer(), received, author="ada", now=real_now()) == 4
    assert rung == [("lane", lane)]
    assert set(statuses(db).values()) == {"pending"}


@pytest.mark.parametrize("arguments", [[], ["1", "--aside"], ["x"], ["0"], ["99999999999999999999"]])
def test_what_to_replay_must_be_said_once(home, plumbline, arguments):
    assert plumbline("deliveries", "replay", *arguments).code == 2


def test_none_yet(home, plumbline):
    assert "No delivery came in yet." in plumbline("deliveries", "list").out


def test_replay_on_either_database(database_url):
    database = Database(database_url)
    now = real_now()
    with database.write() as tx:
        tracker = trackers.add_tracker(tx, name="box", kind="sandbox", base_url="", webhook_secret="", now=now)
        for number in range(3):
            new = deliveries.NewDelivery(
                tracker_id=tracker.id,
                lane_id=tracker.lane_id,
                project_id=None,
                guid=f"guid-{number}",
                event="ping",
                action=None,
                about=None,
                received_at=now,
                world_at=now,
                raw=b"{}",
            )
            deliveries.add_many(tx, [new.row()])
        for one in deliveries.pending(tx, tracker.lane_id, now=now, limit=9):
            deliveries.fail(tx, one, reason="", trace="", now=now, final=True)
    try:
        assert replay.replay_aside(database, bells.SilentRinger(), author="ada", now=now) == 3
        assert set(statuses(database).values()) == {"pending"}
    finally:
        database.dispose()
