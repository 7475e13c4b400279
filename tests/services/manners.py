"""What the tests of answers, removals, retraction and floods share: flags that are written, and people who act."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.services.importing import store_told
from app.store import models, trackers
from app.time import real_now
from integrations.ports import Told
from integrations.sandbox.payloads import stamp
from integrations.sandbox.replay import Webhook
from integrations.sandbox.tracker_items import SandboxError
from tests.world import STALLED, World

REPO = "acme/shop"


def noted(world: World, *numbers: int) -> None:
    """Issues with our label and our comment, written just now (a Thursday, before noon)."""
    world.rules(STALLED)
    for number in numbers:
        world.post(world.hub.issue(number, at=world.now, assignees=(f"dev{number}",)))
        world.post(world.hub.comment(number, "On it.", by=f"dev{number}", at=world.now + timedelta(minutes=1)))
    world.drain()
    world.wait(days=3, minutes=2)
    world.drain()
    world.wait(minutes=61)
    world.drain()
    world.publish()
    echoed(world)
    for number in numbers:
        assert world.labels(number) == ["plumb:stalled"]
        assert body(world, number).startswith("**Quiet for 3 days")
    world.wait(minutes=5)


def echoed(world: World) -> None:
    """Everything the tracker has announced so far comes in."""
    hooks, world.echoes[:] = world.echoes[:], []
    for hook in hooks:
        world.post(hook, observe=False)
    world.drain()


def say(world: World, number: int, text: str, *, by: str, now: bool = True) -> Webhook:
    """Somebody comments; it is heard, rights are asked for where need be, and what we say to it is written."""
    hook = world.hub.comment(number, text, by=by, at=world.now)
    world.post(hook)
    if now:
        heard(world)
    return hook


def heard(world: World) -> None:
    """Drain, ask, drain and publish: what the workers do within a second or two."""
    world.drain()
    world.publish()
    world.drain()
    world.publish()
    echoed(world)
    world.publish()


def by_hand(world: World) -> Any:
    """The tracker as people use it: what they do there is announced like everything else."""
    from integrations.sandbox.tracker import SandboxTracker

    return SandboxTracker(world.file, clock=lambda: world.now, on_webhook=world.echoes.append)


def read_again(world: World, number: int, *, asked_at: datetime | None = None, timeline: Sequence[Any] = ()) -> None:
    """A whole read of an item as repair and reconciliation store it, of the tracker as it is now; no webhook tells."""
    world.echoes.clear()
    at = asked_at or world.now
    labels = [world.hub.shapes.label(name) for name in world.tracker.item_labels(REPO, number)]
    payload = {
        "action": "repair", "asked_at": stamp(at), "repository": world.hub.repository, "timeline": list(timeline),
        "issue": world.hub.items[number] | {"labels": labels, "updated_at": stamp(at)},
    }  # fmt: skip
    if (comment_id := world.publication(number).comment_id) is not None:
        payload["comment"] = looked_at(world, int(comment_id))
    with world.db.write() as tx:
        (project,) = trackers.projects(tx, key=REPO)
        store_told(tx, project, [(str(uuid.uuid4()), Told(f"#{number}", "", payload), real_now())])
    world.drain()


def looked_at(world: World, comment_id: int) -> dict[str, Any]:
    """A comment as `integrations.github.comments.look_at` gives it."""
    try:
        found = world.tracker.get_comment(REPO, comment_id)
    except SandboxError:
        return {"id": comment_id, "gone": True}
    user = {"id": 1, "login": found.author, "type": "Bot"}
    at = stamp(found.updated_at)
    return {"id": comment_id, "body": found.body, "user": user, "updated_at": at, "minimized": found.hidden}


def body(world: World, number: int) -> str:
    (comment,) = world.comments(number)
    return comment.body


def line(world: World, number: int) -> str:
    """The first line of our comment."""
    return body(world, number).partition("\n")[0]


def memory(world: World, number: int) -> dict[str, Any]:
    """What is remembered of the item's open flag; empty where it has none."""
    table = models.standing
    rows = world.rows(
        sa.select(table.c.memory).where(table.c.subject_id == world.item(number).id, table.c.closed_at.is_(None))
    )
    return dict(rows[0].memory) if rows else {}


def answers(world: World) -> list[tuple[str, str, str]]:
    """Every answer as (who, verb, what became of it)."""
    table = models.answer
    rows = world.rows(sa.select(table.c.who, table.c.verb, table.c.status).order_by(table.c.at, table.c.key))
    return [tuple(row) for row in rows]
