"""The fake Jira itself: its exchanges hold to Atlassian's documents, its webhooks to recorded ones, and it refuses as Jira does."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import re
import threading
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests

from integrations.errors import Ignored, PermanentError
from integrations.jira.adapter import JiraAdapter
from integrations.ports import HISTORY, Target
from integrations.readings import Field
from tests.contract.atlassian import faults
from tests.contract.conftest import jira_credentials
from tests.contract.fake_jira import FakeJira, fake_jira
from tests.support import shared

MARKER = "plumbline:1:7f3c"
NOTE = f"Quiet.\n\n[Why this note?|https://plumb.acme.example/i/PAY-1#{MARKER}]"


def busy(fake: FakeJira) -> None:
    """A little of everything that happens in a project."""
    world = fake.world
    board = world.add_board("PAY", "Team")
    sprint = world.add_sprint(
        board, "Sprint 31", start=datetime(2026, 11, 20, tzinfo=UTC), end=datetime(2026, 12, 4, tzinfo=UTC)
    )
    later = world.add_sprint(board, "Sprint 32")
    version, other = world.add_version("PAY", "5.2", due=date(2026, 12, 18)), world.add_version("PAY", "5.3")
    epic = world.add_issue("PAY", "Export", type="Epic", due=date(2026, 12, 20))
    story = world.add_issue("PAY", "Export as CSV", type="Story", description="* [ ] header", estimate=28_800)
    sub = world.add_issue("PAY", "Header", type="Sub-task", parent=story.key)
    world.edit_sprint(sprint["id"], state="active")
    world.edit(
        story,
        by="ada",
        sprints=[sprint["id"]],
        versions=[version["id"]],
        epic=epic.key,
        points=3.0,
        assignee="ada",
        labels=["csv"],
    )
    world.edit(
        story,
        by="ada",
        kind="issue_generic",
        status="In Progress",
        flagged=True,
        priority="High",
        due=date(2026, 12, 3),
    )
    world.edit(
        story, by="ada", components=["Web"], security="Team", type="Task", summary="Export", reporter="tri", left=7200
    )
    world.link(story, sub)
    said = world.comment(story, "ada", "On it")
    world.edit_comment(story, said, "ada", "On it today")
    world.delete_comment(story, said, "ada")
    world.comment(story, "eve", "And?", internal=True)
    world.log_work(story, "ada", 3600)
    world.edit(sub, by="ada", kind="issue_generic", status="Done")
    world.edit_sprint(sprint["id"], state="closed", moves_to=later["id"])
    world.edit_version(version["id"], name="5.2.0")
    world.edit_version(version["id"], released=True)
    world.merge_version(version["id"], other["id"])
    world.unlink(story.fields["links"][0]["id"])
    world.add_project("SHOP", "Shop")
    world.allow("SHOP", "plumb", "read")
    world.move(sub, "SHOP")
    world.delete(world.add_issue("PAY", "For a moment"))


def used(fake: FakeJira) -> None:
    """Every call that the product makes, those that are refused included."""
    fake.limited = False
    adapter = JiraAdapter(timeout=5)
    client, history = adapter.client(jira_credentials(fake)), adapter.history(jira_credentials(fake))
    client.check("PAY")
    client.check("HIDDEN")
    client.survey()
    client.get_project("PAY")
    list(client.list_projects())
    target = Target("PAY", 2, "PAY-2", page="https://plumb.acme.example/i/PAY-2")
    for may in ("triage", "admin"):
        fake.world.allow("PAY", "plumb", may)
        client.add_label(target, "plumb:stalled")
        client.remove_label(target, "plumb:stalled")
        client.remove_label(target, "never there")
        made = client.create_comment(target, NOTE)
        client.create_comment(Target("PAY", 2, "PAY-2", internal=True), NOTE)
        client.find_comment(target, MARKER)
        client.find_comment(target, "plumbline:1:other")
        client.edit_comment(target, made.native_id, "All clear.")
        client.delete_comment(target, made.native_id)
        client.delete_comment(target, made.native_id)
    client.permission("PAY", fake.world.person("tri"))
    client.read_item("PAY", 2)
    history.count("PAY")
    history.milestones("PAY", why="import")
    for issue in history.changed("PAY", since=None, page=1).items:
        history.item("PAY", issue.number, known=issue, since=None, why="import")
    history.changed("PAY", since=fake.world.now, page=1)
    history.item("PAY", 999, known=None, since=None, why="repair")
    with pytest.raises(PermanentError):
        history.changed("HIDDEN", since=None, page=1)
    client.close()
    history.close()


def prepared(fake: FakeJira) -> None:
    """The calls by which tests of the whole product change the fake from without."""
    project = int(fake.world.projects["PAY"]["id"])
    board = fake.world.add_board("PAY", "Team")
    steps = [
        ("POST", "/rest/api/2/issue", {"fields": {"project": {"key": "PAY"}, "summary": "New", "issuetype": {"name": "Task"}}}),
        ("POST", "/rest/api/2/issue", {"fields": {"project": {"key": "PAY"}, "summary": "Next", "issuetype": {"name": "Task"}}}),
        ("GET", "/rest/api/2/issue/PAY-1/transitions", None),
        ("POST", "/rest/api/2/issue/PAY-1/transitions", {"transition": {"id": "3"}}),
        ("POST", "/rest/api/2/issue/PAY-1/worklog", {"timeSpentSeconds": 3600}),
        ("PUT", "/rest/api/2/issue/PAY-1", {"fields": {"summary": "Newer"}}),
        ("POST", "/rest/api/2/issueLink", {"type": {"name": "Blocks"}, "inwardIssue": {"key": "PAY-1"}, "outwardIssue": {"key": "PAY-2"}}),
        ("POST", "/rest/api/2/version", {"name": "6.0", "projectId": project, "releaseDate": "2026-12-18"}),
        ("POST", "/rest/agile/1.0/sprint", {"name": "Sprint 40", "originBoardId": board, "startDate": "2026-11-20T00:00:00.000Z"}),
        ("GET", "/rest/api/2/issue/PAY-1/worklog", None),
    ]  # fmt: skip
    for verb, path, body in steps:
        assert ask(fake, verb, path, body).ok, (verb, path)
    version, sprint = max(fake.world.versions), max(fake.world.sprints)
    assert ask(fake, "PUT", f"/rest/api/2/version/{version}", {"released": True}).ok
    assert ask(fake, "POST", f"/rest/agile/1.0/sprint/{sprint}/issue", {"issues": ["PAY-1"]}).ok
    assert ask(fake, "POST", f"/rest/agile/1.0/sprint/{sprint}", {"state": "active"}).ok
    link = fake.world.find("PAY-1").fields["links"][0]["id"]
    assert ask(fake, "DELETE", f"/rest/api/2/issueLink/{link}").ok
    issue = fake.world.find("PAY-1")
    assert (issue.fields["status"], issue.fields["sprints"], issue.fields["spent"]) == ("In Progress", [sprint], 3600)


UNTRUE = re.compile(r"/changelog 200: values\.\d+\.items\.\d+\.(from|fromString|to|toString): None ")
"""What Atlassian's documents say and Jira does not do: an end that was empty is null, as recorded payloads show."""


