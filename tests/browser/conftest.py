"""Pages in a real browser: Debian's chromium, driven by Playwright, over a served application with a seeded world."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from app.services import access
from app.time import real_now
from app.web.app import create_app
from tests.support_made import Made, seeded
from tests.web.conftest import Site, build


@dataclass(frozen=True)
class Served(Site):
    """A served application and its address."""

    url: str = ""

    def link(self) -> str:
        """A link that signs in once, as an admin."""
        return access.new_sign_in_link(self.runtime.db, self.url, real_now())


def serve(url: str, home: Path, *, fill: Callable[[Any], dict[str, int]]) -> Any:
    """Serve an application over a database for the length of a `with`-like generator; `fill` gives the ids of what is
    in it.
    """
    runtime = build(url, home)
    ids = fill(runtime)
    app = create_app(runtime)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield Served(app=app, runtime=runtime, ids=ids, url=f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()
    thread.join(5)
    runtime.db.dispose()


@pytest.fixture(scope="session")
def served(_sqlite_made: Made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The seeded world, served, for tests that only look. Those that change something take `own`."""
    folder = tmp_path_factory.mktemp("served")
    with _sqlite_made.copy(seeded, folder) as (url, ids):
        yield from serve(url, folder / "home", fill=lambda runtime: ids)


@pytest.fixture
def own(seeded_sqlite: tuple[str, dict[str, int]], tmp_path: Path) -> Iterator[Served]:
    """The seeded world, served for one test alone."""
    url, ids = seeded_sqlite
    yield from serve(url, tmp_path / "home", fill=lambda runtime: ids)
