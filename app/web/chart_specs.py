"""The charts as Vega-Lite specifications, for one width each. Colours are CSS variables, resolved by the browser."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

NARROW = 336
CONFIG: Mapping[str, Any] = {
    "font": "Helvetica, Arial, sans-serif",
    "background": None,
    "padding": {"left": 2, "right": 4, "top": 4, "bottom": 2},
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--chart-ink)",
        "labelFontSize": 11,
        "gridColor": "var(--chart-grid)",
        "domainColor": "var(--chart-axis)",
        "tickColor": "var(--chart-axis)",
        "tickSize": 4,
        "labelPadding": 5,
        "grid": False,
    },
    "axisY": {"grid": True, "domain": False, "ticks": False},
    "text": {"fontSize": 11, "color": "var(--chart-ink)"},
}
BANDS = ("Reviewers\u2019 turn", "Author\u2019s turn", "Approved", "Draft")
SHORT_BANDS = ("Reviewers", "Author", "Approved", "Draft")
STATES = (
    ("done", "Done", "--flow-1"),
    ("in_review", "In review", "--flow-2"),
    ("draft", "Draft", "--flow-3"),
    ("not_started", "Not started", "--flow-4"),
)


def ageing_spec(columns: Mapping[str, Sequence[int]], *, lines: Mapping[float, int], width: int) -> dict[str, Any]:
    """Ages in days by column, on a log scale, with the percentiles in `lines` (share to days) as rules."""
    p85 = lines.get(0.85)
    points = [
        {"x": place + 0.26 + 0.12 * (i % 5), "age": age, "late": "over" if p85 is not None and age > p85 else "in"}
        for place, ages in enumerate(columns.values())
        for i, age in enumerate(sorted(ages))
    ]
    top = max([age for ages in columns.values() for age in ages] + list(lines.values()) + [30]) * 1.2
    said_names = BANDS if width > NARROW else SHORT_BANDS
    names = {place + 0.5: f"{said_names[place]} {len(ages)}" for place, ages in enumerate(columns.values())}
    x = {
        "field": "x",
        "type": "quantitative",
        "scale": {"domain": [0, 4.75], "nice": False},
        "axis": {
            "title": None,
            "values": list(names),
            "labelExpr": "".join(f"datum.value=={at}?{json.dumps(name)}:" for at, name in names.items()) + "''",
            "ticks": False,
            "labelOverlap": False,
            "labelFontSize": 11 if width > NARROW else 10,
        },
    }
    y = {
        "type": "quantitative",
        "scale": {"type": "log", "domain": [1, top], "nice": False},
        "axis": {
            "title": None,
            "values": [at for at in (1, 7, 30, 90, 365, 1825) if at <= top],
            "grid": True,
            "labelExpr": (
                "datum.value<2?'1 d':datum.value<8?'1 w':datum.value<31?'1 m':"
                "datum.value<91?'3 m':datum.value<366?'1 y':'5 y'"
            ),
        },
    }
    fill = {"domain": ["in", "over"], "range": ["var(--chart-1)", "var(--surface)"]}
    stroke = {"domain": ["in", "over"], "range": ["var(--chart-1)", "var(--chart-2)"]}
    shape = {"domain": ["in", "over"], "range": ["circle", "diamond"]}
    if 0.95 in lines and lines[0.95] < 1.6 * lines.get(0.85, 0):
        lines = {share: days for share, days in lines.items() if share != 0.95}  # their labels would touch
    said = {0.5: "half", 0.85: "85 %", 0.95: "95 %"}
    labels = [{"x": 4.75, "y": days, "s": f"{said[share]} within {days} d"} for share, days in lines.items()]
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": points},
            "mark": {"type": "point", "size": 34, "strokeWidth": 1.3, "opacity": 1},
            "encoding": {
                "x": x,
                "y": {**y, "field": "age"},
                "shape": {"field": "late", "scale": shape, "legend": None},
                "fill": {"field": "late", "scale": fill, "legend": None},
                "stroke": {"field": "late", "scale": stroke, "legend": None},
            },
        }
    ]
    if labels:
        layers.insert(
            0,
            {
                "data": {"values": labels},
                "mark": {"type": "rule", "color": "var(--chart-scope)", "strokeDash": [4, 3]},
                "encoding": {"y": {**y, "field": "y"}},
            },
        )
        layers.append(
            {
                "data": {"values": labels},
                "mark": {"type": "text", "align": "right", "baseline": "bottom", "dy": -2},
                "encoding": {"x": x, "y": {**y, "field": "y"}, "text": {"field": "s"}},
            }
        )
    return {"width": width, "height": 200, "layer": layers}


def flow_spec(points: Sequence[Any], *, width: int, states: Sequence[tuple[str, str, str]] = STATES) -> dict[str, Any]:
    """How many items were in each state, stacked, with the latest counts written at the bands. A point has an instant
    `at` and a count for the first name of each of `states`.
    """
    values = [
        {"date": p.at.date().isoformat(), "state": name, "n": getattr(p, field), "o": order}
        for p in points
        for order, (field, name, _) in enumerate(states)
    ]
    last, floor, labels = points[-1], 0.0, []
    whole = sum(getattr(last, field) for field, _, _ in states) or 1
    lowest = -1.0
    for field, name, _ in states:
        count = getattr(last, field)
        # labels keep a line's height apart, even where a band is thin
        at = max(floor + count / 2, lowest)
        lowest = at + whole * 0.075
        labels.append({"date": last.at.date().isoformat(), "y": at, "s": f"{name} {count:,}"})
        floor += count
    x = {"field": "date", "type": "temporal", "axis": {"title": None, "format": "%b", "tickCount": "month"}}
    colours = {"domain": [name for _, name, _ in states], "range": [f"var({colour})" for _, _, colour in states]}
    return {
        "width": width,
        "height": 200,
        "layer": [
            {
                "data": {"values": values},
                "mark": {"type": "area", "interpolate": "linear", "stroke": "var(--surface)", "strokeWidth": 1},
                "encoding": {
                    "x": x,
                    "y": {
                        "field": "n",
                        "type": "quantitative",
                        "stack": "zero",
                        "axis": {"title": None, "tickCount": 5, "grid": True},
                    },
                    "order": {"field": "o"},
                    "color": {"field": "state", "scale": colours, "legend": None},
                },
            },
            {
                "data": {"values": labels},
                "mark": {"type": "text", "align": "left", "dx": 6, "baseline": "middle", "color": "var(--chart-ink)"},
                "encoding": {"x": x, "y": {"field": "y", "type": "quantitative"}, "text": {"field": "s"}},
            },
        ],
    }
