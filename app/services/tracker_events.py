"""What a tracker says about projects and connections themselves: renamed, archived, gone, suspended."""

from __future__ import annotations

from datetime import datetime

from app.store import trackers
from app.store.database import Tx
from integrations.readings import ProjectEvent, ProjectSeen

STATUS = {
    "archived": ("archived", "the repository was archived: it is judged no more and nothing is written"),
    "unarchived": ("active", ""),
    "deleted": ("gone", "the repository was deleted"),
    "transferred": ("moved", "the repository moved to another owner; add it again where it is now"),
    "added": ("active", ""),
    "removed": ("gone", "the installation no longer includes this repository"),
}
CONNECTION_STATUS = {
    "suspended": ("suspended", "the app's installation was suspended"),
    "unsuspended": ("ok", ""),
    "uninstalled": ("removed", "the app was uninstalled"),
}


def apply_tracker_event(
    tx: Tx, event: ProjectEvent, *, seen: ProjectSeen | None, tracker_id: int, now: datetime
) -> None:
    """Each has one right outcome, said on the project's page; other projects go on. `seen`: the project as the
    payload shows it.
    """
    if event.project is not None:
        for project in trackers.projects(tx, tracker_id=tracker_id, native_id=event.project):
            if event.kind == "renamed" and seen is not None:  # `detail` is the name it had before
                trackers.update_project(tx, project.id, key=seen.key, url=seen.url or project.url)
            elif event.kind == "privatized":
                trackers.update_project(tx, project.id, public=False)
            elif event.kind == "publicized":
                trackers.update_project(tx, project.id, public=True)
            elif event.kind in STATUS and (event.kind != "added" or project.status == "gone"):
                status, detail = STATUS[event.kind]
                trackers.update_project(tx, project.id, status=status, status_detail=detail)
    elif event.installation is not None and event.kind in CONNECTION_STATUS:
        status, detail = CONNECTION_STATUS[event.kind]
        for connection in trackers.connections(tx, tracker_id=tracker_id):
            if connection.installation == event.installation:
                trackers.set_connection_status(tx, connection.id, status=status, detail=detail, now=now)
