"""Every recorded payload is facts, or left with a reason; none is an error."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from datetime import UTC, date, datetime

import pytest

from integrations.errors import Ignored
from integrations.jira.decode.events import READ, decode
from integrations.jira.envelope import envelope
from integrations.readings import Field, LinkSeen, Reading
from rules.facts import LinkKind
from tests.integrations.jira.payloads import RECEIVED, recorded


def event(name: str) -> str:
    return envelope({}, recorded()[name]).event


def outcome(name: str) -> Reading | str:
    payload = recorded()[name]
    try:
        return decode(event(name), payload, RECEIVED)
    except Ignored as reason:
        return str(reason)


def read(name: str) -> Reading:
    found = outcome(name)
    assert isinstance(found, Reading), found
    return found


def test_each_recorded_payload_is_facts():
    counts: Counter[str] = Counter()
    for name, payload in recorded().items():
        assert envelope({}, payload).event in READ
        counts["facts" if isinstance(outcome(name), Reading) else name] += 1
    assert counts == {"facts": 61}


def test_decoding_twice_gives_the_same_and_leaves_the_payload_as_it_was():
    for name, payload in recorded().items():
        before = deepcopy(payload)
        assert outcome(name) == outcome(name)
        assert payload == before


def test_whole_issues_carry_all_groups_and_parts_of_them_only_what_they_show():
    for name in recorded():
        for seen in read(name).items:
            groups = [seen.text, seen.state, seen.labels, seen.assignees, seen.plan, seen.effort, seen.traits]
            if seen.as_of is not None:
                assert None not in groups, name
                assert seen.edges is None, name  # nobody knows this site's field for epics
                known = {"fields": {"epic": "customfield_99999"}}
                assert decode(event(name), recorded()[name], RECEIVED, known).items[0].edges is not None, name
            else:
                assert seen.text is seen.plan is seen.edges is seen.effort is None, name


def changed(name: str) -> list[tuple[str, str | None, str | None]]:
    return [(change.natural_key, change.before, change.after) for change in read(name).changes]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("jira-issue_updated.sprint_ids", [("changelog:104661:sprint:+197", None, "sprint/197")]),
        ("webhook-issue-updated-sprint", []),
        ("webhook-issue-updated-fix-version", [
            ("changelog:11151:version:-10000", "version/10000", None),
            ("changelog:11151:version:+10001", None, "version/10001"),
        ]),
        ("webhook-issue-updated-labels", [
            ("changelog:10233:label:-bad", "bad", None), ("changelog:10233:label:+sad", None, "sad"),
        ]),
        ("webhook-issue-updated-resolved", [("changelog:10228:status", "In Progress", "Done")]),
        ("webhook-issue-updated-assigned-nobody", [("changelog:10231:assignee", "Test User", None)]),
        ("webhook-issue-updated-assigned-on-server", [("changelog:10225:assignee", None, "admin")]),
        ("webhook-issue-updated-issue-type", [("changelog:11149:issuetype", "Task", "Bug")]),
        ("webhook-issue-updated-attachments", []),
        ("webhook-issue-assigned-empty-changelog", []),
        ("webhook-cloud-issue-created-many-fields", [("opened:10509", None, "To Do")]),
        ("webhook-server-issue-updated-comment-deleted", []),
    ],
)  # fmt: skip
def test_changes_of_recorded_payloads(name, expected):
    assert changed(name) == expected


def test_a_sprint_that_is_only_named_is_not_passed_over_in_silence():
    assert "names no ids" in read("webhook-issue-updated-sprint").note


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("webhook-cloud-comment-created", "created"),
        ("webhook-cloud-comment-updated", "edited"),
        ("webhook-cloud-comment-deleted", "deleted"),
        ("webhook-server-comment-created", "created"),
        ("webhook-server-comment-updated", "edited"),
        ("webhook-server-comment-deleted", "deleted"),
        ("webhook-server-issue-updated-commented-1", "created"),
        ("webhook-server-issue-updated-comment-edited", "edited"),
        ("webhook-server-old-issue-updated-no-event-type-commented", "created"),
        ("webhook-server-old-issue-updated-no-event-type-comment-edited", "edited"),
    ],
)
def test_comments_by_every_way_jira_tells_them(name, event):
    (comment,) = read(name).comments
    assert comment.event == event
    assert comment.item == recorded()[name].get("issue", {"id": "10013"})["id"]
    assert (Field.COMMENT in [change.field for change in read(name).changes]) is (event == "created")


def test_a_started_sprint():
    reading = read("sprint_started")
    (sprint,) = reading.milestones
    assert (sprint.native_id, sprint.title, sprint.kind, sprint.open) == ("sprint/192", "TSD Sprint 1", "sprint", True)
    assert (sprint.start, sprint.due, sprint.board) == (date(2020, 7, 7), date(2020, 7, 21), "81")
    assert sprint.as_of == datetime(2020, 7, 7, 0, 37, 8, 717_000, tzinfo=UTC)
    (change,) = reading.changes
    assert (change.field, change.milestone, change.after) == (Field.MILESTONE_STATE, "sprint/192", "active")
    assert reading.project is None


def test_a_sprint_without_dates():
    (sprint,) = read("sprint_created").milestones
    assert (sprint.native_id, sprint.start, sprint.due, sprint.open) == ("sprint/196", None, None, True)


def test_a_released_version_whose_date_is_only_told_in_some_language():
    reading = read("version_released")
    (version,) = reading.milestones
    assert (version.native_id, version.title, version.kind) == ("version/10000", "1.0", "version")
    assert (version.open, version.released, version.due) == (False, True, None)
    assert [change.after for change in reading.changes] == ["released"]


def test_a_work_log():
    (change,) = read("worklog_created").changes
    assert (change.natural_key, change.field, change.item, change.after) == (
        "worklog:10066", Field.WORKLOG, "10014", "144000",
    )  # fmt: skip
    assert change.at == datetime(2026, 9, 22, 18, 48, 35, 652_000, tzinfo=UTC)
    assert change.actor is not None
    assert change.actor.login == "Leo Franchi"


def test_a_link():
    reading = read("issuelink_created")
    at = datetime(2020, 7, 7, 0, 30, 54, 17_000, tzinfo=UTC)
    assert reading.links == (LinkSeen(LinkKind.BLOCKS, "20192", "20734", at=at),)
    assert reading.items == ()


def test_an_issue_on_a_server_that_leaves_out_what_is_empty():
    (seen,) = read("webhook-server-issue-updated-closed").items
    assert seen.state is not None
    assert (seen.state.open, seen.state.stage, seen.state.reason) == (False, "done", "completed")
    assert seen.state.closed_at == datetime(2019, 8, 14, 3, 3, 2, 179_000, tzinfo=UTC)
    assert seen.effort is not None
    assert (seen.effort.spent, seen.effort.left, seen.effort.planned) == (0.05, 0.0, None)
    assert [who.login for who in seen.assignees] == ["admin"]
    assert seen.traits is not None
    assert (seen.traits.type, seen.traits.bug, seen.traits.secured) == ("Bug", True, False)


def test_a_secured_issue():
    (seen,) = read("webhook-issue-created-with-security-level").items
    assert seen.traits is not None
    assert seen.traits.secured
