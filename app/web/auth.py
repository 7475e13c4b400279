"""Signing in by name and password or by a link that works once, signing out, and the gate before every page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

from flask import (
    Blueprint,
    Flask,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)

from app.services import access, accounts, sessions
from app.services.access import LinkTo
from app.store import accounts as rows
from app.time import real_now
from app.web.forms import Form
from app.web.runtime import web

blueprint = Blueprint("auth", __name__)
View = TypeVar("View", bound=Callable[..., Any])

LIFETIME = sessions.LIFETIME
THEMES = ("light", "dark")
OPEN_ENDPOINTS = frozenset(
    {
        "static",
        "auth.sign_in",
        "auth.use_link",
        "auth.signed_out",
        "auth.by_password",
        "health.healthz",
        "health.readyz",
        "health.metrics",
    }
)
"""What may be reached without being signed in. Webhooks and the API have keys of their own."""
OPEN_BLUEPRINTS = frozenset({"api", "hooks", "oidc"})
LOOKING = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_ENDPOINTS = frozenset({"auth.sign_out", "auth.theme"})
"""What everybody who is signed in may do, beside looking. A view that changes something and says of no role that it
`needs` it is for admins: what was forgotten is closed.
"""


def install(app: Flask) -> None:
    """Put the gate before every page of an application."""
    app.before_request(_gate)
    app.register_blueprint(blueprint)


def signed_in() -> access.User | None:
    """Who is looking, None where nobody is signed in or the session is over."""
    key = session.get("id")
    return sessions.find(web().runtime.db, key, real_now()) if isinstance(key, str) else None


def begin(key: str) -> Any:
    """Let a browser keep a session from now on, under a new cookie, and go where it wanted to go."""
    wanted = session.get("wanted", "/")
    session.clear()
    session.permanent = True
    session["id"] = key
    return redirect(back_to(wanted), 303)


def agent() -> str:
    """What the browser says of itself."""
    return request.headers.get("User-Agent", "")


def _gate() -> Any:
    g.user = None
    if request.endpoint is None or request.endpoint in OPEN_ENDPOINTS or request.blueprint in OPEN_BLUEPRINTS:
        return None
    g.user = signed_in()
    if g.user is None:
        if request.method == "GET":
            session["wanted"] = request.full_path.rstrip("?")[:500]
        return redirect(url_for("auth.signed_out"), 303)
    if request.method not in LOOKING and request.endpoint not in OWN_ENDPOINTS:
        needed = getattr(current_app.view_functions[request.endpoint], "needed", access.Role.ADMIN)
        if not g.user.may(needed):
            abort(403)
    return None


@blueprint.get("/sign-in")
def signed_out() -> Any:
    """Ask for name and password, or say how else to get in."""
    if signed_in() is not None:
        return redirect(url_for("overview.show"), 303)
    return ask(Form())


@blueprint.post("/sign-in")
def by_password() -> Any:
    """Begin a session by name and password. What does not fit is not said."""
    name = request.form.get("name", "").strip()
    key = accounts.sign_in(
        web().runtime.db, name=name, password=request.form.get("password", ""), agent=agent(), now=real_now()
    )
    if key is None:
        web().refused.add("password")
        wrong = "Name and password do not fit together, or this account is shut out"
        return ask(Form(values={"name": name}, errors={"name": wrong})), 422
    return begin(key)


def ask(form: Form, *, trouble: str = "") -> Any:
    """The sign-in page. `trouble`: why signing in elsewhere did not work."""
    with web().runtime.db.read() as tx:
        known = rows.exist(tx)
    provider = web().runtime.settings.oidc_name if web().runtime.settings.oidc_issuer else ""
    return render_template("sign_in.html", state="ask", form=form, known=known, provider=provider, trouble=trouble)


@blueprint.get("/sign-in/<token>")
def sign_in(token: str) -> Any:
    """Show what a link leads to. It is not used up by looking at it: previews and prefetching would burn it."""
    return _link(token, Form(), status=200)


@blueprint.post("/sign-in/<token>")
def use_link(token: str) -> Any:
    """Use a link up: sign in, make the first account, or choose a password."""
    name, password = request.form.get("name", "").strip(), request.form.get("password", "")
    try:
        key = accounts.use_link(web().runtime.db, token, name=name, password=password, agent=agent(), now=real_now())
    except accounts.AccountError as error:
        return _link(token, Form(values={"name": name}, errors={error.field: str(error)}), status=422)
    if key is None:
        web().refused.add("link")
        return _link(token, Form(), status=422)
    return begin(key)


def _link(token: str, form: Form, *, status: int) -> Any:
    link = access.look_at_link(web().runtime.db, token, real_now())
    if link is None:
        return render_template("sign_in.html", state="used"), 410
    state = "ready" if link.to is LinkTo.DEMO else link.to.value
    answer = make_response(render_template("sign_in.html", state=state, token=token, link=link, form=form))
    answer.status_code = status
    return answer


@blueprint.post("/sign-out")
def sign_out() -> Any:
    """End the session."""
    sessions.end(web().runtime.db, g.user)
    session.clear()
    return redirect(url_for("auth.signed_out"), 303)


@blueprint.post("/theme")
def theme() -> Any:
    """Store the choice of light, dark or as the system has it."""
    choice = request.form.get("theme", "")
    answer = redirect(back_to(request.form.get("back", "/")), 303)
    if choice in THEMES:
        secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
        answer.set_cookie("theme", choice, max_age=31_536_000, samesite="Lax", httponly=True, secure=secure)
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

        guarded.needed = role  # type: ignore[attr-defined]
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
