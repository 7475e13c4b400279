"""Publications: what a tracker item should show and what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import PAGE_SIZE, Page, Visible, after_key, decode_cursor, page_of


@dataclass(frozen=True, slots=True)
class PublicationRow:
    """One item's publication. `shown_body` is the comment in the tracker's markup; `due_at` is world time."""

    id: int
    item_id: int
    item_key: str
    project_id: int
    project: str
    status: str
    detail: str
    want_labels: tuple[str, ...]
    want_body: str | None
    shown_labels: tuple[str, ...]
    shown_body: str | None
    comment_url: str | None
    commented_at: datetime | None
    edited_at: datetime | None
    due_at: datetime | None
    answers: dict[str, Any]


def publications(
    tx: Tx, *, visible: Visible, status: str | None = None, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[PublicationRow]:
    """Publications by id, newest first. One query. Raises BadCursorError."""
    query = _base().where(visible.of_items(m.publication))
    if status is not None:
        query = query.where(m.publication.c.status == status)
    if after is not None:
        query = query.where(after_key([m.publication.c.id], decode_cursor(after, like=(int,)), descending=True))
    rows = tx.execute(query.order_by(m.publication.c.id.desc()).limit(limit + 1)).all()
    return page_of(rows, limit=limit, make=_row, key=lambda row: (row.id,))


def publication_of(tx: Tx, item_id: int, *, visible: Visible) -> PublicationRow | None:
    """The publication of one item, None where nothing was ever to be written. One query."""
    row = tx.execute(_base().where(m.publication.c.item_id == item_id, visible.of_items(m.publication))).one_or_none()
    return _row(row) if row is not None else None


def _base() -> sa.Select[Any]:
    return (
        sa.select(m.publication, m.item.c.key.label("item_key"), m.project.c.key.label("project"))
        .join(m.item, m.item.c.id == m.publication.c.item_id)
        .join(m.project, m.project.c.id == m.publication.c.project_id)
    )


def _row(row: Any) -> PublicationRow:
    return PublicationRow(
        id=row.id,
        item_id=row.item_id,
        item_key=row.item_key,
        project_id=row.project_id,
        project=row.project,
        status=row.status,
        detail=row.detail,
        want_labels=tuple(row.want_labels or ()),
        want_body=row.want_body,
        shown_labels=tuple(row.shown_labels or ()),
        shown_body=row.shown_body,
        comment_url=row.comment_url,
        commented_at=row.commented_at,
        edited_at=row.edited_at,
        due_at=row.due_at,
        answers=row.answers or {},
    )
