"""The small world, once on each kind of database; and the time of a stand-in that runs as a process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stand_in import START
from tests.e2e.support import Shift
from tests.world import World


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A watched, empty repository on a Monday morning."""
    made = World(database_url, tmp_path)
    yield made
    made.close()


@pytest.fixture
def shift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shift:
    """What puts the processes of the stand-in that start from now on into the world's time."""
    found = Shift(tmp_path / "ahead")
    found.to(START)
    for name, value in found.env().items():
        monkeypatch.setenv(name, value)
    return found
