"""Messages on rules: a line of text with the fields of an item in braces, checked when it is written.

`{state_days}` stands for a field of `rules.conditions.FIELDS`; `{{` and `}}` are braces. What a tracker sent is put in
as it is and cut, never read as a template; whoever renders the line escapes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from rules.conditions import FIELDS, ConditionError, Field
from rules.facts import Item
from rules.wording.render import cut_text, day_text
from rules.wording.templates import sentences

MAX_LENGTH = 300
"""Characters of a message before its fields are filled in."""
LISTED = 5
"""Entries of a list that a message names."""
NAMES = frozenset({"author", "assignees"})
"""Fields that hold people: notes say whose turn it is, never who."""
PART = re.compile(r"\{\{|\}\}|\{(\w*)\}|[{}]")


class MessageError(ConditionError):
    """A message that cannot be used: what is wrong, and where (line and column from 1)."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was checked. `parts` are pieces of text (str) and the names of fields (in a tuple of one)."""

    parts: tuple[str | tuple[str], ...]

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(part[0] for part in self.parts if isinstance(part, tuple))

    def fill(self, item: Item, now: datetime) -> str:
        """The message about one item."""
        return self._with(lambda name, field: _worded(field, field.read(item, now), item))

    def gist(self, item: Item, now: datetime) -> str:
        """What it says but for ages: those grow each day and are no news."""
        return self._with(lambda name, field: name if field.ages else _worded(field, field.read(item, now), item))

    def _with(self, worded: Any) -> str:
        return "".join(part if isinstance(part, str) else worded(part[0], _fields()[part[0]]) for part in self.parts)


@lru_cache(maxsize=512)
def compile_message(text: str) -> Message:
    """Check a message. Raises MessageError for an unknown field, a person, a stray brace, or no text at all."""
    if not text.strip():
        raise MessageError("the message is empty")
    if len(text) > MAX_LENGTH:
        raise MessageError(f"the message is longer than {MAX_LENGTH} characters")
    parts: list[str | tuple[str]] = []
    position = 0
    for found in PART.finditer(text):
        parts.append(text[position : found.start()])
        position = found.end()
        if found[0] in ("{{", "}}"):
            parts.append(found[0][0])
        elif (problem := _problem(found)) is not None:
            line = text.count("\n", 0, found.start()) + 1
            column = found.start() - text.rfind("\n", 0, found.start())
            raise MessageError(problem, line=line, column=column)
        else:
            parts.append((found[1],))
    parts.append(text[position:])
    return Message(tuple(part for part in parts if part))


def _problem(found: re.Match[str]) -> str | None:
    """What is wrong with a brace and what is in it, or None."""
    name = found[1]
    if name is None:
        return f"a single {found[0]!r}: fields stand as {{title}}, and a brace itself is written twice"
    if name in NAMES:
        return f"{name!r} names people, which notes do not"
    if name in _fields():
        return None
    near = get_close_matches(name, _fields(), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"there is no field {name!r}{hint}"


def _fields() -> Mapping[str, Field]:
    return FIELDS[Item]


def _worded(field: Field, value: Any, item: Item) -> str:
    """A value in words: a day as "Fri 11 Dec", a list with commas, what is not known as such."""
    words = sentences()["words"]
    if value is None:
        return str(words["unknown"])
    if field.type == "flag":
        return str(words["yes" if value else "no"])
    if field.type == "time":
        return day_text(value, project=item.project)
    if field.type == "texts":
        return cut_text(", ".join(list(value)[:LISTED])) or str(words["none"])
    return f"{value:g}" if field.type == "number" else cut_text(str(value))
