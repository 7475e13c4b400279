"""From a flag to a label and one comment: when they are written, when they are taken back, and how rarely."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.services import control
from app.services.labels import label_spec
from app.store import models
from app.time import real_now
from tests.world import GROWN, LATE, STALLED, World


def started(world: World, *numbers: int) -> None:
    """Issues that somebody works on."""
    for number in numbers:
        world.post(world.hub.issue(number, at=world.now, assignees=(f"dev{number}",)))
        world.post(world.hub.comment(number, "On it.", by=f"dev{number}", at=world.now + timedelta(minutes=1)))
    world.drain()


def moved(world: World, number: int) -> None:
    world.post(world.hub.comment(number, "Here again.", by=f"dev{number}", at=world.now))
    world.drain()


def step(world: World, **span: float) -> int:
    """Let time pass, judge and publish; gives the writes."""
    world.wait(**span)
    world.drain()
    return world.publish()


def flagged(world: World, *numbers: int) -> None:
    """Issues whose flag has just opened, on a Thursday morning."""
    world.rules(STALLED)
    started(world, *numbers)
    world.wait(days=3, minutes=2)
    world.drain()
    assert len(world.flags()) == len(numbers)


def body(world: World, number: int) -> str:
    (comment,) = world.comments(number)
    return comment.body


def test_a_flag_is_written_once_when_it_has_stood_for_an_hour(world: World) -> None:
    flagged(world, 7)
    assert (world.publish(), step(world, minutes=59)) == (0, 0)
    assert step(world, minutes=2) > 0
    assert (world.labels(7), body(world, 7).startswith("**Quiet for 3 days")) == (["plumb:stalled"], True)
    calls = len(world.calls())
    for _ in range(5):
        assert step(world, hours=5) == 0
    assert len(world.calls()) == calls


def test_a_flag_waits_for_working_hours(world: World) -> None:
    world.rules(STALLED)
    world.wait(hours=10)  # seven in the evening
    started(world, 7)
    assert step(world, days=3, hours=2) == 0
    assert step(world, hours=10, minutes=30) == 0  # half past seven
    assert step(world, minutes=31) > 0


def test_a_flag_that_clears_before_it_has_settled_is_never_heard_of(world: World) -> None:
    flagged(world, 7)
    world.wait(minutes=30)
    moved(world, 7)
    assert sum(step(world, hours=1) for _ in range(4)) == 0
    assert (world.labels(7), world.comments(), world.publication(7)) == ([], [], None)


def test_a_flag_that_clears_is_taken_back_after_a_quarter_of_an_hour(world: World) -> None:
    flagged(world, 7)
    step(world, minutes=61)
    (before,) = world.comments(7)
    moved(world, 7)
    assert (world.publish(), step(world, minutes=14)) == (0, 0)
    assert step(world, minutes=2) == 2
    (after,) = world.comments(7)
    assert (world.labels(7), after.id) == ([], before.id)
    assert after.body.startswith("All clear since Thu 5 Mar")
    assert len([line for line in after.body.splitlines() if line and not line.startswith("<")]) == 1


def test_a_flag_that_comes_back_speaks_in_the_same_comment(world: World) -> None:
    flagged(world, 7)
    step(world, minutes=61)
    (first,) = world.comments(7)
    moved(world, 7)
    step(world, minutes=16)
    step(world, days=3)
    step(world, minutes=61)
    (again,) = world.comments(7)
    assert (again.id, again.body.startswith("**Quiet"), world.labels(7)) == (first.id, True, ["plumb:stalled"])


def test_flapping_within_the_quarter_of_an_hour_shows_nothing(world: World) -> None:
    world.rules("{name: due, type: missed-milestone, mode: live, params: {comment_after: 0}}")
    hub = world.hub
    world.play(
        [
            hub.milestone(1, at=world.now, due=date(2026, 3, 3)),
            hub.issue(7, at=world.now, milestone=1, labels=("tracking",)),
        ]
    )
    world.drain()
    world.wait(days=2)
    world.settle()
    for due in (date(2026, 4, 1), date(2026, 3, 3)):
        world.wait(minutes=5)
        world.post(hub.move(1, due, at=world.now))
        world.drain()
        world.publish()
    assert (world.calls("DELETE"), world.labels(7)) == ([], ["plumb:late"])
    assert "All clear" not in body(world, 7)


def test_what_was_known_before_going_live_is_not_written_until_it_opens_anew(world: World) -> None:
    world.rules(STALLED.replace("live", "observe"))
    started(world, 7)
    world.wait(days=3, minutes=5)
    world.settle()
    assert world.flags() == [("stalled", "item", 7)]
    world.rules(STALLED)
    assert sum(step(world, hours=3) for _ in range(3)) == 0
    moved(world, 7)
    step(world, days=3)
    assert step(world, hours=14) > 0
    assert len(world.comments(7)) == 1


def test_a_rule_in_observe_writes_nothing(world: World) -> None:
    world.rules(STALLED.replace("live", "observe"))
    started(world, 7)
    assert (step(world, days=4), step(world, hours=2), world.calls()) == (0, 0, [])


def test_the_eleventh_new_comment_of_a_day_is_written_on_the_next(world: World) -> None:
    flagged(world, *range(1, 13))
    step(world, minutes=61)
    assert len(world.comments()) == 10
    assert {world.publication(n).status for n in range(1, 13)} == {"settled", "held"}
    step(world, hours=5)
    assert len(world.comments()) == 10
    step(world, hours=18)
    assert len(world.comments()) == 12


def test_a_comment_is_edited_twice_a_day_and_then_again_on_the_next(world: World) -> None:
    world.rules(LATE)
    hub = world.hub
    world.play(
        [
            hub.milestone(1, at=world.now, due=date(2026, 3, 3)),
            hub.issue(7, at=world.now, milestone=1, labels=("tracking",)),
        ]
    )
    world.play(hub.issue(n, at=world.now, milestone=1) for n in range(10, 16))
    world.drain()
    world.wait(days=2)
    world.settle()
    for number in (10, 11, 12):
        world.wait(minutes=20)
        world.post(hub.close(number, at=world.now))
        world.drain()
        world.publish()
    assert len(world.calls("PATCH")) == 2
    assert world.publication(7).status == "held"
    step(world, days=1)
    assert len(world.calls("PATCH")) == 3
    assert "4 of 7" in body(world, 7)


def milestone_with_home(world: World) -> None:
    hub = world.hub
    world.play(
        [
            hub.milestone(1, at=world.now, due=date(2026, 3, 4)),
            hub.issue(7, at=world.now, milestone=1, labels=("tracking",)),
        ]
    )
    world.play(hub.issue(n, at=world.now, milestone=1) for n in (8, 9))
    world.drain()


def test_what_a_milestone_has_to_say_is_said_on_its_home_item_and_on_no_member(world: World) -> None:
    world.rules(LATE, GROWN, STALLED)
    milestone_with_home(world)
    step(world, days=2)
    world.play(world.hub.issue(n, at=world.now, milestone=1) for n in range(20, 26))
    world.drain()
    step(world, days=2)
    world.settle()
    assert {name for name, kind, _ in world.flags() if kind == "milestone"} == {"late", "grown"}
    assert world.labels(7) == ["plumb:grown", "plumb:late"]
    assert [comment.number for comment in world.comments()] == [7]
    assert all(world.labels(n) == [] for n in (8, 9, *range(20, 26)))


def test_a_milestone_without_a_home_says_nothing_in_the_tracker(world: World) -> None:
    world.rules(LATE)
    world.play(
        [world.hub.milestone(1, at=world.now, due=date(2026, 3, 4)), world.hub.issue(8, at=world.now, milestone=1)]
    )
    world.drain()
    step(world, days=4)
    world.settle()
    assert (world.flags(), world.calls()) == ([("late", "milestone", 1)], [])


@pytest.mark.parametrize("way", ["off", "removed"])
def test_a_rule_that_is_switched_off_or_removed_takes_back_what_it_wrote(world: World, way: str) -> None:
    flagged(world, 7)
    step(world, minutes=61)
    assert world.labels(7) == ["plumb:stalled"]
    if way == "off":
        world.rules(STALLED.replace("live", '"off"'))
    else:
        world.rules()
    world.drain()
    step(world, minutes=16)
    assert (world.flags(), world.labels(7), len(world.comments(7))) == ([], [], 1)
    assert not body(world, 7).startswith("**Quiet")


def test_while_paused_nothing_is_written_and_afterwards_what_is_still_wanted(world: World) -> None:
    flagged(world, 7, 8)
    control.pause(world.db, "test", real_now())
    assert (step(world, minutes=61), world.calls()) == (0, [])
    moved(world, 8)
    step(world, minutes=20)
    control.resume(world.db, "test", real_now())
    step(world, minutes=1)
    assert (len(world.comments(7)), world.comments(8), world.labels(8)) == (1, [], [])


def test_an_archived_repository_is_not_written_to(world: World) -> None:
    import json

    flagged(world, 7)
    world.send("repository", json.dumps({"action": "archived", "repository": world.hub.repository}).encode())
    world.drain()
    assert (step(world, minutes=61), world.calls()) == (0, [])


def test_row_06_under_a_colleagues_token_our_own_writes_move_nothing_and_theirs_do(world: World) -> None:
    """The account that we write under is the lead's own: what they say there themselves is a word of theirs."""
    flagged(world, 7)
    step(world, minutes=61)
    quiet = world.item(7).moved_at
    (ours,) = [hook for hook in world.echoes if hook.event == "issue_comment"]
    lead = world.hub.shapes.user("lead")
    echo = replace(ours, payload={**ours.payload, "sender": lead, "comment": {**ours.payload["comment"], "user": lead}})
    world.post(echo, observe=False)
    world.drain()
    assert (world.item(7).moved_at, len(world.flags())) == (quiet, 1)
    world.post(world.hub.comment(7, "I will look at it.", by="lead", at=world.now))
    world.drain()
    assert (world.item(7).moved_at, world.flags()) == (world.now, [])


