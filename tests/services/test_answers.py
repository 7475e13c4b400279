"""Answers to our comments: who may give which, what each does, and that each is taken once."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.errors import UserError
from app.services import answers as service
from app.services import new_plan
from app.store import models
from app.store.views.scope import Visible
from app.time import real_now
from tests.services.manners import REPO, answers, body, heard, line, memory, say
from tests.support_made import Made
from tests.world import GROWN, World

RIGHTS = {"author": "ann", "assignee": "dev7", "member": "mel", "triager": "tri", "stranger": "eve", "writer": "wri"}
GIVEN = [
    ("ack", "waits for legal", 'Known since 5 Mar ("waits for legal"). Silent until it gets worse.'),
    ("snooze 5d", "release week", 'Quiet until Tue 10 Mar, as asked ("release week").'),
    ("snooze 2w", "", "Quiet until Thu 19 Mar, as asked."),
    ("snooze 2026-03-20", "", "Quiet until Fri 20 Mar, as asked."),
    ("expect 2026-03-20", "on leave", 'Expected on Fri 20 Mar ("on leave"). Quiet until then.'),
    (
        "wrong",
        "a tracking item",
        'Answered as wrong on 5 Mar ("a tracking item"). Silent until it clears and comes back.',
    ),
]
TRIAGE = "That is for the author, an assignee or somebody who may triage here."
MAINTAIN = "That needs the right to manage milestones here. Ask a maintainer, or use `/plumb snooze`."


@pytest.fixture
def told(noted_world: World) -> World:
    noted_world.tracker.set_permission(REPO, "tri", "triage")
    noted_world.tracker.set_permission(REPO, "wri", "write")
    noted_world.tracker.set_permission(REPO, "boss", "maintain")
    return noted_world


@pytest.mark.parametrize(("command", "reason", "shown"), GIVEN)
def test_an_answer_quiets_the_note_and_is_acknowledged_by_an_edit_at_once(
    told: World, command: str, reason: str, shown: str
) -> None:
    say(told, 7, f"/plumb {command} {reason}", by="ann")
    assert line(told, 7).replace("\\", "") == shown
    assert told.labels(7) == []
    assert len(told.comments(7)) == 1
    assert answers(told) == [("ann", command.split(maxsplit=1)[0], "taken")]


@pytest.mark.parametrize("who", ["author", "assignee", "member", "triager", "writer"])
def test_author_assignee_and_who_may_triage_may_answer(told: World, who: str) -> None:
    say(told, 7, "/plumb ack", by=RIGHTS[who])
    assert line(told, 7) == "Known since 5 Mar. Silent until it gets worse."


@pytest.mark.parametrize("command", ["ack", "snooze 5d", "wrong", "expect 2026-03-20"])
def test_a_stranger_may_not_and_is_told_so_in_our_one_comment(told: World, command: str) -> None:
    say(told, 7, f"/plumb {command}", by="eve")
    assert answers(told) == [("eve", command.split(maxsplit=1)[0], "refused")]
    assert line(told, 7).startswith("**Quiet for 3 days")
    assert TRIAGE in body(told, 7)
    assert told.labels(7) == ["plumb:stalled"]
    assert len(told.comments(7)) == 1


def test_the_right_of_a_member_costs_no_read_and_that_of_others_one(told: World) -> None:
    before = len(told.calls("GET"))
    say(told, 7, "/plumb snooze 5d", by="mel")
    assert len(told.calls("GET")) == before
    say(told, 7, "/plumb snooze 6d\n/plumb ack", by="tri")
    asked = [path for method, path in told.calls("GET")[before:] if "permission" in path]
    assert asked == [f"/repos/{REPO}/collaborators/tri/permission"]


def test_what_is_answered_names_nobody(told: World) -> None:
    for who in ("ann", "dev7", "eve", "tri"):
        say(told, 7, "/plumb ack\n/plumb why", by=who)
        assert re.search(r"@|\b(ann|dev7|eve|tri)\b", body(told, 7)) is None


def test_snooze_ends_by_itself(told: World) -> None:
    say(told, 7, "/plumb snooze 5d", by="dev7")
    told.wait(days=4, hours=10)
    heard(told)
    assert line(told, 7).startswith("Quiet until")
    told.wait(hours=14)
    heard(told)
    assert line(told, 7).startswith("**Quiet for")
    assert told.labels(7) == ["plumb:stalled"]


def test_a_command_alone_moves_nothing_but_a_word_beside_it_does(told: World) -> None:
    say(told, 7, "/plumb snooze 5d", by="dev7")
    assert told.flags() == [("stalled", "item", 7)]
    say(told, 7, "I am back on Monday.\n/plumb snooze 5d", by="dev7")
    assert told.flags() == []


@pytest.mark.parametrize(
    "text",
    [
        "> /plumb ack",
        "```\n/plumb ack\n```",
        "    /plumb ack",
        "<!-- \n/plumb ack\n-->",
        "please /plumb ack",
        "/plumbing ack",
    ],
)
def test_quotes_code_and_hidden_text_are_no_answers(told: World, text: str) -> None:
    say(told, 7, text, by="ann")
    assert answers(told) == []


def test_a_bot_says_nothing(told: World) -> None:
    say(told, 7, "/plumb ack", by="helper[bot]")
    assert answers(told) == []


def test_our_own_comment_is_no_answer(told: World) -> None:
    hook = told.hub.comment(7, f"/plumb ack\n\n{body(told, 7).splitlines()[-1]}", by="plumbline", at=told.now)
    told.post(hook)
    heard(told)
    assert answers(told) == []


def test_an_edit_adds_only_what_is_new(told: World) -> None:
    hook = say(told, 7, "/plumb snooze 5d", by="ann")
    edited = {**hook.payload, "action": "edited", "changes": {"body": {"from": "/plumb snooze 5d"}}}
    edited["comment"] = {**hook.payload["comment"], "body": "/plumb snooze 5d\n/plumb ack waits"}
    told.post(type(hook)(told.now, hook.event, "edited", edited))
    heard(told)
    assert sorted(answers(told)) == [("ann", "ack", "taken"), ("ann", "snooze", "taken")]


def test_an_edit_by_somebody_else_gives_nobody_rights_they_lack(told: World) -> None:
    """A stranger's command that a maintainer's edit leaves standing stays the stranger's, whichever comes first."""
    hook = told.hub.comment(7, "/plumb ack", by="eve", at=told.now)
    edited = {**hook.payload, "action": "edited", "changes": {"body": {"from": "/plumb ack"}}}
    edited["comment"] = {**hook.payload["comment"], "body": "/plumb ack\n(typo)"}
    edited["sender"] = told.hub.shapes.user("mel")
    told.post(type(hook)(told.now, hook.event, "edited", edited))
    told.post(hook)
    heard(told)
    assert answers(told) == [("eve", "ack", "refused")]


