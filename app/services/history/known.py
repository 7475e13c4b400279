"""What the lines of a history so far have told, by the ids of the file: what references are resolved by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any, TypeVar

from app.services.history.fields import LAST
from app.services.history.records import RuleVersion
from app.services.history.told import Note, Told

Row = dict[str, Any]
Found = TypeVar("Found")
Rows = Iterator[tuple[str, Row]]
"""(table name, row)."""


class Wrong(ValueError):
    """A record that does not fit what stands above it."""

    def __init__(self, field_: str, message: str, value: object = None) -> None:
        super().__init__(f"{field_}: {message}")
        self.field, self.message, self.value = field_, message, value


@dataclass(frozen=True, slots=True)
class ProjectRef:
    id: int
    tracker: int
    key: str


@dataclass(frozen=True, slots=True)
class ItemRef:
    id: int
    project: ProjectRef
    native: str


@dataclass(frozen=True, slots=True)
class MilestoneRef:
    id: int
    project: int | None


@dataclass(slots=True)
class Known:
    """What the lines so far have told, by the ids of the file."""

    told: Told
    trackers: dict[str, int] = field(default_factory=dict)
    statuses: dict[int, dict[str, str]] = field(default_factory=dict)
    projects: dict[str, ProjectRef] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    items: dict[str, ItemRef] = field(default_factory=dict)
    milestones: dict[tuple[int, str], MilestoneRef] = field(default_factory=dict)
    named: dict[tuple[int, str], Note] = field(default_factory=dict)
    """Milestones that items name and that did not stand anywhere yet."""
    taken: set[tuple[str, int, str]] = field(default_factory=set)
    """(table, tracker or project, native id): what stands for one thing only."""
    late: list[tuple[str, Any, Row]] = field(default_factory=list)
    """(table, order, row) of what is put in at the end, in an order of its own."""
    ids: dict[str, Iterator[int]] = field(default_factory=dict)

    def next_id(self, table: str) -> int:
        return next(self.ids.setdefault(table, count(1)))

    def claim(self, table: str, owner: int, native: str, field_: str) -> None:
        """Raises Wrong where something else stands for it."""
        if (table, owner, native) in self.taken:
            raise Wrong(field_, "stands for another one above", native)
        self.taken.add((table, owner, native))

    def tracker(self, name: str | None) -> int:
        if name is not None:
            return look_up(self.trackers, name, "tracker")
        if len(self.trackers) > 1:
            raise Wrong("tracker", f"is missing: there are {', '.join(self.trackers)}")
        if not self.trackers:
            raise Wrong("tracker", "is missing: there is none above, nor a project")
        return next(iter(self.trackers.values()))

    def project(self, name: str | None) -> ProjectRef:
        if name is not None:
            return look_up(self.projects, name, "project")
        if len(self.projects) != 1:
            there = f"there are {', '.join(list(self.projects)[:5])}" if self.projects else "there is none above"
            raise Wrong("project", f"is missing: {there}")
        return next(iter(self.projects.values()))

    def person(self, name: str, field_: str) -> int:
        return look_up(self.people, name, field_)

    def item(self, name: str, field_: str) -> ItemRef:
        return look_up(self.items, name, field_)

    def milestone(self, name: str, tracker: int, field_: str) -> MilestoneRef:
        found = self.milestones.get((tracker, name))
        if found is None:
            raise Wrong(field_, "there is no such milestone above", name)
        return found

    def name_milestone(self, tracker: int, native: str) -> None:
        """Note that an item names a milestone, which may stand below."""
        note = self.named.get((tracker, native))
        if note is not None:
            note.times += 1
        elif (tracker, native) not in self.milestones:
            self.named[(tracker, native)] = Note(self.told.line)

    def day(self, value: date | None, what: str) -> date | None:
        """A day, or None where it means "never"."""
        if value is None or value.year < LAST.year:
            return value
        self.told.note(f"{what} after {LAST.year - 1} is read as none")
        return None

    def rest(self) -> Rows:
        """Rows that wait for the end; and what is missing in the whole is noted."""
        for (_, native), note in sorted(self.named.items(), key=lambda pair: pair[1].line):
            words = f"milestone {native} is named, and stands nowhere in the file: nothing is judged by it"
            self.told.notes[words] = note
        for table, _, row in sorted(self.late, key=lambda one: (one[0], one[1])):
            yield table, {"id": self.next_id(table), **row}
        for name in sorted({one.name for one in self.told.rules}):
            versions = sorted((one for one in self.told.rules if one.name == name), key=lambda one: one.version)
            yield from _rule(self.next_id("rule"), versions)


def look_up(known: Mapping[str, Found], name: str, field_: str) -> Found:
    """What an id stands for. Raises Wrong where nothing above has it."""
    found = known.get(name)
    if found is None:
        raise Wrong(field_, f"there is no such {_WORDS.get(field_, field_)} above", name)
    return found


def _rule(id_: int, versions: list[RuleVersion]) -> Rows:
    newest = versions[-1]
    yield (
        "rule",
        {
            "id": id_,
            "name": newest.name,
            "type": newest.rule_type,
            "version": newest.version,
            "created_at": min(one.valid_from for one in versions),
            "removed_at": newest.removed_at,
        },
    )
    for one in versions:
        row = {
            "rule_id": id_,
            "version": one.version,
            "valid_from": one.valid_from,
            "title": one.title,
            "params": one.params,
            "scope": one.scope.model_dump(),
            "severity": one.severity.value,
            "reach": one.reach.value,
            "mode": one.mode,
            "live_since": one.live_since,
            "author": one.author,
        }
        yield "rule_version", row


_WORDS = {
    "author": "person",
    "assignees": "person",
    "who": "person",
    "pull.reviewers": "person",
    "reviews.who": "person",
    "source": "item",
    "to": "item",
    "home": "item",
    "members": "item",
    "parts.project": "project",
    "projects": "project",
}
