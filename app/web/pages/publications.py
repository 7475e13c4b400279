"""Going out: what tracker items show of us, what waits to be shown and until when, and what did not go out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from app.errors import UserError
from app.services import differences, floods, outgoing
from app.services.access import Role
from app.store.views import flags, publications
from app.time import real_now
from app.web.auth import needs
from app.web.pages.flags import one_of
from app.web.runtime import web
from app.web.shell import open_frame

blueprint = Blueprint("publications", __name__)

WHICH: dict[str, tuple[str, ...] | None] = {
    "waiting": publications.WAITING,
    "held": ("held",),
    "refused": ("refused",),
    "settled": ("settled",),
    "all": None,
}


@blueprint.get("/deliveries/out")
def show() -> Any:
    """The list of what goes out."""
    which = one_of("status", tuple(WHICH), default="waiting") or "waiting"
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        page = publications.publications(
            tx, visible=frame.visible, status=WHICH[which], after=request.args.get("after")
        )
        counts = publications.counts(tx, visible=frame.visible)
        asking = outgoing.asking(tx, visible=frame.visible)
    return render_template(
        "publications.html",
        page="deliveries.show",
        publications=page,
        counts=counts,
        which=which,
        asking=asking,
    )


@blueprint.get("/deliveries/out/<int:publication_id>")
def one(publication_id: int) -> Any:
    """What one item shows and what it should show, side by side."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = publications.publication(tx, publication_id, visible=frame.visible)
        if row is None:
            abort(404)
        told = flags.flags(
            tx,
            visible=frame.visible,
            where=flags.FlagFilter(state="open", subject=("item", row.item_id)),
            limit=20,
        )
    wanted = row.want_body if row.want_body is not None else (row.shown_body or "")
    if "retracted" in row.answers:
        wanted = ""
    return render_template(
        "publication.html",
        page="deliveries.show",
        row=row,
        lines=differences.text_difference(row.shown_body or "", wanted),
        same=wanted == (row.shown_body or ""),
        coming=[name for name in row.want_labels if name not in row.shown_labels],
        staying=[name for name in row.want_labels if name in row.shown_labels],
        going=[name for name in row.shown_labels if name not in row.want_labels],
        told=told.rows,
        may_retry=_may_retry(row),
    )


@blueprint.post("/deliveries/out/<int:publication_id>/retry")
@needs(Role.EDITOR)
def retry(publication_id: int) -> Any:
    """Try once more, now."""
    runtime = web().runtime
    with runtime.db.read() as tx:
        if publications.publication(tx, publication_id, visible=open_frame(tx).visible) is None:
            abort(404)
    try:
        key = outgoing.retry(runtime.db, runtime.ringer, publication_id, who=g.user.name, now=real_now())
        flash(f"{key} is tried again now.", "ok")
    except UserError as error:
        flash(str(error), "warn")
    return redirect(url_for("publications.one", publication_id=publication_id), 303)


@blueprint.post("/deliveries/out/approve/<name>")
@needs(Role.EDITOR)
def approve(name: str) -> Any:
    """Let a rule write what it held back until somebody had looked."""
    runtime = web().runtime
    with runtime.db.read() as tx:
        frame = open_frame(tx)
        known = {one.rule for one in outgoing.asking(tx, visible=frame.visible)}
    if name not in known:
        abort(404)
    if g.user.projects is not None:
        abort(403)  # a rule writes in every project in its scope, also in those that this one does not see
    try:
        count = floods.approve(runtime.db, name, who=g.user.name, now=frame.now, real=frame.real)
        flash(f"Approved: {name} may write on {count:,} items, within the daily ceilings.", "ok")
    except UserError as error:
        flash(str(error), "warn")
    return redirect(url_for("publications.show", status="held"), 303)


def _may_retry(row: publications.PublicationRow) -> bool:
    tried = row.retry_at is not None or row.attempts or row.sending_at is not None
    return row.status == "refused" or (row.status in publications.WAITING and bool(tried))
