"""An application over a database of the test's own, a signed-in browser, and a seeded world."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import bootstrap
from app.services import access
from app.settings import Settings
from app.time import real_now
from app.web.app import create_app
from tests.web.seed import seed


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
        """A browser that has used a link."""
        client = self.app.test_client()
        url = access.new_sign_in_link(self.runtime.db, "", real_now())
        client.post(url, data={"csrf_token": token_of(client, url)})
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
def site(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """An installation with the seeded world."""
    runtime = build(sqlite_url, tmp_path / "home")
    ids = seed(runtime.db)
    yield Site(app=create_app(runtime), runtime=runtime, ids=ids)
    runtime.db.dispose()


@pytest.fixture
def browser(site: Site) -> FlaskClient:
    """A signed-in browser in the seeded world."""
    return site.signed_in()
