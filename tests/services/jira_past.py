"""Recorded issues of public Jiras, known in two ways: by the webhooks that Jira would have sent in order of time, or by
asking afterwards for each issue with its history and comments.

The source keeps no ids of issues, histories and comments: they are numbered here in order of time. States before a
change are found by taking changes back from the issue as it is now. Of versions it keeps the last date alone, which
stands for the one first planned; that a version began when it is first named is made up. All speak as a Data Center does.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from tests.support import shared

ROOT = Path(__file__).resolve().parents[2]
BASE = "https://issues.apache.example"
ASKED_AT = "2016-01-01T00:00:00.000+0000"
SITE = {
    "edition": "datacenter", "base_url": BASE,
    "fields": {"points": [], "sprint": "customfield_1", "epic": "customfield_2", "flagged": "customfield_3"},
}  # fmt: skip
DONE = frozenset({"Closed", "Resolved"})
SUBTASKS = frozenset({"Sub-task", "Technical task"})
WORKING = frozenset({"In Progress", "In Review", "Patch Available", "Ready to Commit"})


@dataclass
class Life:
    """One issue: as it is now, and its past as Jira's REST API gives it."""

    native_id: str
    fields: dict[str, Any]
    key: str
    histories: list[dict[str, Any]]
    comments: list[dict[str, Any]]
    past: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """(key, fields) after each history, oldest first; before all of them first of all."""


@cache
def source() -> list[dict[str, Any]]:
    """The recorded issues; skips, saying so, where the shared data is absent."""
    with gzip.open(shared("jira", "apache_fcrepo.jsonl.gz"), "rt") as lines:
        return [json.loads(line) for line in lines]


@dataclass(frozen=True, slots=True)
class Version:
    """One version as it is now; `first` is when it is first named."""

    project: dict[str, Any]
    data: dict[str, Any]
    first: datetime


@cache
def lives(every: int = 1) -> list[Life]:
    """The recorded issues, or every so manieth of them."""
    return [life for life, _ in _lived(every)]


@cache
def derived(every: int = 1) -> dict[str, dict[str, int]]:
    """What the source itself counted in each issue's history, by native id."""
    return {life.native_id: data["labels_derived"] for life, data in _lived(every)}


@cache
def _lived(every: int) -> list[tuple[Life, dict[str, Any]]]:
    chosen = source()[::every]
    world = _world(every)
    return [(world.life(data), data) for data in chosen]


@cache
def _world(every: int) -> _World:
    return _World(source()[::every])


@cache
def versions(every: int = 1) -> list[Version]:
    """All versions that the recorded issues were ever in."""
    world = _world(every)
    first: dict[str, datetime] = {}
    homes: dict[str, str] = {}
    for life in lives(every):
        for key, fields in life.past:
            for one in fields["fixVersions"]:
                homes.setdefault(one["id"], key)
        named = [(life.fields["created"], one["id"]) for one in life.past[0][1]["fixVersions"]]
        for history in life.histories:
            for entry in history["items"]:
                if entry["field"] == "Fix Version":
                    named += [(history["created"], entry[side]) for side in ("from", "to") if entry[side]]
        for at, native_id in named:
            first[native_id] = min(first.get(native_id, instant(at)), instant(at))
            homes.setdefault(native_id, life.key)
    shown = {one["id"]: one for life in lives(every) for one in life.fields["fixVersions"]}
    names = {native_id: name for (_, name), native_id in world.versions.items()} | world.titles
    found = []
    for native_id, at in sorted(first.items()):
        data = {"id": native_id, "name": names[native_id], "released": False, "archived": False}
        data |= shown.get(native_id, {}) | {"startDate": at.date().isoformat()}
        found.append(Version(world.project(homes[native_id]), data, at))
    return found


def projects(every: int = 1) -> dict[str, str]:
    """Keys of the projects that the issues and versions were ever in, by native id."""
    found = {fields["project"]["id"]: fields["project"]["key"] for life in lives(every) for _, fields in life.past}
    return found | {one.project["id"]: one.project["key"] for one in versions(every)}


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def millis(text: str) -> int:
    return _millis(instant(text))


