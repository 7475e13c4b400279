"""What a reader may see, and pages of rows: the two things every query for a page shares."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from app.store import models as m

Row = TypeVar("Row")

PAGE_SIZE = 50
COUNT_LIMIT = 10_000
"""Counts stop here: a page says "10,000 or more" rather than walk through a million rows."""


class BadCursorError(ValueError):
    """An `after` that no page of this list has given out."""


@dataclass(frozen=True, slots=True)
class Visible:
    """Which projects a reader may see; None: all of them. `chosen` narrows that to the project picked in the bar.
    `secured`: also the items that not everybody who reads their project may know of, and what tells of those.
    """

    projects: frozenset[int] | None = None
    chosen: int | None = None
    secured: bool = False

    def clause(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """The condition on a column of project ids that every page query carries."""
        conditions: list[sa.ColumnElement[bool]] = []
        if self.projects is not None:
            conditions.append(column.in_(sorted(self.projects)))
        if self.chosen is not None:
            conditions.append(column == self.chosen)
        return sa.and_(sa.true(), *conditions)

    def items(self) -> sa.ColumnElement[bool]:
        """The condition of every query of items."""
        seen = self.clause(m.item.c.project_id)
        return seen if self.secured else sa.and_(seen, m.item.c.secured.is_(False))

    def of_items(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """The same for rows about items, by their `project_id` and `item_id` (which may be None)."""
        seen = self.clause(table.c.project_id)
        return seen if self.secured else sa.and_(seen, sa.not_(_is_secured(table.c.item_id)))

    def milestones(self) -> sa.ColumnElement[bool]:
        """The condition of every query of milestones: an epic is an item too, and seen where that one is."""
        seen = self.clause(m.milestone.c.project_id)
        return seen if self.secured else sa.and_(seen, sa.not_(is_secured_epic(m.milestone)))

    def standings(self) -> sa.ColumnElement[bool]:
        """The condition of every query of flags: they are seen where their subjects are."""
        standing, epic = m.standing.c, m.milestone.alias()
        seen = self.clause(standing.project_id)
        if self.secured:
            return seen
        hidden = sa.select(epic.c.id).where(epic.c.id == standing.subject_id, is_secured_epic(epic))
        return sa.and_(
            seen,
            sa.or_(standing.subject_kind != "item", sa.not_(_is_secured(standing.subject_id))),
            sa.or_(standing.subject_kind != "milestone", sa.not_(hidden.correlate_except(epic).exists())),
        )


def _is_secured(item_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    item = m.item.alias()
    return sa.select(item.c.id).where(item.c.id == item_id, item.c.secured).correlate_except(item).exists()


EPIC = "epic/"
"""How the native id of a milestone begins that is an item itself; that one's follows."""


def is_secured_epic(milestone: Any) -> sa.ColumnElement[bool]:
    """An epic whose item is secured, or not known: then nobody can tell."""
    item, project = m.item.alias(), m.project.alias()
    known = (
        sa.select(item.c.id)
        .join(project, project.c.id == item.c.project_id)
        .where(
            project.c.tracker_id == milestone.c.tracker_id,
            item.c.native_id == sa.func.substr(milestone.c.native_id, len(EPIC) + 1),
            item.c.secured.is_(False),
        )
        .correlate_except(item, project)
        .exists()
    )
    return sa.and_(milestone.c.native_id.startswith(EPIC), sa.not_(known))


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list and the cursor of the next one (None on the last)."""

    rows: tuple[Row, ...]
    next: str | None = None


def encode_cursor(*values: object) -> str:
    """A key as text for a URL: JSON, dates in ISO, base64 without padding."""
    plain = [value.isoformat() if isinstance(value, date | datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def decode_cursor(text: str, *, like: tuple[type, ...]) -> tuple[Any, ...]:
    """Read a key back; `like` gives the type of each value. Raises BadCursorError."""
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(values, list) or len(values) != len(like):
            raise BadCursorError(text)
        return tuple(_as(value, kind) for value, kind in zip(values, like, strict=True))
    except (binascii.Error, ValueError, TypeError, UnicodeError) as error:
        raise BadCursorError(text) from error


def page_of(
    rows: Sequence[Any], *, limit: int, make: Callable[[Any], Row], key: Callable[[Any], tuple[object, ...]]
) -> Page[Row]:
    """Cut `limit + 1` fetched rows to a page: the extra one only says that there is more."""
    shown = rows[:limit]
    return Page(
        rows=tuple(make(row) for row in shown),
        next=encode_cursor(*key(shown[-1])) if len(rows) > limit else None,
    )


def after_key(
    columns: Sequence[sa.ColumnElement[Any]], values: Sequence[object], *, descending: bool
) -> sa.ColumnElement[bool]:
    """The rows behind a key in an order by `columns`, all in one direction."""
    key = sa.tuple_(*(sa.literal(value, column.type) for column, value in zip(columns, values, strict=True)))
    row = sa.tuple_(*columns)
    return row < key if descending else row > key


def like(text: str) -> str:
    """A pattern that finds `text` anywhere, its own wildcards taken literally (escape character: backslash)."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def begins(tx: sa.Connection, column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    """The rows whose column begins with a text, read as bytes are, by an index (PostgreSQL: text_pattern_ops)."""
    beyond = text[:-1] + chr(ord(text[-1]) + 1)
    if tx.dialect.name == "postgresql":
        return sa.and_(column.op("~>=~")(text), column.op("~<~")(beyond))
    return sa.and_(column >= text, column < beyond)


def _as(value: Any, kind: type) -> Any:
    if kind is datetime:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            raise BadCursorError(str(value))
        return found
    if kind is date:
        return date.fromisoformat(value)
    if not isinstance(value, kind):
        raise BadCursorError(str(value))
    return value
