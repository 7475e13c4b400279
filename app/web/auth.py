"""Signing in by a printed one-time link, signing out, and the gate before every page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Flask, abort, g, make_response, redirect, render_template, request, session, url_for

from app.services import access
from app.time import from_iso, real_now, to_iso
from app.web.runtime import web

blueprint = Blueprint("auth", __name__)
View = TypeVar("View", bound=Callable[..., Any])

LIFETIME = timedelta(days=14)
THEMES = ("light", "dark")
OPEN_ENDPOINTS = frozenset(
    {"static", "auth.sign_in", "auth.use_link", "auth.signed_out", "health.healthz", "health.readyz", "health.metrics"}
)
"""What may be reached without being signed in. Webhooks and the API have keys of their own."""
OPEN_BLUEPRINTS = frozenset({"api", "hooks"})


def install(app: Flask) -> None:
    """Put the gate before every page of an application."""
    app.before_request(_gate)
    app.register_blueprint(blueprint)


def signed_in() -> access.User | None:
    """Who is looking, None where nobody is signed in or the session is too old."""
    try:
        at = from_iso(session["signed_in_at"])
    except (KeyError, TypeError, ValueError):
        return None
    if not at <= real_now() < at + LIFETIME:
        return None
    return access.User(name="owner", signed_in_at=at, secured=True, role=access.Role.ADMIN)


def _gate() -> Any:
    g.user = None
    if request.endpoint is None or request.endpoint in OPEN_ENDPOINTS or request.blueprint in OPEN_BLUEPRINTS:
        return None
    g.user = signed_in()
    if g.user is None:
        return redirect(url_for("auth.signed_out"), 303)
    return None


@blueprint.get("/sign-in")
def signed_out() -> Any:
    """Say how to get in."""
    if signed_in() is not None:
        return redirect(url_for("overview.show"), 303)
    return render_template("sign_in.html", state="how")


@blueprint.get("/sign-in/<token>")
def sign_in(token: str) -> Any:
    """Show a button. The link is not used up by looking at it: previews and prefetching would burn it."""
    good = access.sign_in_is_good(web().runtime.db, token, real_now())
    answer = make_response(render_template("sign_in.html", state="ready" if good else "used", token=token))
    answer.status_code = 200 if good else 410
    return answer


@blueprint.post("/sign-in/<token>")
def use_link(token: str) -> Any:
    """Use the link up and begin a session."""
    now = real_now()
    if not access.use_sign_in(web().runtime.db, token, now):
        return render_template("sign_in.html", state="used"), 410
    session.clear()
    session.permanent = True
    session["signed_in_at"] = to_iso(now)
    return redirect(url_for("overview.show"), 303)


@blueprint.post("/sign-out")
def sign_out() -> Any:
    """End the session."""
    session.clear()
    return redirect(url_for("auth.signed_out"), 303)


@blueprint.post("/theme")
def theme() -> Any:
    """Store the choice of light, dark or as the system has it."""
    choice = request.form.get("theme", "")
    answer = redirect(back_to(request.form.get("back", "/")), 303)
    if choice in THEMES:
        answer.set_cookie("theme", choice, max_age=31_536_000, samesite="Lax", httponly=True)
    elif choice == "system":
        answer.delete_cookie("theme")
    else:
        abort(400, "theme: light, dark or system")
    return answer


def needs(role: access.Role) -> Callable[[View], View]:
    """Let a view be used by those only who may do what asks for a role; others are told so (403)."""

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **values: Any) -> Any:
            if not g.user.may(role):
                abort(403)
            return view(*args, **values)

        return guarded  # type: ignore[return-value]

    return wrap


def bearer(header: str | None, now: datetime) -> access.User | None:
    """The program behind an `Authorization: Bearer plb_…` header."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    return access.check_token(web().runtime.db, token.strip(), now)


def back_to(path: str) -> str:
    """A path of ours to go back to; anything else leads to the overview."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
