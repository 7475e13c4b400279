"""A small, strict Jira for tests, Cloud or Data Center: the REST API (v2, v3) and boards and sprints (agile 1.0) over a `World`.

It answers as the real ones do where that is known to bite: credentials of the wrong kind, mails that only administrators may suppress, changelogs
cut at 40 entries in searches, limits of writes per issue, moved keys. It knows no call that nobody makes: an unknown path is 500, so a test fails
instead of passing by accident. Failures on demand; every exchange is kept.
"""

# ruff: noqa: A002
from __future__ import annotations

import base64
import hashlib
import hmac
import json
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import requests

from tests.contract.fake_github import Failure
from tests.contract.fake_jira_world import ADMIN, CUSTOM, EPIC, FLAG, POINTS, SPRINT, STATUSES, Issue, Json, World

Answer = tuple[int, Any]
UNSEEN = "Issue does not exist or you do not have permission to see it."
NO_QUIET = "To discard the user notification either admin or project admin permissions are required."
SCHEMAS = {
    POINTS: ("number", "com.pyxis.greenhopper.jira:jsw-story-points"), SPRINT: ("array", "com.pyxis.greenhopper.jira:gh-sprint"),
    EPIC: ("any", "com.pyxis.greenhopper.jira:gh-epic-link"), FLAG: ("array", "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes"),
}  # fmt: skip
JQL = re.compile(
    r"""project\s*=\s*"?(?P<project>[A-Za-z0-9_]+)"?"""
    r"""(?:\s+AND\s+updated\s*>=\s*"(?P<since>\d{4}[-/]\d\d[-/]\d\d \d\d:\d\d)")?"""
    r"""(?P<order>\s+ORDER\s+BY\s+updated\s+ASC(?:\s*,\s*key\s+ASC)?)?\s*\Z""",
    re.IGNORECASE,
)
LIMITS = ((20, 2.0), (100, 30.0))
"""Writes per issue, and in how many seconds."""


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, *said: str, errors: Json | None = None) -> None:
        self.answer: Answer = (status, {"errorMessages": list(said), "errors": errors or {}})


