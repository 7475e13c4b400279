"""What the GitHub client does when GitHub fails, refuses or stays silent: counted against the fake, call by call."""

from __future__ import annotations

import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from integrations.errors import PermanentError, TransientError
from integrations.github.adapter import GitHubAdapter
from integrations.github.auth import MemoryTokenCache
from integrations.ports import Credentials, Target
from rules.facts import Kind
from rules.intents import LabelSpec
from tests.contract.fake_github import Failure

MARKER = "plumbline:1:7f3c"
LIMITED = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}


@pytest.fixture
def target(fake) -> Target:
    return Target("acme/shop", fake.add_issue("Export as CSV", "Fixes the export"), "#1")


@pytest.fixture
def client(fake):
    found = GitHubAdapter(timeout=1).client(Credentials(base_url=fake.url, token="good"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kind, pem = serialization.PrivateFormat.TraditionalOpenSSL, serialization.Encoding.PEM
    return made.private_bytes(pem, kind, serialization.NoEncryption()).decode()


def app(fake, key, cache=None):
    adapter = GitHubAdapter(timeout=2) if cache is None else GitHubAdapter(tokens=cache, timeout=2)
    return adapter.client(Credentials(base_url=fake.url, app_id="1", private_key=key, installation="42"))


# --- a write whose fate is unknown is never sent twice -----------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_comment_answered_with_5xx_is_sent_once_and_uncertain(fake, client, target, status):
    fake.fail("POST", Failure(status, {"message": "Server Error"}, after=True))
    with pytest.raises(TransientError) as caught:
        client.create_comment(target, f"x\n<!-- {MARKER} -->")
    assert caught.value.uncertain
    assert not caught.value.limited
    assert fake.sent("POST") == 1
    assert client.calls == 1
    found = client.find_comment(target, MARKER)
    assert found is not None, "it was written all the same: the marker finds it"
    assert len(fake.comments) == 1


def test_a_comment_without_an_answer_in_time_is_sent_once_and_uncertain(fake, client, target):
    fake.fail("POST", Failure(after=True, delay=1.6))
    began = time.monotonic()
    with pytest.raises(TransientError) as caught:
        client.create_comment(target, "x")
    assert caught.value.uncertain
    assert time.monotonic() - began < 1.6
    assert fake.sent("POST") == 1


def test_a_connection_that_breaks_after_the_request_is_uncertain(fake, client, target):
    fake.fail("POST", Failure(after=True, drop=True))
    with pytest.raises(TransientError) as caught:
        client.create_comment(target, "x")
    assert caught.value.uncertain
    assert fake.sent("POST") == 1


def test_a_connection_that_never_came_about_is_certain(target):
    client = GitHubAdapter(timeout=1).client(Credentials(base_url="http://127.0.0.1:9", token="good"))
    with pytest.raises(TransientError) as caught:
        client.create_comment(target, "x")
    assert not caught.value.uncertain


@pytest.mark.parametrize("verb", ["PATCH", "DELETE"])
def test_other_writes_are_not_repeated_either(fake, client, target, verb):
    fake.fail(verb, Failure(502, {"message": "Bad Gateway"}))
    with pytest.raises(TransientError):
        client.edit_comment(target, "9000", "x") if verb == "PATCH" else client.remove_label(target, "x")
    assert fake.sent(verb) == 1


def test_a_read_is_repeated_and_counted(fake, client):
    fake.fail("GET", Failure(502, {"message": "Bad Gateway"}))
    assert client.get_project("acme/shop").project.native_id == "77"
    assert fake.sent("GET") == 2
    assert client.calls == 2


def test_a_read_gives_up_soon(fake, client):
    fake.fail("GET", Failure(503, {"message": "Unavailable"}, {"Retry-After": "3600"}), times=9)
    began = time.monotonic()
    with pytest.raises(TransientError) as caught:
        client.get_project("acme/shop")
    assert time.monotonic() - began < 5
    assert caught.value.retry_after == 3600
    assert fake.sent("GET") == 3


# --- limits are handed to the caller, never slept through --------------------------------------------------------------

LIMITS = [
    (Failure(403, LIMITED, {"Retry-After": "37"}), 37.0),
    (Failure(429, LIMITED, {"Retry-After": "3600"}), 3600.0),
    (Failure(403, LIMITED), 60.0),
    (Failure(429, {"message": "Too many requests"}), 60.0),
    (
        Failure(
            403,
            {"message": "API rate limit exceeded for user ID 1."},
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1764000060", "Date": "Mon, 24 Nov 2025 16:00:00 GMT"},
        ),
        61.0,
    ),
    (
        Failure(
            429, LIMITED, {"Retry-After": "Mon, 24 Nov 2025 16:00:30 GMT", "Date": "Mon, 24 Nov 2025 16:00:00 GMT"}
        ),
        31.0,
    ),
]


@pytest.mark.parametrize(("failure", "seconds"), LIMITS)
@pytest.mark.parametrize("verb", ["POST", "GET"])
def test_a_limit_is_told_at_once_with_its_time(fake, client, target, verb, failure, seconds):
    fake.fail(verb, failure)
    began = time.monotonic()
    with pytest.raises(TransientError) as caught:
        client.create_comment(target, "x") if verb == "POST" else client.get_project("acme/shop")
    assert time.monotonic() - began < 1
    assert caught.value.limited
    assert not caught.value.uncertain
    assert caught.value.retry_after is not None
    # The server adds a Date of its own where the case does not set one: only dates are compared with it.
    if "X-RateLimit-Reset" not in failure.headers and "GMT" not in failure.headers.get("Retry-After", ""):
        assert caught.value.retry_after == seconds
    assert fake.sent(verb) == 1


# --- what will not help to try again ------------------------------------------------------------------------------------

REFUSALS = [
    (Failure(401, {"message": "Bad credentials"}), "unauthorised"),
    (Failure(404, {"message": "Not Found"}), "gone"),
    (Failure(410, {"message": "This issue was deleted"}), "gone"),
    (Failure(403, {"message": "Unable to create comment because issue is locked."}), "locked"),
    (Failure(403, {"message": "Repository was archived so is read-only."}), "archived"),
    (Failure(403, {"message": "Resource not accessible by integration"}), "forbidden"),
    (Failure(451, {"message": "Repository access blocked"}), "withheld"),
    (Failure(422, {"message": "Validation Failed"}), "invalid"),
    (Failure(307, {"message": "Moved Permanently"}, {"Location": "/repositories/77/issues/1/comments"}), "moved"),
]


@pytest.mark.parametrize(("failure", "code"), REFUSALS, ids=[f"{f.status}-{code}" for f, code in REFUSALS])
def test_a_refusal_is_told_by_its_code_after_one_call(fake, client, target, failure, code):
    fake.fail("POST", failure)
    with pytest.raises(PermanentError) as caught:
        client.create_comment(target, "x")
    assert caught.value.code == code
    assert "good" not in str(caught.value), "no token in the message"
    assert fake.sent("POST") == 1


def test_a_comment_too_long_is_invalid(fake, client, target):
    with pytest.raises(PermanentError) as caught:
        client.create_comment(target, "x" * 65_537)
    assert caught.value.code == "invalid"


@pytest.mark.parametrize("project", ["", "shop", "acme/../x", "acme/shop/issues", "acme/shop?x", "ac me/shop"])
def test_a_project_that_is_no_repository_never_reaches_github(fake, client, project):
    with pytest.raises(PermanentError):
        client.get_project(project)
    assert fake.calls == []


def test_an_answer_that_is_no_object_is_transient(fake, client):
    fake.fail("GET", Failure(200, ["odd"]))
    with pytest.raises(TransientError):
        client.get_project("acme/shop")


# --- what a connection may do ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scopes", "private", "missing"),
    [
        ("repo, read:org", True, ()),
        ("public_repo", False, ()),
        ("", False, ("scope public_repo (or repo)",)),
        ("read:org", True, ("scope repo",)),
    ],
)
def test_a_classic_token_names_the_scope_it_lacks(fake, client, scopes, private, missing):
    fake.scopes, fake.private = scopes, private
    # A private repository is not shown to a token without the scope.
    if private and missing:
        fake.fail("GET /repos/acme/shop", Failure(404, {"message": "Not Found"}))
    found = client.check("acme/shop")
    assert set(missing) <= set(found.missing)
    assert found.ok is not bool(missing)
    assert found.login == "plumb"


def test_a_fine_grained_token_that_may_not_read_issues_is_told(fake, client):
    fake.scopes = None
    fake.fail(
        "GET /repos/acme/shop/issues", Failure(403, {"message": "Resource not accessible by personal access token"})
    )
    found = client.check("acme/shop")
    assert not found.ok
    assert not found.can_read
    assert found.missing == ("permission issues: read",)


def test_a_reader_cannot_write(fake, client):
    fake.permissions = {"pull": True}
    found = client.check("acme/shop")
    assert found.can_read
    assert not found.can_write
    assert found.missing == ("role triage or write",)


def test_an_archived_repository_can_only_be_read(fake, client):
    fake.archived = True
    found = client.check("acme/shop")
    assert found.can_read
    assert not found.can_write
    assert "archived" in found.detail


def test_a_wrong_token_is_unauthorised(fake):
    client = GitHubAdapter().client(Credentials(base_url=fake.url, token="bad"))
    with pytest.raises(PermanentError) as caught:
        client.check()
    assert caught.value.code == "unauthorised"


# --- an App ---------------------------------------------------------------------------------------------------------------

ALL = {"metadata": "read", "issues": "write", "pull_requests": "write", "checks": "read", "statuses": "read"}


def test_an_app_speaks_as_its_bot_and_needs_its_permissions(fake, key):
    fake.app_permissions = ALL
    found = app(fake, key).check("acme/shop")
    assert (found.ok, found.login, found.dedicated, found.missing) == (True, "plumbline[bot]", True, ())


def test_an_app_names_the_permissions_it_lacks(fake, key):
    fake.app_permissions = {"metadata": "read", "issues": "read", "checks": "read", "statuses": "read"}
    found = app(fake, key).check()
    assert found.missing == ("permission issues: write", "permission pull_requests: write")
    assert not found.can_write
    assert not found.ok


def test_an_installation_token_is_made_once_and_shared(fake, key, target):
    cache = MemoryTokenCache()
    first, second = app(fake, key, cache), app(fake, key, cache)
    first.add_label(target, "a")
    second.add_label(target, "b")
    second.add_label(target, "c")
    assert fake.minted == 1
    assert first.calls == 2
    assert second.calls == 2


def test_a_revoked_installation_token_is_renewed_once(fake, key, target):
    client = app(fake, key)
    client.add_label(target, "a")
    fake.tokens.clear()
    client.add_label(target, "b")
    assert fake.minted == 2
    assert {one["name"] for one in fake.issues[1]["labels"]} == {"a", "b"}


def test_a_broken_private_key_is_told_as_such(fake, target):
    client = GitHubAdapter().client(
        Credentials(base_url=fake.url, app_id="1", private_key="nonsense", installation="42")
    )
    with pytest.raises(PermanentError, match="private key"):
        client.add_label(target, "a")
    assert fake.calls == []


def test_an_apps_repositories_and_installations_are_listed(fake, key):
    client = app(fake, key)
    assert [(one.project.key, one.installation) for one in client.list_projects()] == [("acme/shop", "42")]
    assert list(client.list_installations()) == [("42", "acme")]


# --- whole reads ------------------------------------------------------------------------------------------------------------


def test_a_pull_request_is_read_with_its_reviews(fake, client):
    number = fake.add_issue("Export", "Closes #7", pull=True)
    fake.reviews[number] = [
        {"id": 1, "user": fake.user("bob"), "state": "APPROVED", "submitted_at": "2026-11-24T10:00:00Z",
         "commit_id": "a" * 40, "author_association": "MEMBER", "html_url": f"{fake.url}/r/1"},
        {"id": 2, "user": fake.user("plumb"), "state": "PENDING", "author_association": "MEMBER"},
    ]  # fmt: skip
    reading = client.read_item("acme/shop", number)
    (item,) = reading.items
    assert item.kind is Kind.PULL_REQUEST
    assert item.pull is not None
    assert (item.pull.lines, item.pull.files, item.pull.mergeable, item.pull.from_fork) == (5, 1, True, False)
    assert [(one.native_id, one.state) for one in reading.reviews] == [("1", "approved")]
    assert [one.natural_key for one in reading.changes] == ["review:1"]
    assert reading.texts[0].closes == ("77/7",)
    assert client.calls == 4
    client.read_item("acme/shop", number)
    assert client.calls == 7, "the repository is known by now"


def test_a_transferred_issue_is_told_as_moved(fake, client, target):
    moved = {**fake.issues[1], "number": 5, "repository_url": f"{fake.url}/repos/acme/store"}
    there = {**fake.repository(), "id": 88, "full_name": "acme/store"}
    fake.fail("GET /repos/acme/shop/issues/1", Failure(200, moved))
    fake.fail("GET /repos/acme/store", Failure(200, there))
    (item,) = client.read_item("acme/shop", 1).items
    assert (item.native_id, item.moved_to, item.as_of, item.text) == ("77/1", "88/5", None, None)


def test_comments_are_looked_through_page_by_page(fake, client, target):
    for place in range(230):
        fake.add_comment(1, "ada", f"word {place}")
    fake.add_comment(1, "plumb", f"> <!-- {MARKER} --> quoted")
    mine = fake.add_comment(1, "plumb", f"x\r\n<!-- {MARKER} -->")
    found = client.find_comment(target, MARKER)
    assert found is not None
    assert found.native_id == str(mine["id"])
    assert client.calls == 4, "who we are, and three pages"


def test_a_label_is_made_with_colour_and_description(fake, client):
    client.ensure_label("acme/shop", LabelSpec("plumb:scope", "ffffff", "d" * 150))
    assert fake.labels["plumb:scope"] == {"name": "plumb:scope", "color": "ffffff", "description": "d" * 100}
    client.ensure_label("acme/shop", LabelSpec("plumb:scope", "000000", "other"))
    assert fake.labels["plumb:scope"]["color"] == "ffffff"
    assert client.calls == 2