def _millis(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


class _World:
    """Ids and names for what the source only names."""

    def __init__(self, chosen: list[dict[str, Any]]) -> None:
        self.issues = {data["key"]: str(10_000 + place) for place, data in enumerate(chosen)}
        self.names: dict[str, str] = {}
        self.versions: dict[tuple[str, str], str] = {}
        self.titles: dict[str, str] = {}
        self.parents = {child: data["key"] for data in chosen for child in data["subtasks"]}
        self.projects: dict[str, str] = {}
        stamps: list[tuple[str, str, int]] = []
        for data in chosen:
            for place, history in enumerate(data["changelog"]):
                stamps.append((history["at"], data["key"], place))
                self._learn(data["key"].partition("-")[0], history["items"])
        self.histories = {stamp[1:]: str(20_000 + place) for place, stamp in enumerate(sorted(stamps))}
        for data in chosen:
            self._learn_renamed(data)

    def _learn(self, project: str, items: list[dict[str, Any]]) -> None:
        moved = {one["field"]: one for one in items if one["field"] in ("Key", "Project")}
        if len(moved) == 2:
            for side in ("from", "to"):
                self.projects[moved["Key"][f"{side}String"].partition("-")[0]] = moved["Project"][side]
        for one in items:
            for side in ("from", "to"):
                if one["field"] == "assignee" and one[side]:
                    self.names[one[side]] = one[f"{side}String"]
                if one["field"] == "Fix Version" and one[side]:
                    self.versions.setdefault((project, one[f"{side}String"]), one[side])
                    self.titles.setdefault(one[side], one[f"{side}String"])

    def _learn_renamed(self, data: dict[str, Any]) -> None:
        """A version that was renamed later: the only one that the issue joined for good under a name it has not now."""
        joined: dict[str, str] = {}
        for history in data["changelog"]:
            for one in sorted(history["items"], key=lambda one: one["from"] is None):
                if one["field"] == "Fix Version":
                    joined.pop(one["from"], None)
                    joined |= {one["to"]: one["toString"]} if one["to"] else {}
        now = {one["name"] for one in data["fixVersions"]}
        old = [native_id for native_id, name in joined.items() if name not in now]
        new = sorted(now - set(joined.values()))
        if len(old) == len(new) == 1:
            self.versions.setdefault((data["key"].partition("-")[0], new[0]), old[0])

    def person(self, name: str | None) -> dict[str, Any] | None:
        return None if not name else {"name": name, "key": name, "displayName": self.names.get(name, name)}

    def issue_id(self, key: str) -> str:
        return self.issues.setdefault(key, str(10_000 + len(self.issues)))

    def project(self, key: str) -> dict[str, Any]:
        prefix = key.partition("-")[0]
        return {"id": self.projects.setdefault(prefix, str(90_000 + len(self.projects))), "key": prefix}

    def above(self, key: str | None) -> dict[str, Any] | None:
        return None if key is None else {"id": self.issue_id(key), "key": key}

    def version(self, project: str, one: dict[str, Any]) -> dict[str, Any]:
        known = self.versions.setdefault((project, one["name"]), str(80_000 + len(self.versions)))
        return {"id": known} | {name: value for name, value in one.items() if value is not None}

    def link(self, kind: str, mine: str, other: str) -> dict[str, Any]:
        """A link, of which the source tells no direction: from the issue that was made first."""
        there = {"id": self.issue_id(other), "key": other}
        outward = int(self.issue_id(mine)) < int(there["id"])
        return {"type": {"name": kind}, "outwardIssue" if outward else "inwardIssue": there}

    def life(self, data: dict[str, Any]) -> Life:
        key = data["key"]
        prefix = key.partition("-")[0]
        native_id = self.issue_id(key)
        fields = {
            "summary": data["summary"], "description": data["description"], "created": data["created"],
            "issuetype": {"name": data["type"], "subtask": data["type"] in SUBTASKS},
            "parent": self.above(self.parents.get(key)),
            "priority": {"name": data["priority"]}, "status": status(data["status"]),
            "resolution": named(data["resolution"]), "resolutiondate": data["resolutiondate"],
            "duedate": data["duedate"] and data["duedate"][:10], "reporter": self.person(data["reporter"]),
            "creator": self.person(data["reporter"]), "assignee": self.person(data["assignee"]),
            "labels": data["labels"], "components": [{"name": one} for one in data["components"]],
            "fixVersions": [self.version(prefix, one) for one in data["fixVersions"]],
            "issuelinks": [self.link(one["type"], key, one["other"]) for one in data["links"]],
            "subtasks": [{"id": self.issue_id(one), "key": one} for one in data["subtasks"]],
            "project": self.project(key), "timetracking": {},
        }  # fmt: skip
        histories = [
            {
                "id": self.histories[key, place],
                "created": one["at"],
                "author": self.person(one["by"]),
                "items": [entry | {"fieldtype": "jira"} for entry in one["items"]],
            }
            for place, one in enumerate(data["changelog"])
        ]
        comments = [
            {
                "id": f"{native_id}{place:03}",
                "self": f"{BASE}/rest/api/2/issue/{native_id}/comment/{native_id}{place:03}",
                "author": self.person(one["by"]),
                "updateAuthor": self.person(one["by"]),
                "body": one["body"],
                "created": one["at"],
                "updated": one["at"],
            }
            for place, one in enumerate(data["comments"])
        ]
        life = Life(native_id, fields, key, histories, comments)
        life.past = self._past(life)
        return life

    def _past(self, life: Life) -> list[tuple[str, dict[str, Any]]]:
        """What the issue was like after each history, found from its end."""
        key, fields = life.key, deepcopy(life.fields)
        found = [(key, deepcopy(fields))]
        for place in range(len(life.histories) - 1, -1, -1):
            for entry in reversed(life.histories[place]["items"]):
                if entry["field"] == "Key":
                    key = entry["fromString"]
                    fields["project"] = self.project(key)
                else:
                    self._take_back(life.key, fields, entry)
            if any(entry["field"] == "resolution" for entry in life.histories[place]["items"]):
                fields["resolutiondate"] = _resolved_at(life.histories[:place])
            found.append((key, deepcopy(fields)))
        return found[::-1]

    def _take_back(self, key: str, fields: dict[str, Any], entry: dict[str, Any]) -> None:
        name, was, words = entry["field"], entry["from"], entry["fromString"]
        if name == "status":
            fields["status"] = status(words)
        elif name in ("summary", "description"):
            fields[name] = words
        elif name in ("resolution", "priority"):
            fields[name] = named(words)
        elif name in ("issuetype", "type", "Issue Type"):
            fields["issuetype"] = {"name": words, "subtask": words in SUBTASKS}
        elif name == "Parent":
            fields["parent"] = self.above(words)
        elif name == "assignee":
            fields["assignee"] = self.person(was)
        elif name == "labels":
            fields["labels"] = (words or "").split()
        elif name == "duedate":
            fields["duedate"] = was
        elif name == "Fix Version":
            kept = [one for one in fields["fixVersions"] if one["id"] != entry["to"]]
            fields["fixVersions"] = [*kept, *([{"id": was, "name": words}] if was else [])]
        elif name == "Link":
            kept = [one for one in fields["issuelinks"] if _other(one) != entry["to"]]
            fields["issuelinks"] = [*kept, *([self.link("Related", key, was)] if was else [])]


def _other(link: dict[str, Any]) -> str:
    return str((link.get("outwardIssue") or link["inwardIssue"])["key"])


def _resolved_at(histories: list[dict[str, Any]]) -> str | None:
    """When it was resolved, as of the last of these; None: it was not."""
    for history in reversed(histories):
        for entry in history["items"]:
            if entry["field"] == "resolution":
                return history["created"] if entry["to"] else None
    return None


def status(name: str) -> dict[str, Any]:
    category = "done" if name in DONE else "indeterminate" if name in WORKING else "new"
    return {"name": name, "statusCategory": {"key": category}}


def named(name: str | None) -> dict[str, Any] | None:
    return None if name is None else {"name": name}


# --- the two ways ------------------------------------------------------------------------------------------------------


def _issue(life: Life, key: str, fields: dict[str, Any], updated: str) -> dict[str, Any]:
    told = {name: value for name, value in fields.items() if value is not None}  # as a Data Center does
    return {
        "id": life.native_id, "key": key, "self": f"{BASE}/rest/api/2/issue/{life.native_id}",
        "fields": told | {"updated": updated},
    }  # fmt: skip


def updated(life: Life) -> str:
    """When the issue was last changed or commented on."""
    stamps = [one["created"] for one in (*life.histories, *life.comments)]
    return max((life.fields["created"], *stamps), key=instant)


def webhooks(life: Life) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """The webhooks about one issue, each with its time."""
    key, fields = life.past[0]
    born = fields["created"]
    made = {"webhookEvent": "jira:issue_created", "issue_event_type_name": "issue_created", "user": fields["creator"]}
    yield instant(born), made | {"timestamp": millis(born), "issue": _issue(life, key, fields, born)}
    for history, (key, fields) in zip(life.histories, life.past[1:], strict=True):
        at = history["created"]
        yield (
            instant(at),
            {
                "timestamp": millis(at),
                "webhookEvent": "jira:issue_updated",
                "issue_event_type_name": "issue_updated",
                "user": history["author"],
                "issue": _issue(life, key, fields, at),
                "changelog": {"id": history["id"], "items": history["items"]},
            },
        )
    for comment in life.comments:
        at = comment["created"]
        yield instant(at), {"timestamp": millis(at), "webhookEvent": "comment_created", "comment": comment}


def stream(of: Iterable[Life]) -> list[tuple[datetime, dict[str, Any]]]:
    """All webhooks in order of time, as Jira would have sent them."""
    return sorted((hook for life in of for hook in webhooks(life)), key=lambda hook: hook[0])


def version_webhooks(every: int = 1) -> list[tuple[datetime, dict[str, Any]]]:
    """The webhooks about versions: each was made when first named, and released on its day."""
    found = []
    for one in versions(every):
        began = {**one.data, "projectId": int(one.project["id"])}
        made = one.first - timedelta(seconds=1)
        events = [(made, "jira:version_created", {**began, "released": False, "archived": False})]
        if one.data["released"] and "releaseDate" in one.data:
            out = datetime.fromisoformat(one.data["releaseDate"] + "T12:00:00+00:00")
            events.append((max(out, made + timedelta(milliseconds=1)), "jira:version_released", began))
        elif one.data["released"] or one.data["archived"]:
            events.append((made + timedelta(milliseconds=1), "jira:version_updated", began))
        found += [
            (at, {"timestamp": _millis(at), "webhookEvent": event, "version": data}) for at, event, data in events
        ]
    return found


def told_versions(every: int = 1) -> list[dict[str, Any]]:
    """What Jira tells of each project's versions when asked now."""
    of: dict[str, list[Version]] = {}
    for one in versions(every):
        of.setdefault(one.project["id"], []).append(one)
    return [
        {
            "told": "milestones", "why": "import", "asked_at": ASKED_AT, "project": all_[0].project,
            "versions": [one.data for one in all_], "sprints": [],
        }
        for all_ in of.values()
    ]  # fmt: skip


def told(life: Life, *, why: str = "import", since: str | None = None) -> dict[str, Any]:
    """What Jira tells of the issue when asked now."""
    return {
        "told": "issue", "why": why, "asked_at": ASKED_AT, "since": since,
        "issue": _issue(life, life.key, life.fields, updated(life)),
        "histories": life.histories, "comments": life.comments, "worklogs": [],
    }  # fmt: skip
