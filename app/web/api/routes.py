"""The API, version 1: the same rows as the pages, as JSON, behind a bearer token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, Response, abort, g, request, url_for
from werkzeug.exceptions import HTTPException

from app.services import digest
from app.store.database import Tx
from app.store.views import deliveries, flags, items, milestones, programmes, projects, publications, rules
from app.store.views.scope import PAGE_SIZE, Page
from app.time import real_now
from app.web.api import models
from app.web.auth import bearer
from app.web.pages.flags import SEVERITIES, STATES, flag_filter
from app.web.pages.overview import flag_words, named_in
from app.web.runtime import web
from app.web.security import json_error
from app.web.shell import Frame, open_frame
from rules.facts import Kind

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

MOST = 200
M = TypeVar("M", bound=models.Model)
Read = Callable[[Tx, Frame, str | None, int], Page[Any]]


@blueprint.before_request
def _gate() -> Any:
    g.user = bearer(request.headers.get("Authorization"), real_now())
    if g.user is None:
        answer = json_error(401, "send a token: Authorization: Bearer plb_… (plumbline token create NAME)")
        answer.headers["WWW-Authenticate"] = 'Bearer realm="plumbline"'
        return answer
    if not g.user.allows("read"):
        return json_error(403, "this token may not read")
    return None


@blueprint.get("/flags")
def list_flags() -> Response:
    """Flags: `state`, `rule`, `family`, `severity`, `q`, `sort`, `project`."""
    where = _checked(flag_filter)

    def read(tx: Tx, frame: Frame, after: str | None, limit: int) -> Page[Any]:
        page = flags.flags(tx, visible=frame.visible, where=where, after=after, limit=limit)
        frame.hidden = flags.secured_among(tx, named_in(page.rows))
        return page

    return _answer(read, models.Flag, extra=_flag_extra)


@blueprint.get("/items")
def list_items() -> Response:
    """Items: `state` (open, closed, all), `kind`, `q`, `project`."""
    state = _choice("state", STATES)
    kind = _choice("kind", tuple(kind.value for kind in Kind))

    def read(tx: Tx, frame: Frame, after: str | None, limit: int) -> Page[Any]:
        return items.items(tx, visible=frame.visible, state=state, kind=kind, text=_text(), after=after, limit=limit)

    return _answer(read, models.Item, extra=lambda _, row: {"page": _address("items.show", item_id=row.id)})


@blueprint.get("/projects/<path:key>")
def one_project(key: str) -> Response:
    """One project by its key ("acme/shop"): its state, edits of many items, labels that rest, items that went."""
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        row = next((row for row in projects.projects(tx, visible=frame.visible) if row.key == key), None)
        if row is None:
            abort(json_error(404, f"there is no project {key[:80]!r}"))
        found = digest.digest(tx, row.id, row.key, secured=frame.visible.secured, now=frame.now)
    body = models.Project.model_validate(row).model_copy(
        update={
            "page": _address("projects.one", project_id=row.id),
            "catching_up": found.status is not None and found.status.catching_up,
            "keeping_up": found.status.words if found.status is not None else "",
            "edits": [models.Edit.model_validate(one) for one in found.edits],
            "resting": [models.Resting.model_validate(one) for one in found.resting],
            "left": [models.Left.model_validate(one) for one in found.left],
        }
    )
    return Response(body.model_dump_json(), mimetype="application/json")


@blueprint.get("/milestones")
def list_milestones() -> Response:
    """Milestones: `state` (open, closed, all), `q`, `project`."""
    state = _choice("state", STATES) or "all"

    def read(tx: Tx, frame: Frame, after: str | None, limit: int) -> Page[Any]:
        return milestones.milestones(tx, visible=frame.visible, state=state, text=_text(), after=after, limit=limit)

    return _answer(
        read, models.Milestone, extra=lambda _, row: {"page": _address("milestones.one", milestone_id=row.id)}
    )


@blueprint.get("/programmes")
def list_programmes() -> Response:
    """Programmes with their projects and releases: `project`. There are few, so they come on one page."""

    def read(tx: Tx, frame: Frame, after: str | None, limit: int) -> Page[Any]:
        return Page(rows=programmes.programmes(tx, visible=frame.visible))

    return _answer(read, models.Programme)


@blueprint.get("/deliveries")
def list_deliveries() -> Response:
    """Deliveries: `status`, `event`, `q` (event, #number or delivery id), `project`."""
    where = deliveries.DeliveryFilter(
        status=_choice("status", deliveries.STATUSES), event=request.args.get("event") or None, text=_text()
    )

    def read(tx: Tx, frame: Frame, after: str | None, limit: int) -> Page[Any]:
        return deliveries.deliveries(tx, visible=frame.visible, where=where, after=after, limit=limit)

    return _answer(read, models.Delivery)


@blueprint.get("/rules")
def list_rules() -> Response:
    """Rules with what they have found."""

    def read(tx: Tx, frame: Frame, after: str | None, limit: int) -> Page[Any]:
        return rules.rules_page(tx, visible=frame.visible, now=frame.now, after=after, limit=limit)

    return _answer(read, models.Rule)


@blueprint.get("/publications")
def list_publications() -> Response:
    """Publications: `status`, `project`."""
    status = _choice("status", ("settled", "waiting", "sending", "held", "refused"))

    def read(tx: Tx, frame: Frame, after: str | None, limit: int) -> Page[Any]:
        return publications.publications(tx, visible=frame.visible, status=status, after=after, limit=limit)

    return _answer(read, models.Publication)


def _answer(read: Read, model: type[M], *, extra: Callable[[Frame, Any], dict[str, Any]] | None = None) -> Response:
    limit = _limit()
    with web().runtime.db.read() as tx:
        frame = open_frame(tx)
        page = read(tx, frame, request.args.get("after") or None, limit)
    data = []
    for row in page.rows:
        entry = model.model_validate(row)
        data.append(entry.model_copy(update=extra(frame, row)) if extra is not None else entry)
    body = models.ListOf[model](data=data, next=page.next)  # type: ignore[valid-type]
    return Response(body.model_dump_json(), mimetype="application/json")


PAGES = {
    "item": ("items.show", "item_id"),
    "milestone": ("milestones.one", "milestone_id"),
    "flow": ("projects.one", "project_id"),
}
"""The page of a subject by its kind, and what its address asks for."""


def _flag_extra(frame: Frame, row: flags.FlagRow) -> dict[str, Any]:
    words = flag_words(frame, row)
    where = PAGES[row.subject_kind]
    return {
        "reason": "".join(span.text for span in words.reason) if words is not None else None,
        "page": _address(where[0], **{where[1]: row.subject_id}),
    }


def _address(endpoint: str, **values: Any) -> str:
    return web().runtime.settings.base_url + url_for(endpoint, **values)


def _text() -> str:
    return request.args.get("q", "").strip()[:200]


def _limit() -> int:
    value = request.args.get("limit", str(PAGE_SIZE))
    if not (value.isascii() and value.isdigit() and len(value) < 6 and 1 <= int(value) <= MOST):
        abort(json_error(400, f"limit: got {value[:20]!r}; expected a whole number from 1 to {MOST}", field="limit"))
    return int(value)


def _choice(name: str, values: tuple[str, ...]) -> str | None:
    value = request.args.get(name) or None
    if value is not None and value not in values:
        abort(json_error(400, f"{name}: got {value[:40]!r}; expected one of {', '.join(values)}", field=name))
    return value


def _checked(make: Callable[[], flags.FlagFilter]) -> flags.FlagFilter:
    """A filter shared with the pages; its complaint names the field."""
    for name, values in (("state", STATES), ("severity", SEVERITIES), ("sort", flags.SORTS)):
        _choice(name, values)
    try:
        return make()
    except HTTPException as error:
        abort(json_error(400, error.description or "", field=(error.description or "").partition(":")[0] or None))
