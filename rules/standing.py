"""What is remembered of a verdict: since when it stands, what was said, and what people answered. Pure: old standing
in, new one out.

Judging forgets, this remembers. What must hold for some days before it is a flag is *pending* until then. `step` takes
in the next verdict, the answers (`acknowledge`, `snooze`, `expect`, `dismiss`) take in what a person said, and `voice`
says whether the flag may be written now, and if not, when to ask again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from rules.calendar import Calendar, NoWorkingDay
from rules.spec import Rule, Tell
from rules.verdict import Outcome, Severity, Verdict

HOLDS = frozenset({"common.gap"})
"""Reasons to skip that say nothing about the subject: what stood keeps standing."""
SETTLE = timedelta(minutes=60)


class Event(StrEnum):
    """What a step did."""

    PENDING = "pending"
    OPENED = "opened"
    REOPENED = "reopened"
    CHANGED = "changed"
    WORSENED = "worsened"
    CLEARED = "cleared"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Reached:
    """A rung that was reached in a flag's life: whom it tells, and when."""

    tell: Tell
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """The memory of one rule about one subject. It is an open flag while `cleared_at` is None, unless it is pending.

    `said` is the verdict whose words a comment carries: it stays as it is while the gist is equal, so that counts of
    days do not edit the comment each day. `verdict` is the latest one. `acknowledged_*` hold the severity and weight
    somebody knows of.
    """

    opened_at: datetime
    said: Verdict
    verdict: Verdict
    since: datetime
    changed_at: datetime
    cleared_at: datetime | None = None
    reopened: int = 0
    acknowledged_at: datetime | None = None
    acknowledged_reason: str | None = None
    acknowledged_severity: Severity = Severity.NOTE
    acknowledged_weight: float = 0.0
    snoozed_until: datetime | None = None
    snoozed_reason: str | None = None
    expected: datetime | None = None
    expected_reason: str | None = None
    dismissed_at: datetime | None = None
    dismissed_reason: str | None = None
    snoozed_at: datetime | None = None
    expected_at: datetime | None = None
    label_taken_at: datetime | None = None
    """When a person took our label off: it is not put on again while this flag is open."""
    comment_taken_at: datetime | None = None
    """The same of our comment, deleted, edited or hidden."""
    retracted_at: datetime | None = None
    """When this flag was taken back from the tracker."""
    pending_since: datetime | None = None
    """Since when it has held without a break, while that is not yet as long as its rule asks; it is no flag yet."""
    opens_at: datetime | None = None
    """When it becomes a flag if it holds until then. None: not pending, or its calendar has no working day left."""
    taken_back_at: datetime | None = None
    """When somebody last took the answers back: what was said by then, and is only heard now, counts no more."""
    escalated: tuple[Reached, ...] = ()
    """The rungs of its rule's ladder that it has reached, in that order. A flag that opens anew has reached none."""

    @property
    def is_open(self) -> bool:
        return self.cleared_at is None and not self.is_pending

    @property
    def is_pending(self) -> bool:
        return self.pending_since is not None

    @property
    def is_acknowledged(self) -> bool:
        """Whether somebody knows of it as bad as it is."""
        if self.acknowledged_at is None:
            return False
        worse = self.verdict.severity.rank > self.acknowledged_severity.rank
        return not (worse or self.verdict.weight > self.acknowledged_weight)

    def speaks(self, now: datetime) -> bool:
        """Whether it is open and nobody has asked for quiet; settling and working hours are `voice`'s."""
        asked = [until for until in (self.snoozed_until, self.expected) if until is not None]
        quiet = any(now < until for until in asked)
        return self.is_open and self.dismissed_at is None and not self.is_acknowledged and not quiet


@dataclass(frozen=True, slots=True)
class Voice:
    """Whether a flag may be written now; `until` is when the answer could change with time alone (None: it cannot)."""

    speaks: bool
    until: datetime | None = None


def step(
    standing: Standing | None, verdict: Verdict, rule: Rule, *, calendar: Calendar, now: datetime
) -> tuple[Standing | None, tuple[Event, ...]]:
    """The standing after one more verdict, and what happened. `calendar` is the project's.

    A flag opens at once, or when it has held for as long as its verdict asks, and clears at once; opened anew it is a
    new flag, and earlier answers are gone. What was pending and holds no longer is forgotten. An error, and a skip that
    only says that something is not known, leave what stands. A rule that is off clears.
    """
    if verdict.outcome is Outcome.ERROR:
        return standing, (Event.FAILED,)
    if verdict.outcome is Outcome.FLAGGED and rule.mode != "off":
        if standing is not None and standing.is_open:
            return _flagged_still(standing, verdict, now)
        return _flagged_anew(standing, verdict, calendar=calendar, now=now)
    if standing is None or standing.cleared_at is not None:
        return standing, ()
    if verdict.outcome is Outcome.SKIPPED and verdict.reason.code in HOLDS and rule.mode != "off":
        return standing, ()
    if standing.is_pending:
        return None, ()
    return replace(standing, cleared_at=now, changed_at=now, verdict=verdict), (Event.CLEARED,)


