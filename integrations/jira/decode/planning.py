"""Sprints, versions, links and work logs: events that carry ids alone, and no project."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations import read
from integrations.errors import Ignored
from integrations.jira.decode import conversation, keys, links, milestones, parts
from integrations.jira.site import Site
from integrations.readings import ChangeSeen, Field, MilestoneSeen, Reading

Payload = Mapping[str, Any]


def sprint(event: str, payload: Payload, received_at: datetime, site: Site) -> Reading:
    """A sprint was created, started, updated, closed or deleted. Who did it and what is in it, Jira does not say."""
    data = read.obj(payload, "sprint")
    told_at = parts.told_at(payload)
    base = parts.base_url(data, site)
    at = told_at or received_at
    gone = event == "deleted"  # which is for good, so it has a time even where the payload tells none
    seen = milestones.sprint(data, "sprint", base=base, as_of=at if gone else told_at, deleted=gone)
    changes: tuple[ChangeSeen, ...] = ()
    if event == "started":
        changes = (_turned(seen, "started", at, "future", "active"),)
    elif event == "closed":
        changes = (_turned(seen, "closed", seen.closed_at or at, "active", "closed"),)
    elif event == "updated" and (old := read.opt_obj(payload, "oldValue")) is not None and "name" in old:
        changes = _moved(milestones.sprint(old, "oldValue", base=base, as_of=None), seen, at)
    return Reading(at=at, actor=parts.actor(payload), milestones=(seen,), changes=changes)


def version(event: str, payload: Payload, received_at: datetime, site: Site) -> Reading:
    """A version was created, released, unreleased, updated, moved (in the list) or deleted. One that was merged into
    another comes as deleted, with the other in `mergedTo`.
    """
    data = read.obj(payload, "version")
    told_at = parts.told_at(payload)
    base = parts.base_url(data, site)
    at = told_at or received_at
    merged, heir = _merged(payload, base=base, as_of=told_at)
    gone = event in ("deleted", "merged")
    as_of = at if gone else told_at
    seen = milestones.version(data, "version", base=base, as_of=as_of, deleted=gone, merged=merged if gone else None)
    changes: tuple[ChangeSeen, ...] = ()
    if event == "released":
        changes = (_turned(seen, "released", at, "unreleased", "released"),)
    elif event == "unreleased":
        changes = (_turned(seen, "unreleased", at, "released", "unreleased"),)
    return Reading(at=at, actor=parts.actor(payload), milestones=(seen, *heir), changes=changes)


def _merged(payload: Payload, *, base: str, as_of: datetime | None) -> tuple[str | None, tuple[MilestoneSeen, ...]]:
    """The version that took the items over, as its native id and as far as the payload shows it."""
    other = payload.get("mergedTo")
    if other is None:
        return None, ()
    if type(other) is dict:
        seen = milestones.version(other, "mergedTo", base=base, as_of=as_of)
        return seen.native_id, (seen,)
    return f"version/{read.ident(payload, 'mergedTo')}", ()


def _turned(seen: MilestoneSeen, what: str, at: datetime, before: str, after: str) -> ChangeSeen:
    key = keys.of_milestone(seen.native_id, what, at)
    return ChangeSeen(
        key, at, Field.MILESTONE_STATE, None, milestone=seen.native_id, before=before, after=after, url=seen.url or None
    )


def _moved(old: MilestoneSeen, new: MilestoneSeen, at: datetime) -> tuple[ChangeSeen, ...]:
    """What an update changed in name and date, where the event tells what was before."""
    due = [None if one.due is None else one.due.isoformat() for one in (old, new)]
    found: list[tuple[Field, str, tuple[str | None, str | None]]] = []
    if old.title != new.title:
        found.append((Field.MILESTONE_TITLE, "title", (old.title, new.title)))
    if due[0] != due[1]:
        found.append((Field.DUE, "due", (due[0], due[1])))
    return tuple(
        ChangeSeen(
            keys.of_milestone(new.native_id, what, at),
            at,
            field,
            None,
            milestone=new.native_id,
            before=before,
            after=after,
            url=new.url or None,
        )
        for field, what, (before, after) in found
    )


def link(event: str, payload: Payload, received_at: datetime, site: Site) -> Reading:
    """A link was drawn or taken away. Documents show its parts with and without an `issueLink` around them."""
    wrapped = read.opt_obj(payload, "issueLink")
    data, path = (payload, "") if wrapped is None else (wrapped, "issueLink")
    at = parts.told_at(payload)
    edge = links.of_event(data, path, removed=event == "deleted", at=at)
    return Reading(at=at or received_at, actor=parts.actor(payload), links=(edge,))


def worklog(event: str, payload: Payload, received_at: datetime, site: Site) -> Reading:
    """Time was written down, or what was written was mended: one change, at the time it was first written."""
    if event == "deleted":
        raise Ignored("a deleted work log undoes no work; the issue's own event tells the hours")
    data = read.obj(payload, "worklog")
    item = read.ident(data, "issueId", "worklog")
    change = conversation.worklog(data, "worklog", item=item, url=None)
    return Reading(at=change.at, actor=change.actor, changes=(change,))
