"""Settings of projects: calendars, what statuses and labels mean, when and how is written; every change a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from app.errors import UserError
from app.services import differences, project_settings
from app.services.access import Role
from app.services.project_settings import STATES, Change, Outcome
from app.store import targets, trackers
from app.store.database import Tx
from app.store.views import project_settings as view
from app.store.views import projects
from app.time import real_now
from app.web.auth import needs
from app.web.forms import Form, read
from app.web.runtime import web
from app.web.settings_forms import DAYS, FORMS, values_of
from app.web.shell import Frame, open_frame

blueprint = Blueprint("project_settings", __name__)

PARTS = {
    "calendar": "Calendar",
    "states": "States",
    "labels": "Labels",
    "writing": "Writing",
    "reading": "People and sizes",
    "versions": "Versions",
}


@blueprint.get("/settings/projects")
def show() -> Any:
    """The projects with what is set for them."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        rows = projects.projects(tx, visible=frame.visible)
    return render_template("settings_projects.html", page="settings.show", projects=rows)


@blueprint.get("/settings/projects/<int:project_id>")
def first(project_id: int) -> Any:
    """The first part of a project's settings."""
    return redirect(url_for("project_settings.one", project_id=project_id, part="calendar"), 303)


@blueprint.get("/settings/projects/<int:project_id>/<part>")
def one(project_id: int, part: str) -> Any:
    """One part of a project's settings, as a form."""
    if part not in PARTS:
        abort(404)
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = _project(tx, frame, project_id)
        if part == "versions":
            return _versions(tx, row)
        base = project_settings.newest(tx, project_id)
        values = {} if part == "states" else values_of(part, base.settings, base.calendar)
        around = _around(tx, row, part, base.settings)
    return _page(row, part, form=Form(values=values), base=base.id, around=around)


@blueprint.post("/settings/projects/<int:project_id>/<part>")
@needs(Role.ADMIN)
def change(project_id: int, part: str) -> Any:
    """Show what a change would do, or make it."""
    if part not in PARTS or part == "versions":
        abort(404)
    runtime = web().runtime
    wanted, form = _read_states() if part == "states" else _read(part)
    outcome: Outcome | None = None
    with runtime.db.read() as tx:
        frame = open_frame(tx)
        row = _project(tx, frame, project_id)
        known = project_settings.newest(tx, project_id)
        around = _around(tx, row, part, known.settings)
        if wanted is not None:
            try:
                outcome = project_settings.preview(tx, project_id, wanted)
            except UserError as error:
                form.errors[""] = str(error)
    base = request.form.get("base", "")
    base_id = int(base) if base.isascii() and base.isdigit() and len(base) < 19 else 0
    if wanted is None or outcome is None:
        return _page(row, part, form=form, base=base_id, around=around), 422
    if "save" not in request.form:
        return _page(row, part, form=form, base=base_id, around=around, outcome=outcome)
    try:
        fields = project_settings.save(
            runtime.db, runtime.ringer, project_id, wanted, base=base_id, who=g.user.name, now=real_now()
        )
    except UserError as error:
        flash(str(error), "warn")
        return redirect(url_for("project_settings.one", project_id=project_id, part=part), 303)
    if fields:
        flash("Saved as a new version. Everything of the project is judged anew within minutes.", "ok")
    else:
        flash("Nothing was changed, so no version was made.", "note")
    return redirect(url_for("project_settings.one", project_id=project_id, part=part), 303)


def _read(part: str) -> tuple[Change | None, Form]:
    model, form = read(FORMS[part], request.form, lists=("weekdays",))
    if "" in form.errors:  # said of two fields together: it stands at the one it names
        name, _, said = form.errors[""].partition(": ")
        if name in FORMS[part].model_fields:
            form.errors = {name: said, **{key: text for key, text in form.errors.items() if key}}
    return (model.change() if model is not None else None), form


def _read_states() -> tuple[Change | None, Form]:
    """The states of statuses: `status-3` names one, `state-3` says what it means (empty: as usual)."""
    form = Form(values=dict(request.form.items()))
    chosen: dict[str, str] = {}
    for name, status in request.form.items():
        place = name.removeprefix("status-")
        if place == name or not status.strip():
            continue
        state = request.form.get(f"state-{place}", "")
        if state and state not in STATES:
            form.errors[f"state-{place}"] = f"“{state[:40]}” is no state; pick one of those offered"
        elif state:
            chosen[status.strip()[:200]] = state
    return (None if form.errors else Change({"statuses": chosen or None}, {})), form


def _project(tx: Tx, frame: Frame, project_id: int) -> projects.ProjectRow:
    row = next((row for row in projects.projects(tx, visible=frame.visible) if row.id == project_id), None)
    if row is None:
        abort(404)
    return row


def _around(tx: Tx, row: projects.ProjectRow, part: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a part shows beside its fields."""
    if part == "states":
        site = trackers.projects(tx, ids=[row.id])[0].site
        return {"statuses": project_settings.statuses(view.statuses(tx, row.id), settings.get("statuses", {}), site)}
    if part == "writing":
        return {"targets": [one.name for one in targets.targets(tx) if not one.name.startswith("person:")]}
    if part == "reading":
        return {"bots": view.bots(tx, row.id)}
    return {}


def _page(
    row: projects.ProjectRow,
    part: str,
    *,
    form: Form,
    base: int,
    around: Mapping[str, Any],
    outcome: Outcome | None = None,
) -> str:
    return render_template(
        "settings_project.html",
        page="settings.show",
        row=row,
        part=part,
        parts=PARTS,
        form=form,
        base=base,
        around=around,
        outcome=outcome,
        days=DAYS,
        states=STATES,
    )


def _versions(tx: Tx, row: projects.ProjectRow) -> str:
    """Every version, with what it changed."""
    page = view.versions(tx, row.id, after=request.args.get("after"))
    oldest = view.before(tx, row.id, page.rows[-1].id) if page.rows else None
    older = [*page.rows[1:], oldest]
    changed = [
        (
            version,
            ()
            if before is None
            else (
                *differences.differences(before.calendar, version.calendar),
                *differences.differences(before.settings, version.settings),
            ),
            before is None,
        )
        for version, before in zip(page.rows, older, strict=True)
    ]
    return render_template(
        "settings_versions.html",
        page="settings.show",
        row=row,
        part="versions",
        parts=PARTS,
        versions=page,
        changed=changed,
    )
