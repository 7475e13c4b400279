"""The small world, once on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import World


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A watched, empty repository on a Monday morning."""
    made = World(database_url, tmp_path)
    yield made
    made.close()
