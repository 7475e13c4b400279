"""What addresses of lists ask for, read with care: spans of days and texts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from flask import abort, request

from rules.calendar import Calendar


@dataclass(frozen=True, slots=True)
class Span:
    """Days as picked, and the instants they mean in a calendar's zone: `since` is within, `until` beyond."""

    first: date | None
    last: date | None
    since: datetime | None
    until: datetime | None


def span(calendar: Calendar) -> Span:
    """The days from `from` to `to`, both included. Aborts with 400 for what is no date."""
    first, last = _day("from"), _day("to")
    return Span(
        first=first,
        last=last,
        since=calendar.midnight(first) if first is not None else None,
        until=calendar.end_of_day(last) if last is not None else None,
    )


def text(name: str, *, longest: int = 200) -> str:
    """A text of the address, trimmed and cut."""
    return request.args.get(name, "").strip()[:longest]


def _day(name: str) -> date | None:
    given = request.args.get(name, "").strip()
    if not given:
        return None
    try:
        found = date.fromisoformat(given)
    except ValueError:
        abort(400, f"{name}: got {given[:40]!r}; write a date such as 2026-07-31")
    if not 1900 <= found.year <= 9000:
        abort(400, f"{name}: got {given[:40]!r}; write a date such as 2026-07-31")
    return found