@dataclass
class FakeJira:
    """The site as it is served. `failures` are used up in order by calls whose "VERB path" contains their key."""

    world: World
    url: str = ""
    mail: str = "plumb@acme.example"
    token: str = "good"
    people: dict[str, str] = field(default_factory=lambda: {"good": "plumb", "ada": "ada"})
    """Whose each token is."""
    exchanges: list[Json] = field(default_factory=list)
    failures: list[tuple[str, Failure]] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    """What watchers were told of: "comment PAY-1"."""
    limited: bool = True
    retry_as_date: bool = False
    hooks: list[tuple[str, str]] = field(default_factory=list)
    told: list[tuple[int, Json]] = field(default_factory=list)
    """Webhooks delivered: the answer's status (0: none) and the payload."""
    settle: Callable[[], None] = lambda: None
    """Wait until every webhook was sent."""
    _writes: dict[int, list[float]] = field(default_factory=dict)
    _tokens: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def calls(self) -> list[tuple[str, str]]:
        return [(one["verb"], one["path"]) for one in self.exchanges]

    def sent(self, verb: str) -> int:
        return sum(1 for one, _ in self.calls if one == verb)

    def fail(self, key: str, failure: Failure, times: int = 1) -> None:
        self.failures += [(key, failure)] * times

    # --- who asks ---

    def caller(self, auth: str) -> str | Answer:
        """Whose call this is, or the answer to credentials that are wrong, or of the other edition."""
        scheme, _, rest = auth.partition(" ")
        refused = {"message": "Client must be authenticated to access this resource.", "status-code": 401}
        if self.world.cloud:
            if scheme == "Bearer":
                return 403, {"error": "Failed to parse Connect Session Auth Token"}
            try:
                mail, _, token = base64.b64decode(rest).decode().partition(":")
            except ValueError:
                return 401, refused
            return (
                self.people[token]
                if scheme == "Basic" and token in self.people and mail.endswith("@acme.example")
                else (401, refused)
            )
        if scheme == "Basic":
            return (
                401,
                "<html><head><title>Unauthorized (401)</title></head><body>Basic Authentication Failure</body></html>",
            )
        return self.people[rest] if scheme == "Bearer" and rest in self.people else (401, refused)

    # --- answers ---

    def answer(self, verb: str, path: str, query: dict[str, str], body: Any, auth: str) -> Answer:
        if re.fullmatch(r"/rest/api/[23]/serverInfo", path):  # anybody may ask
            return 200, self._server_info()
        strange = not auth and re.fullmatch(r"/rest/api/[23]/project/[^/]+", path)
        who = "anonymous" if strange else self.caller(auth)  # who may browse a project may do so without an account
        if not isinstance(who, str):
            return who
        for wanted, pattern, handle in ROUTES:
            found = re.fullmatch(pattern, path)
            if found is not None and verb == wanted:
                try:
                    return handle(self, Call(who, query, body, tuple(unquote(one) for one in found.groups())))
                except Refused as error:
                    return error.answer
        return 500, {"errorMessages": [f"the fake does not know {verb} {path}"]}

    def _server_info(self) -> Json:
        kind, version = ("Cloud", [1001, 0, 0]) if self.world.cloud else ("Server", [9, 12, 5])
        return {
            "baseUrl": self.url, "version": ".".join(map(str, version)), "versionNumbers": version, "deploymentType": kind,
            "buildNumber": 100_290, "buildDate": "2026-11-01T00:00:00.000+0000", "serverTime": self.world.stamp(self.world.now),
            "scmInfo": "1f51473f", "serverTitle": "Jira",
        }  # fmt: skip

    def issue_of(self, call: Call, key: str, *, needs: str = "BROWSE_PROJECTS", write: bool = False) -> Issue:
        """The issue, where the caller may see it and do what it `needs`. A write counts against its limits."""
        found = self.world.find(key)
        if found is None or not self.world.sees(call.who, found):
            raise Refused(404, UNSEEN)
        if write:
            self._count(found)
        if not self.world.may(call.who, found.project, needs):
            raise Refused(403, f"You do not have the permission {needs} in {found.project}.")
        return found

    def _count(self, issue: Issue) -> None:
        now = time.monotonic()
        recent = self._writes.setdefault(issue.id, [])
        for limit, window in LIMITS if self.limited else ():
            if len([at for at in recent if at > now - window]) >= limit:
                raise Limited(window)
        recent.append(now)

    def check_quiet(self, call: Call, issue: Issue) -> bool:
        """Whether nobody is told of an edit. Refused, edit and all, to who is no administrator."""
        quiet = call.query.get("notifyUsers") == "false"
        if quiet and not self.world.may(call.who, issue.project, "ADMINISTER_PROJECTS"):
            raise Refused(403, NO_QUIET)
        return quiet

    def tell_watchers(self, what: str, *, quiet: bool = False) -> None:
        if not quiet:
            self.mails.append(what)


class Limited(Refused):
    """Too many writes to one issue."""

    def __init__(self, window: float) -> None:
        super().__init__(429, "Rate limit exceeded.")
        self.window = window


@dataclass(frozen=True)
class Call:
    who: str
    query: dict[str, str]
    body: Any
    parts: tuple[str, ...]


Handler = Callable[[FakeJira, Call], Answer]
ROUTES: list[tuple[str, str, Handler]] = []


def route(verb: str, path: str) -> Callable[[Handler], Handler]:
    """Serve `path` ("*" stands for one part) below the REST API, or below agile where it begins with /agile."""
    pattern = re.escape(path).replace(r"\*", "([^/]+)")
    root = "/rest" if path.startswith("/agile") else "/rest/api/[23]"

    def keep(handle: Handler) -> Handler:
        ROUTES.append((verb, root + pattern, handle))
        return handle

    return keep


def page(call: Call, entries: list[Any], name: str, *, size: int, most: int = 100) -> Json:
    start = int(call.query.get("startAt", 0))
    size = min(int(call.query.get("maxResults", size)), most)
    return {name: entries[start : start + size], "startAt": start, "maxResults": size, "total": len(entries)}


def values(call: Call, entries: list[Any], *, size: int = 50, most: int = 50) -> Json:
    """A page that says whether it is the last."""
    found = page(call, entries, "values", size=size, most=most)
    return found | {"isLast": found["startAt"] + len(found["values"]) >= found["total"]}


# --- the site -----------------------------------------------------------------------------------------------------------


@route("GET", "/myself")
def _myself(jira: FakeJira, call: Call) -> Answer:
    return 200, jira.world.user(call.who) | ({"emailAddress": jira.mail} if jira.world.cloud else {})


