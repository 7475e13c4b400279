"""Comments and work logs: what people said on an issue, and the time they put in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations import read
from integrations.asking import asks
from integrations.jira.decode import adf, keys, parts
from integrations.jira.render import marker_in
from integrations.readings import ASKS, ChangeSeen, CommentSeen, Field, PersonSeen

Payload = Mapping[str, Any]


def comment(
    data: Payload, path: str, *, item: str, url: str, event: str, actor: PersonSeen | None, at: datetime | None
) -> CommentSeen:
    """A comment. `at` stands for a deletion, of which the comment itself tells no time."""
    author = parts.opt_person(data, "author", path) or parts.NOBODY
    created = read.instant(data, "created", path)
    if event == "edited":
        actor = actor or parts.opt_person(data, "updateAuthor", path)
        at = read.opt_instant(data, "updated", path) or at
    elif event != "deleted":
        actor, at = author, created
    body = adf.opt_body(data, "body", path) or ""
    return CommentSeen(
        item=item,
        native_id=read.ident(data, "id", path),
        event=event,
        body=body,
        marker=marker_in(body),
        author=author,
        actor=actor,
        at=at or created,
        url=url,
    )


def said(data: Payload, seen: CommentSeen, path: str) -> ChangeSeen:
    """The writing of a comment as history: whether it asks, not its text."""
    at = read.instant(data, "created", path)
    key = keys.by_id("comment", seen.native_id)
    after = ASKS if asks(seen.body) else None
    return ChangeSeen(key, at, Field.COMMENT, seen.author, item=seen.item, after=after, url=seen.url or None)


def was_edited(data: Payload, path: str) -> bool:
    """Whether a comment has been edited since it was written."""
    return read.opt_instant(data, "updated", path) not in (None, read.instant(data, "created", path))


def of_issue(data: Payload, path: str) -> str | None:
    """The id of the issue a comment is on, from its own address; None where that does not tell."""
    own = read.opt_text(data, "self", path) or ""
    before, _, after = own.partition("/issue/")
    native_id = after.partition("/")[0]
    return native_id if before and native_id.isascii() and native_id.isdigit() and len(native_id) < 20 else None


def worklog(data: Payload, path: str, *, item: str, url: str | None) -> ChangeSeen:
    """Time put in, in seconds; when it was written down counts, for which day it is does not."""
    seconds = read.opt_whole(data, "timeSpentSeconds", path)
    at = read.opt_instant(data, "created", path) or read.instant(data, "updated", path)
    return ChangeSeen(
        keys.by_id("worklog", read.ident(data, "id", path)),
        at,
        Field.WORKLOG,
        parts.opt_person(data, "author", path),
        item=item,
        after=None if seconds is None else str(seconds),
        url=url,
    )
