"""Links between issues, normalised: the source blocks the target, whichever end and whichever words Jira tells.

A link runs from its source, which *does* what the outward words say, to its destination, to which the inward words
apply. Names of link types are a site's own; so the words decide, and what they do not decide is only related.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations import read
from integrations.errors import Ignored
from integrations.jira.decode import milestones, parts
from integrations.jira.site import Site
from integrations.readings import LinkSeen
from rules.facts import LinkKind

Payload = Mapping[str, Any]
_FORWARD: Mapping[str, LinkKind] = {
    "blocks": LinkKind.BLOCKS,
    "is blocking": LinkKind.BLOCKS,
    "is a blocker of": LinkKind.BLOCKS,
    "is required by": LinkKind.BLOCKS,
    "is required for": LinkKind.BLOCKS,
    "is depended on by": LinkKind.BLOCKS,
    "is depended upon by": LinkKind.BLOCKS,
    "is a dependency of": LinkKind.BLOCKS,
    "has to be done before": LinkKind.BLOCKS,
    "must be done before": LinkKind.BLOCKS,
    "clones": LinkKind.SPLIT_FROM,
    "split from": LinkKind.SPLIT_FROM,
    "is split from": LinkKind.SPLIT_FROM,
}
_BACKWARD: Mapping[str, LinkKind] = {
    "is blocked by": LinkKind.BLOCKS,
    "depends on": LinkKind.BLOCKS,
    "depends upon": LinkKind.BLOCKS,
    "requires": LinkKind.BLOCKS,
    "has to be done after": LinkKind.BLOCKS,
    "must be done after": LinkKind.BLOCKS,
    "is cloned by": LinkKind.SPLIT_FROM,
    "split to": LinkKind.SPLIT_FROM,
    "is split to": LinkKind.SPLIT_FROM,
}
_NAMED: Mapping[str, tuple[LinkKind, bool]] = {
    "blocks": (LinkKind.BLOCKS, True),
    "blocker": (LinkKind.BLOCKS, True),
    "cloners": (LinkKind.SPLIT_FROM, True),
    "issue split": (LinkKind.SPLIT_FROM, False),
    "work item split": (LinkKind.SPLIT_FROM, False),
}
"""Jira's own types keep these names where their words were translated."""


def edge(name: str, outward: str, *, source: str, target: str, removed: bool, at: datetime | None) -> LinkSeen:
    """The edge that a link from `source` to `target` is."""
    words = " ".join(outward.casefold().split())
    if words in _FORWARD:
        kind, forward = _FORWARD[words], True
    elif words in _BACKWARD:
        kind, forward = _BACKWARD[words], False
    else:
        kind, forward = _NAMED.get(name.casefold(), (LinkKind.RELATES, True))
    ends = (source, target) if forward else (target, source)
    return LinkSeen(kind, *ends, removed=removed, at=at)


def parent_edge(child: str, parent: str, *, at: datetime | None, removed: bool = False) -> LinkSeen:
    return LinkSeen(LinkKind.RELATES, child, parent, removed=removed, parent=True, at=at)


def of_snapshot(fields: Payload, path: str, *, native_id: str, site: Site, at: datetime | None) -> tuple[LinkSeen, ...]:
    """The edges a whole issue shows: its links, its sub-tasks, and what it is a part of."""
    found = [_link(one, where, native_id, at) for where, one in parts.objects(fields, "issuelinks", path)]
    for where, one in parts.objects(fields, "subtasks", path):
        found.append(parent_edge(read.ident(one, "id", where), native_id, at=at))
    parent = read.opt_obj(fields, "parent", path)
    if parent is not None:
        found.append(parent_edge(native_id, read.ident(parent, "id", f"{path}.parent"), at=at))
    elif site.epic is not None and (key := read.opt_text(fields, site.epic, path)):
        found.append(parent_edge(native_id, key, at=at))  # Data Center tells an epic by its key alone
    return tuple(dict.fromkeys(found))


def _link(one: Payload, path: str, native_id: str, at: datetime | None) -> LinkSeen:
    kind = read.obj(one, "type", path)
    outbound = one.get("outwardIssue") is not None
    other = read.obj(one, "outwardIssue" if outbound else "inwardIssue", path)
    there = read.ident(other, "id", f"{path}.{'outwardIssue' if outbound else 'inwardIssue'}")
    ends = (native_id, there) if outbound else (there, native_id)
    name, outward = read.opt_text(kind, "name", f"{path}.type"), read.opt_text(kind, "outward", f"{path}.type")
    return edge(name or "", outward or "", source=ends[0], target=ends[1], removed=False, at=at)


def of_event(data: Payload, path: str, *, removed: bool, at: datetime | None) -> LinkSeen:
    """The edge of an `issuelink` event, which carries ids alone. Links that Jira draws by itself (an epic to what is in
    it) are left: the event of the issue inside tells them, and Data Center names the epic there by its key.
    """
    kind = read.obj(data, "issueLinkType", path)
    where = f"{path}.issueLinkType" if path else "issueLinkType"
    source, target = read.ident(data, "sourceIssueId", path), read.ident(data, "destinationIssueId", path)
    name, outward = read.opt_text(kind, "name", where) or "", read.opt_text(kind, "outwardName", where) or ""
    if read.opt_flag(kind, "isSubTaskLinkType", where):
        return parent_edge(target, source, at=at, removed=removed)
    if read.opt_flag(kind, "isSystemLinkType", where) or name == "Epic-Story Link":
        raise Ignored(f"{name[:80]} is drawn by Jira itself; the event of the issue inside tells it")
    return edge(name, outward, source=source, target=target, removed=removed, at=at)


def above(fields: Payload, path: str, *, base: str, site: Site, subtask: bool) -> tuple[Any, ...]:
    """The epic this issue is in, where the payload tells its id; a sub-task's parent is none."""
    parent = read.opt_obj(fields, "parent", path)
    if parent is None or subtask:
        return ()
    epic = milestones.epic_above(parent, f"{path}.parent", base=base, site=site)
    return () if epic is None else (epic,)
