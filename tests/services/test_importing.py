"""Reading a past: resumed after a kill, a limit or refused credentials; each trouble of a project has one outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import coverage
from app.store import models, trackers
from app.store.database import Database
from app.time import real_now
from tests.integrations.github.fake_history import FakeHistory, Trouble, serving
from tests.services.past import PastWorld
from tests.services.test_two_ways import demo, small
from tests.world import Killed

LIMIT = {"X-RateLimit-Remaining": "0", "Retry-After": "1800"}


@pytest.fixture
def world(database_url: str) -> Iterator[PastWorld]:
    """A project whose import has begun and read nothing yet."""
    with serving(FakeHistory(small())) as fake:
        made = PastWorld(database_url, fake)
        made.begin()
        yield made
        made.close()


def undisturbed(world: PastWorld) -> tuple[Any, ...]:
    return world.fields(), world.changes(), world.milestones(), world.links()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    from tests.services.test_two_ways import new_world

    with serving(FakeHistory(small())) as fake:
        made = new_world(tmp_path_factory.mktemp("whole") / "whole.db", fake)
        made.begin()
        made.sync()
        found = undisturbed(made)
        made.close()
    return found


def far_away(monkeypatch: pytest.MonkeyPatch, *, seconds: float) -> None:
    """Each answer takes so long as over a network: a slice ends between them."""
    answer = FakeHistory.answer

    def late(*asked: Any) -> Any:
        time.sleep(seconds)
        return answer(*asked)

    monkeypatch.setattr(FakeHistory, "answer", late)


def test_a_reader_killed_again_and_again_ends_with_the_same_rows(
    world: PastWorld, expected: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before and after commits; the lease of the dead runs out, the next one goes on."""
    far_away(monkeypatch, seconds=0.04)
    write = Database.write
    left = 0

    def fatal(self: Database) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed
        return write(self)

    kills = 0
    for allowed in range(1, 30):
        left = allowed
        monkeypatch.setattr(Database, "write", fatal)
        try:
            world.slice(seconds=0.2)
        except Killed:
            kills += 1
        left = 0
        with world.db.write() as tx:
            tx.execute(sa.update(models.sync).values(lease_until=0.0))
        world.drain()
    monkeypatch.undo()
    world.sync()
    assert kills >= 5
    assert world.run().status == "done"
    assert undisturbed(world) == expected
    told = [row.guid for row in world.rows(sa.select(models.delivery.c.guid))]
    assert len(told) == len(set(told)) == world.run().told + 1


