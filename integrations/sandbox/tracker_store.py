"""The sandbox tracker's one SQLite file: schema, and a transaction as a context manager.

Several processes may use the file at once: each transaction has its own connection and takes the write lock at its
start. Instants are stored as GitHub writes them (`2026-08-03T17:00:00Z`), which sorts by time.
"""

import sqlite3
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
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'comments', {FIRST_COMMENT_ID} WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'comments');
"""


def prepare(path: Path) -> None:
    """Create the file and its tables where they are missing; safe to call from several processes."""
    connection = _connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}COMMIT;")
    finally:
        connection.close()


@contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """A write transaction: committed at the end of the block, rolled back if it raises. Rows read by column name."""
    connection = _connect(path)
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    finally:
        connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    connection.row_factory = sqlite3.Row
    # A crash of the machine may lose the last writes of a sandbox, never its integrity.
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection
