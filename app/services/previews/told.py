"""What is asked of a preview and what it tells, as it is stored and shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter

from app.store.views.scope import Visible
from rules.rulefile import RuleDraft, dump, parse

DAYS = 180


@dataclass(frozen=True, slots=True)
class Question:
    """What would this rule do? `rule` is a rule file that holds it alone, `replaces` the name of the one in force that
    it would take the place of (None: it is new). `projects` (ids; None: all) and `secured` are what the asker may see.
    `without_condition`: its condition cannot be read yet and was left out.
    """

    rule: str
    replaces: str | None
    days: int = DAYS
    projects: tuple[int, ...] | None = None
    secured: bool = False
    without_condition: bool = False

    @property
    def draft(self) -> RuleDraft:
        """The rule. Raises RuleFileError for one that a newer version wrote."""
        (found,) = parse(self.rule, source="preview")
        return found

    @property
    def visible(self) -> Visible:
        """What the asker may see."""
        return Visible(projects=None if self.projects is None else frozenset(self.projects), secured=self.secured)


def question_of(
    draft: RuleDraft, *, replaces: str | None, visible: Visible, days: int = DAYS, without_condition: bool = False
) -> Question:
    """Ask about a draft for somebody who may see `visible`."""
    return Question(
        rule=dump([draft]),
        replaces=replaces,
        days=days,
        projects=None if visible.projects is None else tuple(sorted(visible.projects)),
        secured=visible.secured,
        without_condition=without_condition,
    )


@dataclass(frozen=True, slots=True)
class Named:
    """A subject with what is said of it: the reason's code, since when, and (of the past) what became of it."""

    kind: str
    id: int
    project_id: int
    project: str
    key: str
    title: str
    code: str
    opened_at: datetime
    since: datetime | None = None
    moved_at: datetime | None = None
    became: str = ""

    # as lists of flags name these
    @property
    def subject_kind(self) -> str:
        return self.kind

    @property
    def subject_id(self) -> int:
        return self.id

    @property
    def rule(self) -> str:
        return self.code.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Group:
    """Subjects that are not flagged for one reason, in words."""

    words: str
    count: int


@dataclass(frozen=True, slots=True)
class Now:
    """What it says at this instant. `of` counts what it looked at: all that is open, and what is flagged though it is
    closed. `pending` would be flagged if it stays so for some days; `cleared` stands today and would not any more.
    `looked`: how many of `all` subjects were looked at in the time there was. `named` are the first of the flagged.
    """

    as_of: datetime
    flagged: int
    of: int
    clear: int
    skipped: int
    pending: int
    errors: int
    cleared: int
    looked: int
    all: int
    named: tuple[Named, ...] = ()
    why_clear: tuple[Group, ...] = ()
    why_skipped: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Going:
    """What going live would write. `comments` and `labels` are new ones, `today` as many of the comments as the
    ceilings let out on the first day, which is that of `first_at`; `edits` comments that stand already and would say
    more. `known` flags stood before and are not written; `known_comments` and `known_labels` are what they would add if
    somebody asked for them. `held`: so many items at once in a project that somebody has to approve it first.
    `pages` flags are told on the pages alone.
    """

    comments: int
    labels: int
    edits: int
    today: int
    known: int
    known_comments: int
    known_labels: int
    held: int
    pages: int
    ceiling: int
    first_at: datetime | None = None
    paused: bool = False
    read_only: tuple[str, ...] = ()
    a_week: tuple[float, float] | None = None
    """New comments a week in the time that was played: the middle half of its weeks."""


@dataclass(frozen=True, slots=True)
class Span:
    """Flags that opened in a week or a month, by how they ended. `first` is its first day."""

    first: date
    late: int = 0
    in_time: int = 0
    needless: int = 0
    standing: int = 0
    unknown: int = 0

    @property
    def flags(self) -> int:
        return self.late + self.in_time + self.needless + self.standing + self.unknown


@dataclass(frozen=True, slots=True)
class Lead:
    """Working days from a flag to a bad end: the middle one, and the middle half; `of` so many."""

    median: float
    low: float
    high: float
    of: int


@dataclass(frozen=True, slots=True)
class Past:
    """The time that was played. `since` and `until` are as far as it came, `wanted` is where it should have begun.
    `stopped`: empty while it goes on and where it came to its end; "time" where it took too long, "much" where too much
    happened to play all of it. Counts are of flags that opened within it; those that stood at its beginning are
    `before`.
    """

    since: datetime
    until: datetime
    wanted: datetime
    whole: bool
    stopped: str
    flags: int
    before: int
    late: int
    in_time: int
    needless: int
    standing: int
    unknown: int
    needless_of: int
    """Of so many flags on items it can be told whether they were needless."""
    lead: Lead | None
    weeks: tuple[Span, ...] = ()
    months: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Against:
    """The difference to the version in force over the same time, by subject; names of the first of each."""

    version: int
    mode: str
    added: int
    removed: int
    both: int
    added_named: tuple[Named, ...] = ()
    removed_named: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Early:
    """How needless flags would have been after so many days: (days, needless, of). `working`: days are working days.
    `one_in`: of so many items one was looked at, where there are too many for seven rules more.
    """

    rows: tuple[tuple[int, int, int], ...]
    working: bool
    set_to: int
    one_in: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """What is known so far; None: not yet, or never."""

    name: str = ""
    type: str = ""
    looks_at: str = ""
    """What it judges, for a sentence: "open pull requests"."""
    replaces: int | None = None
    """The version in force; None: the rule is new."""
    mode: str = ""
    """Of the version in force."""
    now: Now | None = None
    past: Past | None = None
    going: Going | None = None
    against: Against | None = None
    early: Early | None = None
    seconds: float = 0.0
    """From the beginning of the work to the first answer."""
    without_condition: bool = False


_QUESTION = TypeAdapter(Question)
_RESULT = TypeAdapter(Result)


def question_doc(question: Question) -> dict[str, Any]:
    doc: dict[str, Any] = _QUESTION.dump_python(question, mode="json")
    return doc


def question_from(doc: Mapping[str, Any]) -> Question:
    """Raises ValueError for a document of another version."""
    return _QUESTION.validate_python(doc)


def result_doc(result: Result) -> dict[str, Any]:
    doc: dict[str, Any] = _RESULT.dump_python(result, mode="json")
    return doc


def result_from(doc: Mapping[str, Any]) -> Result:
    """Raises ValueError for a document of another version."""
    return _RESULT.validate_python(doc)
