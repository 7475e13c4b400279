"""The recording format: what happened in one repository, as facts, one JSON object per line, oldest first.

Line 1 is the header, every further line one entry. Files are gzip-compressed JSON Lines in UTF-8 (`*.jsonl.gz`); this
module only sees their text lines and neither opens files nor reads a clock.

Header: `recording` (format version, 1), `repository` (full name), `until` (the instant the record stops), `people`
({login, association, bot}), `labels` (names), `private` (not everybody may read it). Fields at their
default are left out.

Entry: `at` (UTC instant, `2026-08-03T17:00:00Z`), `kind`, `by` (login), `number` (of the item, or of the milestone for
kinds that begin with `milestone_`), and what the kind carries:

| kind | carries |
| --- | --- |
| opened | `opening`: all that an item has from the start; see `Opening` |
| edited | `title` and `body`, whichever changed, as they are afterwards |
| closed | `merged` true for a merged pull request |
| reopened, drafted, readied, locked, unlocked | |
| labeled, unlabeled | `label` |
| assigned, unassigned, review_requested, review_request_removed | `person` |
| milestoned, demilestoned | `milestone`: its number |
| pushed | `sha`: made up, at least 7 hex digits |
| commented | `id`, `body` |
| comment_deleted | `id`; when and by whom the comment was written is not known |
| reviewed | `id`, `state` (approved, changes_requested, commented), `body` |
| review_commented | `id`, `path`, `body` |
| milestone_created, milestone_edited | `title` and `due` (null: none), both as they are afterwards |
| milestone_closed, milestone_opened | |

An item is opened before anything else happens to it, a milestone created before anything joins it: `check` says where
a recording breaks that.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, date, datetime
from typing import Any, Literal, get_args

VERSION = 1

Kind = Literal[
    "opened", "edited", "closed", "reopened", "drafted", "readied", "locked", "unlocked", "labeled", "unlabeled",
    "assigned", "unassigned", "review_requested", "review_request_removed", "milestoned", "demilestoned", "pushed",
    "commented", "comment_deleted", "reviewed", "review_commented",
    "milestone_created", "milestone_edited", "milestone_closed", "milestone_opened",
]  # fmt: skip
KINDS: frozenset[str] = frozenset(get_args(Kind))
Association = Literal["OWNER", "MEMBER", "COLLABORATOR", "CONTRIBUTOR", "NONE"]


class RecordingError(ValueError):
    """A line is not what this format promises; the message names the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One account. `association` is that with the repository, as GitHub words it."""

    login: str
    association: Association = "NONE"
    bot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An item on the day it was opened. Sizes are lines, files and commits as they are at the end of the record."""

    title: str
    body: str = ""
    association: Association = "NONE"
    labels: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    pull: bool = False
    draft: bool = False
    sha: str = ""
    additions: int = 0
    deletions: int = 0
    changed_files: int = 0
    commits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a recording is of, and how far it goes."""

    repository: str
    until: datetime
    people: tuple[Person, ...] = ()
    labels: tuple[str, ...] = ()
    private: bool = False
    recording: int = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One fact; which fields are set depends on `kind`, see the table above."""

    at: datetime
    kind: Kind
    number: int
    by: str
    id: int = 0
    title: str | None = None
    body: str | None = None
    label: str = ""
    person: str = ""
    milestone: int = 0
    due: date | None = None
    merged: bool = False
    state: str = ""
    sha: str = ""
    path: str = ""
    opening: Opening | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A header and its entries. `entries` may be a stream that can be read once only."""

    header: Header
    entries: Iterable[Entry]


def read(lines: Iterable[str]) -> Recording:
    """Read a recording from its text lines; entries are parsed as they are asked for.

    Raises `RecordingError` for a missing or unknown header at once, and for a bad entry when it is reached.
    """
    rest = iter(lines)
    raw = _object(next(rest, ""), line=1)
    if raw.get("recording") != VERSION:
        raise RecordingError(f"line 1: recording format {raw.get('recording')!r} is not known, only {VERSION}")
    try:
        header = Header(
            repository=raw["repository"],
            until=_instant(raw["until"]),
            people=tuple(Person(**person) for person in raw.get("people", ())),
            labels=tuple(raw.get("labels", ())),
            private=raw.get("private", False) is True,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RecordingError(f"line 1: not a header: {error}") from error
    return Recording(header, _entries(rest))


def write(recording: Recording) -> Iterator[str]:
    """Give the text lines of a recording, each with its line feed. Equal recordings give equal lines."""
    header = recording.header
    people = [_without_defaults(person) for person in header.people]
    yield _line({
        "recording": header.recording, "repository": header.repository, "until": header.until,
        "people": people, "labels": header.labels, **({"private": True} if header.private else {}),
    })  # fmt: skip
    for entry in recording.entries:
        raw = _without_defaults(entry)
        if entry.opening is not None:
            raw["opening"] = _without_defaults(entry.opening)
        yield _line(raw)


def check(recording: Recording) -> Iterator[Entry]:
    """Pass entries on, and raise `RecordingError` at the first that is out of time or order, or of nothing known."""
    last, items, milestones = datetime.min.replace(tzinfo=UTC), set[int](), set[int]()
    for place, entry in enumerate(recording.entries, start=2):
        known, opens = (milestones, "milestone_created") if entry.kind.startswith("milestone_") else (items, "opened")
        if entry.at < last or entry.at > recording.header.until:
            raise RecordingError(f"line {place}: {entry.at:%FT%TZ} is out of order or after the end")
        if (entry.kind == opens) == (entry.number in known):
            problem = "a second time" if entry.kind == opens else f"before it was {opens.removeprefix('milestone_')}"
            raise RecordingError(f"line {place}: {entry.kind} of {entry.number} {problem}")
        if entry.milestone and entry.milestone not in milestones:
            raise RecordingError(f"line {place}: milestone {entry.milestone} was never created")
        known.add(entry.number)
        last = entry.at
        yield entry


def _entries(lines: Iterable[str]) -> Iterator[Entry]:
    for place, line in enumerate(lines, start=2):
        raw = _object(line, line=place)
        try:
            if raw["kind"] not in KINDS:
                raise ValueError(f"kind {raw['kind']!r} is not known")
            raw["at"] = _instant(raw["at"])
            if raw.get("due"):
                raw["due"] = date.fromisoformat(raw["due"])
            if opening := raw.get("opening"):
                opening = {key: tuple(value) if isinstance(value, list) else value for key, value in opening.items()}
                raw["opening"] = Opening(**opening)
            yield Entry(**raw)
        except (KeyError, TypeError, ValueError) as error:
            raise RecordingError(f"line {place}: not an entry: {error}") from error


def _object(text: str, *, line: int) -> dict[str, Any]:
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise RecordingError(f"line {line}: not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise RecordingError(f"line {line}: not a JSON object")
    return raw


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return at.astimezone(UTC)


def _without_defaults(thing: Entry | Opening | Person) -> dict[str, Any]:
    pairs = ((part, getattr(thing, part.name)) for part in fields(thing))
    return {part.name: value for part, value in pairs if part.default is MISSING or value != part.default}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a recording")


def _line(raw: dict[str, Any]) -> str:
    return json.dumps(raw, ensure_ascii=False, separators=(",", ":"), default=_plain) + "\n"
