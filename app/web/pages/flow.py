"""How the work of a project flows: what every rule that looks at it as a whole says, and what stands where."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template

from app.services import pages
from app.store import notices
from app.store.views import answers, flags, projects
from app.web.pages.milestones import OUTCOMES
from app.web.pages.overview import flag_words
from app.web.runtime import web
from app.web.shell import open_frame
from app.web.wording import words
from rules.facts import Flow, Subject
from rules.spec import Judgement

blueprint = Blueprint("flow", __name__)


LIVE = 2_000
"""With more open items the page shows what was found when it was last judged: judging reads them all."""


@blueprint.get("/projects/<int:project_id>/flow")
def why(project_id: int) -> Any:
    """The page of a project's flow."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = next((row for row in projects.projects(tx, visible=frame.visible) if row.id == project_id), None)
        if row is None:
            abort(404)
        standing = flags.flags(
            tx, visible=frame.visible, where=flags.FlagFilter(state="all", subject=("flow", project_id)), limit=20
        )
        said = answers.answers_to(tx, [flag.id for flag in standing.rows])
        heard = notices.heard_of(tx, "flow", project_id)
    judgements: tuple[Judgement, ...] = ()
    subject: Subject | None = None
    if row.items_open <= LIVE:
        explained = web().explain(web().runtime.db, "flow", project_id, now=frame.now)
        subject = pages.as_seen(explained.subject, secured=frame.visible.secured)
        judgements = explained.judgements
    coming = [one.verdict.recheck_at for one in judgements if one.verdict.recheck_at is not None]
    return render_template(
        "flow.html",
        page="projects.show",
        row=row,
        columns=subject.columns if isinstance(subject, Flow) else (),
        live=subject is not None,
        flow=[flag for flag in standing.rows if flag.closed_at is None],
        by_outcome={name: [one for one in judgements if one.verdict.outcome == name] for name in OUTCOMES},
        judged=len(judgements),
        next_at=min((at for at in coming if at > frame.now), default=None),
        opened={flag.rule: flag for flag in standing.rows if flag.closed_at is None},
        standing=standing.rows,
        said=said,
        heard=heard,
        words_of=lambda one: words(one.verdict, one.subject.project) if subject is not None else flag_words(frame, one),
    )