@route("GET", "/mypermissions")
def _my_permissions(jira: FakeJira, call: Call) -> Answer:
    key = call.query.get("projectKey")
    if key is not None and (key not in jira.world.projects or not jira.world.may(call.who, key, "BROWSE_PROJECTS")):
        raise Refused(404, f"No project could be found with key '{key}'.")
    asked = call.query.get("permissions", "").split(",") if jira.world.cloud else sorted(ADMIN)
    if jira.world.cloud and asked == [""]:
        raise Refused(400, "The 'permissions' query parameter is required.")
    has = {
        right
        for (project, who), some in jira.world.rights.items()
        if who == call.who and key in (None, project)
        for right in some
    }
    shown = {
        one: {
            "id": "0",
            "key": one,
            "name": one.title(),
            "type": "PROJECT",
            "description": "",
            "havePermission": one in has,
        }
        for one in asked
    }
    return 200, {"permissions": shown}


@route("GET", "/field")
def _fields(jira: FakeJira, call: Call) -> Answer:
    system = [
        {"id": one, "name": one.title(), "custom": False, "orderable": True, "navigable": True, "searchable": True, "clauseNames": [one],
         "schema": {"type": "string", "system": one}} for one in ("summary", "status", "labels", "duedate")
    ]  # fmt: skip
    custom = [
        {"id": one, "name": CUSTOM[one], "custom": True, "orderable": True, "navigable": True, "searchable": True,
         "clauseNames": [f"cf[{one[12:]}]", CUSTOM[one]], "schema": {"type": kind, "custom": word, "customId": int(one[12:])}}
        for one, (kind, word) in SCHEMAS.items()
    ]  # fmt: skip
    return 200, system + custom


@route("GET", "/status")
def _statuses(jira: FakeJira, call: Call) -> Answer:
    return 200, [jira.world.status(name) for name in STATUSES]


@route("GET", "/user/search")
def _find_users(jira: FakeJira, call: Call) -> Answer:
    if "query" not in call.query and "username" not in call.query:
        raise Refused(400, "The query parameter is required.")
    return 200, _people(jira, call, list(jira.world.users))


@route("GET", "/user/permission/search")
def _users_who_may(jira: FakeJira, call: Call) -> Answer:
    key, rights = call.query.get("projectKey", ""), call.query.get("permissions", "").split(",")
    if not jira.world.may(call.who, key, "ADMINISTER_PROJECTS"):
        raise Refused(403, "You do not have permission to administer this project.")
    if unknown := [one for one in rights if one not in ADMIN]:
        raise Refused(400, f"Permissions not recognised: {unknown}")
    return 200, _people(
        jira, call, [name for name in jira.world.users if all(jira.world.may(name, key, one) for one in rights)]
    )


def _people(jira: FakeJira, call: Call, names: list[str]) -> list[Json]:
    """Those that match as Jira matches: an account exactly, words by how a name begins."""
    query = call.query
    if not jira.world.cloud and "username" not in query:
        raise Refused(400, "The username query parameter was not provided")
    if "accountId" in query and jira.world.cloud:
        found = [name for name in names if jira.world.account(name) == query["accountId"]]
    else:
        word = query.get("query" if jira.world.cloud else "username", "").casefold()
        found = [
            name
            for name in names
            if jira.world.users[name]["shown"].casefold().startswith(word) or (not jira.world.cloud and word in name)
        ]
    start, size = int(query.get("startAt", 0)), int(query.get("maxResults", 50))
    return [jira.world.user(name) for name in found[start : start + size]]


# --- projects, versions, boards, sprints --------------------------------------------------------------------------------------


def _visible(jira: FakeJira, call: Call, key: str) -> str:
    found = next((one for one, project in jira.world.projects.items() if key in (one, project["id"])), None)
    if found is None or not jira.world.may(call.who, found, "BROWSE_PROJECTS"):
        raise Refused(404, f"No project could be found with key '{key}'.")
    return found


def _seen_projects(jira: FakeJira, call: Call) -> list[Json]:
    return [_project(jira, key) for key in jira.world.projects if jira.world.may(call.who, key, "BROWSE_PROJECTS")]


def _project(jira: FakeJira, key: str) -> Json:
    return jira.world.project(key) | (
        {"isPrivate": False, "style": "classic", "properties": {}} if jira.world.cloud else {"archived": False}
    )


