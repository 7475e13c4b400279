"""Rules changed one at a time: versions, edits that overtake each other, going live, and what becomes of the notes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.errors import UserError
from app.services import rulebook
from app.store import models
from app.store.views import rules as views
from app.store.views.scope import Visible
from app.time import real_now
from rules.rulefile import RuleDraft
from rules.spec import Rule, Scope
from tests.services.manners import body, heard
from tests.world import World

QUIET = RuleDraft(name="quiet", type="stalled-work", title="Quiet", params={"quiet_days": 1, "running_sprint": False})


def save(world: World, draft: RuleDraft, *, expected: int) -> int:
    return rulebook.save_rule(world.db, draft, expected=expected, who="ann", now=world.now, real=real_now())


def set_mode(world: World, mode: str, *, known: bool = False) -> None:
    rulebook.set_mode(world.db, "quiet", mode, write_known=known, who="ann", now=world.now, real=real_now())


def in_force(world: World) -> Rule:
    found = rulebook.rule_named(world.db, "quiet")
    assert found is not None
    return found


def quiet_issue(world: World) -> None:
    """An issue that somebody took up, quiet for long enough to be flagged."""
    world.post(world.hub.issue(7, at=world.now, assignees=("dev",)))
    world.post(world.hub.comment(7, "On it.", by="dev", at=world.now))
    world.drain()
    world.wait(days=2, minutes=2)
    world.settle()


def test_what_was_known_before_a_rule_went_live_is_written_only_if_asked_for(world: World) -> None:
    save(world, QUIET, expected=0)
    quiet_issue(world)
    with world.db.read() as tx:
        row = views.rule_row(tx, "quiet", visible=Visible(secured=True), now=world.now)
        assert row is not None
        said = views.spoken(tx, row, now=world.now)
    assert (said.known, said.opened, said.days) == (1, 0, 1) or (said.known, said.opened, said.days) == (1, 1, 1)
    set_mode(world, "live")
    heard(world)
    world.settle()
    assert world.labels(7) == []
    set_mode(world, "live", known=True)
    heard(world)
    world.settle()
    assert world.labels(7) == ["plumb:stalled"]
    assert body(world, 7).startswith("**Quiet for")


def test_a_rule_that_is_taken_out_takes_its_label_back_and_its_comment_shrinks(world: World) -> None:
    save(world, QUIET, expected=0)
    quiet_issue(world)
    set_mode(world, "live", known=True)
    world.settle()
    assert world.labels(7) == ["plumb:stalled"]
    rulebook.remove_rule(world.db, "quiet", who="ann", now=world.now, real=real_now())
    world.settle()
    world.settle()
    assert world.labels(7) == []
    assert "\n\n" not in body(world, 7).split("<!--")[0].strip()
    assert rulebook.rule_named(world.db, "quiet") is None
    assert world.rows(sa.select(models.standing).where(models.standing.c.closed_at.is_(None))) == []


def test_an_edit_from_an_older_version_is_refused_and_changes_nothing(world: World) -> None:
    assert save(world, QUIET, expected=0) == 1
    assert save(world, replace(QUIET, title="Theirs"), expected=1) == 2
    with pytest.raises(rulebook.RuleChangedError) as caught:
        save(world, replace(QUIET, title="Mine"), expected=1)
    assert caught.value.version == 2
    assert in_force(world).title == "Theirs"
    with pytest.raises(rulebook.NameTakenError):
        save(world, QUIET, expected=0)


def test_an_edit_of_a_rule_that_was_taken_out_is_refused_too(world: World) -> None:
    save(world, QUIET, expected=0)
    rulebook.remove_rule(world.db, "quiet", who="ann", now=world.now, real=real_now())
    with pytest.raises(rulebook.RuleChangedError) as caught:
        save(world, QUIET, expected=1)
    assert caught.value.version == 0
    assert save(world, QUIET, expected=0) == 3


def test_no_rule_is_put_in_force_half_finished(world: World) -> None:
    wrong = replace(QUIET, params={"quiet_days": 0, "no_such": 1}, scope=Scope(condition="item.nope"))
    with pytest.raises(UserError, match=r"quiet_days.*no_such.*condition"):
        save(world, wrong, expected=0)
    assert rulebook.rule_named(world.db, "quiet") is None


def test_a_default_that_is_spelled_out_is_no_change_and_stays_spelled_out(world: World) -> None:
    spelled = replace(QUIET, params={"quiet_days": 3, "plan_share": 0.0})
    save(world, spelled, expected=0)
    assert save(world, replace(QUIET, params={}), expected=1) == 1
    assert save(world, replace(QUIET, params={"quiet_days": 4}), expected=1) == 2
    assert in_force(world).params == {"quiet_days": 4, "plan_share": 0.0}


def test_a_restored_version_is_a_new_one_and_keeps_the_mode(world: World) -> None:
    save(world, QUIET, expected=0)
    world.wait(days=1)
    save(world, replace(QUIET, params={"quiet_days": 9}), expected=1)
    set_mode(world, "live")
    live_since = in_force(world).live_since
    world.wait(days=1)
    version = rulebook.restore(world.db, "quiet", 1, who="ann", now=world.now, real=real_now())
    restored = in_force(world)
    assert (version, restored.version, restored.mode, restored.params) == (4, 4, "live", QUIET.params)
    assert restored.live_since == live_since
    with pytest.raises(UserError, match="no version 17"):
        rulebook.restore(world.db, "quiet", 17, who="ann", now=world.now, real=real_now())


def test_asking_for_known_flags_never_takes_back_what_was_live_already(world: World) -> None:
    save(world, QUIET, expected=0)
    set_mode(world, "live")
    began = in_force(world).live_since
    quiet_issue(world)
    assert world.labels(7) == ["plumb:stalled"]
    set_mode(world, "live", known=True)
    assert in_force(world).live_since == began


def test_a_mode_that_is_set_already_makes_no_version(world: World) -> None:
    save(world, QUIET, expected=0)
    set_mode(world, "observe")
    assert in_force(world).version == 1
    for name, mode in (("quiet", "loud"), ("none", "off")):
        with pytest.raises(UserError):
            rulebook.set_mode(world.db, name, mode, who="ann", now=world.now, real=real_now())


def test_every_change_has_its_place_in_the_audit_trail(world: World) -> None:
    save(world, QUIET, expected=0)
    save(world, replace(QUIET, title="Other"), expected=1)
    set_mode(world, "off")
    rulebook.restore(world.db, "quiet", 1, who="ann", now=world.now, real=real_now())
    rulebook.add_pack(world.db, "kanban", only=["quiet-work"], who="ann", now=world.now, real=real_now())
    rulebook.remove_rule(world.db, "quiet", who="ann", now=world.now + timedelta(days=1), real=real_now())
    audit = models.audit.c
    rows = world.rows(
        sa.select(audit.who, audit.what, audit.subject).where(audit.what.like("rule%")).order_by(audit.id)
    )
    assert [tuple(row) for row in rows] == [
        ("ann", "rule made", "quiet"),
        ("ann", "rule saved", "quiet"),
        ("ann", "rule mode set", "quiet"),
        ("ann", "rule restored", "quiet"),
        ("ann", "rules applied", "quiet-work"),
        ("ann", "rule removed", "quiet"),
    ]
