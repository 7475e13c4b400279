"""Load: how much a team has at once and ahead of it; of one project, or of all that belong to a programme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, g, render_template

from app.services import load, projects, workflow
from app.store import rules
from app.store.database import Tx
from app.store.views import load as views
from app.store.views import programmes
from app.store.views import workflow as flow_views
from app.web import workflow_charts
from app.web.runtime import web
from app.web.shell import Frame, open_frame

blueprint = Blueprint("load", __name__)


@blueprint.get("/projects/<int:project_id>/load")
def of_project(project_id: int) -> Any:
    """The load of one project's team."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        if project_id not in {project.id for project in frame.shell.projects}:
            abort(404)
        teams = _teams(tx, frame, [project_id])
    return _page(teams, title=teams[0].project.key)


@blueprint.get("/programmes/<int:programme_id>/load")
def of_programme(programme_id: int) -> Any:
    """The load of every team of a programme, as far as it may be seen."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        found = programmes.programmes(tx, visible=frame.visible)
        programme = next((one for one in found if one.id == programme_id), None)
        if programme is None:
            abort(404)
        teams = _teams(tx, frame, [project.id for project in programme.projects])
    return _page(teams, title=programme.name)


def _teams(tx: Tx, frame: Frame, ids: Sequence[int]) -> list[load.TeamLoad]:
    """The load of each of these projects, by key. As many queries for one as for many."""
    known = projects.load(tx, ids=list(ids)).facts
    in_force = rules.in_force(tx)
    items = workflow.counted(flow_views.under_way(tx, project_ids=ids, visible=frame.visible), known)
    queues = views.queues(tx, project_ids=ids, visible=frame.visible)
    plans = views.plans(tx, project_ids=ids, visible=frame.visible)
    named = views.logins(tx, load.holders(items)) if g.user.may("editor") else {}
    return [
        load.team_load(project, items=items, queue=queues.get(project.id), plans=plans, rules=in_force, logins=named)
        for project in sorted(known.values(), key=lambda project: project.key)
    ]


def _page(teams: Sequence[load.TeamLoad], *, title: str) -> str:
    return render_template(
        "load.html",
        page="projects.show",
        title=title,
        teams=teams,
        over=[(team, state) for team in teams for state in team.at_once if state.over],
        known=any(state.limit is not None for team in teams for state in team.at_once),
        chart_of=workflow_charts.plans,
        least=load.LEAST_ENDED,
    )
