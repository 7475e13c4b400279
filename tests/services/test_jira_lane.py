"""Several projects of one Jira in one lane: what crosses them, what moves between them, and one that is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.store import models as m
from app.store import programmes, subjects, trackers
from app.store.purge import purge
from app.time import real_now
from tests.integrations.jira import payloads
from tests.integrations.jira.payloads import DC_SITE, SITE
from tests.services.jira_hub import ADA, BOB, JiraHub
from tests.services.jira_world import JiraWorld
from tests.world import MONDAY, STALLED


@pytest.fixture
def jira(database_url: str) -> Iterator[JiraWorld]:
    made = JiraWorld(database_url, {"10": "PAY", "20": "SHOP"}, at=MONDAY, site=SITE)
    yield made
    made.close()


def filled(jira: JiraWorld) -> JiraHub:
    """A sprint with items of both projects, links and an epic across them, and a version of each."""
    hub = JiraHub(at=MONDAY - timedelta(days=10))
    hub.sprint(31, "created", startDate="2026-02-20T08:00:00.000Z", endDate="2026-03-20T08:00:00.000Z")
    hub.version("80", name="5.1", releaseDate="2026-03-20")
    hub.version("90", name="1.0", releaseDate="2026-03-20", projectId=20)
    epic = hub.issue("PAY-1", kind="Epic")
    pays = [hub.issue(f"PAY-{n}", parent=epic) for n in (2, 3)]
    shop = hub.issue("SHOP-1", parent=epic)
    for item in (*pays, shop, hub.issue("SHOP-2", by=BOB)):
        hub.plan(item, 31)
        hub.assign(item, BOB)
        hub.status(item, "In Progress", by=BOB)
    hub.fix(pays[0], "80")
    hub.fix(shop, "90")
    hub.link(pays[0], shop)
    hub.link(shop, pays[1])
    hub.link(shop, pays[1], on=False)
    hub.comment(shop, by=ADA)
    jira.deliver(hub.hooks)
    jira.drain()
    return hub


def owners(jira: JiraWorld) -> dict[str, str | None]:
    keys = {id_: key for key, id_ in jira.projects.items()}
    return {row.native_id: keys.get(row.project_id) for row in jira.rows(sa.select(m.milestone))}


def test_versions_belong_to_their_project_and_sprints_to_the_one_with_most_in_them(jira: JiraWorld) -> None:
    hub = filled(jira)
    epic = next(native for native, issue in hub.issues.items() if issue["key"] == "PAY-1")
    assert owners(jira) == {"sprint/31": "PAY", "version/80": "PAY", "version/90": "SHOP", f"epic/{epic}": "PAY"}


def test_a_version_of_a_project_that_is_not_watched_is_left(jira: JiraWorld) -> None:
    hub = JiraHub(at=MONDAY)
    hub.version("95", name="old", projectId=30)
    jira.deliver(hub.hooks)
    jira.drain()
    assert (owners(jira), set(jira.counts())) == ({}, {"ignored"})


def test_a_sweep_and_time_reach_the_subjects_of_all_projects(jira: JiraWorld) -> None:
    filled(jira)
    jira.wait(days=5)
    jira.rules(STALLED)
    jira.drain()
    keys = {row.id: row.key for row in jira.rows(sa.select(m.item))}
    flagged = {keys[row.subject_id] for row in jira.rows(sa.select(m.standing).where(m.standing.c.closed_at.is_(None)))}
    assert flagged == {"PAY-2", "PAY-3", "SHOP-2"}, "SHOP-1 waits for PAY-2"
    judged = [row.judged_at for row in jira.rows(sa.select(m.milestone))]
    assert None not in judged


@pytest.mark.parametrize("away", ["PAY", "SHOP"])
def test_purging_one_project_leaves_the_others_of_its_lane_whole(jira: JiraWorld, away: str) -> None:
    hub = filled(jira)
    jira.wait(days=5)
    jira.rules(STALLED)
    jira.drain()
    stays = "SHOP" if away == "PAY" else "PAY"
    with jira.db.write() as tx:
        programmes.save(tx, name="all", project_ids=jira.projects.values(), same_readers=True, now=real_now())
        items = {row.key: row.id for row in tx.execute(sa.select(m.item))}
        for key, id_ in items.items():
            subjects.add_marks(tx, [(jira.lane_id, "item", id_, jira.now)], reason=key)
        trackers.remove_project(tx, jira.projects[away], now=real_now())
    before = {row.id for row in jira.rows(sa.select(m.delivery).where(m.delivery.c.project_id == jira.projects[stays]))}
    done = dict(purge(jira.db, jira.projects[away]))
    assert done["item"] == sum(key.startswith(away) for key in items)
    assert "lane" not in done
    assert {row.key for row in jira.rows(sa.select(m.item))} == {key for key in items if key.startswith(stays)}
    assert before <= {row.id for row in jira.rows(sa.select(m.delivery))}
    left = {row.reason for row in jira.rows(sa.select(m.mark))} & items.keys()
    assert left == {key for key in items if key.startswith(stays)}
    assert owners(jira)["sprint/31"] == stays
    assert f"version/{'90' if away == 'SHOP' else '80'}" not in owners(jira)
    assert [row.project_id for row in jira.rows(sa.select(m.programme_project))] == [jira.projects[stays]]
    assert dict(purge(jira.db, jira.projects[away])) == {}

    mine = next(
        native for native, issue in hub.issues.items() if issue["key"] == f"{stays}-{1 if stays == 'SHOP' else 2}"
    )
    hub.now = jira.now
    hub.edit(mine, summary="Goes on")
    jira.deliver(hub.hooks[-1:])
    jira.drain()
    assert jira.item(hub.issues[mine]["key"]).title == "Goes on"


def test_a_read_under_an_old_key_does_not_take_a_moved_issue_for_gone(jira: JiraWorld) -> None:
    hub = JiraHub(at=MONDAY - timedelta(days=1))
    one = hub.issue("PAY-2")
    hub.move(one, "SHOP-9")
    asked = (MONDAY + timedelta(hours=1)).isoformat()
    gone = {"told": "gone", "why": "moved", "asked_at": asked, "id": one, "key": "PAY-2", "moved_to": "SHOP-9"}
    jira.deliver(hub.hooks[:1])
    jira.tell([gone])
    jira.drain()
    jira.read(lambda native: hub.tell(native, asked_at=MONDAY + timedelta(hours=2)))
    row = jira.item("SHOP-9")
    assert (row.project_id, row.deleted_at, row.moved_to) == (jira.projects["SHOP"], None, None)


def test_what_moved_out_of_sight_and_came_back_is_there_again(jira: JiraWorld) -> None:
    hub = JiraHub(at=MONDAY - timedelta(days=1))
    one = hub.issue("PAY-2")
    hub.move(one, "OLD-1")
    hub.edit(one, summary="Secret")
    jira.deliver(hub.hooks)
    jira.drain()
    row = jira.item("PAY-2")
    assert (row.moved_to, row.title, row.is_open) == ("OLD-1", "Work on PAY-2", False)
    hub.move(one, "PAY-7")
    jira.deliver(hub.hooks[-1:])
    jira.drain()
    row = jira.item("PAY-7")
    assert (row.moved_to, row.deleted_at, row.title, row.is_open) == (None, None, "Secret", True)


@pytest.mark.parametrize("first", ["epic", "child"])
def test_on_data_center_an_epic_told_by_its_key_alone_holds_its_issues(database_url: str, first: str) -> None:
    jira = JiraWorld(database_url, {"10000": "PAY"}, at=payloads.AT, site=DC_SITE)
    above = payloads.issue("dc", "PAY-5", "10005", issuetype={"name": "Epic", "subtask": False})
    child = payloads.issue("dc", "PAY-6", "10006", customfield_10014="PAY-5")
    sent = {name: _made(shown) for name, shown in (("epic", above), ("child", child))}
    for name in (first, *(sent.keys() - {first})):
        jira.deliver([sent[name]])
        jira.drain()
    milestones = {row.id: (row.native_id, row.members_total) for row in jira.rows(sa.select(m.milestone))}
    stays = [(milestones[row.milestone_id], row.left_at) for row in jira.rows(sa.select(m.membership))]
    jira.close()
    assert stays == [(("epic/10005", 1), None)]


def _made(shown: dict[str, Any]) -> dict[str, Any]:
    return payloads.webhook("jira:issue_created", user=payloads.ada("dc"), issue=shown)
