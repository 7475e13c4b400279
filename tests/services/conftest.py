"""The small world, once on each kind of database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from app.services import forecasts
from rules.forecast.likely import forecast
from rules.forecast.manner import MANNER
from tests.services.manners import noted
from tests.support_made import Made, fresh_postgres
from tests.world import World


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A watched, empty repository on a Monday morning."""
    made = World(database_url, tmp_path)
    yield made
    made.close()


def _noted(url: str, folder: Path) -> World:
    world = World(url, folder)
    noted(world, 7)
    world.close()
    return world


@pytest.fixture
def noted_world(made: Made, tmp_path: Path) -> Iterator[World]:
    """The small world when our label and our comment are on #7, written just now (a Thursday, before noon)."""
    with made.copy(_noted, tmp_path) as (url, before):
        world = World.like(before, url, tmp_path)
        yield world
        world.close()


@pytest.fixture(scope="module")
def few_trials() -> Iterator[None]:
    """Forecasts of two hundred trials instead of two thousand, live and in a replay: enough to be the same or not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forecasts, "forecast", partial(forecast, manner=replace(MANNER, trials=200)))
        yield


@pytest.fixture(scope="module")
def shared_sqlite_url(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated SQLite database for the examples of one module."""
    file = tmp_path_factory.mktemp("shared") / "shared.db"
    shutil.copy(_sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture(scope="module")
def other_sqlite_url(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Another one beside it."""
    file = tmp_path_factory.mktemp("other") / "other.db"
    shutil.copy(_sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture(scope="module")
def other_postgres_url(_postgres: str, _postgres_template: str) -> Iterator[str]:
    """Another one on PostgreSQL."""
    yield from fresh_postgres(_postgres, template=_postgres_template)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def other_url(request: pytest.FixtureRequest) -> str:
    """Each of the other ones: for what is played once for several tests that only look at it."""
    return str(request.getfixturevalue(f"other_{request.param}_url"))


@pytest.fixture(scope="module")
def shared_postgres_url(_postgres: str, _postgres_template: str) -> Iterator[str]:
    """The same on PostgreSQL."""
    yield from fresh_postgres(_postgres, template=_postgres_template)
