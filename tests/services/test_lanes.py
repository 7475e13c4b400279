"""One drain at a time, nothing half done, one bad delivery harms no other, and bells that ring once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import bells, drain, judge
from app.store import deliveries, derivation, leases, models, work
from app.time import real_now
from rules import engine
from tests.world import Bells, Killed, World


def statuses(world: World) -> list[tuple[str, str]]:
    return [(row.status, row.reason) for row in world.rows(sa.select(models.delivery).order_by(models.delivery.c.id))]


def test_of_drains_that_come_together_one_works(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.play(world.hub.issue(n, at=world.now) for n in range(1, 30))
    inside, most, lock = 0, 0, threading.Lock()
    real = drain._batch

    def counted(*arguments: Any) -> Any:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        try:
            return real(*arguments)
        finally:
            with lock:
                inside -= 1

    monkeypatch.setattr(drain, "_batch", counted)
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda _: drain.drain(world.drainer(), world.lane()), range(12)))
    assert most == 1
    assert sum(done) >= 29
    assert world.counts() == {"done": 29}


def test_a_holder_whose_lease_ran_out_cannot_commit(world: World) -> None:
    slow = leases.take(world.db, "lane", world.lane(), holder="slow")
    assert slow is not None
    assert leases.take(world.db, "lane", world.lane(), holder="other") is None
    world.sql(sa.update(models.lane).values(lease_until=0.5))
    quick = leases.take(world.db, "lane", world.lane(), holder="quick")
    assert quick is not None
    with pytest.raises(leases.LeaseLost), world.db.write() as tx:  # noqa: PT012 (the write is what must be undone)
        tx.execute(sa.update(models.project).values(key="half done"))
        leases.confirm(tx, slow)
    assert leases.release(world.db, slow) is False
    with world.db.write() as tx:
        leases.confirm(tx, quick)
    assert [row.key for row in world.rows(sa.select(models.project))] == ["acme/shop"]


def test_a_drain_that_was_taken_over_leaves_the_work_to_the_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.post(world.hub.issue(7, at=world.now))
    real = derivation.save_derived

    def overtaken(*arguments: Any) -> None:
        real(*arguments)
        raise leases.LeaseLost("somebody else")

    with monkeypatch.context() as patched:
        patched.setattr(derivation, "save_derived", overtaken)
        assert drain.drain(world.drainer(), world.lane()) == 0
    assert statuses(world) == [("pending", "")]
    assert world.rows(sa.select(models.item)) == []


def test_a_bell_is_rung_once_until_it_is_answered_or_stale(world: World) -> None:
    ringer, lane = Bells(), world.lane()
    assert [bells.ring(world.db, ringer, "lane", [lane, lane]) for _ in range(3)] == [1, 0, 0]
    world.sql(sa.update(models.bell).values(rung_at=real_now() - bells.STALE - timedelta(seconds=1)))
    assert bells.ring(world.db, ringer, "lane", [lane]) == 1
    assert drain.drain(world.drainer(), lane) >= 0
    assert bells.ring(world.db, ringer, "lane", [lane]) == 1
    assert ringer.rung == [("lane", lane)] * 3


def test_a_bell_that_rings_during_a_drain_is_heard_at_its_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real, lane = drain._batch, world.lane()

    def rung_meanwhile(*arguments: Any) -> Any:
        with world.db.write() as tx:
            leases.ring(tx, "lane", lane, now=real_now() - bells.STALE * 2)
        return real(*arguments)

    monkeypatch.setattr(drain, "_batch", rung_meanwhile)
    world.bells.rung.clear()
    drain.drain(world.drainer(), lane)
    assert world.bells.rung == [("lane", lane)]


@pytest.mark.parametrize(
    "where", [(work, "flush"), (derivation, "save_derived"), (judge.Court, "judge"), (deliveries, "mark")]
)
def test_a_drain_killed_anywhere_leaves_nothing_half_done(
    world: World, monkeypatch: pytest.MonkeyPatch, where: tuple[Any, str]
) -> None:
    first = drain.SMALLEST
    world.play(world.hub.issue(n, at=world.now) for n in range(1, first + 3))
    owner, name = where
    real = getattr(owner, name)
    seen = 0

    def killed(*arguments: Any, **named: Any) -> Any:
        nonlocal seen
        seen += 1
        found = real(*arguments, **named)
        if seen == 2:  # in the second batch: the first is committed
            raise Killed
        return found

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, killed)
        with pytest.raises(Killed):
            drain.drain(world.drainer(), world.lane())
    assert world.counts() == {"done": first, "pending": 2}
    assert len(world.rows(sa.select(models.item))) == first
    world.drain()
    assert world.counts() == {"done": first + 2}
    assert len(world.rows(sa.select(models.change))) == first + 2


@pytest.mark.parametrize("step", ["decode", "apply", "flush"])
def test_a_delivery_that_breaks_us_is_retried_then_set_aside_with_its_trace_and_others_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    hooks = [world.hub.issue(n, at=world.now, title="bad" if n == 2 else "good") for n in (1, 2, 3)]

    def spoilt(real: Any, is_bad: Any) -> Any:
        def run(*arguments: Any, **named: Any) -> Any:
            if is_bad(*arguments):
                raise ZeroDivisionError("a bug")
            return real(*arguments, **named)

        return run

    world.play(hooks)
    with monkeypatch.context() as patched:
        if step == "decode":
            adapter = type(world.adapters["sandbox"])
            patched.setattr(
                adapter,
                "decode",
                spoilt(adapter.decode, lambda _s, _e, payload, _r, _site: payload["issue"]["title"] == "bad"),
            )
        elif step == "apply":
            patched.setattr(
                drain, "apply", spoilt(drain.apply, lambda _w, reading: reading.items[0].text.title == "bad")
            )
        else:
            patched.setattr(
                work,
                "flush",
                spoilt(work.flush, lambda _tx, rows: any(row["title"] == "bad" for row in rows.items.values())),
            )
        for tries in range(1, len(deliveries.RETRY_AFTER) + 2):
            world.drain()
            assert world.drain() == 0, "a delivery that waits is not tried again at once"
            (bad,) = world.rows(sa.select(models.delivery).where(models.delivery.c.status.in_(("pending", "aside"))))
            assert bad.attempts == tries
            world.skip_backoff()
    assert (bad.status, "a bug" in bad.reason, "ZeroDivisionError" in bad.trace) == ("aside", True, True)
    assert [row.number for row in world.rows(sa.select(models.item).order_by(models.item.c.number))] == [1, 3]
    with world.db.write() as tx:
        assert deliveries.replay(tx, [bad.id]) == [world.lane()]
    world.drain()
    assert (world.counts(), world.item(2).title) == ({"done": 3}, "bad")


def test_a_publisher_and_a_drain_do_not_wait_for_each_other(world: World) -> None:
    held = leases.take(world.db, "lane", world.lane(), holder="somebody")
    assert held is not None
    assert world.publish() == 0
    assert leases.take(world.db, "connection", world.connection_id, holder="x") is not None


def test_a_subject_that_cannot_be_judged_holds_up_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.play(world.hub.issue(n, at=world.now) for n in (1, 2, 3))
    world.drain()
    ids = {row.number: row.id for row in world.rows(sa.select(models.item))}
    world.sql(sa.update(models.item).values(next_check_at=world.now, judged_at=None))
    real = engine.judge

    def judge_all_but_one(rules: Any, subject: Any, now: Any) -> Any:
        if subject.id == ids[2]:
            raise ZeroDivisionError("a bug")
        return real(rules, subject, now)

    with monkeypatch.context() as patched:
        patched.setattr(engine, "judge", judge_all_but_one)
        world.drain()
    judged = {row.number: (row.judged_at, row.next_check_at) for row in world.rows(sa.select(models.item))}
    assert judged[1][0] is not None
    assert judged[3][0] is not None
    assert judged[2] == (None, world.now + drain.POSTPONED)


def test_an_archived_project_is_judged_no_more(world: World) -> None:
    world.play([world.hub.issue(1, at=world.now)])
    world.drain()
    world.sql(sa.update(models.project).values(status="archived"))
    world.sql(sa.update(models.item).values(next_check_at=world.now, judged_at=None, state="unread"))
    world.drain()
    (row,) = world.rows(sa.select(models.item))
    assert (row.next_check_at, row.state) == (None, "unread")
