"""Workflow and load: what the pages say of the seeded world, to whom, and with how many queries."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.services import programmes
from app.store import models as m
from app.store.views import workflow as views
from app.store.views.scope import Visible
from app.time import real_now
from app.web.pages.workflow import weeks_until
from rules.calendar import Calendar
from tests.web.conftest import Site
from tests.web.seed import add_items
from tests.web.seed_rows import NOW
from tests.web.test_pages import _queries, read, words

ALL = Visible(secured=True)


def test_workflow_says_how_many_are_older_than_usual_and_by_which_figures(site: Site, browser: FlaskClient) -> None:
    text, _ = read(browser, f"/projects/{site.ids['project']}/workflow")
    said = words(text)
    assert re.search(r"\d+ of \d+ items under way are older than usual", said)
    assert "85 of 100 were through within 34 d" in said
    assert said.count("Show the numbers") == 3
    assert text.count("<svg aria-hidden") == 8
    assert "dev-0" not in said.replace("owner", "")


def test_workflow_of_a_project_with_nothing_in_it_says_so(site: Site, browser: FlaskClient) -> None:
    said = words(read(browser, f"/projects/{site.ids['field']}/workflow")[0])
    assert "Nothing is under way" in said
    assert "Too early to tell: nothing has been seen yet." in said
    assert "it takes 20 of a kind" in said


def test_the_flow_ends_with_what_there_is_now(site: Site) -> None:
    ends = weeks_until(Calendar(), now=NOW)
    with site.runtime.db.read() as tx:
        found = views.flow_weeks(
            tx, project_id=site.ids["project"], visible=ALL, ends=ends, before=ends[0] - timedelta(weeks=1)
        )
        item = m.item.c
        mine = sa.select(sa.func.count()).where(item.project_id == site.ids["project"])
        open_now = tx.scalar(mine.where(item.is_open))
        done = tx.scalar(mine.where(item.state == "done", item.closed_at > ends[0] - timedelta(weeks=1)))
        came = tx.scalar(mine.where(item.created_at > ends[0] - timedelta(weeks=1)))
    last = found[-1]
    assert last.not_started + last.in_progress + last.in_review == open_now
    assert last.done == done == sum(week.finished for week in found)
    assert sum(week.came for week in found) == came
    for before, after in pairwise(found):
        assert after.done - before.done == after.finished


def test_load_sets_what_is_at_once_beside_what_is_usual_and_sprints_beside_those_before(
    site: Site, browser: FlaskClient
) -> None:
    said = words(read(browser, f"/projects/{site.ids['project']}/load")[0])
    assert re.search(r"\d+ in review at once; usual are 30 at most", said)
    assert "Half of the last 4 ended with 6 items ( 11.5 points )" in said
    assert "The next, Sprint 12, holds 6 (12 points), no more than is usually done." in said
    assert "dev-0" not in said


def _limit_persons(site: Site, *, mode: str = "observe") -> None:
    with site.runtime.db.write() as tx:
        rule = tx.scalar(sa.select(m.rule.c.id).where(m.rule.c.name == "overload"))
        tx.execute(
            sa.update(m.rule_version)
            .where(m.rule_version.c.rule_id == rule)
            .values(params={"per_person": 1, "in_progress": 3}, mode=mode)
        )
        for key, holders in (("#1505", [5, 2]), ("#1515", [5]), ("#1510", [5])):
            tx.execute(sa.update(m.item).where(m.item.c.key == key).values(assignee_ids=holders))


def test_persons_are_named_only_where_a_rule_limits_them_and_never_by_how_much_they_have(
    site: Site, browser: FlaskClient
) -> None:
    _limit_persons(site)
    said = words(read(browser, f"/projects/{site.ids['project']}/load")[0])
    assert said.index("dev-02 1 1") < said.index("dev-05 3 1")
    assert "agreed are 3 at most" in said
    _limit_persons(site, mode="off")
    assert "dev-0" not in words(read(browser, f"/projects/{site.ids['project']}/load")[0])


def test_a_programme_shows_the_load_of_all_its_teams(site: Site, browser: FlaskClient) -> None:
    programmes.save(
        site.runtime.db,
        name="Autumn",
        keys=["demo/curve", "demo/field"],
        same_readers=False,
        author="test",
        now=real_now(),
    )
    with site.runtime.db.read() as tx:
        programme = tx.scalar(sa.select(m.programme.c.id))
    said = words(read(browser, f"/programmes/{programme}/load")[0])
    assert "in review at once in demo/curve; usual are 30 at most" in said
    assert "Too few days are known to say what is usual." in said
    assert "No pull request is open." in said


@pytest.mark.parametrize("path", ["/projects/9999/workflow", "/projects/9999/load", "/programmes/9999/load"])
def test_what_is_not_there_is_not_found(browser: FlaskClient, path: str) -> None:
    assert browser.get(path).status_code == 404


@pytest.mark.parametrize("page", ["workflow", "load"])
def test_they_ask_as_often_of_many_items_as_of_few(site: Site, browser: FlaskClient, page: str) -> None:
    path = f"/projects/{site.ids['project']}/{page}"
    few = _queries(site, browser, path)
    add_items(site.runtime.db, site.ids["project"], 500)
    assert _queries(site, browser, path) == few
    assert few <= 16


def test_where_more_is_under_way_than_is_looked_at_the_page_says_so(site: Site, browser: FlaskClient) -> None:
    add_items(site.runtime.db, site.ids["project"], views.MOST_UNDER_WAY)
    said = words(read(browser, f"/projects/{site.ids['project']}/workflow")[0])
    assert re.search(r"Of 2,0\d\d the oldest are looked at\.", said)
