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

Row = TypeVar("Row")

PAGE_SIZE = 50
COUNT_LIMIT = 10_000
"""Counts stop here: a page says "10,000 or more" rather than walk through a million rows."""


class BadCursorError(ValueError):
    """An `after` that no page of this list has given out."""


@dataclass(frozen=True, slots=True)
class Visible:
    """Which projects a reader may see; None: all of them. `chosen` narrows that to the project picked in the bar."""

    projects: frozenset[int] | None = None
    chosen: int | None = None

    def clause(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """The condition on a column of project ids that every page query carries."""
        conditions: list[sa.ColumnElement[bool]] = []
        if self.projects is not None:
            conditions.append(column.in_(sorted(self.projects)))
        if self.chosen is not None:
            conditions.append(column == self.chosen)
        return sa.and_(sa.true(), *conditions)


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
