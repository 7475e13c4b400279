"""Find an item by number, a milestone by title, a rule by name: one exact find is shown at once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from app.store.views import items, milestones, rules
from app.web.runtime import web
from app.web.shell import open_frame

blueprint = Blueprint("find", __name__)

MAX_NUMBER = 2**63 - 1


@blueprint.get("/find")
def show() -> Any:
    """What was found."""
    text = request.args.get("q", "").strip()[:200]
    digits = text.removeprefix("#")
    number = int(digits) if digits.isascii() and digits.isdigit() and int(digits) <= MAX_NUMBER else None
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        numbered = items.find_numbers(tx, visible=frame.visible, number=number) if number is not None else ()
        titled = items.find_titles(tx, visible=frame.visible, text=text) if len(text) > 1 and number is None else ()
        stones = milestones.find_milestones(tx, visible=frame.visible, title=text) if text else ()
        every = rules.names(tx)
    named = [row for row in every if text and text.lower() in f"{row.name} {row.title}".lower()]
    if text.startswith("#") and len(numbered) == 1:
        return redirect(url_for("items.show", item_id=numbered[0].id), 303)
    if len(numbered) + len(titled) + len(stones) + len(named) == 1:
        if numbered or titled:
            return redirect(url_for("items.show", item_id=(numbered or titled)[0].id), 303)
        if stones:
            return redirect(url_for("milestones.one", milestone_id=stones[0].id), 303)
        return redirect(url_for("rules.one", name=named[0].name), 303)
    return render_template(
        "find.html", page="find.show", text=text, items=(*numbered, *titled), milestones=stones, rules=named
    )
