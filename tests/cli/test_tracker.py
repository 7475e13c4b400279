"""Connecting trackers: what is said of a connection, where secrets go, Apps with many installations."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.cli.tracker_words import EVENTS
from app.store import trackers
from integrations.github.access import APP_PERMISSIONS
from integrations.github.decode.events import READ
from tests.contract.fake_github import Failure

TOKEN = "good"


def add(plumbline, github, *more, token=TOKEN, **options):
    return plumbline("tracker", "add", "github", "work", "--url", github.url, "--token", token, *more, **options)


@pytest.fixture(scope="module")
def pem():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


@pytest.fixture
def app(github, plumbline, tmp_path, pem):
    """Add an App, whose key lies in a file."""
    file = tmp_path / "app.pem"
    file.write_text(pem)
    github.app_permissions = dict(APP_PERMISSIONS)

    def call(*more):
        common = ("tracker", "add", "github", "work", "--url", github.url, "--app-id", "7", "--private-key", str(file))
        return plumbline(*common, *more)

    return call


def test_a_good_token_says_whose_name_and_how_to_set_up_the_webhook(home, plumbline, github, monkeypatch):
    monkeypatch.setenv("PLUMBLINE_BASE_URL", "https://plumb.acme.example")
    said = add(plumbline, github)
    assert (said.code, said.err) == (0, "")
    assert "comments appear as plumb; read: yes, write: yes" in said.out
    assert "https://plumb.acme.example/webhooks/github/work" in said.out
    assert "this machine's own" not in said.out
    assert TOKEN not in said.out.split()


def test_the_events_named_are_those_that_are_read():
    singular = {event.lower().replace(" ", "_").removesuffix("s") for event in EVENTS}
    special = {"issue": "issues", "sub_issue": "sub_issues", "repositorie": "repository", "statuse": "status"}
    special |= {"issue_dependencie": "issue_dependencies"}
    told_anyway = {"installation", "installation_repositories"}
    assert {special.get(name, name) for name in singular} == READ - told_anyway


@pytest.mark.parametrize(
    ("prepare", "missing"),
    [
        (lambda fake: setattr(fake, "scopes", "read:user"), "missing: scope repo"),
        (lambda fake: setattr(fake, "scopes", ""), "missing: scope repo"),
        (lambda fake: fake.tokens.clear(), "Bad credentials"),
    ],
)
def test_what_a_token_lacks_is_named_when_it_is_connected(home, plumbline, github, prepare, missing):
    prepare(github)
    said = add(plumbline, github)
    assert said.code == 1
    assert missing in said.out
    assert "plumbline tracker check work" in said.out
    github.scopes, github.tokens = "repo", {TOKEN}
    assert plumbline("tracker", "check", "work").code == 0


def test_a_tracker_that_does_not_answer_is_exit_3_and_leaves_the_connection_as_it_was(home, plumbline, github, db):
    assert add(plumbline, github).code == 0
    github.fail("/user", Failure(status=503, body={"message": "down"}), times=20)
    said = plumbline("tracker", "check", "work", "--json")
    assert said.code == 3
    assert said.data[0]["answered"] is False
    with db.read() as tx:
        assert trackers.connections(tx)[0].status == "ok"


def test_secrets_are_nowhere_in_clear(home, plumbline, github, stored, app, pem):
    token = "ghp_notASecretButLooksLikeOne0123456789"
    github.tokens.add(token)
    said = [add(plumbline, github, "--webhook-secret", "a-webhook-secret", token=token)]
    said.append(plumbline("tracker", "check", "--json"))
    said.append(plumbline("tracker", "list", "--json"))
    said.append(plumbline("tracker", "remove", "work", "--yes"))
    said.append(app("--webhook-secret", "a-webhook-secret"))
    assert [one.code for one in said] == [0] * 5
    inside = pem.splitlines()[3]
    for secret in (token, "a-webhook-secret", inside):
        assert secret.encode() not in stored()
        assert not any(secret in one.out + one.err for one in said)


def test_a_webhook_secret_is_made_and_shown_once(home, plumbline, github, stored):
    shown = [line for line in add(plumbline, github).out.splitlines() if line.startswith("  Secret")]
    secret = shown[0].split()[1]
    assert len(secret) == 64
    assert secret.encode() not in stored()
    assert secret not in plumbline("tracker", "list", "--json").out


def test_secrets_can_come_from_standard_input_and_from_variables(home, plumbline, github, db, monkeypatch):
    said = add(plumbline, github, "--webhook-secret", "-", token="-", stdin=f"{TOKEN}\nhook-secret\n")
    assert said.code == 0
    assert "the one you gave" in said.out
    assert plumbline("tracker", "remove", "work", "--yes").code == 0
    monkeypatch.setenv("PLUMBLINE_GITHUB_TOKEN", TOKEN)
    assert plumbline("tracker", "add", "github", "work", "--url", github.url).code == 0
    assert add(plumbline, github, token="-", stdin="").code == 2


def test_an_app_is_one_tracker_with_a_connection_for_each_installation(home, plumbline, github, app, db, monkeypatch):
    said = app()
    assert (said.code, said.err) == (0, "")
    assert "work, installation 42: comments appear as plumbline[bot]" in said.out
    assert plumbline("tracker", "check", "work", "--new-installations").out.count("installation") == 1
    answer = type(github)._app

    def more(self, verb, path, body):
        if path == "/app/installations":
            return 200, [{"id": 42, "account": {"login": "acme"}}, {"id": 43, "account": {"login": "other"}}]
        if path == "/app/installations/43":
            return 200, {"id": 43, "permissions": {**APP_PERMISSIONS, "issues": "read"}}
        return answer(self, verb, path, body)

    monkeypatch.setattr(type(github), "_app", more)
    said = plumbline("tracker", "check", "work", "--new-installations")
    assert said.code == 1
    assert "Connected installation 43 (other)." in said.out
    assert "missing: permission issues: write" in said.out
    with db.read() as tx:
        rows = trackers.connections(tx)
    assert [(row.installation, row.dedicated) for row in rows] == [("42", True), ("43", True)]


def test_an_app_that_is_installed_nowhere_is_not_stored(home, plumbline, github, app, db, monkeypatch):
    monkeypatch.setattr(type(github), "_app", lambda self, verb, path, body: (200, []))
    said = app()
    assert said.code == 2
    assert "installed nowhere" in said.err
    with db.read() as tx:
        assert trackers.trackers(tx) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["wörk", "--token", "x"], "cannot be part of an address"),
        (["a/b", "--token", "x"], "cannot be part of an address"),
        (["work"], "Give --token"),
        (["work", "--app-id", "7"], "Give --token"),
        (["work", "--token", "x", "--app-id", "7"], "not both"),
        (["work", "--token", "x", "--url", "github.com"], "--url"),
        (["work", "--token", "x", "--url", "https://me:pw@github.com"], "--url"),
        (["work", "--token", " "], "Token: it is empty"),
        (["work", "--app-id", "7", "--private-key", "-"], "--private-key"),
        (["work", "--app-id", "7", "--private-key", "/nowhere.pem"], "/nowhere.pem"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_stored(home, plumbline, db, arguments, words):
    said = plumbline("tracker", "add", "github", *arguments, stdin="no key")
    assert said.code == 2
    assert words in said.err
    assert "pw" not in said.err
    with db.read() as tx:
        assert trackers.trackers(tx) == []


def test_a_name_is_taken_once(home, plumbline, github):
    add(plumbline, github)
    said = add(plumbline, github)
    assert said.code == 2
    assert "already" in said.err


def test_list_and_remove(home, plumbline, github, db):
    assert "No tracker is connected yet" in plumbline("tracker", "list").out
    add(plumbline, github)
    assert "work" in plumbline("tracker", "list").out
    assert plumbline("tracker", "list", "--json").data[0]["login"] == "plumb"
    refused = plumbline("tracker", "remove", "work")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert plumbline("tracker", "remove", "work", "--yes", "--as", "ada").code == 0
    assert plumbline("tracker", "list", "--json").data == []
    assert plumbline("tracker", "remove", "work", "--yes").code == 2
    assert plumbline("tracker", "check", "work").code == 2
    with db.read() as tx:
        assert tx.execute(sa.text("SELECT who FROM audit WHERE what = 'tracker removed'")).scalars().all() == ["ada"]


def test_the_sandbox_needs_no_secret(home, plumbline):
    said = plumbline("tracker", "add", "sandbox", "box")
    assert said.code == 0
    assert "webhook" not in said.out


def test_a_real_tracker_is_not_mixed_into_the_demo(home, plumbline, github, db):
    with db.write() as tx:
        tx.execute(sa.text("UPDATE instance SET demo = 1"))
    said = add(plumbline, github)
    assert (said.code, "holds the demo" in said.err) == (2, True)
    assert plumbline("tracker", "add", "sandbox", "box").code == 0


def test_without_an_installation_nothing_is_begun(plumbline, tmp_path, monkeypatch):
    monkeypatch.setenv("PLUMBLINE_HOME", str(tmp_path / "none"))
    said = plumbline("tracker", "list")
    assert said.code == 2
    assert "There is no installation" in said.err
    assert not (tmp_path / "none").exists()
