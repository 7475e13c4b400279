"""A project's own page: how it keeps up, what can be judged there, and the button that stops writing to it."""

from __future__ import annotations

import sqlalchemy as sa
from flask.testing import FlaskClient

from app.store import models, runs, sync
from app.time import real_now
from tests.web.conftest import Site, token_of


def project_id(site: Site) -> int:
    with site.runtime.db.read() as tx:
        return int(tx.scalar(sa.select(sa.func.min(models.project.c.id))))


def test_a_project_says_what_can_be_judged_there_and_what_would_change_that(site: Site, browser: FlaskClient) -> None:
    text = browser.get(f"/projects/{project_id(site)}").get_data(as_text=True)
    assert "What can be judged here" in text
    assert "GitHub Projects are not read" in text
    assert "plan with milestones" in text


def test_an_import_shows_how_far_it_is(site: Site, browser: FlaskClient) -> None:
    found = project_id(site)
    with site.runtime.db.write() as tx:
        sync.ensure(tx, found, mode="webhooks", next_at=real_now())
        sync.save(tx, found, catching_up_at=real_now(), why="its past is being read")
        run = runs.begin(tx, found, kind="import", since=None, now=real_now())
        runs.save(tx, run.id, total=200, done=50)
    text = browser.get(f"/projects/{found}").get_data(as_text=True)
    assert '<progress max="200" value="50">' in text
    assert "nothing is written until it has caught up" in text


def test_writing_to_one_project_stops_and_goes_on_by_button(site: Site, browser: FlaskClient) -> None:
    page = f"/projects/{project_id(site)}"
    assert browser.post(f"{page}/pause").status_code == 400
    assert browser.post(f"{page}/pause", data={"csrf_token": token_of(browser, page)}).status_code == 303
    assert "Writing is paused here since" in browser.get(page).get_data(as_text=True)
    assert browser.post(f"{page}/resume", data={"csrf_token": token_of(browser, page)}).status_code == 303
    assert "Writing is paused here" not in browser.get(page).get_data(as_text=True)


def test_a_project_that_is_not_there_is_not_found(browser: FlaskClient) -> None:
    assert browser.get("/projects/987654").status_code == 404
    token = token_of(browser, "/")
    assert browser.post("/projects/987654/pause", data={"csrf_token": token}).status_code == 404
