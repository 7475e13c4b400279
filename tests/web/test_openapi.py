"""The API holds what its document says, whatever it is asked: schemathesis makes the requests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from app.services import access
from app.time import real_now
from app.web.api.operations import PLACE, Operation
from app.web.api.routes import api
from app.web.app import create_app
from tests.web.conftest import build
from tests.web.seed import seed

BEYOND_A_SCHEMA = [positive_data_acceptance]
"""A cursor of no list, and a change that cannot be made as things stand, are refused with 400 and 409."""


@pytest.fixture(scope="module")
def described(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The API over the seeded world, as its own document describes it, asked with a token that may do everything."""
    folder = tmp_path_factory.mktemp("asked")
    shutil.copy(_sqlite_template, folder / "asked.db")
    runtime = build(f"sqlite:///{folder}/asked.db", folder / "home")
    seed(runtime.db)
    token = access.create_token(runtime.db, "everything", scope="read answer rules operate admin", now=real_now())
    found: Any = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app=create_app(runtime))

    found.config.update(headers={"Authorization": f"Bearer {token}"})
    yield found
    runtime.db.dispose()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("operation", api.all, ids=lambda one: one.name)
def test_the_api_holds_its_document(described: Any, operation: Operation, mode: GenerationMode) -> None:
    asked = described[PLACE.sub(r"{\2}", operation.path)][operation.method]
    if mode is GenerationMode.NEGATIVE and not (operation.query or operation.body):
        return  # there is nothing to get wrong but the path, which is then not there

    @settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=asked.as_strategy(generation_mode=mode))
    def holds(case: Any) -> None:
        case.call_and_validate(excluded_checks=BEYOND_A_SCHEMA)

    holds()
