"""A whole first day in a browser, over the real processes and a stand-in for GitHub: from the printed link to a label and a
comment in the tracker, back to an older version, a delivery replayed, and a viewer who is refused.
"""

from __future__ import annotations

import re

import pytest

from app.services import access
from app.time import real_now
from tests.e2e.stand_in import World, imported
from tests.e2e.support import counting_proxy
from tests.e2e.test_round_trip import SEED
from tests.support import eventually
from tests.support_up import installed

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

PASSWORD = "four words in a row"


class Site:
    """The address of a real server, for visitors."""

    def __init__(self, here):
        self.here, self.url = here, here.url

    def link(self):
        return access.new_sign_in_link(self.here.runtime.db, self.url, real_now())


def test_a_first_day(emulate, shift, short_dir, tmp_path, monkeypatch, visit):
    stand_in = emulate(SEED)
    for name in shift.env():
        monkeypatch.delenv(name)
    monkeypatch.setenv("PLUMBLINE_ALLOW_HTTP", "true")
    with installed(short_dir / "home") as here, counting_proxy(stand_in.url, shift) as proxy:
        world = World(here, shift, stand_in.url, people=("ada", "ben", "plumb"))
        with here.up(tmp_path / "up.log") as process:
            here.wait_ready(process)
            visitor = visit(Site(here), signed_in=False)
            page = visitor.page
            page.set_default_timeout(60_000)

            # the printed link makes the first admin
            page.goto(visitor.site.link())
            page.get_by_label("Your name").fill("Ada")
            page.get_by_label("Password").fill(PASSWORD)
            visitor.look("day-first-account")
            visitor.follow(page.get_by_role("button", name="Make it and sign in"))
            page.wait_for_url(f"{here.url}/")
            visitor.look("day-nothing-yet")

            connect(visitor, proxy.url)
            paste_the_webhook(visitor, world)
            eventually(lambda: imported(here), within=90, what="the import")
            world.travel()
            number = world.repo("ada").create_issue("Move to the new queue", assignees=["ben"]).number
            world.repo("ben").get_issue(number).create_comment("I am on it")
            eventually(lambda: here.ask("SELECT 1 FROM item"), within=30, what="the first webhook")
            here.wait_idle(still=1.0)
            world.travel(days=5)
            here.wait_idle(still=0.5)

            make_a_rule(visitor, here)
            go_live(visitor)
            world.travel(days=2, hours=2)  # from Saturday to Monday, within working hours
            world.settle()
            eventually(lambda: "plumb:stalled" in world.labels(number), within=60, what="the label")
            assert world.words(world.our_comment(number)).startswith("**Quiet for 4 working days")

            restore(visitor)
            replay(visitor, here)
            invite_a_viewer(visitor, visit)


def connect(visitor, api):
    page = visitor.page
    visitor.follow(page.get_by_role("link", name="Connect a tracker"))
    visitor.follow(page.get_by_role("link", name="Connect GitHub"))
    card = page.get_by_role("region", name="With a token")
    card.get_by_label("GitHub’s address").fill(api)
    card.get_by_label("Token").fill("plumb")
    visitor.follow(card.get_by_role("button", name="Check and connect"))
    page.get_by_role("heading", name="What is to be watched?").wait_for()
    page.get_by_label("Another one").fill("ada/shop")  # the stand-in lists one's own repositories alone
    page.get_by_label("News come").select_option("webhooks")
    page.get_by_label("Make it, where the token may").uncheck()
    page.get_by_label("Rules to begin with").select_option("none")
    visitor.follow(page.get_by_role("button", name="Watch what is ticked"))
    page.get_by_role("heading", name="ada/shop", exact=True).wait_for()
    visitor.look("day-connected")


def paste_the_webhook(visitor, world):
    """As an owner of the repository does with what the connection's page shows."""
    page = visitor.page
    visitor.go("/projects/connections")
    visitor.follow(page.get_by_role("link", name="github").first)
    codes = page.get_by_role("region", name="The webhook").locator("code.long")
    address, secret = codes.all_inner_texts()[:2]
    visitor.look("day-webhook")
    config = {"url": address, "secret": secret, "content_type": "json"}
    world.repo("ada").create_hook("web", config, events=["*"], active=True)


