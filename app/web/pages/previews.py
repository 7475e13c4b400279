"""The live preview of a rule: asking what it would do, watching the answer grow, and calling it off.

With script the answer is a part of the editor's page and is asked for anew as long as it grows (`preview.js` sends
`X-Part: preview`); without, it is a page of its own that refreshes itself.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, abort, g, make_response, redirect, render_template, request, url_for

from app.services.access import Role
from app.services.previews import ask as service
from app.services.previews.told import Result, question_of
from app.services.previews.work import SECONDS
from app.time import real_now
from app.web.auth import needs
from app.web.preview_chart import chart
from app.web.rule_form import draft_without_condition, read_draft
from app.web.runtime import web
from app.web.shell import open_frame

blueprint = Blueprint("previews", __name__)

WIDE, NARROW = 600.0, 330.0
TOO_FEW = 10
PART = "preview"


@blueprint.post("/rules/preview")
@needs(Role.EDITOR)
def ask() -> Any:
    """Ask what the rule in the form would do."""
    draft, form = read_draft(request.form, nameless=True)
    rest = draft_without_condition(request.form, nameless=True) if draft is None else None
    asked = draft or rest
    if asked is None:
        return _answer(None, form=form, status=422)
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
    replaces = form.value("name") if form.version else None
    question = question_of(asked, replaces=replaces, visible=frame.visible, without_condition=draft is None)
    preview_id = service.ask(web().runtime.db, web().runtime.ringer, question, who=g.user.name, real=real_now())
    if not _is_part():
        return redirect(url_for("previews.show", preview_id=preview_id), 303)
    return _show(preview_id)


@blueprint.get("/previews/<int:preview_id>")
@needs(Role.EDITOR)
def show(preview_id: int) -> Any:
    """The answer as far as it is known."""
    return _show(preview_id)


@blueprint.post("/previews/<int:preview_id>/cancel")
@needs(Role.EDITOR)
def cancel(preview_id: int) -> Any:
    """Call a preview off; what is known by then stays."""
    service.call_off(web().runtime.db, preview_id, who=g.user.name)
    if not _is_part():
        return redirect(url_for("previews.show", preview_id=preview_id), 303)
    return _show(preview_id)


def _show(preview_id: int) -> Any:
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
    found = service.look(web().runtime.db, preview_id, who=g.user.name, visible=frame.visible)
    if found is None:
        abort(404)
    return _answer(found)


def _is_part() -> bool:
    return request.headers.get("X-Part") == PART


def _answer(preview: service.Preview | None, *, form: Any = None, status: int = 200) -> Any:
    if "frame" not in g:
        with web().runtime.db.read() as tx:
            open_frame(tx)
    template = "preview.html" if _is_part() else "preview_page.html"
    answer = make_response(render_template(template, page="rules.show", preview=preview, mistakes=form), status)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Vary"] = "X-Part"
    return answer


def install(app: Flask) -> None:
    """Give templates what the panel needs, wherever it stands."""
    app.jinja_env.globals.update(
        preview_charts=_charts,
        preview_headline=headline,
        preview_too_few=TOO_FEW,
        preview_minutes=round(SECONDS / 60),
        preview_ended=ENDED,
    )


ENDED = {
    "late": "ended late",
    "left behind": "left behind",
    "unmerged": "closed unmerged",
    "still open": "open for long after",
    "in time": "in time",
    "dropped": "dropped",
    "not known": "not known yet",
    "standing": "still flagged",
}
"""What became of a flag, in two words."""


def _charts(result: Result) -> dict[str, Any] | None:
    past = result.past
    if past is None or not past.weeks:
        return None
    until = result.now.as_of.date() if result.now is not None and not past.whole else None
    return {
        "wide": chart(past.weeks, width=WIDE, until=until),
        "narrow": chart(past.weeks, width=NARROW, until=until),
    }


def headline(preview: service.Preview | None) -> str:
    """The answer in one line, for the bar under the form: how many now, in the past, and against the one in force."""
    if preview is None or preview.result.now is None:
        return ""
    result = preview.result
    parts = [f"{preview.result.now.flagged:,} now"]
    if result.past is not None and result.past.whole:
        days = max(round((result.past.until - result.past.since).total_seconds() / 86_400), 1)
        parts.append(f"{result.past.flags:,} in {days} {'day' if days == 1 else 'days'}")
    said = ", ".join(parts)
    if result.against is not None:
        said += f" (+{result.against.added:,}, \u2212{result.against.removed:,})"
    return said
