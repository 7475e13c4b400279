"""What is wrong in a history, said as people read it: the line, the field, what stands there, what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from rules.mistakes import Mistake

MOST = 50
"""So many mistakes are told; after that nobody reads on."""


class HistoryError(ValueError):
    """A history that is refused, with its mistakes in the order of their lines."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in mistakes))


def mistakes_of(
    error: ValidationError, model: type[BaseModel], *, source: str, number: int, column: int = 1
) -> Iterator[Mistake]:
    """Everything that the model finds wrong in a line."""
    for detail in error.errors():
        field, message = ".".join(str(part) for part in detail["loc"]), detail["msg"]
        shown = repr(detail["input"])[:80]
        if detail["type"] == "missing":
            message, shown = "is missing", ""
        elif detail["type"] == "extra_forbidden":
            message, shown = _unknown(detail["loc"], model), ""
        elif detail["type"] == "timezone_aware":
            message = "must say its offset, such as 2026-03-02T09:00:00Z"
        elif detail["type"] == "literal_error":
            message = _none_of(detail["input"], [part.strip("' ") for part in _CHOICE.split(detail["ctx"]["expected"])])
        elif detail["type"] == "value_error":
            message = message.removeprefix("Value error, ")
            if not field:  # of the record as a whole: it names its field itself
                field, _, message = message.partition(": ")
            if not field or isinstance(detail["input"], dict):
                shown = ""
        else:
            message = f"{message[:1].lower()}{message[1:]}"
        yield Mistake(source, number, column, field, message, shown)


_CHOICE = re.compile(r", | or ")


def _none_of(value: object, choices: list[str]) -> str:
    near = get_close_matches(str(value), choices, n=1)
    return f"there is no `{value}`; did you mean `{near[0]}`?" if near else f"must be one of {', '.join(choices)}"


def _unknown(place: tuple[int | str, ...], model: type[BaseModel]) -> str:
    names = list(model.model_fields) if len(place) == 1 else []
    near = get_close_matches(str(place[-1]), names, n=1)
    known = f"; known are {', '.join(names)}" if names else ""
    return f"is not known here; did you mean `{near[0]}`?" if near else f"is not known here{known}"


def unknown_kind(kind: object, kinds: Mapping[str, Any]) -> str:
    """What to say of a `kind` that there is not."""
    near = get_close_matches(str(kind), list(kinds), n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(kinds)}"
    return f"there is no such kind of record; {hint}"
