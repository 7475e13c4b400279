"""Settings, as far as they can be looked at: the instance, its clocks, calendars and versions."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import flask
from flask import Blueprint, render_template

from app.store.views import projects
from app.web.runtime import web
from app.web.shell import open_frame

blueprint = Blueprint("settings", __name__)


@blueprint.get("/settings")
def show() -> Any:
    """The settings page."""
    runtime = web().runtime
    with runtime.db.read() as tx:
        frame = open_frame(tx)
        rows = projects.projects(tx, visible=frame.visible)
        instance = projects.instance(tx)
    return render_template(
        "settings.html",
        page="settings.show",
        projects=rows,
        instance=instance,
        settings=runtime.settings,
        database=runtime.db.url.get_backend_name(),
        versions=_versions(),
    )


def _versions() -> list[tuple[str, str]]:
    """What runs here."""
    try:
        own = version("plumbline")
    except PackageNotFoundError:
        own = "from source"
    return [("Plumbline", own), ("Python", platform.python_version()), ("Flask", version(flask.__name__))]
