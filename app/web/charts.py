"""Charts as SVG that both themes share: colours are CSS variables which the browser resolves.

Each is drawn twice, wide and 336 px; the sheet shows one. Specs are made here alone (never by users), and nothing is fetched while drawing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from statistics import median
from typing import Any

from markupsafe import Markup

from app.services.pages import Day, percentile
from app.store.views.overview import FlowPoint, OpenPull
from rules.calendar import Calendar

MOST_POINTS = 400
"""How many marks a chart of single items draws at most: the oldest."""
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
BANDS = ("Reviewers’ turn", "Author’s turn", "Approved", "Draft")
SHORT_BANDS = ("Reviewers", "Author", "Approved", "Draft")
STATES = (("done", "Done", "--flow-1"), ("in_review", "In review", "--flow-2"), ("draft", "Draft", "--flow-3"), ("not_started", "Not started", "--flow-4"))  # fmt: skip


class UnsafeChart(ValueError):
    """A drawing that our Content-Security-Policy would not let through."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart in its two widths, ready to stand in a page."""

    wide: Markup
    narrow: Markup


@dataclass(frozen=True, slots=True)
class Band:
    """A column of the chart of ages, in numbers. `median` is in days, None where the column is empty."""

    name: str
    count: int
    older: int
    median: int | None


@dataclass(frozen=True, slots=True)
class Ageing:
    """Ages of open pull requests beside the team's own percentiles. `p85` None: too few merged to tell."""

    figure: Figure
    total: int
    older: int
    p85: int | None
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """How many items were in each state, week by week."""

    figure: Figure
    points: tuple[FlowPoint, ...]

    @property
    def samples(self) -> tuple[FlowPoint, ...]:
        """Every fourth point and the last, for the table."""
        last = len(self.points) - 1
        return tuple(point for place, point in enumerate(self.points) if (last - place) % 4 == 0)


@dataclass(frozen=True, slots=True)
class BurnUp:
    """Scope and done, day by day."""

    figure: Figure
    days: tuple[Day, ...]


def ageing(pulls: Sequence[OpenPull], *, total: int, merged: Sequence[float], now: datetime) -> Ageing | None:
    """The chart of ages; None where no pull request is open. `merged`: days from creation to merge, for the percentiles."""
    if not pulls:
        return None
    lines = {share: max(1, round(days)) for share in (0.5, 0.85, 0.95) if (days := percentile(merged, share)) is not None}
    p85 = lines.get(0.85)
    columns: dict[str, list[int]] = {band: [] for band in BANDS}
    for pull in pulls:
        columns[_band(pull)].append(max(1, (now - pull.created_at).days))
    bands = tuple(
        Band(name=name, count=len(ages), older=_older(ages, p85), median=round(median(ages)) if ages else None)
        for name, ages in columns.items()
    )
    return Ageing(
        figure=Figure(
            wide=_draw(_ageing_spec(columns, lines=lines, width=500)),
            narrow=_draw(_ageing_spec(columns, lines=lines, width=NARROW - 44)),
        ),
        total=total,
        older=sum(band.older for band in bands),
        p85=p85,
        bands=bands,
    )


def flow(points: Sequence[FlowPoint]) -> Flow | None:
    """The cumulative flow; None where nothing was ever in it."""
    if not any(p.done or p.in_review or p.draft or p.not_started for p in points):
        return None
    figure = Figure(wide=_draw(_flow_spec(points, width=412)), narrow=_draw(_flow_spec(points, width=NARROW - 130)))
    return Flow(figure=figure, points=tuple(points))


def burn_up(
    days: Sequence[Day], *, planned: int | None, due: object, due_end: datetime | None, calendar: Calendar, now: datetime
) -> BurnUp | None:
    """Scope against done; None where nothing was ever in. `due` is the date as it is, `due_end` the instant it has passed."""
    if not any(day.scope for day in days):
        return None
    spec = {"days": days, "planned": planned, "due": due, "due_end": due_end, "calendar": calendar, "now": now}
    return BurnUp(
        figure=Figure(wide=_draw(_burn_up_spec(width=730, **spec)), narrow=_draw(_burn_up_spec(width=NARROW - 48, **spec))),
        days=tuple(days),
    )


def _band(pull: OpenPull) -> str:
    if pull.draft:
        return "Draft"
    return "Approved" if pull.approved else "Author’s turn" if pull.authors_turn else "Reviewers’ turn"


def _older(ages: Sequence[int], line: int | None) -> int:
    return sum(age > line for age in ages) if line is not None else 0


def _ageing_spec(columns: Mapping[str, Sequence[int]], *, lines: Mapping[float, int], width: int) -> dict[str, Any]:
    p85 = lines.get(0.85)
    points = [
        {"x": place + 0.26 + 0.12 * (i % 5), "age": age, "late": "over" if p85 is not None and age > p85 else "in"}
        for place, ages in enumerate(columns.values())
        for i, age in enumerate(sorted(ages))
    ]
    top = max([point["age"] for point in points] + list(lines.values()) + [30]) * 1.2
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
            "labelExpr": "datum.value<2?'1 d':datum.value<8?'1 w':datum.value<31?'1 m':datum.value<91?'3 m':datum.value<366?'1 y':'5 y'",
        },
    }
    fill = {"domain": ["in", "over"], "range": ["var(--chart-1)", "var(--surface)"]}
    stroke = {"domain": ["in", "over"], "range": ["var(--chart-1)", "var(--chart-2)"]}
    shape = {"domain": ["in", "over"], "range": ["circle", "diamond"]}
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


