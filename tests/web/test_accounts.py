"""People who sign in: the first one, by name and password, by links, at a provider's; what they make and end."""

from __future__ import annotations

import re
from datetime import timedelta
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.errors import UserError
from app.services import access, accounts, passwords, sessions
from app.services.access import Role
from app.services.accounts import May
from app.store import models as m
from app.time import real_now
from tests.web.conftest import PASSWORD, Site, token_of

OTHER = "another four words together"


def sign_in(site: Site, name: str, password: str) -> tuple[FlaskClient, int]:
    client = site.app.test_client()
    data = {"csrf_token": token_of(client, "/sign-in"), "name": name, "password": password}
    return client, client.post("/sign-in", data=data).status_code


def send(client: FlaskClient, path: str, **data: object) -> tuple[int, str]:
    csrf = token_of(client, "/settings/account")
    answer = client.post(path, data={"csrf_token": csrf, **data})
    return answer.status_code, answer.get_data(as_text=True)


def audited(site: Site) -> list[str]:
    with site.runtime.db.read() as tx:
        return list(tx.scalars(sa.select(m.audit.c.what).order_by(m.audit.c.id)))


def test_the_first_link_makes_the_first_admin_and_the_next_one_is_for_recovery(empty_site: Site) -> None:
    db, client = empty_site.runtime.db, empty_site.app.test_client()
    link = access.new_sign_in_link(db, "", real_now())
    assert "Make the first account" in client.get(link).get_data(as_text=True)
    csrf = token_of(client, link)
    for wrong in ({"name": "", "password": PASSWORD}, {"name": "Ada", "password": "short"}, {}):
        assert client.post(link, data={"csrf_token": csrf, **wrong}).status_code == 422
    assert client.post(link, data={"csrf_token": csrf, "name": "Ada", "password": PASSWORD}).status_code == 303
    assert "You are Ada, an admin" in client.get("/settings/account").get_data(as_text=True)
    second, other = access.new_sign_in_link(db, "", real_now()), empty_site.app.test_client()
    assert "There are accounts here already" in other.get(second).get_data(as_text=True)
    other.post(second, data={"csrf_token": token_of(other, second)})
    assert other.get("/settings/people").status_code == 200
    assert audited(empty_site) == ["person added", "signed in by link"]


def test_a_demo_link_signs_in_at_once_without_an_account(site: Site) -> None:
    page = site.signed_in().get("/settings/account").get_data(as_text=True)
    assert "You are in without an account" in page


def test_name_and_password_sign_in_and_what_was_wrong_is_not_said(site: Site) -> None:
    site.add_person("Ada")
    out = site.add_person("Joan")
    accounts.set_disabled(site.runtime.db, out, disabled=True, who="test", now=real_now())
    client, status = sign_in(site, "  aDA ", PASSWORD)
    assert (status, client.get("/").status_code) == (303, 200)
    said = set()
    for name, password in (("Ada", "wrong"), ("Nobody", PASSWORD), ("Joan", PASSWORD), ("Ada", PASSWORD + " ")):
        refused = site.app.test_client()
        data = {"csrf_token": token_of(refused, "/sign-in"), "name": name, "password": password}
        answer = refused.post("/sign-in", data=data)
        assert answer.status_code == 422
        said.add(re.sub(r'value="[^"]*"', "", answer.get_data(as_text=True)))
    assert len(said) == 1
    metrics = site.app.test_client().get("/metrics").get_data(as_text=True)
    assert 'plumbline_sign_ins_refused_total{why="password"} 4.0' in metrics


def test_a_password_is_compared_for_unknown_names_too(site: Site) -> None:
    with patch.object(passwords, "check_password_hash", return_value=False) as compared:
        assert accounts.sign_in(site.runtime.db, name="nobody", password="x", agent="", now=real_now()) is None
    assert compared.call_count == 1


def test_too_many_tries_for_one_account_end_in_a_pause_for_that_one_alone(site: Site) -> None:
    site.add_person("Ada")
    site.add_person("Bob")
    with patch.object(passwords, "check_password_hash", return_value=False):
        assert [sign_in(site, "Ada", "wrong")[1] for _ in range(11)] == [422] * 10 + [429]
        assert sign_in(site, "Bob", "wrong")[1] == 422
    assert sign_in(site, "ada", PASSWORD)[1] == 429
    assert sign_in(site, "Bob", PASSWORD)[1] == 303


