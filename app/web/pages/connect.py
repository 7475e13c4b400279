"""Connecting a tracker: GitHub as an App or with a token, Jira; then choosing what is watched."""

from __future__ import annotations

import hmac
import json
import secrets
from typing import Annotated, Any, Literal

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from pydantic import BaseModel, Field

from app.errors import UserError
from app.services import addresses, connecting, health
from app.services.access import Role
from app.store.database import Tx
from app.time import real_now
from app.web.auth import needs
from app.web.forms import Form, read
from app.web.runtime import web
from app.web.shell import open_frame
from integrations.errors import IntegrationError

blueprint = Blueprint("connect", __name__)

Name = Annotated[str, Field(max_length=64)]
ADMIN = Role.ADMIN
NEEDED, AGAIN = "is needed", "give it once more: the address has changed since it was tried"
PENDING = "connecting"
"""Where a session keeps the Apps that are being made: by state, what they will be called and where."""
MOST_PENDING = 4


class AppForm(BaseModel):
    """Where an App is to be made."""

    called: Name = "github"
    site: str = ""
    organisation: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,39}$")] | None = None


class TokenForm(BaseModel):
    """GitHub with a token. `sealed`: what was tried a moment ago, to be kept anyway."""

    name: Name = "github"
    url: str = ""
    token: str = ""
    sealed: str = ""


class JiraForm(BaseModel):
    """Jira: a site, and the credentials of its edition."""

    name: Name = "jira"
    edition: Literal["cloud", "datacenter"] = "cloud"
    url: str = ""
    account: str = ""
    token: str = ""
    sealed: str = ""


@blueprint.get("/projects/connect")
@needs(ADMIN)
def start() -> Any:
    """Choose what to connect."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
    return render_template("connect.html", page="projects.show", demo=frame.shell.demo)


# --- GitHub as an App ------------------------------------------------------------------------------------------------


@blueprint.get("/projects/connect/github")
@needs(ADMIN)
def github() -> Any:
    """Offer the App, ready to be made, and the token beside it."""
    return _github(token=Form({"name": _free("github")}))


def _github(*, token: Form, report: health.Report | None = None, sealed: str = "", status: int = 200) -> Any:
    runtime = web().runtime
    given, form = read(AppForm, request.args)
    made: dict[str, Any] | None = None
    with runtime.db.read() as tx:
        frame = open_frame(tx)
        if given is not None and not frame.shell.demo:
            name = given.called if "called" in request.args else connecting.free_name(tx, given.called)
            made = _ready(tx, form, given, name)
            form.values = {**form.values, "called": name}
    if made is not None:
        g.forms_to = addresses.origin(made["action"])
    elif form.errors:
        status = 422
    return render_template(
        "connect_github.html",
        page="projects.show",
        demo=frame.shell.demo,
        app=made,
        form=form,
        token=token,
        report=report,
        abilities=health.abilities(report, None) if report is not None else (),
        sealed=sealed,
        local=addresses.is_local(runtime.settings.base_url),
        base_url=runtime.settings.base_url,
    ), status


def _ready(tx: Tx, form: Form, given: AppForm, name: str) -> dict[str, Any] | None:
    """The manifest and where it is posted to; None where something is wrong, which the form then says."""
    runtime = web().runtime
    base_url = _address(form, "github", given.site, field="site")
    _check_name(tx, form, name, field="called")
    if base_url is None or not form.good:
        return None
    home = runtime.settings.base_url
    site = addresses.for_people(base_url)
    hook = None if addresses.is_local(home) else f"{home}/webhooks/github/{name}"
    manifest = runtime.app_maker.manifest(
        site,
        name="Plumbline",
        home=home,
        hook=hook,
        back=f"{home}{url_for('connect.made')}",
        installed=f"{home}{url_for('connect.installed')}",
    )
    state = secrets.token_urlsafe(24)
    pending = list(session.get(PENDING, []))[-MOST_PENDING + 1 :]
    session[PENDING] = [*pending, {"state": state, "name": name, "base_url": base_url}]
    action = f"{runtime.app_maker.page(site, given.organisation)}?state={state}"
    return {"action": action, "manifest": json.dumps(manifest), "site": site, "name": name}


@blueprint.get("/projects/connect/github/made")
@needs(ADMIN)
def made() -> Any:
    """Back from GitHub with a code: the App is there, and its secrets are fetched and kept."""
    runtime = web().runtime
    state = request.args.get("state", "")
    pending = list(session.get(PENDING, []))
    mine = next((one for one in pending if hmac.compare_digest(one["state"].encode(), state.encode())), None)
    if mine is None:
        flash("That did not come from a page of ours, or it was used before: begin again here.", "fault")
        return redirect(url_for("connect.github"), 303)
    session[PENDING] = [one for one in pending if one is not mine]
    try:
        app = runtime.app_maker.exchange(mine["base_url"], request.args.get("code", ""))
        connection_id = connecting.keep_app(
            runtime.db,
            runtime.vault,
            app,
            name=mine["name"],
            base_url=mine["base_url"],
            who=g.user.name,
            now=real_now(),
        )
    except (IntegrationError, UserError) as error:
        flash(f"The App could not be taken over: {error}. Delete it there and begin again.", "fault")
        return redirect(url_for("connect.github"), 303)
    flash("The App is made and its key is kept encrypted. Now install it where it is to watch.", "ok")
    return redirect(url_for("connections.one", connection_id=connection_id), 303)


@blueprint.get("/projects/connect/github/installed")
@needs(ADMIN)
def installed() -> Any:
    """Back from installing an App. What GitHub sends along is not believed: the page asks for the installations."""
    with web().runtime.db.read() as tx:
        open_frame(tx)
    return render_template("connect_installed.html", page="projects.show", apps=_apps())


def _apps() -> list[Any]:
    with web().runtime.db.read() as tx:
        return list({row.tracker_id: row for row in connecting.connections(tx) if row.kind == "app"}.values())


# --- with a token ----------------------------------------------------------------------------------------------------


@blueprint.post("/projects/connect/github")
@needs(ADMIN)
def github_token() -> Any:
    """Try a token; keep it where it is good."""
    given, form = read(TokenForm, request.form)
    tried = None if given is None else _try(form, kind="github", name=given.name, url=given.url, sealed=given.sealed,
                                            secrets={"token": given.token})  # fmt: skip
    if isinstance(tried, int):
        return _connected(tried)
    report, sealed = tried if tried is not None else (None, "")
    return _github(token=form, report=report, sealed=sealed, status=422)


@blueprint.get("/projects/connect/jira")
@needs(ADMIN)
def jira() -> Any:
    """Ask for a Jira's address and credentials."""
    return _jira(Form({"name": _free("jira"), "edition": "cloud"}))


