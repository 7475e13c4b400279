"""The stored answers of GitHub's REST API as readings: an item with all its history, an item that is gone, milestones.

One payload holds what one round of asking gave: `asked_at` (GitHub's clock), `why`, `repository`, and either
`milestones`; or `gone` (`number`, `kind`, `moved_to`); or `issue` with `timeline` and, for a pull request,
`pull_request`, `reviews`, `review_comments`, `check_runs`, `statuses`. `titles` maps milestones' titles to their ids;
`comment` is one comment that was looked at (see `integrations.github.comments`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from integrations import read
from integrations.errors import BadPayload
from integrations.github.decode import checks, conversation, item, parts, timeline
from integrations.github.decode.reading import about_item
from integrations.github.render import marker_in
from integrations.readings import (
    DISCUSSION,
    ChangeSeen,
    ChecksSeen,
    CommentSeen,
    Field,
    ItemSeen,
    LinkSeen,
    MilestoneSeen,
    Payload,
    ProjectSeen,
    Reading,
    ReviewSeen,
)
from rules.facts import Kind, LinkKind


def history(payload: Payload, received_at: datetime) -> Reading:
    """Read what was asked for. Pure; raises `BadPayload`."""
    project = parts.project(read.obj(payload, "repository"))
    asked_at = read.opt_instant(payload, "asked_at") or received_at
    if (listed := read.objects(payload, "milestones")) is not None:
        seen = tuple(parts.milestone(one, f"milestones.{place}") for place, one in enumerate(listed))
        if payload.get("action") == "import":
            seen = (*_as_made(seen), *seen)
        return Reading(
            at=asked_at, project=project, milestones=seen, asked_at=asked_at, note=f"{len(listed)} milestones"
        )
    gone = read.opt_obj(payload, "gone")
    if gone is not None:
        return _gone(gone, project, asked_at)
    return _item(payload, project, asked_at)


def _as_made(seen: tuple[MilestoneSeen, ...]) -> tuple[MilestoneSeen, ...]:
    """Milestones as they must have been made: GitHub keeps no history of due dates, so the one it has now counts as
    set from the start, where no webhook has told better.
    """
    return tuple(
        replace(one, as_of=one.created_at) for one in seen if one.created_at is not None and one.due is not None
    )


def _gone(data: Mapping[str, Any], project: ProjectSeen, asked_at: datetime) -> Reading:
    number = read.whole(data, "number", "gone")
    kind = Kind.PULL_REQUEST if data.get("kind") == Kind.PULL_REQUEST.value else Kind.ISSUE
    native_id = item.native_id(project.native_id, number)
    to = read.opt_text(data, "moved_to", "gone")
    seen = ItemSeen(native_id, f"#{number}", number, kind, asked_at, deleted=to is None, moved_to=to)
    note = f"#{number} is no longer here" if to is None else f"#{number} was moved"
    return Reading(at=asked_at, project=project, items=(seen,), whole=(native_id,), asked_at=asked_at, note=note)


def _item(payload: Payload, project: ProjectSeen, asked_at: datetime) -> Reading:
    issue = read.obj(payload, "issue")
    pull = read.opt_obj(payload, "pull_request")
    seen = item.issue(issue, project) if pull is None else item.pull_request(pull, project)
    found = timeline.past(
        read.array(payload, "timeline") or [],
        seen,
        milestones=_titles(payload),
        since=read.opt_instant(payload, "since"),
    )
    if _is_discussion(payload, seen):
        seen = replace(seen, moved_to=DISCUSSION)
    reviews, given = _reviews(payload, seen, found.given, asked_at)
    said = _review_comments(payload, seen)
    reading = about_item(
        project,
        seen,
        actor=None,
        at=seen.as_of or asked_at,
        changes=(*found.changes, *given, *said),
        comments=(*found.comments, *_looked_at(payload, seen, asked_at)),
        reviews=reviews,
    )
    return replace(
        reading,
        checks=_checks(payload, project, seen, asked_at),
        links=_parent(issue, project, seen),
        whole=(seen.native_id,),
        asked_at=asked_at,
    )


def _is_discussion(payload: Payload, seen: ItemSeen) -> bool:
    """GitHub keeps an issue that was turned into a discussion, closed and locked; its timeline alone tells."""
    told = (one.get("event") for one in read.array(payload, "timeline") or () if type(one) is dict)
    return seen.state is not None and not seen.state.open and "converted_to_discussion" in told


def _looked_at(payload: Payload, seen: ItemSeen, asked_at: datetime) -> tuple[CommentSeen, ...]:
    """The comment that was looked at, as if webhooks had told what became of it: by whom, nobody says."""
    data = read.opt_obj(payload, "comment")
    if data is None:
        return ()
    found = CommentSeen(
        item=seen.native_id,
        native_id=str(read.whole(data, "id", "comment")),
        event="deleted",
        body=read.opt_text(data, "body", "comment") or "",
        marker=marker_in(read.opt_text(data, "body", "comment")),
        author=parts.author(data, "comment") or conversation.GHOST,
        actor=None,
        at=asked_at,
        url=read.opt_text(data, "html_url", "comment") or "",
    )
    if read.opt_flag(data, "gone", "comment"):
        return (found,)
    edited = replace(found, event="edited", at=read.opt_instant(data, "updated_at", "comment") or asked_at)
    hidden = read.opt_flag(data, "minimized", "comment")
    return (edited, replace(found, event="minimized")) if hidden else (edited,)


def _titles(payload: Payload) -> dict[str, str]:
    titles = read.soft_obj(payload, "titles")
    return {read.clean(title): native for title, native in titles.items() if type(native) is str}


def _reviews(
    payload: Payload, seen: ItemSeen, dismissed: Mapping[str, str], asked_at: datetime
) -> tuple[tuple[ReviewSeen, ...], tuple[ChangeSeen, ...]]:
    """Reviews as they stand, and their giving as history: in the state they were given with."""
    found: list[ReviewSeen] = []
    changes: list[ChangeSeen] = []
    for place, data in enumerate(read.objects(payload, "reviews") or ()):
        if data.get("state") == "PENDING":  # a draft of the token's own user: nobody else sees it
            continue
        path = f"reviews.{place}"
        one = conversation.review(data, seen.native_id, asked_at, path)
        found.append(one)
        first = replace(one, state=dismissed.get(one.native_id, one.state))
        changes.append(conversation.review_change(first, data, path))
    return tuple(found), tuple(changes)


def _review_comments(payload: Payload, seen: ItemSeen) -> tuple[ChangeSeen, ...]:
    found = []
    for place, data in enumerate(read.objects(payload, "review_comments") or ()):
        path = f"review_comments.{place}"
        author = parts.author(data, path) or conversation.GHOST
        native_id = str(read.whole(data, "id", path))
        at = read.instant(data, "created_at", path)
        url = read.opt_text(data, "html_url", path)
        body = read.opt_text(data, "body", path) or ""
        said = conversation.said(
            Field.REVIEW_COMMENT, native_id, seen.native_id, actor=author, at=at, url=url, text=body
        )
        found.append(said)
    return tuple(found)


def _checks(payload: Payload, project: ProjectSeen, seen: ItemSeen, asked_at: datetime) -> tuple[ChecksSeen, ...]:
    """Checks on the head, for the pull request that was asked about."""
    runs = [
        checks.run(data, project, asked_at, f"check_runs.{place}")
        for place, data in enumerate(read.objects(payload, "check_runs") or ())
    ]
    sha = "" if seen.pull is None else seen.pull.head_sha
    contexts = [
        checks.context(data, sha, asked_at, f"statuses.{place}")
        for place, data in enumerate(read.objects(payload, "statuses") or ())
    ]
    return tuple(replace(one, items=(seen.native_id,)) for one in (*runs, *contexts))


def _parent(issue: Mapping[str, Any], project: ProjectSeen, seen: ItemSeen) -> tuple[LinkSeen, ...]:
    """The issue this one is a sub-issue of, where it is one of the same repository."""
    url = issue.get("parent_issue_url")
    if type(url) is not str:
        return ()
    there, _, number = url.rpartition("/issues/")
    if (
        not there.casefold().endswith(f"/repos/{project.key}".casefold())
        or not number.isascii()
        or not number.isdigit()
    ):
        return ()
    target = item.native_id(project.native_id, int(number[:9]))
    return (LinkSeen(LinkKind.RELATES, seen.native_id, target, parent=True),)


def changed(data: object, project: ProjectSeen, path: str) -> ItemSeen:
    """An entry of the list of changed items. Raises `BadPayload`."""
    if not isinstance(data, dict):
        raise BadPayload(path, data, "an issue")
    return item.issue(data, project, path)