def test_too_many_tries_from_one_address_end_in_a_pause(site: Site) -> None:
    with patch.object(passwords, "check_password_hash", return_value=False):
        said = [sign_in(site, f"name {number}", "wrong")[1] for number in range(61)]
    assert said == [422] * 60 + [429]


@pytest.mark.parametrize(
    ("password", "name"),
    [("short", "Ada"), ("aaaaaaaaaaaaaaaa", "Ada"), ("GraceHopper1", "gracehopper"), ("x" * 201, "A")],
)
def test_a_weak_password_is_refused_with_words(password: str, name: str) -> None:
    assert passwords.what_is_wrong(password, name).startswith("must")


@pytest.mark.slow_passwords
def test_a_password_is_stored_salted_and_slow(site: Site) -> None:
    id_ = site.add_person("Ada")
    with site.runtime.db.read() as tx:
        stored = tx.scalar(sa.select(m.account.c.password).where(m.account.c.id == id_))
    assert stored.startswith("scrypt:32768:8:1$")
    assert PASSWORD not in stored


def test_signing_in_gives_a_new_session_and_signing_out_ends_it(site: Site) -> None:
    site.add_person("Ada")
    client = site.signed_in_as("Ada")
    with client.session_transaction() as cookie:
        key = cookie["id"]
    csrf = token_of(client, "/settings/account")
    client.post("/sign-out", data={"csrf_token": csrf})
    assert sessions.find(site.runtime.db, key, real_now()) is None
    again = site.signed_in_as("Ada")
    with again.session_transaction() as cookie:
        assert cookie["id"] != key


def test_a_session_lasts_longer_when_it_is_used_and_no_copy_of_the_database_opens_it(site: Site) -> None:
    db, now = site.runtime.db, real_now()
    site.add_person("Ada")
    key = accounts.sign_in(db, name="Ada", password=PASSWORD, agent="", now=now)
    assert key is not None
    for days in (10, 20, 30):
        assert sessions.find(db, key, now + timedelta(days=days)) is not None
    assert sessions.find(db, key, now + timedelta(days=44)) is None
    with db.read() as tx:
        assert key not in list(tx.scalars(sa.select(m.web_session.c.digest)))


def test_another_password_ends_every_other_session(site: Site) -> None:
    site.add_person("Ada")
    one, other = site.signed_in_as("Ada"), site.signed_in_as("Ada")
    path = "/settings/account/password"
    assert send(one, path, present="wrong", password=OTHER)[0] == 422
    assert send(one, path, present=PASSWORD, password="short")[0] == 422
    assert other.get("/").status_code == 200
    assert send(one, path, present=PASSWORD, password=OTHER)[0] == 303
    assert one.get("/").status_code == 200
    assert other.get("/").status_code == 303
    assert sign_in(site, "Ada", PASSWORD)[1] == 422
    assert sign_in(site, "Ada", OTHER)[1] == 303


@pytest.mark.parametrize("how", ["role", "shut out", "everywhere"])
def test_sessions_end_when_somebody_changes(site: Site, how: str) -> None:
    id_, db, now = site.add_person("Ada"), site.runtime.db, real_now()
    client = site.signed_in_as("Ada")
    if how == "role":
        accounts.change(db, id_, may=May(role=Role.EDITOR), who="test", now=now)
    elif how == "shut out":
        accounts.set_disabled(db, id_, disabled=True, who="test", now=now)
    else:
        assert send(client, "/settings/account/sign-out-everywhere")[0] == 303
    assert client.get("/").location == "/sign-in"


