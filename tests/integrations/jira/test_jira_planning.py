"""Sprints, versions, links, work logs and projects: events that carry ids alone."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from integrations.errors import Ignored
from integrations.jira.decode.events import READ, decode
from integrations.readings import Field, LinkSeen, ProjectEvent, Reading
from rules.facts import LinkKind
from tests.integrations.jira.payloads import (
    AT,
    BASE,
    RECEIVED,
    SITE,
    ada,
    bob,
    iso,
    sprint,
    version,
    webhook,
    worklog,
)


def read(payload: dict, site: dict = SITE) -> Reading:
    return decode(payload["webhookEvent"], payload, RECEIVED, site)


@pytest.mark.parametrize("event", ["created", "started", "updated", "closed", "deleted"])
def test_sprints(event):
    state = {"created": "future", "closed": "closed"}.get(event, "active")
    reading = read(webhook(f"sprint_{event}", sprint=sprint(31, state, originBoardId=7)))
    (seen,) = reading.milestones
    assert (seen.native_id, seen.title, seen.kind, seen.board) == ("sprint/31", "Sprint 31", "sprint", "7")
    days = (None, None) if event == "created" else (date(2026, 11, 16), date(2026, 11, 27))
    assert (seen.start, seen.due, seen.as_of) == (*days, AT)  # what has not begun binds nobody to its days
    assert (seen.open, seen.deleted) == (event not in ("closed", "deleted"), event == "deleted")
    assert seen.url == f"{BASE}/issues/?jql=sprint%3D31"
    assert reading.project is None


def test_a_sprint_starts_and_ends_at_the_time_jira_tells():
    (started,) = read(webhook("sprint_started", sprint=sprint())).changes
    assert (started.natural_key, started.at) == ("sprint:31:started:2026-11-24T09:30:00.250Z", AT)
    (closed,) = read(webhook("sprint_closed", sprint=sprint(31, "closed"))).changes
    assert (closed.natural_key, closed.before, closed.after, closed.milestone) == (
        "sprint:31:closed:2026-11-27T15:00:00.000Z", "active", "closed", "sprint/31",
    )  # fmt: skip


def test_a_sprint_that_was_renamed_and_put_off():
    old = sprint(name="Sprint 30 b", endDate="2026-11-25T16:00:00.000Z")
    reading = read(webhook("sprint_updated", sprint=sprint(), oldValue=old))
    assert [(c.field, c.before, c.after) for c in reading.changes] == [
        (Field.MILESTONE_TITLE, "Sprint 30 b", "Sprint 31"),
        (Field.DUE, "2026-11-25", "2026-11-27"),
    ]
    assert read(webhook("sprint_updated", sprint=sprint())).changes == ()


def test_a_sprint_of_the_agile_api_ends_on_the_same_day():
    api = {
        "id": 31,
        "name": "Sprint 31",
        "state": "active",
        "originBoardId": 5,
        "endDate": "2026-11-28T02:00:00.000+10:00",
    }
    (seen,) = read(webhook("sprint_updated", sprint=api)).milestones
    assert (seen.due, seen.start, seen.created_at) == (date(2026, 11, 27), None, None)


@pytest.mark.parametrize("event", ["created", "updated", "moved", "released", "unreleased"])
def test_versions(event):
    own = f"{BASE}/rest/api/2/version/10001"
    data = version(
        startDate="2026-11-01", released=event == "released", projectId=10000, self=own, userReleaseDate="11/Dez/26"
    )
    reading = read(webhook(f"jira:version_{event}", version=data), {})
    (seen,) = reading.milestones
    assert (seen.native_id, seen.title, seen.kind, seen.as_of) == ("version/10001", "5.2", "version", AT)
    assert (seen.start, seen.due, seen.url) == (
        date(2026, 11, 1),
        date(2026, 12, 11),
        f"{BASE}/issues/?jql=fixVersion%3D10001",
    )
    assert (seen.released, seen.open) == (event == "released", event != "released")
    states = [change.after for change in reading.changes if change.field is Field.MILESTONE_STATE]
    assert states == ([event] if event.endswith("released") else [])


def test_an_archived_version_is_closed_without_being_released():
    (seen,) = read(webhook("jira:version_updated", version=version(archived=True))).milestones
    assert (seen.open, seen.released) == (False, False)


@pytest.mark.parametrize("event", ["jira:version_deleted", "jira:version_merged"])
def test_a_merged_version_says_which_took_over(event):
    reading = read(webhook(event, version=version(), mergedTo=version("10002", name="5.3")))
    assert [(m.native_id, m.deleted, m.merged_into) for m in reading.milestones] == [
        ("version/10001", True, "version/10002"),
        ("version/10002", False, None),
    ]
    (by_id,) = read(webhook(event, version=version(), mergedTo="10002")).milestones
    assert by_id.merged_into == "version/10002"


def test_a_deleted_version():
    (seen,) = read(webhook("jira:version_deleted", version=version())).milestones
    assert (seen.deleted, seen.open, seen.merged_into) == (True, False, None)


def link(name: str = "Blocks", outward: str = "blocks", **more) -> dict:
    kind = {"id": 1, "name": name, "outwardName": outward, "inwardName": "?", "isSubTaskLinkType": False}
    return {"id": 22, "sourceIssueId": 20192, "destinationIssueId": 20734, "issueLinkType": kind | more}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (link(), (LinkKind.BLOCKS, "20192", "20734", False)),
        (link("Dependency", "depends on"), (LinkKind.BLOCKS, "20734", "20192", False)),
        (link("Cloners", "clones"), (LinkKind.SPLIT_FROM, "20192", "20734", False)),
        (link("Issue split", "split to"), (LinkKind.SPLIT_FROM, "20734", "20192", False)),
        (link("Duplicate", "duplicates"), (LinkKind.RELATES, "20192", "20734", False)),
        # The source of a sub-task's link is its parent.
        (link("jira_subtask_link", "jira_subtask_outward", isSubTaskLinkType=True),
         (LinkKind.RELATES, "20734", "20192", True)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("event", ["created", "deleted"])
def test_links(event, data, expected):
    kind, source, target, parent = expected
    edge = LinkSeen(kind, source, target, removed=event == "deleted", parent=parent, at=AT)
    assert read(webhook(f"issuelink_{event}", issueLink=data)).links == (edge,)
    bare = webhook(f"issuelink_{event}") | data
    assert read(bare).links == (edge,)


def test_an_epic_s_link_is_left_to_the_issue_in_it():
    data = link("Epic-Story Link", "is Epic of", isSystemLinkType=True)
    with pytest.raises(Ignored, match="Epic-Story Link is drawn by Jira itself"):
        read(webhook("issuelink_created", issueLink=data))


def test_work_is_written_down_once_however_often_it_is_mended():
    made = read(webhook("worklog_created", worklog=worklog()))
    mended = read(webhook("worklog_updated", worklog=worklog(updated=iso(RECEIVED))))
    (change,) = made.changes
    assert (change.natural_key, change.field, change.item, change.at) == ("worklog:70", Field.WORKLOG, "10231", AT)
    assert change.after == "5400"
    assert made.actor is not None
    assert made.actor.login == bob()["displayName"]
    assert mended.changes == made.changes


def test_a_deleted_work_log_is_left_with_the_reason():
    with pytest.raises(Ignored, match="undoes no work"):
        read(webhook("worklog_deleted", worklog=worklog()))


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("created", "created"),
        ("updated", "edited"),
        ("deleted", "deleted"),
        ("soft_deleted", "deleted"),
        ("restored_deleted", "added"),
        ("archived", "archived"),
        ("restored_archived", "unarchived"),
    ],
)
def test_projects(event, kind):
    data = {"id": 10000, "key": "PAY", "name": "Pay", "self": f"{BASE}/rest/api/2/project/10000", "projectLead": ada()}
    reading = read(webhook(f"project_{event}", project=data), {})
    assert reading.project_events == (ProjectEvent(kind, project="10000", detail="PAY"),)
    assert reading.project is not None
    assert (reading.project.key, reading.project.url) == ("PAY", f"{BASE}/browse/PAY")


@pytest.mark.parametrize(
    "event",
    [
        "board_created", "board_updated", "board_deleted", "board_configuration_changed", "user_created",
        "user_updated", "user_deleted", "option_timetracking_changed", "option_issuelinks_changed",
        "attachment_created", "issue_property_set", "jira:version_other", "project_other", "x" * 500,
    ],
)  # fmt: skip
def test_the_rest_is_left_with_a_reason(event):
    assert event not in READ
    with pytest.raises(Ignored) as left:
        read(webhook(event, board={}))
    assert 10 < len(str(left.value)) < 200


def test_a_payload_without_time_overwrites_nothing():
    payload = {"webhookEvent": "sprint_updated", "sprint": sprint()}
    assert read(payload).milestones[0].as_of is None
    assert read(payload).at == RECEIVED
    gone = read(payload | {"webhookEvent": "sprint_deleted"}).milestones[0]
    assert (gone.as_of, gone.deleted) == (RECEIVED, True)
    late = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    assert read(payload | {"timestamp": 253402300799999}).at == late
