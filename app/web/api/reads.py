"""What the API tells: the same rows as the pages, as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from flask import abort, url_for
from pydantic import Field
from werkzeug.exceptions import HTTPException

from app.services import digest, gone, pages, rulebook
from app.store import gone as store_gone
from app.store.database import Tx
from app.store.views import audit, deliveries, flags, items, milestones, programmes, projects, publications, rules
from app.store.views.scope import Page
from app.web.api import models
from app.web.api.blueprint import api
from app.web.api.operations import Paged
from app.web.pages.flags import KINDS, flag_filter
from app.web.pages.overview import flag_words, named_in
from app.web.runtime import web
from app.web.security import json_error
from app.web.shell import Frame, open_frame
from app.web.wording import words
from rules.engine import problems
from rules.intents import Line

M = TypeVar("M", bound=models.Model)
Read = Callable[[Tx, Frame], Page[Any]]

State = Literal["open", "closed", "all"]
Text = Field("", max_length=200, description="Text to find.")


class FlagQuery(Paged):
    """Which flags."""

    state: State = Field("open", description="Which of them.")
    rule: str | None = Field(None, max_length=200, description="Of this rule, by its name.")
    family: str | None = Field(
        None, description="Of rules of this family.", json_schema_extra={"enum": list(pages.FAMILIES)}
    )
    severity: Literal["urgent", "warning", "note"] | None = Field(None, description="Of this severity.")
    kind: str | None = Field(
        None, description="Of items, milestones or flows of this kind.", json_schema_extra={"enum": list(KINDS)}
    )
    label: str | None = Field(None, max_length=100, description="Of items with this label.")
    sort: Literal["newest", "oldest", "severity"] = Field("newest", description="In which order.")
    q: str = Text


class ItemQuery(Paged):
    """Which items."""

    state: State | None = Field(None, description="Open, closed or all of them.")
    kind: Literal["issue", "pull_request", "epic", "subtask"] | None = Field(None, description="Of this kind.")
    q: str = Text


class MilestoneQuery(Paged):
    """Which milestones."""

    state: State = Field("all", description="Open, closed or all of them.")
    q: str = Text


class DeliveryQuery(Paged):
    """Which deliveries."""

    status: Literal["pending", "done", "ignored", "aside"] | None = Field(None, description="What became of it.")
    event: str | None = Field(None, max_length=100, description="Of this event, as the tracker calls it.")
    q: str = Field("", max_length=200, description="Event, #number or delivery id.")


class AuditQuery(Paged):
    """Which entries."""

    who: str | None = Field(None, max_length=200, description="Of this one, by name.")
    what: str | None = Field(None, max_length=200, description="Of this act, as the trail calls it.")
    subject: str | None = Field(None, max_length=300, description="About this one, by its name or key.")


class PublicationQuery(Paged):
    """Which publications."""

    status: Literal["settled", "waiting", "sending", "held", "refused"] | None = Field(None, description="How it is.")


@api.add("GET", "/flags", tag="flags", query=FlagQuery, answer=models.ListOf[models.Flag])
def list_flags(query: FlagQuery) -> models.ListOf[models.Flag]:
    """List flags."""
    where = _checked(flag_filter)

    def read(tx: Tx, frame: Frame) -> Page[Any]:
        page = flags.flags(tx, visible=frame.visible, where=where, after=query.after, limit=query.limit)
        frame.hidden = flags.secured_among(tx, named_in(page.rows))
        return page

    return _listed(read, models.Flag, extra=_flag_extra)


@api.add("GET", "/items", tag="items", query=ItemQuery, answer=models.ListOf[models.Item])
def list_items(query: ItemQuery) -> models.ListOf[models.Item]:
    """List items."""

    def read(tx: Tx, frame: Frame) -> Page[Any]:
        return items.items(
            tx,
            visible=frame.visible,
            state=query.state,
            kind=query.kind,
            text=query.q.strip(),
            after=query.after,
            limit=query.limit,
        )

    return _listed(read, models.Item, extra=lambda _, row: {"page": address("items.show", item_id=row.id)})


@api.add("GET", "/items/<int:item_id>", tag="items", answer=models.ItemInFull)
def one_item(item_id: int) -> models.ItemInFull:
    """Tell of one item, and why it is flagged or not.

    Every rule in scope is asked now, by the evaluator that runs live.
    """
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = items.item_row(tx, item_id, visible=frame.visible)
        left = store_gone.of(tx, [item_id]).get(item_id) if row is not None else None
    if row is None:
        abort(404)
    return models.ItemInFull(
        **models.Item.model_validate(row).model_dump(exclude={"page"}),
        page=address("items.show", item_id=row.id),
        verdicts=_verdicts(frame, "item", item_id) if left is None else [],
        gone=gone.words(left) if left is not None else None,
    )


@api.add("GET", "/projects", tag="projects", query=Paged, answer=models.ListOf[models.Project])
def list_projects(query: Paged) -> models.ListOf[models.Project]:
    """List watched projects.

    There are few, so they come on one page.
    """

    def read(tx: Tx, frame: Frame) -> Page[Any]:
        return Page(rows=projects.projects(tx, visible=frame.visible))

    return _listed(read, models.Project, extra=lambda _, row: {"page": address("projects.one", project_id=row.id)})


@api.add("GET", "/projects/<path:key>", tag="projects", answer=models.Project)
def one_project(key: str) -> models.Project:
    """Tell of one project.

    By its key (`acme/shop`): its state, edits of many items, labels that rest, items that went.
    """
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = next((row for row in projects.projects(tx, visible=frame.visible) if row.key == key), None)
        if row is None:
            abort(json_error(404, f"there is no project {key[:80]!r}"))
        found = digest.digest(tx, row.id, row.key, secured=frame.visible.secured, now=frame.now)
    return models.Project.model_validate(row).model_copy(
        update={
            "page": address("projects.one", project_id=row.id),
            "catching_up": found.status is not None and found.status.catching_up,
            "keeping_up": found.status.words if found.status is not None else "",
            "edits": [models.Edit.model_validate(one) for one in found.edits],
            "resting": [models.Resting.model_validate(one) for one in found.resting],
            "left": [models.Left.model_validate(one) for one in found.left],
        }
    )


@api.add("GET", "/milestones", tag="milestones", query=MilestoneQuery, answer=models.ListOf[models.Milestone])
def list_milestones(query: MilestoneQuery) -> models.ListOf[models.Milestone]:
    """List milestones: versions, sprints and epics too."""

    def read(tx: Tx, frame: Frame) -> Page[Any]:
        return milestones.milestones(
            tx,
            visible=frame.visible,
            state=query.state,
            text=query.q.strip(),
            after=query.after,
            limit=query.limit,
        )

    return _listed(
        read, models.Milestone, extra=lambda _, row: {"page": address("milestones.one", milestone_id=row.id)}
    )


@api.add("GET", "/milestones/<int:milestone_id>", tag="milestones", answer=models.MilestoneInFull)
def one_milestone(milestone_id: int) -> models.MilestoneInFull:
    """Tell of one milestone, and why it is flagged or not."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = milestones.milestone_row(tx, milestone_id, visible=frame.visible)
    if row is None:
        abort(404)
    return models.MilestoneInFull(
        **models.Milestone.model_validate(row).model_dump(exclude={"page"}),
        page=address("milestones.one", milestone_id=row.id),
        verdicts=_verdicts(frame, "milestone", milestone_id),
    )


