"""The schema's version: bringing a database up to date, and telling whether it is."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.store import instance
from app.store.database import Database

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
LOCK = 7_526_843
"""Number of PostgreSQL's advisory lock under which one process at a time migrates."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def migrate(db: Database, *, demo: bool = False) -> None:
    """Bring the database to this version's schema and make the instance row. Safe to repeat, and from several
    processes at once.
    """
    with db.write() as tx:
        if not db.is_sqlite:
            tx.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        config = _config()
        config.attributes["connection"] = tx
        command.upgrade(config, "head")
        instance.ensure(tx, demo=demo)


def revisions(db: Database) -> tuple[str | None, str | None]:
    """The schema the database holds (None: none) and the one this version needs."""
    with db.read() as tx:
        held = MigrationContext.configure(tx).get_current_revision()
    return held, ScriptDirectory.from_config(_config()).get_current_head()


def is_current(db: Database) -> bool:
    """Whether the database has exactly this version's schema."""
    held, needed = revisions(db)
    return held == needed
