"""Projects: what is connected, whether anything arrives, what there is to see and what can be judged."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from app.errors import UserError
from app.services import connecting, control, coverage, digest, health, leaving
from app.services.access import Role
from app.store.views import answers, flags, programmes, projects
from app.time import real_now
from app.web.auth import back_to, needs
from app.web.pages.overview import flag_words
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
        flow = flags.flags(tx, visible=frame.visible, where=flags.FlagFilter(subject=("flow", project_id))).rows
        said = answers.answers_to(tx, [flag.id for flag in flow])
        found = digest.digest(tx, project_id, row.key, secured=frame.visible.secured, now=frame.now)
        connection = connecting.of_project(tx, project_id)
        report = None if connection is None else health.load(connection)
        abilities: tuple[health.Ability, ...] = ()
        if connection is not None:
            base_url = web().runtime.settings.base_url
            told = health.receive(tx, connection, report or health.Report(), base_url=base_url)
            polled = found.status is not None and found.status.mode == "polling"
            abilities = health.of_project(report, row.key, None if polled else told)
        back = leaving.left(tx, project_id)
    return render_template(
        "project.html",
        page="projects.show",
        row=row,
        card=card,
        flow=flow,
        said=said,
        words_of=lambda flag: flag_words(frame, flag),
        programmes=[one for one in together if project_id in {project.id for project in one.projects}],
        status=found.status,
        edits=found.edits,
        resting=found.resting,
        left=found.left,
        connection=connection,
        abilities=abilities,
        met=[one for one in health.meets(report) if one.project == row.key] if report is not None else [],
        taking_back=back.open,
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


@blueprint.post("/projects/<int:project_id>/reconcile")
@needs(Role.EDITOR)
def reconcile(project_id: int) -> Any:
    """Look at once for what no webhook told."""
    runtime = web().runtime
    _key(project_id)
    try:
        connecting.reconcile(runtime.db, runtime.ringer, project_id=project_id, who=g.user.name, now=real_now())
        flash("It looks now for whatever no webhook told.", "ok")
    except UserError as error:
        flash(str(error), "warn")
    return redirect(url_for("projects.one", project_id=project_id), 303)


@blueprint.get("/projects/<int:project_id>/leave")
@needs(Role.ADMIN)
def leave(project_id: int) -> Any:
    """What stopping to watch means, before it is done."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = next((row for row in projects.projects(tx, visible=frame.visible) if row.id == project_id), None)
        if row is None:
            abort(404)
        back = leaving.left(tx, project_id)
    return render_template("project_leave.html", page="projects.show", row=row, back=back)


@blueprint.post("/projects/<int:project_id>/leave")
@needs(Role.ADMIN)
def left(project_id: int) -> Any:
    """Take back what was written, or stop watching."""
    runtime = web().runtime
    key = _key(project_id)
    who, real = g.user.name, real_now()
    here = redirect(url_for("projects.leave", project_id=project_id), 303)
    try:
        if request.form.get("do") == "take back":
            leaving.take_back(
                runtime.db, runtime.adapters, runtime.ringer, project_id=project_id, who=who,
                now=runtime.world().at(real), real=real,
            )  # fmt: skip
            return here
        if request.form.get("key", "").strip() != key:
            flash(f"Nothing was changed: to stop watching it, write its name, {key}.", "warn")
            return here
        rows = leaving.leave(
            runtime.db, project_id=project_id, purge="purge" in request.form, who=who, now=real
        )  # fmt: skip
    except UserError as error:
        flash(str(error), "fault")
        return here
    flash(f"{key} is watched no more." + (f" {rows:,} rows were deleted." if rows else ""), "ok")
    return redirect(url_for("projects.show"), 303)


def _key(project_id: int) -> str:
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        key = next((row.key for row in projects.projects(tx, visible=frame.visible) if row.id == project_id), None)
    if key is None:
        abort(404)
    return key
