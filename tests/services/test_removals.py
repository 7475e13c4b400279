"""What people take away stays away: labels, comments, and whole items that are silenced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.services.retract import Filter, retract
from app.store import models
from app.time import real_now
from integrations.sandbox.payloads import stamp
from tests.services.manners import REPO, answers, body, by_hand, echoed, heard, line, memory, noted, read_again, say
from tests.world import World


@pytest.fixture
def told(noted_world: World) -> World:
    return noted_world


def passes(world: World, **span: float) -> None:
    world.wait(**span)
    heard(world)


def moved_and_quiet_again(world: World) -> None:
    """The item moves, which clears its flag, and is quiet for so long that it is flagged anew."""
    world.post(world.hub.comment(7, "Here again.", by="dev7", at=world.now))
    passes(world, minutes=20)
    assert world.flags() == []
    passes(world, days=4)
    passes(world, minutes=90)
    assert world.flags() == [("stalled", "item", 7)]


def test_our_own_writes_come_back_as_nobodys_answer(told: World) -> None:
    for _ in range(2):
        say(told, 7, "/plumb snooze 5d", by="ann")
        moved_and_quiet_again(told)
    echoed(told)
    assert {verb for _who, verb, _ in answers(told)} == {"snooze"}


@dataclass(frozen=True)
class Way:
    """How we learn of what people did: by the webhook, or by reading the item later on, which names nobody."""

    learn: Callable[[World], None]
    who: str


@pytest.fixture(params=["webhook", "read"])
def way(request: pytest.FixtureRequest) -> Way:
    if request.param == "webhook":

        def hook(world: World) -> None:
            echoed(world)
            heard(world)

        return Way(hook, "mel")

    def read(world: World) -> None:
        world.wait(minutes=2)
        for _ in range(2):  # what is read twice counts once
            read_again(world, 7)
            heard(world)

    return Way(read, "somebody")


def test_a_label_that_a_person_takes_off_stays_off(told: World, way: Way) -> None:
    by_hand(told).remove_label(REPO, 7, "plumb:stalled", by="mel")
    way.learn(told)
    assert answers(told) == [(way.who, "unlabel", "taken")]
    assert line(told, 7) == "Known since 5 Mar. Silent until it gets worse."
    for _ in range(3):
        passes(told, days=1)
        assert told.labels(7) == []
    moved_and_quiet_again(told)
    assert told.labels(7) == ["plumb:stalled"]
    assert line(told, 7).startswith("**Quiet for")


def test_a_comment_that_a_person_deletes_is_not_written_again(told: World, way: Way) -> None:
    (ours,) = told.comments(7)
    by_hand(told).delete_comment(REPO, ours.id, by="mel")
    way.learn(told)
    assert answers(told) == [(way.who, "delete", "taken")]
    assert told.labels(7) == []  # it is known now: silent until it gets worse
    for _ in range(3):
        passes(told, days=1)
        assert told.comments(7) == []
    moved_and_quiet_again(told)
    assert len(told.comments(7)) == 1


def test_a_comment_that_a_person_edits_is_left_as_it_is(told: World, way: Way) -> None:
    (ours,) = told.comments(7)
    by_hand(told).edit_comment(REPO, ours.id, "Not useful here.", by="mel")
    way.learn(told)
    assert answers(told) == [(way.who, "edit", "taken")]
    passes(told, days=1)
    told.post(told.hub.comment(7, "Here again.", by="dev7", at=told.now))
    passes(told, minutes=20)
    assert body(told, 7) == "Not useful here."
    passes(told, days=4)
    passes(told, minutes=90)
    assert line(told, 7).startswith("**Quiet for")


@pytest.mark.parametrize("found", ["at our next edit", "by a read"])
def test_a_comment_that_a_person_hides_is_edited_no_more(told: World, found: str) -> None:
    (ours,) = told.comments(7)
    told.tracker.hide_comment(REPO, ours.id)
    if found == "by a read":
        for _ in range(2):
            read_again(told, 7)
            heard(told)
        assert answers(told) == [("somebody", "hide", "taken")]
    else:
        say(told, 7, "/plumb why", by="ann")
        heard(told)
        assert ("somebody", "hide", "taken") in answers(told)
    kept = body(told, 7)
    told.post(told.hub.comment(7, "Here again.", by="dev7", at=told.now))
    passes(told, minutes=20)
    passes(told, days=1)
    assert body(told, 7) == kept
    assert "comment_taken_at" in told.rows(sa.select(models.standing.c.memory))[0].memory


def test_a_read_that_finds_all_as_we_left_it_is_nobodys_answer(told: World) -> None:
    told.wait(minutes=2)
    read_again(told, 7)
    heard(told)
    say(told, 7, "/plumb snooze 5d", by="ann")  # edits our comment and takes our label off
    told.wait(minutes=2)
    read_again(told, 7)
    moved_and_quiet_again(told)
    told.wait(minutes=2)
    read_again(told, 7)
    heard(told)
    assert {verb for _who, verb, _ in answers(told)} == {"snooze"}
    assert told.labels(7) == ["plumb:stalled"]


def test_a_read_that_was_asked_for_before_our_writes_tells_nothing_of_them(world: World) -> None:
    """Its answer comes in when we have written already: neither the label nor the comment is missing."""
    noted(world, 7)
    asked_at = world.now - timedelta(minutes=5, seconds=10)
    (ours,) = world.comments(7)
    by_hand(world).remove_label(REPO, 7, "plumb:stalled")  # as the read had found it
    read_again(world, 7, asked_at=asked_at)
    by_hand(world).add_label(REPO, 7, "plumb:stalled")
    world.echoes.clear()
    heard(world)
    assert answers(world) == []
    assert (world.labels(7), [one.id for one in world.comments(7)]) == (["plumb:stalled"], [ours.id])


def test_what_we_take_back_ourselves_is_nobodys_answer_to_a_read_either(told: World) -> None:
    told.wait(minutes=2)
    retract(told.db, told.adapters, Filter(), dry_run=False, who="test", now=told.now, real=real_now())
    read_again(told, 7)  # marked to go, still there
    (ours,) = told.comments(7)
    by_hand(told).remove_label(REPO, 7, "plumb:stalled")
    by_hand(told).delete_comment(REPO, ours.id)
    read_again(told, 7)  # gone, and that is not written down yet
    told.publish()
    read_again(told, 7)
    heard(told)
    assert answers(told) == []
    assert (told.labels(7), told.comments(7)) == ([], [])


def test_a_removal_that_a_timeline_tells_is_in_the_name_of_who_did_it(told: World) -> None:
    by_hand(told).remove_label(REPO, 7, "plumb:stalled", by="mel")
    (hook,) = told.echoes
    entry = {
        "event": "unlabeled", "created_at": stamp(told.now), "actor": told.hub._user("mel"),
        "label": {"name": "plumb:stalled"},
    }  # fmt: skip
    told.wait(minutes=2)
    read_again(told, 7, timeline=[entry])
    told.post(hook, observe=False)  # and the webhook, late
    heard(told)
    assert answers(told) == [("mel", "unlabel", "taken")]
    assert told.labels(7) == []


def test_a_removal_that_is_told_twice_or_late_counts_once(told: World) -> None:
    by_hand(told).remove_label(REPO, 7, "plumb:stalled", by="mel")
    (hook,) = told.echoes
    echoed(told)
    heard(told)
    moved_and_quiet_again(told)
    assert told.labels(7) == ["plumb:stalled"]
    told.post(hook, observe=False)
    heard(told)
    passes(told, minutes=30)
    assert told.labels(7) == ["plumb:stalled"]
    assert answers(told) == [("mel", "unlabel", "taken")]


def test_the_label_off_silences_an_item_for_good(told: World) -> None:
    told.post(told.hub.label(7, "plumb:off", at=told.now, by="mel"))
    heard(told)
    assert told.labels(7) == []
    assert line(told, 7) == "Silent here as long as the label `plumb:off` is on."
    moved_and_quiet_again(told)
    assert told.labels(7) == []
    assert line(told, 7) == "Silent here as long as the label `plumb:off` is on."
    assert told.item(7).silenced
    told.post(told.hub.label(7, "plumb:off", at=told.now, by="mel", on=False))
    passes(told, minutes=90)
    assert told.labels(7) == ["plumb:stalled"]
    assert not told.item(7).silenced


def test_an_acknowledged_flag_speaks_again_only_when_it_is_worse(told: World) -> None:
    say(told, 7, "/plumb ack", by="ann")
    for _ in range(5):
        passes(told, days=1)
    assert line(told, 7).startswith("Known since")
    assert "acknowledged_at" in memory(told, 7)
