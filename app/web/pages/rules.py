"""Rules: what is looked for and how well it does; one rule with its numbers; its mode, and taking it out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from app.errors import UserError
from app.services import pages, rulebook, scores
from app.services.access import Role
from app.store.views import flags, rule_ends, rules
from app.time import real_now
from app.web.auth import back_to, needs
from app.web.pages.flags import one_of
from app.web.pages.overview import flag_words
from app.web.rule_words import draft_of_row, faults, numbers, parameters
from app.web.runtime import web
from app.web.shell import open_frame
from app.web.words import spoken
from rules import docs
from rules.packs import load as packs
from rules.spec import MODES

blueprint = Blueprint("rules", __name__)

SAID = {
    "off": "is off now: it judges nothing, and its flags close.",
    "observe": "observes now: it is seen here only.",
}


@blueprint.get("/rules")
def show() -> Any:
    """The list of rules."""
    mode = one_of("mode", (*MODES, "broken"))
    sort = one_of("sort", ("name", "open", "recent"), default="open")
    text = request.args.get("q", "").strip().lower()
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        every = rules.rules(tx, visible=frame.visible, now=frame.now)
        counted = scores.scores(
            rule_ends.closed_flags(tx, visible=frame.visible), calendar=frame.calendar, now=frame.now
        )
    types = pages.rule_types()
    broken = {row.name: found for row in every if (found := _faults(row))}
    shown = [row for row in every if mode is None or row.mode == mode or (mode == "broken" and row.name in broken)]
    shown = [row for row in shown if text in f"{row.name} {row.title} {row.type}".lower()]
    if sort == "open":
        shown.sort(key=lambda row: (row.mode == "off", -row.flags_open, row.name))
    elif sort == "recent":
        shown.sort(key=lambda row: (-row.flags_recent, row.name))
    return render_template(
        "rules.html",
        page="rules.show",
        rules=shown,
        every=every,
        types=types,
        broken=broken,
        mode=mode,
        sort=sort,
        counts={name: sum(row.mode == name for row in every) for name in MODES},
        numbers=lambda row: numbers(row.params, types.get(row.type)),
        scores={row.id: counted.get(row.id, scores.Score()) for row in every},
        too_few=pages.TOO_FEW,
        newest=rule_ends.NEWEST,
        packs=packs.summaries() if not every else (),
    )


@blueprint.get("/rules/<name>")
def one(name: str) -> Any:
    """One rule."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = rules.rule_row(tx, name, visible=frame.visible, now=frame.now)
        if row is None:
            abort(404)
        closed = rule_ends.closed_flags(tx, visible=frame.visible, rule_id=row.id)
        newest = flags.flags(tx, visible=frame.visible, where=flags.FlagFilter(rule=name), limit=10)
    type_ = pages.rule_types().get(row.type)
    return render_template(
        "rule.html",
        page="rules.show",
        rule=row,
        type=type_,
        faults=_faults(row),
        parameters=parameters(row.params, type_),
        numbers=lambda _: numbers(row.params, type_),
        doc=docs.sections(type_) if type_ is not None else {},
        flags=newest.rows,
        score=scores.scores(closed, calendar=frame.calendar, now=frame.now).get(row.id, scores.Score()),
        words_of=lambda flag: flag_words(frame, flag),
    )


@blueprint.post("/rules/<name>/mode")
@needs(Role.EDITOR)
def mode(name: str) -> Any:
    """Set a rule off or to observe. Live leads to the page that says what it would write."""
    back = back_to(request.form.get("back", url_for("rules.show")))
    wanted = request.form.get("mode", "")
    known = rulebook.rule_named(web().runtime.db, name)
    if known is None:
        abort(404)
    if wanted == "live":
        return redirect(url_for("rules.live", name=name), 303)
    title = spoken(known.title or name)
    try:
        rulebook.set_mode(web().runtime.db, name, wanted, **_who())
    except UserError as error:
        flash(str(error), "fault")
    else:
        said = {
            "off": "is off now: it judges nothing, and its flags close.",
            "observe": "observes now: it is seen here only.",
        }
        flash(f"{title} {said[wanted]}", "ok")
    return redirect(back, 303)


@blueprint.get("/rules/<name>/live")
@needs(Role.EDITOR)
def live(name: str) -> Any:
    """What a rule would write."""
    runtime = web().runtime
    with runtime.db.read() as tx:
        frame = open_frame(tx)
        row = rules.rule_row(tx, name, visible=frame.visible, now=frame.now)
        if row is None:
            abort(404)
        said = rules.spoken(tx, row, now=frame.now)
    draft = draft_of_row(row, name=name, type_name=row.type)
    seen = {project.key for project in frame.shell.projects}
    return render_template(
        "rule_live.html",
        page="rules.show",
        rule=row,
        faults=_faults(row),
        said=said,
        read_only=[found for found in rulebook.only_read(runtime.db, draft) if found[0] in seen],
    )


@blueprint.post("/rules/<name>/live")
@needs(Role.EDITOR)
def go_live(name: str) -> Any:
    """Set a rule live, with what it knows already or without."""
    known = rulebook.rule_named(web().runtime.db, name)
    if known is None:
        abort(404)
    too = request.form.get("known") == "write"
    try:
        rulebook.set_mode(web().runtime.db, name, "live", write_known=too, **_who())
    except UserError as error:
        flash(str(error), "fault")
        return redirect(url_for("rules.live", name=name), 303)
    also = ", and what it knew already is written too" if too else ""
    flash(f"{spoken(known.title or name)} is live: what it flags from now on is written to the tracker{also}.", "ok")
    return redirect(url_for("rules.show"), 303)


@blueprint.get("/rules/<name>/remove")
@needs(Role.EDITOR)
def ask_remove(name: str) -> Any:
    """What would become of a rule's flags and notes."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = rules.rule_row(tx, name, visible=frame.visible, now=frame.now)
        if row is None:
            abort(404)
        said = rules.spoken(tx, row, now=frame.now)
    return render_template("rule_remove.html", page="rules.show", rule=row, said=said)


@blueprint.post("/rules/<name>/remove")
@needs(Role.EDITOR)
def remove(name: str) -> Any:
    """Take a rule out."""
    known = rulebook.rule_named(web().runtime.db, name)
    if known is None:
        abort(404)
    rulebook.remove_rule(web().runtime.db, name, **_who())
    flash(f"{spoken(known.title or name)} was taken out. Its open flags close within minutes.", "ok")
    return redirect(url_for("rules.show"), 303)


def _faults(row: rules.RuleRow) -> Any:
    return faults(draft_of_row(row, name=row.name, type_name=row.type))


def _who() -> Any:
    """Who changes something, and when: what every service asks for."""
    return {"who": g.user.name, "now": web().runtime.world().now(), "real": real_now()}