@route("GET", "/project")
def _projects(jira: FakeJira, call: Call) -> Answer:
    return 200, _seen_projects(jira, call)


@route("GET", "/project/search")
def _project_search(jira: FakeJira, call: Call) -> Answer:
    if not jira.world.cloud:
        raise Refused(404, "No project could be found with key 'search'.")
    return 200, values(call, _seen_projects(jira, call))


@route("GET", "/project/*")
def _one_project(jira: FakeJira, call: Call) -> Answer:
    return 200, _project(jira, _visible(jira, call, call.parts[0]))


@route("GET", "/project/*/versions")
def _versions(jira: FakeJira, call: Call) -> Answer:
    key = _visible(jira, call, call.parts[0])
    return 200, [jira.world.version(one) for one in jira.world.versions.values() if one["project"] == key]


@route("POST", "/version")
def _add_version(jira: FakeJira, call: Call) -> Answer:
    project = next(key for key, one in jira.world.projects.items() if one["id"] == str(call.body["projectId"]))
    return 201, jira.world.version(
        jira.world.add_version(project, call.body["name"], **_dates(call.body, start="startDate", due="releaseDate"))
    )


@route("PUT", "/version/*")
def _edit_version(jira: FakeJira, call: Call) -> Answer:
    given = {key: call.body[key] for key in ("name", "released", "archived") if key in call.body}
    dates = _dates(call.body, start="startDate", due="releaseDate")
    return 200, jira.world.version(jira.world.edit_version(int(call.parts[0]), **given, **dates))


def _dates(body: Json, **names: str) -> Json:
    return {key: date.fromisoformat(body[name]) for key, name in names.items() if body.get(name)}


@route("GET", "/agile/1.0/board")
def _boards(jira: FakeJira, call: Call) -> Answer:
    key = _visible(jira, call, call.query["projectKeyOrId"]) if "projectKeyOrId" in call.query else None
    kinds = call.query.get("type", "scrum,kanban,simple").split(",")
    shown = [
        {"id": one["id"], "self": f"{jira.url}/rest/agile/1.0/board/{one['id']}", "name": one["name"], "type": one["kind"]}
        for one in jira.world.boards.values() if key in (None, one["project"]) and one["kind"] in kinds
    ]  # fmt: skip
    return 200, values(call, shown)


@route("GET", "/agile/1.0/board/*/sprint")
def _sprints(jira: FakeJira, call: Call) -> Answer:
    board = jira.world.boards.get(int(call.parts[0]))
    if board is None or not jira.world.may(call.who, board["project"], "BROWSE_PROJECTS"):
        raise Refused(
            404,
            "The requested board cannot be viewed because it either does not exist or you do not have permission to view it.",
        )
    if board["kind"] == "kanban":
        raise Refused(400, "The board does not support sprints")
    return 200, values(
        call, [jira.world.sprint(one) for one in jira.world.sprints.values() if one["board"] == board["id"]]
    )


@route("POST", "/agile/1.0/sprint")
def _add_sprint(jira: FakeJira, call: Call) -> Answer:
    return 201, jira.world.sprint(
        jira.world.add_sprint(call.body["originBoardId"], call.body["name"], **_times(call.body))
    )


@route("POST", "/agile/1.0/sprint/*")
def _edit_sprint(jira: FakeJira, call: Call) -> Answer:
    given = {key: call.body[key] for key in ("name", "state", "goal") if key in call.body}
    return 200, jira.world.sprint(jira.world.edit_sprint(int(call.parts[0]), **given, **_times(call.body)))


@route("POST", "/agile/1.0/sprint/*/issue")
def _into_sprint(jira: FakeJira, call: Call) -> Answer:
    sprint = int(call.parts[0])
    for key in call.body["issues"]:
        issue = jira.issue_of(call, key, needs="EDIT_ISSUES", write=True)
        closed = [one for one in issue.fields["sprints"] if jira.world.sprints[one]["state"] == "closed"]
        jira.world.edit(issue, by=call.who, sprints=[*closed, sprint])
    return 204, None


def _times(body: Json) -> Json:
    names = {"start": "startDate", "end": "endDate"}
    return {key: datetime.fromisoformat(body[name]).astimezone(UTC) for key, name in names.items() if body.get(name)}


# --- issues -----------------------------------------------------------------------------------------------------------------


