"""What programs do for those who keep things running: answer flags, replay, retry, ask what a rule would do."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from flask import abort, g
from pydantic import Field

from app.services import chores, connecting, flag_answers, outgoing, quiet, replay
from app.services.previews import ask as previews
from app.services.previews.told import question_of, result_doc
from app.services.retract import Filter
from app.store.views import deliveries, projects, publications
from app.time import real_now
from app.web.api import models
from app.web.api.blueprint import api
from app.web.api.changes import RuleBody
from app.web.api.operations import Body
from app.web.runtime import web
from app.web.security import json_error
from app.web.shell import Frame, open_frame
from rules.answers import LONGEST_DAYS, Command, Verb, clean_reason
from rules.engine import problems

Id = Annotated[int, Field(ge=0, le=2**63 - 1)]


class AnswerBody(Body):
    """What is answered, and to which flags. A snooze and an expected date need `days` or `until`, wrong a reason."""

    flags: list[Id] = Field(min_length=1, max_length=flag_answers.MOST)
    verb: Literal["ack", "snooze", "expect", "wrong", "undo"]
    days: int | None = Field(None, ge=1, le=LONGEST_DAYS)
    until: date | None = None
    reason: str = Field("", max_length=200)


class PreviewBody(RuleBody):
    """A rule to try. `replaces`: the one in force that it would take the place of; null: it would be new."""

    name: str = Field(min_length=1, max_length=80)
    replaces: str | None = Field(None, max_length=80)


class RetractBody(Body):
    """What to take back; what is null is not narrowed."""

    project: str | None = Field(None, max_length=300)
    rule: str | None = Field(None, max_length=200)


@api.add("POST", "/flags/answer", tag="flags", scope="answer", body=AnswerBody, answer=models.Answered)
def answer_flags(body: AnswerBody) -> models.Answered:
    """Answer flags, or take answers back.

    As `/plumb` does in the tracker: acknowledge, snooze, name an expected date, say that it is wrong.
    """
    frame = _frame()
    common: dict[str, Any] = {
        "flag_ids": body.flags, "visible": frame.visible, "who": g.user.name, "now": frame.now, "real": frame.real,
    }  # fmt: skip
    db, ringer = web().runtime.db, web().runtime.ringer
    if body.verb == "undo":
        given = flag_answers.undo(db, ringer, **common)
    else:
        if body.verb in ("snooze", "expect") and body.days is None and body.until is None:
            abort(json_error(400, "until: say until which day, or for how many days", field="until"))
        reason = clean_reason(body.reason)
        if body.verb == "wrong" and not reason:
            abort(json_error(400, "reason: say in a few words what is wrong about it", field="reason"))
        command = Command(Verb(body.verb), "", until=body.until, days=body.days, reason=reason)
        try:
            given = flag_answers.give(db, ringer, command=command, **common)
        except quiet.NoGoodDay as error:
            abort(json_error(400, f"until: {error}", field="until"))
    left = [models.Unanswered(id=one.id, why=one.why) for one in given.left]
    return models.Answered(taken=list(given.taken), left=left)


@api.add("POST", "/deliveries/<int:delivery_id>/replay", tag="deliveries", scope="operate")
def replay_delivery(delivery_id: int) -> None:
    """Put a delivery back in line."""
    frame = _frame()
    with web().runtime.db.read() as tx:
        if not deliveries.seen_ids(tx, [delivery_id], visible=frame.visible):
            abort(404)
    replay.replay(web().runtime.db, web().runtime.ringer, [delivery_id], author=g.user.name, now=real_now())


@api.add("POST", "/publications/<int:publication_id>/retry", tag="publications", scope="operate")
def retry_publication(publication_id: int) -> None:
    """Try once more, now, what the tracker refused."""
    frame = _frame()
    with web().runtime.db.read() as tx:
        found = publications.publication(tx, publication_id, visible=frame.visible)
    if found is None:
        abort(404)
    outgoing.retry(web().runtime.db, web().runtime.ringer, publication_id, who=g.user.name, now=real_now())


@api.add("POST", "/projects/<int:project_id>/reconcile", tag="projects", scope="operate")
def reconcile_project(project_id: int) -> None:
    """Look at once for what no webhook told."""
    frame = _frame()
    with web().runtime.db.read() as tx:
        if project_id not in {row.id for row in projects.projects(tx, visible=frame.visible)}:
            abort(404)
    connecting.reconcile(web().runtime.db, web().runtime.ringer, project_id=project_id, who=g.user.name, now=real_now())


@api.add("POST", "/retract", tag="writing", scope="admin", body=RetractBody, answer=models.Asked, status=202)
def take_back(body: RetractBody) -> models.Asked:
    """Take back what was written, of a project or a rule or all of it.

    It is done in the background; the page of writes says how far it is.
    """
    wanted = Filter(project=body.project, rule=body.rule)
    found = chores.ask_retract(web().runtime.db, web().runtime.ringer, wanted, who=g.user.name, now=real_now())
    return models.Asked(id=found)


@api.add("POST", "/previews", tag="rules", scope="rules", body=PreviewBody, answer=models.Asked, status=202)
def ask_preview(body: PreviewBody) -> models.Asked:
    """Ask what a rule would do: now, and over the last 180 days.

    It is worked out in the background. Asking again calls off what the same token has under way.
    """
    draft = body.draft(body.name)
    found = problems(draft.as_rule())
    if found:
        abort(json_error(400, f"{found[0].field}: {found[0].message}", field=found[0].field))
    frame = _frame()
    question = question_of(draft, replaces=body.replaces, visible=frame.visible)
    runtime = web().runtime
    return models.Asked(id=previews.ask(runtime.db, runtime.ringer, question, who=g.user.name, real=frame.real))


@api.add("GET", "/previews/<int:preview_id>", tag="rules", scope="rules", answer=models.Preview)
def one_preview(preview_id: int) -> models.Preview:
    """Tell what is known so far of what a rule would do."""
    frame = _frame()
    found = previews.look(web().runtime.db, preview_id, who=g.user.name, visible=frame.visible)
    if found is None:
        abort(404)
    return models.Preview(
        id=found.id,
        state=found.state,
        progress=found.progress,
        detail=found.detail,
        result=result_doc(found.result),
    )


@api.add("DELETE", "/previews/<int:preview_id>", tag="rules", scope="rules")
def cancel_preview(preview_id: int) -> None:
    """Call a preview off."""
    if not previews.call_off(web().runtime.db, preview_id, who=g.user.name):
        abort(404)


def _frame() -> Frame:
    with web().runtime.db.read() as tx:
        return open_frame(tx)
