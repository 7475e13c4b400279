"""Comments and reviews.

Events: `issue_comment`, `pull_request_review`, `pull_request_review_comment`, `pull_request_review_thread`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations import read
from integrations.asking import asks
from integrations.github.decode import item, keys, parts
from integrations.github.decode.reading import about_item
from integrations.github.render import marker_in
from integrations.readings import ASKS, ChangeSeen, CommentSeen, Field, PersonSeen, Reading, ReviewSeen

Payload = Mapping[str, Any]
GHOST = PersonSeen("10137", "ghost", False, False)
"""GitHub's stand-in for deleted accounts: who wrote where the payload shows nobody."""


def issue_comment(payload: Payload, received_at: datetime) -> Reading:
    """A comment on an issue or pull request was written, edited or deleted."""
    project = parts.project(read.obj(payload, "repository"))
    seen = item.issue(read.obj(payload, "issue"), project)
    data = read.obj(payload, "comment")
    author = parts.author(data, "comment") or GHOST
    actor = parts.sender(payload, author)
    native_id = str(read.whole(data, "id", "comment"))
    url = read.opt_text(data, "html_url", "comment") or ""
    created = read.instant(data, "created_at", "comment")
    action = read.text(payload, "action")
    at = created if action == "created" else (read.opt_instant(data, "updated_at", "comment") or received_at)
    if action == "deleted":
        at = seen.as_of or received_at
    comment = CommentSeen(
        item=seen.native_id,
        native_id=native_id,
        event=action,
        body=read.opt_text(data, "body", "comment") or "",
        marker=marker_in(read.opt_text(data, "body", "comment")),
        author=author,
        actor=actor,
        at=at,
        url=url,
        before=_replaced(payload) if action == "edited" else None,
    )
    changes: tuple[ChangeSeen, ...] = ()
    if action == "created":
        changes = (said(Field.COMMENT, native_id, seen.native_id, actor=author, at=at, url=url, text=comment.body),)
    return about_item(project, seen, actor=actor, at=at, changes=changes, comments=(comment,))


def pull_request_review(payload: Payload, received_at: datetime) -> Reading:
    """A review was given, edited or dismissed."""
    project = parts.project(read.obj(payload, "repository"))
    seen = item.pull_request(read.obj(payload, "pull_request"), project)
    data = read.obj(payload, "review")
    found = review(data, seen.native_id, received_at)
    actor = parts.sender(payload, found.reviewer)
    at = found.at
    changes: tuple[ChangeSeen, ...] = ()
    action = read.text(payload, "action")
    if action == "submitted":
        changes = (review_change(found, data),)
    elif action == "dismissed":
        # The review keeps the time it was given at; when it was dismissed only the pull request's own timestamp tells.
        at = seen.as_of or received_at
        key = keys.by_id("review", found.native_id) + ":dismissed"
        url = read.opt_text(data, "html_url", "review")
        changes = (ChangeSeen(key, at, Field.REVIEW, actor, item=seen.native_id, after="dismissed", url=url),)
    elif action == "edited":
        at = seen.as_of or received_at
    return about_item(project, seen, actor=actor, at=at, changes=changes, reviews=(found,))


def pull_request_review_comment(payload: Payload, received_at: datetime) -> Reading:
    """A comment on the lines of a pull request was written, edited or deleted."""
    project = parts.project(read.obj(payload, "repository"))
    seen = item.pull_request(read.obj(payload, "pull_request"), project)
    data = read.obj(payload, "comment")
    author = parts.author(data, "comment") or GHOST
    actor = parts.sender(payload, author)
    at = read.instant(data, "created_at", "comment")
    changes: tuple[ChangeSeen, ...] = ()
    if read.text(payload, "action") == "created":
        native_id = str(read.whole(data, "id", "comment"))
        url = read.opt_text(data, "html_url", "comment")
        body = read.opt_text(data, "body", "comment") or ""
        changes = (said(Field.REVIEW_COMMENT, native_id, seen.native_id, actor=author, at=at, url=url, text=body),)
    else:
        at = seen.as_of or received_at
    return about_item(project, seen, actor=actor, at=at, changes=changes)


def pull_request_review_thread(payload: Payload, received_at: datetime) -> Reading:
    """Resolving a thread is no history of ours; the snapshot it carries is."""
    project = parts.project(read.obj(payload, "repository"))
    seen = item.pull_request(read.obj(payload, "pull_request"), project)
    return about_item(project, seen, actor=parts.sender(payload), at=seen.as_of or received_at)


def review(data: Mapping[str, Any], of_item: str, received_at: datetime, path: str = "review") -> ReviewSeen:
    """A review. The API writes the state in capitals, webhooks in small letters."""
    return ReviewSeen(
        item=of_item,
        native_id=str(read.whole(data, "id", path)),
        reviewer=parts.author(data, path) or GHOST,
        state=read.text(data, "state", path).lower(),
        at=read.opt_instant(data, "submitted_at", path) or received_at,
        commit=read.opt_text(data, "commit_id", path),
    )


def review_change(found: ReviewSeen, data: Mapping[str, Any], path: str = "review") -> ChangeSeen:
    """The giving of a review as history."""
    url = read.opt_text(data, "html_url", path)
    key = keys.by_id("review", found.native_id)
    return ChangeSeen(key, found.at, Field.REVIEW, found.reviewer, item=found.item, after=found.state, url=url)


def _replaced(payload: Payload) -> str | None:
    """The text that an edit replaced; None where the text was not edited."""
    return read.opt_text(read.soft_obj(read.soft_obj(payload, "changes"), "body"), "from", "changes.body")


def said(
    field: Field, native_id: str, of_item: str, *, actor: PersonSeen, at: datetime, url: str | None, text: str
) -> ChangeSeen:
    """Something written, as history: whether it asks, not its text."""
    after = ASKS if asks(text) else None
    return ChangeSeen(keys.by_id(field.value, native_id), at, field, actor, item=of_item, after=after, url=url)
