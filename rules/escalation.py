"""Escalation: whom a flag is told to, and when, as it stands unanswered. Pure: a standing and its rule's ladder in, the
standing that remembers and what is due now out.

A rung is reached once in a flag's life, within the project's hours, and not while somebody has asked for quiet. A role
hears of a flag at most as often as the ladder has rungs for it, also where the ladder was changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rules.calendar import Calendar, NoWorkingDay
from rules.spec import Rung, Tell
from rules.standing import SETTLE, Reached, Standing
from rules.verdict import Reach, Severity

LINGER = timedelta(minutes=15)
"""How long a flag stays cleared before that is said."""


@dataclass(frozen=True, slots=True)
class Step:
    """A rung that is due: whom it tells, and how many times the flag was told to them by then."""

    tell: Tell
    number: int


@dataclass(frozen=True, slots=True)
class Escalation:
    """The standing that remembers, what is due now, and when to ask again (None: time alone changes nothing)."""

    standing: Standing
    due: tuple[Step, ...] = ()
    next_at: datetime | None = None


def escalate(
    standing: Standing, ladder: Sequence[Rung], *, calendar: Calendar, settle: timedelta = SETTLE, now: datetime
) -> Escalation:
    """Which rungs are due. A rung is due when the flag has stood for as many working days, and for `settle` (which an
    urgent one need not), when nobody asks for quiet, and within the hours of `calendar`.

    A note is for pages alone and reaches no rung. Where several rungs for one role are due at once, that role is told
    once.
    """
    if not _may_ever_speak(standing):
        return Escalation(standing)
    reached = {tell: sum(one.tell is tell for one in standing.escalated) for tell in Tell}
    seen = dict.fromkeys(Tell, 0)
    due: dict[Tell, int] = {}
    later: list[datetime] = []
    added: list[Reached] = []
    for rung in sorted(ladder, key=lambda rung: rung.after):  # stable: rungs of one day stay in their order
        seen[rung.tell] += 1
        if seen[rung.tell] <= reached[rung.tell]:
            continue
        at = _at(standing, rung, calendar=calendar, settle=settle, now=now)
        if at is None:
            continue
        if at > now:
            later.append(at)
            continue
        due[rung.tell] = seen[rung.tell]
        added.append(Reached(rung.tell, now))
    after = replace(standing, escalated=(*standing.escalated, *added)) if added else standing
    return Escalation(after, tuple(Step(tell, number) for tell, number in due.items()), min(later, default=None))


def quiet_until(standing: Standing, now: datetime) -> datetime | None:
    """When the quiet that somebody asked for ends; None where nobody did, or it ends with an event alone."""
    if not _may_ever_speak(standing):
        return None
    return max((at for at in (standing.snoozed_until, standing.expected) if at is not None and at > now), default=None)


def recovers_at(standing: Standing, *, calendar: Calendar, linger: timedelta = LINGER) -> datetime | None:
    """When those who were told of a flag may be told that it is over: once it has stayed cleared for `linger`, within
    the hours. None: it is open, or nobody was to be told.
    """
    if standing.cleared_at is None or not standing.escalated:
        return None
    try:
        return calendar.next_open(standing.cleared_at + linger)
    except NoWorkingDay:
        return None


def is_told(standing: Standing, *, on_item: bool) -> bool:
    """Whether a flag may leave the pages at all: what is for pages alone may hold what not every reader may see, and
    where a note stands elsewhere, that one is told of. A milestone's flag without a home item (`on_item` False) has
    no place in the tracker and goes all the same.
    """
    verdict = standing.verdict
    return verdict.waits_on is None and (verdict.reach is not Reach.PAGE or not on_item)


def _may_ever_speak(standing: Standing) -> bool:
    """Whether time alone could make it speak."""
    quiet = standing.dismissed_at is not None or standing.is_acknowledged
    return standing.is_open and not quiet and standing.verdict.severity is not Severity.NOTE


def _at(standing: Standing, rung: Rung, *, calendar: Calendar, settle: timedelta, now: datetime) -> datetime | None:
    """The first instant from now on at which a rung is due; None where the calendar has no such day."""
    settled = standing.opened_at + (timedelta() if standing.verdict.severity is Severity.URGENT else settle)
    asked = [at for at in (standing.snoozed_until, standing.expected) if at is not None]
    try:
        stood = calendar.add_working_days(standing.opened_at, rung.after)
        return calendar.next_open(max([now, settled, stood, *asked]))
    except NoWorkingDay:
        return None
