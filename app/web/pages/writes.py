"""Written: every write to a tracker between two times, pausing, and taking back."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from app.errors import UserError
from app.services import chores, retract
from app.services.access import Role
from app.store import chores as store_chores
from app.store.views import rules, shell, writes
from app.time import real_now
from app.web import args
from app.web.auth import needs
from app.web.pages.flags import one_of
from app.web.runtime import web
from app.web.shell import Frame, open_frame
from rules.catalog.registry import by_name

blueprint = Blueprint("writes", __name__)

KINDS = {
    "labels": ("label_added", "label_removed", "label_made", "label_deleted"),
    "comments": ("comment_created", "comment_edited", "comment_found", "comment_shrunk", "comment_deleted"),
}
BACK = ("label", "comment", "edit", "repository label")
"""What may be taken back, as `app.services.retract.Back` has it."""
SHOWN = 200
"""Writes that the preview names; the rest is counted."""


@blueprint.get("/deliveries/written")
def show() -> Any:
    """The list of writes."""
    kind = one_of("kind", tuple(KINDS))
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        span = args.span(frame.calendar())
        known = rules.rules(tx, visible=frame.visible, now=frame.now)
        rule = next((row for row in known if row.name == request.args.get("rule")), None)
        where = writes.WriteFilter(
            since=span.since,
            until=span.until,
            kinds=KINDS[kind] if kind else (),
            rule=rule.name if rule is not None else None,
            label=_label(rule) if rule is not None else None,
        )
        page = writes.writes(tx, visible=frame.visible, where=where, after=request.args.get("after"))
        total = writes.count_writes(tx, visible=frame.visible, where=where)
        paused = shell.paused(tx, visible=frame.visible)
        under_way = store_chores.latest(tx, "retract", limit=1) if g.user.may("admin") else []
    return render_template(
        "writes.html",
        page="deliveries.show",
        writes=page,
        total=total,
        kind=kind,
        rules=known,
        rule=rule,
        filtered=bool(kind or rule or span.first or span.last),
        paused=paused,
        under_way=under_way,
    )


@blueprint.get("/deliveries/written/take-back")
@needs(Role.ADMIN)
def preview() -> Any:
    """What would be taken back, before anything is."""
    runtime = web().runtime
    with runtime.db.read() as tx:
        frame = open_frame(tx)
        known = rules.rules(tx, visible=frame.visible, now=frame.now)
        under_way = store_chores.latest(tx, "retract", limit=1)
    wanted, since = _wanted(frame, request.args.get("rule", ""), request.args.get("since", ""))
    found: retract.Retracted | None = None
    problem = ""
    try:
        found = retract.retract(
            runtime.db, runtime.adapters, wanted, dry_run=True, who=g.user.name, now=frame.now, real=frame.real
        )
    except UserError as error:
        problem = str(error)
    told = found.writes if found is not None else ()
    return render_template(
        "take_back.html",
        page="deliveries.show",
        rules=known,
        wanted=wanted,
        since=since,
        writes=told[:SHOWN],
        more=max(0, len(told) - SHOWN),
        counts={
            kind: sum(one.kind == kind for one in told) for kind in ("label", "comment", "edit", "repository label")
        },
        items=len({(one.project, one.item) for one in told if one.item}),
        problem=problem,
        under_way=under_way,
    )


@blueprint.post("/deliveries/written/take-back")
@needs(Role.ADMIN)
def take_back() -> Any:
    """Take it back."""
    runtime = web().runtime
    with runtime.db.read() as tx:
        frame = open_frame(tx)
    wanted, _since = _wanted(frame, request.form.get("rule", ""), request.form.get("since", ""))
    chores.ask_retract(runtime.db, runtime.ringer, wanted, who=g.user.name, now=real_now())
    flash("It is being taken back, at the pace the tracker allows. How far it is stands below.", "ok")
    return redirect(url_for("writes.show"), 303)


@blueprint.post("/deliveries/written/write-again")
@needs(Role.ADMIN)
def write_again() -> Any:
    """Let items that were taken back be written on again."""
    runtime = web().runtime
    with runtime.db.read() as tx:
        frame = open_frame(tx)
    if g.user.projects is not None and frame.chosen is None:
        abort(403)
    project = frame.chosen.key if frame.chosen is not None else None
    count = retract.undo(runtime.db, project=project, who=g.user.name, now=frame.now, real=frame.real)
    flash(f"{count:,} {'item' if count == 1 else 'items'} may be written on again.", "ok" if count else "note")
    return redirect(url_for("writes.show"), 303)


@blueprint.post("/deliveries/written/chores/<int:chore_id>/stop")
@needs(Role.ADMIN)
def stop(chore_id: int) -> Any:
    """Watch over a taking back no more: what is marked still goes."""
    try:
        chores.stop(web().runtime.db, chore_id, who=g.user.name, now=real_now())
    except UserError as error:
        flash(str(error), "warn")
    return redirect(url_for("writes.show"), 303)


def _wanted(frame: Frame, rule: str, since: str) -> tuple[retract.Filter, date | None]:
    """What is to be taken back, as a form or address says it; an admin of some projects names one of them."""
    if g.user.projects is not None and frame.chosen is None:
        abort(403)
    first: date | None = None
    at: datetime | None = None
    if since.strip():
        try:
            first = date.fromisoformat(since.strip())
        except ValueError:
            abort(400, f"since: got {since[:40]!r}; write a date such as 2026-07-31")
        at = frame.calendar().midnight(first)
    project = frame.chosen.key if frame.chosen is not None else None
    return retract.Filter(project=project, rule=rule.strip() or None, since=at), first


def _label(rule: rules.RuleRow) -> str | None:
    """How the label that a rule's flags carry ends; None where they have none, or its type is not known any more."""
    if rule.actions.get("label"):
        return str(rule.actions["label"])
    try:
        return by_name(rule.type).label or None
    except LookupError:
        return None
