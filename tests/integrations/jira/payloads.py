"""Payloads for decoding tests: recorded ones where they are found, and small ones made here in the shapes of Jira Cloud
and of Data Center.
"""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from tests.support import shared

ROOT = Path(__file__).resolve().parents[3]
RECEIVED = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
AT = datetime(2026, 11, 24, 9, 30, 0, 250_000, tzinfo=UTC)
BASE = "https://acme.atlassian.net"
SITE = {
    "edition": "cloud",
    "base_url": BASE,
    "fields": {
        "points": ["customfield_10016", "customfield_10026"],
        "sprint": "customfield_10020",
        "epic": "customfield_10014",
        "flagged": "customfield_10021",
    },
    "statuses": {"To Do": "todo", "In Progress": "in_progress", "Done": "done"},
    "names": {"customfield_10016": "Story point estimate", "customfield_10026": "Story Points"},
}
DC_SITE = SITE | {"edition": "datacenter", "base_url": "https://jira.acme.example"}
CATEGORIES = {"To Do": "new", "In Progress": "indeterminate", "Done": "done"}


@cache
def recorded() -> dict[str, dict[str, Any]]:
    """Recorded webhooks by file name; skips, saying so, where the shared data is absent."""
    return {
        one.stem: json.loads(one.read_text())
        for name in ("mattermost-jira", "jira-agile")
        for one in sorted(shared("webhooks", name).glob("*.json"))
    }


def iso(at: datetime = AT) -> str:
    """An instant as Jira writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"


def millis(at: datetime = AT) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def ada(edition: str = "cloud") -> dict[str, Any]:
    if edition == "cloud":
        return {"accountId": "5c-ada", "displayName": "Ada L.", "accountType": "atlassian", "active": True}
    return {"name": "ada", "key": "JIRAUSER10100", "displayName": "Ada L.", "active": True}


def bob(edition: str = "cloud") -> dict[str, Any]:
    if edition == "cloud":
        return {"accountId": "5c-bob", "displayName": "Bob R.", "accountType": "atlassian", "active": True}
    return {"name": "bob", "key": "JIRAUSER10101", "displayName": "Bob R.", "active": True}


def robot() -> dict[str, Any]:
    return {"accountId": "557-auto", "displayName": "Automation for Jira", "accountType": "app"}


def status(name: str = "To Do", *, category: bool = True) -> dict[str, Any]:
    return {"name": name, "id": "1"} | ({"statusCategory": {"key": CATEGORIES[name]}} if category else {})


def sprint(native_id: int = 31, state: str = "active", **more: Any) -> dict[str, Any]:
    """A sprint as Cloud shows it in an issue."""
    base: dict[str, Any] = {
        "id": native_id, "name": f"Sprint {native_id}", "state": state, "boardId": 5, "goal": "",
        "startDate": "2026-11-16T08:00:00.000Z", "endDate": "2026-11-27T16:00:00.000Z",
    }  # fmt: skip
    if state == "closed":
        base["completeDate"] = "2026-11-27T15:00:00.000Z"
    return base | more


def java(native_id: int = 31, state: str = "ACTIVE", name: str = "Sprint 31", complete: str = "<null>") -> str:
    """A sprint as older Data Centers show it in an issue."""
    return (
        f"com.atlassian.greenhopper.service.sprint.Sprint@1a2b[id={native_id},rapidViewId=5,state={state},name={name},"
        f"startDate=2026-11-16T08:00:00.000Z,endDate=2026-11-27T16:00:00.000Z,completeDate={complete},"
        f"activatedDate=<null>,sequence={native_id},goal=<null>,autoStartStop=false,synced=false]"
    )


def version(native_id: str = "10001", **more: Any) -> dict[str, Any]:
    return {"id": native_id, "name": "5.2", "archived": False, "released": False, "releaseDate": "2026-12-11"} | more


def issue(edition: str = "cloud", key: str = "PAY-231", native_id: str = "10231", **fields: Any) -> dict[str, Any]:
    """A whole issue; Data Center leaves out what is empty."""
    base = BASE if edition == "cloud" else DC_SITE["base_url"]
    known: dict[str, Any] = {
        "summary": "Take cards again", "description": "h2. Why\n* [ ] one", "created": "2026-11-02T09:00:00.000+0000",
        "updated": iso(), "issuetype": {"id": "1", "name": "Story", "subtask": False, "hierarchyLevel": 0},
        "project": {"id": "10000", "key": key.partition("-")[0], "projectTypeKey": "software"},
        "status": status(), "resolution": None, "resolutiondate": None, "labels": [], "assignee": None,
        "reporter": ada(edition), "creator": ada(edition), "priority": {"id": "3", "name": "Medium"},
        "components": [], "fixVersions": [], "issuelinks": [], "subtasks": [], "duedate": None, "timetracking": {},
    }  # fmt: skip
    known |= fields
    if edition != "cloud":
        known = {name: value for name, value in known.items() if value is not None}
    return {"id": native_id, "key": key, "self": f"{base}/rest/api/2/issue/{native_id}", "fields": known}


def part_of_issue(**fields: Any) -> dict[str, Any]:
    """The few fields that Cloud shows of an issue with a comment."""
    whole = issue(**fields)
    shown = ("summary", "issuetype", "project", "assignee", "priority", "status")
    return whole | {"fields": {name: whole["fields"][name] for name in shown}}


def item(
    field: str, before: Any = None, after: Any = None, *, words: tuple[Any, Any] | None = None, **more: Any
) -> Any:
    """One entry of a changelog; `words` are its texts, where they differ from its ids."""
    texts = (before, after) if words is None else words
    return {
        "field": field, "fieldtype": "jira", "from": before, "fromString": texts[0], "to": after, "toString": texts[1],
    } | more  # fmt: skip


def webhook(event: str, *, edition: str = "cloud", at: datetime = AT, **parts: Any) -> dict[str, Any]:
    return {"timestamp": millis(at), "webhookEvent": event} | deepcopy(parts)


def updated(*items: Any, edition: str = "cloud", history: str = "500", **fields: Any) -> dict[str, Any]:
    """A `jira:issue_updated` with its changelog."""
    changelog = {"id": history, "items": list(items)}
    return webhook(
        "jira:issue_updated",
        user=bob(edition),
        issue_event_type_name="issue_updated",
        issue=issue(edition, **fields),
        changelog=changelog,
    )


def comment(edition: str = "cloud", **more: Any) -> dict[str, Any]:
    base = BASE if edition == "cloud" else DC_SITE["base_url"]
    return {
        "id": "900", "self": f"{base}/rest/api/2/issue/10231/comment/900", "author": bob(edition),
        "updateAuthor": bob(edition), "body": "Looks *good*", "created": iso(), "updated": iso(),
    } | more  # fmt: skip


def worklog(**more: Any) -> dict[str, Any]:
    return {
        "id": "70", "issueId": "10231", "author": bob(), "timeSpentSeconds": 5400, "created": iso(), "updated": iso(),
        "started": "2026-11-20T08:00:00.000+0000", "comment": "",
    } | more  # fmt: skip


def told(whole: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A stored answer of the REST API about an issue."""
    return {
        "told": "issue", "why": "import", "asked_at": "2026-11-25T00:00:00+00:00", "since": None, "issue": whole,
        "histories": [], "comments": [], "worklogs": [],
    } | more  # fmt: skip
