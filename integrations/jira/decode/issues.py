"""Issue and comment events: what happened to an issue, with the issue as it is then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from integrations import read
from integrations.errors import Ignored
from integrations.jira.decode import changelog, conversation, keys, parts, sprints
from integrations.jira.decode.item import Shown, issue
from integrations.jira.site import Site
from integrations.readings import ChangeSeen, CommentSeen, Field, PersonSeen, Reading
from rules.facts import Kind

Payload = Mapping[str, Any]


def created(payload: Payload, received_at: datetime, site: Site) -> Reading:
    """An issue was made. Its changelog holds what it was made with, which its history never tells again: left out."""
    shown = issue(read.obj(payload, "issue"), site, told_at=parts.told_at(payload))
    status = None
    for place, one in enumerate(_items(payload)):
        if (read.opt_text(one, "field", f"changelog.items.{place}") or "").casefold() == "status":
            status = read.opt_text(one, "toString", f"changelog.items.{place}")
    first = () if (made := opened(shown, status)) is None else (made,)
    return about(shown, actor=parts.actor(payload), at=_at(payload, shown, received_at), changes=first)


def updated(payload: Payload, received_at: datetime, site: Site) -> Reading:
    """An issue was changed, moved or commented on (older Jiras tell comments so too)."""
    shown = issue(read.obj(payload, "issue"), site, told_at=parts.told_at(payload))
    actor = parts.actor(payload)
    at = _at(payload, shown, received_at)
    found: tuple[ChangeSeen, ...] = ()
    note = ""
    if items := _items(payload):
        worker = with_a_part(actor, shown)
        of = history_of(shown, payload["changelog"], "changelog", at=at, actor=worker, site=site)
        found = changelog.changes(of, items, "changelog.items")
        actor = worker if found else actor  # by what is no history of ours, a part is not told either way
        note = changelog.unclear(items, "changelog.items", site)
    comments: tuple[CommentSeen, ...] = ()
    if (data := read.opt_obj(payload, "comment")) is not None:
        event = "edited" if conversation.was_edited(data, "comment") else "created"
        comments, told = _comment(data, shown.seen.native_id, shown, event=event, actor=actor, at=at)
        found = (*found, *told)
    return replace(about(shown, actor=actor, at=at, changes=found, comments=comments), note=note)


def deleted(payload: Payload, received_at: datetime, site: Site) -> Reading:
    """An issue is gone, as of the payload's own time: the issue does not tell when."""
    told_at = parts.told_at(payload)
    shown = issue(read.obj(payload, "issue"), site, told_at=told_at)
    at = told_at or shown.seen.as_of or received_at
    gone = tuple(
        replace(one, deleted=True, open=False, as_of=at) if one.native_id == f"epic/{shown.seen.native_id}" else one
        for one in shown.milestones
    )
    shown = replace(shown, seen=replace(shown.seen, deleted=True, as_of=at), milestones=gone)
    return about(shown, actor=parts.actor(payload), at=at)


def commented(event: str, payload: Payload, received_at: datetime, site: Site) -> Reading:
    """A comment was created, edited or deleted. Cloud shows a few fields of the issue, Data Center none of it: then the
    comment's own address tells which issue it is on.
    """
    data = read.obj(payload, "comment")
    told_at = parts.told_at(payload) or received_at
    actor = parts.actor(payload)
    shown = None
    if read.opt_obj(payload, "issue") is not None:
        shown = issue(payload["issue"], site, told_at=parts.told_at(payload))
        native_id: str | None = shown.seen.native_id
    else:
        native_id = conversation.of_issue(data, "comment")
    if native_id is None:
        raise Ignored("the comment names no issue, neither with it nor in its own address")
    comments, changes = _comment(data, native_id, shown, event=event, actor=actor, at=told_at)
    if shown is None:
        return Reading(at=comments[0].at, actor=comments[0].actor, changes=changes, comments=comments)
    return about(shown, actor=comments[0].actor, at=comments[0].at, changes=changes, comments=comments)


def with_a_part(actor: PersonSeen | None, shown: Shown) -> PersonSeen | None:
    """Who changes an issue's fields may edit issues, so has a part in the project; who only comments may be anybody.
    On a service desk customers change some fields too, so there nothing is said.
    """
    if actor is None or (shown.project is not None and shown.project.service_desk):
        return actor
    return replace(actor, member=True)


def _comment(
    data: Payload, item: str, shown: Shown | None, *, event: str, actor: PersonSeen | None, at: datetime
) -> tuple[tuple[CommentSeen, ...], tuple[ChangeSeen, ...]]:
    url = "" if shown is None else parts.comment_url(shown.base, shown.seen.key, read.ident(data, "id", "comment"))
    seen = conversation.comment(data, "comment", item=item, url=url, event=event, actor=actor, at=at)
    return (seen,), ((conversation.said(data, seen, "comment"),) if event == "created" else ())


def about(
    shown: Shown,
    *,
    actor: PersonSeen | None,
    at: datetime,
    changes: Iterable[ChangeSeen] = (),
    comments: tuple[CommentSeen, ...] = (),
) -> Reading:
    """A reading about one issue, with the sprints, versions and epics it names and the ends of sprints it was in."""
    seen = shown.seen
    return Reading(
        at=at,
        project=shown.project,
        actor=actor,
        items=(seen,),
        milestones=tuple({one.native_id: one for one in shown.milestones}.values()),
        changes=(*changes, *sprints.endings(shown.over, seen.native_id)),
        links=shown.links,
        comments=comments,
    )


def opened(shown: Shown, status: str | None) -> ChangeSeen | None:
    """That the issue was made, in the status it had first; None where the payload does not tell when."""
    text, state = shown.seen.text, shown.seen.state
    if text is None:
        return None
    word = status or (None if state is None else state.status)
    key = keys.opened(shown.seen.native_id)
    maker = shown.creator
    return ChangeSeen(key, text.created_at, Field.STATE, maker, item=shown.seen.native_id, after=word, url=shown.url)


def history_of(
    shown: Shown, data: Payload, path: str, *, at: datetime, actor: PersonSeen | None, site: Site
) -> changelog.History:
    """One entry of the issue's history, of a webhook or of the REST API."""
    return changelog.History(
        native_id=read.ident(data, "id", path),
        at=at,
        actor=actor,
        item=shown.seen.native_id,
        url=shown.url,
        site=site,
        logins={**(shown.logins or {}), **parts.logins(actor)},
        subtask=shown.seen.kind is Kind.SUBTASK,
    )


def _items(payload: Payload) -> list[Payload]:
    return read.objects(read.opt_obj(payload, "changelog") or {}, "items", "changelog") or []


def _at(payload: Payload, shown: Shown, received_at: datetime) -> datetime:
    """When it happened: the issue's `updated`, unless it was changed again before the payload was made."""
    told = [at for at in (shown.seen.as_of, parts.told_at(payload)) if at is not None]
    return min(told, default=received_at)
