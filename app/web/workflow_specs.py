"""The charts of how work flows and how much of it there is, as Vega-Lite specifications for one width each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from app.services.load import Plans
from app.services.workflow import AgeColumn, TimeInState
from app.store.views.workflow import FlowWeek
from app.web.chart_specs import NARROW

FLOW_STATES = (
    ("done", "Done", "--flow-1"),
    ("in_review", "In review", "--flow-2"),
    ("in_progress", "In progress", "--flow-3"),
    ("not_started", "Not started", "--flow-4"),
)
STATE_NAMES = {"in_progress": "In progress", "in_review": "In review"}
KIND_NAMES = {"issue": "Issues", "subtask": "Sub-tasks", "pull_request": "Pull requests"}
LOG_TICKS = (1, 2, 5, 10, 30, 90, 365, 1825)
SPREAD = 23
"""Points of one column stand in so many places beside each other, so that they do not hide one another."""


def ages_spec(columns: Sequence[AgeColumn], *, width: int, most: int) -> dict[str, Any]:
    """Working days in the present state, on a log scale, one column a state; the team's percentiles as lines."""
    points: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    names: list[dict[str, Any]] = []
    within = " within" if width > NARROW else ":"
    for place, column in enumerate(columns):
        names.append({"x": place + 0.5, "floor": 0.8, "s": f"{STATE_NAMES[column.state]}: {len(column.items)}"})
        for number, one in enumerate(column.items[:most]):
            over = "over" if one.over else "in"
            points.append({"x": place + 0.04 + 0.56 * (number * 7 % SPREAD) / SPREAD, "y": max(one.days, 1), "o": over})
        for share, days in (("half", column.half), ("85 %", column.most)):
            if days is not None:
                at = max(days, 1)
                lines.append({"x": place + 0.02, "x2": place + 0.98, "y": at, "s": f"{share}{within} {_days(days)}"})
    top = max([one["y"] for one in (*points, *lines)] + [30]) * 1.3
    x = {"field": "x", "type": "quantitative", "scale": {"domain": [0, len(columns)], "nice": False}, "axis": None}
    ticks = [at for at in LOG_TICKS if at <= top]
    y = {
        "field": "y",
        "type": "quantitative",
        "scale": {"type": "log", "domain": [0.8, top], "nice": False},
        "axis": {"title": None, "values": ticks, "grid": True, "labelExpr": "datum.value + ' d'"},
    }
    fills, strokes = ["var(--chart-1)", "var(--surface)"], ["var(--chart-1)", "var(--chart-2)"]

    def by(kind: Sequence[str]) -> dict[str, Any]:
        return {"field": "o", "scale": {"domain": ["in", "over"], "range": kind}, "legend": None}

    layers: list[dict[str, Any]] = [
        {
            "data": {"values": points},
            "mark": {"type": "point", "size": 34, "strokeWidth": 1.3, "opacity": 1},
            "encoding": {
                "x": x,
                "y": y,
                "shape": by(["circle", "diamond"]),
                "fill": by(fills),
                "stroke": by(strokes),
            },
        },
        {
            "data": {"values": lines},
            "mark": {"type": "rule", "color": "var(--chart-scope)", "strokeDash": [4, 3]},
            "encoding": {"x": x, "x2": {"field": "x2"}, "y": y},
        },
        {
            "data": {"values": lines},
            "mark": {"type": "text", "align": "right", "baseline": "bottom", "dy": -2},
            "encoding": {"x": {**x, "field": "x2"}, "y": y, "text": {"field": "s"}},
        },
        {
            "data": {"values": names},
            "mark": {"type": "text", "baseline": "top", "dy": 8, "fontWeight": 500},
            "encoding": {"x": x, "y": {**y, "field": "floor"}, "text": {"field": "s"}},
        },
    ]
    return {"width": width, "height": 220, "layer": [layer for layer in layers if layer["data"]["values"]]}


def throughput_spec(weeks: Sequence[FlowWeek], *, usual: int | None, width: int) -> dict[str, Any]:
    """What was done in each week as bars, and half of all weeks as a line."""
    values: list[dict[str, Any]] = [{"t": week.at.date().isoformat(), "n": week.finished} for week in weeks]
    top = max([one["n"] for one in values] + [usual or 0]) * 1.15 + 0.5
    x = {
        "field": "t",
        "type": "ordinal",
        "axis": {
            "title": None,
            "labelAngle": 0,
            "labelExpr": "utcFormat(toDate(datum.value), '%-d %b')",
            "values": [one["t"] for one in values[:: 5 if width > NARROW else 9]],
        },
        "scale": {"paddingInner": 0.25},
    }
    y = {
        "field": "n",
        "type": "quantitative",
        "axis": {"title": None, "format": "d", "tickMinStep": 1, "tickCount": 5},
        "scale": {"domain": [0, top], "nice": False},
    }
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": values},
            "mark": {"type": "bar", "color": "var(--chart-1)", "cornerRadiusEnd": 2},
            "encoding": {"x": x, "y": y},
        }
    ]
    if usual is not None:
        said = f"half of the weeks: {usual} or more"
        line = {"values": [{"n": usual, "top": top, "s": said, "t": values[-1]["t"]}]}
        layers.append(
            {
                "data": line,
                "mark": {"type": "rule", "color": "var(--chart-scope)", "strokeDash": [4, 3]},
                "encoding": {"y": y},
            }
        )
        layers.append(
            {
                "data": line,
                "mark": {"type": "text", "align": "right", "baseline": "top", "dx": 6},
                "encoding": {"x": x, "y": {**y, "field": "top"}, "text": {"field": "s"}},
            }
        )
    return {"width": width, "height": 180, "layer": layers}