def ask(fake: FakeJira, verb: str, path: str, body: object = None, token: str = "ada") -> requests.Response:
    basic = base64.b64encode(f"{token}@acme.example:{token}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}" if fake.world.cloud else f"Bearer {token}"}
    return requests.request(verb, fake.url + path, json=body, headers=headers, timeout=5)


@pytest.mark.parametrize("what", [used, prepared])
def test_every_exchange_with_cloud_is_as_atlassians_documents_say(what):
    with fake_jira("cloud") as fake:
        if what is used:
            busy(fake)
        what(fake)
        found = [
            fault for one in fake.exchanges
            for fault in faults(one["verb"], one["path"], one["query"], one["body"], one["status"], one["answer"])
        ]  # fmt: skip
        assert fake.exchanges
        assert sorted({one for one in found if not UNTRUE.search(one)}) == []


def test_datacenter_knows_every_call_that_the_product_makes():
    with fake_jira("datacenter") as fake:
        busy(fake)
        used(fake)
        assert [(one["verb"], one["path"]) for one in fake.exchanges if one["status"] == 500] == []
    with fake_jira("datacenter") as fake:
        prepared(fake)


def test_a_wrong_request_is_told_by_the_documents():
    assert faults("GET", "/rest/api/2/nothing", {}, None, 200, {}) == [
        "GET /rest/api/3/nothing: there is no such operation"
    ]
    (fault,) = faults("GET", "/rest/api/2/myself", {}, None, 200, {"accountId": 7})
    assert "7 is not of type 'string'" in fault
    assert faults("GET", "/rest/api/2/issue/PAY-1", {"quietly": "true"}, None, 404, None) == [
        "GET /rest/api/3/issue/{issueIdOrKey} 404: query quietly is not known"
    ]


