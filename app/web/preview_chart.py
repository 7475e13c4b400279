"""The chart of a preview: flags by the week in which they opened, by how they ended. Geometry only; the template draws
it, so that one drawing serves both themes and needs no engine while it is asked for every second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.services.previews.told import Span
from app.web.words import MONTHS

WAYS = ("late", "in_time", "needless", "unknown", "standing")
"""From the bottom of a column to its top."""
HEIGHT, AXIS = 74.0, 26.0
MOST_MARKS = 8
"""In a column of single marks; where any week has more, columns are bars."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A flag, or in bars all flags of a week and way: its middle, its half size, and half the height of a bar."""

    way: str
    x: float
    y: float
    r: float
    half: float = 0.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A month's name below the axis."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One drawing of a width in pixels."""

    width: float
    height: float
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    bars: bool
    most: int


def chart(weeks: Sequence[Span], *, width: float, until: date | None = None) -> Chart:
    """The drawing of some weeks. `until`: the last day of the time that is played, where it is not reached yet."""
    first = weeks[0].first
    last = max(weeks[-1].first, until) if until is not None else weeks[-1].first
    columns = max((last - first) // timedelta(days=7) + 1, 1)
    pitch = width / columns
    most = max((week.flags for week in weeks), default=0)
    bars = most > MOST_MARKS
    step = HEIGHT / most if bars else min(HEIGHT / MOST_MARKS, 14.0)
    r = min(pitch * 0.36, step * 0.38) if not bars else pitch * 0.36
    marks: list[Mark] = []
    for week in weeks:
        x = ((week.first - first) // timedelta(days=7) + 0.5) * pitch
        floor = HEIGHT
        for way in WAYS:
            count = getattr(week, way)
            if not count:
                continue
            if bars:
                marks.append(_mark(way, x, floor - count * step / 2, r, half=count * step / 2))
            else:
                marks += [_mark(way, x, floor - (place + 0.5) * step, r) for place in range(count)]
            floor -= count * step
    return Chart(width, HEIGHT + AXIS, tuple(marks), _ticks(first, last, pitch), bars, most)


def _mark(way: str, x: float, y: float, r: float, *, half: float = 0.0) -> Mark:
    return Mark(way, round(x, 1), round(y, 1), round(max(r, 1.2), 1), round(half, 1))


def _ticks(first: date, last: date, pitch: float) -> tuple[Tick, ...]:
    found = []
    day = first.replace(day=1)
    while day <= last:
        x = (day - first).days / 7 * pitch
        if x >= 0:
            found.append(Tick(round(x, 1), MONTHS[day.month - 1]))
        day = (day + timedelta(days=32)).replace(day=1)
    # names need some room
    kept: list[Tick] = []
    for tick in found:
        if (not kept or tick.x - kept[-1].x >= 34) and tick.x < pitch * ((last - first).days / 7 + 1) - 12:
            kept.append(tick)
    return tuple(kept)
