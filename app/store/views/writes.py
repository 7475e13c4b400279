"""Every write to a tracker, newest first: the record people ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import COUNT_LIMIT, PAGE_SIZE, Page, Visible, after_key, decode_cursor, page_of


@dataclass(frozen=True, slots=True)
class WriteFilter:
    """Which writes a list shows: made from `since` on and before `until` (real time), of some kinds, on items that a
    rule has spoken of. Of labels only the one that tells of that rule counts, by how its name ends (`label`; None: the
    rule has none).
    """

    since: datetime | None = None
    until: datetime | None = None
    kinds: Sequence[str] = ()
    rule: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class WriteRow:
    """One write. `detail` is a label's name, or a new comment's address; `item_*` are empty where it was about no item
    (a label made in the project). `at` is real time.
    """

    id: int
    at: datetime
    kind: str
    detail: str
    project_id: int
    project: str
    item_id: int | None
    item_key: str
    item_title: str
    item_url: str
    comment_url: str


def writes(
    tx: Tx, *, visible: Visible, where: WriteFilter, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[WriteRow]:
    """Writes, newest first. One query. Raises BadCursorError."""
    written = m.written.c
    query = (
        sa.select(
            m.written,
            m.project.c.key.label("project"),
            m.item.c.key.label("item_key"),
            m.item.c.title.label("item_title"),
            m.item.c.url.label("item_url"),
            m.publication.c.comment_url,
        )
        .join(m.project, m.project.c.id == written.project_id)
        .outerjoin(m.item, m.item.c.id == written.item_id)
        .outerjoin(m.publication, m.publication.c.item_id == written.item_id)
        .where(*_matches(visible, where))
    )
    if after is not None:
        key = decode_cursor(after, like=(datetime, int))
        query = query.where(after_key([written.at, written.id], key, descending=True))
    rows = tx.execute(query.order_by(written.at.desc(), written.id.desc()).limit(limit + 1)).all()
    return page_of(rows, limit=limit, make=_row, key=lambda row: (row.at, row.id))


def count_writes(tx: Tx, *, visible: Visible, where: WriteFilter) -> int:
    """How many there are, up to COUNT_LIMIT. One query."""
    inner = sa.select(m.written.c.id).where(*_matches(visible, where)).limit(COUNT_LIMIT).subquery()
    return int(tx.scalar(sa.select(sa.func.count()).select_from(inner)) or 0)


def _matches(visible: Visible, where: WriteFilter) -> list[sa.ColumnElement[bool]]:
    written = m.written.c
    found = [visible.of_items(m.written)]
    if where.since is not None:
        found.append(written.at >= where.since)
    if where.until is not None:
        found.append(written.at < where.until)
    if where.kinds:
        found.append(written.kind.in_(list(where.kinds)))
    if where.rule is not None:
        told = (
            sa.select(m.standing.c.shown_on)
            .join(m.rule, m.rule.c.id == m.standing.c.rule_id)
            .where(m.rule.c.name == where.rule, m.standing.c.shown_on.is_not(None))
        )
        speaks = written.kind.startswith("comment")
        if where.label is not None:
            speaks = sa.or_(speaks, written.detail.endswith(where.label, autoescape=True))
        found += [written.item_id.in_(told), speaks]
    return found


def _row(row: Any) -> WriteRow:
    return WriteRow(
        id=row.id,
        at=row.at,
        kind=row.kind,
        detail=row.detail,
        project_id=row.project_id,
        project=row.project,
        item_id=row.item_id,
        item_key=row.item_key or "",
        item_title=row.item_title or "",
        item_url=row.item_url or "",
        comment_url=row.comment_url or "",
    )
