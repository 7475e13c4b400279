"""Items that are no longer where they were: deleted, moved to another repository, or turned into a discussion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx


@dataclass(frozen=True, slots=True)
class Gone:
    """One of them. `moved_to` is as the tracker tells it (a native id, or a word for what is no item); `place` how
    people say that ("acme/other#3"), where that repository is watched too.
    """

    item_id: int
    key: str
    title: str
    at: datetime
    moved_to: str | None
    place: str | None = None


def of(tx: Tx, item_ids: Iterable[int]) -> dict[int, Gone]:
    """Those of these items that are gone, by id."""
    return {one.item_id: one for one in _load(tx, models.item.c.id.in_(sorted(set(item_ids))))}


def lately(tx: Tx, project_id: int, *, since: datetime, limit: int, secured: bool) -> list[Gone]:
    """Those of a project that went since an instant, the latest first; `secured`: also what not everybody may see."""
    item = models.item.c
    seen = sa.true() if secured else item.secured.is_(False)
    return _load(tx, sa.and_(item.project_id == project_id, item.deleted_at >= since, seen), limit=limit)


def _load(tx: Tx, which: sa.ColumnElement[bool], *, limit: int | None = None) -> list[Gone]:
    item, project = models.item, models.project
    query = (
        sa.select(item, project.c.tracker_id)
        .join(project, project.c.id == item.c.project_id)
        .where(which, item.c.deleted_at.is_not(None))
        .order_by(item.c.deleted_at.desc(), item.c.id)
        .limit(limit)
    )
    rows = tx.execute(query).all()
    places = _places(tx, rows)
    return [
        Gone(
            item_id=row.id,
            key=row.key,
            title=row.title,
            at=row.deleted_at,
            moved_to=row.moved_to,
            place=places.get((row.tracker_id, row.moved_to)),
        )
        for row in rows
    ]


def _places(tx: Tx, rows: Iterable[Any]) -> dict[tuple[int, str], str]:
    """Where items went, in people's words, by (tracker, `moved_to`): of repositories that are watched."""
    moved = {(row.tracker_id, row.moved_to) for row in rows if "/" in (row.moved_to or "")}
    if not moved:
        return {}
    table = models.project
    natives = {to.rpartition("/")[0] for _, to in moved}
    found = tx.execute(sa.select(table).where(table.c.native_id.in_(natives), table.c.removed_at.is_(None)))
    keys = {(row.tracker_id, row.native_id): row.key for row in found}
    return {
        (tracker, to): f"{keys[tracker, native]}#{number}"
        for tracker, to in moved
        for native, _, number in [to.rpartition("/")]
        if (tracker, native) in keys
    }


def close(tx: Tx, reasons: Mapping[int, str]) -> None:
    """What these items show is settled for good, by item: nothing of ours is there to be changed any more."""
    table = models.publication
    for item_id, reason in sorted(reasons.items()):
        tx.execute(
            sa.update(table)
            .where(table.c.item_id == item_id)
            .values(
                want_labels=[],
                want_body=None,
                want_quiet=True,
                shown_labels=[],
                shown_body=None,
                comment_id=None,
                comment_url=None,
                sending_at=None,
                status="settled",
                due_at=None,
                retry_at=None,
                attempts=0,
                retracting=False,
                detail=reason,
            )
        )
