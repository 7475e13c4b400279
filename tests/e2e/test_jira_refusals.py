"""What goes wrong on a Jira, through the command line and the pages: each says what it is and where to mend it, and stops
only what it touches.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from app.store import sync
from app.time import real_now
from integrations.jira.verify import signature
from tests.contract.fake_jira import SCHEMAS, fake_jira
from tests.contract.fake_jira_world import POINTS, STATUSES, Issue
from tests.e2e.jira_stage import SECRET, START, Stage, staged
from tests.e2e.jira_story import STALLED

pytestmark = pytest.mark.e2e

RULES = """
rules:
- {name: quiet work, type: stalled-work, mode: live, params: {quiet_days: 3}}
"""


@pytest.fixture(params=["cloud", "datacenter"])
def stage(request, _sqlite_template, tmp_path, monkeypatch) -> Iterator[Stage]:
    """Projects PAY and SHOP with an issue each, and nothing connected yet."""
    with fake_jira(request.param) as jira, staged(jira, _sqlite_template, tmp_path / "home", monkeypatch) as found:
        world = jira.world
        world.add_project("SHOP", "Shop")
        for who, may in {"plumb": "triage", "ada": "admin", "ben": "triage"}.items():
            world.allow("SHOP", who, may)
        world.add_issue("PAY", "Export as CSV")
        world.add_issue("SHOP", "Basket")
        world.now = START
        found.waiting.clear()
        yield found


def connected(stage: Stage, *keys: str, more: tuple[str, ...] = ()) -> None:
    assert stage.connect().code == 0
    for key in keys or ("PAY",):
        assert stage.watch(key, *more).code == 0
    stage.rules(RULES)
    stage.work()


def working(stage: Stage, project: str = "PAY", **fields: object) -> Issue:
    issue = stage.jira.world.add_issue(project, "Search is slow", assignee="ben", **fields)
    stage.jira.world.edit(issue, by="ben", status="In Progress")
    return issue


def test_credentials_of_the_other_edition(stage):
    cloud = stage.jira.world.cloud
    said = stage.connect(account=None if cloud else "plumb@acme.example")
    assert said.code == 1
    words = (
        f"{stage.jira.url} is Jira Cloud, but the token came without an account: Jira Cloud takes an account's e-mail "
        "address with an API token (id.atlassian.com > Security)"
        if cloud
        else f"{stage.jira.url} is Jira Data Center, but the token came with an account: Jira Data Center takes a "
        "personal access token alone (your profile > Personal Access Tokens)"
    )
    assert words in said.words
    assert "For other credentials: plumbline tracker remove plans, then add it again." in said.words
    assert words in stage.command("tracker", "list", "--json").words


def test_a_project_that_cannot_be_seen(stage):
    stage.jira.world.allow("SHOP", "plumb", "none")
    connected(stage)
    for key in ("SHOP", "NOWHERE"):
        said = stage.watch(key)
        assert said.code == 2
        assert f"{key} cannot be seen over plans: Jira answered 404: No project could be found with key" in said.words
        assert "give the account of this connection access to it" in said.words
    assert [row[0] for row in stage.ask("SELECT key FROM project")] == ["PAY"]


def test_a_token_without_permission_reads_and_says_what_it_lacks(stage):
    stage.jira.world.allow("PAY", "plumb", "read")
    assert stage.connect().code == 0
    assert stage.watch().code == 0
    said = stage.command("tracker", "check", "plans")
    assert said.code == 1
    for lacking in ("Edit Issues", "Add Comments", "Edit Own Comments"):
        assert f"missing: permission {lacking}" in said.words
    assert "a project administrator can give it: PAY > Project settings > Permissions" in said.words
    assert "this connection reads only: rules can observe, but not go live" in stage.project_page()
    stage.rules(RULES)
    issue = working(stage)
    stage.travel(days=4)
    assert stage.flags() == [("quiet work", issue.key)], "it is judged all the same"
    assert issue.fields["labels"] == []
    refused = stage.ask("SELECT status, detail FROM publication")
    assert [row[0] for row in refused] == ["refused"]
    assert "Jira answered 403: You do not have the permission EDIT_ISSUES in PAY." in refused[0][1]


def test_a_sprint_that_is_deleted(stage):
    world = stage.jira.world
    board = world.add_board("PAY", "Payments")
    sprint = world.add_sprint(board, "Sprint 30", start=START, end=datetime(2026, 3, 13, 17, tzinfo=UTC))
    connected(stage)
    issue = working(stage, sprints=[sprint["id"]])
    world.edit_sprint(sprint["id"], state="active")
    stage.travel(days=4)
    assert stage.lead(issue).endswith("Sprint 30 ends on Fri 13 Mar.*")
    gone = world.sprint(sprint)
    world.edit(issue, by="ada", sprints=[])
    del world.sprints[sprint["id"]]
    at = int(world.tick().timestamp() * 1000)
    stage.waiting.append({"timestamp": at, "webhookEvent": "sprint_deleted", "sprint": gone})
    stage.travel(days=1)
    assert stage.ask("SELECT deleted_at IS NOT NULL, is_open FROM milestone WHERE kind = 'sprint'") == [(1, 0)]
    assert stage.flags() == [("quiet work", issue.key)], "the issue is judged on without it"
    stage.check_all_taken_in()


def test_a_custom_field_that_vanished(stage, monkeypatch):
    monkeypatch.setitem(STATUSES, "Waiting for legal", ("10009", 4, "indeterminate", "yellow"))
    stage.jira.world.add_issue("PAY", "Dark mode", points=2.0)
    connected(stage)
    page = stage.project_page()
    assert "50 % of open items have no size" in page
    assert "none can be seen: nothing is judged by sprint" in page
    assert "these count as work in progress, as the tracker files them: Waiting for legal" in page
    assert "statuses=Waiting for legal=waiting" in page
    stage.command("tracker", "field", "plans", "points", POINTS)
    monkeypatch.delitem(SCHEMAS, POINTS)
    said = stage.command("tracker", "check", "plans")
    assert said.code == 1
    words = (
        f"the custom field {POINTS}, read for estimates in points, is gone: name the one to read instead with "
        "`plumbline tracker field plans points FIELD`"
    )
    assert words in json.loads(stage.command("tracker", "check", "plans", "--json").words)[0]["problem"]
    assert words in stage.command("tracker", "list", "--json").words
    said = stage.command("tracker", "field", "plans", "points", "customfield_1")
    assert "plans has no custom field 'customfield_1'; it has customfield_10014, " in said.words
    assert stage.command("tracker", "field", "plans", "points").code == 0
    assert stage.command("tracker", "check", "plans").code == 0
    assert "no field for story points was found: every item counts the same" in stage.project_page()
    issue = working(stage)
    stage.travel(days=4)
    assert issue.fields["labels"] == [STALLED], "nothing else stops for it"
    stage.check_all_taken_in()


def test_a_token_that_is_revoked_half_way(stage):
    """One project's reading stops with its connection; the other's goes on."""
    world, jira = stage.jira.world, stage.jira
    connected(stage, "PAY")
    account = ("--account", jira.mail) if world.cloud else ()
    jira.people["other"] = "plumb"
    more = ("--url", jira.url, "--token", "other", "--webhook-secret", SECRET, *account)
    said = stage.command("tracker", "add", "jira", "second", *more)
    assert said.code == 0, said.words
    assert stage.command("project", "add", "second", "SHOP", "--settle", "0", "--hours", "all").code == 0
    issue, other = working(stage), working(stage, "SHOP")
    stage.work()
    for payload in [one for one in world.sent if one["webhookEvent"].startswith("jira:issue")]:
        stage.deliver(payload, path="/webhooks/jira/second")
    stage.work()
    del jira.people["good"]
    stage.travel(days=4)
    assert (issue.fields["labels"], other.fields["labels"]) == ([], [STALLED])
    said = stage.command("tracker", "check", "plans")
    assert said.code == 1
    assert "Jira answered 401" in said.words
    said = stage.command("project", "import", "PAY", "--again")
    assert said.code == 1
    assert "The tracker refused the credentials (Jira answered 401" in said.words
    assert "The tracker refused the credentials" in stage.project_page()
    jira.people["good"] = "plumb"
    assert stage.command("project", "import", "PAY").code == 0
    assert stage.command("tracker", "check", "plans").code == 0


def test_deliveries_that_are_refused(stage):
    connected(stage)
    body = json.dumps({"webhookEvent": "board_created", "timestamp": 1, "board": {"id": 3}}).encode()
    hook = "/webhooks/jira/plans"
    for path, headers, raw, status, words in (
        (hook, {}, body, 401, "the header X-Hub-Signature is missing: set the webhook's secret in Jira"),
        (hook, {"X-Hub-Signature": signature(body, "other")}, body, 401, "X-Hub-Signature does not fit the body"),
        (f"{hook}/wrong", {}, body, 401, "the secret in the address is not this tracker's"),
        (f"{hook}s", {}, body, 404, "no tracker 'planss' takes webhooks of this kind here"),
        (hook, None, b"[1, 2]", 400, "body: got [1, 2]; expected a JSON object"),
        (hook, None, b'{"zen": "Keep it logically awesome."}', 400, "webhookEvent"),
        (hook, None, b"no JSON", 400, "JSON"),
    ):
        answer = stage.deliver(raw, path=path, headers=headers)
        assert (answer.status_code, words in answer.get_json()["error"]["message"]) == (status, True), answer.get_json()
    assert stage.deliver(body, path=f"{hook}/{SECRET}", headers={}).status_code == 202
    assert stage.ask("SELECT count(*) FROM delivery WHERE event <> 'plumbline_history'")[0][0] == 1


def test_plans_are_asked_for_where_no_webhook_tells_them(stage):
    """An app's webhooks, the only ones that some can have on Cloud, tell of issues and comments alone."""
    world = stage.jira.world
    connected(stage)
    world.add_issue("PAY", "A guide")
    stage.work()
    assert "webhooks have told of issues, but of no sprint and no version yet" in stage.project_page()
    assert "set poll_plans to true" in stage.project_page()
    assert stage.watch("PAY", "--set", "poll_plans=true").code == 0
    stage.work()
    page = stage.project_page()
    assert "Sprints and versions are asked for every 5 minutes, because webhooks here do not tell of them." in page
    board = world.add_board("PAY", "Payments")
    world.add_sprint(board, "Sprint 31", start=START, end=datetime(2026, 3, 13, 17, tzinfo=UTC), state="active")
    stage.waiting.clear()
    five_minutes(stage)
    assert [row[0] for row in stage.ask("SELECT title FROM milestone")] == ["Sprint 31"]
    assert "1 can be seen" in stage.project_page()