@pytest.mark.parametrize(
    "command", ["snooze", "snooze soon", "snooze 9999d", "expect", "expect 2026-13-40", "snooze 2020-01-01"]
)
def test_a_time_that_is_none_is_asked_for_again(told: World, command: str) -> None:
    say(told, 7, f"/plumb {command}", by="ann")
    assert line(told, 7).startswith("**Quiet for 3 days")
    assert "Name a later day" in body(told, 7) or "That needs a time within a year" in body(told, 7)


def test_why_and_help_are_said_below_the_note(told: World) -> None:
    say(told, 7, "/plumb help", by="ann")
    for verb in ("ack", "snooze", "expect", "wrong", "why", "baseline", "home"):
        assert f"`/plumb {verb}" in body(told, 7)
    say(told, 7, "/plumb why", by="mel")
    assert "All rules that looked at this" in body(told, 7)
    assert "Last step that counted" in body(told, 7)
    assert "`/plumb ack" not in body(told, 7)
    assert len(told.comments(7)) == 1


def test_others_may_ask_why_once_a_day(told: World) -> None:
    say(told, 7, "/plumb why", by="eve")
    told.wait(minutes=5)
    say(told, 7, "/plumb why", by="eve")
    told.wait(days=1)
    say(told, 7, "/plumb why", by="eve")
    assert answers(told) == [("eve", "why", "taken"), ("eve", "why", "spent"), ("eve", "why", "taken")]


def test_why_where_we_have_no_comment_makes_one_and_ack_does_not(told: World) -> None:
    told.post(told.hub.issue(8, at=told.now))
    told.drain()
    say(told, 8, "/plumb ack", by="ann")
    assert told.comments(8) == []
    say(told, 8, "/plumb why", by="ann")
    (comment,) = told.comments(8)
    assert comment.body.startswith("Nothing is flagged here.")
    say(told, 8, "/plumb help", by="ann")
    assert len(told.comments(8)) == 1


def test_redelivered_and_in_any_order_answers_end_in_the_same(told: World) -> None:
    hub = told.hub
    hooks = [
        hub.comment(7, "/plumb snooze 2w", by="ann", at=told.now),
        hub.comment(7, "/plumb snooze 5d later", by="mel", at=told.now + timedelta(seconds=5)),
        hub.comment(7, "/plumb ack seen\n/plumb why", by="dev7", at=told.now + timedelta(seconds=9)),
        hub.comment(7, "/plumb wrong", by="eve", at=told.now + timedelta(seconds=11)),
    ]
    told.wait(seconds=30)
    dice = random.Random(4)
    order = [*hooks, *hooks]
    dice.shuffle(order)
    for hook in order:
        told.post(hook, guid=None)
        told.drain()
    heard(told)
    kept = memory(told, 7)
    assert kept["snoozed_reason"] == "later"
    assert kept["acknowledged_reason"] == "seen"
    assert "dismissed_at" not in kept
    assert len(answers(told)) == 5
    assert "That is for the author" in body(told, 7)


def test_a_button_on_a_page_is_an_answer_too(told: World) -> None:
    service.take(
        told.db,
        told.bells,
        item_id=told.item(7).id,
        who="lead@pages",
        may="admin",
        command="snooze 5d rest",
        now=told.now,
    )
    heard(told)
    assert line(told, 7) == 'Quiet until Tue 10 Mar, as asked ("rest").'
    with pytest.raises(UserError, match="no answer"):
        service.take(told.db, told.bells, item_id=told.item(7).id, who="x", may="admin", command="dance", now=told.now)


