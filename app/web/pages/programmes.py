"""Programmes: projects that belong together, and milestones of theirs that are one release."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from pydantic import BaseModel, Field

from app.errors import UserError
from app.services import programmes
from app.services.access import Role
from app.store.views import programmes as views
from app.time import real_now
from app.web.auth import needs
from app.web.forms import Form, read
from app.web.runtime import web
from app.web.shell import open_frame

blueprint = Blueprint("programmes", __name__)

ADMIN = Role.ADMIN


class ProgrammeForm(BaseModel):
    """A programme: `projects` are spelled TRACKER/KEY, `readers` ticked where the same people read all of them."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    projects: list[str] = []
    readers: list[str] = []


class JoinForm(BaseModel):
    """Two milestones that are one, spelled TRACKER/PROJECT:TITLE; the first speaks for both."""

    leader: str
    part: str


@blueprint.get("/projects/programmes/new")
@needs(ADMIN)
def new() -> Any:
    """An empty form."""
    return _page(None, Form())


@blueprint.get("/projects/programmes/<int:programme_id>")
@needs(ADMIN)
def one(programme_id: int) -> Any:
    """One programme."""
    return _page(programme_id, None)


@blueprint.post("/projects/programmes/new")
@needs(ADMIN)
def make() -> Any:
    """Make one."""
    given, form = read(ProgrammeForm, request.form, lists=("projects", "readers"))
    with web().runtime.db.read() as tx:
        taken = {row.name for row in programmes.programmes(tx)}
    if given is not None and given.name in taken:
        form.errors["name"] = "is taken by another programme; choose another one"
    if given is None or not form.good or not _save(form, given, given.name):
        return _page(None, form, status=422)
    return redirect(url_for("projects.show"), 303)


@blueprint.post("/projects/programmes/<int:programme_id>")
@needs(ADMIN)
def change(programme_id: int) -> Any:
    """Give it another name, other projects or other readers; or forget it."""
    runtime = web().runtime
    row = _row(programme_id)
    who, now = g.user.name, real_now()
    if request.form.get("do") == "remove":
        apart = programmes.remove(runtime.db, name=row.name, author=who, now=now)
        flash(f"{row.name} is forgotten; its projects stay." + _fell(apart), "ok")
        return redirect(url_for("projects.show"), 303)
    given, form = read(ProgrammeForm, request.form, lists=("projects", "readers"))
    if given is not None:
        try:
            programmes.rename(runtime.db, name=row.name, to=given.name, author=who, now=now)
        except UserError as error:
            form.errors["name"] = str(error)
    if given is None or not form.good or not _save(form, given, given.name):
        return _page(programme_id, form, status=422)
    return redirect(url_for("programmes.one", programme_id=programme_id), 303)


@blueprint.post("/projects/programmes/<int:programme_id>/releases")
@needs(ADMIN)
def releases(programme_id: int) -> Any:
    """Say that two milestones are one, or let a release fall apart."""
    runtime = web().runtime
    row = _row(programme_id)
    who, now = g.user.name, real_now()
    try:
        if apart := request.form.get("apart"):
            programmes.part(runtime.db, name=row.name, milestones=[apart], author=who, now=now)
            flash("Each is judged by itself again.", "ok")
        else:
            given, form = read(JoinForm, request.form)
            if given is None:
                return _page(programme_id, None, join=form, status=422)
            made = programmes.join(
                runtime.db, name=row.name, milestones=[given.leader, given.part], author=who, now=now
            )
            flash(f"From now on one release: {made.spelled}.", "ok")
    except UserError as error:
        return _page(programme_id, None, join=Form(dict(request.form), {"part": str(error)}), status=422)
    return redirect(url_for("programmes.one", programme_id=programme_id), 303)


def _save(form: Form, given: ProgrammeForm, name: str) -> bool:
    """Save it; False where something is wrong, which the form then says."""
    try:
        apart = programmes.save(
            web().runtime.db, name=name, keys=given.projects, same_readers=bool(given.readers), author=g.user.name,
            now=real_now(),
        )  # fmt: skip
    except UserError as error:
        form.errors["projects"] = str(error).removeprefix("PROJECT: ")
        return False
    flash(f"{name} is saved." + _fell(apart), "ok")
    return True


def _fell(apart: tuple[programmes.Release, ...]) -> str:
    return f" Apart again: {', '.join(one.spelled for one in apart)}." if apart else ""


def _row(programme_id: int) -> views.ProgrammeRow:
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = next((row for row in views.programmes(tx, visible=frame.visible) if row.id == programme_id), None)
    if row is None:
        abort(404)
    return row


def _page(programme_id: int | None, form: Form | None, *, join: Form | None = None, status: int = 200) -> Any:
    row = None if programme_id is None else _row(programme_id)
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        every = programmes.spelled_projects(tx)
        milestones = [] if row is None else programmes.open_milestones(tx, row.id)
        joined = [] if row is None else [one for one in programmes.programmes(tx) if one.name == row.name]
    if form is None and row is not None:
        own = [f"{project.tracker}/{project.key}" for project in row.projects]
        form = Form({"name": row.name, "projects": own, "readers": ["yes"] if row.same_readers else []})
    return render_template(
        "programme.html",
        page="projects.show",
        row=row,
        form=form or Form(),
        join=join or Form(),
        every=[one for one in every if frame.visible.projects is None or one.id in frame.visible.projects],
        milestones=milestones,
        releases=[release for one in joined for release in one.releases],
    ), status
