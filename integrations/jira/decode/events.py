"""From an event's name and payload to a `Reading`: what Plumbline reads of Jira, and why it leaves the rest.

Pure: no I/O, no clock. Raises `Ignored` with the reason, or `BadPayload` naming the field; nothing else, whatever the
payload.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from integrations.errors import BadPayload, Ignored
from integrations.jira import site as sites
from integrations.jira.decode import connection, issues, past, planning
from integrations.jira.site import Site
from integrations.ports import HISTORY
from integrations.readings import NO_SITE, Payload, Reading

_Reader = Callable[[Payload, datetime, Site], Reading]


def decode(event: str, payload: Payload, received_at: datetime, site: Payload = NO_SITE) -> Reading:
    """What the payload says, given what is known of the `site`. `received_at` stands in where it tells no time."""
    reader = _READERS.get(event)
    if reader is None:
        raise Ignored(_left(event))
    if type(payload) is not dict:
        raise BadPayload("payload", payload, "an object")
    return reader(payload, received_at, sites.read(site))


def _left(event: str) -> str:
    """Why an event is left: by its name, else by the kind its name begins with."""
    for start, why in _LEFT.items():
        if event.startswith(start):
            return why
    return f"{event[:80]} is not an event Plumbline reads"


def _each(start: str, reader: Callable[..., Reading], *names: str) -> dict[str, _Reader]:
    return {f"{start}{name}": partial(reader, name) for name in names}


_READERS: Mapping[str, _Reader] = {
    "jira:issue_created": issues.created,
    "jira:issue_updated": issues.updated,
    "jira:worklog_updated": issues.updated,
    "jira:issue_deleted": issues.deleted,
    "comment_created": partial(issues.commented, "created"),
    "comment_updated": partial(issues.commented, "edited"),
    "comment_deleted": partial(issues.commented, "deleted"),
    **_each("sprint_", planning.sprint, "created", "started", "updated", "closed", "deleted"),
    **_each(
        "jira:version_", planning.version, "created", "released", "unreleased", "updated", "moved", "deleted", "merged"
    ),
    **_each("issuelink_", planning.link, "created", "deleted"),
    **_each("worklog_", planning.worklog, "created", "updated", "deleted"),
    **_each(
        "project_",
        connection.project,
        "created",
        "updated",
        "deleted",
        "soft_deleted",
        "restored_deleted",
        "archived",
        "restored_archived",
    ),
    HISTORY: past.history,
}

_LEFT: Mapping[str, str] = {
    "board_": "boards are not judged; sprints and issues tell what is on them",
    "user_": "accounts are read where they act, not by themselves",
    "option_": "settings of the site change nothing Plumbline keeps",
    "attachment_": "files are not read",
    "issue_property_": "properties of issues are not read; ours are written by ourselves",
    "project_": "this event of a project changes nothing Plumbline keeps",
    "jira:version_": "this event of a version changes nothing Plumbline keeps",
    "issuetype_": "the site's types of issues are not kept; each issue tells its own",
    "filter_": "filters are not judged",
}
READ = frozenset(_READERS) - {HISTORY}
"""The events to subscribe a webhook to."""
