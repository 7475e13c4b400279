"""Projects: what is connected, whether anything arrives, what there is to see."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from app.store.views import projects
from app.web.runtime import web
from app.web.shell import open_frame

blueprint = Blueprint("projects", __name__)


@blueprint.get("/projects")
def show() -> Any:
    """The list of projects."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        rows = projects.projects(tx, visible=frame.visible)
    return render_template("projects.html", page="projects.show", projects=rows)
