"""What the API changes: by the services that the pages use."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, abort, g
from pydantic import Field

from app.services import control, rulebook
from app.store.views import projects
from app.time import real_now
from app.web.api import models
from app.web.api.blueprint import api
from app.web.api.operations import Body
from app.web.runtime import web
from app.web.security import json_error
from app.web.shell import open_frame
from rules.engine import RuleError, problems
from rules.rulefile import RuleDraft
from rules.spec import Actions, Rung, Scope, Tell
from rules.verdict import Reach, Severity


class ScopeBody(Body):
    """Where a rule looks; empty: everywhere."""

    projects: list[str] = Field([], max_length=200)
    kinds: list[str] = Field([], max_length=20)
    condition: str | None = Field(None, max_length=2000)


class RungBody(Body):
    """Whom to tell, after how many working days."""

    after: float
    tell: Literal["author", "assignee", "lead", "channel"]


class ActionsBody(Body):
    """What flags do in the tracker where that differs from the usual."""

    label: str = ""
    color: str = ""
    remark: str = ""
    settle_minutes: int | None = None


class RuleBody(Body):
    """A rule as a rule file has it."""

    type: str = Field(max_length=80)
    title: str = Field("", max_length=120)
    mode: Literal["off", "observe", "live"] = "observe"
    severity: Literal["note", "warning", "urgent"] = "warning"
    reach: Literal["page", "label", "comment"] = "comment"
    params: dict[str, Any] = Field(default_factory=dict)
    scope: ScopeBody = ScopeBody()
    ladder: list[RungBody] = Field([], max_length=20)
    actions: ActionsBody = ActionsBody()

    def draft(self, name: str) -> RuleDraft:
        """The rule that it would be."""
        return RuleDraft(
            name=name,
            type=self.type,
            title=self.title,
            mode=self.mode,
            severity=Severity(self.severity),
            reach=Reach(self.reach),
            params=self.params,
            scope=Scope(tuple(self.scope.projects), tuple(self.scope.kinds), self.scope.condition or None),
            ladder=tuple(Rung(one.after, Tell(one.tell)) for one in self.ladder),
            actions=Actions(**self.actions.model_dump()),
        )


class SaveBody(RuleBody):
    """A rule to save. `version` is the one that it was made from; 0: a new rule."""

    version: int = Field(ge=0, le=1_000_000)


class ModeBody(Body):
    """Off, observe or live. `write_known`: what is flagged already is written too."""

    mode: Literal["off", "observe", "live"]
    write_known: bool = False


class RestoreBody(Body):
    """Which version to put in force again."""

    version: int = Field(ge=1, le=1_000_000)


@api.add("POST", "/rules/check", tag="rules", body=RuleBody, answer=models.Mistakes)
def check_rule(body: RuleBody) -> models.Mistakes:
    """Say everything that is wrong in a rule, and save nothing."""
    found = problems(body.draft("check").as_rule())
    return models.Mistakes(mistakes=[models.Mistake.model_validate(one) for one in found])


@api.add("PUT", "/rules/<name>", tag="rules", scope="rules", body=SaveBody, answer=models.Saved)
def save_rule(name: str, body: SaveBody) -> models.Saved:
    """Save a rule as a new version.

    Refused (409) where somebody else saved it after the version that yours was made from.
    """
    draft = body.draft(name)
    _refuse(problems(draft.as_rule()))
    with web().runtime.db.read() as tx:
        now = open_frame(tx).now
    saved = rulebook.save_rule(
        web().runtime.db, draft, expected=body.version, who=g.user.name, now=now, real=real_now()
    )
    return models.Saved(version=saved)


@api.add("POST", "/rules/<name>/mode", tag="rules", scope="rules", body=ModeBody)
def set_mode(name: str, body: ModeBody) -> None:
    """Set a rule off, to observe, or live."""
    now = _now_of_rule(name)
    rulebook.set_mode(
        web().runtime.db,
        name,
        body.mode,
        write_known=body.write_known,
        who=g.user.name,
        now=now,
        real=real_now(),
    )


@api.add("POST", "/rules/<name>/restore", tag="rules", scope="rules", body=RestoreBody, answer=models.Saved)
def restore_rule(name: str, body: RestoreBody) -> models.Saved:
    """Put a rule in force again as one of its versions had it."""
    now = _now_of_rule(name)
    saved = rulebook.restore(web().runtime.db, name, body.version, who=g.user.name, now=now, real=real_now())
    return models.Saved(version=saved)


@api.add("DELETE", "/rules/<name>", tag="rules", scope="rules")
def remove_rule(name: str) -> None:
    """Take a rule out.

    Its open flags close, its labels come off and its comments shrink to one line.
    """
    now = _now_of_rule(name)
    rulebook.remove_rule(web().runtime.db, name, who=g.user.name, now=now, real=real_now())


@api.add("GET", "/rules/export", tag="rules", media="application/yaml")
def export_rules() -> Response:
    """Give the rules in force as a rule file."""
    return Response(rulebook.export(web().runtime.db), mimetype="application/yaml")


@api.add("POST", "/pause", tag="writing", scope="operate")
def pause() -> None:
    """Stop all writing to trackers. Judging goes on."""
    control.pause(web().runtime.db, g.user.name, real_now())


@api.add("POST", "/resume", tag="writing", scope="operate")
def resume() -> None:
    """Write again what is still wanted."""
    control.resume(web().runtime.db, g.user.name, real_now())


@api.add("POST", "/projects/<int:project_id>/pause", tag="projects", scope="operate")
def pause_project(project_id: int) -> None:
    """Stop writing to one project."""
    control.pause_project(web().runtime.db, _key(project_id), who=g.user.name, now=real_now())


@api.add("POST", "/projects/<int:project_id>/resume", tag="projects", scope="operate")
def resume_project(project_id: int) -> None:
    """Write to one project again."""
    control.resume_project(web().runtime.db, _key(project_id), who=g.user.name, now=real_now())


def _refuse(found: list[RuleError]) -> None:
    if found:
        first = found[0]
        abort(json_error(400, f"{first.field}: {first.message}", field=first.field))


def _now_of_rule(name: str) -> Any:
    """World time, for a rule that is there. Aborts with 404 where it is not."""
    if rulebook.rule_named(web().runtime.db, name) is None:
        abort(json_error(404, f"there is no rule {name[:80]!r}"))
    with web().runtime.db.read() as tx:
        return open_frame(tx).now


def _key(project_id: int) -> str:
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = next((row for row in projects.projects(tx, visible=frame.visible) if row.id == project_id), None)
    if row is None:
        abort(json_error(404, f"there is no project {project_id}"))
    return row.key
