"""What people take away stays away: labels, comments, and whole items that are silenced."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.store import models
from tests.services.manners import REPO, answers, body, by_hand, echoed, heard, line, memory, noted, say
from tests.world import World


@pytest.fixture
def told(world: World) -> World:
    noted(world, 7)
    return world


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


def test_a_label_that_a_person_takes_off_stays_off(told: World) -> None:
    by_hand(told).remove_label(REPO, 7, "plumb:stalled", by="mel")
    echoed(told)
    heard(told)
    assert answers(told) == [("mel", "unlabel", "taken")]
    assert line(told, 7) == "Known since 5 Mar. Silent until it gets worse."
    for _ in range(3):
        passes(told, days=1)
        assert told.labels(7) == []
    moved_and_quiet_again(told)
    assert told.labels(7) == ["plumb:stalled"]
    assert line(told, 7).startswith("**Quiet for")


def test_a_comment_that_a_person_deletes_is_not_written_again(told: World) -> None:
    (ours,) = told.comments(7)
    by_hand(told).delete_comment(REPO, ours.id, by="mel")
    echoed(told)
    heard(told)
    assert answers(told) == [("mel", "delete", "taken")]
    assert told.labels(7) == []  # it is known now: silent until it gets worse
    for _ in range(3):
        passes(told, days=1)
        assert told.comments(7) == []
    moved_and_quiet_again(told)
    assert len(told.comments(7)) == 1


def test_a_comment_that_a_person_edits_is_left_as_it_is(told: World) -> None:
    (ours,) = told.comments(7)
    by_hand(told).edit_comment(REPO, ours.id, "Not useful here.", by="mel")
    echoed(told)
    heard(told)
    assert answers(told) == [("mel", "edit", "taken")]
    passes(told, days=1)
    told.post(told.hub.comment(7, "Here again.", by="dev7", at=told.now))
    passes(told, minutes=20)
    assert body(told, 7) == "Not useful here."
    passes(told, days=4)
    passes(told, minutes=90)
    assert line(told, 7).startswith("**Quiet for")


def test_a_comment_that_a_person_hides_is_edited_no_more(told: World) -> None:
    (ours,) = told.comments(7)
    told.tracker.hide_comment(REPO, ours.id)
    say(told, 7, "/plumb why", by="ann")  # the edit that finds out
    heard(told)
    assert ("somebody", "hide", "taken") in answers(told)
    found = body(told, 7)
    told.post(told.hub.comment(7, "Here again.", by="dev7", at=told.now))
    passes(told, minutes=20)
    passes(told, days=1)
    assert body(told, 7) == found
    assert "comment_taken_at" in told.rows(sa.select(models.standing.c.memory))[0].memory


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
