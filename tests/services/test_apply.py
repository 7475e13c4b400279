"""What payloads say becomes rows: by field group, never backwards, with the history kept."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.services.apply import apply
from app.services.named import natives_of, people_of
from app.store import models
from app.store.people import People
from app.store.work import Place, flush, load
from integrations.readings import ItemSeen, Reading, StatePart, TextPart
from rules.facts import Kind
from tests.world import MONDAY, World


def at(hours: float) -> datetime:
    return MONDAY - timedelta(days=5) + timedelta(hours=hours)


def take(world: World, *readings: Reading) -> None:
    """Apply readings to the first project."""
    project = world.rows(sa.select(models.project.c.id, models.project.c.tracker_id))[0]
    ids = People().ids(world.db, project.tracker_id, people_of(readings))
    items, milestones, heads = natives_of(readings)
    with world.db.write() as tx:
        work = load(
            tx, Place(project.id, project.tracker_id, world.lane()), items=items, milestones=milestones, heads=heads
        )
        for reading in readings:
            apply(work, reading, people=ids, delivery_id=None, own_marker="plumbline:1:none")
        flush(tx, work)


def seen(
    as_of: datetime | None,
    *,
    title: str | None = None,
    open_: bool | None = None,
    labels: tuple[str, ...] | None = None,
) -> Reading:
    text = None if title is None else TextPart(title, "", "", at(0), None)
    state = None if open_ is None else StatePart(open_, "open" if open_ else "closed")
    item = ItemSeen("1/7", "#7", 7, Kind.ISSUE, as_of, text=text, state=state, labels=labels)
    return Reading(at=as_of or at(0), items=(item,))


def test_an_older_snapshot_never_overwrites_a_newer_one(world: World) -> None:
    take(world, seen(at(2), title="new", labels=("b",)))
    take(world, seen(at(1), title="old", labels=("a",)))
    assert (world.item(7).title, world.item(7).labels) == ("new", ["b"])


def test_a_partial_payload_touches_only_the_groups_it_carries(world: World) -> None:
    take(world, seen(at(1), title="old", open_=True, labels=("a",)))
    take(world, seen(at(3), open_=False))
    take(world, seen(at(2), title="newer", open_=True))
    row = world.item(7)
    assert (row.title, row.is_open, row.labels) == ("newer", False, ["a"])


def test_a_payload_without_a_timestamp_fills_what_is_empty_and_overwrites_nothing(world: World) -> None:
    take(world, seen(at(1), title="known"))
    take(world, seen(None, title="unknown", labels=("a",)))
    assert (world.item(7).title, world.item(7).labels) == ("known", ["a"])


def test_of_equal_timestamps_the_later_arrival_wins(world: World) -> None:
    take(world, seen(at(1), title="first"), seen(at(1), title="second"))
    assert world.item(7).title == "second"


def test_a_label_taken_off_is_off_though_the_payload_still_lists_it(world: World) -> None:
    world.post(world.hub.issue(7, at=at(0), labels=("bug", "ui")))
    hook = world.hub.label(7, "bug", on=False, at=at(1))
    hook.payload["issue"]["labels"].append(hook.payload["label"])
    world.post(hook, observe=False)
    world.drain()
    assert world.item(7).labels == ["ui"]


def test_a_deleted_item_stays_deleted_whatever_still_comes(world: World) -> None:
    opened = world.hub.issue(7, at=at(0))
    edited = world.hub.edit(7, title="late", at=at(1))
    world.play([opened, world.hub.delete(7, at=at(2)), edited], observe=False)
    world.drain()
    row = world.item(7)
    assert (row.deleted_at, row.is_open, row.state) == (at(2), False, "dropped")


def test_a_deleted_milestone_stays_deleted_and_its_flag_is_taken_back(world: World) -> None:
    from tests.world import LATE

    hub = world.hub
    world.rules(LATE)
    world.play(
        [
            hub.milestone(1, at=at(0), due=date(2026, 3, 3)),
            hub.issue(7, at=at(1), milestone=1, labels=("tracking",)),
            hub.issue(8, at=at(1), milestone=1),
        ]
    )
    world.drain()
    world.wait(days=2)
    world.settle()
    assert world.labels(7) == ["plumb:late"]
    gone = hub.change_milestone(1, "deleted", at=world.now)
    late = hub.issue(9, at=world.now, milestone=1)
    world.play([gone, late], observe=False)
    world.drain()
    assert world.flags() == []
    world.wait(minutes=16)
    world.drain()
    world.publish()
    assert (world.labels(7), world.milestone(1).is_open) == ([], False)


def test_every_due_date_is_kept_once_and_in_order_whatever_the_order_of_arrival(world: World) -> None:
    hub = world.hub
    days = [date(2026, 3, 10), date(2026, 3, 20), date(2026, 3, 20), None, date(2026, 3, 25)]
    hooks = [hub.milestone(1, at=at(0), due=days[0])] + [hub.move(1, day, at=at(n)) for n, day in enumerate(days) if n]
    world.play([hooks[n] for n in (3, 1, 4, 0, 2, 1)], observe=False)
    world.drain()
    row = world.milestone(1)
    assert [due for due, _ in row.dues] == ["2026-03-10", "2026-03-20", None, "2026-03-25"]
    assert row.due == date(2026, 3, 25)


def stays(world: World, number: int) -> list[tuple[int, datetime | None, datetime | None]]:
    m = models
    rows = world.rows(
        sa.select(m.milestone.c.number, m.membership.c.joined_at, m.membership.c.left_at)
        .join(m.milestone).join(m.item, m.item.c.id == m.membership.c.item_id).where(m.item.c.number == number)
    )  # fmt: skip
    return sorted((tuple(row) for row in rows), key=str)


def test_an_item_that_leaves_and_comes_back_has_two_stays(world: World) -> None:
    hub = world.hub
    hooks = [
        hub.milestone(1, at=at(0)),
        hub.issue(7, at=at(1), milestone=1),
        hub.plan(7, 1, on=False, at=at(2)),
        hub.plan(7, 1, at=at(3)),
    ]
    world.play(reversed(hooks), observe=False)
    world.drain()
    assert stays(world, 7) == [(1, at(1), at(2)), (1, at(3), None)]
    assert world.milestone(1).members_total == 1


def test_moving_to_another_milestone_ends_one_stay_and_begins_the_other(world: World) -> None:
    hub = world.hub
    world.play([hub.milestone(1, at=at(0)), hub.milestone(2, at=at(0)), hub.issue(7, at=at(1), milestone=1)])
    world.play([hub.plan(7, 1, on=False, at=at(2)), hub.plan(7, 2, at=at(2))])
    world.drain()
    assert stays(world, 7) == [(1, at(1), at(2)), (2, at(2), None)]


@pytest.mark.parametrize("first", ["pull", "issue"])
def test_a_pull_request_closes_its_issue_whichever_comes_first(world: World, first: str) -> None:
    hooks = [world.hub.issue(7, at=at(0)), world.hub.pull(20, at=at(1), body="Fixes #7")]
    for hook in hooks if first == "issue" else reversed(hooks):
        world.post(hook, observe=False)
        world.drain()
    assert world.item(7).state == "in_review"
    world.post(world.hub.edit(20, body="Only mentions #7", at=at(2)))
    world.drain()
    assert world.item(7).state == "todo"


def test_an_older_text_does_not_bring_back_its_links(world: World) -> None:
    world.post(world.hub.issue(7, at=at(0)))
    opened, edited = world.hub.pull(20, at=at(1), body="Fixes #7"), world.hub.edit(20, body="", at=at(2))
    world.play([edited, opened], observe=False)
    world.drain()
    assert world.item(7).state == "todo"


def test_a_renamed_repository_stays_the_same_project(world: World) -> None:
    from tests.hub import Hub

    world.post(world.hub.issue(7, at=at(0)))
    world.drain()
    hub = Hub("acme/store")
    hub.repository = hub.repository | {"id": world.hub.repository["id"]}
    world.send(
        "repository",
        __import__("json")
        .dumps(
            {"action": "renamed", "repository": hub.repository, "changes": {"repository": {"name": {"from": "shop"}}}}
        )
        .encode(),
    )
    world.drain()
    assert [row.key for row in world.rows(sa.select(models.project))] == ["acme/store"]
    hub.items = world.hub.items
    world.post(hub.edit(7, title="After", at=at(1)), observe=False)
    world.drain()
    assert [row.title for row in world.rows(sa.select(models.item))] == ["After"]


def test_a_person_who_is_renamed_stays_the_same_person(world: World) -> None:
    world.post(world.hub.issue(7, at=at(0), author="ann"))
    hook = world.hub.comment(7, by="ann", at=at(1))
    hook.payload["comment"]["user"] = hook.payload["comment"]["user"] | {"login": "ann-2"}
    hook.payload["sender"] = hook.payload["comment"]["user"]
    world.post(hook, observe=False)
    world.drain()
    assert [row.login for row in world.rows(sa.select(models.person).where(models.person.c.login.like("ann%")))] == [
        "ann-2"
    ]


def test_checks_of_an_earlier_push_do_not_replace_those_of_the_head(world: World) -> None:
    hub = world.hub
    world.play(
        [
            hub.pull(20, at=at(0), sha="a1"),
            hub.push(20, "a2", at=at(1)),
            hub.check("a2", "success", at=at(3), pulls=(20,)),
        ]
    )
    world.post(hub.check("a1", "failure", at=at(4), pulls=(20,)))
    world.drain()
    from app.services import explain

    subject = explain.explain(world.db, "item", world.item(20).id, now=world.now).subject
    assert subject.pull_request.checks.value == "green"  # type: ignore[union-attr]


@pytest.mark.parametrize("together", [True, False])
def test_a_status_finds_the_pull_request_by_its_newest_commit(world: World, together: bool) -> None:
    hub = world.hub
    for hook in [hub.pull(20, at=at(0), sha="a1"), hub.push(20, "a2", at=at(1)), hub.check("a2", "failure", at=at(2))]:
        world.post(hook)
        if not together:
            world.drain()
    world.drain()
    assert [state for state, _, _ in world.item(20).checks.values()] == ["red"]


def test_size_and_mergeability_survive_a_payload_that_lacks_them(world: World) -> None:
    hub = world.hub
    opened, reviewed = hub.pull(20, at=at(0), lines=40), hub.review(20, at=at(1))
    world.play([reviewed, opened], observe=False)
    world.drain()
    assert world.item(20).pull["lines"] == 40


def test_the_size_at_the_first_review_is_known_though_the_push_before_it_comes_late(world: World) -> None:
    hub = world.hub
    hooks = [
        hub.pull(20, at=at(0), sha="a1", lines=40),
        hub.review(20, at=at(1)),
        hub.push(20, "a2", at=at(2), lines=400),
    ]
    world.play(reversed(hooks), observe=False)
    world.drain()
    pull = world.item(20).derived["pull"]
    assert (pull["size_at_first_review"], world.item(20).pull["lines"]) == ({"lines": 40, "files": 1}, 400)


def test_a_pull_request_from_a_forks_main_is_nobodys_base(world: World) -> None:
    from app.services import explain

    world.play(
        [
            world.hub.pull(20, at=at(0), head="main", fork=True),
            world.hub.pull(21, at=at(1)),
            world.hub.pull(22, at=at(2), base="change-21"),
        ]
    )
    world.drain()
    subjects = {n: explain.explain(world.db, "item", world.item(n).id, now=world.now).subject for n in (21, 22)}
    assert subjects[21].links == ()  # type: ignore[union-attr]
    assert [link.other.key for link in subjects[22].links] == ["#21"]  # type: ignore[union-attr]
