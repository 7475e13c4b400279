"""The audit log: who did what, when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import COUNT_LIMIT, PAGE_SIZE, Page, after_key, decode_cursor, page_of


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries a list shows: made from `since` on and before `until` (real time)."""

    who: str | None = None
    what: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry. `at` is real time."""

    id: int
    at: datetime
    who: str
    what: str
    subject: str
    detail: Mapping[str, Any]


def entries(tx: Tx, *, where: AuditFilter, after: str | None = None, limit: int = PAGE_SIZE) -> Page[AuditRow]:
    """Entries, newest first. One query. Raises BadCursorError. They are about everything: for those who see it."""
    audit = m.audit.c
    query = sa.select(m.audit).where(*_matches(where))
    if after is not None:
        query = query.where(after_key([audit.id], decode_cursor(after, like=(int,)), descending=True))
    rows = tx.execute(query.order_by(audit.id.desc()).limit(limit + 1)).all()
    return page_of(rows, limit=limit, make=_row, key=lambda row: (row.id,))


def names(tx: Tx) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who did something lately, and what was done: for the filters, from the latest COUNT_LIMIT entries. Two
    queries.
    """
    audit = m.audit.c
    recent = sa.select(audit.who, audit.what).order_by(audit.id.desc()).limit(COUNT_LIMIT).subquery().c
    who, what = (tuple(tx.scalars(sa.select(one).distinct().order_by(one))) for one in (recent.who, recent.what))
    return who, what


def _matches(where: AuditFilter) -> list[sa.ColumnElement[bool]]:
    audit = m.audit.c
    found: list[sa.ColumnElement[bool]] = [
        column == wanted
        for column, wanted in ((audit.who, where.who), (audit.what, where.what), (audit.subject, where.subject))
        if wanted is not None
    ]
    if where.since is not None:
        found.append(audit.at >= where.since)
    if where.until is not None:
        found.append(audit.at < where.until)
    return found


def _row(row: Any) -> AuditRow:
    return AuditRow(id=row.id, at=row.at, who=row.who, what=row.what, subject=row.subject, detail=row.detail or {})
