"""Milestones, sub-issues, dependencies and labels of the repository: what plans are made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations import read
from integrations.errors import Ignored
from integrations.github.decode import item, keys, parts
from integrations.readings import (
    ChangeSeen,
    Field,
    ItemSeen,
    LabelSeen,
    LinkSeen,
    MilestoneSeen,
    PersonSeen,
    ProjectSeen,
    Reading,
)
from rules.facts import LinkKind

Payload = Mapping[str, Any]


def milestone(payload: Payload, received_at: datetime) -> Reading:
    """A milestone was created, edited, closed, opened again or deleted."""
    project = parts.project(read.obj(payload, "repository"))
    action = read.text(payload, "action")
    seen = parts.milestone(read.obj(payload, "milestone"), "milestone", deleted=action == "deleted")
    actor = parts.sender(payload)
    at = received_at if action == "deleted" else (seen.as_of or received_at)
    changes = _milestone_changes(action, payload, seen, actor=actor, at=at)
    return Reading(at=at, project=project, actor=actor, milestones=(seen,), changes=changes)


def _milestone_changes(
    action: str, payload: Payload, seen: MilestoneSeen, *, actor: PersonSeen | None, at: datetime
) -> tuple[ChangeSeen, ...]:
    """The history in a milestone event. A due date that keeps its UTC date has not moved.

    GitHub tells the same day at different hours.
    """
    after = None if seen.due is None else seen.due.isoformat()
    if action == "created" and after is not None:
        return (_change(Field.DUE, seen, what="", actor=actor, at=seen.created_at or at, after=after),)
    if action == "closed":
        return (
            _change(
                Field.MILESTONE_STATE,
                seen,
                what="closed",
                actor=actor,
                at=seen.closed_at or at,
                before="open",
                after="closed",
            ),
        )
    if action == "opened":
        return (_change(Field.MILESTONE_STATE, seen, what="opened", actor=actor, at=at, before="closed", after="open"),)
    if action != "edited":
        return ()
    changed = read.soft_obj(payload, "changes")
    found = []
    if "due_on" in changed:
        day = read.opt_day(read.soft_obj(changed, "due_on"), "from", "changes.due_on")
        before = None if day is None else day.isoformat()
        if before != after:
            found.append(_change(Field.DUE, seen, what="", actor=actor, at=at, before=before, after=after))
    if "title" in changed:
        was = read.opt_text(read.soft_obj(changed, "title"), "from", "changes.title")
        found.append(_change(Field.MILESTONE_TITLE, seen, what="", actor=actor, at=at, before=was, after=seen.title))
    return tuple(found)


def _change(
    field: Field,
    seen: MilestoneSeen,
    *,
    what: str,
    actor: PersonSeen | None,
    at: datetime,
    before: str | None = None,
    after: str | None = None,
) -> ChangeSeen:
    key = keys.of_milestone(field.value, seen.number or 0, what, at)
    return ChangeSeen(key, at, field, actor, milestone=seen.native_id, before=before, after=after, url=seen.url or None)


def sub_issues(payload: Payload, received_at: datetime) -> Reading:
    """A sub-issue joined or left its parent. Neither issue's `updated_at` moves, and the payload tells no time.

    `received_at` stands in for it.
    """
    return _edge(payload, received_at, source="sub_issue", target="parent_issue", parent=True)


def issue_dependencies(payload: Payload, received_at: datetime) -> Reading:
    """One issue blocks another, or does no longer. As for sub-issues, no timestamp moves."""
    return _edge(payload, received_at, source="blocking_issue", target="blocked_issue", parent=False)


def _edge(payload: Payload, received_at: datetime, *, source: str, target: str, parent: bool) -> Reading:
    """An edge between two issues, each in `<name>` with its repository in `<name>_repo` (absent: the same)."""
    project = parts.project(read.obj(payload, "repository"))
    action = read.text(payload, "action")
    if not action.endswith(("_added", "_removed")):
        raise Ignored(f"{action} is not a change of links that Plumbline reads")
    ends, own = [], []
    for name in (source, target):
        data = read.opt_obj(payload, name)
        if data is None:
            raise Ignored(f"the payload does not carry the {name.replace('_', ' ')}, so the link has only one end")
        elsewhere = read.opt_obj(payload, f"{name}_repo")
        there = project if elsewhere is None else parts.project(elsewhere, f"{name}_repo")
        number = read.whole(data, "number", name)
        ends.append(item.native_id(there.native_id, number))
        if there.native_id == project.native_id and "html_url" in data:
            own.append(item.issue(data, project, name))
    kind = LinkKind.RELATES if parent else LinkKind.BLOCKS
    edge = LinkSeen(kind, ends[0], ends[1], removed=action.endswith("_removed"), parent=parent)
    items: tuple[ItemSeen, ...] = tuple(own)
    return Reading(at=received_at, project=project, actor=parts.sender(payload), items=items, links=(edge,))


def label(payload: Payload, received_at: datetime) -> Reading:
    """A label of the repository was made, renamed or taken away; which items wear it does not change with it."""
    project: ProjectSeen = parts.project(read.obj(payload, "repository"))
    data = read.obj(payload, "label")
    action = read.text(payload, "action")
    was = read.opt_text(read.soft_obj(read.soft_obj(payload, "changes"), "name"), "from", "changes.name")
    seen = LabelSeen(read.text(data, "name", "label"), action, was)
    return Reading(at=received_at, project=project, actor=parts.sender(payload), labels=(seen,))