# --- webhooks ---------------------------------------------------------------------------------------------------------------

FREE = ("changelog.items", "fields.customfield", "avatarUrls", "timetracking")
"""Below these, keys are not compared: custom fields and people's times differ from site to site."""


def keys_of(value: object, path: str = "") -> set[str]:
    """Every path of keys in a payload, lists passed through."""
    if isinstance(value, list):
        return {one for entry in value for one in keys_of(entry, path)}
    if not isinstance(value, dict) or any(one in path for one in FREE[1:]):
        return set()
    return {
        one for key, inner in value.items() for one in ({f"{path}.{key}"} | keys_of(inner, f"{path}.{key}")) if "customfield_" not in one
    }  # fmt: skip


def recorded(cloud: bool) -> dict[str, set[str]]:
    """The paths of keys that recorded payloads of an edition have, by the first word of their path; agile ones are Cloud's."""
    found: dict[str, set[str]] = {}
    files = [*shared("webhooks", "mattermost-jira").glob("*.json"), *shared("webhooks", "jira-agile").glob("*.json")]
    for file in files:
        payload = json.loads(file.read_text())
        if "server" not in file.name or not cloud:
            for one in keys_of(payload):
                found.setdefault(one.split(".")[1], set()).add(one)
    return found


@pytest.mark.parametrize("edition", ["cloud", "datacenter"])
def test_webhooks_have_no_key_that_recorded_ones_have_not(edition):
    known = recorded(edition == "cloud")
    with fake_jira(edition) as fake:
        busy(fake)
        sent = list(fake.world.sent)
    strange = {one for payload in sent for one in keys_of(payload) if one not in known.get(one.split(".")[1], set())}
    assert sorted(one for one in strange if not NOT_RECORDED.match(one)) == []


NOT_RECORDED = re.compile(
    r"""\.issue\.fields\.(issuelinks|subtasks)\.   # recorded issues have none; their shapes are the REST API's
    | \.issue\.fields\.(parent|security)(\.|\Z)   # as above
    | \.(version|issue\.fields\.fixVersions)\.releaseDate\Z | \.sprint\.completeDate\Z   # only undated ones, none closed
    | \.mergedTo(\.|\Z)                          # no version was merged
    | \.worklog\.(author|updateAuthor)\.(name|key|emailAddress)\Z   # worklogs were recorded on Cloud alone
    """,
    re.VERBOSE,
)
"""Keys that Jira documents and no recorded payload happens to have."""


@pytest.mark.parametrize("edition", ["cloud", "datacenter"])
def test_every_webhook_is_read(edition):
    adapter = JiraAdapter()
    with fake_jira(edition) as fake:
        busy(fake)
        sent = list(fake.world.sent)
        site = adapter.client(jira_credentials(fake)).survey()
    read = set()
    for payload in sent:
        raw = json.loads(json.dumps(payload))
        envelope = adapter.envelope({"x-atlassian-webhook-identifier": "g"}, raw)
        try:
            adapter.decode(envelope.event, raw, datetime(2026, 11, 25, tzinfo=UTC), site)
            read.add(payload["webhookEvent"])
        except Ignored:
            pass
    assert {
        "jira:issue_updated",
        "comment_created",
        "worklog_created",
        "issuelink_created",
        "sprint_closed",
        "jira:version_deleted",
    } <= read


