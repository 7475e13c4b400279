"""Charts as SVG that both themes share: colours are CSS variables which the browser resolves.

Each is drawn twice, wide and 336 px; the sheet shows one. Specifications are made by us alone (never by users), and
nothing is fetched while drawing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from statistics import median
from typing import Any

from markupsafe import Markup

from app.services.burn_up import Day, thinned
from app.services.likely import Likely
from app.services.pages import percentile
from app.store.views.overview import FlowPoint, OpenPull
from app.web.burn_up_spec import Ahead, burn_up_spec
from app.web.chart_specs import BANDS, CONFIG, NARROW, ageing_spec, flow_spec
from app.web.words import MONTHS
from rules.calendar import Calendar

MOST_ROWS = 60
"""How many rows the table beside a chart has at most."""
MOST_POINTS = 400
"""How many marks a chart of single items draws at most: the oldest."""


class UnsafeChartError(ValueError):
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
    """Scope and done, day by day. `days` are those of the table: all of them, or the busiest where there are many."""

    figure: Figure
    days: tuple[Day, ...]
    thinned: bool = False


def ageing(pulls: Sequence[OpenPull], *, total: int, merged: Sequence[float], now: datetime) -> Ageing | None:
    """The chart of ages; None where no pull request is open. `merged`: days from creation to merge, for percentiles."""
    if not pulls:
        return None
    lines = {
        share: max(1, round(days)) for share in (0.5, 0.85, 0.95) if (days := percentile(merged, share)) is not None
    }
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
            wide=draw(ageing_spec(columns, lines=lines, width=500)),
            narrow=draw(ageing_spec(columns, lines=lines, width=NARROW - 44)),
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
    figure = Figure(wide=draw(flow_spec(points, width=412)), narrow=draw(flow_spec(points, width=NARROW - 130)))
    return Flow(figure=figure, points=tuple(points))


def burn_up(
    days: Sequence[Day],
    *,
    planned: int | None,
    due: date | None,
    likely: Likely | None,
    calendar: Calendar,
    now: datetime,
) -> BurnUp | None:
    """Scope against done; None where nothing was ever in. `likely` draws the cone."""
    if not any(day.scope for day in days):
        return None
    present = now.replace(minute=0, second=0, microsecond=0)  # so that one drawing serves an hour
    ahead = _ahead(likely) if likely is not None else None

    def drawn(width: int) -> Markup:
        return draw(
            burn_up_spec(days, planned=planned, due=due, ahead=ahead, calendar=calendar, now=present, width=width)
        )

    return BurnUp(
        figure=Figure(wide=drawn(730), narrow=drawn(NARROW - 48)),
        days=thinned(days, most=MOST_ROWS),
        thinned=len(days) > MOST_ROWS,
    )


def _ahead(likely: Likely) -> Ahead:
    said = likely.forecast
    label = f"likely {short_range(said.early, said.late)}" if likely.ends else f"likely from {_short(said.early)} on"
    return Ahead(early=said.early, late=said.late, label=label)


def short_range(first: date, last: date) -> str:
    """ "3\u201310 Aug", "28 Jul\u20133 Aug", "3 Aug"; with the year where the two differ in it."""
    if first == last:
        return _short(first)
    if first.year != last.year:
        return f"{_short(first)} {first.year}\u2013{_short(last)} {last.year}"
    return f"{first.day}\u2013{_short(last)}" if first.month == last.month else f"{_short(first)}\u2013{_short(last)}"


def _short(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]}"


def _band(pull: OpenPull) -> str:
    reviewers, author, approved, draft = BANDS
    if pull.draft:
        return draft
    return approved if pull.approved else author if pull.authors_turn else reviewers


def _older(ages: Sequence[int], line: int | None) -> int:
    return sum(age > line for age in ages) if line is not None else 0


def draw(spec: Mapping[str, Any]) -> Markup:
    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", **spec, "config": CONFIG}
    return Markup(_svg(json.dumps(whole)))  # noqa: S704 (drawn here and cleaned; text in it is escaped by the drawing)


@lru_cache(maxsize=256)
def _svg(spec: str) -> str:
    """The drawing of a spec, kept by its content: it is the same for every reader and theme."""
    import vl_convert  # starts a script engine: only in processes that draw, and not before they are forked

    svg: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    return clean(svg)


def clean(svg: str) -> str:
    """Without roles, descriptions and fonts, hidden from screen readers: the numbers stand beside it.

    Raises UnsafeChartError for what our policy would not let through.
    """
    svg = re.sub(r' (?:role|aria-[a-z]+|font-family)="[^"]*"', "", svg)
    svg = svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
    if re.search(r"<style|<script|<foreignObject|\sstyle=|\son[a-z]+=|href=", svg):
        raise UnsafeChartError("a chart holds a style, a script or a link")
    return svg
