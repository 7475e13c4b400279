"""A project's own page: how it keeps up, what can be judged there, and the button that stops writing to it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.services import access, programmes
from app.store import models, runs, sync, trackers
from app.time import real_now, to_iso
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
    assert 'max="200" value="50">' in text
    assert "nothing is written until it has caught up" in text


def test_writing_to_one_project_stops_and_goes_on_by_button(site: Site, browser: FlaskClient) -> None:
    page = f"/projects/{project_id(site)}"
    assert browser.post(f"{page}/pause").status_code == 400
    assert browser.post(f"{page}/pause", data={"csrf_token": token_of(browser, page)}).status_code == 303
    assert "Writing is paused here since" in browser.get(page).get_data(as_text=True)
    assert browser.post(f"{page}/resume", data={"csrf_token": token_of(browser, page)}).status_code == 303
    assert "Writing is paused here" not in browser.get(page).get_data(as_text=True)


def test_a_service_desk_says_that_nothing_is_written_there_until_it_is_asked_for(
    site: Site, browser: FlaskClient
) -> None:
    found = project_id(site)
    page = f"/projects/{found}"
    assert "service desk" not in browser.get(page).get_data(as_text=True)
    with site.runtime.db.write() as tx:
        tx.execute(sa.update(models.project).where(models.project.c.id == found).values(service_desk=True))
    text = browser.get(page).get_data(as_text=True)
    assert "A service desk: customers read what is written here, so nothing is" in text
    assert "it is judged, and nothing is written" in text
    with site.runtime.db.write() as tx:
        trackers.save_settings(
            tx, found, settings={"service_desk_writes": True}, calendar={}, author="test", now=real_now()
        )
    text = browser.get(page).get_data(as_text=True)
    assert "so nothing is, neither" not in text
    assert "our comments are internal" in text


def test_programmes_and_releases_show_where_they_belong(site: Site, browser: FlaskClient) -> None:
    assert "Programmes" not in browser.get("/projects").get_data(as_text=True)
    with site.runtime.db.write() as tx:
        other = models.milestone.insert().values(
            tracker_id=site.ids["tracker"], project_id=site.ids["field"], native_id="m-field", kind="version",
            title="Field 9",
        )  # fmt: skip
        part = tx.execute(other.returning(models.milestone.c.id)).scalar_one()
        tracker = tx.scalar(sa.select(models.tracker.c.name))
    db = site.runtime.db
    programmes.save(
        db, name="Both", keys=["demo/curve", "demo/field"], same_readers=True, author="test", now=real_now()
    )
    names = [f"{tracker}/demo/curve:0.8.0", f"{tracker}/demo/field:Field 9"]
    programmes.join(db, name="Both", milestones=names, author="test", now=real_now())
    text = browser.get("/projects").get_data(as_text=True)
    assert "Both" in text
    assert "+ demo/field Field 9" in text
    assert "Belongs to" in browser.get(f"/projects/{site.ids['field']}").get_data(as_text=True)
    leader = browser.get(f"/milestones/{site.ids['milestone']}").get_data(as_text=True)
    assert "This one speaks for all" in leader
    beside = browser.get(f"/milestones/{part}").get_data(as_text=True)
    assert "here stands only what is in this part" in beside
    assert "part of" in browser.get("/milestones").get_data(as_text=True)
    token = access.create_token(db, "test", now=real_now())
    found = site.app.test_client().get("/api/v1/programmes", headers={"Authorization": f"Bearer {token}"}).json
    assert found is not None
    (row,) = found["data"]
    assert [one["title"] for one in row["releases"][0]["parts"]] == ["0.8.0", "Field 9"]
    assert [project["key"] for project in row["projects"]] == ["demo/curve", "demo/field"]


def test_a_project_that_is_not_there_is_not_found(browser: FlaskClient) -> None:
    assert browser.get("/projects/987654").status_code == 404
    token = token_of(browser, "/")
    assert browser.post("/projects/987654/pause", data={"csrf_token": token}).status_code == 404


def test_an_edit_of_many_items_is_one_entry(site: Site, browser: FlaskClient) -> None:
    found = project_id(site)
    with site.runtime.db.write() as tx:
        now = site.runtime.world().now()
        who = tx.scalar(sa.select(sa.func.min(models.person.c.id)))
        items = list(tx.scalars(sa.select(models.item.c.id).where(models.item.c.project_id == found)))
        tx.execute(
            sa.insert(models.change),
            [
                {
                    "project_id": found,
                    "natural_key": f"bulk:{item}",
                    "item_id": item,
                    "at": now,
                    "field": "label",
                    "actor_id": who,
                    "after": "triaged",
                    "bulk": True,
                }
                for item in items
            ],
        )
        login = tx.scalar(sa.select(models.person.c.login).where(models.person.c.id == who))
        key = tx.scalar(sa.select(models.project.c.key).where(models.project.c.id == found))
    text = browser.get(f"/projects/{found}").get_data(as_text=True)
    assert text.count("one edit, no movement") == 1
    assert f'class="num">{len(items)}</td>' in text
    token = access.create_token(site.runtime.db, "test", now=real_now())
    program = site.app.test_client()
    told = program.get(f"/api/v1/projects/{key}", headers={"Authorization": f"Bearer {token}"})
    assert told.json is not None
    assert [(edit["field"], edit["items"]) for edit in told.json["edits"]] == [("label", len(items))]
    assert told.json["flags_open"] > 0
    for shown in (text, told.get_data(as_text=True)):
        assert str(login) not in shown, "who did it is named to nobody here"


@pytest.mark.parametrize(
    ("moved_to", "words", "closed"),
    [
        (None, "It was deleted.", "as the item was deleted"),
        ("88/3", "It was moved to another repository", "as the item was moved"),
        ("discussion", "It was turned into a discussion.", "as the item was turned into a discussion"),
    ],
)
def test_an_item_that_is_gone_is_said_on_its_page_and_on_the_projects(
    site: Site, browser: FlaskClient, moved_to: str | None, words: str, closed: str
) -> None:
    item, now = site.ids["item"], site.runtime.world().now()
    code = {None: "gone.deleted", "88/3": "gone.moved"}.get(moved_to, "gone.discussion")
    with site.runtime.db.write() as tx:
        tx.execute(sa.update(models.item).where(models.item.c.id == item).values(deleted_at=now, moved_to=moved_to))
        tx.execute(
            sa.update(models.standing)
            .where(models.standing.c.subject_kind == "item", models.standing.c.subject_id == item)
            .values(closed_at=now, code=code)
        )
    page = browser.get(f"/i/{item}").get_data(as_text=True)
    assert f"<p>{words}" in page
    assert "Nothing is judged or written here any more" in page
    assert closed in page
    assert "looked at it" not in page
    text = browser.get(f"/projects/{project_id(site)}").get_data(as_text=True)
    assert text.count(words) == 1
    assert f'href="/i/{item}"' in text


def test_a_label_that_rests_names_the_rules_that_fight(site: Site, browser: FlaskClient) -> None:
    found = project_id(site)
    later = to_iso(site.runtime.world().now() + timedelta(days=2))
    with site.runtime.db.write() as tx:
        row = tx.execute(sa.select(models.publication).where(models.publication.c.project_id == found)).first()
        tx.execute(
            sa.update(models.publication)
            .where(models.publication.c.id == row.id)
            .values(
                status="held",
                due_at=site.runtime.world().now() + timedelta(days=2),
                answers={"quarantine": {"plumb:stalled": {"until": later, "rules": ["one", "other"]}}},
            )
        )
    text = browser.get(f"/projects/{found}").get_data(as_text=True)
    assert "Labels that rest" in text
    assert "one, other" in text
