"""One item: what every rule says of it and why, its history, and what the tracker shows of us."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, render_template, request

from app.services import gone, pages
from app.store import gone as store_gone
from app.store import notices
from app.store.views import answers, flags, items, publications
from app.store.views.scope import decode_cursor
from app.web.comment import paragraphs
from app.web.pages.milestones import OUTCOMES
from app.web.runtime import web
from app.web.shell import open_frame
from app.web.timeline import Window, stirred, time_line
from app.web.wording import words
from rules.facts import Item

blueprint = Blueprint("items", __name__)

SHOWN = 40


@blueprint.get("/i/<int:item_id>")
def show(item_id: int) -> Any:
    """The page of an item."""
    after = request.args.get("after")
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = items.item_row(tx, item_id, visible=frame.visible)
        if row is None:
            abort(404)
        changes, total = items.changes(tx, item_id, visible=frame.visible, limit=SHOWN, after=after)
        written = items.written(tx, item_id, visible=frame.visible)
        standing = flags.flags(
            tx, visible=frame.visible, where=flags.FlagFilter(state="all", subject=("item", item_id)), limit=20
        )
        publication = publications.publication_of(tx, item_id, visible=frame.visible)
        left = store_gone.of(tx, [item_id]).get(item_id)
        heard = notices.heard_of(tx, "item", item_id)
        said = answers.answers_to(tx, [flag.id for flag in standing.rows])
        answered = answers.answers_on(tx, item_id)
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
            changes=changes.rows,
            flags=standing.rows,
            written=written,
            answers=answered,
            judgements=judgements,
            item=row,
            due=subject.project.calendar.due_end(subject.due) if subject.due is not None and row.open else None,
            window=Window(
                since=changes.rows[-1].at if changes.next is not None else None,
                until=decode_cursor(after, like=(datetime, int))[0] if after is not None else None,
            ),
            now=frame.now,
        ),
        changes=changes,
        changes_total=total,
        stirred=stirred(changes.rows, subject.last_movement.at) if after is None else {},
        publication=publication,
        heard=heard,
        said=said,
        answered=answered,
        comment=paragraphs(publication.shown_body, wiki=subject.project.tracker == "jira")
        if publication is not None and publication.shown_body
        else None,
    )
