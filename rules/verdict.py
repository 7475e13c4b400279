"""Verdicts: what a rule found, why, since when, and when that could change by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from rules.facts import Ref, Step


class Outcome(StrEnum):
    FLAGGED = "flagged"
    CLEAR = "clear"
    SKIPPED = "skipped"
    ERROR = "error"
    PENDING = "pending"
    """Flagged, and not yet for as long as its rule asks: memory says so, no rule does."""


class Severity(StrEnum):
    """*note*: page and digest; *warning*: label and comment; *urgent*: comment now, escalation."""

    NOTE = "note"
    WARNING = "warning"
    URGENT = "urgent"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Reach(StrEnum):
    """How far a flag may travel: pages and digest only, a label, or label and comment."""

    PAGE = "page"
    LABEL = "label"
    COMMENT = "comment"

    @property
    def rank(self) -> int:
        return list(Reach).index(self)


@dataclass(frozen=True, slots=True)
class Days:
    """A duration in (working) days, as a value of a sentence; worded "14 days" or "3 working days" by the project's
    calendar.
    """

    count: float
    working: bool = False


Value = str | int | float | bool | None | date | datetime | Ref | Step | Days | tuple[Ref, ...] | tuple["Said", ...]
"""What a sentence may be filled with. Text from a tracker goes in as `str` and is escaped by whoever renders it."""


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence: the `code` of its template in `rules/wording/` and the values to fill in."""

    code: str
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def refs(self) -> tuple[Ref, ...]:
        """Every item that it names, or would name."""
        found: list[Ref] = []
        for value in self.values.values():
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, Said):
                    found += one.refs
                elif isinstance(one, Step):
                    found += [one.of] if one.of is not None else []
                elif isinstance(one, Ref):
                    found.append(one)
        return tuple(found)

    def with_refs(self, change: Callable[[Ref], Ref]) -> Said:
        """The same sentence, every item in it changed."""

        def changed(value: Value) -> Value:
            if isinstance(value, Ref):
                return change(value)
            if isinstance(value, Step):
                return replace(value, of=change(value.of)) if value.of is not None else value
            if isinstance(value, tuple):
                return tuple(one.with_refs(change) if isinstance(one, Said) else change(one) for one in value)  # type: ignore[return-value]
            return value

        return Said(self.code, {name: changed(value) for name, value in self.values.items()})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule found for one subject.

    `reason` is the sentence that says why, for every outcome. `evidence` are at most three further lines; `table`
    rows (of cells) stand where the model comments have a table. `helps` is the code of the closing "what helps" or
    "pick one" sentence. `since` is when the bad state began. `recheck_at` is the first instant at which the verdict
    could change with no event; None: only an event can change it. `gist` says what the flag is about: while it is
    equal there is nothing new to tell. `reach` and `severity` are upper bounds that the rule's row may lower.
    """

    outcome: Outcome
    reason: Said
    since: datetime | None = None
    recheck_at: datetime | None = None
    evidence: tuple[Said, ...] = ()
    table: tuple[tuple[Said, ...], ...] = ()
    helps: Said | None = None
    footnote: Said | None = None
    gist: str = ""
    severity: Severity = Severity.WARNING
    reach: Reach = Reach.COMMENT
    refs: tuple[Ref, ...] = ()
    below: tuple[Said, ...] = ()
    """Lines that stand under the evidence or the table."""
    weight: float = 0.0
    """How bad, within one severity: a flag that somebody acknowledged is worse when its weight has grown."""
    waits_on: Ref | None = None
    """The item where somebody can act on the cause: the note stands there, so this one stays on the pages."""
    hold_for: float = 0.0
    """Working days for which it must be flagged without a break before it is a flag; 0: at once."""

    @property
    def sentences(self) -> tuple[Said, ...]:
        """All that it says, in the order in which it is read."""
        cells = (cell for row in self.table for cell in row)
        closing = (said for said in (self.helps, self.footnote) if said is not None)
        return (self.reason, *self.evidence, *cells, *self.below, *closing)


def flagged(
    code: str,
    *,
    since: datetime | None,
    values: Mapping[str, Value] | None = None,
    recheck_at: datetime | None = None,
    evidence: tuple[Said, ...] = (),
    table: tuple[tuple[Said, ...], ...] = (),
    helps: Said | None = None,
    footnote: Said | None = None,
    gist: str = "",
    severity: Severity = Severity.WARNING,
    reach: Reach = Reach.COMMENT,
    refs: tuple[Ref, ...] = (),
    below: tuple[Said, ...] = (),
    weight: float = 0.0,
    hold_for: float = 0.0,
) -> Verdict:
    """The rule found what it looks for. `since` None: only memory can tell since when."""
    return Verdict(
        outcome=Outcome.FLAGGED,
        reason=Said(code, values or {}),
        since=since,
        recheck_at=recheck_at,
        evidence=evidence,
        table=table,
        helps=helps,
        footnote=footnote,
        gist=gist or code,
        severity=severity,
        reach=reach,
        refs=refs,
        below=below,
        weight=weight,
        hold_for=hold_for,
    )


def clear(
    code: str,
    *,
    values: Mapping[str, Value] | None = None,
    recheck_at: datetime | None = None,
    evidence: tuple[Said, ...] = (),
) -> Verdict:
    """The rule looked and found nothing; `recheck_at` says when time alone could change that."""
    return Verdict(outcome=Outcome.CLEAR, reason=Said(code, values or {}), recheck_at=recheck_at, evidence=evidence)


def skipped(code: str, *, values: Mapping[str, Value] | None = None, recheck_at: datetime | None = None) -> Verdict:
    """The rule does not apply, or cannot know; the reason says which."""
    return Verdict(outcome=Outcome.SKIPPED, reason=Said(code, values or {}), recheck_at=recheck_at)
