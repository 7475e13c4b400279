"""Items that go away: each way has one outcome, other items go on."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.services.importing import store_told
from app.store import gone as store
from app.store import models, sync, trackers
from app.time import real_now
from integrations.ports import Told
from integrations.readings import DISCUSSION
from integrations.sandbox.payloads import stamp
from tests.services.manners import REPO, heard, noted
from tests.services.test_uncertain_writes import waiting
from tests.world import World

WAYS = {
    "deleted": ("gone.deleted", None, "It was deleted."),
    "transferred": ("gone.moved", "88/3", "It was moved to another repository; its old address leads there."),
    "discussion": ("gone.discussion", DISCUSSION, "It was turned into a discussion."),
    "a read finds nothing": ("gone.deleted", None, "It was deleted."),
    "a read is led elsewhere": (
        "gone.moved",
        "88/3",
        "It was moved to another repository; its old address leads there.",
    ),
}


def read(world: World, number: int, **payload: Any) -> None:
    """What a read of an item gave."""
    payload |= {"action": "repair", "asked_at": stamp(world.now), "repository": world.hub.repository}
    with world.db.write() as tx:
        (project,) = trackers.projects(tx, key=REPO)
        store_told(tx, project, [(str(uuid.uuid4()), Told(f"#{number}", "", payload), real_now())])


def goes(world: World, number: int, way: str) -> None:
    hub, at = world.hub, world.now
    if way == "deleted":
        world.post(hub.delete(number, at=at), observe=False)
    elif way == "transferred":
        extra = {"changes": {"new_issue": {"number": 3}, "new_repository": {"id": 88}}}
        world.post(hub.act(number, "transferred", at=at, extra=extra), observe=False)
    elif way == "discussion":
        closed = {"state": "closed", "locked": True, "closed_at": stamp(at), "updated_at": stamp(at)}
        entries = [{"event": event, "created_at": stamp(at)} for event in ("locked", "converted_to_discussion")]
        read(world, number, issue=hub.items[number] | closed, timeline=entries)
    else:
        moved_to = "88/3" if way == "a read is led elsewhere" else None
        read(world, number, gone={"number": number, "kind": "issue", "moved_to": moved_to})


@pytest.mark.parametrize("way", sorted(WAYS))
def test_row_52_an_item_that_goes_takes_its_flag_and_its_publication_along(world: World, way: str) -> None:
    noted(world, 7, 8)
    calls = len(world.calls())
    goes(world, 7, way)
    world.tracker.set_item(REPO, 7, gone=True)
    heard(world)
    code, moved_to, words = WAYS[way]
    assert world.flags() == [("stalled", "item", 8)]
    closed = world.rows(sa.select(models.standing).where(models.standing.c.closed_at.is_not(None)))
    assert [(one.code, one.subject_id) for one in closed] == [(code, world.item(7).id)]
    row = world.item(7)
    assert (row.deleted_at, row.moved_to, row.state) == (world.now, moved_to, "dropped")
    shown = world.publication(7)
    assert (shown.status, shown.detail, shown.due_at, shown.shown_labels) == ("settled", words, None, [])
    assert shown.comment_id is None
    for days in (1, 5):
        world.wait(days=days)
        heard(world)
    assert [path for _verb, path in world.calls()[calls:] if "/issues/7" in path] == []
    world.post(world.hub.comment(8, "Here again.", by="dev8", at=world.now))
    for _ in range(2):
        world.wait(minutes=20)
        heard(world)
    assert (world.flags(), world.labels(8)) == ([], []), "others go on"


def test_an_item_that_moved_to_a_watched_repository_is_named_by_its_place(world: World) -> None:
    world.watch("88", "acme/other")
    noted(world, 7)
    goes(world, 7, "transferred")
    heard(world)
    assert world.publication(7).detail == "It was moved to acme/other#3."
    with world.db.read() as tx:
        project_id = world.item(7).project_id
        (one,) = store.lately(tx, project_id, since=world.now - timedelta(days=1), limit=5, secured=True)
        assert (one.key, one.place) == ("#7", "acme/other#3")
        assert store.lately(tx, project_id, since=world.now + timedelta(days=1), limit=5, secured=True) == []


@pytest.mark.parametrize("state", ["gone", "locked"])
def test_row_52_a_write_that_finds_an_item_gone_or_locked_has_it_read(world: World, state: str) -> None:
    """A conversion is told by no documented webhook: the first write finds the issue locked."""
    waiting(world, 7, 8)
    with world.db.write() as tx:
        sync.ensure(tx, world.item(7).project_id, mode="webhooks", next_at=real_now())
    world.tracker.set_item(REPO, 7, locked=state == "locked", gone=state == "gone")
    heard(world)
    assert [world.publication(number).status for number in (7, 8)] == ["refused", "settled"]
    with world.db.read() as tx:
        found = sync.wanted(tx, world.item(7).project_id, now=real_now() + timedelta(days=1), limit=5)
    assert [(one.number, one.reason) for one in found] == [(7, f"a write found it {state}")]
    goes(world, 7, "discussion" if state == "locked" else "a read finds nothing")
    heard(world)
    assert world.publication(7).status == "settled"