def test_slices_go_on_where_the_last_one_stopped(
    world: PastWorld, expected: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    far_away(monkeypatch, seconds=0.005)
    seen = [world.run().done]
    while world.run().is_open:
        world.slice(seconds=0.05)
        world.drain()
        seen.append(world.run().done)
    assert seen == sorted(seen)
    assert len(set(seen)) > 3
    assert undisturbed(world) == expected


def test_a_limit_in_the_middle_is_waited_for_elsewhere(world: PastWorld, expected: tuple[Any, ...]) -> None:
    world.fake.troubles.append(Trouble("timeline", 403, {"message": "API rate limit exceeded"}, headers=LIMIT, skip=15))
    run = world.sync()
    assert run is not None
    assert run.status == "waiting"
    assert "goes on by itself at" in run.detail
    assert run.resume_at is not None
    assert timedelta(minutes=29) < run.resume_at - real_now() < timedelta(minutes=31)
    assert 10 <= run.done <= 15, "what was read before the limit is kept"
    before = len(world.fake.calls)
    world.slice()
    assert len(world.fake.calls) == before, "nothing is asked before its time"
    world.skip_waits()
    world.sync()
    assert world.run().status == "done"
    assert undisturbed(world) == expected


def test_a_token_revoked_half_way_stops_and_goes_on_with_a_new_one(world: PastWorld, expected: tuple[Any, ...]) -> None:
    world.slice(seconds=0.1)
    world.fake.tokens = {"new"}
    run = world.sync()
    assert run is not None
    assert run.status == "stopped"
    assert "refused the credentials" in run.detail
    with world.db.read() as tx:
        assert trackers.connections(tx)[0].status == "unauthorised"
    assert world.project.status == "active"
    assert world.status().catching_up, "judged, not published to"
    world.token = "new"
    world.begin()
    world.sync()
    assert world.run().status == "done"
    with world.db.read() as tx:
        assert trackers.connections(tx)[0].status == "unchecked"
    assert undisturbed(world) == expected


def gone(world: PastWorld) -> None:
    world.fake.troubles.append(Trouble("/repos", 404, {"message": "Not Found"}, times=999))
    world.fake.troubles.append(Trouble("/repositories", 404, {"message": "Not Found"}, times=999))


def withheld(world: PastWorld) -> None:
    world.fake.troubles.append(Trouble("/repos", 451, {"message": "Repository access blocked"}, times=999))


def issues_off(world: PastWorld) -> None:
    world.fake.troubles.append(Trouble("/issues", 410, {"message": "Issues has been disabled"}, times=999))


def forbidden(world: PastWorld) -> None:
    world.fake.troubles.append(
        Trouble("/issues", 403, {"message": "Resource not accessible by integration"}, times=999)
    )


def transferred(world: PastWorld) -> None:
    shown = world.fake.shapes.repository
    moved = shown | {"full_name": "other/curve", "owner": {"login": "other", "id": 5}}
    world.fake.troubles.append(Trouble(f"/repos/{world.fake.key}", 301, {"message": "Moved"}, times=999))
    world.fake.troubles.append(Trouble("/repositories/", 200, moved, times=999))


@pytest.mark.parametrize(
    ("trouble", "project", "run", "words"),
    [
        (gone, "gone", "failed", "can no longer be seen"),
        (withheld, "gone", "failed", "legal reasons"),
        (transferred, "moved", "failed", "moved to other/curve"),
        (issues_off, "gone", "failed", "can no longer be seen"),
        (forbidden, "active", "stopped", "may not read all of"),
    ],
)
def test_each_trouble_of_a_project_has_one_outcome(
    world: PastWorld, trouble: Callable[[PastWorld], None], project: str, run: str, words: str
) -> None:
    trouble(world)
    world.sync()
    assert (world.project.status, world.run().status) == (project, run)
    assert words in world.run().detail
    if project != "active":
        assert words in world.project.status_detail
    row = world.row()
    assert row.next_at is not None
    assert row.next_at > real_now() + timedelta(minutes=50), "tried again, but not at once"


def test_a_renamed_repository_goes_on_under_its_new_name(world: PastWorld) -> None:
    shown = world.fake.shapes.repository
    world.fake.troubles.append(Trouble(f"GET /repos/{world.fake.key}", 404, {"message": "Not Found"}))
    world.fake.key = f"{world.fake.key.partition('/')[0]}/renamed"
    world.fake.shapes.repository = shown | {"full_name": world.fake.key}
    world.sync()
    assert world.project.key.endswith("/renamed")
    assert world.run().status == "done"


def test_an_archived_repository_is_read_and_judged_no_more(world: PastWorld) -> None:
    world.fake.shapes.repository = world.fake.shapes.repository | {"archived": True}
    world.sync()
    assert (world.project.status, world.run().status) == ("archived", "done")
    world.fake.shapes.repository = world.fake.shapes.repository | {"archived": False}
    world.skip_waits()
    world.sync()
    assert world.project.status == "active"


def test_other_projects_go_on(world: PastWorld) -> None:
    gone(world)
    with world.db.write() as tx:
        other = trackers.add_project(
            tx, tracker_id=world.tracker_id, connection_id=world.connection_id, native_id="5", key="acme/other",
            url="", public=True, now=world.now, settings={}, calendar={}, author="test",
        )  # fmt: skip
    world.sync()
    with world.db.read() as tx:
        assert trackers.projects(tx, ids=[other])[0].status == "active"


def test_an_import_again_reads_only_what_changed_since(world: PastWorld) -> None:
    world.sync()
    calls = len(world.fake.calls)
    world.begin(again=True)
    world.sync()
    assert world.run().told == 0
    assert len(world.fake.calls) - calls <= 8


def test_pages_of_items_that_all_changed_in_one_second_are_all_read(sqlite_url: str) -> None:
    recording = demo()
    fake = FakeHistory(recording)
    moment = max(item.updated_at for item in fake.state.items.values())
    for item in fake.state.items.values():
        item.updated_at = moment
    keep = sorted(fake.state.items)[:230]
    fake.state.items = {number: fake.state.items[number] for number in keep}
    fake.timelines = {number: [] for number in keep}
    with serving(fake):
        made = PastWorld(sqlite_url, fake)
        made.begin()
        made.sync()
        assert made.run().status == "done"
        assert sorted(made.fields()) == keep
        assert made.run().done == 230
        made.close()


def test_the_card_says_what_can_be_judged_and_what_would_change_that(world: PastWorld) -> None:
    world.sync()
    with world.db.read() as tx:
        card = coverage.card(tx, world.project_id)
    topics = {line.topic: line for line in card.lines}
    assert topics.keys() >= {"history", "milestones", "sizes", "in progress", "links", "members", "planning"}
    assert f"{world.project.known_from:%Y-%m-%d}" in topics["history"].known
    assert card.members > 0
    assert "size_from" in topics["sizes"].change
    assert "not read" in topics["planning"].known
    for title in card.undated_milestones[:3]:
        assert title in topics["milestones"].change
