"""Deliveries: every webhook as it came in, why one was ignored or set aside, and another try for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from app.errors import UserError
from app.services import chores, payloads, readback, repair, replay
from app.services.access import Role
from app.store import chores as store_chores
from app.store import instance
from app.store.database import Tx
from app.store.views import deliveries
from app.time import real_now
from app.web import args
from app.web.auth import needs
from app.web.pages.flags import one_of
from app.web.runtime import web
from app.web.shell import Frame, day_start, open_frame

blueprint = Blueprint("deliveries", __name__)

WHICH = ("all", "today", "aside", "retrying", "ignored", "pending", "done")
KEPT = ("project", "status", "event", "q", "from", "to")
"""Arguments of the address that are the filter."""
SHOWN_CHARACTERS = 60_000
"""How much of a payload the page shows; the whole one is a text of its own."""
AT_ONCE = 200
"""So many deliveries are put back in line at once; more are a chore of their own, with its progress shown."""


def delivery_filter(which: str, frame: Frame) -> deliveries.DeliveryFilter:
    """The filter that the address asks for."""
    span = args.span(frame.calendar())
    today = day_start(frame.real) if which == "today" else None
    return deliveries.DeliveryFilter(
        status=which if which in deliveries.STATUSES else None,
        retrying=which == "retrying",
        since=max(filter(None, [today, span.since]), default=None),
        until=span.until,
        event=request.args.get("event") or None,
        text=args.text("q"),
    )


@blueprint.get("/deliveries")
def show() -> Any:
    """The list of deliveries."""
    which = one_of("status", WHICH, default="all") or "all"
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        where = delivery_filter(which, frame)
        page = deliveries.deliveries(tx, visible=frame.visible, where=where, after=request.args.get("after"))
        counts = deliveries.delivery_counts(tx, visible=frame.visible, day_start=day_start(frame.real))
        events = deliveries.events(tx, visible=frame.visible)
        ignored = deliveries.why_ignored(tx, visible=frame.visible) if which == "ignored" else ()
        under_way = [one for one in store_chores.latest(tx, "replay") if one.status == "running"]
    return render_template(
        "deliveries.html",
        page="deliveries.show",
        deliveries=page,
        counts=counts,
        events=events,
        which=which,
        where=where,
        event=request.args.get("event") or None,
        filtered=any(request.args.get(name) for name in KEPT if name != "project"),
        ignored=ignored,
        under_way=under_way,
        took=_took,
        kept={name: request.args[name] for name in KEPT if request.args.get(name)},
    )


@blueprint.post("/deliveries/replay")
@needs(Role.EDITOR)
def replay_many() -> Any:
    """Put the ticked deliveries back in line, or all that match the address's filter."""
    runtime = web().runtime
    which = one_of("status", WHICH, default="all") or "all"
    wanted = _ids(request.form.getlist("id"))
    with runtime.db.read() as tx:
        frame = open_frame(tx)
        where = delivery_filter(which, frame)
        seen = deliveries.seen_ids(tx, wanted, visible=frame.visible)
        total = deliveries.count_matching(tx, visible=frame.visible, where=where) if "all" in request.form else 0
        ids = sorted(seen)
        if 0 < total <= AT_ONCE:
            upto = deliveries.newest_id(tx)
            ids = deliveries.matching(tx, visible=frame.visible, where=where, after=0, upto=upto, limit=AT_ONCE)
    if set(wanted) - seen:
        abort(404)
    kept: dict[str, Any] = {name: request.args.get(name) for name in KEPT}
    back = redirect(url_for("deliveries.show", **kept), 303)
    if total > AT_ONCE:
        visible, who = frame.visible, g.user.name
        chores.ask_replay(runtime.db, runtime.ringer, where, visible=visible, who=who, now=real_now())
        flash(f"{total:,} deliveries go back in line, a page at a time. How far it is stands below.", "ok")
    elif ids:
        count = replay.replay(runtime.db, runtime.ringer, ids, author=g.user.name, now=real_now())
        flash(_in_line(count), "ok")
    else:
        flash("Tick the deliveries to replay first; none was ticked, and none matches.", "warn")
    return back


