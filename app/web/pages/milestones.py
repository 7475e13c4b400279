"""Milestones: the list, and one of them set against its plan."""

from __future__ import annotations

from itertools import dropwhile, pairwise
from typing import Any

from flask import Blueprint, abort, render_template, request

from app.services import foretold, pages
from app.store import notices
from app.store.views import flags, milestones, programmes
from app.web import charts
from app.web.pages.flags import one_of
from app.web.pages.overview import flag_words
from app.web.runtime import web
from app.web.shell import open_frame
from app.web.wording import as_sentence, say, words
from rules.facts import DueSet, Milestone

blueprint = Blueprint("milestones", __name__)

OUTCOMES = ("flagged", "error", "pending", "clear", "skipped")


@blueprint.get("/milestones")
def show() -> Any:
    """The list of milestones."""
    state = one_of("state", ("open", "closed"), default="open") or "open"
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        page = milestones.milestones(
            tx,
            visible=frame.visible,
            state=state,
            text=request.args.get("q", "").strip()[:200],
            after=request.args.get("after"),
        )
        track = foretold.track(tx, visible=frame.visible, now=frame.now)
    return render_template(
        "milestones.html",
        page="milestones.show",
        milestones=page,
        state=state,
        track=track,
        too_few=foretold.ENOUGH,
        words_of=lambda row: flag_words(frame, row),
    )


@blueprint.get("/milestones/<int:milestone_id>")
def one(milestone_id: int) -> Any:
    """One milestone."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = milestones.milestone_row(tx, milestone_id, visible=frame.visible)
        release = programmes.release_of(tx, milestone_id, visible=frame.visible)
        standing = flags.flags(
            tx,
            visible=frame.visible,
            where=flags.FlagFilter(state="all", subject=("milestone", milestone_id)),
            limit=20,
        )
        heard = notices.heard_of(tx, "milestone", milestone_id)
        said = flags.answers_to(tx, [flag.id for flag in standing.rows])
    if row is None:
        abort(404)
    explained = web().explain(web().runtime.db, "milestone", milestone_id, now=frame.now)
    subject = pages.as_seen(explained.subject, secured=frame.visible.secured)
    if not isinstance(subject, Milestone):
        abort(404)
    sides = pages.sides(subject, frame.now)
    chart = charts.burn_up(
        pages.burn_up(subject, grown=sides.grown, now=frame.now),
        planned=len(sides.grown.planned) if sides.grown is not None else None,
        due=subject.due,
        due_end=subject.project.calendar.due_end(subject.due) if subject.due is not None else None,
        calendar=subject.project.calendar,
        now=frame.now,
    )
    return render_template(
        "milestone.html",
        page="milestones.show",
        row=row,
        release=release,
        subject=subject,
        sides=sides,
        groups=pages.GROUPS,
        chart=chart,
        dates=_dates(subject.dues),
        by_outcome={name: [j for j in explained.judgements if j.verdict.outcome == name] for name in OUTCOMES},
        judged=len(explained.judgements),
        opened={flag.rule: flag for flag in standing.rows if flag.closed_at is None},
        words_of=lambda judgement: words(judgement.verdict, subject.project),
        why=lambda said: as_sentence(say(said, subject.project)),
        standing=standing.rows,
        heard=heard,
        said=said,
    )


def _dates(dues: tuple[DueSet, ...]) -> list[tuple[DueSet, int | None]]:
    """Every date, the present one first, each with how many days it lies behind the one before (None for the first)."""
    dues = tuple(dropwhile(lambda set_: set_.due is None, dues))  # made without a date: no date it had
    moved: list[int | None] = [None]
    for earlier, later in pairwise(dues):
        known = earlier.due is not None and later.due is not None
        moved.append((later.due - earlier.due).days if known and later.due and earlier.due else None)
    return list(zip(dues, moved, strict=False))[::-1]
