"""Settings > People: who signs in, what they may and which programmes they see. For admins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from pydantic import BaseModel

from app.errors import UserError
from app.services import accounts
from app.services.access import Role
from app.services.accounts import AccountError, May, UnknownAccountError
from app.store import access as tokens
from app.store import accounts as rows
from app.time import real_now
from app.web.auth import needs
from app.web.forms import Form, read
from app.web.runtime import web
from app.web.shell import open_frame

blueprint = Blueprint("people", __name__, url_prefix="/settings/people")

ROLES = (
    ("viewer", "Viewer: looks"),
    ("editor", "Editor: answers for items, changes rules, pauses"),
    ("admin", "Admin: everything, and sees every project"),
)


class Sent(BaseModel):
    """What the form of a person says."""

    name: str = ""
    mail: str = ""
    role: Role = Role.VIEWER
    sees: str = "some"
    programmes: list[int] = []
    secured: bool = False

    def may(self) -> May:
        """What that lets somebody do and see."""
        return May(
            role=self.role,
            all_projects=self.sees == "all",
            programmes=frozenset(self.programmes),
            secured=self.secured,
        )


@blueprint.get("")
@needs(Role.ADMIN)
def show() -> Any:
    """The list of people, and of all tokens."""
    with web().runtime.db.read() as tx:
        open_frame(tx)
        page = rows.accounts(tx, after=request.args.get("after"))
        programmes = dict(rows.known_programmes(tx))
        every = tokens.every_token(tx)
    return render_template("people.html", page="settings.show", people=page, programmes=programmes, tokens=every)


@blueprint.get("/new")
@needs(Role.ADMIN)
def new() -> Any:
    """The form for somebody new."""
    return _form(Form(values={"role": "viewer", "sees": "some"}))


@blueprint.post("/new")
@needs(Role.ADMIN)
def add() -> Any:
    """Add somebody, and show the link with which they choose a password."""
    sent, form = read(Sent, request.form, lists=["programmes"])
    if sent is None:
        return _form(form), 422
    now, db = real_now(), web().runtime.db
    try:
        id_ = accounts.add(db, name=sent.name, mail=sent.mail, may=sent.may(), who=g.user.name, now=now)
    except AccountError as error:
        form.errors[error.field] = str(error)
        return _form(form), 422
    link = accounts.password_link(db, web().runtime.settings.base_url, id_, who=g.user.name, now=now)
    return _person(id_, link=link)


@blueprint.get("/<int:account_id>")
@needs(Role.ADMIN)
def one(account_id: int) -> Any:
    """One person."""
    return _person(account_id)


@blueprint.post("/<int:account_id>")
@needs(Role.ADMIN)
def change(account_id: int) -> Any:
    """Change what somebody may and sees, their name and mail address."""
    sent, form = read(Sent, request.form, lists=["programmes"])
    if sent is None:
        return _person(account_id, form=form), 422
    db, now = web().runtime.db, real_now()
    try:
        accounts.describe(db, account_id, name=sent.name, mail=sent.mail, who=g.user.name, now=now)
        accounts.change(db, account_id, may=sent.may(), who=g.user.name, now=now)
    except AccountError as error:
        form.errors[error.field] = str(error)
        return _person(account_id, form=form), 422
    except UnknownAccountError:
        abort(404)
    flash(f"{sent.name} is set as you wrote it.", "ok")
    return redirect(url_for("people.show"), 303)


@blueprint.post("/<int:account_id>/link")
@needs(Role.ADMIN)
def link(account_id: int) -> Any:
    """Make a link with which somebody chooses a password, and show it: this once."""
    base = web().runtime.settings.base_url
    try:
        made = accounts.password_link(web().runtime.db, base, account_id, who=g.user.name, now=real_now())
    except UnknownAccountError:
        abort(404)
    except UserError as error:
        flash(str(error), "fault")
        return redirect(url_for("people.one", account_id=account_id), 303)
    return _person(account_id, link=made)


@blueprint.post("/<int:account_id>/shut-out")
@needs(Role.ADMIN)
def shut_out(account_id: int) -> Any:
    """Shut somebody out, with their sessions, links and tokens."""
    return _after(account_id, lambda: _set(account_id, disabled=True), "is shut out, with every session and token.")


@blueprint.post("/<int:account_id>/let-in")
@needs(Role.ADMIN)
def let_in(account_id: int) -> Any:
    """Let somebody in again."""
    return _after(account_id, lambda: _set(account_id, disabled=False), "may sign in again.")


def _set(account_id: int, *, disabled: bool) -> None:
    accounts.set_disabled(web().runtime.db, account_id, disabled=disabled, who=g.user.name, now=real_now())


def _after(account_id: int, act: Callable[[], None], told: str) -> Any:
    try:
        act()
    except UnknownAccountError:
        abort(404)
    except UserError as error:
        flash(str(error), "fault")
    else:
        with web().runtime.db.read() as tx:
            row = rows.account(tx, account_id)
        flash(f"{row.name if row is not None else 'That person'} {told}", "ok")
    return redirect(url_for("people.one", account_id=account_id), 303)


def _form(form: Form) -> Any:
    with web().runtime.db.read() as tx:
        open_frame(tx)
        programmes = rows.known_programmes(tx)
    return render_template(
        "person.html", page="settings.show", person=None, form=form, programmes=programmes, roles=ROLES, link=""
    )


def _person(account_id: int, *, form: Form | None = None, link: str = "") -> Any:
    with web().runtime.db.read() as tx:
        open_frame(tx)
        row = rows.account(tx, account_id)
        programmes = rows.known_programmes(tx)
    if row is None:
        abort(404)
    return render_template(
        "person.html",
        page="settings.show",
        person=row,
        form=form or _values(row),
        programmes=programmes,
        roles=ROLES,
        link=link,
    )


def _values(row: rows.AccountRow) -> Form:
    return Form(
        values={
            "name": row.name,
            "mail": row.mail,
            "role": row.role,
            "sees": "all" if row.all_projects else "some",
            "programmes": [str(id_) for id_ in row.programmes],
            "secured": "true" if row.secured else "",
        }
    )
