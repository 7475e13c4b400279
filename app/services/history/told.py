"""What there is to say of a history that was read: how much of what, which rules, and what is strange in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from app.services.history.records import Header, Project, RuleVersion, Tracker


@dataclass(slots=True)
class Note:
    """Something strange that was taken all the same, or left out: how often, and in which line first."""

    line: int
    times: int = 1


@dataclass(slots=True)
class Told:
    """Filled while a history is read. `counts` are of records by their kind, `notes` by what is said of them; `first`
    and `last` the span of its changes.
    """

    header: Header | None = None
    counts: Counter[str] = field(default_factory=Counter)
    trackers: list[Tracker] = field(default_factory=list)
    projects: list[Project] = field(default_factory=list)
    rules: list[RuleVersion] = field(default_factory=list)
    notes: dict[str, Note] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None
    line: int = 0
    """The line that is being read."""

    def note_line(self, kind: str, number: int) -> None:
        self.counts[kind] += 1
        self.line = number

    def note(self, words: str, *, line: int = 0) -> None:
        """Say something of a line, of this one where none is named."""
        known = self.notes.get(words)
        if known is None:
            self.notes[words] = Note(line or self.line)
        else:
            known.times += 1

    def span(self, at: datetime) -> None:
        """Take in when a change was."""
        self.first = at if self.first is None or at < self.first else self.first
        self.last = at if self.last is None or at > self.last else self.last
