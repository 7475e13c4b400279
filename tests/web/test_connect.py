"""Connecting through the pages: what is tried, what is kept, and what a connection's page says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask.testing import FlaskClient

from app.services import access, connecting
from app.store import trackers
from app.web import auth
from app.web.app import create_app
from tests.contract.fake_github import Failure, FakeGitHub, fake_github
from tests.contract.fake_jira import FakeJira, fake_jira
from tests.web.conftest import Site, token_of

HERE = "https://plumb.example"


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    with fake_github() as found:
        yield found


@pytest.fixture
def here(empty_site: Site) -> Site:
    """An installation with nothing in it, at an address of its own, that may call trackers over http."""
    settings = empty_site.runtime.settings.model_copy(update={"allow_http": True, "base_url": HERE})
    runtime = replace(empty_site.runtime, settings=settings)
    app = create_app(runtime)
    app.config["SESSION_COOKIE_SECURE"] = False
    return Site(app=app, runtime=runtime, ids={})


@pytest.fixture
def admin(here: Site) -> FlaskClient:
    return here.signed_in()


@pytest.fixture(scope="module")
def pem() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kind, form = serialization.PrivateFormat.TraditionalOpenSSL, serialization.Encoding.PEM
    return made.private_bytes(form, kind, serialization.NoEncryption()).decode()


def page(browser: FlaskClient, path: str, *, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status
    return unescape(answer.get_data(as_text=True))


def send(
    browser: FlaskClient, path: str, *, on: str = "/projects/connect/jira", status: int = 303, **data: object
) -> str:
    answer = browser.post(path, data={"csrf_token": token_of(browser, on), **data})
    assert answer.status_code == status, unescape(answer.get_data(as_text=True))
    return unescape(answer.get_data(as_text=True)) if status != 303 else answer.headers["Location"]


def with_token(browser: FlaskClient, hub: FakeGitHub, *, status: int = 303, **data: object) -> str:
    return send(
        browser, "/projects/connect/github", status=status, **{"name": "work", "url": hub.url, "token": "good"} | data
    )


def connections(here: Site) -> list[trackers.ConnectionRow]:
    with here.runtime.db.read() as tx:
        return connecting.connections(tx)


def watched(here: Site) -> list[trackers.ProjectRow]:
    with here.runtime.db.read() as tx:
        return trackers.projects(tx)


# --- the first steps ---


def test_an_empty_overview_leads_to_connecting(admin: FlaskClient) -> None:
    assert 'href="/projects/connect"' in page(admin, "/")
    assert 'href="/projects/connect/github"' in page(admin, "/projects/connect")


def test_the_demo_connects_nothing_and_says_what_to_do_instead(browser: FlaskClient) -> None:
    for path in ("/projects/connect", "/projects/connect/github", "/projects/connect/jira"):
        text = page(browser, path)
        assert "plumbline up --home" in text
        assert 'type="password"' not in text


# --- with a token ---


def test_a_good_token_is_kept_sealed_and_leads_to_the_choice(admin: FlaskClient, here: Site, hub: FakeGitHub) -> None:
    assert with_token(admin, hub) == "/projects/connections/1/projects"
    (row,) = connections(here)
    assert (row.tracker_name, row.status, row.login, row.base_url) == ("work", "ok", "plumb", hub.url)
    assert "good" not in row.credentials
    assert "acme/shop" in page(admin, "/projects/connections/1/projects")


def test_a_token_that_lacks_something_is_not_kept_unless_somebody_says_so(
    admin: FlaskClient, here: Site, hub: FakeGitHub
) -> None:
    hub.scopes = "read:org"
    text = with_token(admin, hub, status=422)
    assert "missing scope repo" in text
    assert "nothing is stored yet" in text
    assert connections(here) == []
    sealed = re.findall(r'name="sealed" value="([^"]+)"', text)[0]
    assert "good" not in sealed
    with_token(admin, hub, token="", sealed=sealed)
    (row,) = connections(here)
    assert row.status != "ok"
    assert "cannot read or write" in page(admin, "/projects/connections/1")


def test_what_was_tried_is_not_kept_for_another_address(admin: FlaskClient, here: Site, hub: FakeGitHub) -> None:
    hub.scopes = "read:org"
    sealed = re.findall(r'name="sealed" value="([^"]+)"', with_token(admin, hub, status=422))[0]
    text = with_token(admin, hub, token="", sealed=sealed, url=f"{hub.url}/elsewhere", status=422)
    assert "the address has changed" in text
    assert connections(here) == []


def test_a_refused_token_and_a_silent_tracker_are_told_apart(admin: FlaskClient, here: Site, hub: FakeGitHub) -> None:
    assert "It was refused" in with_token(admin, hub, token="bad", status=422)
    hub.fail("GET /user", Failure(503, {}), times=3)
    assert "The tracker does not answer" in with_token(admin, hub, status=422)
    assert connections(here) == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("token", "", "is needed"),
        ("name", "a b", "letters, digits, dots and dashes"),
        ("url", "ftp://x", "is no address"),
        ("url", "https://user:pw@git.example", "holds a user or a password"),
        ("url", "http://169.254.169.254/latest", "no place for a tracker"),
    ],
)
def test_what_is_wrong_is_said_by_its_field_and_what_was_typed_stays(
    admin: FlaskClient, here: Site, hub: FakeGitHub, field: str, value: str, said: str
) -> None:
    text = with_token(admin, hub, status=422, **{field: value})
    assert said in text
    assert "good" not in re.findall(r'type="password" value="([^"]*)"', text)
    assert hub.calls == []
    assert connections(here) == []


def test_without_leave_no_tracker_is_called_over_http(empty_site: Site, hub: FakeGitHub) -> None:
    browser = empty_site.signed_in()
    assert "must begin with https://" in with_token(browser, hub, status=422)
    assert hub.calls == []


# --- as an App ---


def manifest_of(text: str) -> dict[str, object]:
    return json.loads(re.findall(r"name=\"manifest\" value='?\"?(\{.*?\})\"?'?><button", text)[0])


def test_the_app_is_offered_ready_to_be_made_and_only_this_page_may_send_there(admin: FlaskClient) -> None:
    answer = admin.get("/projects/connect/github")
    text = unescape(answer.get_data(as_text=True))
    assert 'action="https://github.com/settings/apps/new?state=' in text
    made = manifest_of(text)
    assert made["hook_attributes"] == {"url": f"{HERE}/webhooks/github/github", "active": True}
    assert made["redirect_url"] == f"{HERE}/projects/connect/github/made"
    assert "form-action 'self' https://github.com;" in answer.headers["Content-Security-Policy"]
    other = admin.get("/projects/connect/jira").headers["Content-Security-Policy"]
    assert "form-action 'self';" in other


def test_an_enterprise_server_and_an_organisation_are_sent_to_where_they_are(admin: FlaskClient) -> None:
    answer = admin.get("/projects/connect/github?site=https://git.acme.example&organisation=acme&called=ghe")
    assert 'action="https://git.acme.example/organizations/acme/settings/apps/new?' in answer.get_data(as_text=True)
    assert "form-action 'self' https://git.acme.example;" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("bad", ["site=http://x%20y", "organisation=a/b", "called=a%20b", "site=javascript:alert(1)"])
def test_an_address_that_is_none_is_sent_to_nowhere(admin: FlaskClient, bad: str) -> None:
    answer = admin.get(f"/projects/connect/github?{bad}")
    assert answer.status_code == 422
    assert "apps/new" not in answer.get_data(as_text=True)
    assert "form-action 'self';" in answer.headers["Content-Security-Policy"]


def begin(admin: FlaskClient, hub: FakeGitHub) -> str:
    text = page(admin, f"/projects/connect/github?site={hub.url}&called=work")
    return re.findall(r"apps/new\?state=([A-Za-z0-9_-]+)", text)[0]


def test_the_app_comes_back_is_kept_installed_and_watches(
    admin: FlaskClient, here: Site, hub: FakeGitHub, pem: str
) -> None:
    hub.codes, hub.pem, hub.installed = {"abc"}, pem, False
    hub.app_permissions = {"metadata": "read", "issues": "write", "pull_requests": "write", "checks": "read", "statuses": "read"}  # fmt: skip
    state = begin(admin, hub)
    answer = admin.get(f"/projects/connect/github/made?code=abc&state={state}")
    assert answer.headers["Location"] == "/projects/connections/1"
    text = page(admin, "/projects/connections/1")
    assert f'href="{hub.url}/apps/plumbline/installations/new"' in text
    (row,) = connections(here)
    assert (row.kind, row.installation) == ("app", None)
    assert "PRIVATE" not in row.credentials
    assert connecting.webhook_secret(here.runtime.db, here.runtime.vault, row.tracker_id) == "made by GitHub"
    look = "/projects/connections/1/installations"
    assert send(admin, look) == "/projects/connections/1"
    assert "installed nowhere else yet" in page(admin, "/projects/connections/1")
    hub.installed = True
    assert 'action="/projects/connections/1/installations"' in page(admin, "/projects/connect/github/installed")
    assert send(admin, look) == "/projects/connections/1/projects"
    (row,) = connections(here)
    assert (row.installation, row.login, row.dedicated, row.status) == ("42", "plumbline[bot]", True, "ok")
    send(admin, "/projects/connections/1/projects", keys="acme/shop")
    (project,) = watched(here)
    assert project.key == "acme/shop"


def test_a_code_without_our_state_is_not_exchanged(admin: FlaskClient, here: Site, hub: FakeGitHub, pem: str) -> None:
    hub.codes, hub.pem = {"abc"}, pem
    state = begin(admin, hub)
    for said in ("", "x", state[:-1]):
        assert admin.get(f"/projects/connect/github/made?code=abc&state={said}").headers["Location"].endswith("/github")
    stranger = here.signed_in()
    stranger.get(f"/projects/connect/github/made?code=abc&state={state}")
    assert connections(here) == []
    assert hub.codes == {"abc"}


def test_a_state_is_good_once(admin: FlaskClient, here: Site, hub: FakeGitHub, pem: str) -> None:
    hub.codes, hub.pem = {"abc", "def"}, pem
    state = begin(admin, hub)
    admin.get(f"/projects/connect/github/made?code=wrong&state={state}")
    assert "could not be taken over" in page(admin, "/projects/connect/github")
    admin.get(f"/projects/connect/github/made?code=abc&state={state}")
    assert connections(here) == []


# --- Jira ---


@pytest.fixture(params=["cloud", "datacenter"])
def jira(request: pytest.FixtureRequest) -> Iterator[FakeJira]:
    with fake_jira(request.param) as found:
        yield found


def with_jira(admin: FlaskClient, jira: FakeJira, *, status: int = 303, **data: object) -> str:
    cloud = jira.world.cloud
    given = {"name": "plans", "edition": "cloud" if cloud else "datacenter", "url": jira.url, "token": "good"}
    return send(admin, "/projects/connect/jira", status=status, **given | {"account": jira.mail} | data)


def test_a_jira_is_connected_with_what_its_edition_takes(admin: FlaskClient, here: Site, jira: FakeJira) -> None:
    assert with_jira(admin, jira) == "/projects/connections/1/projects"
    (row,) = connections(here)
    assert row.status == "ok"
    send(admin, "/projects/connections/1/projects", keys="PAY", arrival="polling")
    (project,) = watched(here)
    assert project.key == "PAY"
    assert "plans" in page(admin, "/projects/connections/1")


def test_the_other_editions_credentials_are_told_for_what_they_are(
    admin: FlaskClient, here: Site, jira: FakeJira
) -> None:
    other = "datacenter" if jira.world.cloud else "cloud"
    assert "but the token came with" in with_jira(admin, jira, status=422, edition=other)
    assert connections(here) == []


def test_jira_cloud_without_a_mail_address_is_asked_for_it(admin: FlaskClient) -> None:
    text = send(
        admin, "/projects/connect/jira", status=422, name="j", edition="cloud", url="https://a.example", token="x"
    )
    assert "must be the e-mail address" in text


# --- looking after, and who may ---


def test_a_new_token_is_tried_before_it_is_used(admin: FlaskClient, here: Site, hub: FakeGitHub) -> None:
    with_token(admin, hub)
    before = connections(here)[0].credentials
    one = "/projects/connections/1"
    assert "was not taken" in send(admin, f"{one}/token", token="bad", status=422)
    assert connections(here)[0].credentials == before
    hub.tokens.add("fresh")
    send(admin, f"{one}/token", token="fresh")
    assert connections(here)[0].credentials != before
    assert "The new token is in use" in page(admin, one)


def test_the_secret_is_shown_while_it_is_needed_and_on_request_and_can_be_changed(
    admin: FlaskClient, here: Site, hub: FakeGitHub
) -> None:
    with_token(admin, hub)
    tracker = connections(here)[0].tracker_id

    def stored() -> str:
        return connecting.webhook_secret(here.runtime.db, here.runtime.vault, tracker)

    before = stored()
    assert before in page(admin, "/projects/connections/1")
    text = send(admin, "/projects/connections/1/secret", do="rotate", status=200)
    assert stored() != before
    assert stored() in text
    assert stored() in send(admin, "/projects/connections/1/secret", do="show", status=200)


def test_a_tracker_is_disconnected_only_by_its_name(admin: FlaskClient, here: Site, hub: FakeGitHub) -> None:
    with_token(admin, hub)
    leave = "/projects/connections/1/leave"
    assert "Disconnect work?" in page(admin, leave)
    send(admin, leave, name="other")
    assert len(connections(here)) == 1
    send(admin, leave, name="work")
    assert connections(here) == []
    page(admin, "/projects/connections/1", status=404)


def test_a_project_is_left_by_its_name_and_its_page_is_gone(admin: FlaskClient, here: Site, hub: FakeGitHub) -> None:
    with_token(admin, hub)
    send(admin, "/projects/connections/1/projects", keys="acme/shop")
    assert "Stop watching acme/shop?" in page(admin, "/projects/1/leave")
    send(admin, "/projects/1/leave", key="shop")
    assert len(watched(here)) == 1
    send(admin, "/projects/1/leave", key="acme/shop", purge="yes")
    assert watched(here) == []
    page(admin, "/projects/1", status=404)


def test_what_was_missed_is_looked_for_by_button(admin: FlaskClient, here: Site, hub: FakeGitHub) -> None:
    with_token(admin, hub)
    send(admin, "/projects/connections/1/projects", keys="acme/shop")
    assert send(admin, "/projects/1/reconcile") == "/projects/1"
    assert "It looks now" in page(admin, "/projects/1")


def test_a_choice_with_mistakes_keeps_what_was_ticked(admin: FlaskClient, here: Site, hub: FakeGitHub) -> None:
    with_token(admin, hub)
    where = "/projects/connections/1/projects"
    text = send(admin, where, keys="acme/shop", zone="Europe/Nowhere", country="XX", status=422)
    assert "no time zone" in text
    assert "no holidays known" in text
    assert 'value="acme/shop" checked' in text
    assert "tick at least one" in send(admin, where, status=422)
    assert watched(here) == []


def test_projects_are_put_together_named_and_forgotten(admin: FlaskClient, here: Site, hub: FakeGitHub) -> None:
    with_token(admin, hub)
    hub2 = {"name": "other", "url": f"{hub.url}/", "token": "good"}
    send(admin, "/projects/connect/github", **hub2)
    send(admin, "/projects/connections/1/projects", keys="acme/shop")
    send(admin, "/projects/connections/2/projects", keys="acme/shop")
    form = "/projects/programmes/new"
    assert "at least two projects" in send(admin, form, on=form, name="Checkout", projects="work/acme/shop", status=422)
    both = ["work/acme/shop", "other/acme/shop"]
    send(admin, form, on=form, name="Checkout", projects=both)
    assert "taken by another programme" in send(admin, form, on=form, name="Checkout", projects=both, status=422)
    one = "/projects/programmes/1"
    send(admin, one, on=form, name="Payments", projects=both, readers="yes")
    assert "Payments" in page(admin, "/projects")
    send(admin, one, on=form, do="remove", name="Payments")
    page(admin, one, status=404)


@pytest.mark.parametrize(
    "path",
    [
        "/projects/connect",
        "/projects/connect/github",
        "/projects/connect/github/made?code=a&state=b",
        "/projects/connect/jira",
        "/projects/connections",
        "/projects/connections/1",
        "/projects/connections/1/projects",
        "/projects/connections/1/leave",
        "/projects/1/leave",
        "/projects/programmes/new",
    ],
)
def test_only_admins_connect(path: str, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    known = auth.signed_in

    def as_editor() -> access.User | None:
        user = known()
        return None if user is None else replace(user, role=access.Role.EDITOR)

    monkeypatch.setattr(auth, "signed_in", as_editor)
    assert browser.get(path).status_code == 403
