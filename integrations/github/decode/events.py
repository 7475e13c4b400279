"""From an event's name and payload to a `Reading`: what Plumbline reads of GitHub, and why it leaves the rest.

Pure: no I/O, no clock. Raises `Ignored` with the reason, or `BadPayload` naming the field; nothing else, whatever the
payload.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from integrations import read
from integrations.errors import BadPayload, Ignored
from integrations.github.decode import checks, connection, conversation, item, parts, past, planning
from integrations.github.decode.actions import act, may_be_discussion
from integrations.github.decode.reading import about_item
from integrations.ports import HISTORY
from integrations.readings import Payload, Reading


def decode(event: str, payload: Payload, received_at: datetime) -> Reading:
    """What the payload says. `received_at` stands in where the payload tells no time."""
    reader = _READERS.get(event)
    if reader is None:
        raise Ignored(_LEFT.get(event) or f"{event[:80]} is not an event Plumbline reads")
    if type(payload) is not dict:
        raise BadPayload("payload", payload, "an object")
    return reader(payload, received_at)


def issues(payload: Mapping[str, Any], received_at: datetime) -> Reading:
    """Something happened to an issue (or to a pull request seen as one)."""
    project = parts.project(read.obj(payload, "repository"))
    seen = item.issue(read.obj(payload, "issue"), project)
    actor = parts.sender(payload, None if seen.text is None else seen.text.author)
    at = seen.as_of or received_at
    acted = act(read.text(payload, "action"), payload, seen, actor=actor, at=at)
    return about_item(
        project,
        acted.seen,
        actor=actor,
        at=at,
        changes=acted.changes,
        milestones=acted.milestones,
        unsure=acted.unsure or may_be_discussion(payload["action"], acted.seen),
    )


def pull_request(payload: Mapping[str, Any], received_at: datetime) -> Reading:
    """Something happened to a pull request."""
    project = parts.project(read.obj(payload, "repository"))
    seen = item.pull_request(read.obj(payload, "pull_request"), project)
    actor = parts.sender(payload, None if seen.text is None else seen.text.author)
    at = seen.as_of or received_at
    acted = act(read.text(payload, "action"), payload, seen, actor=actor, at=at)
    return about_item(
        project, acted.seen, actor=actor, at=at, changes=acted.changes, milestones=acted.milestones, unsure=acted.unsure
    )


_READERS: Mapping[str, Callable[[Payload, datetime], Reading]] = {
    "issues": issues,
    "pull_request": pull_request,
    "issue_comment": conversation.issue_comment,
    "pull_request_review": conversation.pull_request_review,
    "pull_request_review_comment": conversation.pull_request_review_comment,
    "pull_request_review_thread": conversation.pull_request_review_thread,
    "milestone": planning.milestone,
    "sub_issues": planning.sub_issues,
    "issue_dependencies": planning.issue_dependencies,
    "label": planning.label,
    "check_run": checks.check_run,
    "check_suite": checks.check_suite,
    "status": checks.status,
    "repository": connection.repository,
    "installation": connection.installation,
    "installation_repositories": connection.installation_repositories,
    HISTORY: past.history,
}

_LEFT: Mapping[str, str] = {
    "ping": "a ping: GitHub can reach this webhook",
    "push": "a push to a branch: where it belongs to a pull request, pull_request synchronize tells it",
    "projects_v2_item": "a Projects item names its issue only by node id, without repository or number",
    "release": "releases are not judged; a milestone's date is what counts",
    "deployment": "deployments are not judged",
    "deployment_status": "deployments are not judged",
}
READ = frozenset(_READERS) - {HISTORY}
"""The events to subscribe a webhook to."""
