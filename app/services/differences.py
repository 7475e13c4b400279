"""Two documents side by side, as lines people can read: settings, entries of the audit log, texts of comments. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.services.payloads import without_secrets

LONGEST = 400
MISSING = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One field: what stood there and what stands there now. None: nothing did, or does."""

    name: str
    before: str | None
    after: str | None


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """The fields that differ, by name."""
    found = []
    for name in sorted({*before, *after}):
        was, is_ = before.get(name, MISSING), after.get(name, MISSING)
        if was != is_:
            found.append(Difference(name, _text(was), _text(is_)))
    return tuple(found)


def of_detail(detail: Mapping[str, Any]) -> tuple[Difference, ...]:
    """The detail of an entry of the audit log: where it holds `before` and `after`, what differs between them, else
    what it says, field by field.
    """
    before, after = detail.get("before"), detail.get("after")
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        rest = {name: value for name, value in detail.items() if name not in ("before", "after")}
        return (*differences(before, after), *differences({}, rest))
    return tuple(one for one in differences({}, detail) if one.after is not None)


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of a text that was changed: `sign` is + (new), - (goes) or a blank (stays)."""

    sign: str
    text: str


def text_difference(before: str, after: str) -> tuple[TextLine, ...]:
    """The lines of two texts, those that differ marked."""
    return tuple(_text_lines(before.splitlines(), after.splitlines()))


def _text_lines(before: list[str], after: list[str]) -> Iterator[TextLine]:
    for line in difflib.ndiff(before, after):
        if line[:1] != "?":
            yield TextLine(line[:1], line[2:])


def _text(value: object) -> str | None:
    """A value as a person reads it, secrets cut out."""
    if value is MISSING or value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return _short(", ".join(f"{key}: {_text(inner) or 'nothing'}" for key, inner in value.items()) or "nothing")
    if isinstance(value, list | tuple):
        return _short(", ".join(_text(one) or "nothing" for one in value) or "nothing")
    return _short(str(value) or "nothing")


def _short(text: str) -> str:
    text = without_secrets(text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
