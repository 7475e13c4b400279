"""From the clock's bell to a real service: the job that a bell of a target starts, and apprise behind it."""

from __future__ import annotations

import importlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import bootstrap
from app.clock import tick
from app.services import targets
from app.settings import Settings
from app.store import models
from app.time import real_now
from app.worker import jobs
from tests.services.teller import STALLED, Teller, quiet
from tests.world import KEY, Bells, World


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    made = World(sqlite_url, tmp_path)
    yield made
    made.close()


def test_every_bell_starts_a_job_that_there_is() -> None:
    for _, path in bootstrap.JOBS.values():
        module, _, name = path.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def test_a_message_goes_from_the_clock_to_a_real_service(
    world: World, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    runtime = bootstrap.build(
        Settings(home=tmp_path / "home", database_url=sqlite_url, secret_key=KEY.decode(), base_url="http://plumb")
    )
    rung = Bells()
    object.__setattr__(runtime, "ringer", rung)
    monkeypatch.setattr(jobs, "runtime", lambda: runtime)
    monkeypatch.setattr(tick, "runtime", lambda: runtime)
    address = f"json://127.0.0.1:{server.server_port}/"
    targets.add(world.db, world.vault, runtime.notifier, name="boss", address=address, author="test", now=real_now())
    teller = Teller(world)
    teller.roles(lead="boss")
    world.rules(STALLED)
    quiet(world, 7)
    for _ in range(2):
        world.wait(minutes=61)
        world.drain()
    tick.tick()
    bells = [row_id for kind, row_id in rung.rung if kind == "target"]
    assert len(bells) == 1
    assert jobs.notify_target(bells[0]) == 1
    assert [one["title"] for one in told] == ["acme/shop #7: Quiet for 3 days (since Mon 2 Mar)."]
    assert teller.told() == [("lead.1", "boss", "sent")]
    rung.rung.clear()
    world.sql(sa.update(models.instance).values(ticked_at=real_now()))
    tick.tick()
    assert [kind for kind, _ in rung.rung if kind == "target"] == []
    server.shutdown()
    server.server_close()
    runtime.db.dispose()
