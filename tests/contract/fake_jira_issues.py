"""What the fake Jira answers of issues: shown, changed, linked and searched for."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.contract.fake_jira_calls import (
    Answer,
    Call,
    FakeJira,
    Refused,
    page,
    route,
    values,
    visible,
)
from tests.contract.fake_jira_world import STATUSES, Issue, Json

JQL = re.compile(
    r"""project\s*=\s*"?(?P<project>[A-Za-z0-9_]+)"?"""
    r"""(?:\s+AND\s+updated\s*>=\s*"(?P<since>\d{4}[-/]\d\d[-/]\d\d \d\d:\d\d)")?"""
    r"""(?P<order>\s+ORDER\s+BY\s+updated\s+ASC(?:\s*,\s*key\s+ASC)?)?\s*\Z""",
    re.IGNORECASE,
)


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
    key = visible(jira, call, fields["project"].get("key") or fields["project"]["id"])
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
