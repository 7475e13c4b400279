"""Rules as files: one or all out as YAML; a file in, first to see what it would change."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, flash, g, redirect, render_template, request, url_for

from app.services import rulebook
from app.services.access import Role
from app.time import real_now
from app.web.auth import needs
from app.web.forms import Form
from app.web.rule_words import differences
from app.web.runtime import web
from app.web.shell import open_frame
from rules.rulefile import MAX_FILE, Mistake, RuleDraft, RuleFileError, parse

blueprint = Blueprint("rule_files", __name__)

STATES = ("new", "changed", "removed", "unchanged", "kept")


@blueprint.get("/rules/export")
def export() -> Any:
    """All rules in force, or one, as a file to keep or to change by hand."""
    name = request.args.get("rule") or None
    db = web().runtime.db
    if name is not None and rulebook.rule_named(db, name) is None:
        abort(404)
    answer = Response(rulebook.export(db, name=name), mimetype="application/yaml")
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_.") else "-" for sign in name or "rules")
    answer.headers["Content-Disposition"] = f'attachment; filename="{plain}.yaml"'
    return answer


@blueprint.get("/rules/import")
@needs(Role.EDITOR)
def ask_import() -> Any:
    """The form for a file."""
    return _form(Form())


@blueprint.post("/rules/import")
@needs(Role.EDITOR)
def read() -> Any:
    """Say what is wrong with a file, or what it would change; with `do=apply` change it."""
    text, form = _sent()
    if not form.good:
        return _form(form), 422
    try:
        drafts = parse(text, source="file")
    except RuleFileError as error:
        return _form(form, text=text, mistakes=error.mistakes), 422
    db = web().runtime.db
    prune = request.form.get("prune") == "yes"
    if request.form.get("do") == "apply":
        applied = rulebook.apply(
            db, drafts, author=g.user.name, prune=prune, now=web().runtime.world().now(), real=real_now()
        )
        count = len(applied.changed) + len(applied.removed)
        flash(
            f"{count} {'rule' if count == 1 else 'rules'} changed, {len(applied.unchanged)} as before."
            if count
            else "Nothing was changed: every rule was like that already.",
            "ok" if count else "note",
        )
        return redirect(url_for("rules.show"), 303)
    return _compared(text, drafts, prune=prune)


def _sent() -> tuple[str, Form]:
    """The text that was pasted or uploaded."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    form = Form(values={"text": text})
    upload = request.files.get("file")
    if upload is not None and upload.filename:
        raw = upload.read(4 * MAX_FILE + 1)
        try:
            text = raw.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            form.errors["file"] = "is not UTF-8 text: save it as UTF-8 and choose it again"
        form.values = {"text": text}
    if form.good and not text.strip():
        form.errors["text"] = "is needed: choose a file, or paste one"
    return text, form


def _form(form: Form, *, text: str = "", mistakes: tuple[Mistake, ...] = ()) -> str:
    with web().runtime.db.read() as tx:
        open_frame(tx)
    lines = text.splitlines()
    return render_template(
        "rule_import.html",
        page="rules.show",
        form=form,
        mistakes=[(one, lines[one.line - 1] if 0 < one.line <= len(lines) else "") for one in mistakes],
        prune=request.form.get("prune") == "yes",
    )


def _compared(text: str, drafts: list[RuleDraft], *, prune: bool) -> str:
    db = web().runtime.db
    with db.read() as tx:
        open_frame(tx)
    changes = rulebook.compare(db, drafts, prune=prune)
    by_name = {draft.name: draft for draft in drafts}
    shown = []
    for change in changes:
        known = rulebook.rule_named(db, change.name) if change.state == "changed" else None
        parts = differences(rulebook.draft_of(known), by_name[change.name], without=()) if known is not None else ()
        shown.append((change, by_name.get(change.name), parts))
    return render_template(
        "rule_import_preview.html",
        page="rules.show",
        changes=shown,
        text=text,
        prune=prune,
        counts={state: sum(one.state == state for one in changes) for state in STATES},
        going_live=[draft.name for draft in drafts if draft.mode == "live" and _goes_live(draft)],
    )


def _goes_live(draft: RuleDraft) -> bool:
    known = rulebook.rule_named(web().runtime.db, draft.name)
    return known is None or known.mode != "live"
