"""The button on every page: stop all writing to trackers, or go on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, request

from app.services import control
from app.services.access import Role
from app.time import real_now
from app.web.auth import back_to, needs
from app.web.runtime import web

blueprint = Blueprint("control", __name__)


@blueprint.post("/pause")
@needs(Role.EDITOR)
def pause() -> Any:
    """Stop all writing."""
    control.pause(web().runtime.db, g.user.name, real_now())
    return redirect(back_to(request.form.get("back", "/")), 303)


@blueprint.post("/resume")
@needs(Role.EDITOR)
def resume() -> Any:
    """Write again."""
    control.resume(web().runtime.db, g.user.name, real_now())
    return redirect(back_to(request.form.get("back", "/")), 303)
