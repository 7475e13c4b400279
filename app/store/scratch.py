"""A database for one use: the same tables, filled with a copy of some projects, and gone when it is closed.

A replay of the past writes what was into the very tables that live judging reads, so that both read with the same
code. Nothing here is ever committed: the file lives in one transaction.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx, from_json
from app.store.statistics import GROWN_OVER_TIME

PAGE = 2000
Rows = Iterable[Mapping[str, Any]]


@contextmanager
def scratch() -> Iterator[Tx]:
    """An empty database in a file of its own. References are not enforced: what is copied may point outside."""
    with tempfile.TemporaryDirectory(prefix="plumb-scratch-") as folder:
        engine = sa.create_engine(f"sqlite:///{folder}/scratch.db", json_deserializer=from_json)
        sa.event.listen(engine, "connect", _prepare)
        try:
            with engine.connect() as tx:
                for table in models.metadata.sorted_tables:
                    tx.execute(sa.schema.CreateTable(table))
                yield tx
                tx.rollback()
        finally:
            engine.dispose()


def _prepare(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "temp_store=MEMORY", "cache_size=-64000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def copy(tx: Tx, live: Tx, project_ids: Sequence[int], *, heard: Callable[[], None] = lambda: None) -> None:
    """Copy projects from the live database: what their trackers told, and what people decided. Nothing of
    connections, deliveries, secrets, or of what was written. Values go over as SQLite keeps them, so that none is
    read and written again on the way. `heard` is called after each page; it may raise to stop.
    """
    for table, where in _wanted(live, project_ids):
        blank = BLANK.get(table.name, {})
        columns = [
            _as_kept(column, live.dialect.name) if column.name not in blank else sa.literal(blank[column.name])
            for column in table.columns
        ]
        names = [column.name for column in table.columns]
        put = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 (names of our tables)
        query = sa.select(*columns).where(where).order_by(*table.primary_key.columns)
        for rows in live.execute(query, execution_options={"yield_per": PAGE}).partitions():
            tx.exec_driver_sql(put, [tuple(row) for row in rows])
            heard()
    _make_indexes(tx, heard)


def _make_indexes(tx: Tx, heard: Callable[[], None] = lambda: None) -> None:
    """Once a database is filled, which is quicker than to keep them meanwhile."""
    for table in models.metadata.sorted_tables:
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            tx.execute(sa.schema.CreateIndex(index))
        heard()


def _wanted(live: Tx, project_ids: Sequence[int]) -> list[tuple[sa.Table, sa.ColumnElement[bool]]]:
    """The tables of which something is copied, and which rows."""
    project, tracker, programme = models.project, models.tracker, models.programme
    milestone, part, kept = models.milestone, models.programme_project, models.statistic
    mine = list(project_ids)
    trackers = sorted(set(live.scalars(sa.select(project.c.tracker_id).where(project.c.id.in_(mine)))))
    milestones = sa.select(milestone.c.id).where(milestone.c.tracker_id.in_(trackers))
    programmes = sa.select(part.c.programme_id).where(part.c.project_id.in_(mine))
    return [
        (tracker, tracker.c.id.in_(trackers)),
        (models.lane, models.lane.c.tracker_id.in_(trackers)),
        (project, project.c.id.in_(mine)),
        (models.project_settings, models.project_settings.c.project_id.in_(mine)),
        (programme, programme.c.id.in_(programmes)),
        (part, part.c.project_id.in_(mine)),
        (models.person, models.person.c.tracker_id.in_(trackers)),
        (models.participant, models.participant.c.project_id.in_(mine)),
        (milestone, milestone.c.tracker_id.in_(trackers)),
        (models.milestone_due, models.milestone_due.c.milestone_id.in_(milestones)),
        (models.baseline, models.baseline.c.milestone_id.in_(milestones)),
        (models.item, models.item.c.project_id.in_(mine)),
        (models.membership, models.membership.c.milestone_id.in_(milestones)),
        (models.link, models.link.c.project_id.in_(mine)),
        (models.change, models.change.c.project_id.in_(mine)),
        (kept, sa.and_(kept.c.project_id.in_(mine), kept.c.name.in_(GROWN_OVER_TIME))),
    ]


def _as_kept(column: sa.Column[Any], dialect: str) -> sa.ColumnElement[Any]:
    """A column's values as SQLite keeps them."""
    if dialect == "sqlite":
        return sa.type_coerce(column, sa.types.NullType()).label(column.name)
    kept: sa.ColumnElement[Any] = column
    if isinstance(column.type, models.Instant):
        utc = sa.func.timezone("UTC", sa.type_coerce(column, sa.DateTime(timezone=True)))
        kept = sa.func.to_char(utc, sa.literal_column("'YYYY-MM-DD HH24:MI:SS.US'"))
    elif isinstance(column.type, sa.JSON | sa.Date):
        kept = sa.cast(column, sa.Text)
    elif isinstance(column.type, sa.Boolean):
        kept = sa.cast(column, sa.Integer)
    return kept.label(column.name)


def pages(tx: Tx, table: sa.Table, where: sa.ColumnElement[bool]) -> Iterator[dict[str, Any]]:
    """Rows of a table in the order of its key, by key, so that no cursor stays open."""
    keys = list(table.primary_key.columns)
    last: list[sa.ColumnElement[Any]] = []
    while True:
        query = sa.select(table).where(where).order_by(*keys).limit(PAGE)
        rows = tx.execute(query.where(sa.tuple_(*keys) > sa.tuple_(*last)) if last else query).all()
        yield from (dict(row._mapping) for row in rows)
        if len(rows) < PAGE:
            return
        last = [sa.literal(rows[-1]._mapping[key.name], key.type) for key in keys]


BLANK: Mapping[str, Mapping[str, Any]] = {
    "tracker": {"webhook_secret": ""},
    "project": {"connection_id": None},
    "change": {"delivery_id": None},
}
"""What nobody but the server itself may hold."""


TWICE = ("change", "link")
"""Tables of which a history of others may hold a row twice, which then counts once, as when it is heard of twice."""


def fill(tx: Tx, tables: Iterable[tuple[str, Rows]]) -> None:
    """Insert rows as they are, table by table. This fills a database for good, as `copy` does."""
    for name, rows in tables:
        statement = sa.insert(models.metadata.tables[name])
        if name in TWICE:
            statement = statement.prefix_with("OR IGNORE")
        page: list[Mapping[str, Any]] = []
        for row in rows:
            page.append(row)
            if len(page) == PAGE:
                tx.execute(statement, page)
                page = []
        if page:
            tx.execute(statement, page)
    _make_indexes(tx)
