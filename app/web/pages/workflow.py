"""How the work of a project flows: what is in which state, for how long, and how much gets done."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, render_template

from app.services import projects, workflow
from app.store.views import workflow as views
from app.web import workflow_charts
from app.web.runtime import web
from app.web.shell import open_frame
from rules.calendar import Calendar

blueprint = Blueprint("workflow", __name__)

WEEKS = 26


@blueprint.get("/projects/<int:project_id>/workflow")
def show(project_id: int) -> Any:
    """One project's workflow."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        if project_id not in {project.id for project in frame.shell.projects}:
            abort(404)
        known = projects.load(tx, ids=[project_id]).facts
        ends = weeks_until(frame.calendar(project_id), now=frame.now)
        weeks = views.flow_weeks(
            tx, project_id=project_id, visible=frame.visible, ends=ends, before=ends[0] - timedelta(weeks=1)
        )
        counts = views.counts_under_way(tx, project_ids=[project_id], visible=frame.visible)
        found = views.under_way(tx, project_ids=[project_id], visible=frame.visible)
    project = known[project_id]
    columns = workflow.ages(workflow.counted(found, known), project, now=frame.now)
    times, pace = workflow.times(project), workflow.pace(weeks)
    return render_template(
        "workflow.html",
        page="projects.show",
        project=project,
        weeks=weeks,
        columns=columns,
        cut_off=sum(counts.values()) > len(found),
        total=sum(counts.values()),
        oldest=workflow.oldest(columns),
        times=times,
        pace=pace,
        flow=workflow_charts.flow(weeks),
        ages=workflow_charts.ages(columns),
        throughput=workflow_charts.throughput(weeks, pace),
        time_in_state=workflow_charts.times(times),
    )


def weeks_until(calendar: Calendar, *, now: datetime) -> list[datetime]:
    """The ends of the last weeks in the project's zone, oldest first, the last at the end of today: one chart serves a
    whole day, unless something happens.
    """
    last = calendar.local(calendar.end_of_day(calendar.local_date(now))) - timedelta(seconds=1)
    return [last - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