def _flagged_anew(
    before: Standing | None, verdict: Verdict, *, calendar: Calendar, now: datetime
) -> tuple[Standing, tuple[Event, ...]]:
    """A flag where none was open: pending until it has held for long enough, else open."""
    began, reopened = now, 0
    if before is not None:
        began, reopened = before.pending_since or now, before.reopened + (not before.is_pending)
    opens = _opens_at(began, verdict, calendar)
    made = Standing(
        opened_at=now,
        said=verdict,
        verdict=verdict,
        since=verdict.since or began,
        changed_at=now,
        reopened=reopened,
    )
    if opens is not None and opens <= now:
        return made, (Event.REOPENED if reopened else Event.OPENED,)
    held = replace(made, opened_at=began, changed_at=began, pending_since=began, opens_at=opens)
    return held, () if before is not None and before.is_pending else (Event.PENDING,)


def _opens_at(began: datetime, verdict: Verdict, calendar: Calendar) -> datetime | None:
    try:
        return calendar.add_working_days(began, verdict.hold_for)
    except NoWorkingDay:
        return None


def _flagged_still(standing: Standing, verdict: Verdict, now: datetime) -> tuple[Standing, tuple[Event, ...]]:
    before = standing.said
    worse = verdict.severity.rank > before.severity.rank or verdict.reach.rank > before.reach.rank
    same = (verdict.gist, verdict.reason.code, verdict.severity, verdict.reach) == (
        before.gist,
        before.reason.code,
        before.severity,
        before.reach,
    )
    if same:
        return replace(standing, verdict=verdict), ()
    told = replace(standing, verdict=verdict, said=verdict, changed_at=now)
    return told, (Event.WORSENED if worse else Event.CHANGED,)


def acknowledge(standing: Standing, *, reason: str | None, now: datetime) -> Standing:
    """Somebody knows of it: silent until it gets worse in severity or weight. Of two answers of a kind the later one
    holds, whichever is heard first; so for all four.
    """
    if _is_stale(standing, standing.acknowledged_at, now):
        return standing
    return replace(
        standing,
        acknowledged_at=now,
        acknowledged_reason=reason,
        acknowledged_severity=standing.verdict.severity,
        acknowledged_weight=standing.verdict.weight,
    )


def snooze(standing: Standing, *, until: datetime, reason: str | None, now: datetime | None = None) -> Standing:
    """Quiet until an instant; `now` is when that was said."""
    if _is_stale(standing, standing.snoozed_at, now):
        return standing
    return replace(standing, snoozed_until=until, snoozed_reason=reason, snoozed_at=now)


def expect(standing: Standing, *, until: datetime, reason: str | None, now: datetime | None = None) -> Standing:
    """Somebody said by when it will have moved: quiet until then. `now` is when that was said."""
    if _is_stale(standing, standing.expected_at, now):
        return standing
    return replace(standing, expected=until, expected_reason=reason, expected_at=now)


def dismiss(standing: Standing, *, reason: str | None, now: datetime) -> Standing:
    """Somebody said it is wrong: silent until it has cleared and opened anew."""
    if _is_stale(standing, standing.dismissed_at, now):
        return standing
    return replace(standing, dismissed_at=now, dismissed_reason=reason)


def take_back(standing: Standing, *, now: datetime) -> Standing:
    """Nothing was answered: it speaks again. What a person took out of the tracker stays out."""
    return replace(
        standing,
        acknowledged_at=None,
        acknowledged_reason=None,
        acknowledged_severity=Severity.NOTE,
        acknowledged_weight=0.0,
        snoozed_until=None,
        snoozed_reason=None,
        snoozed_at=None,
        expected=None,
        expected_reason=None,
        expected_at=None,
        dismissed_at=None,
        dismissed_reason=None,
        taken_back_at=now,
    )


def _is_stale(standing: Standing, known: datetime | None, now: datetime | None) -> bool:
    """Whether a later answer of the kind is known, or all answers up to then were taken back."""
    return now is not None and any(at is not None and at > now for at in (known, standing.taken_back_at))


def voice(standing: Standing, *, calendar: Calendar, settle: timedelta = SETTLE, now: datetime) -> Voice:
    """Whether the flag may be written now: it speaks, it has stood for `settle`, and the project works at this hour."""
    if not standing.is_open or standing.dismissed_at is not None or standing.is_acknowledged:
        return Voice(False)
    asked = [standing.opened_at + settle, standing.snoozed_until, standing.expected]
    earliest = max([now, *(at for at in asked if at is not None)])
    opens = calendar.next_open(earliest)
    if opens > now:
        return Voice(False, until=opens)
    return Voice(True, until=calendar.closing(now))