def _shown(jira: FakeJira, call: Call, issue: Issue, *, wanted: str, expand: str, searched: bool = False) -> Json:
    """An issue with the fields that are asked for; in a search of Cloud, its changelog is cut at 40 entries."""
    world, found = jira.world, jira.world.issue(issue)
    comments = [world.said(issue, one) for one in issue.comments]
    logs = [world.worklog(issue, one) for one in issue.worklogs]
    root = f"{world.url}/rest/api/2/issue/{issue.id}"
    found["fields"]["comment"] = {"comments": comments[:20] if searched else comments, "self": f"{root}/comment", "maxResults": len(comments),
                                  "total": len(comments), "startAt": 0}  # fmt: skip
    found["fields"]["worklog"] = {"startAt": 0, "maxResults": 20, "total": len(logs), "worklogs": logs[:20]}
    names = [one.strip() for one in wanted.split(",") if one.strip()]
    if names and "*all" not in names:
        found["fields"] = {
            key: value for key, value in found["fields"].items() if key in names or "*navigable" in names
        }
    if "changelog" in expand:
        entries = [world.history(one) for one in issue.histories]
        if world.cloud:
            entries.reverse()
        most = 40 if searched else 100
        shown = entries[:most] if world.cloud else entries
        found["changelog"] = {"startAt": 0, "maxResults": len(shown), "total": len(entries), "histories": shown}
    return found


@route("GET", "/issue/*")
def _issue(jira: FakeJira, call: Call) -> Answer:
    issue = jira.issue_of(call, call.parts[0])
    return 200, _shown(jira, call, issue, wanted=call.query.get("fields", ""), expand=call.query.get("expand", ""))


@route("POST", "/issue")
def _add_issue(jira: FakeJira, call: Call) -> Answer:
    fields = call.body["fields"]
    key = _visible(jira, call, fields["project"].get("key") or fields["project"]["id"])
    issue = jira.world.add_issue(
        key, fields["summary"], by=call.who, type=fields["issuetype"]["name"], description=fields.get("description")
    )
    return 201, {"id": str(issue.id), "key": issue.key, "self": f"{jira.url}/rest/api/2/issue/{issue.id}"}


@route("PUT", "/issue/*")
def _edit_issue(jira: FakeJira, call: Call) -> Answer:
    issue = jira.issue_of(call, call.parts[0], needs="EDIT_ISSUES", write=True)
    quiet = jira.check_quiet(call, issue)
    changes: Json = {
        key: value for key, value in call.body.get("fields", {}).items() if key in ("summary", "description", "labels")
    }
    for verb in call.body.get("update", {}).get("labels", ()):
        ((word, label),) = verb.items()
        if " " in label:
            raise Refused(400, errors={"labels": f"The label '{label}' contains spaces which is invalid."})
        now = changes.get("labels", issue.fields["labels"])
        changes["labels"] = [*(one for one in now if one != label), *([label] if word == "add" else [])]
    if changes.get("labels") is not None and sorted(changes["labels"]) == sorted(issue.fields["labels"]):
        del changes["labels"]
    unknown = (set(call.body) - {"fields", "update"}) | (set(call.body.get("update", {})) - {"labels"})
    if unknown:
        raise Refused(400, f"the fake does not know {sorted(unknown)}")
    jira.world.edit(issue, by=call.who, **changes)
    jira.tell_watchers(f"edit {issue.key}", quiet=quiet or not changes)
    return 204, None


@route("GET", "/issue/*/changelog")
def _changelog(jira: FakeJira, call: Call) -> Answer:
    if not jira.world.cloud:
        raise Refused(404, "HTTP 404 Not Found")
    issue = jira.issue_of(call, call.parts[0])
    return 200, values(call, [jira.world.history(one) for one in issue.histories], size=100, most=100)


@route("GET", "/issue/*/transitions")
def _transitions(jira: FakeJira, call: Call) -> Answer:
    jira.issue_of(call, call.parts[0])
    shown = [{"id": number, "name": name, "to": jira.world.status(name)} for name, (number, *_) in STATUSES.items()]
    return 200, {"expand": "transitions", "transitions": shown}


@route("POST", "/issue/*/transitions")
def _transition(jira: FakeJira, call: Call) -> Answer:
    issue = jira.issue_of(call, call.parts[0], needs="EDIT_ISSUES", write=True)
    to = next((name for name, (number, *_) in STATUSES.items() if number == call.body["transition"]["id"]), None)
    if to is None:
        raise Refused(400, f"Transition id {call.body['transition']['id']!r} is not valid for this issue.")
    jira.world.edit(issue, by=call.who, kind="issue_generic", status=to)
    return 204, None