def make_a_rule(visitor, here):
    page = visitor.page
    visitor.go("/rules")
    visitor.follow(page.get_by_role("link", name="New rule"))
    visitor.follow(page.get_by_role("link", name="Stalled work"))
    page.get_by_label("Title").fill("Work that rests")
    page.get_by_label("Quiet for").fill("30")
    page.wait_for_selector("#preview:not([data-running])[data-headline^='0 now']")
    page.get_by_label("Quiet for").fill("3")
    page.wait_for_selector("#preview[data-headline^='1 now']")
    page.wait_for_selector("#preview:not([data-running])")
    visitor.look("day-preview")
    visitor.follow(page.get_by_role("button", name=re.compile("^Save")))
    page.wait_for_url("**/rules/work-that-rests")
    here.wait_idle(still=0.5)


def go_live(visitor):
    page = visitor.page
    visitor.go("/rules")
    row = page.get_by_role("row", name="Work that rests")
    visitor.follow(row.get_by_role("button", name="Live").or_(row.get_by_role("link", name="Live")).first)
    page.get_by_role("heading", name="Live, Work that rests writes to the tracker").wait_for()
    visitor.look("day-going-live")
    visitor.follow(page.get_by_role("button", name="Set it live and write the 1 known one too"))


def restore(visitor):
    page = visitor.page
    visitor.go("/rules/work-that-rests/edit")
    page.get_by_label("Quiet for").fill("9")
    visitor.follow(page.get_by_role("button", name=re.compile("^Save")))
    page.wait_for_url("**/rules/work-that-rests")
    visitor.go("/rules/work-that-rests/versions")
    visitor.follow(page.get_by_role("button", name="Restore version 2"))
    page.get_by_role("heading", name="Work that rests: version 4 is in force").wait_for()
    visitor.go("/rules/work-that-rests/edit")
    assert page.get_by_label("Quiet for").input_value() == "3"


def replay(visitor, here):
    """A delivery that failed when it came, and would not fail now."""
    page = visitor.page
    with here.runtime.db.write() as tx:
        tx.exec_driver_sql(
            "UPDATE delivery SET status = 'aside', reason = 'out of space on disk' WHERE id ="
            " (SELECT max(id) FROM delivery WHERE status = 'done' AND event = 'issue_comment')"
        )
    visitor.go("/deliveries?status=aside")
    visitor.follow(page.get_by_role("link", name="issue_comment.created"))
    assert page.get_by_text("Out of space on disk").count() == 1
    visitor.follow(page.get_by_role("button", name="Replay", exact=True))
    here.wait_idle(still=0.3)
    page.reload()
    page.locator(".chip", has_text="Done").wait_for()
    visitor.look("day-replayed")


def invite_a_viewer(visitor, visit):
    page = visitor.page
    visitor.go("/settings/people/new")
    page.get_by_label("Name", exact=True).fill("Ben")
    page.get_by_label("All of them").check()
    visitor.follow(page.get_by_role("button", name="Add and make a link"))
    link = page.locator("code.secret").inner_text()
    other = visit(visitor.site, signed_in=False)
    other.page.goto(link)
    other.page.get_by_label("Password").fill(PASSWORD)
    other.follow(other.page.get_by_role("button", name="Take it and sign in"))
    other.page.wait_for_url(f"{visitor.site.url}/")
    other.go("/rules/work-that-rests")
    assert other.page.get_by_role("link", name="Edit").count() == 0
    assert other.page.get_by_role("button", name="Pause all writing").count() == 0
    other.look("day-viewer")
    for path in ("/rules/work-that-rests/edit", "/settings/people", "/projects/connect"):
        answer = other.page.goto(visitor.site.url + path)
        assert answer is not None
        assert answer.status == 403, path
    other.page.get_by_role("heading", name="That is not yours to do").wait_for()
