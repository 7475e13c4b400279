"""What happens to a project itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations import read
from integrations.errors import Ignored
from integrations.jira.decode import parts
from integrations.jira.site import Site
from integrations.readings import ProjectEvent, ProjectSeen, Reading

Payload = Mapping[str, Any]
_KINDS = {
    "created": "created",
    "updated": "edited",
    "deleted": "deleted",
    "soft_deleted": "deleted",
    "restored_deleted": "added",
    "archived": "archived",
    "restored_archived": "unarchived",
}
"""To the trash is gone as well: its issues cannot be read there."""


def project(event: str, payload: Payload, received_at: datetime, site: Site) -> Reading:
    """A project was made, changed (a new key shows in it), thrown away, archived or brought back."""
    kind = _KINDS.get(event)
    if kind is None:
        raise Ignored(f"project {event[:80]} changes nothing Plumbline keeps")
    data = read.obj(payload, "project")
    seen: ProjectSeen = parts.project(data, "project", parts.base_url(data, site))
    told = ProjectEvent(kind, project=seen.native_id, detail=seen.key)
    at = parts.told_at(payload) or received_at
    return Reading(at=at, project=seen, actor=parts.actor(payload), project_events=(told,))
