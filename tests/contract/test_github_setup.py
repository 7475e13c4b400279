"""Setting up on GitHub: what runs there by itself, webhooks, and an App by its manifest."""

from __future__ import annotations

import pytest

from integrations.errors import PermanentError, TransientError
from integrations.github.adapter import GitHubAdapter
from integrations.github.setup import EVENTS, Manifests
from integrations.github.workflows import kinds
from integrations.ports import Automation, Credentials, KeepsHooks
from tests.contract.fake_github import Failure

HERE = "https://plumb.example/webhooks/github/work"
REPO = "acme/shop"


@pytest.fixture
def client(fake):
    found = GitHubAdapter(timeout=2).client(Credentials(base_url=fake.url, token="good"))
    yield found
    found.close()


# --- what runs by itself ---


@pytest.mark.parametrize(
    ("on", "found"),
    [
        ("on: push", []),
        ("on: [push, issue_comment]", ["comments"]),
        ("on: label", ["labels"]),
        ("'on':\n  issues:", ["labels"]),
        ("on:\n  issues: {types: [opened]}", []),
        ("on:\n  issues: {types: unlabeled}", ["labels"]),
        ("on:\n  pull_request:\n    branches: [main]", []),
        ("on:\n  pull_request_target:\n    types: [opened, labeled]", ["labels"]),
        ("on:\n  issue_comment: {types: [created]}\n  issues: {types: [labeled]}", ["labels", "comments"]),
        ("on: {schedule: [{cron: '0 0 * * *'}]}\njobs: {s: {steps: [\n  {name: x},\n]}}", []),
        ("on: {}\njobs:\n  s:\n    steps:\n      - uses: actions/stale@v9", ["stale"]),
        ("# uses: actions/stale@v9", []),
        ("on: 7", []),
        ("- just a list", []),
        ("\tno: [yaml", []),
        ("[" * 5000, []),
        ("", []),
    ],
)
def test_a_workflow_tells_by_what_it_is_started(on, found):
    assert list(kinds(on)) == found


def test_workflows_and_stale_bots_are_named_with_their_files(fake, client):
    fake.files = {
        "README.md": "x",
        ".github/stale.yml": "daysUntilStale: 60",
        ".github/workflows/triage.yml": "on: {issues: {types: [labeled]}}",
        ".github/workflows/notes.txt": "on: issue_comment",
        ".github/workflows/old.yaml": "on: schedule\njobs:\n a:\n  steps:\n  - uses: 'actions/stale@v9'",
    }
    page = f"{fake.url}/acme/shop/blob/main/.github"
    assert client.automation(REPO) == (
        Automation("stale", ".github/stale.yml", f"{page}/stale.yml"),
        Automation("stale", ".github/workflows/old.yaml", f"{page}/workflows/old.yaml"),
        Automation("labels", ".github/workflows/triage.yml", f"{page}/workflows/triage.yml"),
    )


def test_a_repository_without_such_files_has_none_and_an_empty_one_too(fake, client):
    assert client.automation(REPO) == ()
    fake.files = {"README.md": "x"}
    assert client.automation(REPO) == ()
    fake.files = {".github/CODEOWNERS": "x"}
    assert client.automation(REPO) == ()


def test_files_that_may_not_be_read_are_not_taken_for_none(fake, client):
    fake.reads_files = False
    with pytest.raises(PermanentError) as caught:
        client.automation(REPO)
    assert caught.value.code == "forbidden"


# --- webhooks ---


def test_a_webhook_is_made_once_with_all_events_and_found_again(fake, client):
    assert isinstance(client, KeepsHooks)
    assert client.find_hook(REPO, HERE) is None
    made = client.make_hook(REPO, HERE, "secret")
    assert made.active
    assert made.missing == ()
    again = client.make_hook(REPO, HERE, "another")
    assert again.native_id == made.native_id
    (hook,) = fake.hooks
    assert hook["config"] == {"url": HERE, "secret": "another", "content_type": "json", "insecure_ssl": "0"}
    assert hook["events"] == list(EVENTS)
    client.ping_hook(REPO, made.native_id)
    assert fake.pings == [int(made.native_id)]


