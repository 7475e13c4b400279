"""Connections: how they do, and what is done about them. For admins alone."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from pydantic import BaseModel

from app.errors import UserError
from app.services import addresses, connect, connecting, health
from app.services.access import Role
from app.store.trackers import ConnectionRow
from app.time import real_now
from app.web.auth import needs
from app.web.forms import Form, read
from app.web.pages.choosing import found
from app.web.runtime import web
from app.web.shell import open_frame

blueprint = Blueprint("connections", __name__)

ADMIN = Role.ADMIN
GITHUB_EVENTS = (
    "Check runs, Check suites, Issue comments, Issue dependencies, Issues, Labels, Milestones, Pull request review "
    "comments, Pull request review threads, Pull request reviews, Pull requests, Repositories, Statuses, Sub issues"
)
JIRA_EVENTS = "issue, comment, worklog, issue link, sprint, version, board, project: every box"


class CredentialsForm(BaseModel):
    """Other credentials for a tracker."""

    account: str = ""
    token: str = ""


@blueprint.get("/projects/connections")
@needs(ADMIN)
def show() -> Any:
    """All connections."""
    runtime = web().runtime
    with runtime.db.read() as tx:
        open_frame(tx)
        rows = connecting.connections(tx)
        counts = connecting.watched(tx)
    return render_template("connections.html", page="projects.show", rows=rows, counts=counts)


@blueprint.get("/projects/connections/<int:connection_id>")
@needs(ADMIN)
def one(connection_id: int) -> Any:
    """One connection: what it can do and why not, its webhook, and what can be changed."""
    return _one(connection_id)


def _one(connection_id: int, *, form: Form | None = None, reveal: bool = False, status: int = 200) -> Any:
    runtime = web().runtime
    base_url = runtime.settings.base_url
    with runtime.db.read() as tx:
        open_frame(tx)
        row = found(tx, connection_id)
        report = health.load(row)
        receive = health.receive(tx, row, report or health.Report(), base_url=base_url)
        projects = connecting.projects_of(tx, connection_id)
    sandbox = row.tracker_kind.startswith("sandbox")
    waits = receive.state != "ok" and not sandbox
    secret, cloud = "", False
    try:
        secret = connecting.webhook_secret(runtime.db, runtime.vault, row.tracker_id) if reveal or waits else ""
        cloud = connecting.has_account(runtime.vault, row)
    except UserError as error:  # sealed with a key that is not there
        flash(str(error), "fault")
    install = f"{row.page}/installations/new" if row.page and row.kind == "app" else ""
    return render_template(
        "connection.html",
        page="projects.show",
        row=row,
        report=report,
        abilities=health.abilities(report, receive) if report is not None else (receive,),
        met=health.meets(report) if report is not None else (),
        unseen=[one.key for one in report.projects if not one.looked and one.read] if report is not None else [],
        receive=receive,
        projects=projects,
        address=health.hook_address(base_url, row),
        secret=secret,
        events=JIRA_EVENTS if "jira" in row.tracker_kind else GITHUB_EVENTS,
        local=not addresses.is_reached(base_url, tracker=row.base_url),
        install=install,
        sandbox=sandbox,
        can_make=report is not None and any(one.hook in ("missing", "off") for one in report.projects),
        cloud=cloud,
        form=form or Form(),
    ), status


@blueprint.post("/projects/connections/<int:connection_id>/check")
@needs(ADMIN)
def check(connection_id: int) -> Any:
    """Check now."""
    try:
        _examine(connection_id)
    except UserError as error:
        flash(str(error), "fault")
    return _back(connection_id)


@blueprint.post("/projects/connections/<int:connection_id>/installations")
@needs(ADMIN)
def installations(connection_id: int) -> Any:
    """Find where an App was installed, and connect that."""
    runtime = web().runtime
    with runtime.db.read() as tx:
        row = found(tx, connection_id)
    now = real_now()
    try:
        new = connecting.find_installations(
            runtime.db, runtime.vault, runtime.adapters, tracker=row.tracker_name, who=g.user.name, now=now
        )
        for id_ in connecting.of_tracker(runtime.db, row.tracker_id) if new else ():
            health.examine(
                runtime.db, runtime.vault, runtime.adapters, connection_id=id_,
                base_url=runtime.settings.base_url, now=now,
            )  # fmt: skip
    except UserError as error:
        flash(str(error), "fault")
        return _back(connection_id)
    if not new:
        flash("The App is installed nowhere else yet.", "warn")
        return _back(connection_id)
    where = ", ".join(one.account or one.native_id for one in new)
    flash(f"Connected: {where}. Now choose what is watched.", "ok")
    return redirect(url_for("choosing.choose", connection_id=connection_id), 303)


@blueprint.post("/projects/connections/<int:connection_id>/hooks")
@needs(ADMIN)
def hooks(connection_id: int) -> Any:
    """Make the webhooks of all watched projects, or set them right."""
    runtime = web().runtime
    with runtime.db.read() as tx:
        row = found(tx, connection_id)
        keys = [project.key for project in connecting.projects_of(tx, connection_id)]
    problems = connecting.make_hooks(
        runtime.db,
        runtime.vault,
        runtime.adapters,
        connection_id=connection_id,
        keys=keys,
        url=health.hook_address(runtime.settings.base_url, row),
        who=g.user.name,
        now=real_now(),
    )
    for problem in problems:
        flash(f"No webhook was made: {problem}. Set it up by hand, as it stands below.", "warn")
    if len(problems) < len(keys):
        flash("The webhook is made; a test delivery follows at once.", "ok")
    return check(connection_id)


@blueprint.post("/projects/connections/<int:connection_id>/secret")
@needs(ADMIN)
def secret(connection_id: int) -> Any:
    """Show the webhook's secret, or make a new one."""
    runtime, row = web().runtime, _found(connection_id)
    if request.form.get("do") != "rotate":
        connecting.note_shown(runtime.db, tracker=row.tracker_name, who=g.user.name, now=real_now())
        return _one(connection_id, reveal=True)
    left = connecting.rotate_secret(
        runtime.db,
        runtime.vault,
        runtime.adapters,
        connection_id=connection_id,
        url=health.hook_address(runtime.settings.base_url, row),
        who=g.user.name,
        now=real_now(),
    )
    if left:
        flash("There is a new secret. Put it into the webhook by hand; until then what it sends is refused, and "
              "read later.", "warn")  # fmt: skip
    else:
        flash("There is a new secret, and the webhook has it already.", "ok")
    return _one(connection_id, reveal=True)


