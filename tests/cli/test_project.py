"""Watching projects: their calendar and settings from options, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.cli.project import read_hours, read_weekdays
from app.services.projects import load
from app.store import models
from app.time import real_now
from tests.contract.fake_github import Failure


@pytest.fixture
def box(home, plumbline):
    assert plumbline("tracker", "add", "sandbox", "box").code == 0


def add(plumbline, *more, key="acme/shop"):
    return plumbline("project", "add", "box", key, *more)


def test_options_become_the_calendar_and_settings_that_rules_see(box, plumbline, db):
    said = add(
        plumbline, "--zone", "Europe/Berlin", "--country", "de", "--weekdays", "mon-fri", "--settle", "0",
        "--hours", "9:00-17:30", "--set", "policy=train", "--set", "in_progress_labels=Doing, WIP",
        "--set", "name_foreign_keys=true", "--set", "reviews_required=true", "--set", "comments_per_day=3", "--set", "subdivision=BE",
        "--set", "blackouts=2026-12-24/2027-01-02", "--set", "rolling_milestones=1,2",
    )  # fmt: skip
    assert (said.code, said.err) == (0, "")
    with db.read() as tx:
        projects = load(tx)
    (project,) = projects.facts.values()
    calendar = project.calendar
    assert (calendar.zone, calendar.weekdays) == ("Europe/Berlin", frozenset(range(5)))
    assert (calendar.opens.isoformat(), calendar.closes.isoformat()) == ("09:00:00", "17:30:00")
    assert any(day.isoformat() == "2026-03-08" for day in calendar.holidays)  # Women's Day: Berlin's own
    assert [str(day) for day in calendar.blackouts[0]] == ["2026-12-24", "2027-01-02"]
    assert project.settings.policy == "train"
    assert project.settings.in_progress_labels == {"doing", "wip"}
    assert project.settings.name_foreign_keys is True
    assert project.settings.reviews_required is True
    assert list(projects.comments_per_day.values()) == [3]
    assert next(iter(projects.calendars.values())).settle_minutes == 0


def test_added_again_it_keeps_what_is_not_named_anew(box, plumbline):
    add(plumbline, "--zone", "Europe/Berlin", "--set", "policy=train")
    add(plumbline, "--settle", "5")
    (listed,) = plumbline("project", "list", "--json").data
    assert listed["calendar"] == {"zone": "Europe/Berlin", "settle_minutes": 5}
    assert listed["settings"] == {"policy": "train"}
    assert plumbline("project", "remove", "acme/shop").code == 0
    assert plumbline("project", "list", "--json").data == []
    add(plumbline, "--hours", "all")
    (listed,) = plumbline("project", "list", "--json").data
    assert listed["calendar"]["all_hours"] is True
    assert listed["calendar"]["zone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--zone", "Europe/Berln"], "zone"),
        (["--country", "XX"], "country"),
        (["--weekdays", "mon-fry"], "there is no day 'fry'"),
        (["--weekdays", ""], "--weekdays"),
        (["--settle", "1441"], "--settle"),
        (["--settle", "soon"], "--settle"),
        (["--hours", "8-18"], "--hours"),
        (["--hours", "18:00-08:00"], "--hours"),
        (["--hours", "08:00-24:00"], "--hours"),
        (["--hours", "08:61-09:00"], "opens"),
        (["--set", "polcy=train"], "did you mean policy?"),
        (["--set", "policy=never"], "policy"),
        (["--set", "policy"], "NAME=VALUE"),
        (["--set", "comments_per_day=many"], "comments_per_day"),
        (["--set", "dormant_after_days=0"], "dormant_after_days"),
        (["--set", "blackouts=tomorrow"], "blackouts"),
        (["--set", "holidays=24.12.2026"], "holidays"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_nothing_is_watched(box, plumbline, options, words):
    said = add(plumbline, *options)
    assert said.code == 2
    assert words in said.err
    assert "Traceback" not in said.err
    assert plumbline("project", "list", "--json").data == []


@pytest.mark.parametrize(
    ("text", "days"),
    [("mon-fri", [0, 1, 2, 3, 4]), ("Sun-Thu", [0, 1, 2, 3, 6]), ("mon, wed,fri", [0, 2, 4]), ("saturday", [5])],
)
def test_weekdays(text, days):
    assert read_weekdays(text) == days


def test_hours():
    assert read_hours("8:00-18:00") == {"opens": "08:00", "closes": "18:00", "all_hours": False}
    assert read_hours("ALL") == {"all_hours": True}


def test_an_unknown_tracker_or_project_says_where_to_look(box, plumbline):
    said = plumbline("project", "add", "nobody", "acme/shop")
    assert (said.code, "plumbline tracker list" in said.err) == (2, True)
    said = plumbline("project", "remove", "acme/none")
    assert (said.code, "plumbline project list" in said.err) == (2, True)


def test_on_github_the_repository_must_be_seen(home, plumbline, github):
    plumbline("tracker", "add", "github", "work", "--url", github.url, "--token", "good")
    assert "No project is watched yet" in plumbline("project", "list").out
    said = plumbline("project", "add", "work", "acme/none")
    assert (said.code, "acme/none cannot be seen over work" in said.err) == (2, True)
    said = plumbline("project", "add", "work", "acme/shop")
    assert (said.code, "acme/shop (public) is watched over work." in said.out) == (0, True)
    assert "none yet" in plumbline("project", "list").out
    github.fail("/repos", Failure(status=502, body={"message": "bad gateway"}), times=20)
    said = plumbline("project", "add", "work", "acme/shop")
    assert (said.code, "not available" in said.err) == (3, True)


def test_a_project_is_shown_with_what_happened_to_many_items_at_once(box, plumbline, db):
    add(plumbline)
    now = real_now()
    with db.write() as tx:
        project = tx.scalar(sa.select(models.project.c.id))
        tracker = tx.scalar(sa.select(models.tracker.c.id))
        tx.execute(sa.insert(models.person).values(tracker_id=tracker, native_id="5", login="mel"))
        numbers = range(1, 121)
        item = {"project_id": project, "kind": "issue", "title": "An item"}
        tx.execute(
            sa.insert(models.item),
            [item | {"native_id": f"1/{number}", "number": number, "key": f"#{number}"} for number in numbers],
        )
        who = tx.scalar(sa.select(models.person.c.id))
        ids = list(tx.scalars(sa.select(models.item.c.id)))
        change = {"project_id": project, "field": "label", "after": "triaged", "bulk": True, "actor_id": who}
        tx.execute(
            sa.insert(models.change),
            [
                change | {"natural_key": f"bulk:{id_}", "item_id": id_, "at": now - timedelta(seconds=place)}
                for place, id_ in enumerate(ids)
            ],
        )
        gone = sa.update(models.item).where(models.item.c.number == 7)
        tx.execute(gone.values(deleted_at=now, moved_to="discussion"))
    said = plumbline("project", "show", "acme/shop")
    assert (said.code, said.err) == (0, "")
    assert [line.split()[2:] for line in said.out.splitlines() if "mel" in line] == [["120", "label", "mel"]]
    assert "It was turned into a discussion." in said.out
    assert "What can be judged here" in said.out
    data = plumbline("project", "show", "acme/shop", "--json").data
    assert [(edit["items"], edit["who"]) for edit in data["edits"]] == [(120, "mel")]
    assert [one["key"] for one in data["left"]] == ["#7"]
    assert plumbline("project", "show", "acme/none").code == 2


def test_a_project_is_shown_with_what_is_set(box, plumbline):
    add(plumbline)
    assert "Every setting is the default." in plumbline("project", "show", "acme/shop").out
    add(plumbline, "--set", "reviews_required=true", "--zone", "Europe/Berlin")
    lines = [line.split() for line in plumbline("project", "show", "acme/shop").out.splitlines()]
    assert ["reviews_required", "True"] in lines and ["zone", "Europe/Berlin"] in lines
    data = plumbline("project", "show", "acme/shop", "--json").data
    assert (data["settings"], data["calendar"]) == ({"reviews_required": True}, {"zone": "Europe/Berlin"})
