"""Databases made once and copied for each test: a file on SQLite, a template on PostgreSQL.

with made.copy(imported, tmp_path) as (url, before):    # `imported(url, folder)` is called the first time only
    ...
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa


def statement(url: str, sql: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(sql))
    engine.dispose()


def named(url: str, database: str) -> str:
    return sa.make_url(url).set(database=database).render_as_string(hide_password=False)


def fresh_postgres(server: str, *, template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    statement(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield named(server, name)
    finally:
        statement(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def copied_database(url: str, folder: Path, *, server: str | None) -> Iterator[str]:
    """A copy of a database that nobody has open, for the length of a `with`; `server` is where PostgreSQL is."""
    if server is not None:
        yield from fresh_postgres(server, template=sa.make_url(url).database or "")
        return
    file = Path(sa.make_url(url).database or "")
    assert not file.with_name(f"{file.name}-wal").exists(), "somebody has it open"
    yield f"sqlite:///{shutil.copy(file, folder / 'copy.db')}"


@dataclass
class Made:
    """What was made on one kind of database, by what made it: the database's URL and what was given back."""

    template: str
    server: str | None
    folders: pytest.TempPathFactory
    stack: ExitStack
    found: dict[Callable[[str, Path], Any], tuple[str, Any]] = field(default_factory=dict)

    @contextmanager
    def copy(self, make: Callable[[str, Path], Any], folder: Path) -> Iterator[tuple[str, Any]]:
        """The URL of a copy, and what `make` gave back, which must have let go of the database. `make` gets the URL of
        an empty database and a folder.
        """
        if make not in self.found:
            here = self.folders.mktemp("made")
            url = self.stack.enter_context(copied_database(self.template, here, server=self.server))
            self.found[make] = (url, make(url, here))
        url, made = self.found[make]
        with copied_database(url, folder, server=self.server) as copied:
            yield copied, made


def seeded(url: str, _folder: Path) -> dict[str, int]:
    """The seeded world of the pages; gives its ids by name."""
    from app.store.database import Database
    from tests.web.seed import seed

    db = Database(url)
    ids = seed(db)
    db.dispose()
    return ids