@blueprint.post("/projects/connect/jira")
@needs(ADMIN)
def jira_token() -> Any:
    """Try the credentials of a Jira; keep them where they are good."""
    given, form = read(JiraForm, request.form)
    if given is not None:
        held = {"token": given.token}
        if given.edition == "cloud" and not given.sealed:
            held["account"] = given.account
            if "@" not in given.account:
                form.errors["account"] = "must be the e-mail address of the token’s account"
        tried = _try(form, kind="jira", name=given.name, url=given.url, sealed=given.sealed, secrets=held)
        if isinstance(tried, int):
            return _connected(tried)
        report, sealed = tried if tried is not None else (None, "")
        return _jira(form, report=report, sealed=sealed, status=422)
    return _jira(form, status=422)


def _jira(form: Form, *, report: health.Report | None = None, sealed: str = "", status: int = 200) -> Any:
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
    return render_template(
        "connect_jira.html",
        page="projects.show",
        demo=frame.shell.demo,
        form=form,
        report=report,
        abilities=health.abilities(report, None) if report is not None else (),
        sealed=sealed,
    ), status


def _try(
    form: Form, *, kind: str, name: str, url: str, sealed: str, secrets: dict[str, str]
) -> int | tuple[health.Report, str] | None:
    """Try credentials and keep them: the connection's id. Where something is lacking: what was seen, and the
    credentials sealed so that they can be kept anyway without being typed again. None where the form has to be mended.
    """
    runtime = web().runtime
    base_url = _address(form, kind, url)
    with runtime.db.read() as tx:
        _check_name(tx, form, name)
    if sealed:
        secrets = _opened(form, sealed, kind=kind, base_url=base_url)
    elif not secrets["token"]:
        form.errors["token"] = NEEDED
    if base_url is None or not form.good:
        return None
    report = health.try_out(runtime.adapters, kind=kind, base_url=base_url, secrets=secrets)
    good = report.read and report.write and not report.missing
    if not good and not sealed:
        kept = {"kind": kind, "base_url": base_url, "secrets": secrets}
        return report, runtime.vault.seal(json.dumps(kept))
    try:
        return connecting.keep(
            runtime.db, runtime.vault, name=name, kind=kind, base_url=base_url, secrets=secrets, report=report,
            who=g.user.name, now=real_now(),
        )  # fmt: skip
    except UserError as error:
        form.errors[""] = str(error)
        return None


def _opened(form: Form, sealed: str, *, kind: str, base_url: str | None) -> dict[str, str]:
    """Credentials that were tried a moment ago, for this very address."""
    try:
        kept = json.loads(web().runtime.vault.open(sealed))
        if (kept["kind"], kept["base_url"]) == (kind, base_url):
            return dict(kept["secrets"])
    except (UserError, ValueError, KeyError, TypeError):
        pass
    form.errors["token"] = AGAIN
    return {"token": ""}


def _connected(connection_id: int) -> Any:
    flash("Connected. Nothing is written to the tracker until a rule is set live.", "ok")
    return redirect(url_for("choosing.choose", connection_id=connection_id), 303)


def _address(form: Form, kind: str, url: str, *, field: str = "url") -> str | None:
    try:
        return addresses.tracker_address(kind, url, allow_http=web().runtime.settings.allow_http)
    except UserError as error:
        form.errors[field] = str(error)
        return None


def _check_name(tx: Tx, form: Form, name: str, *, field: str = "name") -> None:
    try:
        connecting.check_name(tx, name)
    except UserError as error:
        form.errors[field] = str(error)


def _free(wanted: str) -> str:
    with web().runtime.db.read() as tx:
        return connecting.free_name(tx, wanted)
