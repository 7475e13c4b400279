"""Projects: what is connected, whether anything arrives, what there is to see and what can be judged."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, url_for

from app.services import control, coverage, gone, syncing
from app.store import floods
from app.store import gone as store_gone
from app.store.views import projects
from app.time import real_now
from app.web.runtime import web
from app.web.shell import open_frame

blueprint = Blueprint("projects", __name__)

EDITS_SINCE = timedelta(days=7)
GONE_SINCE, MOST_GONE = timedelta(days=30), 50


@blueprint.get("/projects")
def show() -> Any:
    """The list of projects."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        rows = projects.projects(tx, visible=frame.visible)
    return render_template("projects.html", page="projects.show", projects=rows)


@blueprint.get("/projects/<int:project_id>")
def one(project_id: int) -> Any:
    """One project: how it keeps up with its tracker, and what can be judged there."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = next((row for row in projects.projects(tx, visible=frame.visible) if row.id == project_id), None)
        if row is None:
            abort(404)
        card = coverage.card(tx, project_id)
        status = syncing.status(tx, project_id)
        edits = floods.bulk_edits(tx, project_id, since=frame.now - EDITS_SINCE)
        left = store_gone.lately(tx, project_id, since=frame.now - GONE_SINCE, limit=MOST_GONE)
        resting = [one for one in floods.quarantined(tx, now=frame.now) if one.project_key == row.key]
    return render_template(
        "project.html",
        page="projects.show",
        row=row,
        card=card,
        status=status,
        edits=edits,
        resting=resting,
        left=[(one, gone.words(one)) for one in left],
    )


@blueprint.post("/projects/<int:project_id>/pause")
def pause(project_id: int) -> Any:
    """Stop writing to one project; judging goes on."""
    control.pause_project(web().runtime.db, _key(project_id), who=g.user.name, now=real_now())
    return redirect(url_for("projects.one", project_id=project_id), 303)


@blueprint.post("/projects/<int:project_id>/resume")
def resume(project_id: int) -> Any:
    """Write to one project again."""
    control.resume_project(web().runtime.db, _key(project_id), who=g.user.name, now=real_now())
    return redirect(url_for("projects.one", project_id=project_id), 303)


def _key(project_id: int) -> str:
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        key = next((row.key for row in projects.projects(tx, visible=frame.visible) if row.id == project_id), None)
    if key is None:
        abort(404)
    return key
