"""Settings > Your account: name, password, where one is signed in, and tokens for programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from pydantic import BaseModel, Field

from app.errors import UserError
from app.services import access, accounts, sessions
from app.services.access import NEEDS, Role
from app.services.accounts import AccountError
from app.store import access as tokens
from app.store import accounts as rows
from app.store import sessions as session_rows
from app.time import real_now
from app.web import auth
from app.web.auth import needs
from app.web.forms import Form, read
from app.web.runtime import web
from app.web.shell import open_frame

blueprint = Blueprint("account", __name__, url_prefix="/settings/account")

SCOPE_WORDS = {
    "read": "Read what you may see",
    "answer": "Answer for items: snooze, acknowledge, set dates",
    "rules": "Change rules",
    "operate": "Replay, pause and retry",
    "admin": "What admins do: connect, set people, retract",
}


class Named(BaseModel):
    """How somebody is called."""

    name: str
    mail: str = ""


class NewToken(BaseModel):
    """A token to be made."""

    token: Annotated[str, Field(max_length=access.LONGEST_NAME)]
    scope: list[str] = []


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed into the forms of the page, where something is wrong with it."""

    named: Form | None = None
    password: Form = field(default_factory=Form)
    token: Form = field(default_factory=lambda: Form(values={"scope": ["read"]}))


@blueprint.get("")
def show() -> Any:
    """The page."""
    return _page(Typed())


@blueprint.post("/name")
@needs(Role.VIEWER)
def rename() -> Any:
    """Take another name or mail address."""
    if g.user.account_id is None:
        abort(403)
    sent, form = read(Named, request.form)
    if sent is None:
        return _page(Typed(named=form)), 422
    try:
        accounts.describe(
            web().runtime.db, g.user.account_id, name=sent.name, mail=sent.mail, who=g.user.name, now=real_now()
        )
    except AccountError as error:
        form.errors[error.field] = str(error)
        return _page(Typed(named=form)), 422
    flash("Your name and mail address are as you wrote them.", "ok")
    return redirect(url_for("account.show"), 303)


@blueprint.post("/password")
@needs(Role.VIEWER)
def change_password() -> Any:
    """Take another password. All other browsers are signed out, and this one gets a new session."""
    if g.user.account_id is None:
        abort(403)
    form = Form()
    try:
        key = accounts.change_password(
            web().runtime.db,
            g.user,
            present=request.form.get("present", ""),
            password=request.form.get("password", ""),
            agent=auth.agent(),
            now=real_now(),
        )
    except AccountError as error:
        form.errors[error.field] = str(error)
        return _page(Typed(password=form)), 422
    auth.begin(key)
    flash("Your password is changed. Every other browser is signed out.", "ok")
    return redirect(url_for("account.show"), 303)


@blueprint.post("/sign-out-everywhere")
@needs(Role.VIEWER)
def sign_out_everywhere() -> Any:
    """End every session of one's own, this one too."""
    sessions.end_everywhere(web().runtime.db, g.user, real_now())
    return redirect(url_for("auth.signed_out"), 303)


@blueprint.post("/tokens")
@needs(Role.VIEWER)
def make_token() -> Any:
    """Make a token and show it: this once."""
    sent, form = read(NewToken, request.form, lists=["scope"])
    if sent is None:
        return _page(Typed(token=form)), 422
    if not all(scope in _scopes() for scope in sent.scope):
        form.errors["scope"] = "asks for more than your role reaches; choose among these"
        return _page(Typed(token=form)), 422
    try:
        made = access.create_token(
            web().runtime.db,
            sent.token,
            scope=" ".join(sent.scope),
            owner=g.user.account_id,
            who=g.user.name,
            now=real_now(),
        )
    except UserError as error:
        form.errors["token"] = str(error)
        return _page(Typed(token=form)), 422
    return _page(Typed(), made=made)


@blueprint.post("/tokens/<int:token_id>/revoke")
@needs(Role.VIEWER)
def revoke_token(token_id: int) -> Any:
    """Revoke a token of one's own, or as an admin any."""
    try:
        name = access.revoke_token(web().runtime.db, token_id, user=g.user, now=real_now())
    except UserError:
        abort(404)
    flash(f"The token “{name}” opens nothing any more.", "ok")
    from_people = request.form.get("back") == "people"
    return redirect(url_for("people.show" if from_people else "account.show"), 303)


def _page(typed: Typed, *, made: str = "") -> Any:
    user = g.user
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        account = rows.account(tx, user.account_id) if user.account_id is not None else None
        programmes = dict(rows.known_programmes(tx)) if account is not None and account.programmes else {}
        own = tokens.tokens(tx, account_id=user.account_id)
        open_ = session_rows.sessions(tx, user.account_id, frame.real)
    named = typed.named or Form(values={"name": user.name, "mail": (account.mail if account is not None else "") or ""})
    return render_template(
        "account.html",
        page="settings.show",
        me=account,
        programmes=[programmes[id_] for id_ in account.programmes if id_ in programmes] if account is not None else [],
        tokens=own,
        sessions=open_,
        named=named,
        password=typed.password,
        token=typed.token,
        made=made,
        scopes={scope: SCOPE_WORDS[scope] for scope in _scopes()},
    )


def _scopes() -> list[str]:
    """What a token of whoever is signed in may be made for."""
    return [scope for scope, role in NEEDS.items() if g.user.may(role)]
