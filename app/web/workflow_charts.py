"""The charts of the pages about workflow and load, drawn."""

from __future__ import annotations

from collections.abc import Sequence

from app.services.load import Plans
from app.services.workflow import AgeColumn, Pace, TimeInState
from app.store.views.workflow import FlowWeek
from app.web.chart_specs import NARROW, flow_spec
from app.web.charts import MOST_POINTS, Figure, draw
from app.web.workflow_specs import FLOW_STATES, ages_spec, plans_spec, throughput_spec, times_spec

LEAST_PLANS = 2


def flow(weeks: Sequence[FlowWeek]) -> Figure | None:
    """The cumulative flow; None where nothing was ever in it."""
    if not any(week.done or week.in_review or week.in_progress or week.not_started for week in weeks):
        return None
    return Figure(
        wide=draw(flow_spec(weeks, width=960, states=FLOW_STATES)),
        narrow=draw(flow_spec(weeks, width=NARROW - 140, states=FLOW_STATES)),
    )


def ages(columns: Sequence[AgeColumn]) -> Figure | None:
    """Ages of what is under way; None where nothing is."""
    if not any(column.items for column in columns):
        return None
    most = MOST_POINTS // len(columns)
    return Figure(
        wide=draw(ages_spec(columns, width=470, most=most)),
        narrow=draw(ages_spec(columns, width=NARROW - 62, most=most)),
    )


def throughput(weeks: Sequence[FlowWeek], pace: Pace | None) -> Figure | None:
    """What was done week by week; None where nothing was."""
    if pace is None:
        return None
    return Figure(
        wide=draw(throughput_spec(weeks, usual=pace.usual, width=480)),
        narrow=draw(throughput_spec(weeks, usual=pace.usual, width=NARROW - 54)),
    )


def times(found: Sequence[TimeInState]) -> Figure | None:
    """Times in each state; None where too little is finished to say."""
    if not found:
        return None
    return Figure(wide=draw(times_spec(found, width=340)), narrow=draw(times_spec(found, width=NARROW - 190)))


def plans(found: Plans) -> Figure | None:
    """What was finished in milestones of a kind and what is in those ahead; None where there are not two of them."""
    if len(found.ended) + len(found.ahead) < LEAST_PLANS:
        return None
    return Figure(wide=draw(plans_spec(found, width=430)), narrow=draw(plans_spec(found, width=NARROW - 54)))
