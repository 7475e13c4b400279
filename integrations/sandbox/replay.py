"""Play a recording back as the webhooks GitHub would have sent.

    for hook in replay(read(lines)):
        post(event=hook.event, body=json.dumps(hook.payload))

Each payload shows the item as it was just after the event. Pure: no clock, no I/O, no waiting; whoever plays decides on
speed. Memory holds the state of every item and nothing of the past. Not sent, because not recorded: pushes to branches,
checks, edits of comments, reactions. A deleted comment is one that was never announced: its author and date are not
known, and stand as `ghost` and the time of deletion.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from integrations.sandbox.payloads import Payload, Shapes, full_sha
from integrations.sandbox.recording import Entry, Recording
from integrations.sandbox.state import ItemState, ProjectState, apply

# Kinds whose action has another name at GitHub; all others have the same.
_ACTIONS = {"drafted": "converted_to_draft", "readied": "ready_for_review", "pushed": "synchronize"}


@dataclass(frozen=True, slots=True)
class Webhook:
    """One delivery: `event` goes into `X-GitHub-Event`; `action` is the payload's, for those who only look."""

    at: datetime
    event: str
    action: str | None
    payload: Payload


@dataclass(frozen=True, slots=True)
class _Before:
    """What an `edited` or `synchronize` payload says of the time before."""

    title: str
    body: str
    due: str | None
    sha: str


def replay(recording: Recording, *, state: ProjectState | None = None) -> Iterator[Webhook]:
    """The webhooks of a recording, in its order. Pass an empty `state` to see what it has become by each webhook.

    Raises RecordingError where an entry is about something that was never opened or created.
    """
    shapes = Shapes(recording.header)
    state = ProjectState() if state is None else state
    for entry in recording.entries:
        before = _before(state, shapes, entry)
        apply(state, entry)
        if entry.kind.startswith("milestone_"):
            yield _milestone_hook(state, shapes, entry, before)
        else:
            yield _item_hook(state, shapes, entry, before)


def _item_hook(state: ProjectState, shapes: Shapes, entry: Entry, before: _Before) -> Webhook:
    item = state.items[entry.number]
    special = _SPECIAL.get(entry.kind)
    if special:
        event, action, payload = special(state, shapes, item, entry)
        return _hook(shapes, entry, event=event, action=action, payload=payload)
    action = _ACTIONS.get(entry.kind, entry.kind)
    milestone = state.milestones.get(item.milestone)
    payload = {}
    if item.pull:
        payload["number"] = item.number
        payload["pull_request"] = shapes.pull_request(item, milestone)
    else:
        payload["issue"] = shapes.issue(item, milestone)
    match entry.kind:
        case "labeled" | "unlabeled":
            payload["label"] = shapes.label(entry.label)
        case "assigned" | "unassigned":
            payload["assignee"] = shapes.user(entry.person)
        case "review_requested" | "review_request_removed":
            payload["requested_reviewer"] = shapes.user(entry.person)
        case "milestoned" | "demilestoned":
            payload["milestone"] = shapes.milestone(state.milestones[entry.milestone])
        case "pushed":
            payload |= {"before": full_sha(before.sha), "after": full_sha(item.sha)}
        case "edited":
            payload["changes"] = _changes(before, title=entry.title, body=entry.body)
    return _hook(shapes, entry, event="pull_request" if item.pull else "issues", action=action, payload=payload)


def _comment(state: ProjectState, shapes: Shapes, item: ItemState, entry: Entry) -> tuple[str, str, Payload]:
    deleted = entry.kind == "comment_deleted"
    comment = shapes.comment(
        item, identity=entry.id, by="ghost" if deleted else entry.by, body=entry.body or "", at=entry.at
    )  # fmt: skip
    issue = shapes.issue(item, state.milestones.get(item.milestone))
    return "issue_comment", "deleted" if deleted else "created", {"issue": issue, "comment": comment}


def _review(state: ProjectState, shapes: Shapes, item: ItemState, entry: Entry) -> tuple[str, str, Payload]:
    review = shapes.review(
        item, identity=entry.id, by=entry.by, state=entry.state, body=entry.body or "", at=entry.at
    )  # fmt: skip
    pull = shapes.pull_request(item, state.milestones.get(item.milestone), in_review=True)
    return "pull_request_review", "submitted", {"review": review, "pull_request": pull}


def _review_comment(state: ProjectState, shapes: Shapes, item: ItemState, entry: Entry) -> tuple[str, str, Payload]:
    comment = shapes.review_comment(
        item, identity=entry.id, by=entry.by, path=entry.path, body=entry.body or "", at=entry.at
    )  # fmt: skip
    pull = shapes.pull_request(item, state.milestones.get(item.milestone), in_review=True)
    return "pull_request_review_comment", "created", {"comment": comment, "pull_request": pull}


_SPECIAL: dict[str, Callable[[ProjectState, Shapes, ItemState, Entry], tuple[str, str, Payload]]] = {
    "commented": _comment,
    "comment_deleted": _comment,
    "reviewed": _review,
    "review_commented": _review_comment,
}


def _milestone_hook(state: ProjectState, shapes: Shapes, entry: Entry, before: _Before) -> Webhook:
    milestone = shapes.milestone(state.milestones[entry.number])
    payload: Payload = {"milestone": milestone}
    if entry.kind == "milestone_edited":
        payload["changes"] = _changes(before, title=entry.title, body=None)
        if before.due != milestone["due_on"]:
            payload["changes"]["due_on"] = {"from": before.due}
    return _hook(shapes, entry, event="milestone", action=entry.kind.removeprefix("milestone_"), payload=payload)


def _hook(shapes: Shapes, entry: Entry, *, event: str, action: str, payload: Payload) -> Webhook:
    payload = {"action": action, **payload, "repository": shapes.repository, "sender": shapes.user(entry.by)}
    return Webhook(entry.at, event, action, payload)


def _before(state: ProjectState, shapes: Shapes, entry: Entry) -> _Before:
    if entry.kind == "milestone_edited" and entry.number in state.milestones:
        milestone = state.milestones[entry.number]
        return _Before(milestone.title, "", shapes.milestone(milestone)["due_on"], "")
    if entry.kind in ("edited", "pushed") and entry.number in state.items:
        item = state.items[entry.number]
        return _Before(item.title, item.body, None, item.sha)
    return _Before("", "", None, "")


def _changes(before: _Before, *, title: str | None, body: str | None) -> Payload:
    """GitHub's `changes`: for each field that is now another, what it was."""
    changes: Payload = {}
    if title is not None and title != before.title:
        changes["title"] = {"from": before.title}
    if body is not None:
        # GitHub names the body also where only white space changed.
        changes["body"] = {"from": before.body}
    return changes
