"""What happens to the repository or the App's installation itself.

Events: `repository`, `installation`, `installation_repositories`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations import read
from integrations.errors import Ignored
from integrations.github.decode import parts
from integrations.readings import ProjectEvent, Reading

Payload = Mapping[str, Any]

_INSTALLATION = {
    "created": "installed",
    "deleted": "uninstalled",
    "suspend": "suspended",
    "unsuspend": "unsuspended",
    "new_permissions_accepted": "permissions_accepted",
}
_REPOSITORY = frozenset(
    {"created", "renamed", "transferred", "archived", "unarchived", "deleted", "publicized", "privatized", "edited"}
)


def repository(payload: Payload, received_at: datetime) -> Reading:
    """`detail` is the name it had before, where the event tells one."""
    action = read.text(payload, "action")
    if action not in _REPOSITORY:
        raise Ignored(f"repository {action} changes nothing Plumbline keeps")
    project = parts.project(read.obj(payload, "repository"))
    changes = read.soft_obj(payload, "changes")
    was = read.soft_obj(read.soft_obj(changes, "repository"), "name").get("from")
    owner = read.soft_obj(read.soft_obj(changes, "owner"), "from")
    before = (read.soft_obj(owner, "user") or read.soft_obj(owner, "organization")).get("login")
    detail = None
    if action == "renamed" and type(was) is str:
        detail = f"{project.owner}/{read.clean(was)}"
    elif action == "transferred" and type(before) is str:
        detail = f"{read.clean(before)}/{project.key.partition('/')[2]}"
    event = ProjectEvent(action, project=project.native_id, installation=_installation(payload), detail=detail)
    return Reading(at=received_at, project=project, actor=parts.sender(payload), project_events=(event,))


def installation(payload: Payload, received_at: datetime) -> Reading:
    """The App was installed, taken away, suspended or given new rights; with the repositories it may see, where
    listed.
    """
    action = read.text(payload, "action")
    if action not in _INSTALLATION:
        raise Ignored(f"installation {action} changes nothing Plumbline keeps")
    data = read.obj(payload, "installation")
    native_id = str(read.whole(data, "id", "installation"))
    account = read.soft_obj(data, "account").get("login")
    detail = read.clean(account) if type(account) is str else None
    events = [ProjectEvent(_INSTALLATION[action], installation=native_id, detail=detail)]
    if action in ("created", "deleted"):
        events += _listed(payload, "repositories", "added" if action == "created" else "removed", native_id)
    return Reading(at=received_at, actor=parts.sender(payload), project_events=tuple(events))


def installation_repositories(payload: Payload, received_at: datetime) -> Reading:
    """Repositories were added to, or taken from, what an installation may see. `detail` is the repository's key."""
    native_id = str(read.whole(read.obj(payload, "installation"), "id", "installation"))
    events = _listed(payload, "repositories_added", "added", native_id)
    events += _listed(payload, "repositories_removed", "removed", native_id)
    return Reading(at=received_at, actor=parts.sender(payload), project_events=tuple(events))


def _listed(payload: Payload, key: str, kind: str, installation: str) -> list[ProjectEvent]:
    found = []
    for place, one in enumerate(read.objects(payload, key) or ()):
        path = f"{key}.{place}"
        native_id, name = str(read.whole(one, "id", path)), read.opt_text(one, "full_name", path)
        found.append(ProjectEvent(kind, project=native_id, installation=installation, detail=name))
    return found


def _installation(payload: Payload) -> str | None:
    data = read.opt_obj(payload, "installation")
    return None if data is None else str(read.whole(data, "id", "installation"))
