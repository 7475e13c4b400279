"""How pages write dates, durations and counts. Sentences about verdicts come from `rules.wording`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask, g
from markupsafe import Markup

from rules.calendar import Calendar

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONG_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")

BROWSERS = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip
"""Marks in what browsers say of themselves; the first that is found counts, as many name others beside."""


def install(app: Flask) -> None:
    """Give templates the filters of this module."""
    for function in (
        day,
        day_long,
        moment,
        clock,
        ago,
        number,
        number_word,
        iso,
        share,
        size,
        sentence_case,
        days_since,
        spoken,
        browser,
        parse_day,
    ):
        app.jinja_env.filters[function.__name__] = function


def day(value: datetime | date | None, project_id: int | None = None) -> str:
    """ "Fri 31 Jul" in the project's zone; with the year where it is not this one. None: "not known"."""
    if value is None:
        return "not known"
    local = _local_date(value, project_id)
    text = f"{WEEKDAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]}"
    return text if local.year == _today(project_id).year else f"{text} {local.year}"


def day_long(value: datetime | date, project_id: int | None = None) -> str:
    """ "Fri 31 July", as the heading of the overview has it."""
    local = _local_date(value, project_id)
    return f"{WEEKDAYS[local.weekday()]} {local.day} {LONG_MONTHS[local.month - 1]}"


def moment(value: datetime | None, project_id: int | None = None) -> str:
    """ "Fri 31 Jul 2026, 17:10 UTC": an instant with its zone."""
    if value is None:
        return "not known"
    local = _calendar(project_id).local(value)
    day_ = f"{WEEKDAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]} {local.year}"
    return f"{day_}, {local:%H:%M} {local.tzname()}"


def clock(value: datetime | None, project_id: int | None = None, *, seconds: bool = False) -> str:
    """ "17:10", or "17:10:12"."""
    if value is None:
        return "not known"
    local = _calendar(project_id).local(value)
    return f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"


def ago(value: datetime | None, now: datetime) -> str:
    """ "4 minutes ago", "3 days ago"; None: "never"."""
    if value is None:
        return "never"
    seconds = max(0, int((now - value).total_seconds()))
    for length, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= length:
            count = seconds // length
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


def days_since(value: datetime | None, now: datetime) -> int | None:
    """Whole days between two instants."""
    return None if value is None else max(0, (now - value) // timedelta(days=1))


def number(value: float | None) -> str:
    """ "1,234"; None: "not known"."""
    if value is None:
        return "not known"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def number_word(value: int) -> str:
    """ "Three" for the beginning of a sentence; larger numbers in figures."""
    return NUMBERS[value] if 0 <= value < len(NUMBERS) else number(value)


def share(part: int, whole: int) -> str:
    """ "71 %" with a no-break space."""
    return f"{round(100 * part / whole)}\u00a0%" if whole else "not known"


def size(count: int) -> str:
    """ "24 KB"."""
    return (
        f"{count} B"
        if count < 1_000
        else f"{round(count / 1_000)} KB"
        if count < 1_000_000
        else f"{count / 1_000_000:.1f} MB"
    )


def iso(value: datetime | date | None) -> str:
    """For `datetime` attributes."""
    return "" if value is None else value.isoformat()


def sentence_case(text: str | Markup) -> str | Markup:
    """A fragment as a sentence: a capital first, a full stop last."""
    if not text:
        return text
    whole = text[:1].upper() + text[1:]
    return whole if whole.rstrip().endswith((".", "?", "!", ":")) else whole + "."


def spoken(name: str) -> str:
    """A rule's title as it is; a bare name ("reviews-that-wait") as people say it ("Reviews that wait")."""
    return name if " " in name else name.replace("-", " ").capitalize()


def browser(agent: str) -> str:
    """ "Firefox on Linux", from what a browser says of itself; "a browser" where that is not known."""
    name = next((word for mark, word in BROWSERS if mark in agent), "A browser")
    system = next((word for mark, word in SYSTEMS if mark in agent), "")
    return f"{name} on {system}" if system else name


def parse_day(text: str) -> date:
    """A date as it is stored, for the filters above."""
    return date.fromisoformat(text)


def _calendar(project_id: int | None) -> Calendar:
    frame: Any = g.get("frame")
    return frame.calendar(project_id) if frame is not None else Calendar()


def _local_date(value: datetime | date, project_id: int | None) -> date:
    return _calendar(project_id).local_date(value) if isinstance(value, datetime) else value


def _today(project_id: int | None) -> date:
    frame: Any = g.get("frame")
    return _calendar(project_id).local_date(frame.now) if frame is not None else date.min