@route("POST", "/issueLink")
def _add_link(jira: FakeJira, call: Call) -> Answer:
    source, target = (
        jira.issue_of(call, call.body[one]["key"], needs="EDIT_ISSUES") for one in ("inwardIssue", "outwardIssue")
    )
    jira.world.link(source, target, call.body["type"]["name"], by=call.who)
    return 201, None


@route("DELETE", "/issueLink/*")
def _remove_link(jira: FakeJira, call: Call) -> Answer:
    jira.world.unlink(int(call.parts[0]), by=call.who)
    return 204, None


@route("GET", "/issue/*/worklog")
def _worklogs(jira: FakeJira, call: Call) -> Answer:
    issue = jira.issue_of(call, call.parts[0])
    return 200, page(call, [jira.world.worklog(issue, one) for one in issue.worklogs], "worklogs", size=5000, most=5000)


@route("POST", "/issue/*/worklog")
def _log_work(jira: FakeJira, call: Call) -> Answer:
    issue = jira.issue_of(call, call.parts[0], needs="EDIT_ISSUES", write=True)
    return 201, jira.world.worklog(issue, jira.world.log_work(issue, call.who, call.body["timeSpentSeconds"]))


# --- searching ----------------------------------------------------------------------------------------------------------------


def _matching(jira: FakeJira, call: Call, jql: str) -> list[Issue]:
    found = JQL.match(jql.strip())
    if found is None:
        raise Refused(400, f"Error in the JQL Query: {jql!r} is not understood.")
    project = found["project"].upper()
    if project not in jira.world.projects or not jira.world.may(call.who, project, "BROWSE_PROJECTS"):
        raise Refused(400, f"The value '{found['project']}' does not exist for the field 'project'.")
    since = None
    if found["since"]:
        zone = ZoneInfo(jira.world.users[call.who]["zone"])
        since = datetime.strptime(found["since"].replace("/", "-"), "%Y-%m-%d %H:%M").replace(tzinfo=zone)
    some = [one for one in jira.world.issues.values() if one.project == project and jira.world.sees(call.who, one)]
    some = [one for one in some if since is None or one.updated >= since]
    return sorted(some, key=lambda one: (one.updated, one.number)) if found["order"] else some


@route("GET", "/search/jql")
def _search_cloud(jira: FakeJira, call: Call) -> Answer:
    if not jira.world.cloud:
        raise Refused(404, "HTTP 404 Not Found")
    jql, start = call.query.get("jql", ""), 0
    if token := call.query.get("nextPageToken"):
        if token not in jira._tokens or jira._tokens[token][0] != jql:
            raise Refused(400, "The nextPageToken is invalid or has expired.")
        start = jira._tokens[token][1]
    some = _matching(jira, call, jql)
    size = min(int(call.query.get("maxResults", 50)), 100)
    # Without `fields` this search gives ids alone.
    wanted, expand = call.query.get("fields", "id"), call.query.get("expand", "")
    shown = [_shown(jira, call, one, wanted=wanted, expand=expand, searched=True) for one in some[start : start + size]]
    answer: Json = {"issues": shown, "isLast": start + size >= len(some)}
    if not answer["isLast"]:
        answer["nextPageToken"] = hashlib.sha256(f"{jql}:{start + size}".encode()).hexdigest()[:24]
        jira._tokens[answer["nextPageToken"]] = (jql, start + size)
    return 200, answer


@route("POST", "/search/approximate-count")
def _count(jira: FakeJira, call: Call) -> Answer:
    return 200, {"count": len(_matching(jira, call, call.body["jql"]))}


@route("GET", "/search")
def _search_datacenter(jira: FakeJira, call: Call) -> Answer:
    if jira.world.cloud:
        return 410, {
            "errorMessages": ["The requested API has been removed. Please migrate to the /rest/api/3/search/jql API."],
            "errors": {},
        }
    found = page(call, _matching(jira, call, call.query.get("jql", "")), "issues", size=50, most=1000)
    wanted, expand = call.query.get("fields", "*all"), call.query.get("expand", "")
    found["issues"] = [_shown(jira, call, one, wanted=wanted, expand=expand, searched=True) for one in found["issues"]]
    return 200, found


# --- comments, properties, remote links ---------------------------------------------------------------------------------------


