"""One item: what every rule says of it and why, its history, and what the tracker shows of us."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template, request

from app.services import gone, pages
from app.store import gone as store_gone
from app.store import notices
from app.store.views import flags, items, publications
from app.web.comment import paragraphs
from app.web.pages.milestones import OUTCOMES
from app.web.runtime import web
from app.web.shell import open_frame
from app.web.timeline import time_line
from app.web.wording import words
from rules.facts import Item

blueprint = Blueprint("items", __name__)

SHOWN = 40
ALL = 1_000


@blueprint.get("/i/<int:item_id>")
def show(item_id: int) -> Any:
    """The page of an item."""
    everything = request.args.get("all") == "1"
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = items.item_row(tx, item_id, visible=frame.visible)
        if row is None:
            abort(404)
        changes, total = items.changes(tx, item_id, visible=frame.visible, limit=ALL if everything else SHOWN)
        written = items.written(tx, item_id, visible=frame.visible)
        standing = flags.flags(
            tx, visible=frame.visible, where=flags.FlagFilter(state="all", subject=("item", item_id)), limit=20
        )
        publication = publications.publication_of(tx, item_id, visible=frame.visible)
        left = store_gone.of(tx, [item_id]).get(item_id)
        heard = notices.heard_of(tx, "item", item_id)
        said = flags.answers_to(tx, [flag.id for flag in standing.rows])
        answered = flags.answers_on(tx, item_id)
    explained = web().explain(web().runtime.db, "item", item_id, now=frame.now)
    subject = pages.as_seen(explained.subject, secured=frame.visible.secured)
    if not isinstance(subject, Item):
        abort(404)
    judgements = explained.judgements if left is None else ()
    by_outcome = {outcome: [j for j in judgements if j.verdict.outcome == outcome] for outcome in OUTCOMES}
    upcoming = [j.verdict.recheck_at for j in judgements if j.verdict.recheck_at is not None]
    return render_template(
        "item.html",
        page="flags.show",
        row=row,
        subject=subject,
        by_outcome=by_outcome,
        gone=None if left is None else (left.at, gone.words(left)),
        judged=len(judgements),
        next_at=min((at for at in upcoming if at > frame.now), default=None),
        opened={flag.rule: flag for flag in standing.rows if flag.closed_at is None},
        words_of=lambda judgement: words(judgement.verdict, subject.project),
        line=time_line(
            changes=changes,
            flags=standing.rows,
            written=written,
            judgements=judgements,
            item=row,
            now=frame.now,
        ),
        changes_total=total,
        changes_shown=len(changes),
        publication=publication,
        heard=heard,
        said=said,
        answered=answered,
        comment=paragraphs(publication.shown_body, wiki=subject.project.tracker == "jira")
        if publication is not None and publication.shown_body
        else None,
    )
