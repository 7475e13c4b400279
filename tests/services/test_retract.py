"""Ways out: writing stops at once, what was written is taken back, a project is forgotten."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from app.errors import UserError
from app.services import connect, control, retract
from app.services.retract import Filter
from app.store import leases, models
from app.time import real_now
from tests.services.manners import REPO, body, heard, noted, say
from tests.world import STALLED, World


def picture(world: World) -> dict[str, Any]:
    """All that the tracker holds."""
    with world.tracker._store.transaction() as db:
        return {
            table: sorted(map(tuple, db.execute(query).fetchall()))
            for table, query in {
                "labels": "SELECT repo, name FROM labels",
                "on": "SELECT number, name FROM item_labels WHERE origin<>'removed'",
                "comments": "SELECT number, body FROM comments WHERE NOT deleted AND body NOT LIKE 'On it.'",
            }.items()
        }


def take_back(world: World, wanted: Filter, *, dry_run: bool = False) -> retract.Retracted:
    done = retract.retract(
        world.db, world.adapters, wanted, dry_run=dry_run, who="test", now=world.now, real=real_now()
    )
    if not dry_run:
        left = retract.finish(
            world.db, done, connect=world.connected, ringer=world.bells, whole=wanted.is_whole, patience=5
        )
        assert left == 0
    return done


def test_the_tracker_is_as_it_was_before(world: World) -> None:
    before = picture(world)
    noted(world, 7, 8)
    done = take_back(world, Filter())
    assert picture(world) == before
    assert [(write.item, write.kind, write.what) for write in done.writes] == [
        ("#7", "label", "plumb:stalled"),
        ("#7", "comment", "our comment"),
        ("#8", "label", "plumb:stalled"),
        ("#8", "comment", "our comment"),
        ("", "repository label", "plumb:stalled"),
    ]
    heard(world)
    world.wait(days=2)
    heard(world)
    assert picture(world) == before  # also when our own deletions come back, and as time passes


def test_the_labels_in_the_repository_go_also_where_a_worker_holds_the_connection_for_a_while(world: World) -> None:
    before = picture(world)
    noted(world, 7)
    done = retract.retract(world.db, world.adapters, Filter(), dry_run=False, who="t", now=world.now, real=real_now())
    world.publish()  # a worker is faster than we are
    assert world.labels(7) == []
    lease = leases.take(world.db, "connection", world.connection_id, holder="a worker")
    assert lease is not None
    timer = threading.Timer(0.5, leases.release, (world.db, lease))
    timer.start()
    assert retract.finish(world.db, done, connect=world.connected, ringer=world.bells, whole=True, patience=5) == 0
    timer.join()
    assert picture(world) == before


def test_labels_that_cannot_be_deleted_are_not_passed_over_in_silence(world: World) -> None:
    noted(world, 7)
    done = retract.retract(world.db, world.adapters, Filter(), dry_run=False, who="t", now=world.now, real=real_now())
    world.publish()
    assert leases.take(world.db, "connection", world.connection_id, holder="a worker") is not None
    with pytest.raises(UserError, match="still there"):
        retract.finish(world.db, done, connect=world.connected, ringer=world.bells, whole=True, patience=0.3)


def test_a_label_that_was_there_before_us_stays_in_the_repository(world: World) -> None:
    world.tracker.create_label(REPO, "plumb:stalled", "ededed", "")
    before = picture(world)
    noted(world, 7)
    take_back(world, Filter())
    assert picture(world) == before


def test_a_dry_run_writes_nothing(world: World) -> None:
    noted(world, 7)
    before, calls, rows = picture(world), len(world.calls()), world.publication(7)
    done = take_back(world, Filter(), dry_run=True)
    assert len(done.writes) == 3
    heard(world)
    assert (picture(world), len(world.calls()), world.publication(7)) == (before, calls, rows)


def test_it_goes_on_while_paused_and_is_ended_when_asked(world: World) -> None:
    noted(world, 7)
    control.pause(world.db, "test", real_now())
    take_back(world, Filter(project=REPO))
    assert (world.labels(7), world.comments(7)) == ([], [])
    control.resume(world.db, "test", real_now())
    assert retract.undo(world.db, project=REPO, who="test", now=world.now, real=real_now()) == 1
    heard(world)
    assert world.labels(7) == ["plumb:stalled"]


def test_one_rule_is_taken_back_and_another_stays(world: World) -> None:
    noted(world, 7)
    due = "{name: due, type: missed-due-date, mode: live}"
    world.rules(STALLED, due)
    world.sql(sa.update(models.item).values(due=world.now.date()))
    world.wait(days=2)
    heard(world)
    world.wait(hours=2)
    heard(world)
    assert world.labels(7) == ["plumb:late", "plumb:stalled"]
    done = take_back(world, Filter(rule="stalled"))
    heard(world)
    assert [(write.kind, write.what) for write in done.writes] == [
        ("label", "plumb:stalled"),
        ("edit", "our comment, less of it"),
    ]
    assert world.labels(7) == ["plumb:late"]
    assert body(world, 7).startswith("**This was due on")
    take_back(world, Filter(rule="due"))
    assert (world.labels(7), world.comments(7)) == ([], [])
    with pytest.raises(UserError, match="no rule 'nothing'"):
        take_back(world, Filter(rule="nothing"))


def test_since_spares_what_was_said_before(world: World) -> None:
    noted(world, 7)
    early = world.now
    world.wait(minutes=1)
    assert take_back(world, Filter(since=world.now), dry_run=True).writes == ()
    noted_later = world.hub.issue(9, at=world.now, assignees=("dev9",))
    world.post(noted_later)
    world.post(world.hub.comment(9, "On it.", by="dev9", at=world.now))
    for _ in range(4):
        world.wait(days=1, minutes=30)
        heard(world)
    assert world.labels(9) == ["plumb:stalled"]
    take_back(world, Filter(since=early))
    assert (world.labels(7), world.labels(9), world.comments(9)) == (["plumb:stalled"], [], [])


def test_where_a_comment_cannot_be_deleted_one_line_stays(world: World) -> None:
    noted(world, 7)
    from integrations.errors import PermanentError

    def connected(connection_id: int) -> Any:
        made = world.connected(connection_id)

        def refuse(*_: Any) -> None:
            raise PermanentError("forbidden", "not yours")

        made.client.delete_comment = refuse
        return made

    done = retract.retract(world.db, world.adapters, Filter(), dry_run=False, who="t", now=world.now, real=real_now())
    assert retract.finish(world.db, done, connect=connected, ringer=world.bells, whole=True, patience=5) == 0
    assert body(world, 7).startswith("A note stood here; it was taken back.")


# --- pausing


def test_a_pause_stops_writing_between_two_writes_of_one_item(world: World) -> None:
    for stop, go in (
        (lambda: control.pause(world.db, "test", real_now()), lambda: control.resume(world.db, "test", real_now())),
        (
            lambda: control.pause_project(world.db, REPO, who="test", now=real_now()),
            lambda: control.resume_project(world.db, REPO, who="test", now=real_now()),
        ),
    ):
        number = 7 if not world.comments() else 8
        world.rules(STALLED)
        world.post(world.hub.issue(number, at=world.now, assignees=("dev",)))
        world.post(world.hub.comment(number, "On it.", by="dev", at=world.now))
        world.wait(days=3, hours=1)
        world.drain()
        world.wait(minutes=90)
        world.drain()

        def fault(when: str, method: str, path: str, stop: Any = stop) -> None:
            if when == "after" and method == "POST" and path.endswith(f"/issues/{number}/labels"):  # noqa: B023
                stop()

        world.fault = fault
        world.publish()
        assert (world.labels(number), world.comments(number)) == (["plumb:stalled"], [])
        world.fault = None
        assert world.publish() == 0
        world.drain()  # judging goes on
        go()
        assert world.publish() == 1
        assert len(world.comments(number)) == 1


def test_a_paused_project_holds_no_other_back(world: World) -> None:
    with pytest.raises(UserError, match="no project"):
        control.pause_project(world.db, "acme/none", who="test", now=real_now())
    control.pause_project(world.db, REPO, who="test", now=real_now())
    control.pause_project(world.db, REPO, who="test", now=real_now())
    audit = models.audit
    assert len(world.rows(sa.select(audit).where(audit.c.what == "paused writing"))) == 1


# --- forgetting


def test_a_purged_project_leaves_no_row_and_others_all(world: World) -> None:
    noted(world, 7)
    say(world, 7, "/plumb ack", by="ann")
    other = world.watch("999", "acme/other")
    counts = {table.name: len(world.rows(sa.select(table))) for table in models.metadata.sorted_tables}
    assert counts["answer"] and counts["publication"] and counts["change"]
    (removed,) = connect.remove_project(world.db, key=REPO, author="test", now=real_now())
    assert connect.purge_project(world.db, removed, key=REPO, author="test", now=real_now()) > 20
    left = {table.name: len(world.rows(sa.select(table))) for table in models.metadata.sorted_tables}
    kept = {"tracker", "connection", "person", "rule", "rule_version", "instance", "audit", "alembic_version"}
    assert {name for name, count in left.items() if count and name not in kept} == {
        "lane",
        "project",
        "project_settings",
    }
    assert [row.id for row in world.rows(sa.select(models.project.c.id))] == [other]
