"""Messages: the channels, mailboxes and people that ladders of rules tell beside the tracker."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from pydantic import BaseModel, Field

from app.errors import UserError
from app.services import targets
from app.services.access import Role
from app.store import notices
from app.store import targets as rows
from app.time import real_now
from app.web.auth import needs
from app.web.forms import Form, read
from app.web.runtime import web
from app.web.shell import open_frame
from integrations.errors import IntegrationError

blueprint = Blueprint("targets", __name__)


class TargetForm(BaseModel):
    """A new target, or a new address for one that there is."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    address: Annotated[str, Field(min_length=3, max_length=2000)]
    per_day: Annotated[int, Field(ge=1, le=1000)] = targets.PER_DAY


@blueprint.get("/settings/messages")
@needs(Role.ADMIN)
def show() -> Any:
    """The list of targets, and a form for another."""
    return _page(Form(values={"per_day": targets.PER_DAY}))


@blueprint.post("/settings/messages")
@needs(Role.ADMIN)
def add() -> Any:
    """Add a target, or give one another address."""
    runtime = web().runtime
    wanted, form = read(TargetForm, request.form)
    if wanted is None:
        return _page(_without_address(form)), 422
    try:
        kind, added = targets.add(
            runtime.db,
            runtime.vault,
            runtime.notifier,
            name=wanted.name,
            address=wanted.address,
            per_day=wanted.per_day,
            author=g.user.name,
            now=real_now(),
        )
    except UserError as error:
        form.errors["address" if str(error).startswith("The address") else "name"] = str(error)
        return _page(_without_address(form)), 422
    flash(f"{wanted.name} ({kind}) {'is stored' if added else 'has a new address'}. Send it a message to try it.", "ok")
    return redirect(url_for("targets.show"), 303)


@blueprint.post("/settings/messages/<int:target_id>/test")
@needs(Role.ADMIN)
def test(target_id: int) -> Any:
    """Send one message, now."""
    runtime = web().runtime
    name = _name(target_id)
    try:
        targets.try_out(runtime.db, runtime.vault, runtime.notifier, name)
        flash(f"A message went to {name}. Look whether it is there.", "ok")
    except (UserError, IntegrationError) as error:
        flash(str(error), "warn")
    return redirect(url_for("targets.show"), 303)


@blueprint.post("/settings/messages/<int:target_id>/remove")
@needs(Role.ADMIN)
def remove(target_id: int) -> Any:
    """Forget a target and its address."""
    name = _name(target_id)
    try:
        targets.remove(web().runtime.db, name, author=g.user.name, now=real_now())
        flash(f"{name} is forgotten, and its address with it. What waited for it is never sent.", "ok")
    except UserError as error:
        flash(str(error), "warn")
    return redirect(url_for("targets.show"), 303)


def _name(target_id: int) -> str:
    with web().runtime.db.read() as tx:
        found = rows.get(tx, target_id)
    if found is None:
        abort(404)
    return found.name


def _without_address(form: Form) -> Form:
    """What was typed without the address, which holds secrets and is sent back to no page."""
    return Form(values={name: value for name, value in form.values.items() if name != "address"}, errors=form.errors)


def _page(form: Form) -> str:
    with web().runtime.db.read() as tx:
        open_frame(tx)
        found = rows.targets(tx)
        counts = notices.counts(tx)
    return render_template("targets.html", page="settings.show", targets=found, counts=counts, form=form)
