"""An application over a database of the test's own, a signed-in browser, and a seeded world."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash

from app import bootstrap
from app.services import access, accounts, passwords
from app.services.accounts import May
from app.settings import Settings
from app.time import real_now
from app.web.app import create_app

PASSWORD = "four words in a row"


@pytest.fixture(autouse=True)
def quick_passwords(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are stored by the same method, but with a sixteenth of its work; `slow_passwords` has the whole."""
    if request.node.get_closest_marker("slow_passwords") is None:
        monkeypatch.setattr(passwords, "generate_password_hash", quick_hash)


def quick_hash(password: str, method: str) -> str:
    assert method == "scrypt"
    return generate_password_hash(password, method="scrypt:2048:8:1")


class FakeBroker:
    """A broker that answers."""

    def ping(self) -> bool:
        return True

    def llen(self, _name: str) -> int:
        return 3


@dataclass(frozen=True)
class Site:
    """An application, what it stands on, and the ids of the seeded world (empty where nothing is seeded)."""

    app: Flask
    runtime: Any
    ids: dict[str, int]

    def signed_in(self) -> FlaskClient:
        """A browser that has used a link: as an admin who sees everything."""
        client = self.app.test_client()
        url = access.new_sign_in_link(self.runtime.db, "", real_now())
        # the name and password are for the first account, where the link leads to making one
        data = {"csrf_token": token_of(client, url), "name": "First", "password": PASSWORD}
        assert client.post(url, data=data).status_code == 303
        return client

    def add_person(self, name: str, **may: Any) -> int:
        """Somebody with PASSWORD, and what `May` takes. Gives the id."""
        return accounts.add(self.runtime.db, name=name, may=May(**may), password=PASSWORD, who="test", now=real_now())

    def signed_in_as(self, name: str) -> FlaskClient:
        """A browser in which somebody has signed in with PASSWORD."""
        client = self.app.test_client()
        data = {"csrf_token": token_of(client, "/sign-in"), "name": name, "password": PASSWORD}
        assert client.post("/sign-in", data=data).status_code == 303
        return client


def token_of(client: FlaskClient, path: str) -> str:
    """The CSRF token of a page's first form."""
    text = client.get(path).get_data(as_text=True)
    return text.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]


def build(url: str, home: Path) -> Any:
    runtime = bootstrap.build(Settings(home=home, database_url=url, base_url="http://plumb.example"))
    return replace(runtime, broker=FakeBroker())


@pytest.fixture
def empty_site(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """An installation that has just been migrated."""
    runtime = build(sqlite_url, tmp_path / "home")
    yield Site(app=create_app(runtime), runtime=runtime, ids={})
    runtime.db.dispose()


@pytest.fixture
def site(seeded_sqlite: tuple[str, dict[str, int]], tmp_path: Path) -> Iterator[Site]:
    """An installation with the seeded world."""
    url, ids = seeded_sqlite
    runtime = build(url, tmp_path / "home")
    yield Site(app=create_app(runtime), runtime=runtime, ids=ids)
    runtime.db.dispose()


@pytest.fixture
def browser(site: Site) -> FlaskClient:
    """A signed-in browser in the seeded world."""
    return site.signed_in()
