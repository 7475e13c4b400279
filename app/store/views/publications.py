"""Publications: what a tracker item should show and what it shows."""

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
class PublicationRow:
    """One item's publication. Bodies are comments in the tracker's markup. `due_at` is world time; `retry_at` and
    `sending_at` (a write whose fate is not known) are real time. `url` is the item's in the tracker.
    """

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
    title: str
    url: str
    want_quiet: bool
    retry_at: datetime | None
    sending_at: datetime | None
    attempts: int
    retracting: bool
    project_paused_at: datetime | None


WAITING = ("waiting", "sending")
STATUSES = (*WAITING, "held", "refused", "settled")


@dataclass(frozen=True, slots=True)
class PublicationCounts:
    """How many there are, each count up to COUNT_LIMIT. `later`: of those that wait, the ones that were tried."""

    waiting: int
    later: int
    held: int
    refused: int


def counts(tx: Tx, *, visible: Visible) -> PublicationCounts:
    """The counts above the list. One query."""
    publication = m.publication.c

    def count(*conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
        inner = sa.select(publication.id).where(visible.of_items(m.publication), *conditions).limit(COUNT_LIMIT)
        return sa.select(sa.func.count()).select_from(inner.subquery()).scalar_subquery()

    waits = publication.status.in_(WAITING)
    row = tx.execute(
        sa.select(
            count(waits), count(waits, publication.retry_at.is_not(None)),
            count(publication.status == "held"), count(publication.status == "refused"),
        )
    ).one()  # fmt: skip
    return PublicationCounts(*row)


def publications(
    tx: Tx,
    *,
    visible: Visible,
    status: str | Sequence[str] | None = None,
    after: str | None = None,
    limit: int = PAGE_SIZE,
) -> Page[PublicationRow]:
    """Publications by id, newest first, of one status or several. One query. Raises BadCursorError."""
    query = _base().where(visible.of_items(m.publication))
    if status is not None:
        query = query.where(m.publication.c.status.in_([status] if isinstance(status, str) else status))
    if after is not None:
        query = query.where(after_key([m.publication.c.id], decode_cursor(after, like=(int,)), descending=True))
    rows = tx.execute(query.order_by(m.publication.c.id.desc()).limit(limit + 1)).all()
    return page_of(rows, limit=limit, make=_row, key=lambda row: (row.id,))


def publication(tx: Tx, publication_id: int, *, visible: Visible) -> PublicationRow | None:
    """One publication by its id; None where there is none to be seen. One query."""
    row = tx.execute(_base().where(m.publication.c.id == publication_id, visible.of_items(m.publication))).one_or_none()
    return _row(row) if row is not None else None


def publication_of(tx: Tx, item_id: int, *, visible: Visible) -> PublicationRow | None:
    """The publication of one item, None where nothing was ever to be written. One query."""
    row = tx.execute(_base().where(m.publication.c.item_id == item_id, visible.of_items(m.publication))).one_or_none()
    return _row(row) if row is not None else None


def _base() -> sa.Select[Any]:
    return (
        sa.select(
            m.publication,
            m.item.c.key.label("item_key"),
            m.item.c.title,
            m.item.c.url,
            m.project.c.key.label("project"),
            m.project.c.paused_at.label("project_paused_at"),
        )
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
        title=row.title,
        url=row.url,
        want_quiet=row.want_quiet,
        retry_at=row.retry_at,
        sending_at=row.sending_at,
        attempts=row.attempts,
        retracting=row.retracting,
        project_paused_at=row.project_paused_at,
    )
