"""What the fake Jira answers of comments, properties and remote links."""

from __future__ import annotations

from tests.contract.fake_jira_calls import (
    Answer,
    Call,
    FakeJira,
    Refused,
    page,
    route,
)
from tests.contract.fake_jira_world import Issue, Json


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
