"""Whatever comes, decoding gives a reading, a reason or the name of a field: never another exception."""

# ruff: noqa: PT017
from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.errors import BadPayload, Ignored
from integrations.jira import site as sites
from integrations.jira.decode.events import READ, decode
from integrations.jira.envelope import envelope
from integrations.ports import HISTORY
from integrations.readings import Reading
from tests.integrations.jira.payloads import (
    DC_SITE,
    RECEIVED,
    SITE,
    ada,
    bob,
    comment,
    issue,
    item,
    java,
    part_of_issue,
    recorded,
    sprint,
    status,
    told,
    updated,
    version,
    webhook,
    worklog,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["2026-11-24T09:30:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "\ud800", "\0", "31, 32"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
ODD = [None, True, -1, 2**70, 1.5, float("inf"), "", "x", "\0\udfff", "1" * 400, [], [None], ["x"], [{}], {}, {"id": 1}]
LINK = {"type": {"name": "Blocks", "outward": "blocks"}, "outwardIssue": {"id": "7", "key": "PAY-7"}}
DOCUMENT = {"type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "x", "marks": [{"type": "link", "attrs": {"href": "y"}}]}]}]}  # fmt: skip
RICH = {
    "assignee": bob(), "labels": ["a"], "fixVersions": [version()], "components": [{"name": "till"}], "duedate": "2026-12-01",
    "customfield_10020": [sprint(), java(30, "CLOSED", complete="2026-11-01T00:00:00.000Z")], "customfield_10016": 3,
    "customfield_10021": [{"value": "Impediment"}], "issuelinks": [LINK], "subtasks": [{"id": "8", "key": "PAY-8"}],
    "parent": {"id": "9", "key": "PAY-9", "fields": {"summary": "x", "status": status(), "issuetype": {"name": "Epic"}}},
    "timetracking": {"timeSpentSeconds": 60}, "security": {"id": "1"}, "description": DOCUMENT,
    "status": status("Done"), "resolution": {"name": "Done"}, "resolutiondate": "2026-11-20T00:00:00.000+0000",
}  # fmt: skip
ENTRIES = [
    item("status", "1", "2", words=("To Do", "Done")), item("assignee", "a", "b"), item("labels", words=("a", "b")),
    item("Sprint", "31", "32", fieldtype="custom"), item("Fix Version", "1", "2"), item("Link", None, "PAY-7"),
    item("duedate", "2026-12-01", None), item("Story Points", words=("1", "2"), fieldtype="custom"),
    item("Epic Link", "1", "2", fieldtype="custom"), item("timespent", "1", "2"), item("Key", words=("A-1", "B-1")),
]  # fmt: skip
EPIC = {"issuetype": {"name": "Epic", "subtask": False}}


def made() -> list[dict[str, Any]]:
    """A rich payload of each event that is read."""
    history = {"id": "1", "created": "2026-11-20T00:00:00.000+0000", "author": bob(), "items": ENTRIES}
    kind = {"name": "Blocks", "outwardName": "blocks", "isSubTaskLinkType": False}
    link = {"id": 1, "sourceIssueId": 1, "destinationIssueId": 2, "issueLinkType": kind}
    project = {"id": 1, "key": "PAY", "name": "Pay", "self": "https://x/rest/api/2/project/1"}
    milestones = {"told": "milestones", "project": project, "versions": [version()], "sprints": [sprint()]}
    gone = {"told": "gone", "id": "1", "key": "PAY-1", "moved_to": None, "asked_at": "2026-11-20T00:00:00Z"}
    return [
        updated(*ENTRIES, **RICH),
        updated(*ENTRIES, **(RICH | EPIC)) | {"comment": comment()},
        webhook("jira:issue_created", user=ada(), issue=issue(**RICH), changelog={"id": "1", "items": ENTRIES}),
        webhook("jira:issue_deleted", issue=issue(**(RICH | EPIC))),
        webhook("jira:worklog_updated", issue=issue("datacenter", **RICH)),
        *(webhook(f"comment_{event}", comment=comment(), issue=part_of_issue()) for event in ("created", "updated")),
        webhook("comment_deleted", comment=comment("datacenter", body=DOCUMENT)),
        *(
            webhook(f"sprint_{event}", sprint=sprint(), oldValue=sprint(30))
            for event in ("updated", "closed", "started")
        ),
        *(webhook(f"sprint_{event}", sprint=sprint()) for event in ("created", "deleted")),
        *(
            webhook(f"jira:version_{event}", version=version(), mergedTo=version("2"))
            for event in ("created", "released", "unreleased", "updated", "moved", "deleted", "merged")
        ),
        *(webhook(f"issuelink_{event}", issueLink=link) for event in ("created", "deleted")),
        *(webhook(f"worklog_{event}", worklog=worklog()) for event in ("created", "updated", "deleted")),
        *(
            webhook(f"project_{event}", project=project)
            for event in (
                "created",
                "updated",
                "deleted",
                "soft_deleted",
                "restored_deleted",
                "archived",
                "restored_archived",
            )
        ),
        *(
            {"webhookEvent": HISTORY} | one
            for one in (
                told(issue(**RICH), histories=[history], comments=[comment()], worklogs=[worklog()]),
                gone,
                milestones,
            )
        ),
    ]


MADE = made()


def outcome(event: str, data: Any, site: Any = SITE) -> None:
    try:
        assert isinstance(decode(event, data, RECEIVED, site), Reading)
    except BadPayload as error:
        assert error.path
        assert "expected" in str(error)
    except Ignored as reason:
        assert str(reason)


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to every value in a payload."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(one for key, value in inner for one in places(value, (*path, key)))]


def replaced(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    data = deepcopy(data)
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return data


def test_each_event_that_is_read_is_tried_here():
    assert {one["webhookEvent"] for one in MADE} == {*READ, HISTORY}


@pytest.mark.parametrize("payload", MADE, ids=lambda one: one["webhookEvent"])
def test_an_odd_value_in_any_place_is_named(payload):
    event = payload["webhookEvent"]
    assert isinstance(event, str)
    outcome(event, payload)
    for path in places(payload):
        for odd in ODD:
            outcome(event, replaced(payload, path, odd))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_anything_anywhere(data):
    payload = data.draw(st.sampled_from(MADE))
    path = data.draw(st.sampled_from(places(payload)))
    site = data.draw(st.sampled_from([SITE, DC_SITE, {}]))
    outcome(payload["webhookEvent"], replaced(payload, path, data.draw(JSON)), site)


@settings(max_examples=150, deadline=None)
@given(event=st.sampled_from([*sorted(READ), HISTORY]) | st.text(max_size=20), data=JSON)
def test_any_payload_at_all(event, data):
    outcome(event, data)


@settings(max_examples=100, deadline=None)
@given(data=JSON | st.fixed_dictionaries({"webhookEvent": st.text(max_size=9)}, optional={"issue": JSON, "project": JSON, "version": JSON, "sprint": JSON}))  # fmt: skip
def test_any_envelope(data):
    try:
        assert envelope({}, data).guid
    except BadPayload as error:
        assert error.path


@settings(max_examples=100, deadline=None)
@given(site=JSON | st.fixed_dictionaries({}, optional={"fields": JSON, "statuses": JSON, "names": JSON}))
def test_any_site(site):
    try:
        assert isinstance(sites.read(site if isinstance(site, dict) else {"fields": site}), sites.Site)
    except BadPayload as error:
        assert error.path.startswith("site")


def test_odd_values_in_recorded_payloads():
    for payload in list(recorded().values())[::9]:
        for path in places(payload)[::7]:
            outcome(payload["webhookEvent"], replaced(payload, path, {"x": [1]}))


def test_a_document_nested_beyond_reason_is_cut_off():
    document: dict[str, Any] = {"type": "text", "text": "deep"}
    for _ in range(100):
        document = {"type": "panel", "content": [document]}
    reading = decode("jira:issue_updated", updated(description={"type": "doc", "content": [document]}), RECEIVED, SITE)
    text = reading.items[0].text
    assert text is not None
    assert text.body == "[…]"
