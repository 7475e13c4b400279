"""The settings of a project through time, and what of the project they are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import COUNT_LIMIT, PAGE_SIZE, Page, after_key, decode_cursor, page_of


@dataclass(frozen=True, slots=True)
class Version:
    """The settings of a project from an instant on, as stored."""

    id: int
    valid_from: datetime
    author: str
    settings: Mapping[str, Any]
    calendar: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StatusSeen:
    """A status that items of a project are in or were seen in: how many are, how many of those are open, and where the
    tracker files it (todo, in_progress, done; None: nowhere).
    """

    name: str
    stage: str | None
    items: int
    open: int


def versions(tx: Tx, project_id: int, *, after: str | None = None, limit: int = PAGE_SIZE) -> Page[Version]:
    """Versions, newest first. One query. Raises BadCursorError."""
    table = m.project_settings.c
    query = sa.select(m.project_settings).where(table.project_id == project_id)
    if after is not None:
        query = query.where(after_key([table.id], decode_cursor(after, like=(int,)), descending=True))
    rows = tx.execute(query.order_by(table.id.desc()).limit(limit + 1)).all()
    return page_of(rows, limit=limit, make=_version, key=lambda row: (row.id,))


def before(tx: Tx, project_id: int, version_id: int) -> Version | None:
    """The version before one; None before the first. One query."""
    table = m.project_settings.c
    row = tx.execute(
        sa.select(m.project_settings)
        .where(table.project_id == project_id, table.id < version_id)
        .order_by(table.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _version(row)


def statuses(tx: Tx, project_id: int) -> tuple[StatusSeen, ...]:
    """Every status that items of a project are in, by name. One query."""
    item = m.item.c
    is_open = sa.func.sum(sa.case((item.is_open, 1), else_=0))
    query = (
        sa.select(item.status, sa.func.max(item.stage), sa.func.count(), is_open)
        .where(item.project_id == project_id, item.deleted_at.is_(None))
        .group_by(item.status)
        .order_by(item.status)
    )
    return tuple(StatusSeen(*row) for row in tx.execute(query))


def open_labels(tx: Tx, project_id: int) -> list[frozenset[str]]:
    """The labels of each open item of a project, of at most COUNT_LIMIT of them. One query."""
    item = m.item.c
    query = sa.select(item.labels).where(item.project_id == project_id, item.is_open, item.deleted_at.is_(None))
    return [frozenset(labels) for labels in tx.scalars(query.limit(COUNT_LIMIT))]


def open_dues(tx: Tx, project_id: int) -> list[tuple[str, date]]:
    """The dates of the open milestones of a project, the earliest first. One query."""
    milestone = m.milestone.c
    query = sa.select(milestone.title, milestone.due).where(
        milestone.project_id == project_id,
        milestone.is_open,
        milestone.deleted_at.is_(None),
        milestone.due.is_not(None),
    )
    return [(row.title, row.due) for row in tx.execute(query.order_by(milestone.due, milestone.id).limit(200))]


def bots(tx: Tx, project_id: int) -> tuple[str, ...]:
    """Logins that the tracker itself takes for automation and that took part in a project. One query."""
    query = (
        sa.select(m.person.c.login)
        .join(m.participant, m.participant.c.person_id == m.person.c.id)
        .where(m.participant.c.project_id == project_id, m.person.c.bot)
        .order_by(m.person.c.login)
        .limit(50)
    )
    return tuple(tx.scalars(query))


def _version(row: Any) -> Version:
    return Version(
        id=row.id,
        valid_from=row.valid_from,
        author=row.author,
        settings=row.settings or {},
        calendar=row.calendar or {},
    )