# --- milestones


def grow(url: str, folder: Path) -> World:
    """A milestone of four with a home (#1), that has grown by three."""
    world = World(url, folder)
    world.rules(GROWN)
    hub = world.hub
    world.post(hub.milestone(1, at=world.now, due=date(2026, 4, 30), title="2.4"))
    world.play(
        [
            hub.issue(number, at=world.now, milestone=1, labels=("release",) if number == 1 else ())
            for number in range(1, 6)
        ]
    )
    world.drain()
    world.wait(days=10)
    world.drain()
    world.play([hub.issue(number, at=world.now, milestone=1) for number in range(6, 10)])
    world.drain()
    world.wait(days=2)
    heard(world)
    world.wait(hours=2)
    heard(world)
    assert line(world, 1).startswith("**2.4 has grown")
    world.tracker.set_permission(REPO, "boss", "maintain")
    world.wait(minutes=5)
    world.close()
    return world


@pytest.fixture
def grown(made: Made, tmp_path: Path) -> Iterator[World]:
    with made.copy(grow, tmp_path) as (url, before):
        world = World.like(before, url, tmp_path)
        yield world
        world.close()


@pytest.mark.parametrize("who", ["ann", "mel", "eve"])
@pytest.mark.parametrize("command", ["baseline 2.4 agreed", "baseline agreed", "home 2.4"])
def test_a_new_plan_and_a_home_need_the_right_to_manage_milestones(grown: World, who: str, command: str) -> None:
    say(grown, 1, f"/plumb {command}", by=who)
    assert answers(grown) == [(who, command.split(maxsplit=1)[0], "refused")]
    assert MAINTAIN in body(grown, 1)


@pytest.mark.parametrize(
    "command", ["baseline 2.4 more was agreed", 'baseline "2.4" more was agreed', "baseline more was agreed"]
)
def test_a_maintainer_makes_the_plan_anew(grown: World, command: str) -> None:
    say(grown, 1, f"/plumb {command}", by="boss")
    heard(grown)
    table = models.baseline
    (row,) = grown.rows(sa.select(table).where(table.c.how == "command"))
    assert (len(row.members), row.reason, row.author) == (9, "more was agreed", "boss")
    assert grown.flags() == []
    assert "The plan of 2.4 was made anew on 14 Mar" in body(grown, 1)


def test_a_plan_is_made_anew_on_its_page_as_in_the_tracker(grown: World) -> None:
    (two_four,) = grown.rows(sa.select(models.milestone.c.id))
    found = new_plan.draw_up(
        grown.db, grown.bells, two_four.id, visible=Visible(secured=True), reason=" agreed with sales ", who="ada",
        now=grown.now, real=real_now(),
    )  # fmt: skip
    assert found == 9
    heard(grown)
    table = models.baseline
    (row,) = grown.rows(sa.select(table).where(table.c.how == "command"))
    assert (len(row.members), row.reason, row.author) == (9, "agreed with sales", "ada")
    assert grown.flags() == []
    (said,) = grown.rows(sa.select(models.audit).where(models.audit.c.what == "plan made anew"))
    assert (said.who, said.subject) == ("ada", "acme/shop 2.4")


@pytest.mark.parametrize("why", ["closed", "elsewhere", "unknown"])
def test_no_plan_is_made_of_what_is_closed_or_may_not_be_seen(grown: World, why: str) -> None:
    (two_four,) = grown.rows(sa.select(models.milestone.c.id))
    id_, visible = two_four.id, Visible(secured=True)
    if why == "closed":
        grown.sql(sa.update(models.milestone).values(is_open=False))
    elif why == "elsewhere":
        visible = Visible(projects=frozenset({99}), secured=True)
    else:
        id_ += 1
    found = new_plan.draw_up(
        grown.db, grown.bells, id_, visible=visible, reason="x", who="ada", now=grown.now, real=real_now()
    )
    assert found is None
    assert grown.rows(sa.select(models.baseline).where(models.baseline.c.how == "command")) == []


def test_a_new_plan_needs_a_reason(grown: World) -> None:
    say(grown, 1, "/plumb baseline 2.4", by="boss")
    assert "A new plan needs a reason" in body(grown, 1)
    assert grown.flags() != []


def test_a_maintainer_names_another_home(grown: World) -> None:
    say(grown, 3, "/plumb home 2.4", by="boss")
    heard(grown)
    grown.wait(hours=2)
    heard(grown)
    assert line(grown, 3).startswith("**2.4 has grown")
    assert grown.labels(3) == ["plumb:grown"]
    assert grown.labels(1) == []


def test_names_are_kept_for_the_page(told: World) -> None:
    say(told, 7, "/plumb ack", by="ann")
    (row,) = told.rows(sa.select(models.audit).where(models.audit.c.what == "answered ack"))
    assert (row.who, row.subject) == ("ann", "acme/shop #7")
