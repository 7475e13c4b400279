"""Packs: what each holds, and adding it, observing."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from app.services import pages, rulebook
from app.services.access import Role
from app.store.views import rules
from app.time import real_now
from app.web.auth import needs
from app.web.rule_words import numbers
from app.web.runtime import web
from app.web.shell import open_frame
from rules.packs import load as packs

blueprint = Blueprint("rule_packs", __name__)


@blueprint.get("/rules/packs")
def show() -> Any:
    """Every pack."""
    with web().runtime.db.read() as tx:
        open_frame(tx)
    return render_template("packs.html", page="rules.show", packs=packs.summaries())


@blueprint.get("/rules/packs/<name>")
def one(name: str) -> Any:
    """What a pack holds, each rule with its sentence, and which of them are there already."""
    if name not in packs.NAMES:
        abort(404)
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        taken = {row.name: row for row in rules.rules(tx, visible=frame.visible, now=frame.now)}
    types = pages.rule_types()
    return render_template(
        "pack.html",
        page="rules.show",
        pack=next(pack for pack in packs.summaries() if pack.name == name),
        drafts=packs.load(name),
        suggested=packs.SUGGESTED_LIVE,
        taken=taken,
        types=types,
        numbers=lambda draft: numbers(draft.params, types[draft.type]),
    )


@blueprint.post("/rules/packs/<name>")
@needs(Role.EDITOR)
def add(name: str) -> Any:
    """Add the rules that are ticked."""
    if name not in packs.NAMES:
        abort(404)
    runtime = web().runtime
    only = request.form.getlist("rule")
    applied = rulebook.add_pack(
        runtime.db, name, only=only, who=g.user.name, now=runtime.world().now(), real=real_now()
    )
    count = len(applied.changed)
    if not count:
        flash("Nothing was added: tick the rules that you want.", "note")
        return redirect(url_for("rule_packs.one", name=name), 303)
    said = "1 rule was added. It" if count == 1 else f"{count} rules were added. They"
    flash(f"{said} judge{'s' if count == 1 else ''} what is known within minutes, and nothing is written.", "ok")
    return redirect(url_for("rules.show"), 303)
