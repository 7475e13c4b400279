"""What Jira tells when asked gives what its webhooks gave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from integrations.errors import BadPayload, Ignored
from integrations.jira import site as sites
from integrations.jira.decode.events import decode
from integrations.ports import HISTORY
from integrations.readings import ChangeSeen, Field, Reading
from tests.integrations.jira.payloads import (
    AT,
    DC_SITE,
    RECEIVED,
    SITE,
    ada,
    bob,
    comment,
    iso,
    issue,
    item,
    part_of_issue,
    sprint,
    status,
    told,
    version,
    webhook,
    worklog,
)

STEPS = [
    [
        item("status", "1", "3", words=("To Do", "In Progress")),
        item("assignee", None, "5c-bob", words=(None, "Bob R.")),
    ],
    [item("Sprint", "", "31", words=("", "Sprint 31"), fieldtype="custom")],
    [item("Story Points", None, None, words=("3", "5"), fieldtype="custom")],
    [item("Fix Version", "10001", None, words=("5.2", None)), item("Fix Version", None, "10002", words=(None, "5.3"))],
    [item("labels", words=("", "till")), item("Link", None, "PAY-7", words=(None, "This issue blocks PAY-7"))],
    [item("Flagged", "", "[10019]", words=("", "Impediment"), fieldtype="custom"), item("duedate", None, "2026-12-01")],
    [item("resolution", None, "1", words=(None, "Done")), item("status", "3", "5", words=("In Progress", "Done"))],
]


def changes(*readings: Reading) -> list[ChangeSeen]:
    found = [change for reading in readings for change in reading.changes]
    return sorted(found, key=lambda change: change.natural_key)


def lived(edition: str) -> tuple[list[dict], dict]:
    """A life of an issue: the webhooks that Jira sent, and what it tells afterwards."""
    born = datetime(2026, 11, 2, 9, tzinfo=UTC)
    people = {"reporter": ada(edition), "creator": ada(edition)}
    hooks = [
        webhook("jira:issue_created", user=ada(edition), issue=issue(edition, updated=iso(born), **people), at=born)
    ]
    histories = []
    who = item("assignee", None, bob(edition).get("key", "5c-bob"), words=(None, "Bob R."))
    fields: dict = {"assignee": bob(edition)}
    for place, items in enumerate(STEPS):
        at = born + timedelta(days=place + 1)
        entries = [who if one["field"] == "assignee" else one for one in items]
        if place == len(STEPS) - 1:
            fields |= {"status": status("Done"), "resolution": {"name": "Done"}, "resolutiondate": iso(at)}
        whole = issue(edition, updated=iso(at), **fields)
        changelog = {"id": str(800 + place), "items": entries}
        hooks.append(webhook("jira:issue_updated", user=bob(edition), issue=whole, changelog=changelog, at=at))
        history = {"id": str(800 + place), "created": iso(at), "author": bob(edition), "items": entries}
        histories.append(history)
    said = comment(edition)
    shown = {"issue": part_of_issue()} if edition == "cloud" else {}
    hooks.append(webhook("comment_created", comment=said, **shown))
    hooks.append(webhook("worklog_created", worklog=worklog(author=bob(edition))))
    answer = told(
        issue(edition, updated=iso(), **fields),
        histories=histories[::-1],
        comments=[said],
        worklogs=[worklog(author=bob(edition))],
    )
    return hooks, answer


def without_address(found: list[ChangeSeen]) -> list[ChangeSeen]:
    """Data Center's comment events do not tell the issue's key, so no page of the comment."""
    return [one if one.field is not Field.COMMENT else ChangeSeen(one.natural_key, one.at, one.field, one.actor, item=one.item) for one in found]  # fmt: skip


@pytest.mark.parametrize(("edition", "site"), [("cloud", SITE), ("datacenter", DC_SITE)])
def test_both_ways_tell_the_same_changes(edition, site):
    hooks, answer = lived(edition)
    live = changes(*(decode(hook["webhookEvent"], hook, RECEIVED, site) for hook in hooks))
    asked = changes(decode(HISTORY, answer, RECEIVED, site))
    assert len(live) == 14
    if edition == "cloud":
        assert live == asked
    assert without_address(live) == without_address(asked)


def test_a_whole_answer():
    _hooks, answer = lived("cloud")
    reading = decode(HISTORY, answer, RECEIVED, SITE)
    assert reading.whole == ("10231",)
    assert reading.asked_at == datetime(2026, 11, 25, tzinfo=UTC)
    assert reading.at == AT
    assert reading.actor is None
    assert [seen.native_id for seen in reading.items] == ["10231"]
    opening = next(change for change in reading.changes if change.natural_key == "opened:10231")
    assert (opening.after, opening.before) == ("To Do", None)


def test_sprints_are_as_of_the_asking():
    reading = decode(HISTORY, told(issue(customfield_10020=[sprint()])), RECEIVED, SITE)
    assert [one.as_of for one in reading.milestones] == [reading.asked_at]


@pytest.mark.parametrize(
    ("since", "event"), [(None, "seen"), (iso(AT), "created"), (iso(AT + timedelta(seconds=1)), "seen")]
)
def test_only_comments_from_an_instant_on_are_news(since, event):
    reading = decode(HISTORY, told(issue(), since=since, comments=[comment()]), RECEIVED, SITE)
    assert [one.event for one in reading.comments] == [event]
    assert [one.natural_key for one in reading.changes] == ["opened:10231", "comment:900"]


def test_an_issue_that_is_gone():
    gone = {"told": "gone", "asked_at": "2026-11-25T00:00:00Z", "id": "10231", "key": "PAY-231", "moved_to": None}
    reading = decode(HISTORY, gone, RECEIVED, SITE)
    (seen,) = reading.items
    assert (seen.native_id, seen.deleted, seen.moved_to, seen.as_of) == ("10231", True, None, reading.asked_at)
    assert reading.whole == ("10231",)
    moved = decode(HISTORY, gone | {"moved_to": "SHOP-9"}, RECEIVED, SITE).items[0]
    assert (moved.deleted, moved.moved_to) == (False, "SHOP-9")
    with pytest.raises(Ignored, match="without its id"):
        decode(HISTORY, gone | {"id": None}, RECEIVED, SITE)


def test_all_milestones_of_a_project():
    answer = {
        "told": "milestones", "asked_at": "2026-11-25T00:00:00Z", "project": {"id": "10000", "key": "PAY"},
        "versions": [version(startDate="2026-11-01")], "sprints": [sprint(), sprint(30, "closed")],
    }  # fmt: skip
    reading = decode(HISTORY, answer, RECEIVED, SITE)
    assert [(one.native_id, one.open, one.as_of) for one in reading.milestones] == [
        ("version/10001", True, reading.asked_at),
        ("sprint/31", True, reading.asked_at),
        ("sprint/30", False, reading.asked_at),
    ]
    assert reading.project is not None
    assert reading.project.key == "PAY"


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ({}, "told"),
        ({"told": "x"}, "told"),
        (told(issue(), asked_at="x"), "asked_at"),
        (told(issue(), histories=[{"id": "1"}]), "histories.0.created"),
        (told(issue(), histories=[{"id": "1", "created": iso(), "items": [1]}]), "histories.0.items.0"),
        (told(issue(), comments=[{"id": "1"}]), "comments.0.created"),
        (told(issue(), worklogs=[{"created": iso()}]), "worklogs.0.id"),
        ({"told": "milestones", "project": {"id": 1, "key": "PAY"}, "sprints": [{"id": 1}]}, "sprints.0.name"),
    ],
)
def test_a_bad_answer_names_the_field(answer, path):
    with pytest.raises(BadPayload) as refused:
        decode(HISTORY, answer, RECEIVED, SITE)
    assert refused.value.path == path


# --- the site ----------------------------------------------------------------------------------------------------------

FIELDS = [
    {"id": "summary", "name": "Summary", "schema": {"type": "string", "system": "summary"}},
    {"id": "customfield_10020", "name": "Sprint", "schema": {"custom": "com.pyxis.greenhopper.jira:gh-sprint"}},
    {"id": "customfield_10014", "name": "Epic Link", "schema": {"custom": "com.pyxis.greenhopper.jira:gh-epic-link"}},
    {"id": "customfield_10016", "name": "Story point estimate", "schema": {"custom": "com.pyxis.greenhopper.jira:jsw-story-points"}},
    {"id": "customfield_10026", "name": "Story Points", "schema": {"custom": "com.atlassian.jira.plugin.system.customfieldtypes:float"}},
    {"id": "customfield_10021", "name": "Flagged", "schema": {"custom": "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes"}},
    {"id": "customfield_10030", "name": "Team", "schema": {"custom": "x"}},
]  # fmt: skip
STATUSES = [
    {"name": "Backlog", "statusCategory": {"key": "new"}},
    {"name": "Building", "statusCategory": {"key": "indeterminate"}},
    {"name": "Shipped", "statusCategory": {"key": "done"}},
    {"name": "Odd", "statusCategory": {"key": "undefined"}},
]


def test_a_site_is_found_dumped_and_read_again():
    info = {"baseUrl": "https://acme.atlassian.net/", "deploymentType": "Cloud"}
    found = sites.found(fields=FIELDS, statuses=STATUSES, server_info=info)
    assert found.edition == "cloud"
    assert found.base_url == "https://acme.atlassian.net"
    assert found.points == ("customfield_10016", "customfield_10026")
    assert (found.sprint, found.epic, found.flagged) == ("customfield_10020", "customfield_10014", "customfield_10021")
    assert found.statuses == {"Backlog": "todo", "Building": "in_progress", "Shipped": "done"}
    assert sites.read(found.dump()) == found


def test_a_server_is_a_data_center_and_may_lack_all_of_it():
    found = sites.found(fields=[], statuses=[], server_info={"baseUrl": "https://jira", "deploymentType": "Server"})
    assert found == sites.Site("datacenter", "https://jira")
    assert sites.read(found.dump()) == found


def test_nothing_is_known_of_no_site():
    assert sites.read({}) == sites.NOWHERE


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({"fields": 1}, "site.fields"),
        ({"fields": {"points": "customfield_1"}}, "site.fields.points"),
        ({"fields": {"points": [1]}}, "site.fields.points.0"),
        ({"statuses": {"To Do": None}}, "site.statuses.To Do"),
    ],
)
def test_a_bad_site_names_the_field(payload, path):
    with pytest.raises(BadPayload) as refused:
        sites.read(payload)
    assert refused.value.path == path
