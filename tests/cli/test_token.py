"""Tokens and links: printed once, kept as digests."""

from __future__ import annotations

from app.services import access, accounts
from app.time import real_now


def test_a_token_is_printed_once_alone_and_works(home, plumbline, db, stored):
    said = plumbline("token", "create", "dashboard")
    token = said.out.strip()
    assert said.code == 0
    assert "cannot be shown again" in said.err
    assert token.encode() not in stored()
    user = access.check_token(db, token, real_now())
    assert user is not None
    assert user.name == "token dashboard"
    again = plumbline("token", "create", "dashboard")
    assert (again.code, "already" in again.err) == (2, True)
    assert plumbline("token", "create", "other", "--scope", "write").code == 2
    assert plumbline("token", "create", " ").code == 2


def test_a_link_signs_in_once(home, plumbline, db, stored, monkeypatch):
    monkeypatch.setenv("PLUMBLINE_BASE_URL", "https://plumb.acme.example/")
    said = plumbline("link")
    assert said.code == 0
    assert said.out.startswith("https://plumb.acme.example/sign-in/")
    token = said.out.strip().rsplit("/", 1)[1]
    assert token.encode() not in stored()
    found = access.look_at_link(db, token, real_now())
    assert found is not None
    assert found.to == "first"
    made = {"name": "Ada", "password": "four words in a row", "agent": "", "now": real_now()}
    assert accounts.use_link(db, token, **made)
    assert accounts.use_link(db, token, **made) is None
    assert plumbline("link").out != said.out
