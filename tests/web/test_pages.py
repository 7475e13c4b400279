"""Pages: what they say, that no text from a tracker gets through as markup, and that every link leads somewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.store import models as m
from tests.web.conftest import Site, token_of
from tests.web.seed import add_items, judge
from tests.web.seed_rows import HOSTILE

LISTS = ("/", "/flags", "/milestones", "/rules", "/projects", "/deliveries", "/settings", "/find")


class Links(HTMLParser):
    """Collects where a page leads, and what strict CSP would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.refused: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a" and found.get("href"):
            self.links.append(str(found["href"]))
        if tag in ("link", "script"):
            self.links.append(str(found.get("href") or found.get("src") or ""))
        if tag == "style" or (tag == "script" and not found.get("src")):
            self.refused.append(tag)
        self.refused += [f"{tag} {name}" for name in found if name == "style" or name.startswith("on")]
        if found.get("id"):
            assert found["id"] not in self.ids, f"id {found['id']} twice"
            self.ids.add(str(found["id"]))


def read(client: FlaskClient, path: str) -> tuple[str, Links]:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.get_data(as_text=True)[:300])
    text = answer.get_data(as_text=True)
    links = Links()
    links.feed(text)
    assert links.refused == [], path
    return text, links


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_every_link_of_every_page_leads_somewhere(browser: FlaskClient) -> None:
    waiting, seen = ["/"], {"/"}
    while waiting:
        path = waiting.pop()
        if path.startswith("/static/"):
            with browser.get(path) as static:
                assert static.status_code == 200, path
            continue
        answer = browser.get(path)
        if answer.status_code == 303:
            continue
        if answer.mimetype in ("text/plain", "text/csv"):  # a payload, an export: shown as they are
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            continue
        _, links = read(browser, path)
        for link in links.links:
            parts = urlsplit(urljoin(f"http://localhost{path}", link))
            if parts.netloc != "localhost":
                assert parts.scheme == "https"
                continue
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            # one item page stands for the many alike; filters combine without end
            shape = re.sub(r"\d+", "0", parts.path) + ",".join(sorted(re.findall(r"(\w+)=", parts.query)))
            if shape not in seen or parts.path == "/":
                seen.add(shape)
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
    assert len(seen) > 40


@pytest.mark.parametrize("path", LISTS)
def test_no_page_is_broken_with_nothing_in_it(empty_site: Site, path: str) -> None:
    text, _ = read(empty_site.signed_in(), path)
    assert "<h1>" in text


def test_overview_counts_its_decisions_and_puts_them_first(browser: FlaskClient) -> None:
    text, links = read(browser, "/")
    said = words(text)
    assert re.search(r"(Two|Three|Four|Five) things need a decision today", said)
    assert "0.8.0 has grown since it was planned" in said
    assert "0.7.3 was due on Fri 24 Jul; 1 of 2 items is open." in said
    assert "pull requests are approved and have gone quiet" in said
    assert (
        text.index("things need a decision")
        < text.index("Flags, newest first")
        < text.index("Age of open pull requests")
    )
    assert "dev-0" not in said.replace("owner", "")
    assert text.count("<svg aria-hidden") >= 4
    assert "decisions" in text
    assert len(re.findall(r'class="when"', text)) <= 5
    assert links.refused == []


def test_an_item_tells_what_has_not_held_for_long_enough_and_until_when_it_has_to(
    site: Site, browser: FlaskClient
) -> None:
    when = {"when": "item.key != ''", "for_days": 3, "message": "Named {key} <b>so</b>."}
    with site.runtime.db.write() as tx:
        of = sa.select(m.rule.c.id).where(m.rule.c.name == "custom").scalar_subquery()
        tx.execute(sa.update(m.rule_version).where(m.rule_version.c.rule_id == of).values(params=when))
    text, _ = read(browser, f"/i/{site.ids['item']}")
    said = words(text)
    assert "Not for long enough, 1" in said and "Flagged, 1" in said
    assert "Named #1874 &lt;b&gt;so&lt;/b&gt;. It becomes a flag on " in said
    assert "Named {key} &lt;b&gt;so&lt;/b&gt;." in read(browser, "/rules/custom")[0]