def test_another_address_is_another_webhook(fake, client):
    client.make_hook(REPO, HERE, "secret")
    assert client.find_hook(REPO, f"{HERE}2") is None


def test_a_webhook_says_what_it_does_not_tell_and_how_it_was_answered(fake, client):
    client.make_hook(REPO, HERE, "secret")
    fake.hooks[0] |= {"events": ["issues"], "active": False, "last_response": {"code": 401, "message": "Unauthorized"}}
    found = client.find_hook(REPO, HERE)
    assert found is not None
    assert not found.active
    assert "pull_request" in found.missing
    assert "issues" not in found.missing
    assert found.said == "401 Unauthorized"
    fake.hooks[0]["events"] = ["*"]
    assert client.find_hook(REPO, HERE).missing == ()


def test_an_older_github_gets_the_events_that_it_knows(fake, client):
    fake.knows_newer = False
    assert client.make_hook(REPO, HERE, "secret").missing == ()
    assert "sub_issues" not in fake.hooks[0]["events"]


@pytest.mark.parametrize("ask", ["find_hook", "make_hook", "ping_hook"])
def test_who_may_not_look_after_webhooks_is_told(fake, client, ask):
    fake.administers = False
    more = {"find_hook": (HERE,), "make_hook": (HERE, "secret"), "ping_hook": ("1",)}[ask]
    with pytest.raises(PermanentError) as caught:
        getattr(client, ask)(REPO, *more)
    assert caught.value.code == "forbidden"


# --- an App by its manifest ---


def test_a_code_is_exchanged_once_for_the_apps_secrets(fake):
    fake.codes, fake.pem = {"abc"}, "-----BEGIN RSA PRIVATE KEY-----"
    made = Manifests().exchange(fake.url, "abc")
    assert (made.app_id, made.slug, made.webhook_secret) == ("1", "plumbline", "made by GitHub")
    assert made.private_key == fake.pem
    assert fake.pem not in repr(made)
    with pytest.raises(PermanentError) as caught:
        Manifests().exchange(fake.url, "abc")
    assert caught.value.code == "gone"


@pytest.mark.parametrize("code", ["", "../app", "a/b", "a?b", "a" * 200, "ä"])
def test_what_is_no_code_is_not_sent(fake, code):
    with pytest.raises(PermanentError) as caught:
        Manifests().exchange(fake.url, code)
    assert caught.value.code == "invalid"
    assert fake.calls == []


def test_a_redirect_is_not_followed(fake):
    fake.fail("conversions", Failure(302, {}, headers={"Location": "http://127.0.0.1:1/steal"}))
    with pytest.raises(PermanentError) as caught:
        Manifests().exchange(fake.url, "abc")
    assert caught.value.code == "moved"


def test_a_github_that_fails_or_answers_oddly_is_the_trouble_of_the_moment(fake):
    for failure in (Failure(502, {}), Failure(201, {"id": "x"}), Failure(drop=True)):
        fake.fail("conversions", failure)
        with pytest.raises(TransientError):
            Manifests(timeout=2).exchange(fake.url, "abc")


def test_a_manifest_asks_for_what_is_needed_and_nothing_else():
    kept = {"name": "x", "home": "https://p.example", "back": "https://p.example/b", "installed": "https://p.example/i"}
    found = Manifests().manifest("https://github.com", hook=HERE, **kept)
    assert found["default_permissions"] == {
        "metadata": "read", "issues": "write", "pull_requests": "write", "checks": "read", "statuses": "read",
    }  # fmt: skip
    assert found["default_events"] == list(EVENTS)
    assert found["hook_attributes"] == {"url": HERE, "active": True}
    assert found["public"] is False
    older = Manifests().manifest("https://git.example", hook=HERE, **kept)
    assert "sub_issues" not in older["default_events"]
    alone = Manifests().manifest("https://github.com", hook=None, **kept)
    assert "hook_attributes" not in alone
    assert "default_events" not in alone


def test_the_manifest_is_posted_to_the_person_or_the_organisation():
    assert Manifests().page("https://git.example/", None) == "https://git.example/settings/apps/new"
    assert Manifests().page("https://github.com", "acme") == "https://github.com/organizations/acme/settings/apps/new"