def test_an_admin_adds_somebody_who_chooses_a_password_by_a_link(site: Site) -> None:
    admin = site.signed_in()
    status, page = send(admin, "/settings/people/new", name="Ada", role="editor", sees="all")
    assert status == 200
    link = re.search(r"http://plumb.example(/sign-in/[\w-]+)", page)
    assert link is not None
    client = site.app.test_client()
    csrf = token_of(client, link[1])
    assert client.post(link[1], data={"csrf_token": csrf, "password": "short"}).status_code == 422
    assert client.post(link[1], data={"csrf_token": csrf, "password": PASSWORD}).status_code == 303
    assert client.post("/pause", data={"csrf_token": token_of(client, "/settings/account")}).status_code == 303
    assert sign_in(site, "Ada", PASSWORD)[1] == 303
    status, page = send(admin, "/settings/people/new", name="ADA", mail="no address")
    assert status == 422
    assert "taken" in page


def test_somebody_must_be_left_who_may_do_everything(site: Site) -> None:
    id_, admin = site.add_person("Ada", role=Role.ADMIN), site.signed_in()
    assert send(admin, f"/settings/people/{id_}", name="Ada", role="viewer", sees="all")[0] == 422
    send(admin, f"/settings/people/{id_}/shut-out")
    assert sign_in(site, "Ada", PASSWORD)[1] == 303
    site.add_person("Bob", role=Role.ADMIN)
    assert send(admin, f"/settings/people/{id_}", name="Ada", role="viewer", sees="all")[0] == 303


def test_a_token_may_never_more_than_its_owner_and_is_shown_once(site: Site) -> None:
    db, id_ = site.runtime.db, site.add_person("Ada", role=Role.EDITOR, all_projects=True)
    client = site.signed_in_as("Ada")
    assert send(client, "/settings/account/tokens", token="bot", scope="admin")[0] == 422
    status, page = send(client, "/settings/account/tokens", token="bot", scope=["answer", "rules"])
    token = re.search(r"plb_[\w-]+", page)
    assert status == 200
    assert token is not None
    assert token[0] not in client.get("/settings/account").get_data(as_text=True)
    user = access.check_token(db, token[0], real_now())
    assert user is not None
    assert [scope for scope in access.SCOPES if user.allows(scope)] == ["read", "answer", "rules"]
    assert user.name == "Ada (token bot)"
    accounts.change(db, id_, may=May(role=Role.VIEWER), who="test", now=real_now())
    user = access.check_token(db, token[0], real_now())
    assert user is not None
    assert [scope for scope in access.SCOPES if user.allows(scope)] == ["read"]
    assert user.projects == frozenset()
    accounts.set_disabled(db, id_, disabled=True, who="test", now=real_now())
    assert access.check_token(db, token[0], real_now()) is None


def test_tokens_are_revoked_by_their_owner_or_an_admin_and_by_nobody_else(site: Site) -> None:
    db = site.runtime.db
    ada, _bob = site.add_person("Ada"), site.add_person("Bob")
    token = access.create_token(db, "mine", owner=ada, now=real_now())
    with db.read() as tx:
        id_ = tx.scalar(sa.select(m.api_token.c.id))
    path = f"/settings/account/tokens/{id_}/revoke"
    bob = site.signed_in_as("Bob")
    assert send(bob, path)[0] == send(bob, "/settings/account/tokens/999/revoke")[0] == 404
    assert access.check_token(db, token, real_now()) is not None
    assert send(site.signed_in_as("Ada"), path)[0] == 303
    assert access.check_token(db, token, real_now()) is None
    with pytest.raises(UserError, match="no such token"):
        access.revoke_token(
            db, id_, user=access.User(name="x", signed_in_at=real_now(), role=Role.ADMIN), now=real_now()
        )


def test_a_role_is_reached_by_those_below_it_never(site: Site) -> None:
    user = access.User(name="x", signed_in_at=real_now(), role=Role.EDITOR)
    assert [user.may(role) for role in Role] == [True, True, False]
    assert [scope for scope in access.SCOPES if user.allows(scope)] == ["read", "answer", "rules", "operate"]


def test_one_comes_back_to_the_page_one_wanted(site: Site) -> None:
    site.add_person("Ada", all_projects=True)
    client = site.app.test_client()
    assert client.get(f"/i/{site.ids['item']}?all=1").location == "/sign-in"
    data = {"csrf_token": token_of(client, "/sign-in"), "name": "Ada", "password": PASSWORD}
    assert client.post("/sign-in", data=data).location == f"/i/{site.ids['item']}?all=1"