def _text(call: Call) -> str:
    body = call.body.get("body") if isinstance(call.body, dict) else None
    if not isinstance(body, str) or not body.strip():
        raise Refused(400, errors={"comment": "Comment body can not be empty!"})
    if len(body) > 32_767:
        raise Refused(
            400, errors={"comment": "The entered text is too long. It exceeds the allowed limit of 32,767 characters."}
        )
    return body


def _comment(jira: FakeJira, call: Call, issue: Issue, right: str) -> Json:
    found = next((one for one in issue.comments if str(one["id"]) == call.parts[1]), None)
    if found is None:
        raise Refused(404, f"Can not find a comment for the id: {call.parts[1]}.")
    if found["by"] != call.who and not jira.world.may(call.who, issue.project, f"{right}_ALL_COMMENTS"):
        raise Refused(403, "You do not have the permission for this comment.")
    return found


@route("GET", "/issue/*/comment")
def _comments(jira: FakeJira, call: Call) -> Answer:
    issue = jira.issue_of(call, call.parts[0])
    return 200, page(call, [jira.world.said(issue, one) for one in issue.comments], "comments", size=50, most=100)


@route("POST", "/issue/*/comment")
def _add_comment(jira: FakeJira, call: Call) -> Answer:
    issue = jira.issue_of(call, call.parts[0], needs="ADD_COMMENTS", write=True)
    body = _text(call)
    kept = {one["key"]: one["value"] for one in call.body.get("properties", ())}
    internal = kept.get("sd.public.comment", {}).get("internal", False)
    found = jira.world.comment(issue, call.who, body, internal=internal)
    jira.tell_watchers(f"comment {issue.key}")
    return 201, jira.world.said(issue, found)


@route("GET", "/issue/*/comment/*")
def _one_comment(jira: FakeJira, call: Call) -> Answer:
    issue = jira.issue_of(call, call.parts[0])
    found = next((one for one in issue.comments if str(one["id"]) == call.parts[1]), None)
    if found is None:
        raise Refused(404, f"Can not find a comment for the id: {call.parts[1]}.")
    return 200, jira.world.said(issue, found)


@route("PUT", "/issue/*/comment/*")
def _edit_comment(jira: FakeJira, call: Call) -> Answer:
    issue = jira.issue_of(call, call.parts[0], write=True)
    found = _comment(jira, call, issue, "EDIT")
    quiet, body = jira.check_quiet(call, issue), _text(call)
    jira.world.edit_comment(issue, found, call.who, body)
    jira.tell_watchers(f"comment {issue.key}", quiet=quiet)
    return 200, jira.world.said(issue, found)


@route("DELETE", "/issue/*/comment/*")
def _delete_comment(jira: FakeJira, call: Call) -> Answer:
    issue = jira.issue_of(call, call.parts[0], write=True)
    jira.world.delete_comment(issue, _comment(jira, call, issue, "DELETE"), call.who)
    return 204, None


@route("GET", "/issue/*/properties/*")
def _property(jira: FakeJira, call: Call) -> Answer:
    issue = jira.issue_of(call, call.parts[0])
    if call.parts[1] not in issue.properties:
        raise Refused(404, f"The property with key '{call.parts[1]}' does not exist.")
    return 200, {"key": call.parts[1], "value": issue.properties[call.parts[1]]}


@route("PUT", "/issue/*/properties/*")
def _set_property(jira: FakeJira, call: Call) -> Answer:
    issue = jira.issue_of(call, call.parts[0], needs="EDIT_ISSUES", write=True)
    known = call.parts[1] in issue.properties
    issue.properties[call.parts[1]] = call.body
    return (200 if known else 201), None


@route("DELETE", "/issue/*/properties/*")
def _delete_property(jira: FakeJira, call: Call) -> Answer:
    issue = jira.issue_of(call, call.parts[0], needs="EDIT_ISSUES", write=True)
    if issue.properties.pop(call.parts[1], None) is None:
        raise Refused(404, f"The property with key '{call.parts[1]}' does not exist.")
    return 204, None


