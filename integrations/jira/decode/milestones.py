"""Sprints, versions and epics as milestones: "sprint/31", "version/10001", "epic/10231".

An instant becomes its UTC date, so that every shape of a sprint gives the same day. A sprint comes as an object or,
from older sites, as the text of a Java object whose name and goal may hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations import read
from integrations.jira.decode import parts
from integrations.jira.site import NOWHERE, STAGES, Site
from integrations.readings import MilestoneSeen

Payload = Mapping[str, Any]
_INSTANT = r"<null>|\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:?\d\d)?"
_SHAPES = {
    "id": r"\d+",
    "rapidViewId": r"<null>|\d+",
    "state": r"ACTIVE|CLOSED|FUTURE|active|closed|future",
    "startDate": _INSTANT,
    "endDate": _INSTANT,
    "completeDate": _INSTANT,
    "activatedDate": _INSTANT,
    "sequence": r"<null>|\d+",
    "autoStartStop": r"<null>|true|false",
    "synced": r"<null>|true|false",
    "name": "",
    "goal": "",
}
_SPRINT = re.compile(r"com\.atlassian\.greenhopper\.service\.sprint\.Sprint@[0-9a-f]+\[(.*)\]\Z", re.DOTALL)
_STARTS = (
    rf"(?P<{name}>{name}=(?:{shape})(?=,|\Z))" if shape else f"(?P<{name}>{name}=)" for name, shape in _SHAPES.items()
)
_PART = re.compile(rf"(?:\A|,)(?:{'|'.join(_STARTS)})")
"""Where a part begins. Only a name or goal may run on past its end, to where the next part begins."""


def looks_like_sprints(value: object) -> bool:
    """Whether a custom field's value is a list of sprints, in either shape."""
    if type(value) is not list or not value:
        return False
    return all(
        (type(one) is str and _SPRINT.match(one) is not None)
        or (type(one) is dict and "name" in one and "boardId" in one and _state(one) in ("active", "closed", "future"))
        for one in value
    )


def _state(data: Payload) -> str:
    state = data.get("state")
    return state.lower() if type(state) is str else ""


def of_text(text: str, path: str) -> Payload:
    """The parts of a sprint written as a Java object, as an object."""
    body = _SPRINT.match(text)
    if body is None:
        raise read.bad("", path, text, "a sprint")
    starts = list(_PART.finditer(body[1]))
    found: dict[str, Any] = {}
    for place, start in enumerate(starts):
        name = start.lastgroup or ""
        end = starts[place + 1].start() if place + 1 < len(starts) else len(body[1])
        value = body[1][start.start() : end].lstrip(",").partition("=")[2]
        found.setdefault(name, None if value in ("<null>", "") else value)
    if found.get("id") is None or found.get("name") is None:
        raise read.bad("", path, text, "a sprint with id and name")
    return {**found, "boardId": found.get("rapidViewId")}


def sprint(data: object, path: str, *, base: str, as_of: datetime | None, deleted: bool = False) -> MilestoneSeen:
    """A sprint, in either shape. The days of one that has not begun are a plan that nobody is held to: left out."""
    if type(data) is str:
        data = of_text(data, path)
    if type(data) is not dict:
        raise read.bad("", path, data, "a sprint")
    native_id = read.ident(data, "id", path)
    state = (read.opt_text(data, "state", path) or "").lower()
    begun = state != "future"
    board = next((name for name in ("originBoardId", "boardId") if data.get(name) is not None), None)
    return MilestoneSeen(
        native_id=f"sprint/{native_id}",
        number=None,
        title=read.text(data, "name", path),
        url=parts.search(base, "sprint", native_id),
        open=state != "closed" and not deleted,
        as_of=as_of,
        due=read.opt_day(data, "endDate", path) if begun else None,
        start=read.opt_day(data, "startDate", path) if begun else None,
        created_at=read.opt_instant(data, "createdDate", path),
        closed_at=read.opt_instant(data, "completeDate", path) if state == "closed" else None,
        kind="sprint",
        deleted=deleted,
        board=None if board is None else read.ident(data, board, path),
    )


def version(
    data: Payload,
    path: str,
    *,
    base: str,
    as_of: datetime | None,
    project: str | None = None,
    deleted: bool = False,
    merged: str | None = None,
) -> MilestoneSeen:
    """A version; `project` is whose it is, where it does not tell that itself. Its `userReleaseDate` is written as the
    reader's language likes it, so `releaseDate` counts alone; at what hour it was released, Jira does not keep.
    """
    native_id = read.ident(data, "id", path)
    released = read.opt_flag(data, "released", path) or False
    archived = read.opt_flag(data, "archived", path) or False
    return MilestoneSeen(
        native_id=f"version/{native_id}",
        number=None,
        title=read.text(data, "name", path),
        url=parts.search(base, "fixVersion", native_id),
        open=not (released or archived or deleted),
        as_of=as_of,
        due=read.opt_date(data, "releaseDate", path),
        start=read.opt_date(data, "startDate", path),
        kind="version",
        deleted=deleted,
        released=released,
        merged_into=merged,
        project=read.ident(data, "projectId", path) if data.get("projectId") is not None else project,
    )


def epic_id(issue_id: str) -> str:
    return f"epic/{issue_id}"


def epic_above(parent: Payload, path: str, *, base: str, site: Site = NOWHERE) -> MilestoneSeen | None:
    """The epic that a parent is, as far as its child tells of it: nothing here may overwrite. None: it is no epic."""
    fields = read.soft_obj(parent, "fields")
    kind = read.soft_obj(fields, "issuetype")
    if kind and not is_epic(kind):
        return None
    key = read.text(parent, "key", path)
    title = fields.get("summary")
    return MilestoneSeen(
        native_id=epic_id(read.ident(parent, "id", path)),
        number=None,
        title=read.clean(title) if type(title) is str else key,
        url=parts.browse(base, key),
        open=stage(read.soft_obj(fields, "status"), site) != "done",
        as_of=None,
        kind="epic",
    )


def is_epic(issuetype: Payload) -> bool:
    """An epic, or what stands above epics."""
    level = issuetype.get("hierarchyLevel")
    if type(level) is int:
        return level >= 1
    name = issuetype.get("name")
    return type(name) is str and name.casefold() == "epic"


def stage(status: Payload, site: Site) -> str | None:
    """Where Jira files a status: as the payload tells, else as the site is known to."""
    key = read.soft_obj(status, "statusCategory").get("key")
    if type(key) is str and key in STAGES:
        return STAGES[key]
    name = status.get("name")
    return site.statuses.get(name) if type(name) is str else None
