"""The sandbox tracker's one SQLite file: its tables, and transactions on it.

Several processes and threads may use the file at once: each has a connection of its own, and a transaction takes the
write lock at its start. Instants are stored as GitHub writes them (`2026-08-03T17:00:00Z`), which sorts by time.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FIRST_COMMENT_ID = 1_000_000_000  # above every id in a recording

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS items (
    repo TEXT NOT NULL, number INTEGER NOT NULL, pull INTEGER NOT NULL, gone INTEGER NOT NULL DEFAULT 0,
    locked INTEGER NOT NULL DEFAULT 0, issue TEXT, pull_request TEXT, newest TEXT NOT NULL,
    repository TEXT NOT NULL, PRIMARY KEY (repo, number)
) STRICT;
CREATE TABLE IF NOT EXISTS labels (
    repo TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, color TEXT NOT NULL, description TEXT NOT NULL,
    PRIMARY KEY (repo, key)
) STRICT;
-- origin: recorded (came with a replayed webhook), written (added here), removed (recorded, but taken off here)
CREATE TABLE IF NOT EXISTS item_labels (
    repo TEXT NOT NULL, number INTEGER NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, origin TEXT NOT NULL,
    PRIMARY KEY (repo, number, key)
) STRICT;
CREATE TABLE IF NOT EXISTS comments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, repo TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL,
    author TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    hidden INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0, written INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX IF NOT EXISTS comments_of_item ON comments (repo, number);
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT, method TEXT NOT NULL, path TEXT NOT NULL, at TEXT NOT NULL,
    status INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS rights (
    repo TEXT NOT NULL, login TEXT NOT NULL, may TEXT NOT NULL, PRIMARY KEY (repo, login)
) STRICT;
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'comments', {FIRST_COMMENT_ID} WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'comments');
"""


class Store:
    """The file, opened once in each thread of each process that uses it; made where it is missing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mine = threading.local()
        self._inherited: list[sqlite3.Connection] = []
        connection = self._connection()
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}COMMIT;")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: committed at the end of the block, rolled back if it raises. Rows read by column name.

        Not to be nested.
        """
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def close(self) -> None:
        """Close this thread's connection; the next transaction opens it again."""
        if connection := getattr(self._mine, "connection", None):
            connection.close()
        self._mine.connection = None

    def _connection(self) -> sqlite3.Connection:
        known = getattr(self._mine, "connection", None)
        if known is not None and self._mine.process != os.getpid():
            # Made before a fork: SQLite forbids using it here, and even closing it, so it is kept and left alone.
            self._inherited.append(known)
            known = None
        if known is None:
            connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
            connection.row_factory = sqlite3.Row
            # A crash of the machine may lose the last writes of a sandbox, never its integrity.
            connection.execute("PRAGMA synchronous=NORMAL")
            self._mine.connection, self._mine.process = connection, os.getpid()
        found: sqlite3.Connection = self._mine.connection
        return found