@api.add("GET", "/programmes", tag="projects", query=Paged, answer=models.ListOf[models.Programme])
def list_programmes(query: Paged) -> models.ListOf[models.Programme]:
    """List programmes with their projects and releases.

    There are few, so they come on one page.
    """
    return _listed(lambda tx, frame: Page(rows=programmes.programmes(tx, visible=frame.visible)), models.Programme)


@api.add("GET", "/deliveries", tag="deliveries", query=DeliveryQuery, answer=models.ListOf[models.Delivery])
def list_deliveries(query: DeliveryQuery) -> models.ListOf[models.Delivery]:
    """List deliveries, without their payloads."""
    where = deliveries.DeliveryFilter(status=query.status, event=query.event, text=query.q.strip())

    def read(tx: Tx, frame: Frame) -> Page[Any]:
        return deliveries.deliveries(tx, visible=frame.visible, where=where, after=query.after, limit=query.limit)

    return _listed(read, models.Delivery)


@api.add("GET", "/rules/<name>", tag="rules", answer=models.RuleInFull)
def one_rule(name: str) -> models.RuleInFull:
    """Tell of one rule, with its latest versions."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = rules.rule_row(tx, name, visible=frame.visible, now=frame.now)
        versions = rules.versions(tx, row.id) if row is not None else ()
    found = rulebook.rule_named(web().runtime.db, name)
    if row is None or found is None:
        abort(404)
    return models.RuleInFull(
        **models.Rule.model_validate(row).model_dump(),
        actions=row.actions,
        author=row.author,
        versions=[models.Version.model_validate(one) for one in versions],
        mistakes=[models.Mistake.model_validate(one) for one in problems(found)],
    )


@api.add("GET", "/rules", tag="rules", query=Paged, answer=models.ListOf[models.Rule])
def list_rules(query: Paged) -> models.ListOf[models.Rule]:
    """List rules with what they have found."""

    def read(tx: Tx, frame: Frame) -> Page[Any]:
        return rules.rules_page(tx, visible=frame.visible, now=frame.now, after=query.after, limit=query.limit)

    return _listed(read, models.Rule)


@api.add("GET", "/audit", tag="audit", scope="admin", query=AuditQuery, answer=models.ListOf[models.AuditEntry])
def list_audit(query: AuditQuery) -> models.ListOf[models.AuditEntry]:
    """List who did what, newest first."""
    where = audit.AuditFilter(who=query.who, what=query.what, subject=query.subject)

    def read(tx: Tx, _frame: Frame) -> Page[Any]:
        return audit.entries(tx, where=where, after=query.after, limit=query.limit)

    return _listed(read, models.AuditEntry)


@api.add("GET", "/publications", tag="publications", query=PublicationQuery, answer=models.ListOf[models.Publication])
def list_publications(query: PublicationQuery) -> models.ListOf[models.Publication]:
    """List publications: what items should show in the tracker, and what they show."""

    def read(tx: Tx, frame: Frame) -> Page[Any]:
        return publications.publications(
            tx, visible=frame.visible, status=query.status, after=query.after, limit=query.limit
        )

    return _listed(read, models.Publication)


def _verdicts(frame: Frame, kind: str, subject_id: int) -> list[models.Verdict]:
    explained = web().explain(web().runtime.db, kind, subject_id, now=frame.now)
    subject = pages.as_seen(explained.subject, secured=frame.visible.secured)
    found = []
    for one in explained.judgements:
        said = words(one.verdict, subject.project)
        found.append(
            models.Verdict(
                rule=one.rule.name,
                outcome=one.verdict.outcome.value,
                severity=one.verdict.severity.value,
                reason=_plain(said.reason),
                evidence=[_plain(line) for line in (*said.evidence, *said.below)],
                helps=_plain(said.helps),
                since=one.verdict.since,
                recheck_at=one.verdict.recheck_at,
            )
        )
    return found


def _plain(line: Line) -> str:
    return "".join(span.text for span in line)


def _listed(
    read: Read, model: type[M], *, extra: Callable[[Frame, Any], dict[str, Any]] | None = None
) -> models.ListOf[M]:
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        page = read(tx, frame)
    data = []
    for row in page.rows:
        entry = model.model_validate(row)
        data.append(entry.model_copy(update=extra(frame, row)) if extra is not None else entry)
    return models.ListOf[model](data=data, next=page.next)  # type: ignore[valid-type]


PAGES = {
    "item": ("items.show", "item_id"),
    "milestone": ("milestones.one", "milestone_id"),
    "flow": ("projects.one", "project_id"),
}
"""The page of a subject by its kind, and what its address asks for."""


def _flag_extra(frame: Frame, row: flags.FlagRow) -> dict[str, Any]:
    said = flag_words(frame, row)
    where = PAGES[row.subject_kind]
    return {
        "reason": _plain(said.reason) if said is not None else None,
        "page": address(where[0], **{where[1]: row.subject_id}),
    }


def address(endpoint: str, **values: Any) -> str:
    return web().runtime.settings.base_url + url_for(endpoint, **values)


def _checked(make: Callable[[], flags.FlagFilter]) -> flags.FlagFilter:
    """A filter shared with the pages; its complaint names the field."""
    try:
        return make()
    except HTTPException as error:
        abort(json_error(400, error.description or "", field=(error.description or "").partition(":")[0] or None))
