"""Answers that are lost, processes that die, calls that are refused: exactly one comment, and nobody else is held up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.services import publish
from app.store import leases, models
from app.time import real_now
from integrations.errors import TransientError
from integrations.ports import Pace
from integrations.sandbox.tracker import Fault
from integrations.sandbox.tracker_items import SandboxError
from tests.world import STALLED, Killed, World


def waiting(world: World, *numbers: int) -> None:
    """Flags that are to be written now."""
    world.rules(STALLED)
    for number in numbers:
        world.post(world.hub.issue(number, at=world.now, assignees=(f"dev{number}",)))
        world.post(world.hub.comment(number, "On it.", by=f"dev{number}", at=world.now + timedelta(minutes=1)))
    world.drain()
    world.wait(days=3, minutes=2)
    world.drain()
    world.wait(minutes=61)
    world.drain()


def once(when: str, path: str, error: Callable[[], BaseException]) -> Fault:
    """A fault at the first write whose path ends so."""
    left = [True]

    def fault(moment: str, method: str, where: str) -> None:
        if left and moment == when and method != "GET" and where.endswith(path):
            left.clear()
            raise error()

    return fault


def bad_gateway() -> BaseException:
    return SandboxError(502, "Bad Gateway")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_create_without_an_answer_ends_in_exactly_one_comment(world: World, when: str) -> None:
    waiting(world, 7, 8)
    world.fault = once(when, "/comments", bad_gateway)
    world.publish()
    assert len(world.comments(8)) == 1, "the other item is not held up"
    assert world.publication(7).sending_at is not None
    assert world.publish() == 0, "it waits for its backoff"
    world.skip_backoff()
    world.publish()
    assert (len(world.comments(7)), len(world.comments())) == (1, 2)
    assert (world.publication(7).status, world.publication(7).sending_at) == ("settled", None)
    looks = [path for method, path in world.calls("GET") if path.endswith("/issues/7/comments")]
    assert len(looks) == 1, "only the uncertain one costs a look"
    assert world.calls("GET") == [("GET", looks[0])]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("path", ["/labels", "/issues/7/labels", "/issues/7/comments"])
def test_a_publisher_that_dies_anywhere_leaves_exactly_one_comment(
    world: World, monkeypatch: pytest.MonkeyPatch, when: str, path: str
) -> None:
    waiting(world, 7)
    world.fault = once(when, path, Killed)
    with monkeypatch.context() as patched:
        patched.setattr(leases, "release", lambda *_: False)  # the dead give nothing back
        with pytest.raises(Killed):
            world.publish()
    assert world.publish() == 0, "its lease still holds"
    world.sql(sa.update(models.connection).values(lease_until=0.5))
    world.publish()
    assert (world.labels(7), len(world.comments(7))) == (["plumb:stalled"], 1)
    assert world.publication(7).status == "settled"
    assert (world.publish(), len(world.comments(7))) == (0, 1)


def test_the_echo_of_a_comment_settles_a_create_that_was_never_answered(world: World) -> None:
    waiting(world, 7)
    world.fault = once("after", "/comments", Killed)
    with pytest.raises(Killed):
        world.publish()
    for hook in world.echoes:
        world.post(hook, observe=False)
    world.drain()
    assert world.publication(7).comment_id == str(world.comments(7)[0].id)
    world.publish()
    assert (len(world.comments(7)), world.calls("GET"), world.publication(7).status) == (1, [], "settled")


@pytest.mark.parametrize("state", ["locked", "gone"])
def test_a_write_that_is_refused_says_why_and_others_go_on(world: World, state: str) -> None:
    waiting(world, 7, 8)
    world.tracker.set_item("acme/shop", 7, locked=state == "locked", gone=state == "gone")
    world.publish()
    refused = world.publication(7)
    assert (refused.status, refused.detail.partition(":")[0]) == ("refused", state)
    assert len(refused.detail) > len(state) + 5
    assert (len(world.comments(8)), world.publication(8).status) == (1, "settled")
    calls = len(world.calls())
    world.wait(hours=2)
    world.drain()
    world.publish()
    assert len(world.calls()) == calls, "a refusal is not tried again for the same words"


def test_a_rate_limit_makes_the_whole_connection_wait(world: World) -> None:
    waiting(world, 7, 8)

    def limited() -> BaseException:
        return TransientError("secondary rate limit", retry_after=90, limited=True)

    world.fault = once("before", "/comments", limited)
    world.publish()
    assert (world.comments(), world.publication(7).sending_at) == ([], None)
    calls = len(world.calls())
    assert world.publish() == 0
    assert len(world.calls()) == calls
    (row,) = world.rows(sa.select(models.connection))
    assert row.next_write_at > real_now() + timedelta(seconds=60)
    world.skip_backoff()
    world.publish()
    assert (len(world.comments(7)), len(world.comments(8)), world.calls("GET")) == (1, 1, [])


def test_no_more_is_created_in_an_hour_than_the_pace_allows(world: World) -> None:
    waiting(world, 7, 8, 9)
    world.pace = Pace(seconds_between_writes=0, creates_per_minute=80, creates_per_hour=3)
    world.publish()
    assert len(world.comments()) == 2  # and the label itself
    assert any("rate limit" in world.publication(n).detail for n in (7, 8, 9))


def test_of_two_publishers_one_works(world: World) -> None:
    waiting(world, *range(1, 7))
    inside, most, lock = 0, 0, threading.Lock()

    def connect(connection_id: int) -> publish.Connected:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        return world.connected(connection_id)

    def run(_: int) -> int:
        nonlocal inside
        before = inside
        sent = world.publish(connect)
        if sent:
            with lock:
                inside -= 1
        return sent + 0 * before

    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(run, range(4)))
    assert most == 1
    assert sum(sent) == 13  # the label once, then a label and a comment for each
    assert len(world.comments()) == 6


def test_a_token_that_is_no_longer_valid_stops_the_connection_for_an_hour(world: World) -> None:
    waiting(world, 7, 8)
    world.fault = once("before", "/labels", lambda: SandboxError(401, "Bad credentials"))
    world.publish()
    assert (world.comments(), world.publication(7).status) == ([], "waiting")
    assert world.publication(7).retry_at > real_now() + timedelta(minutes=50)
