"""From an empty overview to the first verdicts in a browser, over the stand-in for GitHub, and what a connection's pages look like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from github import Auth, Github

from app.services import connecting, drain, syncing
from app.store import trackers
from tests.browser.conftest import Served, serve
from tests.contract.emulate import emulate

pytestmark = pytest.mark.browser

LOOKS: dict[str, dict[str, bool]] = {
    "wide-light": {},
    "wide-dark": {"dark": True},
    "phone-light": {"phone": True},
    "phone-dark": {"phone": True, "dark": True},
}
WITHIN = 60_000


@pytest.fixture
def empty(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    """An installation of nobody yet, served, that may call trackers over http. It works on what is rung for at once."""
    yield from serve(sqlite_url, tmp_path / "home", fill=lambda runtime: {})


@pytest.fixture
def own_work(empty: Served) -> Served:
    """Let what pages ring for be done in the same process, as workers would."""
    this = empty.runtime

    class AtOnce:
        def wake(self, kind: str, row_id: int) -> None:
            if kind == "sync":
                syncing.sync_project(this.syncing, row_id)
            elif kind == "lane":
                deps = drain.Drain(
                    db=this.db, adapters=this.adapters, people=this.people, ringer=this.ringer, base_url=empty.url
                )
                drain.drain(deps, row_id)

    settings = this.settings.model_copy(update={"allow_http": True, "base_url": empty.url})
    web = empty.app.extensions["plumbline"]
    working: Any = replace(this, settings=settings)
    object.__setattr__(working, "ringer", AtOnce())
    object.__setattr__(this, "ringer", working.ringer)
    empty.app.extensions["plumbline"] = replace(web, runtime=working)
    return empty


def test_from_an_empty_overview_to_the_first_verdicts(own_work, visit, tmp_path):
    with emulate(tmp_path) as hub:
        people = Github(auth=Auth.Token("good"), base_url=hub, seconds_between_writes=0, retry=None)
        repo = people.get_repo("plumb/shop")
        for title in ("Export as CSV", "Audit log", "Move to the new queue"):
            repo.create_issue(title)
        visitor = visit(own_work)
        page = visitor.page
        page.set_default_timeout(WITHIN)
        visitor.look("connect-empty-overview")
        visitor.follow(page.get_by_role("link", name="Connect a tracker"))
        visitor.look("connect-start")
        visitor.follow(page.get_by_role("link", name="Connect GitHub"))
        visitor.look("connect-github")
        card = page.get_by_role("region", name="With a token")
        card.get_by_label("GitHub’s address").fill(hub)
        card.get_by_label("Token").fill("good")
        visitor.follow(card.get_by_role("button", name="Check and connect"))
        page.get_by_role("heading", name="What is to be watched?").wait_for()
        visitor.look("connect-choose")
        page.get_by_label("plumb/shop").check()
        visitor.follow(page.get_by_role("button", name="Watch what is ticked"))
        page.get_by_role("heading", name="plumb/shop", exact=True).wait_for()
        visitor.look("connect-project")
        work(own_work)
        page.reload()
        page.get_by_text("Its past is read: 3 open items are judged").wait_for()
        visitor.look("connect-first-verdicts")
        visitor.follow(page.get_by_role("link", name="See the first verdicts"))
        visitor.go("/rules")
        assert page.get_by_role("button", name="live", pressed=True).count() == 0
        assert page.get_by_text("Stalled").count() or page.get_by_role("row").count() > 5


def work(site: Served) -> None:
    """Do what workers would: read the past, take it in, judge."""
    this = site.runtime
    with this.db.read() as tx:
        (project,) = trackers.projects(tx)
    deps = drain.Drain(db=this.db, adapters=this.adapters, people=this.people, ringer=this.ringer, base_url=site.url)
    for _ in range(6):
        syncing.sync_project(this.syncing, project.id)
        drain.drain(deps, project.lane_id)


def test_the_pages_of_connecting_are_sound_in_every_look(own_work, visit, tmp_path):
    with emulate(tmp_path) as hub:
        kept = keep(own_work, hub)
        paths = {
            "connect": "/projects/connect",
            "connect-github": "/projects/connect/github",
            "connect-github-url": f"/projects/connect/github?site={hub}",
            "connect-jira": "/projects/connect/jira",
            "connect-installed": "/projects/connect/github/installed",
            "connections": "/projects/connections",
            "connection": f"/projects/connections/{kept}",
            "connection-leave": f"/projects/connections/{kept}/leave",
            "connect-choose": f"/projects/connections/{kept}/projects",
            "programme": "/projects/programmes/new",
            "projects-none": "/projects",
        }
        for look, how in LOOKS.items():
            visitor = visit(own_work, **how)
            for name, path in paths.items():
                visitor.go(path)
                visitor.look(f"c-{name}-{look}")


def keep(site: Served, hub: str) -> int:
    """A connection that was tried and kept."""
    from app.services import health
    from app.time import real_now

    this = site.runtime
    report = health.try_out(this.adapters, kind="github", base_url=hub, secrets={"token": "good"})
    kept = connecting.keep(
        this.db, this.vault, name="work", kind="github", base_url=hub, secrets={"token": "good"}, report=report,
        who="test", now=real_now(),
    )  # fmt: skip
    health.examine(this.db, this.vault, this.adapters, connection_id=kept, base_url="https://p.example", now=real_now())
    return kept


def test_a_mistake_and_a_refusal_are_said_where_they_are_and_can_be_mended(own_work, visit, tmp_path):
    with emulate(tmp_path) as hub:
        visitor = visit(own_work, phone=True)
        visitor.go("/projects/connect/jira")
        page = visitor.page
        page.get_by_label("Edition").select_option("datacenter")
        page.get_by_label("Address of the site").fill("http://169.254.169.254")
        visitor.follow(page.get_by_role("button", name="Check and connect"))
        assert page.get_by_label("Token").get_attribute("aria-invalid") == "true"
        assert page.get_by_label("Address of the site").input_value() == "http://169.254.169.254"
        visitor.said.clear()  # the browser notes that the answer was a 422
        visitor.look("connect-jira-mistakes")
        page.get_by_label("Address of the site").fill(hub)
        page.get_by_label("Token").fill("x")
        visitor.follow(page.get_by_role("button", name="Check and connect"))
        page.get_by_text("nothing is stored yet").wait_for()
        visitor.said.clear()
        visitor.look("connect-jira-refused")
        visitor.follow(page.get_by_role("button", name="Keep it anyway"))
        page.get_by_role("heading", name="What is to be watched?").wait_for()
        assert page.get_by_text("There is no list").count() == 1