@blueprint.post("/deliveries/chores/<int:chore_id>/stop")
@needs(Role.EDITOR)
def stop(chore_id: int) -> Any:
    """Have a replay of many go on no more."""
    try:
        chores.stop(web().runtime.db, chore_id, who=g.user.name, now=real_now())
    except UserError as error:
        flash(str(error), "warn")
    return redirect(url_for("deliveries.show"), 303)


@blueprint.get("/deliveries/<int:delivery_id>")
def one(delivery_id: int) -> Any:
    """One delivery."""
    runtime = web().runtime
    with runtime.db.read() as tx:
        frame = open_frame(tx)
        found = _found(tx, frame, delivery_id)
        keeps = instance.load(tx).payload_days
    text = payloads.readable(found.body)
    cut = len(text) > SHOWN_CHARACTERS
    read_as = readback.read_as(
        runtime.adapters,
        kind=found.tracker_kind,
        site=found.site,
        event=found.row.event,
        body=found.body,
        received_at=found.row.received_at,
    )
    return render_template(
        "delivery.html",
        page="deliveries.show",
        delivery=found.row,
        trace=payloads.without_secrets(found.trace),
        found=found,
        item_id=found.item_id,
        payload=text[:SHOWN_CHARACTERS] if cut else text,
        cut=cut,
        read_as=read_as,
        keeps=keeps,
        took=_took,
    )


@blueprint.get("/deliveries/<int:delivery_id>/payload")
def payload(delivery_id: int) -> Any:
    """The whole payload as text, its secrets cut out."""
    with web().runtime.db.read() as tx:
        found = _found(tx, open_frame(tx), delivery_id)
    if found.let_go:
        return "It was let go.", 410, {"Content-Type": "text/plain; charset=utf-8"}
    return payloads.readable(found.body), 200, {"Content-Type": "text/plain; charset=utf-8"}


@blueprint.post("/deliveries/<int:delivery_id>/replay")
@needs(Role.EDITOR)
def replay_one(delivery_id: int) -> Any:
    """Put one delivery back in line."""
    runtime = web().runtime
    with runtime.db.read() as tx:
        _found(tx, open_frame(tx), delivery_id)
    if replay.replay(runtime.db, runtime.ringer, [delivery_id], author=g.user.name, now=real_now()):
        flash(f"{_in_line(1)} This page says what becomes of it.", "ok")
    else:
        flash("It was not replayed: its payload was let go.", "warn")
    return redirect(url_for("deliveries.one", delivery_id=delivery_id), 303)


@blueprint.post("/deliveries/<int:delivery_id>/read")
@needs(Role.EDITOR)
def read_item(delivery_id: int) -> Any:
    """Read the item that a delivery is about from its tracker."""
    runtime = web().runtime
    with runtime.db.read() as tx:
        found = _found(tx, open_frame(tx), delivery_id)
    if found.item_id is None or found.row.project_id is None:
        abort(404)
    try:
        key = repair.read_again(
            runtime.db,
            runtime.ringer,
            project_id=found.row.project_id,
            item_id=found.item_id,
            who=g.user.name,
            now=real_now(),
        )
        flash(f"{key} is read from the tracker within seconds, and then nothing of its past is missing.", "ok")
    except UserError as error:
        flash(str(error), "warn")
    return redirect(url_for("deliveries.one", delivery_id=delivery_id), 303)


def _found(tx: Tx, frame: Frame, delivery_id: int) -> deliveries.DeliveryPage:
    found = deliveries.delivery_page(tx, delivery_id, visible=frame.visible)
    if found is None:
        abort(404)
    return found


def _ids(texts: Iterable[str]) -> list[int]:
    """Ids as they come from ticked boxes. Aborts with 400 for anything else."""
    if not all(text.isascii() and text.isdigit() and len(text) < 19 for text in texts):
        abort(400, "id: got something else than a delivery's number")
    return sorted({int(text) for text in texts})


def _in_line(count: int) -> str:
    return f"{count} {'delivery is' if count == 1 else 'deliveries are'} back in line. Nothing is said twice."


def _took(row: deliveries.DeliveryRow) -> float | None:
    """Milliseconds from receipt to the end of its work; None while it is not done."""
    done: datetime | None = row.done_at
    return (done - row.received_at) / timedelta(milliseconds=1) if done is not None else None
