"""What must hold for some days: stored while it is pending, shown nowhere, and a flag when it has held."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.services.explain import explain
from app.store import models
from app.store.views import flags
from app.store.views.scope import Visible
from rules.verdict import Outcome
from rules.wording.render import plain
from tests.world import MONDAY, World

RULE = """{name: bugs, type: custom, mode: live, params: {when: "item.labels.exists(l, l == 'bug')", for_days: 2,
  message: "A bug, {state_days} days here."}}"""
EVERYBODY = Visible(projects=None)


def labelled(world: World, *labels: str) -> None:
    world.post(world.hub.issue(7, at=world.now, labels=labels))
    world.drain()


def standing(world: World) -> Any:
    rows = world.rows(sa.select(models.standing))
    assert len(rows) <= 1
    return rows[0] if rows else None


def seen(world: World) -> tuple[int, int]:
    with world.db.read() as tx:
        shown = flags.flags(tx, visible=EVERYBODY, where=flags.FlagFilter(state="all"))
        return len(shown.rows), flags.count_flags(tx, visible=EVERYBODY, where=flags.FlagFilter())


def test_it_is_stored_and_shown_nowhere_until_it_has_held(world: World) -> None:
    world.rules(RULE)
    labelled(world, "bug")
    row = standing(world)
    assert (row.outcome, row.shown_on, row.closed_at) == ("pending", None, None)
    assert world.flags() == [] and seen(world) == (0, 0)
    assert world.item(7).next_check_at == MONDAY + timedelta(days=2)
    world.wait(hours=47)
    world.drain()
    assert (world.publish(), world.labels(7), world.comments()) == (0, [], [])


def test_it_opens_by_itself_when_it_has_held_and_is_written_then(world: World) -> None:
    world.rules(RULE)
    labelled(world, "bug")
    before = standing(world)
    world.wait(days=2)
    world.drain()
    row = standing(world)
    assert (row.id, row.outcome, row.shown_on) == (before.id, "flagged", world.item(7).id)
    assert (row.opened_at, row.since) == (MONDAY + timedelta(days=2), MONDAY)
    assert world.flags() == [("bugs", "item", 7)] and seen(world) == (1, 1)
    world.wait(minutes=61)
    world.drain()
    world.publish()
    assert world.labels(7) == ["plumb:custom"]
    assert "A bug, 2 days here." in world.comments(7)[0].body


def test_what_breaks_it_starts_the_count_anew(world: World) -> None:
    world.rules(RULE)
    labelled(world, "bug")
    world.wait(days=1)
    labelled(world)
    assert standing(world) is None
    world.wait(hours=12)
    labelled(world, "bug")
    world.wait(hours=47)
    world.drain()
    assert standing(world).outcome == "pending"
    world.wait(hours=1)
    world.drain()
    assert standing(world).outcome == "flagged"


def test_a_rule_that_goes_or_changes_forgets_what_was_pending(world: World) -> None:
    world.rules(RULE)
    labelled(world, "bug")
    world.wait(days=1)
    world.rules(RULE.replace("for_days: 2", "for_days: 1.5"))
    world.drain()
    row = standing(world)
    assert (row.outcome, row.opened_at) == ("pending", MONDAY + timedelta(days=1))
    world.rules(RULE.replace("mode: live", 'mode: "off"'))
    world.drain()
    assert standing(world) is None


def test_its_page_says_until_when_it_has_to_hold(world: World) -> None:
    world.rules(RULE)
    labelled(world, "bug")
    (judgement,) = explain(world.db, "item", world.item(7).id, now=world.now + timedelta(hours=1)).judgements
    verdict = judgement.verdict
    assert (verdict.outcome, verdict.recheck_at) == (Outcome.PENDING, MONDAY + timedelta(days=2))
    words = plain(verdict.reason, project=judgement.subject.project)
    assert words == "A bug, 0 days here. It becomes a flag on Wed 4 Mar if it stays so."
    (judgement,) = explain(world.db, "item", world.item(7).id, now=world.now + timedelta(days=2)).judgements
    assert judgement.verdict.outcome is Outcome.FLAGGED
