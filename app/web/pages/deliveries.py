"""Deliveries: every webhook as it came in, and why one was ignored or set aside."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, render_template, request

from app.store.views import deliveries
from app.web.pages.flags import one_of
from app.web.runtime import web
from app.web.shell import day_start, open_frame

blueprint = Blueprint("deliveries", __name__)

WHICH = ("all", "today", "aside", "retrying", "ignored", "pending", "done")
SHOWN_BYTES = 60_000
"""How much of a payload the page shows; the whole one is a link."""


def delivery_filter(which: str, *, today: Any) -> deliveries.DeliveryFilter:
    """The filter that the address asks for."""
    return deliveries.DeliveryFilter(
        status=which if which in deliveries.STATUSES else None,
        retrying=which == "retrying",
        since=today if which == "today" else None,
        event=request.args.get("event") or None,
        text=request.args.get("q", "").strip()[:200],
    )


@blueprint.get("/deliveries")
def show() -> Any:
    """The list of deliveries."""
    which = one_of("status", WHICH, default="all") or "all"
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        today = day_start(frame.real)
        page = deliveries.deliveries(
            tx, visible=frame.visible, where=delivery_filter(which, today=today), after=request.args.get("after")
        )
        counts = deliveries.delivery_counts(tx, visible=frame.visible, day_start=today)
        events = deliveries.events(tx, visible=frame.visible)
    return render_template(
        "deliveries.html",
        page="deliveries.show",
        deliveries=page,
        counts=counts,
        events=events,
        which=which,
        event=request.args.get("event") or None,
        took=_took,
    )


@blueprint.get("/deliveries/<int:delivery_id>")
def one(delivery_id: int) -> Any:
    """One delivery."""
    whole = request.args.get("whole") == "1"
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        found = deliveries.delivery_page(tx, delivery_id, visible=frame.visible)
    if found is None:
        abort(404)
    text = _pretty(found.body)
    cut = len(text) > SHOWN_BYTES and not whole
    return render_template(
        "delivery.html",
        page="deliveries.show",
        delivery=found.row,
        trace=found.trace,
        item_id=found.item_id,
        payload=text[:SHOWN_BYTES] if cut else text,
        cut=cut,
        took=_took,
    )


def _pretty(body: bytes) -> str:
    """A payload indented; what is no JSON as text."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body.decode("utf-8", "replace")


def _took(row: deliveries.DeliveryRow) -> float | None:
    """Milliseconds from receipt to the end of its work; None while it is not done."""
    return (row.done_at - row.received_at) / timedelta(milliseconds=1) if row.done_at is not None else None
