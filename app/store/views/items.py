"""Items: the list for the API, finding one by number or title, and the history that an item page tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import (
    COUNT_LIMIT,
    PAGE_SIZE,
    Page,
    Visible,
    after_key,
    decode_cursor,
    is_secured_epic,
    like,
    page_of,
)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item as lists show it. `flags_open` counts its open flags."""

    id: int
    project_id: int
    project: str
    kind: str
    number: int
    key: str
    title: str
    url: str
    open: bool
    state: str
    status: str
    created_at: datetime | None
    state_since: datetime | None
    moved_at: datetime | None
    closed_at: datetime | None
    labels: tuple[str, ...]
    judged_at: datetime | None
    next_check_at: datetime | None
    flags_open: int


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One entry of an item's history, in the tracker's words. `bot`: the actor is automation; None: nobody is named."""

    id: int
    at: datetime
    field: str
    before: str | None
    after: str | None
    url: str | None
    actor: str | None
    bot: bool | None
    bulk: bool
    milestone: str | None


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """One write of ours. `kind`: label_added, label_removed, comment_created or comment_edited."""

    id: int
    world_at: datetime
    kind: str
    detail: str


def items(
    tx: Tx,
    *,
    visible: Visible,
    state: str | None = None,
    kind: str | None = None,
    text: str = "",
    after: str | None = None,
    limit: int = PAGE_SIZE,
) -> Page[ItemRow]:
    """Items by id, newest first. `state`: open, closed or None for all. One query. Raises BadCursorError."""
    query = _base(visible).where(m.item.c.deleted_at.is_(None), visible.items())
    if state in {"open", "closed"}:
        query = query.where(m.item.c.is_open if state == "open" else sa.not_(m.item.c.is_open))
    if kind is not None:
        query = query.where(m.item.c.kind == kind)
    if text:
        query = query.where(m.item.c.title.ilike(like(text), escape="\\"))
    if after is not None:
        query = query.where(after_key([m.item.c.id], decode_cursor(after, like=(int,)), descending=True))
    rows = tx.execute(query.order_by(m.item.c.id.desc()).limit(limit + 1)).all()
    return page_of(rows, limit=limit, make=_row, key=lambda row: (row.id,))


def item_row(tx: Tx, item_id: int, *, visible: Visible) -> ItemRow | None:
    """One item by our id, also one that is gone from the tracker; None where there is none to be seen. One query."""
    query = _base(visible).where(m.item.c.id == item_id, visible.items())
    row = tx.execute(query).one_or_none()
    return _row(row) if row is not None else None


def find_numbers(tx: Tx, *, visible: Visible, number: int, limit: int = 20) -> tuple[ItemRow, ...]:
    """Items with a number, in every project to be seen. One query."""
    # project by project, so that the index on (project, number) serves however many items there are
    projects = sa.select(m.project.c.id).where(visible.clause(m.project.c.id), m.project.c.removed_at.is_(None))
    query = _base(visible).where(
        m.item.c.project_id.in_(projects), m.item.c.number == number, m.item.c.deleted_at.is_(None), visible.items()
    )
    return tuple(_row(row) for row in tx.execute(query.order_by(m.item.c.id).limit(limit)))


def find_titles(tx: Tx, *, visible: Visible, text: str, limit: int = 20) -> tuple[ItemRow, ...]:
    """Items whose title or key holds `text`, newest first. One query; reads titles until it has enough."""
    found = sa.or_(m.item.c.title.ilike(like(text), escape="\\"), m.item.c.key == text)
    query = _base(visible).where(m.item.c.deleted_at.is_(None), visible.items(), found)
    return tuple(_row(row) for row in tx.execute(query.order_by(m.item.c.id.desc()).limit(limit)))


def changes(
    tx: Tx, item_id: int, *, visible: Visible, limit: int, after: str | None = None
) -> tuple[Page[ChangeRow], int]:
    """The latest changes of an item to be seen, newest first, a page of them, and how many there are in all, up to
    COUNT_LIMIT. Two queries. Raises BadCursorError.
    """
    seen = sa.and_(m.change.c.item_id == item_id, visible.of_items(m.change), _names_only_seen(visible))
    every = sa.select(m.change.c.id).where(seen).limit(COUNT_LIMIT).subquery()
    total = tx.scalar(sa.select(sa.func.count()).select_from(every)) or 0
    native = m.milestone.alias("named")
    named = sa.func.coalesce(m.change.c.after, m.change.c.before)
    query = (
        sa.select(
            m.change,
            m.person.c.login,
            m.person.c.bot,
            native.c.title.label("milestone_title"),
        )
        .outerjoin(m.person, m.person.c.id == m.change.c.actor_id)
        .outerjoin(
            native,
            sa.and_(
                m.change.c.field == "milestone",
                native.c.project_id == m.change.c.project_id,
                native.c.native_id == named,
                sa.true() if visible.secured else sa.not_(is_secured_epic(native)),
            ),
        )
        .where(seen)
        .order_by(m.change.c.at.desc(), m.change.c.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        key = decode_cursor(after, like=(datetime, int))
        query = query.where(after_key([m.change.c.at, m.change.c.id], key, descending=True))
    rows = tx.execute(query).all()
    return page_of(rows, limit=limit, make=_change, key=lambda row: (row.at, row.id)), total


def written(tx: Tx, item_id: int, *, visible: Visible, limit: int = PAGE_SIZE) -> tuple[WrittenRow, ...]:
    """What we wrote to an item, newest first. One query."""
    query = (
        sa.select(m.written)
        .where(m.written.c.item_id == item_id, visible.of_items(m.written))
        .order_by(m.written.c.id.desc())
        .limit(limit)
    )
    return tuple(
        WrittenRow(id=row.id, world_at=row.world_at, kind=row.kind, detail=row.detail) for row in tx.execute(query)
    )


def _names_only_seen(visible: Visible) -> sa.ColumnElement[bool]:
    """Links that were drawn tell the key of their other end."""
    if visible.secured:
        return sa.true()
    other, change = m.item.alias(), m.change.c
    named = sa.select(other.c.key).where(other.c.secured).correlate_except(other)
    both = sa.and_(sa.func.coalesce(change.before, "").not_in(named), sa.func.coalesce(change.after, "").not_in(named))
    return sa.or_(change.field != "link", both)


def _base(visible: Visible) -> sa.Select[Any]:
    flags = (
        sa.select(sa.func.count())
        .where(
            m.standing.c.subject_kind == "item",
            m.standing.c.subject_id == m.item.c.id,
            m.standing.c.closed_at.is_(None),
            m.standing.c.outcome == "flagged",
            visible.standings(),
        )
        .correlate(m.item)
        .scalar_subquery()
    )
    return sa.select(m.item, m.project.c.key.label("project"), flags.label("flags_open")).join(
        m.project, m.project.c.id == m.item.c.project_id
    )


def _change(row: Any) -> ChangeRow:
    return ChangeRow(
        id=row.id,
        at=row.at,
        field=row.field,
        before=row.before,
        after=row.after,
        url=row.url,
        actor=row.login,
        bot=row.bot,
        bulk=row.bulk,
        milestone=row.milestone_title,
    )


def _row(row: Any) -> ItemRow:
    return ItemRow(
        id=row.id,
        project_id=row.project_id,
        project=row.project,
        kind=row.kind,
        number=row.number,
        key=row.key,
        title=row.title,
        url=row.url,
        open=row.is_open,
        state=row.state,
        status=row.status,
        created_at=row.created_at,
        state_since=row.state_since,
        moved_at=row.moved_at,
        closed_at=row.closed_at,
        labels=tuple(row.labels or ()),
        judged_at=row.judged_at,
        next_check_at=row.next_check_at,
        flags_open=row.flags_open,
    )
