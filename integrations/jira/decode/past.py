"""The stored answers of Jira's REST API as readings: an issue with all its history, an issue that is gone, milestones.

`told` says which. An issue comes with `histories`, `comments` and `worklogs`, each complete, and gives the same changes
as the webhooks about it gave; comments from `since` on are news.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from integrations import read
from integrations.errors import Ignored
from integrations.jira.decode import changelog, conversation, issues, milestones, parts
from integrations.jira.decode.item import Shown, issue
from integrations.jira.site import Site
from integrations.readings import ChangeSeen, CommentSeen, ItemSeen, Reading
from rules.facts import Kind

Payload = Mapping[str, Any]


def history(payload: Payload, received_at: datetime, site: Site) -> Reading:
    """Read what was asked for. Pure; raises `BadPayload`."""
    told = read.text(payload, "told")
    asked_at = read.opt_instant(payload, "asked_at") or received_at
    if told == "issue":
        return _issue(payload, asked_at, site)
    if told == "gone":
        return _gone(payload, asked_at)
    if told == "milestones":
        return _milestones(payload, asked_at, site)
    raise read.bad("", "told", told, "issue, gone or milestones")


def _issue(payload: Payload, asked_at: datetime, site: Site) -> Reading:
    shown = issue(read.obj(payload, "issue"), site, told_at=asked_at)
    histories = sorted(
        ((read.instant(one, "created", path), path, one) for path, one in parts.objects(payload, "histories", "")),
        key=lambda entry: (entry[0], read.ident(entry[2], "id", entry[1])),
    )
    people = parts.logins(*(parts.opt_person(one, "author", path) for _at, path, one in histories))
    shown = replace(shown, logins={**people, **(shown.logins or {})})
    changes: list[ChangeSeen] = []
    first: str | None = None
    for at, path, one in histories:
        items = read.objects(one, "items", path) or []
        first = first or changelog.first_status(items, f"{path}.items")
        actor = issues.with_a_part(parts.opt_person(one, "author", path), shown)
        of = issues.history_of(shown, one, path, at=at, actor=actor, site=site)
        changes += changelog.changes(of, items, f"{path}.items")
    made = issues.opened(shown, first)
    comments, said = _comments(payload, shown, read.opt_instant(payload, "since"))
    comments += _looked_at(payload, comments, shown, asked_at)
    reading = issues.about(
        shown,
        actor=None,
        at=shown.seen.as_of or asked_at,
        changes=(*(() if made is None else (made,)), *changes, *said, *_worklogs(payload, shown)),
        comments=comments,
    )
    return replace(reading, whole=(shown.seen.native_id,), asked_at=asked_at)


def _comments(
    payload: Payload, shown: Shown, since: datetime | None
) -> tuple[tuple[CommentSeen, ...], tuple[ChangeSeen, ...]]:
    comments, said = [], []
    for path, data in parts.objects(payload, "comments", ""):
        news = since is not None and read.instant(data, "created", path) >= since
        url = parts.comment_url(shown.base, shown.seen.key, read.ident(data, "id", path))
        one = conversation.comment(
            data,
            path,
            item=shown.seen.native_id,
            url=url,
            event="created" if news else "seen",
            actor=None,
            at=None,
        )
        comments.append(one)
        said.append(conversation.said(data, one, path))
    return tuple(comments), tuple(said)


def _looked_at(
    payload: Payload, comments: tuple[CommentSeen, ...], shown: Shown, asked_at: datetime
) -> tuple[CommentSeen, ...]:
    """The comment that was looked at, as if webhooks had told what became of it: by whom, nobody says."""
    native_id = read.opt_text(payload, "comment")
    if native_id is None:
        return ()
    there = next((one for one in comments if one.native_id == native_id), None)
    if there is not None:
        return (replace(there, event="edited", actor=None),)
    return (
        CommentSeen(
            item=shown.seen.native_id,
            native_id=native_id,
            event="deleted",
            body="",
            author=parts.NOBODY,
            actor=None,
            at=asked_at,
            url=parts.comment_url(shown.base, shown.seen.key, native_id),
        ),
    )


def _worklogs(payload: Payload, shown: Shown) -> tuple[ChangeSeen, ...]:
    return tuple(
        conversation.worklog(data, path, item=shown.seen.native_id, url=None)
        for path, data in parts.objects(payload, "worklogs", "")
    )


def _gone(payload: Payload, asked_at: datetime) -> Reading:
    """An issue that is not there any more, or is now another one."""
    key = read.text(payload, "key")
    if payload.get("id") is None:
        raise Ignored(f"{key[:80]} is gone, and without its id nobody can tell which issue it was")
    native_id = read.ident(payload, "id")
    to = read.opt_text(payload, "moved_to")
    number = parts.number_of(key, "key")
    seen = ItemSeen(native_id, key, number, Kind.ISSUE, asked_at, deleted=to is None, moved_to=to)
    note = f"{key} is no longer here" if to is None else f"{key} was moved"
    return Reading(at=asked_at, items=(seen,), whole=(native_id,), asked_at=asked_at, note=note)


def _milestones(payload: Payload, asked_at: datetime, site: Site) -> Reading:
    """All versions of a project, and all sprints of its boards."""
    data = read.obj(payload, "project")
    base = parts.base_url(data, site)
    here = parts.project(data, "project", base)
    versions = tuple(
        milestones.version(one, path, base=base, as_of=asked_at, project=here.native_id)
        for path, one in parts.objects(payload, "versions", "")
    )
    sprints = tuple(
        milestones.sprint(one, path, base=base, as_of=asked_at) for path, one in parts.objects(payload, "sprints", "")
    )
    return Reading(
        at=asked_at,
        project=here,
        milestones=(*versions, *sprints),
        asked_at=asked_at,
        note=f"{len(versions)} versions, {len(sprints)} sprints",
    )