def times_spec(found: Sequence[TimeInState], *, width: int) -> dict[str, Any]:
    """For each kind and state a bar from half to 85 of 100, in working days on a log scale."""
    values: list[dict[str, Any]] = [
        {
            "k": f"{KIND_NAMES[one.kind]}, {STATE_NAMES[one.state].lower()}",
            "a": max(one.half, 0.1),
            "b": max(one.most, 0.1),
            "s": f"{_days(one.half)} to {_days(one.most)}",
        }
        for one in found
    ]
    top = max(one["b"] for one in values) * (2.5 if width > NARROW else 6)
    y = {
        "field": "k",
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "ticks": False, "domain": False, "grid": False, "labelLimit": 150},
    }
    x = {
        "field": "a",
        "type": "quantitative",
        "scale": {"type": "log", "domain": [min([one["a"] for one in values] + [1]) * 0.8, top], "nice": False},
        "axis": {
            "title": None,
            "grid": True,
            "values": [at for at in (0.1, 1, 10, 100, 1000) if at <= top],
            "labelExpr": "datum.value + ' d'",
        },
    }
    data = {"values": values}
    return {
        "width": width,
        "height": {"step": 30},
        "layer": [
            {
                "data": data,
                "mark": {"type": "rule", "color": "var(--chart-cone)", "strokeWidth": 9, "strokeCap": "round"},
                "encoding": {"x": x, "x2": {"field": "b"}, "y": y},
            },
            {
                "data": data,
                "mark": {"type": "point", "color": "var(--chart-1)", "filled": True, "size": 60, "opacity": 1},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": data,
                "mark": {"type": "text", "align": "left", "dx": 10},
                "encoding": {"x": {**x, "field": "b"}, "y": y, "text": {"field": "s"}},
            },
        ],
    }


def _days(value: float) -> str:
    return f"{value:.0f} d" if value >= 10 else f"{value:.1f} d".replace(".0 d", " d")


def plans_spec(found: Plans, *, width: int) -> dict[str, Any]:
    """Items done in each milestone as bars, what is still open in those ahead on top, and what is usual as a line."""
    shown = [*found.ended, *found.ahead][-(10 if width > NARROW else 6) :]
    values = []
    for one in shown:
        values.append({"k": str(one.id), "n": one.done, "p": "done", "o": 0})
        if one.open and one.items > one.done:
            values.append({"k": str(one.id), "n": one.items - one.done, "p": "left", "o": 1})
    names = "".join(f"datum.value=={json.dumps(str(one.id))}?{json.dumps(_cut(one.title))}:" for one in shown) + "''"
    top = max([one.items if one.open else one.done for one in shown] + [found.usual or 0]) * 1.2 + 0.5
    x = {
        "field": "k",
        "type": "nominal",
        "sort": [str(one.id) for one in shown],
        "axis": {"title": None, "labelAngle": 0, "labelExpr": names, "ticks": False, "labelOverlap": True},
        "scale": {"paddingInner": 0.35},
    }
    y = {
        "field": "n",
        "type": "quantitative",
        "axis": {"title": None, "format": "d", "tickMinStep": 1, "tickCount": 5},
        "scale": {"domain": [0, top], "nice": False},
    }
    colours = {"domain": ["done", "left"], "range": ["var(--chart-1)", "var(--chart-cone)"]}
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": values},
            "mark": {"type": "bar"},
            "encoding": {
                "x": x,
                "y": {**y, "stack": "zero"},
                "order": {"field": "o"},
                "color": {"field": "p", "scale": colours, "legend": None},
            },
        }
    ]
    if found.usual is not None:
        line = {"values": [{"n": found.usual, "s": f"usual: {found.usual}", "k": str(shown[0].id)}]}
        rule = {"type": "rule", "color": "var(--chart-scope)", "strokeDash": [4, 3]}
        layers.append({"data": line, "mark": rule, "encoding": {"y": y}})
        text = {"type": "text", "align": "left", "baseline": "bottom", "dy": -3, "dx": -12}
        layers.append({"data": line, "mark": text, "encoding": {"x": x, "y": y, "text": {"field": "s"}}})
    return {"width": width, "height": 180, "layer": layers}


def _cut(title: str, most: int = 12) -> str:
    return title if len(title) <= most else title[: most - 1].rstrip() + "\u2026"
