"""Keeping things running, by hand: replaying what failed, taking back what was written, mending a calendar."""

from __future__ import annotations

import json
import re
import zlib

import pytest
import sqlalchemy as sa

from app.services import chores
from app.services.drain import Drain, drain
from app.services.publish import publish
from app.store import chores as store_chores
from app.store import models as m
from app.time import real_now
from tests.hub import Hub

pytestmark = pytest.mark.browser


def test_a_delivery_that_was_set_aside_is_looked_at_and_replayed(own, visit):
    """Its payload is one that this version can read: what stopped it is mended."""
    hub = Hub()
    body = hub.issue(4711, at=real_now())
    visitor = visit(own)
    with own.runtime.db.write() as tx:
        one = m.delivery.c.id == own.ids["aside"]
        raw = zlib.compress(json.dumps(body.payload).encode())
        tx.execute(sa.update(m.delivery).where(one).values(body=raw, event="issues", action="opened", about="#4711"))
    page = visitor.page
    visitor.go("/deliveries")
    visitor.follow(page.get_by_role("link", name="Set aside 1"))
    assert page.get_by_role("row").count() == 2
    visitor.follow(page.get_by_role("link", name="issues.opened"))
    assert page.get_by_text("No head repository in the payload").count() == 1
    assert page.get_by_text("status open").count() >= 1
    visitor.look("replay-before")
    visitor.follow(page.get_by_role("button", name="Replay", exact=True))
    assert page.get_by_text("1 delivery is back in line").count() == 1
    this = own.runtime
    deps = Drain(
        db=this.db, adapters=this.adapters, people=this.people, ringer=this.ringer, base_url=this.settings.base_url
    )
    drain(deps, own.ids["lane"])
    page.reload()
    visitor.look("replay-after")
    assert page.locator(".chip", has_text="Done").count() == 1
    visitor.go("/deliveries")
    assert page.get_by_role("link", name="Set aside 0").count() == 1
    visitor.go("/settings/audit?what=deliveries+replayed")
    assert page.get_by_role("row").count() == 2


def test_ticked_deliveries_are_replayed_and_none_at_all_is_said(own, visit):
    visitor = visit(own)
    page = visitor.page
    visitor.go("/deliveries")
    visitor.follow(page.get_by_role("button", name="Replay the ticked ones"))
    assert page.get_by_text("Tick the deliveries to replay first").count() == 1
    page.get_by_role("checkbox").nth(2).check()
    page.get_by_role("checkbox").nth(3).check()
    visitor.follow(page.get_by_role("button", name="Replay the ticked ones"))
    assert page.get_by_text("2 deliveries are back in line").count() == 1
    visitor.look("replay-many")


def test_what_a_rule_wrote_is_shown_before_it_is_taken_back(own, visit):
    """The tracker is the built-in one, so that what is taken back has somewhere to go from."""
    with own.runtime.db.write() as tx:
        tx.execute(sa.update(m.tracker).values(kind="sandbox"))
        tx.execute(sa.update(m.connection).values(kind="sandbox", credentials=""))
        rule_id = tx.scalar(sa.select(m.rule.c.id).where(m.rule.c.name == "stalled-review"))
        told = sa.and_(m.standing.c.rule_id == rule_id, m.standing.c.subject_id == own.ids["item"])
        tx.execute(sa.update(m.standing).where(told).values(shown_on=own.ids["item"]))
    own.runtime.adapters["sandbox"].tracker().add_item("demo/curve", 1874, pull=True, labels=("plumb:stalled",))
    visitor = visit(own)
    page = visitor.page
    visitor.go("/deliveries/written")
    visitor.follow(page.get_by_role("link", name="Take back what was written"))
    page.get_by_label("Rule", exact=True).select_option("stalled-review")
    visitor.follow(page.get_by_role("button", name="Show what would go"))
    assert page.get_by_role("heading", level=1).inner_text() == "2 things on 1 item would be taken back"
    assert page.get_by_role("row").count() == 3
    visitor.look("take-back-preview")
    with own.runtime.db.read() as tx:
        assert not any(tx.scalars(sa.select(m.publication.c.retracting))), "looking takes nothing back"
    visitor.follow(page.get_by_role("button", name="Take back", exact=True))
    assert page.get_by_text("It is being taken back").count() == 1
    visitor.look("take-back-begun")
    with own.runtime.db.read() as tx:
        (chore,) = store_chores.latest(tx, "retract")
    doing = own.runtime.doing
    assert chores.run(doing, chore.id)
    publish(doing.db, own.ids["connection"], connect=doing.connect, ringer=doing.ringer)
    assert chores.run(doing, chore.id)
    page.reload()
    assert page.get_by_text(re.compile("All was taken back")).count() == 1
    with own.runtime.db.read() as tx:
        row = tx.execute(sa.select(m.publication).where(m.publication.c.item_id == own.ids["item"])).one()
        assert (row.shown_labels, row.comment_id, row.retracting) == ([], None, False)
    visitor.go("/deliveries/written/take-back?rule=stalled-review")
    assert page.get_by_role("heading", level=1).inner_text() == "There is nothing to take back"
    visitor.look("take-back-done")


def test_a_calendar_with_mistakes_in_it_is_mended_and_makes_a_version(own, visit):
    visitor = visit(own)
    page = visitor.page
    visitor.go(f"/settings/projects/{own.ids['project']}/calendar")
    page.get_by_label("Time zone").fill("Europe/Berln")
    page.get_by_label("Holidays of").fill("DE")
    for day in ("Saturday", "Sunday"):
        page.get_by_label(day).uncheck()
    page.get_by_label("Days that do not count").fill("2026-12-24 to 2025-01-02")
    visitor.follow(page.get_by_role("button", name="Save"))
    assert page.get_by_role("alert").get_by_text("2 fields need mending").count() == 1
    assert page.get_by_text("did you mean Europe/Berlin?").count() == 2, "above the form and at its field"
    assert page.get_by_label("Time zone").input_value() == "Europe/Berln", "what was typed stays"
    assert not page.get_by_label("Saturday").is_checked()
    visitor.said.clear()  # the browser's own word on an answer of 422
    visitor.look("calendar-mistakes")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_label("Days that do not count").fill("2026-12-24 to 2027-01-02")
    visitor.follow(page.get_by_role("button", name="Show what it would do"))
    assert page.get_by_role("heading", name="What this change would do").count() == 1
    assert page.get_by_text("0.8.0 ends with Mon 3 Aug instead of Sun 2 Aug").count() == 1
    visitor.look("calendar-preview")
    with own.runtime.db.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(m.sweep)) == 0, "looking saves nothing"
    visitor.follow(page.get_by_role("button", name="Save"))
    assert page.get_by_text("Saved as a new version").count() == 1
    visitor.follow(page.get_by_role("link", name="Versions"))
    assert page.get_by_text("Mon, Tue, Wed, Thu, Fri", exact=True).count() == 1
    visitor.look("calendar-versions")
    visitor.go("/settings/audit?what=settings+changed&about=demo%2Fcurve")
    assert page.get_by_role("row").count() == 2
    visitor.look("calendar-audit")


def test_without_script_a_calendar_is_changed_all_the_same(own, visit):
    visitor = visit(own, script=False)
    page = visitor.page
    visitor.go(f"/settings/projects/{own.ids['project']}/calendar")
    page.get_by_label("Sunday").uncheck()
    visitor.follow(page.get_by_role("button", name="Save"))
    assert page.get_by_text("Saved as a new version").count() == 1
    assert not page.get_by_label("Sunday").is_checked()