def test_webhooks_are_signed_and_come_in_order():
    got: list[tuple[dict[str, str], bytes]] = []

    class Hook(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def do_POST(self) -> None:
            got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(202)
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        with fake_jira("cloud") as fake:
            fake.hooks.append((f"http://127.0.0.1:{server.server_address[1]}/hook", "s3cret"))
            issue = fake.world.add_issue("PAY", "Export")
            fake.world.comment(issue, "ada", "On it")
            fake.settle()
            assert [status for status, _ in fake.told] == [202, 202]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
    assert [json.loads(raw)["webhookEvent"] for _, raw in got] == ["jira:issue_created", "comment_created"]
    for headers, raw in got:
        assert headers["X-Hub-Signature"] == "sha256=" + hmac.new(b"s3cret", raw, hashlib.sha256).hexdigest()
        JiraAdapter().verify({name.lower(): value for name, value in headers.items()}, raw, "s3cret")
    assert len({headers["X-Atlassian-Webhook-Identifier"] for headers, _ in got}) == 2


# --- refusals ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edition", "auth", "status"),
    [
        ("cloud", "Bearer good", 403),
        ("cloud", "Basic " + base64.b64encode(b"plumb@acme.example:bad").decode(), 401),
        ("datacenter", "Bearer bad", 401),
        ("datacenter", "Basic " + base64.b64encode(b"plumb@acme.example:good").decode(), 401),
    ],
)
def test_credentials_of_the_wrong_kind_are_refused_as_each_edition_does(edition, auth, status):
    with fake_jira(edition) as fake:
        assert (
            requests.get(f"{fake.url}/rest/api/2/myself", headers={"Authorization": auth}, timeout=5).status_code
            == status
        )
        assert requests.get(f"{fake.url}/rest/api/2/serverInfo", headers={"Authorization": auth}, timeout=5).ok


@pytest.mark.parametrize("jql", ["project = PAY AND updated > x", "project = NOWHERE", 'updated >= "2026-11-24"', ""])
def test_bad_jql_is_refused(jql):
    for edition, path in (("cloud", "/rest/api/3/search/jql"), ("datacenter", "/rest/api/2/search")):
        with fake_jira(edition) as fake:
            assert ask(fake, "GET", f"{path}?jql={requests.utils.quote(jql)}").status_code == 400


def test_a_search_of_cloud_cuts_changelogs():
    with fake_jira("cloud") as fake:
        issue = fake.world.add_issue("PAY", "Export")
        for place in range(60):
            fake.world.edit(issue, by="ada", summary=f"Export {place}")
        found = ask(fake, "GET", "/rest/api/3/search/jql?jql=project=PAY&expand=changelog").json()["issues"][0][
            "changelog"
        ]
        assert (len(found["histories"]), found["total"]) == (40, 60)


def test_an_unknown_call_fails_loudly():
    with fake_jira("cloud") as fake:
        assert ask(fake, "GET", "/rest/api/2/dashboard").status_code == 500


# --- webhooks and reads tell the same ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", ["cloud", "datacenter"])
def test_webhooks_and_the_read_past_give_the_same_changes(edition):
    adapter, received = JiraAdapter(timeout=5), datetime(2026, 11, 25, tzinfo=UTC)
    with fake_jira(edition) as fake:
        busy(fake)
        credentials = jira_credentials(fake)
        site = adapter.client(credentials).survey()
        history = adapter.history(dataclasses.replace(credentials, site=site))
        listed = history.changed("PAY", since=None, page=1).items
        told = [history.item("PAY", one.number, known=one, since=None, why="import").payload for one in listed]
        sent = json.loads(json.dumps(fake.world.sent))
        history.close()
    here = {one.native_id for one in listed}
    past = {change for one in told for change in adapter.decode(HISTORY, one, received, site).changes}
    live = set()
    for payload in sent:
        try:
            reading = adapter.decode(adapter.envelope({}, payload).event, payload, received, site)
        except Ignored:
            continue
        live |= {change for change in reading.changes if change.item in here}
    assert len(past) > 20
    # Of comments the past knows those that are left, and a link is in no webhook's changelog.
    only_live = {change.natural_key for change in live - past if change.field is not Field.COMMENT}
    only_past = {change.natural_key for change in past - live if change.field is not Field.LINK}
    assert (only_live, only_past) == (set(), set())
