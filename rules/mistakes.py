"""What is wrong in a rule file, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


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
