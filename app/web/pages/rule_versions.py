"""The versions of a rule: who changed what and when; any two compared; an earlier one put in force again."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from app.errors import UserError
from app.services import rulebook
from app.services.access import Role
from app.store.views import rules
from app.time import real_now
from app.web.auth import needs
from app.web.rule_words import differences, draft_of_row
from app.web.runtime import web
from app.web.shell import open_frame
from app.web.words import spoken

blueprint = Blueprint("rule_versions", __name__)


@blueprint.get("/rules/<name>/versions")
def show(name: str) -> Any:
    """Every version, newest first, and two of them compared where two are picked."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = rules.rule_row(tx, name, visible=frame.visible, now=frame.now)
        if row is None:
            abort(404)
        page = rules.versions_page(tx, row.id, after=request.args.get("after"))
    drafts = [draft_of_row(one, name=name, type_name=row.type) for one in page.rows]
    older, newer = _number("from"), _number("to")
    compared = None
    if older is not None and newer is not None:
        one, other = (rulebook.version_named(web().runtime.db, name, number) for number in (older, newer))
        if one is None or other is None:
            abort(404)
        compared = differences(rulebook.draft_of(one), rulebook.draft_of(other))
    return render_template(
        "rule_versions.html",
        page="rules.show",
        rule=row,
        versions=page,
        changes=[differences(then, now) for now, then in pairwise(drafts)],
        older=older,
        newer=newer,
        compared=compared,
    )


@blueprint.post("/rules/<name>/restore")
@needs(Role.EDITOR)
def restore(name: str) -> Any:
    """Put an earlier version in force again, as a new one."""
    runtime = web().runtime
    known = rulebook.rule_named(runtime.db, name)
    text = request.form.get("version", "")
    if known is None or not (text.isascii() and text.isdigit() and len(text) < 10):
        abort(404)
    try:
        version = rulebook.restore(
            runtime.db, name, int(text), who=g.user.name, now=runtime.world().now(), real=real_now()
        )
    except UserError as error:
        flash(str(error), "fault")
    else:
        title = spoken(known.title or name)
        same = version == known.version
        said = "is in force as it is: nothing differs" if same else f"has version {version}, as version {text} was"
        flash(f"{title} {said}.", "note" if same else "ok")
    return redirect(url_for("rule_versions.show", name=name), 303)


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
