"""The burn-up chart as a Vega-Lite specification: scope, done, the plan, the due date and the cone of the forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from app.services.burn_up import Day
from app.web.chart_specs import NARROW
from rules.calendar import Calendar

FAR = timedelta(days=90)
"""What lies further ahead than this is not drawn: the past would shrink to nothing."""
HEADROOM = 1.2
LABEL = 70
"""Pixels that a label beside a line needs."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """The range of a forecast, and how it is written."""

    early: date
    late: date
    label: str


@dataclass(frozen=True, slots=True)
class _Frame:
    """The two axes, and where things are on them."""

    first: datetime
    last: datetime
    top: float
    width: int

    def x(self) -> dict[str, Any]:
        return {
            "field": "t",
            "type": "temporal",
            "scale": {"domain": [_iso(self.first), _iso(self.last)], "nice": False},
            "axis": {"title": None, "format": "%-d %b", "tickCount": 6 if self.width > NARROW else 4},
        }

    def y(self, field: str) -> dict[str, Any]:
        ticks = {"title": None, "format": "d", "tickMinStep": 1, "tickCount": 5}
        scale = {"domain": [0, self.top], "nice": False}
        return {"field": field, "type": "quantitative", "scale": scale, "axis": ticks}

    def right_of(self, at: datetime) -> float:
        """Pixels between an instant and the right border."""
        return (self.last - at) / (self.last - self.first) * self.width

    def line(self, points: Sequence[tuple[datetime, float]], **mark: Any) -> dict[str, Any]:
        return {
            "data": {"values": [{"t": _iso(at), "n": n} for at, n in points]},
            "mark": {"type": "line", "clip": True, **mark},
            "encoding": {"x": self.x(), "y": self.y("n")},
        }

    def rule(self, at: datetime, colour: str, **mark: Any) -> dict[str, Any]:
        return {
            "data": {"values": [{"t": _iso(at)}]},
            "mark": {"type": "rule", "color": colour, **mark},
            "encoding": {"x": self.x()},
        }

    def text(self, at: datetime, n: float, said: str, colour: str, **mark: Any) -> dict[str, Any]:
        return {
            "data": {"values": [{"t": _iso(at), "n": n, "s": said}]},
            "mark": {"type": "text", "color": colour, **mark},
            "encoding": {"x": self.x(), "y": self.y("n"), "text": {"field": "s"}},
        }


def burn_up_spec(
    days: Sequence[Day],
    *,
    planned: int | None,
    due: date | None,
    ahead: Ahead | None,
    calendar: Calendar,
    now: datetime,
    width: int,
) -> dict[str, Any]:
    """Scope and done as steps, the plan as a dotted line, now and the due date as rules, the forecast as a cone."""
    present = calendar.local(now).replace(tzinfo=None)
    due_end = calendar.local(calendar.due_end(due)).replace(tzinfo=None) if due is not None else None
    first = datetime.combine(days[0].day, time())
    seen = due_end if due_end is not None and first < due_end <= present + FAR else None
    late = max(_noon(ahead.late), present) if ahead is not None else None
    reach = [present]
    reach += [seen] if seen is not None else []
    reach += [min(late, present + FAR)] if late is not None else []
    last = max(reach)
    last += (last - first) * 0.06 if last > present else timedelta(0)
    top = max([day.scope for day in days] + [planned or 0]) * HEADROOM + 0.5
    frame = _Frame(first=first, last=last, top=top, width=width)
    latest = days[-1]
    layers: list[dict[str, Any]] = []
    if ahead is not None and latest.scope > latest.done:
        layers.append(_cone(frame, ahead, latest, present=present))
    if planned is not None:
        dotted = {"color": "var(--chart-3)", "strokeDash": [2, 3], "strokeWidth": 1.25}
        layers.append(frame.line([(first, planned), (last, planned)], **dotted))
        layers.append(frame.text(first, planned, f"planned: {planned}", "var(--chart-ink)", align="left", dx=4, dy=-8))
    if last > present:
        dashed = {"color": "var(--chart-scope)", "strokeDash": [4, 3], "strokeWidth": 1.5}
        layers.append(frame.line([(present, latest.scope), (last, latest.scope)], **dashed))
        layers.append(frame.rule(present, "var(--chart-axis)"))
    layers += _steps(frame, days, present=present)
    layers += _labels(frame, latest, present=present, seen=seen, due=due)
    if ahead is not None and latest.scope > latest.done:
        said = {"align": "right", "baseline": "top", "dy": 2}
        layers.append(frame.text(last, top, ahead.label, "var(--chart-1-ink)", **said))
    return {"width": width, "height": 262 if width > NARROW else 190, "layer": layers}


def _steps(frame: _Frame, days: Sequence[Day], *, present: datetime) -> list[dict[str, Any]]:
    found = []
    for name, colour, thickness in (("scope", "var(--chart-scope)", 2), ("done", "var(--chart-1)", 2.5)):
        points: list[tuple[datetime, float]] = [(datetime.combine(day.day, time()), getattr(day, name)) for day in days]
        points.append((present, getattr(days[-1], name)))
        found.append(frame.line(points, interpolate="step-after", color=colour, strokeWidth=thickness))
    return found


def _labels(
    frame: _Frame, latest: Day, *, present: datetime, seen: datetime | None, due: date | None
) -> list[dict[str, Any]]:
    """The words at the lines. Those of now and of the due date stand on either side, so that they never touch."""
    passed = seen is not None and seen <= present
    beside = {"align": "right", "dx": -6}
    found = [frame.text(present, latest.scope, f"scope: {latest.scope}", "var(--chart-ink)", dy=-8, **beside)]
    if latest.done:
        near = latest.scope - latest.done < frame.top * 0.1
        said = f"done: {latest.done}"
        found.append(frame.text(present, latest.done, said, "var(--chart-1-ink)", dy=12 if near else -8, **beside))
    if frame.last > present:
        side: dict[str, Any] = {"align": "left", "dx": 4} if passed else {"align": "right", "dx": -4}
        found.append(frame.text(present, 0, "now", "var(--chart-ink)", dy=-8, **side))
    if seen is not None and due is not None:
        room = frame.right_of(seen) >= LABEL and not passed
        side = {"align": "left", "dx": 4, "dy": -8} if room else {"align": "right", "dx": -4, "dy": -22}
        found.append(frame.rule(seen, "var(--chart-due)", strokeWidth=1.5))
        found.append(frame.text(seen, 0, f"due {due.day} {due:%b}", "var(--chart-due-ink)", **side))
    return found


def _cone(frame: _Frame, ahead: Ahead, latest: Day, *, present: datetime) -> dict[str, Any]:
    """From what is done now to all of it, between the early and the late end of the range."""
    late = max(_noon(ahead.late), present + timedelta(hours=6))
    early = min(max(_noon(ahead.early), present + timedelta(hours=3)), late)
    low = latest.done + (latest.scope - latest.done) * ((early - present) / (late - present))
    edges = [(present, latest.done, latest.done), (early, low, latest.scope), (late, latest.scope, latest.scope)]
    return {
        "data": {"values": [{"t": _iso(at), "lo": lo, "hi": hi} for at, lo, hi in edges]},
        "mark": {"type": "area", "color": "var(--chart-cone)", "clip": True, "line": False},
        "encoding": {"x": frame.x(), "y": frame.y("lo"), "y2": {"field": "hi"}},
    }


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12))


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
