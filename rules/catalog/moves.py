"""How often a date moved, read from every date something ever had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

from rules.calendar import Calendar
from rules.facts import DueSet


def earlier_dates(dues: Iterable[DueSet], due: date | None) -> tuple[date, ...]:
    """The dates that held before the present one, oldest first; setting the same date twice is no move."""
    held: list[date] = []
    for set_ in dues:
        if set_.due is not None and (not held or held[-1] != set_.due):
            held.append(set_.due)
    if held and held[-1] == due:
        held.pop()
    return tuple(held)


def moved_late(dues: Sequence[DueSet], *, calendar: Calendar) -> str:
    """Whether a date was moved later on the very day it was for ("on"), when that day was over ("after"), or neither
    ("no"); what was latest counts.
    """
    found = "no"
    for before, after in pairwise(dues):
        later = before.due is not None and after.due is not None and after.due > before.due
        if not later or before.due is None:
            continue
        moved = calendar.local_date(after.set_at)
        if moved > before.due:
            return "after"
        if moved == before.due:
            found = "on"
    return found
