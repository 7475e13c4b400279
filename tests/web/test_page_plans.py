"""Pages read by indexes: no page of flags, items or what is found walks through a whole table that grows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.store.database import Database
from app.web.app import create_app
from tests.web.conftest import Site, build

GROWING = ("item", "standing", "change", "answer", "answer_flag", "membership", "written", "publication", "delivery")
PATHS = (
    "/",
    "/flags",
    "/flags?state=answered",
    "/flags?state=all",
    "/flags?state=closed&sort=oldest",
    "/flags/answer?flag=1",
    "/i/{item}",
    "/milestones/{milestone}",
    "/find?q=%231874",
    "/projects/{project}/flow",
)


@pytest.fixture
def looked_at(seeded_database: tuple[str, dict[str, int]], tmp_path: Path) -> Iterator[Site]:
    url, ids = seeded_database
    runtime = build(url, tmp_path / "home")
    yield Site(app=create_app(runtime), runtime=runtime, ids=ids)
    runtime.db.dispose()


@contextmanager
def heard(db: Database) -> Iterator[list[tuple[str, Any]]]:
    """The statements of a block, with what they were given."""
    seen: list[tuple[str, Any]] = []

    def note(_c: object, _cu: object, statement: str, given: Any, *_: object) -> None:
        if statement.lstrip().startswith("SELECT"):
            seen.append((statement, given))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(db.engine, "before_cursor_execute", note)


def walked(db: Database, statement: str, given: Any) -> list[str]:
    """The growing tables that a statement reads from end to end, though all that can be is done by an index."""
    with db.read() as tx:
        if db.is_sqlite:
            plan = [row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)]
            found = [re.match(r"SCAN (\w+)$", line) for line in plan]
        else:
            tx.exec_driver_sql("SET LOCAL enable_seqscan = off")
            plan = [row[0] for row in tx.exec_driver_sql(f"EXPLAIN {statement}", given)]
            found = [re.search(r"Seq Scan on (\w+)", line) for line in plan]
    names = {alias: table for table, alias in re.findall(r"(?:FROM|JOIN) (\w+) AS (\w+)", statement)}
    tables = [names.get(one[1], one[1]) for one in found if one is not None]
    return [name for name in tables if name in GROWING]


def test_no_page_walks_through_a_table_that_grows(looked_at: Site) -> None:
    browser: FlaskClient = looked_at.signed_in()
    db = looked_at.runtime.db
    if not db.is_sqlite:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
    wrong = []
    for path in PATHS:
        with heard(db) as seen:
            answer = browser.get(path.format(**looked_at.ids))
        assert answer.status_code in (200, 303), path
        assert seen, path
        wrong += [(path, tables, one[0]) for one in seen if (tables := walked(db, *one))]
    assert not wrong, "\n".join(f"{path}: {tables}: {' '.join(text.split())[:400]}" for path, tables, text in wrong)
