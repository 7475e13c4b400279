"""A history read line by line: every record checked, and made into rows of the tables, a page at a time.

    told = Told()
    with scratch() as tx:
        fill(tx, load(lines, source="history.jsonl.gz", told=told))

Rows have ids of their own, counted from 1; what is derived from them (states, stays, sums) is left empty. Memory grows
with the number of items, people and milestones, never with that of changes or links.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from app.services.history import item_records, item_rows, records, rows
from app.services.history.known import Known, Row, Wrong
from app.services.history.mistakes import MOST, HistoryError, mistakes_of, unknown_kind
from app.services.history.told import Told
from rules.mistakes import Mistake

PAGE = 2000
ORDER = (
    "tracker",
    "lane",
    "project",
    "project_settings",
    "programme",
    "programme_project",
    "person",
    "participant",
    "item",
    "milestone",
    "milestone_due",
    "baseline",
    "link",
    "change",
    "rule",
    "rule_version",
)
"""Tables in the order in which rows of one page may be put in: what is referred to comes first."""


def load(lines: Iterable[str | bytes], *, source: str, told: Told | None = None) -> Iterator[tuple[str, Sequence[Row]]]:
    """The rows of a history, as (table name, rows), for `app.store.scratch.fill`. What else there is to say of it is
    in `told` when all lines are read.

    Raises HistoryError with up to 50 mistakes; nothing more is given from the first on. `source` names the file there.
    """
    return _Loader(source, told if told is not None else Told()).read(lines)


class _Loader:
    """One file on its way: what is known so far, and rows that wait for their page to be full."""

    def __init__(self, source: str, told: Told) -> None:
        self.source, self.told = source, told
        self.mistakes: list[Mistake] = []
        self.known = Known(told)
        self.page: dict[str, list[Row]] = {name: [] for name in ORDER}
        self.waiting = 0
        self.broken: set[str] = set()
        """Ids of records with a mistake."""

    def read(self, lines: Iterable[str | bytes]) -> Iterator[tuple[str, Sequence[Row]]]:
        number = 0
        try:
            for number, text in enumerate(lines, start=1):
                if text.strip():
                    self._line(text, number)
                if self._hopeless():
                    break
                if self.waiting >= PAGE:
                    yield from self._full()
        except (OSError, EOFError, ValueError) as error:  # of the stream itself: cut off, or no text
            self._wrong(number + 1, "file", f"cannot be read any further: {str(error) or type(error).__name__}")
        if number == 0 or (not self.mistakes and self.told.header is None):
            self._wrong(max(number, 1), "file", f"is empty: the first line of a history is {HEADER}")
        if self.mistakes:
            raise HistoryError(self.mistakes)
        for table, row in self.known.rest():
            self._add(table, row)
        yield from self._full()

    def _hopeless(self) -> bool:
        no_header = bool(self.mistakes) and self.told.header is None
        return no_header or len(self.mistakes) >= MOST

    def _full(self) -> Iterator[tuple[str, Sequence[Row]]]:
        page, self.page, self.waiting = self.page, {name: [] for name in ORDER}, 0
        yield from ((name, found) for name, found in page.items() if found)

    def _add(self, table: str, row: Row) -> None:
        self.page[table].append(row)
        self.waiting += 1

    def _wrong(self, number: int, field: str, message: str, value: object = None, *, column: int = 1) -> None:
        shown = "" if value is None else repr(value)[:80]
        self.mistakes.append(Mistake(self.source, number, column, field, message, shown))
        self.page, self.waiting = {name: [] for name in ORDER}, 0

    def _line(self, text: str | bytes, number: int) -> None:
        record = self._record(text, number)
        if record is None:
            return
        kind: str = record.kind  # type: ignore[attr-defined]
        if (kind == "history") == (self.told.header is not None):
            ask = "stands here twice: one file is one history" if kind == "history" else f"must be {HEADER}"
            self._wrong(number, "kind" if kind == "history" else "the first line", ask)
            return
        self.told.note_line(kind, number)
        try:
            for table, row in _TAKES[type(record)](self.known, record):
                if not self.mistakes:
                    self._add(table, row)
        except Wrong as wrong:
            if wrong.value not in self.broken:
                self._wrong(number, wrong.field, wrong.message, wrong.value)
            self._break(record.model_dump())

    def _record(self, text: str | bytes, number: int) -> BaseModel | None:
        try:
            found = from_json(_plain(text, first=number == 1), allow_inf_nan=False)
        except ValueError as error:
            column = str(error).rpartition("column ")[2]
            reason = str(error).partition(" at line ")[0]
            place = int(column) if column.isdecimal() else 1
            self._wrong(number, "line", f"is not JSON: {reason}", column=max(place, 1))
            return None
        if not isinstance(found, dict):
            self._wrong(number, "line", "must be one JSON object, in braces", found)
            return None
        kind = found.get("kind")
        model = records.RECORDS.get(kind) if isinstance(kind, str) else None
        if model is None:
            if self.told.header is None:
                self._wrong(number, "the first line", f"must be {HEADER}")
            elif kind is None:
                self._wrong(number, "kind", "is missing")
            else:
                self._wrong(number, "kind", unknown_kind(kind, records.RECORDS), kind)
            return None
        try:
            return model.model_validate(found)
        except ValidationError as error:
            for mistake in mistakes_of(error, model, source=self.source, number=number):
                self._wrong(number, mistake.field, mistake.message)
                self.mistakes[-1] = mistake
            self._break(found)
            return None

    def _break(self, record: Mapping[str, Any]) -> None:
        """What refers to a record with a mistake is not told of as another."""
        self.broken |= {str(record[name]) for name in ("id", "key") if record.get(name) is not None}


HEADER = '{"kind": "history", "version": 1}'
NUL = "\\u0000"
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def _plain(text: str | bytes, *, first: bool) -> str | bytes:
    """A line without what no database takes (a NUL), and without a byte order mark."""
    if isinstance(text, bytes):
        if NUL.encode() not in text:
            return text.removeprefix(b"\xef\xbb\xbf") if first else text
        text = text.decode("utf-8")
    text = text.removeprefix("\ufeff") if first else text
    # an even number of backslashes before it is a backslash and plain letters, which stay
    return _NUL.sub(r"\1", text) if NUL in text else text


_TAKES: Mapping[type[BaseModel], Callable[[Known, Any], Iterable[tuple[str, Row]]]] = {
    records.Header: rows.header,
    records.Tracker: rows.tracker,
    records.Project: rows.project,
    records.Settings: rows.settings,
    records.Programme: rows.programme,
    records.Person: rows.person,
    item_records.Item: item_rows.item,
    records.Milestone: rows.milestone,
    records.Baseline: rows.baseline,
    records.Link: rows.link,
    records.Change: rows.change,
    records.RuleVersion: rows.rule,
}
