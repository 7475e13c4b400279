"""The database handle: short reads, and write transactions that take turns.

On SQLite every writer first passes a *fair* file lock, then `BEGIN IMMEDIATE`: without it, back-to-back drains starve
the intake for seconds. On PostgreSQL a write is an ordinary transaction; what must not happen twice is guarded by
leases and unique keys.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url

Tx = sa.Connection
"""A connection inside a transaction, handed to the functions of this package."""

IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
"""What queries that are built once and asked often are asked with: a list of ids, as {"ids": [...]}."""
BUSY_SECONDS = 30


def from_json(text: str) -> Any:
    """What a JSON column holds. Most hold nothing, which needs no parser."""
    if text == "{}":
        return {}
    if text == "[]":
        return []
    return json.loads(text)


class FairLock:
    """A file lock that serves in turn, between threads and processes.

    `flock` alone lets the last holder barge in again before the waiters wake. So there are two: whoever waits for the
    lock holds the turnstile meanwhile, and a returning holder queues at the turnstile. Freed by the kernel when its
    process dies.
    """

    def __init__(self, path: Path) -> None:
        self._turnstile = path.with_suffix(".turn")
        self._lock = path.with_suffix(".lock")
        self._threads = threading.local()

    def _files(self) -> tuple[int, int]:
        # per thread and per process: an flock belongs to the open file, which threads and forked children would share
        if getattr(self._threads, "pid", None) != os.getpid():
            self._threads.pid = os.getpid()
            self._threads.files = tuple(
                os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) for path in (self._turnstile, self._lock)
            )
        files: tuple[int, int] = self._threads.files
        return files

    @contextmanager
    def held(self) -> Iterator[None]:
        turnstile, lock = self._files()
        fcntl.flock(turnstile, fcntl.LOCK_EX)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        finally:
            fcntl.flock(turnstile, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)


class Database:
    """One database, by URL (`sqlite:///path` or `postgresql+psycopg://…`). Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._fair: FairLock | None = None
        if self.is_sqlite:
            path = Path(self.url.database or "plumbline.db")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fair = FairLock(path)
            self.engine = sa.create_engine(
                self.url, connect_args={"timeout": BUSY_SECONDS}, json_deserializer=from_json
            )
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)
        else:
            self.engine = sa.create_engine(self.url, pool_pre_ping=True, pool_size=10, max_overflow=20)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A read-only transaction. Keep it short: fetch what is needed and leave."""
        with self.engine.connect() as connection:
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A write transaction, committed at the end of the block and rolled back by an exception."""
        if self._fair is None:
            with self.engine.begin() as connection:
                yield connection
            return
        with (
            self._fair.held(),
            self.engine.connect().execution_options(plumbline_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    def dispose(self) -> None:
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY", "cache_size=-32000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("plumbline_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def database_seconds(tx: Tx) -> float:
    """The database's own clock in seconds since 1970: what leases are measured by, whatever the hosts' clocks say."""
    if tx.dialect.name == "sqlite":
        return float(tx.scalar(sa.text("SELECT (julianday('now') - 2440587.5) * 86400.0")) or 0.0)
    return float(tx.scalar(sa.text("SELECT extract(epoch from clock_timestamp())")) or 0.0)


def insert(tx: Tx, table: sa.Table) -> Any:
    """An insert that knows ON CONFLICT, for either database (the two dialects' constructs are alike, but of no common
    type).
    """
    if tx.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        return sqlite_insert(table)
    from sqlalchemy.dialects.postgresql import insert as postgresql_insert

    return postgresql_insert(table)
