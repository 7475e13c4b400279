"""Intake: what is refused leaves nothing behind, what is accepted is on disk, once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import intake
from app.store import deliveries, models
from integrations.errors import BadPayload, BadSignature
from integrations.sandbox.replay import Webhook
from tests.world import Bells, World

GUID = "72d3162e-cc78-11e3-81ab-4c9367dc0958"


def issue(world: World, number: int = 7) -> Webhook:
    return world.hub.issue(number, at=world.now)


def stored(world: World) -> list[Any]:
    return world.rows(sa.select(models.delivery).order_by(models.delivery.c.id))


def test_a_delivery_that_is_not_signed_with_the_secret_is_refused_and_not_stored(world: World) -> None:
    raw = json.dumps(issue(world).payload).encode()
    for signature in ("", "sha256=" + "0" * 64, "sha1=5ea1", "nonsense", "sha256="):
        with pytest.raises(BadSignature):
            world.send("issues", raw, headers={"x-hub-signature-256": signature})
    assert stored(world) == []


def test_the_signature_is_checked_before_the_body_is_read(world: World) -> None:
    with pytest.raises(BadSignature):
        world.send("issues", b"{not json", headers={"x-hub-signature-256": "sha256=" + "0" * 64})


def test_a_tracker_of_another_name_or_kind_takes_nothing(world: World) -> None:
    for name, kinds in (("nobody", ("github", "sandbox")), ("box", ("github",)), ("", ("sandbox",))):
        with pytest.raises(intake.UnknownTracker):
            intake.receive(
                name, {}, b"{}", kinds=kinds, directory=world.directory, adapters=world.adapters, commits=world.commits
            )
    assert stored(world) == []


def test_a_body_that_is_no_json_object_is_refused_and_not_stored(world: World) -> None:
    for raw in (b"{not json", b"", b"\xff\xfe", b"[]", b"7", b'"text"', b"null", b"[" * 100_000):
        with pytest.raises(BadPayload) as refused:
            world.send("issues", raw)
        assert refused.value.path == "body"
    assert stored(world) == []


def put(payload: Any, path: str, value: object) -> None:
    *way, last = path.split(".")
    for key in way:
        payload = payload[key]
    if value is ...:
        del payload[last]
    else:
        payload[last] = value


WRONG: tuple[tuple[str, object], ...] = (
    ("repository.id", ...),
    ("repository.id", "12"),
    ("repository.full_name", 7),
    ("repository", []),
    ("action", ...),
    ("action", {"a": 1}),
    ("issue", ...),
    ("issue", "seven"),
    ("issue.number", "7"),
    ("issue.number", True),
    ("issue.title", None),
    ("issue.created_at", "yesterday"),
    ("issue.labels", "bug"),
    ("issue.user.id", None),
)


def test_a_missing_or_wrong_field_is_refused_by_its_name_and_not_stored(world: World) -> None:
    for path, value in WRONG:
        payload = issue(world).payload
        put(payload, path, value)
        with pytest.raises(BadPayload) as refused:
            world.send("issues", json.dumps(payload).encode())
        assert refused.value.path == path
        assert path in str(refused.value)
    assert stored(world) == []


def test_a_missing_header_is_refused_by_its_name(world: World) -> None:
    for header in ("x-github-delivery", "x-github-event"):
        with pytest.raises(BadPayload, match=header):
            world.send("issues", json.dumps(issue(world).payload).encode(), headers={header: ""})
    assert stored(world) == []


def test_a_delivery_is_stored_as_received_with_where_it_belongs(world: World) -> None:
    raw = json.dumps(issue(world).payload, indent=1).encode()
    told = world.send("issues", raw, guid=GUID)
    (row,) = stored(world)
    assert (told.guid, told.event) == (GUID, "issues")
    assert (row.guid, row.event, row.action, row.about, row.status) == (GUID, "issues", "opened", "#7", "pending")
    assert (row.lane_id, row.size, row.world_at) == (world.lane(), len(raw), world.now)
    with world.db.read() as tx:
        (pending,) = deliveries.pending(tx, row.lane_id, now=row.received_at, limit=5)
    assert pending.raw == raw


def test_a_delivery_that_comes_twice_is_stored_and_applied_once(world: World) -> None:
    hook = issue(world)
    world.post(hook, guid=GUID)
    world.post(hook, guid=GUID)
    world.drain()
    world.post(hook, guid=GUID)
    assert [row.status for row in stored(world)] == ["done"]


def test_a_delivery_that_was_set_aside_may_come_again(world: World) -> None:
    hook = issue(world)
    world.post(hook, guid=GUID)
    world.sql(sa.update(models.delivery).values(status="aside", attempts=5, reason="broken"))
    assert world.drain() <= 1  # the sweep of a new project at most
    world.post(hook, guid=GUID)
    world.drain()
    assert [(row.status, row.reason) for row in stored(world)] == [("done", "")]
    assert world.item(7).title == "Item 7"


def test_a_delivery_of_a_repository_that_is_not_watched_is_kept_with_the_reason(world: World) -> None:
    from tests.hub import Hub

    world.post(Hub("acme/other").issue(1, at=world.now), observe=False)
    world.drain()
    assert [(row.project_id, row.status, row.reason) for row in stored(world)] == [
        (None, "ignored", "its repository is not watched")
    ]


def test_an_event_that_is_not_read_is_kept_with_the_reason(world: World) -> None:
    world.send("star", json.dumps({"action": "created", "repository": world.hub.repository}).encode())
    world.drain()
    (row,) = stored(world)
    assert row.status == "ignored"
    assert "star" in row.reason


def test_posts_that_come_together_are_all_stored_once(world: World) -> None:
    hooks = [issue(world, number) for number in range(1, 33)]
    for hook in hooks:
        world.tracker.observe(hook)

    def send(place: int) -> str:
        return world.post(hooks[place % 32], guid=f"guid-{place % 32}", observe=False).guid

    with ThreadPoolExecutor(32) as pool:
        told = list(pool.map(send, range(48)))  # 16 of them are sent twice
    assert sorted(set(told)) == sorted(row.guid for row in stored(world))
    assert len(stored(world)) == 32
    assert [kind for kind, _ in world.bells.rung] == ["lane"]


def test_a_commit_that_fails_is_told_to_every_waiter_and_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = deliveries.add_many

    def half(tx: Any, rows: Any) -> None:
        real(tx, rows)
        raise OSError("the disk is full")

    monkeypatch.setattr(deliveries, "add_many", half)
    with ThreadPoolExecutor(8) as pool:
        errors = [
            future.exception()
            for future in [pool.submit(world.post, issue(world, n), observe=False) for n in range(1, 9)]
        ]
    assert [str(error) for error in errors] == ["the disk is full"] * 8
    assert stored(world) == []
    monkeypatch.setattr(deliveries, "add_many", real)
    world.post(issue(world, 9))
    assert len(stored(world)) == 1


def test_what_is_queued_is_committed_when_the_server_closes(world: World) -> None:
    commits = intake.GroupCommit(world.db, Bells())
    row = deliveries.NewDelivery(
        tracker_id=1, lane_id=world.lane(), project_id=None, guid=GUID, event="ping", action=None, about=None,
        received_at=world.now, world_at=world.now, raw=b"{}",
    )  # fmt: skip
    future = commits.add(row)
    commits.close()
    assert future.done()
    assert len(stored(world)) == 1
