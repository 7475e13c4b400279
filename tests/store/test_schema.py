"""Migrations: from nothing to exactly the tables that the code expects, on both databases, and back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from app.store import instance, schema
from app.store.database import Database
from app.store.models import metadata


def differences(db: Database) -> list[object]:
    with db.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))


def defaults(db: Database) -> dict[tuple[str, str], str | None]:
    """Server defaults by column: Alembic's own comparison cannot read those of JSON columns."""
    with db.read() as tx:
        inspector = sa.inspect(tx)
        return {
            (table, column["name"]): column["default"]
            for table in inspector.get_table_names()
            for column in inspector.get_columns(table)
            if table != "alembic_version"
        }


def to(db: Database, revision: str) -> None:
    config = schema._config()
    with db.write() as tx:
        config.attributes["connection"] = tx
        (command.downgrade if revision == "base" else command.upgrade)(config, revision)


def test_the_migrations_make_the_tables_that_the_code_expects(empty_database_url: str) -> None:
    db = Database(empty_database_url)
    assert not schema.is_current(db)
    schema.migrate(db)
    assert schema.is_current(db)
    assert differences(db) == []
    migrated = defaults(db)
    to(db, "base")
    with db.write() as tx:
        metadata.create_all(tx)
    assert migrated == defaults(db)
    db.dispose()


def test_the_schema_can_be_taken_back_and_made_again(empty_database_url: str) -> None:
    db = Database(empty_database_url)
    to(db, "head")
    to(db, "base")
    with db.read() as tx:
        assert set(sa.inspect(tx).get_table_names()) <= {"alembic_version"}
    schema.migrate(db)
    assert differences(db) == []
    db.dispose()


def test_migrating_again_keeps_the_instance_as_it_is(empty_database_url: str) -> None:
    db = Database(empty_database_url)
    schema.migrate(db, demo=True)
    with db.read() as tx:
        before = instance.load(tx)
    schema.migrate(db)
    with db.read() as tx:
        assert instance.load(tx) == before
    db.dispose()


def test_processes_that_migrate_at_once_make_one_instance(empty_database_url: str) -> None:
    dbs = [Database(empty_database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(schema.migrate, dbs))
    with dbs[0].read() as tx:
        assert tx.scalar(sa.text("SELECT count(*) FROM instance")) == 1
    for db in dbs:
        db.dispose()


def test_a_database_that_was_never_migrated_says_what_to_do(empty_database_url: str) -> None:
    db = Database(empty_database_url)
    schema.migrate(db)
    with db.write() as tx:
        tx.execute(sa.text("DELETE FROM instance"))
    with db.read() as tx, pytest.raises(LookupError, match="plumbline migrate"):
        instance.load(tx)
    db.dispose()