def test_our_own_label_and_comment_coming_back_change_nothing(world: World) -> None:
    flagged(world, 7)
    step(world, minutes=61)
    before = (world.item(7).moved_at, world.publication(7).shown_body)
    for hook in world.echoes:
        world.post(hook, observe=False)
    world.drain()
    assert (world.item(7).moved_at, world.publication(7).shown_body) == before
    assert world.rows(sa.select(models.change).where(models.change.c.natural_key.like("comment:1000%"))) == []
    assert (step(world, minutes=30), world.flags()) == (0, [("stalled", "item", 7)])


@pytest.fixture
def quick(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A project whose flags are written at once, at any hour."""
    made = World(
        database_url, tmp_path, calendar={"settle_minutes": 0, "clear_minutes": 0, "all_hours": True}, name="quick"
    )
    yield made
    made.close()


def test_a_project_may_ask_for_flags_at_once(quick: World) -> None:
    flagged(quick, 7)
    assert (quick.publish() > 0, quick.labels(7)) == (True, ["plumb:stalled"])


def test_a_rule_has_a_label_a_remark_and_a_time_of_its_own(world: World) -> None:
    own = '{label: waits, color: d4a72c, remark: "How we review: https://wiki.example/reviews.", settle_minutes: 5}'
    world.rules(f"{STALLED[:-1]}, actions: {own}}}")
    started(world, 7)
    world.wait(days=3, minutes=2)
    world.drain()
    assert world.publish() == 0
    assert step(world, minutes=6) > 0
    assert world.labels(7) == ["plumb:waits"]
    assert "How we review: [wiki.example/reviews](https://wiki.example/reviews)." in body(world, 7)
    assert label_spec(world.db, "plumb:waits").color == "d4a72c"
    world.rules(STALLED)  # its own label no more: the family's takes its place, the comment stays one
    step(world, minutes=70)
    assert (world.labels(7), len(world.comments(7))) == (["plumb:stalled"], 1)
    assert "How we review" not in body(world, 7)
