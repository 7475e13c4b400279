"""An installation of the test's own, and the command line on it."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.cli.main import run
from app.store.database import Database
from tests.contract.fake_github import FakeGitHub, fake_github


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Said]


@pytest.fixture
def plumbline(monkeypatch, capsys) -> Command:
    """Run a command: `plumbline("rules", "check", "-", stdin="rules: []")`."""

    def call(*arguments: str, stdin: str | bytes = "") -> Said:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
        capsys.readouterr()
        code = run(list(arguments))
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def home(tmp_path: Path, _sqlite_template: Path, monkeypatch) -> Iterator[Path]:
    """The home of a migrated installation on SQLite, named by the environment; no broker runs."""
    from app import bootstrap

    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    shutil.copy(_sqlite_template, folder / "plumbline.db")
    monkeypatch.setenv("PLUMBLINE_HOME", str(folder))
    bootstrap.runtime.cache_clear()
    yield folder
    if bootstrap.runtime.cache_info().currsize:
        bootstrap.runtime().db.dispose()
        bootstrap.runtime.cache_clear()


@pytest.fixture
def db(home: Path) -> Iterator[Database]:
    """The installation's database."""
    database = Database(f"sqlite:///{home / 'plumbline.db'}")
    yield database
    database.dispose()


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    """A strict stand-in for GitHub with one repository, acme/shop; the token `good` is its."""
    with fake_github() as fake:
        yield fake


@pytest.fixture
def stored(home: Path) -> Callable[[], bytes]:
    """Every byte that lies in the home directory, but for the key."""

    def read() -> bytes:
        return b"".join(file.read_bytes() for file in home.rglob("*") if file.is_file() and file.name != "secret.key")

    return read
