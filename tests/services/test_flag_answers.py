"""Answers from a page: taken under the lane's lock, told in the note within seconds, remembered whatever is judged."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import flag_answers, quiet
from app.services.bells import SilentRinger
from app.store import models, subjects
from app.store.views.scope import Visible
from app.time import real_now
from rules.answers import Command, Verb
from tests.services.manners import answers, heard, line, memory, say
from tests.world import World

ALL = Visible(secured=True)


@pytest.fixture
def told(noted_world: World) -> World:
    return noted_world


def flag_of(world: World, number: int) -> Any:
    table = models.standing
    item = world.item(number).id
    return world.rows(sa.select(table).where(table.c.subject_kind == "item", table.c.subject_id == item))[-1]


def give(world: World, *ids: int, verb: str = "ack", **values: Any) -> flag_answers.Given:
    return flag_answers.give(
        world.db, SilentRinger(), flag_ids=ids, visible=ALL, command=Command(Verb(verb), "", **values), who="owner",
        now=world.now, real=real_now(),
    )  # fmt: skip


def undo(world: World, *ids: int) -> flag_answers.Given:
    return flag_answers.undo(
        world.db, SilentRinger(), flag_ids=ids, visible=ALL, who="owner", now=world.now, real=real_now()
    )


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (
            {"verb": "ack", "reason": "waits for legal"},
            'Known since 5 Mar ("waits for legal"). Silent until it gets worse.',
        ),
        ({"verb": "snooze", "until": date(2026, 3, 20)}, "Quiet until Fri 20 Mar, as asked."),
        (
            {"verb": "expect", "days": 15, "reason": "on leave"},
            'Expected on Fri 20 Mar ("on leave"). Quiet until then.',
        ),
        (
            {"verb": "wrong", "reason": "a tracking item"},
            'Answered as wrong on 5 Mar ("a tracking item"). Silent until it clears and comes back.',
        ),
    ],
)
def test_an_answer_from_a_page_shows_in_the_note_as_one_from_the_tracker_does(
    told: World, values: dict[str, Any], shown: str
) -> None:
    id_ = flag_of(told, 7).id
    assert give(told, id_, **values) == flag_answers.Given((id_,))
    heard(told)
    assert line(told, 7).replace("\\", "") == shown
    assert told.labels(7) == []
    assert answers(told) == [("owner", values["verb"], "taken")]


def test_an_answer_outlives_being_judged_again_and_is_taken_back_by_a_button(told: World) -> None:
    id_ = flag_of(told, 7).id
    give(told, id_, verb="snooze", days=10)
    heard(told)
    told.wait(days=2)
    told.drain()
    assert flag_of(told, 7).answered == "snoozed"
    assert undo(told, id_).taken == (id_,)
    heard(told)
    assert line(told, 7).startswith("**Quiet for")
    assert told.labels(7) == ["plumb:stalled"]
    assert flag_of(told, 7).answered == ""
    assert undo(told, id_).left == (flag_answers.Left(id_, "unanswered", "#7"),)


def test_what_was_said_before_it_was_taken_back_counts_no_more_however_late_it_is_heard(told: World) -> None:
    hook = told.hub.comment(7, "/plumb ack", by="ann", at=told.now)
    told.wait(minutes=5)
    id_ = flag_of(told, 7).id
    give(told, id_)
    undo(told, id_)
    told.post(hook)
    heard(told)
    assert "acknowledged_at" not in memory(told, 7)


def test_an_answer_in_the_tracker_and_its_flag_find_each_other(told: World) -> None:
    say(told, 7, "/plumb snooze 5d release week", by="ann")
    kept = flag_of(told, 7)
    assert (kept.answered, kept.quiet_until.date()) == ("snoozed", date(2026, 3, 10))
    about = told.rows(sa.select(models.answer_flag.c.standing_id))
    assert [row.standing_id for row in about] == [kept.id]


def test_a_flag_that_clears_is_answered_no_more(told: World) -> None:
    id_ = flag_of(told, 7).id
    give(told, id_)
    told.post(told.hub.comment(7, "I am at it.", by="dev7", at=told.now))
    heard(told)
    assert (flag_of(told, 7).answered, flag_of(told, 7).closed_at is None) == ("", False)
    assert give(told, id_).left == (flag_answers.Left(id_, "closed", "#7"),)


def test_a_day_that_is_none_changes_nothing(told: World) -> None:
    with pytest.raises(quiet.NoGoodDay):
        give(told, flag_of(told, 7).id, verb="snooze", until=date(2026, 3, 5))
    assert flag_of(told, 7).answered == ""
    assert answers(told) == []


def test_an_answer_waits_for_the_drain_that_judges_its_flag(told: World) -> None:
    id_ = flag_of(told, 7).id
    done = threading.Event()

    def answer() -> None:
        give(told, id_)
        done.set()

    with told.db.write() as tx:
        subjects.hold_lanes(tx, [told.item(7).project_id])
        worker = threading.Thread(target=answer)
        worker.start()
        assert not done.wait(0.3)
    worker.join(20)
    assert done.is_set()
    assert flag_of(told, 7).answered == "acknowledged"