def test_polling_where_no_webhook_can_arrive(stage):
    world, stage.tells = stage.jira.world, False
    connected(stage, more=("--set", "polling=true"))
    assert "Asked every 5 minutes, because webhooks cannot arrive here." in stage.project_page()
    issue = working(stage)
    five_minutes(stage)
    assert [tuple(row) for row in stage.ask("SELECT key, state FROM item ORDER BY key")] == [
        ("PAY-1", "todo"), ("PAY-2", "in_progress"),
    ]  # fmt: skip
    stage.travel(days=4)
    five_minutes(stage)
    assert issue.fields["labels"] == [STALLED]
    world.comment(issue, "ben", "Back at it")
    five_minutes(stage)
    assert (issue.fields["labels"], len(stage.ours(issue))) == ([], 1)
    assert stage.lead(issue).startswith("All clear since")


def five_minutes(stage: Stage) -> None:
    """Have what is due to be asked for asked for, until the lane has taken it in."""
    stage.jira.world.tick(300)
    for _ in range(2):
        with stage.runtime.db.write() as tx:
            for project in stage.projects():
                sync.save(tx, project, next_at=real_now())
        stage.work()


def test_requests_of_customers_are_left_alone_unless_asked(stage):
    world = stage.jira.world
    world.add_project("HELP", "Help desk", kind="service_desk")
    for who, may in {"plumb": "triage", "ada": "admin", "ben": "triage"}.items():
        world.allow("HELP", who, may)
    world.add_issue("HELP", "I cannot log in")
    connected(stage, "HELP")
    stage.jira.exchanges.clear()
    issue = working(stage, "HELP")
    stage.travel(days=4)
    assert stage.flags() == [("quiet work", issue.key)]
    assert stage.jira.exchanges == []
    assert stage.watch("HELP", "--set", "service_desk_writes=true").code == 0
    stage.travel(hours=1)
    assert issue.fields["labels"] == [STALLED]
    assert [one["internal"] for one in stage.ours(issue)] == [True]
