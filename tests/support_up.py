"""A whole installation as users run it: `plumbline up` with a home of its own, and what a test asks of its database.

with installed(home) as here:
    ...                                  # trackers, projects and rules through the services
    with here.up(log) as process:
        here.wait_ready(process)
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from subprocess import Popen
from typing import Any

import psutil
import pytest
import sqlalchemy as sa

from app import bootstrap
from app.cli.up import is_ready
from app.services.drain import Drain, drain
from app.settings import Settings, load_settings
from app.store import instance, models, publications, subjects
from app.time import WorldClock, real_now
from tests.support import eventually, free_port, python

PARTS = {"app.worker": "worker", "app.clock": "clock", "app.web": "web", "app.cli.broker": "broker"}
SERVING = "serving"
"""The process beside the web part that answers requests: Granian starts it."""


@dataclass(frozen=True)
class Installation:
    """One home directory, port and database, and the runtime on them."""

    home: Path
    port: int
    database_url: str | None = None
    redis_url: str | None = None

    @cached_property
    def settings(self) -> Settings:
        return load_settings(home=self.home, port=self.port, database_url=self.database_url, redis_url=self.redis_url)

    @cached_property
    def runtime(self) -> bootstrap.Runtime:
        return bootstrap.build(self.settings)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def migrate(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        bootstrap.migrate(self.settings)

    def set_clock(self, moment: datetime, *, rate: float = 0.0) -> None:
        """World time from now on."""
        with self.runtime.db.write() as tx:
            instance.set_clock(tx, WorldClock(origin_real=real_now(), origin_world=moment, rate=rate))

    def ask(self, sql: str, **values: Any) -> list[Any]:
        """Rows of the database."""
        with self.runtime.db.read() as tx:
            return list(tx.execute(sa.text(sql), values))

    @contextmanager
    def run(self, *arguments: str, log: Path) -> Iterator[Popen[bytes]]:
        """Run `python ARGUMENTS` as a part of this installation; what is left of it is killed at the end."""
        env = {
            "PLUMBLINE_LOG_FORMAT": "json",
            "PLUMBLINE_HOME": str(self.home),
            "PLUMBLINE_PORT": str(self.port),
            "PLUMBLINE_DATABASE_URL": self.database_url or "",
            "PLUMBLINE_REDIS_URL": self.redis_url or "",
        }
        with python(*arguments, env=env, out=log) as process:
            try:
                yield process
            except BaseException:
                print(log.read_text("utf-8", "replace")[-8000:])
                raise

    def up(self, log: Path) -> AbstractContextManager[Popen[bytes]]:
        """`plumbline up`."""
        return self.run("-m", "app.cli", "up", "--home", str(self.home), "--port", str(self.port), log=log)

    def drain(self) -> None:
        """Do all there is to do in all lanes, in this process."""
        this = self.runtime
        deps = Drain(
            db=this.db, adapters=this.adapters, people=this.people, ringer=this.ringer, base_url=this.settings.base_url
        )
        for (lane_id,) in self.ask("SELECT id FROM lane ORDER BY id"):
            drain(deps, lane_id)

    def wait_ready(self, process: Popen[bytes], *, within: float = 90.0) -> None:
        def ready() -> bool:
            if process.poll() is not None:
                pytest.fail(f"plumbline up ended with {process.returncode}")
            return is_ready(f"{self.url}/readyz")

        eventually(ready, within=within, what="the server's start")

    def is_idle(self) -> bool:
        """Whether nothing is pending, due, or to be written at this moment of world time."""
        with self.runtime.db.read() as tx:
            world = instance.load(tx).clock.now()
            unsent = sa.select(sa.func.count()).where(
                models.publication.c.status.in_(publications.OPEN_STATUSES), models.publication.c.due_at <= world
            )
            unread = sa.select(sa.func.count()).where(models.delivery.c.status == "pending")
            return not (tx.scalar(unread) or tx.scalar(unsent) or subjects.lanes_with_due(tx, now=world))

    def wait_idle(self, *, within: float = 90.0, still: float = 0.0) -> None:
        """Wait until nothing is left to do, and no further delivery has come for `still` seconds."""
        end, quiet_since, seen = time.monotonic() + within, time.monotonic(), -1
        while True:
            now = self.ask("SELECT count(*) FROM delivery")[0][0]
            if now != seen or not self.is_idle():
                seen, quiet_since = now, time.monotonic()
            elif time.monotonic() - quiet_since >= still:
                return
            if time.monotonic() > end:
                pytest.fail(f"still at work after {within:g} s: {self.work_left()}")
            time.sleep(0.05)

    def work_left(self) -> dict[str, Any]:
        """What keeps it from being idle, for people."""
        return {
            "deliveries": self.ask("SELECT status, count(*) FROM delivery GROUP BY status"),
            "publications": self.ask("SELECT item_id, status, due_at, retry_at, detail FROM publication"),
            "leases": self.ask(
                "SELECT lane.id, lease_holder, rung_at FROM lane LEFT JOIN bell ON bell.kind = 'lane' AND row_id = lane.id"
            ),
        }


@contextmanager
def installed(home: Path, *, database_url: str | None = None, redis_url: str | None = None) -> Iterator[Installation]:
    """A migrated installation on a port of its own, with its connections closed at the end."""
    here = Installation(home, free_port(), database_url, redis_url)
    here.migrate()
    yield here
    here.runtime.commits.close()
    here.runtime.db.dispose()
    here.runtime.broker.close()


def parts_of(process: Popen[bytes]) -> dict[str, list[psutil.Process]]:
    """The processes below `plumbline up` by what they are: broker, worker, clock, web, serving."""
    found: dict[str, list[psutil.Process]] = {}
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            argv, parent = child.cmdline(), child.ppid()
        except psutil.NoSuchProcess:
            continue
        name = "previews" if "previews" in argv else next((PARTS[word] for word in argv if word in PARTS), None)
        if name is None and any("valkey" in word or "redis" in word for word in argv[:1]):
            name = "broker"
        if name is None and parent != process.pid and any("spawn_main" in word for word in argv):
            name = SERVING
        if name is not None:
            found.setdefault(name, []).append(child)
    return found


def kill(victim: psutil.Process) -> None:
    """`kill -9`."""
    with suppress(ProcessLookupError):
        os.kill(victim.pid, 9)