def test_an_item_tells_every_rules_verdict_flagged_first(site: Site, browser: FlaskClient) -> None:
    text, _ = read(browser, f"/i/{site.ids['item']}")
    said = words(text)
    assert "#1874 Name the oldest supported toolchain" in said
    assert "Quiet for 35 days; it looks like the author&#39;s turn." in said
    assert said.index("Flagged, 1") < said.index("Skipped,")
    assert "(not movement)" in said
    assert "Label added: development" in said
    assert "Joined milestone 0.8.0" in said
    assert "What helps:" in said
    assert "Comment of Sun 26 Jul, not edited since" in said
    assert "plumb:stalled" in said
    assert "<!-- plumbline" not in text
    assert "<code>/plumb snooze 2w reason</code>" in text


def test_a_milestone_is_set_against_its_plan(site: Site, browser: FlaskClient) -> None:
    text, _ = read(browser, f"/milestones/{site.ids['milestone']}")
    said = words(text)
    assert "0.8.0 has grown since it was planned" in said
    assert "2 planned + 3 added \u2212 0 taken out = 5" in said
    for heading in ("Planned on", "Added since, counted", "Added since, not counted", "Taken out, 0"):
        assert heading in said
    assert "Sun 2 Aug" in said
    assert "Fri 17 Jul" in said
    assert "16 days later" in said
    assert "The date moved twice." in said


def test_a_milestone_without_a_date_says_that_it_is_not_judged(site: Site, browser: FlaskClient) -> None:
    text, _ = read(browser, f"/milestones/{site.ids['bucket']}")
    assert "looks like a bucket" in text


def test_text_from_trackers_never_gets_through_as_markup(site: Site, browser: FlaskClient) -> None:
    ids = site.ids
    for path in (
        "/",
        "/flags",
        "/milestones",
        "/find?q=script",
        f"/i/{ids['hostile']}",
        f"/i/{ids['item']}",
        f"/deliveries/{ids['aside']}",
    ):
        text = browser.get(path, follow_redirects=True).get_data(as_text=True)
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
    assert HOSTILE.split()[0].replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;") in browser.get(
        f"/i/{ids['hostile']}"
    ).get_data(as_text=True)
    assert browser.get("/find?q=<script>alert(1)</script>").get_data(as_text=True).count("<script>") == 0


def test_flags_filter_sort_and_page_by_address(site: Site, browser: FlaskClient) -> None:
    def count(path: str) -> int:
        return read(browser, path)[0].count('<span class="chip warning">') + read(browser, path)[0].count(
            '<span class="chip note">'
        )

    every = count("/flags?state=all")
    assert every == site.ids["flags"]
    assert 0 < count("/flags?family=dates") < every
    assert count("/flags?rule=scope-creep") == 1
    assert count("/flags?q=%23187") >= 1
    assert count("/flags?q=nothing+like+it") == 0
    assert "No flag matches" in read(browser, "/flags?q=nothing+like+it")[0]
    assert count("/flags?project=demo/field") == 0
    assert browser.get("/flags?project=no/such").status_code == 404
    assert browser.get("/flags?severity=awful").status_code == 400
    assert browser.get("/flags?after=zzz").status_code == 400
    assert 'aria-sort="descending"' in read(browser, "/flags?sort=severity")[0]


@pytest.mark.parametrize("sort", ["newest", "oldest", "severity"])
def test_pages_of_a_list_hold_everything_once(site: Site, browser: FlaskClient, sort: str) -> None:
    add_items(site.runtime.db, site.ids["project"], 120)
    total = site.ids["flags"] + judge(site.runtime.db, site.ids["project"])
    path: str | None = f"/flags?sort={sort}"
    rows: list[str] = []
    while path:
        text, links = read(browser, path)
        rows += re.findall(r'<th scope="row" class="full"><a class="[^"]*" href="(/[^"]+)"', text)
        path = next((link for link in links.links if "after=" in link), None)
    assert len(rows) == total
    assert total > 120


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/flags",
        "/milestones",
        "/rules",
        "/projects",
        "/deliveries",
        "/settings",
        "/find?q=%231874",
        "/find?q=change",
    ],
)
def test_a_page_asks_as_often_of_a_thousand_items_as_of_ten(site: Site, browser: FlaskClient, path: str) -> None:
    few = _queries(site, browser, path)
    add_items(site.runtime.db, site.ids["project"], 1_000)
    assert _queries(site, browser, path) == few
    assert few <= 20


