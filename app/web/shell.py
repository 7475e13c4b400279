"""The frame around every page: what is asked of the database once a request, and the project that is picked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, abort, g, request, url_for

from app.services import access, pages
from app.store.database import Tx
from app.store.views.scope import Visible
from app.store.views.shell import ProjectName, Shell, projects, shell
from app.time import WorldClock, real_now
from app.web import subnav
from app.web.runtime import web
from rules.calendar import Calendar

KEEPS_PROJECT = frozenset(
    {
        "overview.show",
        "flags.show",
        "milestones.show",
        "rules.show",
        "deliveries.show",
        "publications.show",
        "writes.show",
        "find.show",
    }
)
"""Lists that the project picked in the bar narrows; links to them carry it along."""
NAVIGATION = (
    ("overview.show", "home", "Overview"),
    ("flags.show", "flag", "Flags"),
    ("milestones.show", "mile", "Milestones"),
    ("rules.show", "rule", "Rules"),
    ("projects.show", "proj", "Projects"),
    ("deliveries.show", "deliv", "Deliveries"),
    ("settings.show", "gear", "Settings"),
)


@dataclass
class Frame:
    """One request's surroundings: two clocks read once, the frame's counts, and whose dates are whose."""

    shell: Shell
    visible: Visible
    chosen: ProjectName | None
    clock: WorldClock
    now: datetime
    real: datetime
    hidden: frozenset[int] = frozenset()
    """Items named in what is shown that are secured by now."""

    @cached_property
    def calendars(self) -> dict[int, Calendar]:
        """The calendars in force, by project."""
        return {project.id: pages.calendar_of(project.calendar) for project in self.shell.projects}

    def calendar(self, project_id: int | None = None) -> Calendar:
        """The calendar of a project; without one, of the project picked, of the only one, or plain UTC."""
        if project_id is None and self.chosen is not None:
            project_id = self.chosen.id
        if project_id is None and len(self.shell.projects) == 1:
            project_id = self.shell.projects[0].id
        return self.calendars.get(project_id or 0, Calendar())


def open_frame(tx: Tx) -> Frame:
    """Read the frame of the present request, and keep it for the template.

    Aborts with 404 for a project that is not there.
    """
    clock = web().runtime.world()
    real = real_now()
    now = clock.at(real)
    key = request.args.get("project") or None
    names = projects(tx, visible=access.visible_to(g.user))
    chosen = next((project for project in names if project.key == key), None)
    if key is not None and chosen is None:
        abort(404)
    visible = access.visible_to(g.user, chosen=chosen.id if chosen is not None else None)
    counts = shell(tx, visible=visible, projects=names, day_start=day_start(now), now=now)
    frame = Frame(shell=counts, visible=visible, chosen=chosen, clock=clock, now=now, real=real)
    g.frame = frame
    return frame


def install(app: Flask) -> None:
    """Give templates the frame, navigation and static addresses with a fingerprint."""
    app.context_processor(_context)
    app.url_defaults(_keep_project)


def day_start(now: datetime) -> datetime:
    """Since when something counts as of today."""
    # the ceiling counts by the project's day; the bar says "today" to the hour of UTC
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _keep_project(endpoint: str, values: dict[str, Any]) -> None:
    frame = g.get("frame")
    if endpoint in KEEPS_PROJECT and "project" not in values and frame is not None and frame.chosen is not None:
        values["project"] = frame.chosen.key


def _context() -> dict[str, Any]:
    return {
        "frame": g.get("frame"),
        "user": g.get("user"),
        "navigation": NAVIGATION,
        "theme": request.cookies.get("theme") if request.cookies.get("theme") in {"light", "dark"} else None,
        "asset": _asset,
        "with_args": with_args,
        "KEEPS_PROJECT": KEEPS_PROJECT,
        "timedelta": timedelta,
        "subnav": subnav,
    }


def with_args(**changes: object) -> str:
    """The present address with some arguments changed (None: taken out). Another filter begins at the first page."""
    args: dict[str, object] = {key: value for key, value in request.args.items() if key != "after"}
    args.update(changes)
    args.setdefault("project", None)
    values = {**(request.view_args or {}), **args}
    return url_for(request.endpoint or "overview.show", **{key: value for key, value in values.items() if value != ""})


@lru_cache(maxsize=64)
def _fingerprint(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


def _asset(name: str) -> str:
    """The address of a static file, which changes with its content so that it may be kept for long."""
    return url_for("static", filename=name, v=_fingerprint(str(Path(__file__).parent / "static" / name)))
