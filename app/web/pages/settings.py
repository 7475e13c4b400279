"""Settings of the installation: what it was started with, its clocks and versions."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import flask
from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from pydantic import BaseModel, Field
from sqlalchemy.engine import make_url

from app.services import floods, retention, sender
from app.services.access import Role
from app.settings import ENV_PREFIX, Settings
from app.store import instance as instances
from app.store.views import projects
from app.time import real_now
from app.web.auth import needs
from app.web.forms import Form, read
from app.web.runtime import web
from app.web.shell import open_frame

blueprint = Blueprint("settings", __name__)

FIXED = (
    ("Items that a rule may begin on without asking", floods.ASK_ABOVE),
    ("New comments a day about one person’s turn", sender.PER_TURN),
    ("Edits of one comment a day", sender.EDITS_PER_DAY),
    ("Changes of one label in seven days before it rests", floods.FLIPS),
    ("New comments on one item, ever", 1),
)
"""Budgets of noise that hold everywhere and are no setting."""


@dataclass(frozen=True, slots=True)
class Given:
    """A setting of the environment: its variable, what holds, and whether somebody set it."""

    variable: str
    value: str
    given: bool
    help: str


class Keeping(BaseModel):
    """For how many days payloads of deliveries are kept; None: for ever."""

    payload_days: Annotated[int, Field(ge=retention.LEAST, le=retention.MOST)] | None = None


@blueprint.get("/settings")
def show() -> Any:
    """The settings page."""
    return _page()


@blueprint.post("/settings/retention")
@needs(Role.ADMIN)
def keep() -> Any:
    """For how long payloads of deliveries are kept."""
    told, form = read(Keeping, request.form)
    if told is None:
        return _page(form), 422
    retention.keep_payloads(web().runtime.db, told.payload_days, who=g.user.name, now=real_now())
    days = told.payload_days
    flash(f"Payloads are kept {'for ever' if days is None else f'for {days} days'} from now on.", "ok")
    return redirect(url_for("settings.show"), 303)


def _page(form: Form | None = None) -> str:
    runtime = web().runtime
    with runtime.db.read() as tx:
        open_frame(tx)
        instance = projects.instance(tx)
        keeps = instances.load(tx).payload_days if instance is not None else None
    return render_template(
        "settings.html",
        page="settings.show",
        instance=instance,
        settings=runtime.settings,
        given=_given(runtime.settings),
        fixed=FIXED,
        database=runtime.db.url.get_backend_name(),
        versions=_versions(),
        keeps=keeps,
        form=form or Form(values={"payload_days": "" if keeps is None else str(keeps)}),
    )


def _given(settings: Settings) -> tuple[Given, ...]:
    """What the environment says, secrets and passwords in addresses left out."""
    found = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if name == "secret_key":
            shown = "set, not shown" if value is not None else "a key file in the home"
        elif name in ("database_url", "redis_url"):
            shown = _address(str(value))
        else:
            shown = _shown(value)
        help_ = (field.description or "").replace("`", "")
        found.append(Given(f"{ENV_PREFIX}{name.upper()}", shown, name in settings.model_fields_set, help_))
    return tuple(found)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not set" if value in (None, "") else str(value)


def _address(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except Exception:  # noqa: BLE001 (an address of a kind that SQLAlchemy cannot take apart)
        return url.partition("@")[2] or url.partition("?")[0]


def _versions() -> list[tuple[str, str]]:
    """What runs here."""
    try:
        own = version("plumbline")
    except PackageNotFoundError:
        own = "from source"
    return [("Plumbline", own), ("Python", platform.python_version()), ("Flask", version(flask.__name__))]
