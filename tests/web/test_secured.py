"""An issue that not everybody may see, linked from a public pull request: no word of it reaches a viewer or the pull
request, whatever rule looks, and whoever is signed in sees it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.services import access
from app.store import models
from app.store.views import deliveries
from app.store.views.scope import Visible
from app.time import real_now
from app.web.app import create_app
from rules.catalog.registry import TYPES
from tests.integrations.jira import payloads as jira
from tests.services.two_trackers import TwoTrackers
from tests.web.conftest import Site, build
from tests.world import MONDAY

KEY = "PAY-7"
TITLE, BODY, AUTHOR, ASSIGNEE = "sentinel-title", "sentinel-body", "sentinel-author", "sentinel-assignee"
STATUS, LABEL, COMMENT, COMPONENT = "sentinel-status", "sentinel-label", "sentinel-comment", "sentinel-component"
DUE, MADE = date(2026, 3, 18), MONDAY + timedelta(minutes=7)
SENTINELS = (
    KEY, TITLE, BODY, AUTHOR, ASSIGNEE, STATUS, LABEL, COMMENT, COMPONENT,
    "2026-03-18", "18 Mar", "T09:07", "sentinel",
)  # fmt: skip
SECURITY = {"id": "10100", "name": "sentinel-level"}


@dataclass(frozen=True)
class Two:
    """Two trackers and an application over the same database."""

    world: TwoTrackers
    site: Site


def person(name: str) -> dict[str, Any]:
    return jira.ada() | {"accountId": name, "displayName": name}


def secured(world: TwoTrackers, *, event: str = "created", **more: Any) -> dict[str, Any]:
    """The issue with its level, as its webhook tells it."""
    fields: dict[str, Any] = {
        "summary": TITLE, "description": BODY, "reporter": person(AUTHOR), "creator": person(AUTHOR),
        "assignee": person(ASSIGNEE), "labels": [LABEL], "components": [{"name": COMPONENT}],
        "duedate": DUE.isoformat(), "status": {"name": STATUS, "id": "9", "statusCategory": {"key": "indeterminate"}},
        "security": SECURITY, "created": "2026-03-02T09:07:00.000+0000",
    }  # fmt: skip
    return world.issue(KEY, at=MADE, event=event, **(fields | more))


def every_rule(world: TwoTrackers) -> None:
    """Each type of rule live, as quick to speak as it can be, on a Jira and on the repository."""
    quick = {"stalled-work": "{quiet_days: 1, running_sprint: false}", "blocked-too-long": "{}"}
    world.rules(*(f"{{name: {t.name}, type: {t.name}, mode: live, params: {quick.get(t.name, '{}')}}}" for t in TYPES))


def fill(world: TwoTrackers, *, secured_first: bool) -> None:
    """A public pull request and issues that name the secured issue; a version with it; a comment on it."""
    version = jira.version("10001", name="5.2", startDate="2026-03-02", releaseDate="2026-03-20")
    block = {"id": "1", "type": {"name": "Blocks", "inward": "is blocked by", "outward": "blocks"}}
    open_ = world.issue(
        "PAY-8", at=MONDAY, summary="Seen by all", fixVersions=[version], status=jira.status("In Progress"),
        issuelinks=[block | {"inwardIssue": {"id": "10007", "key": KEY, "fields": {"summary": TITLE}}}],
    )  # fmt: skip
    hidden = [
        secured(world, fixVersions=[version]),
        jira.webhook(
            "comment_created",
            at=MADE,
            comment=jira.comment(body=COMMENT, author=person(AUTHOR), updateAuthor=person(AUTHOR)),
            issue=secured(world, fixVersions=[version])["issue"],
        ),
    ]
    hub = world.hub
    posted = [
        hub.issue(1, at=MONDAY, title="A public issue", assignees=["ann"]),
        hub.pull(2, at=MONDAY, title="Cards", head="PAY-7-cards", body="Closes #1"),
        hub.pull(3, at=MONDAY, title="Older", head="feature/PAY-7"),
        hub.issue(4, at=MONDAY, title="Begun", assignees=["ann"], labels=["in progress"]),
    ]
    if secured_first:
        for payload in hidden:
            world.tell(payload)
        world.drain()
    world.tell(open_)
    world.play(posted)
    world.drain()
    if not secured_first:
        for payload in hidden:
            world.tell(payload)
    world.drain()
    world.drain()


@pytest.fixture(params=[True, False], ids=["secured first", "secured last"])
def two(request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path) -> Iterator[Two]:
    world = TwoTrackers(sqlite_url, tmp_path)
    every_rule(world)
    fill(world, secured_first=request.param)
    for days in (5, 20, 60):
        world.at(MONDAY + timedelta(days=days, hours=1))
        world.settle()
        world.settle()
    runtime = build(sqlite_url, tmp_path / "home")
    yield Two(world, Site(app=create_app(runtime), runtime=runtime, ids={}))
    runtime.db.dispose()
    world.close()


def token(two: Two) -> dict[str, str]:
    return {"Authorization": f"Bearer {access.create_token(two.world.db, 'viewer', now=real_now())}"}


def addresses(two: Two) -> Iterator[str]:
    """Every address of the API: each rule of the map, with every value that any of its arguments can have here."""
    known = {
        "key": [row.key for row in two.world.rows(sa.select(models.project))],
        "item_id": [row.id for row in two.world.rows(sa.select(models.item.c.id))],
        "milestone_id": [row.id for row in two.world.rows(sa.select(models.milestone.c.id))],
        "name": [row.name for row in two.world.rows(sa.select(models.rule.c.name))],
        "preview_id": [1],
    }
    searched = ("", f"?q={KEY}", f"?q={TITLE}", "?q=7", "?state=all", "?status=aside", "?project=PAY&state=all")
    for rule in two.site.app.url_map.iter_rules():
        if not rule.endpoint.startswith("api.") or "GET" not in (rule.methods or ()):
            continue
        assert rule.arguments <= known.keys(), f"say what {rule.rule} may be asked for"
        if rule.arguments:
            (argument,) = rule.arguments
            yield from (re.sub("<.*>", str(value), rule.rule) for value in known[argument])
        else:
            yield from (rule.rule + query for query in searched)


def test_no_answer_of_the_api_tells_a_viewer_of_it(two: Two) -> None:
    client, headers = two.site.app.test_client(), token(two)
    seen = 0
    for address in addresses(two):
        answer = client.get(address, headers=headers)
        text = answer.get_data(as_text=True)
        assert answer.status_code in (200, 400, 403, 404), (address, text)
        told = [word for word in SENTINELS if word in text]
        assert not told, (address, told, text)
        seen += answer.status_code == 200
    assert seen > 20
    assert "PAY-8" in client.get("/api/v1/items?state=all", headers=headers).get_data(as_text=True)


def test_nothing_written_on_the_pull_requests_tells_of_it(two: Two) -> None:
    world = two.world
    written = [row.detail for row in world.rows(sa.select(models.written))]
    texts = [comment.body for comment in world.comments()]
    labels = [label for number in (1, 2, 3, 4) for label in world.labels(number)]
    assert texts, "rules spoke here"
    assert labels
    for text in (*written, *texts, *labels):
        assert not [word for word in SENTINELS if word in text], text
    public = sa.select(models.publication).join(models.project).where(models.project.c.key == "acme/shop")
    for row in world.rows(public):
        assert not [word for word in SENTINELS if word in f"{row.want_body} {row.want_labels} {row.detail}"]


def secured_id(two: Two) -> int:
    (row,) = two.world.rows(sa.select(models.item).where(models.item.c.key == KEY))
    assert row.secured
    return int(row.id)


def page(browser: FlaskClient, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def test_whoever_is_signed_in_sees_it(two: Two) -> None:
    browser, id_ = two.site.signed_in(), secured_id(two)
    text = page(browser, f"/i/{id_}")
    for word in (KEY, TITLE, AUTHOR, ASSIGNEE, STATUS, LABEL, "18 Mar"):
        assert word in text, word
    assert TITLE in page(browser, "/flags?state=all&project=PAY")
    assert browser.get(f"/find?q={TITLE}").headers["Location"] == f"/i/{id_}"
    (milestone,) = two.world.rows(sa.select(models.milestone).where(models.milestone.c.title == "5.2"))
    assert TITLE in page(browser, f"/milestones/{milestone.id}")
    assert KEY in page(browser, "/deliveries")
    (row,) = two.world.rows(
        sa.select(models.delivery.c.id).where(models.delivery.c.event == "comment_created").limit(1)
    )
    assert COMMENT in page(browser, f"/deliveries/{row.id}")


def test_an_id_that_may_not_be_seen_is_as_one_that_is_not(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages, for somebody who may not see secured items: as such a role would be."""
    id_ = secured_id(two)
    browser = two.site.signed_in()
    monkeypatch.setattr(access, "visible_to", lambda user, *, chosen=None: Visible(chosen=chosen))
    answers = [browser.get(path) for path in (f"/i/{id_}", "/i/999999")]
    assert [answer.status_code for answer in answers] == [404, 404]
    said = [answer.get_data(as_text=True).partition("<main")[2].partition("</main>")[0] for answer in answers]
    assert said[0] == said[1] != ""
    (row,) = two.world.rows(
        sa.select(models.delivery.c.id).where(models.delivery.c.event == "comment_created").limit(1)
    )
    assert [browser.get(f"/deliveries/{n}").status_code for n in (row.id, 999999)] == [404, 404]
    (milestone,) = two.world.rows(sa.select(models.milestone).where(models.milestone.c.title == "5.2"))
    paths = [
        "/",
        "/flags?state=all",
        "/milestones",
        f"/milestones/{milestone.id}",
        "/projects",
        "/deliveries",
        "/rules",
    ]
    others = two.world.rows(sa.select(models.item.c.id).where(models.item.c.id != id_))
    for path in (*paths, *(f"/i/{row.id}?all=1" for row in others), *(f"/find?q={word}x" for word in ("#7", "seen"))):
        text = page(browser, path)
        assert not [word for word in SENTINELS if word in text], path


def test_members_that_may_not_be_seen_are_not_counted(two: Two) -> None:
    client, headers = two.site.app.test_client(), token(two)
    found = client.get("/api/v1/milestones?state=all", headers=headers).json
    assert found is not None
    (row,) = [one for one in found["data"] if one["title"] == "5.2"]
    assert row["members_total"] == 1


def test_a_delivery_is_told_of_by_what_it_is_about_only_where_that_is_known_to_be_for_all(two: Two) -> None:
    two.world.tell(two.world.issue("PAY-99", at=MADE, summary="Not taken in yet"))
    with two.world.db.read() as tx:
        page = deliveries.deliveries(tx, visible=Visible(), where=deliveries.DeliveryFilter(), limit=200)
        whole = deliveries.deliveries(tx, visible=Visible(secured=True), where=deliveries.DeliveryFilter(), limit=200)
        sought = deliveries.deliveries(tx, visible=Visible(), where=deliveries.DeliveryFilter(text="PAY-99"))
    about = {row.about for row in page.rows}
    assert {"PAY-8", "#2", None} <= about
    assert not about & {KEY, "PAY-99"}
    assert {KEY, "PAY-99"} <= {row.about for row in whole.rows}
    assert sought.rows == ()
