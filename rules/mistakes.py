"""What is wrong in a rule file, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong in a file, with its place (line and column from 1), the field, what stands there and what would
    be right.
    """

    source: str
    line: int
    column: int
    field: str
    message: str
    value: str = ""

    def __str__(self) -> str:
        given = f" (given: {self.value})" if self.value else ""
        return f"{self.source}:{self.line}:{self.column}: {self.field}: {self.message}{given}"


class RuleFileError(ValueError):
    """A file that is refused, with all its mistakes in the order of their lines."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda mistake: (mistake.line, mistake.column)))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


def in_words(detail: Mapping[str, Any]) -> str:
    """What is wrong with one value, from an entry of pydantic's `ValidationError.errors()`: a sentence's end that says
    what would be right ("must be at least 1").
    """
    kind = str(detail["type"])
    limits = {name: _number(value) for name, value in detail.get("ctx", {}).items()}
    if kind == "value_error":
        return str(limits["error"])
    fixed = {
        "missing": "is needed",
        "int_parsing": "must be a whole number",
        "int_type": "must be a whole number",
        "int_from_float": "must be a whole number",
        "float_parsing": "must be a number",
        "float_type": "must be a number",
        "bool_parsing": "must be yes or no",
        "bool_type": "must be yes or no",
        "string_type": "must be a text",
        "list_type": "must be a list",
        "date_from_datetime_parsing": "must be a date such as 2026-07-31",
        "date_parsing": "must be a date such as 2026-07-31",
        "extra_forbidden": "is not known here",
    }
    limited = {
        "greater_than_equal": "must be at least {ge}",
        "greater_than": "must be more than {gt}",
        "less_than_equal": "must be at most {le}",
        "less_than": "must be less than {lt}",
        "string_too_short": "must have at least {min_length} characters",
        "string_too_long": "must have at most {max_length} characters",
        "too_short": "must have at least {min_length} entries",
        "too_long": "must have at most {max_length} entries",
        "enum": "must be one of {expected}",
        "literal_error": "must be one of {expected}",
        "url_parsing": "must be an address such as https://example.com",
        "url_scheme": "must be an address that begins with {expected_schemes}",
    }
    if kind in fixed:
        return fixed[kind]
    return limited[kind].format(**limits) if kind in limited else str(detail["msg"])


def _number(limit: object) -> object:
    """A limit as people write it: 0, not 0.0."""
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit
