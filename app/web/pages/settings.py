"""Settings of the installation: what it was started with, its clocks and versions."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import flask
from flask import Blueprint, render_template
from sqlalchemy.engine import make_url

from app.services import floods, sender
from app.settings import ENV_PREFIX, Settings
from app.store.views import projects
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


@blueprint.get("/settings")
def show() -> Any:
    """The settings page."""
    runtime = web().runtime
    with runtime.db.read() as tx:
        open_frame(tx)
        instance = projects.instance(tx)
    return render_template(
        "settings.html",
        page="settings.show",
        instance=instance,
        settings=runtime.settings,
        given=_given(runtime.settings),
        fixed=FIXED,
        database=runtime.db.url.get_backend_name(),
        versions=_versions(),
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
            shown = {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
        help_ = (field.description or "").replace("`", "")
        found.append(Given(f"{ENV_PREFIX}{name.upper()}", shown, name in settings.model_fields_set, help_))
    return tuple(found)


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