@blueprint.post("/projects/connections/<int:connection_id>/token")
@needs(ADMIN)
def token(connection_id: int) -> Any:
    """Try another token, and use it from now on where it is good."""
    runtime, row = web().runtime, _found(connection_id)
    given, form = read(CredentialsForm, request.form)
    cloud = connecting.has_account(runtime.vault, row)
    if given is None or not given.token or row.kind != "token":
        form.errors.setdefault("token", "is needed")
        return _one(connection_id, form=form, status=422)
    held = {"token": given.token} | ({"account": given.account} if cloud else {})
    if cloud and "@" not in given.account:
        form.errors["account"] = "must be the e-mail address of the token’s account"
        return _one(connection_id, form=form, status=422)
    report = health.try_out(runtime.adapters, kind=row.tracker_kind, base_url=row.base_url, secrets=held)
    if not report.read:
        form.errors["token"] = f"was not taken: {report.problem or ', '.join(report.missing) or 'it cannot read'}"
        return _one(connection_id, form=form, status=422)
    connecting.replace_credentials(
        runtime.db, runtime.vault, connection_id=connection_id, secrets=held, report=report, who=g.user.name,
        now=real_now(),
    )  # fmt: skip
    flash("The new token is in use.", "ok")
    return check(connection_id)


@blueprint.get("/projects/connections/<int:connection_id>/leave")
@needs(ADMIN)
def leave(connection_id: int) -> Any:
    """What disconnecting means, before it is done."""
    runtime = web().runtime
    with runtime.db.read() as tx:
        open_frame(tx)
        row = found(tx, connection_id)
        projects = connecting.projects_of_tracker(tx, row.tracker_id)
        written = {project.id: connecting.written(tx, project.id) for project in projects}
    return render_template("connection_leave.html", page="projects.show", row=row, projects=projects, written=written)


@blueprint.post("/projects/connections/<int:connection_id>/leave")
@needs(ADMIN)
def disconnect(connection_id: int) -> Any:
    """Take a tracker out of use."""
    runtime, row = web().runtime, _found(connection_id)
    if request.form.get("name", "").strip() != row.tracker_name:
        flash(f"Nothing was changed: to disconnect it, write its name, {row.tracker_name}.", "warn")
        return redirect(url_for("connections.leave", connection_id=connection_id), 303)
    connect.remove_tracker(runtime.db, name=row.tracker_name, author=g.user.name, now=real_now())
    flash(f"{row.tracker_name} is disconnected and its secrets are forgotten. Delete its webhook or App there.", "ok")
    return redirect(url_for("connections.show"), 303)


def _found(connection_id: int) -> ConnectionRow:
    """A connection, or 404."""
    with web().runtime.db.read() as tx:
        return found(tx, connection_id)


def _examine(connection_id: int) -> None:
    """Ask the tracker what works. Raises UserError."""
    runtime = web().runtime
    base_url = runtime.settings.base_url
    health.examine(
        runtime.db, runtime.vault, runtime.adapters, connection_id=connection_id, base_url=base_url, now=real_now()
    )


def _back(connection_id: int) -> Any:
    return redirect(url_for("connections.one", connection_id=connection_id), 303)