@route("POST", "/issue/*/remotelink")
def _add_remote(jira: FakeJira, call: Call) -> Answer:
    issue = jira.issue_of(call, call.parts[0], needs="EDIT_ISSUES", write=True)
    if (
        not call.body["object"].get("url")
        or not call.body["object"].get("title")
        or len(call.body.get("globalId", "")) > 255
    ):
        raise Refused(400, errors={"url": "'url' and 'title' are required."})
    name = call.body.get("globalId", str(jira.world.next()))
    known = issue.remote.get(name)
    issue.remote[name] = {"id": known["id"] if known else jira.world.next(), **call.body}
    number = issue.remote[name]["id"]
    return (200 if known else 201), {
        "id": number,
        "self": f"{jira.url}/rest/api/2/issue/{issue.key}/remotelink/{number}",
    }


@route("DELETE", "/issue/*/remotelink")
def _delete_remote(jira: FakeJira, call: Call) -> Answer:
    issue = jira.issue_of(call, call.parts[0], needs="EDIT_ISSUES", write=True)
    if issue.remote.pop(call.query["globalId"], None) is None:
        raise Refused(404, f"The remote link with global id {call.query['globalId']!r} does not exist.")
    return 204, None


# --- serving ------------------------------------------------------------------------------------------------------------------


class _Hooks:
    """Sends webhooks, in order, from a thread of its own. A payload's identifier is the same for every try."""

    def __init__(self, jira: FakeJira) -> None:
        self.jira = jira
        self.waiting: queue.Queue[Json | None] = queue.Queue()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while (payload := self.waiting.get()) is not None:
            raw = json.dumps(payload).encode()
            for url, secret in self.jira.hooks:
                headers = {"Content-Type": "application/json"}
                if self.jira.world.cloud:
                    headers["X-Atlassian-Webhook-Identifier"] = str(UUID(hashlib.sha256(raw).hexdigest()[:32]))
                if secret:
                    headers["X-Hub-Signature"] = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
                try:
                    status = requests.post(url, data=raw, headers=headers, timeout=5).status_code
                except requests.RequestException:
                    status = 0
                self.jira.told.append((status, payload))
            self.waiting.task_done()
        self.waiting.task_done()


@contextmanager
def fake_jira(edition: str = "cloud") -> Iterator[FakeJira]:
    """The fake, serving on a free port of 127.0.0.1: project PAY, people plumb (ours), ada and some more."""
    world = World(edition=edition)
    jira = FakeJira(world)
    for name in ("plumb", "ada", "tri", "boss", "eve"):
        world.add_user(name)
    world.add_project("PAY")
    for name, may in {"plumb": "triage", "ada": "admin", "tri": "triage", "boss": "maintain", "eve": "read"}.items():
        world.allow("PAY", name, may)
    lock = threading.Lock()

    class Served(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(world.now, usegmt=True)

        def handle_one(self) -> None:
            at = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = {key: some[-1] for key, some in parse_qs(at.query, keep_blank_values=True).items()}
            body = json.loads(raw or b"null")
            with lock:
                said = f"{self.command} {at.path}"
                place = next((i for i, (key, _) in enumerate(jira.failures) if key in said), None)
                failure = None if place is None else jira.failures.pop(place)[1]
                kept: Json = {
                    "verb": self.command,
                    "path": at.path,
                    "query": query,
                    "body": body,
                    "status": 0,
                    "answer": None,
                    "planted": failure,
                }
                jira.exchanges.append(kept)
            if failure is not None and failure.delay:
                time.sleep(failure.delay)
            status, answer, headers = 0, None, {}
            if failure is None or failure.after:
                with lock:
                    status, answer = jira.answer(
                        self.command, at.path, query, body, self.headers.get("Authorization", "")
                    )
                    kept["status"], kept["answer"] = status, answer
            if status == 429:
                after = format_datetime(world.now, usegmt=True) if jira.retry_as_date else "2"
                headers = {"Retry-After": after, "RateLimit-Reason": "jira-per-issue-on-write"}
            if failure is not None:
                status, answer, headers = failure.status, failure.body, failure.headers
                if failure.drop:
                    self.close_connection = True
                    return
            sent = (
                b"" if answer is None else answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "text/html" if isinstance(answer, str) else "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            try:
                self.wfile.write(sent)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_DELETE = handle_one

    server = ThreadingHTTPServer(("127.0.0.1", 0), Served)
    server.daemon_threads = True
    jira.url = world.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    hooks = _Hooks(jira)
    world.tell, jira.settle = hooks.waiting.put, hooks.waiting.join
    try:
        yield jira
    finally:
        hooks.waiting.put(None)
        hooks.thread.join(timeout=10)
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