def _flow_spec(points: Sequence[FlowPoint], *, width: int) -> dict[str, Any]:
    values = [
        {"date": p.at.date().isoformat(), "state": name, "n": getattr(p, field), "o": order}
        for p in points
        for order, (field, name, _) in enumerate(STATES)
    ]
    last, floor, labels = points[-1], 0.0, []
    whole = sum(getattr(last, field) for field, _, _ in STATES) or 1
    lowest = -1.0
    for field, name, _ in STATES:
        count = getattr(last, field)
        # labels keep a line's height apart, even where a band is thin
        at = max(floor + count / 2, lowest)
        lowest = at + whole * 0.075
        labels.append({"date": last.at.date().isoformat(), "y": at, "s": f"{name} {count:,}"})
        floor += count
    x = {"field": "date", "type": "temporal", "axis": {"title": None, "format": "%b", "tickCount": "month"}}
    colours = {"domain": [name for _, name, _ in STATES], "range": [f"var({colour})" for _, _, colour in STATES]}
    return {
        "width": width,
        "height": 200,
        "layer": [
            {
                "data": {"values": values},
                "mark": {"type": "area", "interpolate": "linear", "stroke": "var(--surface)", "strokeWidth": 1},
                "encoding": {
                    "x": x,
                    "y": {"field": "n", "type": "quantitative", "stack": "zero", "axis": {"title": None, "tickCount": 5, "grid": True}},
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


def _burn_up_spec(
    *,
    days: Sequence[Day],
    planned: int | None,
    due: Any,
    due_end: datetime | None,
    calendar: Calendar,
    now: datetime,
    width: int,
) -> dict[str, Any]:
    def at(instant: datetime) -> str:
        return calendar.local(instant).replace(tzinfo=None).isoformat(timespec="minutes")

    first = at(calendar.midnight(days[0].day))
    present = at(now)
    in_view = due_end is not None and at(due_end) >= first and (due_end - now).days <= 60
    last = max(present, at(due_end)) if in_view and due_end is not None else present
    top = max([day.scope for day in days] + [planned or 0]) + 1
    x = {
        "field": "t",
        "type": "temporal",
        "scale": {"domain": [first, last]},
        "axis": {"title": None, "format": "%-d %b", "tickCount": 6 if width > NARROW else 4},
    }
    y = {
        "type": "quantitative",
        "scale": {"domain": [0, top]},
        "axis": {"title": None, "format": "d", "tickMinStep": 1, "tickCount": min(top, 6)},
    }

    def steps(name: str, colour: str, thickness: float) -> dict[str, Any]:
        values = [{"t": max(first, at(calendar.midnight(day.day))), "n": getattr(day, name)} for day in days]
        values.append({"t": present, "n": getattr(days[-1], name)})
        return {
            "data": {"values": values},
            "mark": {"type": "line", "interpolate": "step-after", "color": colour, "strokeWidth": thickness},
            "encoding": {"x": x, "y": {**y, "field": "n"}},
        }

    def text(t: str, n: float, s: str, colour: str, **mark: Any) -> dict[str, Any]:
        return {
            "data": {"values": [{"t": t, "n": n, "s": s}]},
            "mark": {"type": "text", "color": colour, **mark},
            "encoding": {"x": x, "y": {**y, "field": "n"}, "text": {"field": "s"}},
        }

    layers = [steps("scope", "var(--chart-scope)", 2), steps("done", "var(--chart-1)", 2.5)]
    if planned is not None:
        ends = [{"t": first, "n": planned}, {"t": last, "n": planned}]
        layers.insert(
            0,
            {
                "data": {"values": ends},
                "mark": {"type": "line", "color": "var(--chart-3)", "strokeDash": [2, 3], "strokeWidth": 1.25},
                "encoding": {"x": x, "y": {**y, "field": "n"}},
            },
        )
        layers.append(text(first, planned, f"planned: {planned}", "var(--chart-ink)", align="left", dx=4, dy=-8))
    layers.append(text(present, days[-1].scope, f"scope: {days[-1].scope}", "var(--chart-ink)", align="right", dx=-6, dy=-8))
    if days[-1].done:
        layers.append(text(present, days[-1].done, f"done: {days[-1].done}", "var(--chart-1-ink)", align="right", dx=-6, dy=-8))
    if in_view and due_end is not None:
        layers.append(
            {
                "data": {"values": [{"t": at(due_end)}]},
                "mark": {"type": "rule", "color": "var(--chart-due)", "strokeWidth": 1.5},
                "encoding": {"x": x},
            }
        )
        layers.append(
            text(at(due_end), 0.2, f"due {due.day} {due:%b}", "var(--chart-due-ink)", align="right", dx=-4, dy=-4)
        )
    return {"width": width, "height": 262 if width > NARROW else 190, "layer": layers}


def _draw(spec: Mapping[str, Any]) -> Markup:
    return Markup(_svg(json.dumps({"$schema": "https://vega.github.io/schema/vega-lite/v5.json", **spec, "config": CONFIG})))  # noqa: S704


@lru_cache(maxsize=256)
def _svg(spec: str) -> str:
    """The drawing of a spec, kept by its content: it is the same for every reader and theme."""
    import vl_convert  # starts a script engine: only in processes that draw, and not before they are forked

    svg: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    return clean(svg)


def clean(svg: str) -> str:
    """Without roles, descriptions and fonts, hidden from screen readers (the numbers stand beside it). Raises UnsafeChart."""
    svg = re.sub(r' (?:role|aria-[a-z]+|font-family)="[^"]*"', "", svg)
    svg = svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
    if re.search(r"<style|<script|<foreignObject|\sstyle=|\son[a-z]+=|href=", svg):
        raise UnsafeChart("a chart holds a style, a script or a link")
    return svg
