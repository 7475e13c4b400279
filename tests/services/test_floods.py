"""Flaps and floods: labels that rest, rules that ask first, edits of many items at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app.services import floods
from app.store import floods as store
from app.store import models
from app.store.floods import Alike
from app.time import real_now
from tests.services.manners import heard, line, noted
from tests.world import STALLED, World

QUICK = "{name: stalled, type: stalled-work, mode: live, params: {quiet_days: 1, running_sprint: false}}"


def started(world: World, numbers: range, *, per_person: bool = True) -> None:
    for number in numbers:
        who = f"dev{number}" if per_person else "dev"
        world.post(world.hub.issue(number, at=world.now, assignees=(who,)))
        world.post(world.hub.comment(number, "On it.", by=who, at=world.now))
    world.drain()


def test_a_label_that_flips_rests_and_the_page_names_the_rules(world: World) -> None:
    noted(world, 7)
    world.rules(QUICK)
    for _ in range(4):
        world.post(world.hub.comment(7, "Here again.", by="dev7", at=world.now))
        heard(world)
        world.wait(minutes=20)
        heard(world)
        world.wait(days=1, minutes=1)
        heard(world)
        world.wait(minutes=61)
        heard(world)
    written = models.written
    kinds = [row.kind for row in world.rows(sa.select(written).where(written.c.kind.like("label_%ed")))]
    assert kinds.count("label_added") == 2
    assert kinds.count("label_removed") == 2
    assert world.labels(7) == []
    with world.db.read() as tx:
        (resting,) = store.quarantined(tx, now=world.now, secured=True)
    assert (resting.label, resting.item_key, resting.rules) == ("plumb:stalled", "#7", ("stalled",))
    assert world.publication(7).status == "held"
    assert "plumb:stalled changed 4 times within 7 days" in world.publication(7).detail
    assert len(world.rows(sa.select(models.audit).where(models.audit.c.what == "label rests"))) == 1
    world.wait(days=5)
    heard(world)
    assert world.labels(7) == ["plumb:stalled"]


def test_at_most_three_new_comments_a_day_about_one_persons_turn(world: World) -> None:
    world.rules(STALLED)
    started(world, range(1, 6), per_person=False)
    world.wait(days=3, minutes=2)
    world.drain()
    world.wait(minutes=61)
    heard(world)
    assert len(world.comments()) == 3
    held = [world.publication(number) for number in range(1, 6)]
    assert [one.detail for one in held if one.status == "held"] == [
        "Three new comments about one person's turn were written today; this one waits."
    ] * 2
    world.wait(days=1)
    heard(world)
    assert len(world.comments()) == 5


def test_a_rule_that_would_begin_with_many_items_asks_first(world: World) -> None:
    world.rules(STALLED)
    started(world, range(1, 24))
    world.wait(days=3, minutes=2)
    world.drain()
    world.wait(minutes=61)
    heard(world)
    assert world.comments() == []
    assert world.labels(1) == []
    assert world.publication(1).status == "held"
    assert world.publication(1).detail == (
        "stalled would write to 23 items at once. Look at them, then: plumbline rules approve stalled"
    )
    assert floods.approve(world.db, "stalled", who="test", now=world.now, real=real_now()) == 23
    heard(world)
    assert sum(world.labels(number) == ["plumb:stalled"] for number in range(1, 24)) == 23
    assert len(world.comments()) == 10
    world.wait(days=1)
    heard(world)
    assert len(world.comments()) == 20


def test_row_28_an_edit_of_many_items_is_one_entry_and_no_movement(world: World) -> None:
    world.rules(STALLED)
    started(world, range(1, 56))
    world.wait(days=2)
    hooks = [
        world.hub.comment(number, "Moving all of these.", by="mel", at=world.now + timedelta(milliseconds=900 * number))
        for number in range(1, 56)
    ]
    alone = world.hub.comment(1, "And this one I mean.", by="mel", at=world.now + timedelta(hours=1))
    for hook in (*reversed(hooks[::2]), *hooks[1::2]):
        world.post(hook)
        if int(hook.payload["issue"]["number"]) % 9 == 0:
            world.drain()
    world.post(alone)
    world.drain()
    with world.db.read() as tx:
        (entry,) = store.bulk_edits(tx, world.item(1).project_id, since=world.now - timedelta(days=1))
    assert (entry.who, entry.field, entry.items) == ("mel", "comment", 55)
    world.wait(days=1, minutes=5)
    world.drain()
    assert [number for _rule, _kind, number in world.flags()] == list(range(2, 56))


changes = st.lists(
    st.builds(
        lambda item, actor, second: (item, actor, second), st.integers(1, 90), st.integers(1, 2), st.integers(0, 200)
    ),
    max_size=300,
)


@given(changes)
def test_bulk_is_what_any_minute_holds_more_than_fifty_items_of(seen: list[tuple[int, int, int]]) -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    run = [
        Alike(id=place, item_id=item, actor_id=actor, field="label", at=start + timedelta(seconds=second))
        for place, (item, actor, second) in enumerate(seen)
    ]
    expected = set()
    for first in run:
        window = [
            one
            for one in run
            if one.actor_id == first.actor_id and timedelta() <= one.at - first.at <= timedelta(seconds=60)
        ]
        if len({one.item_id for one in window}) > 50:
            expected |= {one.id for one in window}
    assert floods.bulk_of(run) == expected


def test_dormant_items_are_never_commented_on(world: World) -> None:
    world.rules("{name: due, type: missed-due-date, mode: live}")
    world.post(world.hub.issue(7, at=world.now - timedelta(days=200)))
    world.drain()
    heard(world)
    assert world.comments() == []
    noted(world, 8)
    assert line(world, 8).startswith("**Quiet")


def test_an_edit_of_thousands_of_items_is_one_entry_and_no_movement(sqlite_url: str, tmp_path: Path) -> None:
    """One person says a word on each of 5,000 items within ten minutes; it comes in pieces and in no good order. It
    moves none of them, so the rule finds them all quiet, and as they are many it asks before it writes a word.
    """
    world, numbers = World(sqlite_url, tmp_path), range(1, 5001)
    world.rules(STALLED)
    world.stash([world.hub.issue(number, at=world.now, labels=("in progress",)) for number in numbers], name="new-")
    world.drain()
    world.wait(days=2)
    words = [
        world.hub.comment(number, "Moving all.", by="mel", at=world.now + timedelta(milliseconds=120 * number))
        for number in numbers
    ]
    apart = [
        world.hub.comment(number, "Here too.", by="lead", at=world.now + timedelta(hours=1, milliseconds=120 * number))
        for number in range(1, 201)
    ]
    world.stash([*reversed(words[::2]), *apart, *words[1::2]], name="edit-")
    world.drain()
    since = world.now - timedelta(days=1)
    with world.db.read() as tx:
        project_id = world.item(1).project_id
        found = store.bulk_edits(tx, project_id, since=since)
        assert store.bulk_edits(tx, project_id, since=since, limit=1) == found[:1]
        assert store.bulk_edits(tx, project_id, since=world.now + timedelta(days=1)) == []
    assert [(edit.who, edit.field, edit.items) for edit in found] == [
        ("lead", "comment", 200),
        ("mel", "comment", 5000),
    ]
    assert found[1].until - found[1].at == timedelta(minutes=10)
    world.wait(days=1, minutes=5)
    world.drain()
    assert len(world.flags()) == 5000
    world.wait(minutes=61)
    world.drain()
    world.publish()
    assert (world.comments(), world.calls()) == ([], [])
    assert "stalled would write to 5000 items at once" in world.publication(1).detail
    world.close()


def test_bulk_edits_are_found_without_walking_over_all_changes(sqlite_url: str, tmp_path: Path) -> None:
    """By the index on person and time: what is older than asked for costs nothing."""
    world = World(sqlite_url, tmp_path)
    statements: list[tuple[str, Any]] = []
    sa.event.listen(world.db.engine, "before_cursor_execute", lambda *told: statements.append((told[2], told[3])))
    with world.db.read() as tx:
        store.bulk_edits(tx, 1, since=world.now)
        (asked,) = [one for one in statements if "begins" in one[0]]
        plan = [row.detail for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0]}", asked[1])]
    looks = [line for line in plan if "change" in line]
    assert len(looks) == 3
    assert all("USING" in line and "ix_change_actor" in line for line in looks)
    assert any("actor_id=? AND at>?" in line for line in looks)
    world.close()