def _queries(site: Site, browser: FlaskClient, path: str) -> int:
    asked: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.append(statement)

    sa.event.listen(site.runtime.db.engine, "before_cursor_execute", note)
    try:
        assert browser.get(path).status_code in (200, 303)
    finally:
        sa.event.remove(site.runtime.db.engine, "before_cursor_execute", note)
    return len(asked)


def test_rules_tell_their_numbers_and_what_needs_mending(browser: FlaskClient) -> None:
    said = words(read(browser, "/rules")[0])
    assert "Needs mending" in said
    assert "too few" in said
    assert "the author\u2019s for 14 working days, a reviewer\u2019s for 14" in said
    rule = words(read(browser, "/rules/stalled-review")[0])
    assert "not the default" in rule
    assert "version 2" in rule
    assert browser.get("/rules/none").status_code == 404


def test_deliveries_say_why_and_show_the_payload(site: Site, browser: FlaskClient) -> None:
    said = words(read(browser, "/deliveries?status=aside")[0])
    assert "No head repository in the payload" in said
    assert "issue_comment.created" not in said
    one = words(read(browser, f"/deliveries/{site.ids['aside']}")[0])
    assert "expected an object, found null" in one
    assert "tidy-tests" in one
    assert "pull_request.labeled" in words(read(browser, "/deliveries?q=pull_request.labeled")[0])


def test_find_goes_straight_to_a_single_find(site: Site, browser: FlaskClient) -> None:
    assert browser.get("/find?q=%231874").location == f"/i/{site.ids['item']}"
    assert browser.get("/find?q=0.8.0").location == f"/milestones/{site.ids['milestone']}"
    assert browser.get("/find?q=scope-creep").location == "/rules/scope-creep"
    assert "Nothing found" in read(browser, "/find?q=%23999999999999999999999")[0]


def test_pausing_says_so_on_every_page_until_resumed(browser: FlaskClient) -> None:
    token = token_of(browser, "/flags")
    assert browser.post("/pause", data={"csrf_token": token, "back": "/flags"}).location == "/flags"
    assert "Writing paused since" in browser.get("/rules").get_data(as_text=True)
    browser.post("/resume", data={"csrf_token": token, "back": "//elsewhere.example"})
    assert "Writing to trackers:" in browser.get("/").get_data(as_text=True)


def test_theme_is_remembered(browser: FlaskClient) -> None:
    browser.post("/theme", data={"csrf_token": token_of(browser, "/"), "theme": "dark", "back": "/rules"})
    assert '<html lang="en" data-theme="dark">' in browser.get("/").get_data(as_text=True)


@pytest.mark.parametrize("path", ["/i/{}", "/milestones/{}", "/deliveries/{}", "/projects/{}"])
def test_a_number_larger_than_any_id_is_not_there(browser: FlaskClient, path: str) -> None:
    assert browser.get(path.format(2**63)).status_code == 404
    assert browser.get(path.format(2**63 - 1)).status_code == 404


@pytest.mark.parametrize("path", ["/find?q=%00", "/flags?q=a%00b", "/?project=%00", "/api/v1/items?q=%00"])
def test_a_zero_character_is_refused(browser: FlaskClient, path: str) -> None:
    assert browser.get(path).status_code == 400


def test_a_zero_character_in_a_form_is_refused(browser: FlaskClient) -> None:
    form = {"csrf_token": token_of(browser, "/settings"), "theme": "light\0", "back": "/"}
    assert browser.post("/theme", data=form).status_code == 400
