"""People on the command line: added with a link or a password, changed, shut out."""

from __future__ import annotations

import json

from app.services import accounts
from app.time import real_now

PASSWORD = "four words in a row"


def signs_in(db, name, password=PASSWORD):
    return accounts.sign_in(db, name=name, password=password, agent="", now=real_now()) is not None


def test_somebody_is_added_with_a_link_and_changed_and_shut_out(home, plumbline, db):
    said = plumbline("user", "add", "Ada", "--role", "admin")
    assert said.code == 0
    assert "/sign-in/" in said.out
    assert plumbline("user", "add", "ada").code == 2
    assert plumbline("user", "add", "Bob", "--programme", "nowhere").code == 2
    assert plumbline("user", "change", "nobody", "--role", "viewer").code == 2
    assert "Somebody must be left" in plumbline("user", "disable", "ada").err
    assert plumbline("user", "add", "Bob", "--all-projects").code == 0
    assert plumbline("user", "change", "bob", "--role", "editor", "--secured").code == 0
    assert plumbline("user", "disable", "bob").out == "Bob is shut out.\n"
    found = {one["name"]: one for one in json.loads(plumbline("user", "list", "--json").out)}
    bob = found["Bob"]
    assert (bob["role"], bob["all_projects"], bob["secured"]) == ("editor", True, True)
    assert bob["disabled_at"] is not None
    assert plumbline("link", "--for", "bob").code == 2
    assert plumbline("user", "enable", "bob").code == 0
    assert "/sign-in/" in plumbline("link", "--for", "bob").out


def test_a_password_is_read_never_given_as_a_word(home, plumbline, db):
    assert plumbline("user", "add", "Ada", "--password", PASSWORD).code == 2
    plumbline("user", "add", "Ada")
    for word, code in (("short", 2), (PASSWORD, 0)):
        assert plumbline("user", "password", "ada", stdin=f"{word}\n").code == code
    assert signs_in(db, "Ada")


def test_tokens_are_listed_and_revoked(home, plumbline, db):
    plumbline("user", "add", "Ada")
    assert plumbline("token", "create", "bot", "--for", "ada", "--scope", "rules").code == 2
    assert plumbline("token", "create", "bot", "--for", "ada").code == 0
    assert [one["owner"] for one in json.loads(plumbline("token", "list", "--json").out)] == ["Ada"]
    assert plumbline("token", "revoke", "bot", "--yes").code == 0
    assert plumbline("token", "revoke", "bot", "--yes").code == 2
