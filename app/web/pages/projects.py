"""Projects: what is connected, whether anything arrives, what there is to see and what can be judged."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for

from app.services import control, coverage, digest
from app.services.access import Role
from app.store.views import programmes, projects
from app.time import real_now
from app.web.auth import back_to, needs
from app.web.runtime import web
from app.web.shell import open_frame

blueprint = Blueprint("projects", __name__)


@blueprint.get("/projects")
def show() -> Any:
    """The list of projects."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        rows = projects.projects(tx, visible=frame.visible)
        together = programmes.programmes(tx, visible=frame.visible)
    return render_template("projects.html", page="projects.show", projects=rows, programmes=together)


@blueprint.get("/projects/<int:project_id>")
def one(project_id: int) -> Any:
    """One project: how it keeps up with its tracker, and what can be judged there."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = next((row for row in projects.projects(tx, visible=frame.visible) if row.id == project_id), None)
        if row is None:
            abort(404)
        together = programmes.programmes(tx, visible=frame.visible)
        card = coverage.card(tx, project_id)
        found = digest.digest(tx, project_id, row.key, secured=frame.visible.secured, now=frame.now)
    return render_template(
        "project.html",
        page="projects.show",
        row=row,
        card=card,
        programmes=[one for one in together if project_id in {project.id for project in one.projects}],
        status=found.status,
        edits=found.edits,
        resting=found.resting,
        left=found.left,
    )


@blueprint.post("/projects/<int:project_id>/pause")
@needs(Role.EDITOR)
def pause(project_id: int) -> Any:
    """Stop writing to one project; judging goes on."""
    control.pause_project(web().runtime.db, _key(project_id), who=g.user.name, now=real_now())
    return redirect(back_to(request.form.get("back") or url_for("projects.one", project_id=project_id)), 303)


@blueprint.post("/projects/<int:project_id>/resume")
@needs(Role.EDITOR)
def resume(project_id: int) -> Any:
    """Write to one project again."""
    control.resume_project(web().runtime.db, _key(project_id), who=g.user.name, now=real_now())
    return redirect(back_to(request.form.get("back") or url_for("projects.one", project_id=project_id)), 303)


def _key(project_id: int) -> str:
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        key = next((row.key for row in projects.projects(tx, visible=frame.visible) if row.id == project_id), None)
    if key is None:
        abort(404)
    return key
