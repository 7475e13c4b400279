"""Jira's webhook objects (people, projects, statuses, sprints, versions) as the Cloud edition writes them, for a site
of our own. Ids are functions of what they identify, instants UTC to the millisecond.
"""

from datetime import UTC, datetime
from typing import Any

from integrations.jira.site import Site
from integrations.sandbox.payloads import number_of

Payload = dict[str, Any]

BASE = "https://acme.atlassian.example"
POINTS, SPRINT, FLAGGED = "customfield_10016", "customfield_10020", "customfield_10021"
STATUSES = {"To Do": "new", "In Progress": "indeterminate", "In Review": "indeterminate", "Done": "done"}
_LEVELS = {"Epic": 1, "Sub-task": -1}

SITE = Site(
    edition="cloud",
    base_url=BASE,
    points=(POINTS,),
    sprint=SPRINT,
    flagged=FLAGGED,
    statuses={"To Do": "todo", "In Progress": "in_progress", "In Review": "in_progress", "Done": "done"},
)
"""What a survey of this site finds."""


def user(name: str, *, app: bool = False) -> Payload:
    """The account of somebody; `name` is what Jira shows."""
    return {
        "self": f"{BASE}/rest/api/2/user?accountId=demo:{name}", "accountId": f"demo:{name}", "displayName": name,
        "active": True, "timeZone": "Europe/Berlin", "accountType": "app" if app else "atlassian",
    }  # fmt: skip


def project(key: str, name: str) -> Payload:
    """A software project."""
    identity = str(number_of("project", key))
    return {
        "self": f"{BASE}/rest/api/2/project/{identity}", "id": identity, "key": key, "name": name,
        "projectTypeKey": "software", "simplified": False,
    }  # fmt: skip


def status(name: str) -> Payload:
    """A status with its category."""
    category = STATUSES[name]
    return {"name": name, "id": status_id(name), "statusCategory": {"key": category, "name": name}}


def status_id(name: str) -> str:
    return str(10_000 + list(STATUSES).index(name))


def issuetype(name: str) -> Payload:
    """A type of issue."""
    return {"name": name, "subtask": name == "Sub-task", "hierarchyLevel": _LEVELS.get(name, 0)}


def issue_id(key: str) -> str:
    return str(number_of("jira issue", key))


def address(key: str) -> str:
    """The address of an issue for programs."""
    return f"{BASE}/rest/api/2/issue/{issue_id(key)}"


def stamp(at: datetime) -> str:
    """An instant as Jira writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def millis(at: datetime) -> int:
    """A payload's own time."""
    return int(at.timestamp() * 1000)
