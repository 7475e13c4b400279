"""Trackers, connections, projects, their settings and their lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import IDS, Tx


@dataclass(frozen=True, slots=True)
class TrackerRow:
    id: int
    name: str
    kind: str
    base_url: str
    webhook_secret: str
    lane_id: int
    """The tracker's own lane, for what belongs to no single project."""
    site: Mapping[str, Any]
    """What is known of it that no payload tells."""
    surveyed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    id: int
    tracker_id: int
    tracker_kind: str
    tracker_name: str
    base_url: str
    kind: str
    installation: str | None
    login: str | None
    dedicated: bool
    credentials: str
    status: str
    status_detail: str
    checked_at: datetime | None
    site: Mapping[str, Any]
    """What is known of the tracker that no payload tells."""
    report: Mapping[str, Any]
    """What the last check saw, in full; empty where there was none."""
    page: str
    """An App's own page in the tracker."""


@dataclass(frozen=True, slots=True)
class ProjectRow:
    id: int
    tracker_id: int
    tracker_name: str
    tracker_kind: str
    connection_id: int | None
    lane_id: int
    native_id: str
    key: str
    url: str
    public: bool
    service_desk: bool
    site: Mapping[str, Any]
    """What is known of its tracker that no payload tells."""
    status: str
    status_detail: str
    created_at: datetime
    """Since when it is watched."""
    known_from: datetime | None
    last_delivery_at: datetime | None
    paused_at: datetime | None


TRACKER_LANE = "tracker:"
PROJECT_LANE = "project:"


def add_tracker(tx: Tx, *, name: str, kind: str, base_url: str, webhook_secret: str, now: datetime) -> TrackerRow:
    tracker_id = tx.execute(
        sa.insert(models.tracker)
        .values(name=name, kind=kind, base_url=base_url, webhook_secret=webhook_secret, created_at=now)
        .returning(models.tracker.c.id)
    ).scalar_one()
    tx.execute(sa.insert(models.lane).values(tracker_id=tracker_id, name=f"{TRACKER_LANE}{tracker_id}"))
    found = tracker_by_name(tx, name)
    assert found is not None
    return found


@cache
def _select_tracker() -> sa.Select[Any]:
    tracker, lane = models.tracker, models.lane
    own_lane = sa.and_(lane.c.tracker_id == tracker.c.id, lane.c.name.startswith(TRACKER_LANE))
    return (
        sa.select(
            tracker.c.id,
            tracker.c.name,
            tracker.c.kind,
            tracker.c.base_url,
            tracker.c.webhook_secret,
            lane.c.id.label("lane_id"),
            tracker.c.site,
            tracker.c.surveyed_at,
        )
        .join(lane, own_lane)
        .where(tracker.c.removed_at.is_(None))
        .order_by(tracker.c.id)
    )


def tracker_by_name(tx: Tx, name: str) -> TrackerRow | None:
    row = tx.execute(_select_tracker().where(models.tracker.c.name == name)).one_or_none()
    return None if row is None else TrackerRow(**row._mapping)


def trackers(tx: Tx) -> list[TrackerRow]:
    return [TrackerRow(**row._mapping) for row in tx.execute(_select_tracker())]


def save_site(tx: Tx, tracker_id: int, site: Mapping[str, Any], *, now: datetime) -> None:
    """Remember what was found out about a tracker."""
    table = models.tracker
    tx.execute(sa.update(table).where(table.c.id == tracker_id).values(site=dict(site), surveyed_at=now))


def remove_tracker(tx: Tx, tracker_id: int, *, now: datetime) -> None:
    """Take a tracker out of use; its name becomes free again and its secrets are forgotten."""
    tracker, connection = models.tracker, models.connection
    name = tx.scalar(sa.select(tracker.c.name).where(tracker.c.id == tracker_id))
    tx.execute(
        sa.update(tracker)
        .where(tracker.c.id == tracker_id)
        .values(removed_at=now, name=f"{name} (removed {tracker_id})", webhook_secret="")
    )
    tx.execute(
        sa.update(connection).where(connection.c.tracker_id == tracker_id).values(status="removed", credentials="")
    )
    for project in projects(tx, tracker_id=tracker_id):
        remove_project(tx, project.id, now=now)


def save_connection(
    tx: Tx, *, tracker_id: int, kind: str, installation: str | None, credentials: str, login: str | None = None
) -> int:
    """Add a connection, or replace the credentials of the one with the same installation. Gives its id."""
    table = models.connection
    same = sa.and_(
        table.c.tracker_id == tracker_id,
        table.c.installation == installation if installation is not None else table.c.installation.is_(None),
    )
    found = tx.scalar(sa.select(table.c.id).where(same))
    if found is not None:
        tx.execute(
            sa.update(table).where(table.c.id == found).values(kind=kind, credentials=credentials, status="unchecked")
        )
        return int(found)
    return int(
        tx.execute(
            sa.insert(table)
            .values(tracker_id=tracker_id, kind=kind, installation=installation, credentials=credentials, login=login)
            .returning(table.c.id)
        ).scalar_one()
    )


def set_connection_status(
    tx: Tx,
    connection_id: int,
    *,
    status: str,
    detail: str,
    now: datetime,
    login: str | None = None,
    dedicated: bool | None = None,
) -> None:
    values: dict[str, Any] = {"status": status, "status_detail": detail, "checked_at": now}
    if login is not None:
        values["login"] = login
    if dedicated is not None:
        values["dedicated"] = dedicated
    tx.execute(sa.update(models.connection).where(models.connection.c.id == connection_id).values(**values))


def connections(tx: Tx, *, tracker_id: int | None = None, connection_id: int | None = None) -> list[ConnectionRow]:
    connection, tracker = models.connection, models.tracker
    query = (
        sa.select(
            connection.c.id,
            connection.c.tracker_id,
            tracker.c.kind.label("tracker_kind"),
            tracker.c.name.label("tracker_name"),
            tracker.c.base_url,
            connection.c.kind,
            connection.c.installation,
            connection.c.login,
            connection.c.dedicated,
            connection.c.credentials,
            connection.c.status,
            connection.c.status_detail,
            connection.c.checked_at,
            tracker.c.site,
            connection.c.report,
            connection.c.page,
        )
        .join(tracker, tracker.c.id == connection.c.tracker_id)
        .where(connection.c.status != "removed")
        .order_by(connection.c.id)
    )
    if tracker_id is not None:
        query = query.where(connection.c.tracker_id == tracker_id)
    if connection_id is not None:
        query = query.where(connection.c.id == connection_id)
    return [ConnectionRow(**row._mapping) for row in tx.execute(query)]


def add_project(
    tx: Tx,
    *,
    tracker_id: int,
    connection_id: int | None,
    native_id: str,
    key: str,
    url: str,
    public: bool,
    now: datetime,
    settings: Mapping[str, Any],
    calendar: Mapping[str, Any],
    author: str,
    known_from: datetime | None = None,
    service_desk: bool = False,
    lane_id: int | None = None,
) -> int:
    """Add a project with its first settings and a lane of its own, unless it is to share `lane_id`; one that was
    removed comes back. Gives its id.
    """
    project, lane = models.project, models.lane
    found = tx.execute(
        sa.select(project.c.id).where(project.c.tracker_id == tracker_id, project.c.native_id == native_id)
    ).one_or_none()
    if found is not None:
        tx.execute(
            sa.update(project)
            .where(project.c.id == found.id)
            .values(
                key=key,
                url=url,
                public=public,
                service_desk=service_desk,
                connection_id=connection_id,
                removed_at=None,
                status="active",
                status_detail="",
            )
        )
        return int(found.id)
    if lane_id is None:
        lane_id = tx.execute(
            sa.insert(lane)
            .values(tracker_id=tracker_id, name=f"{PROJECT_LANE}{tracker_id}/{native_id}")
            .returning(lane.c.id)
        ).scalar_one()
    project_id = tx.execute(
        sa.insert(project)
        .values(
            tracker_id=tracker_id,
            connection_id=connection_id,
            lane_id=lane_id,
            native_id=native_id,
            key=key,
            url=url,
            public=public,
            service_desk=service_desk,
            created_at=now,
            known_from=known_from,
        )
        .returning(project.c.id)
    ).scalar_one()
    save_settings(tx, project_id, settings=settings, calendar=calendar, author=author, now=now)
    return int(project_id)


def remove_project(tx: Tx, project_id: int, *, now: datetime) -> None:
    tx.execute(
        sa.update(models.project)
        .where(models.project.c.id == project_id)
        .values(removed_at=now, status="removed", connection_id=None)
    )


def save_settings(
    tx: Tx, project_id: int, *, settings: Mapping[str, Any], calendar: Mapping[str, Any], author: str, now: datetime
) -> None:
    """Settings are append-only: what held at an instant can be told later."""
    tx.execute(
        sa.insert(models.project_settings).values(
            project_id=project_id, valid_from=now, settings=dict(settings), calendar=dict(calendar), author=author
        )
    )


@cache
def _newest_settings() -> sa.Select[Any]:
    table = models.project_settings
    newest = sa.select(sa.func.max(table.c.id)).where(table.c.project_id.in_(IDS)).group_by(table.c.project_id)
    return sa.select(table.c.project_id, table.c.settings, table.c.calendar).where(table.c.id.in_(newest))


def settings_of(tx: Tx, project_ids: Sequence[int]) -> dict[int, tuple[dict[str, Any], dict[str, Any]]]:
    """The settings and calendar documents in force, by project."""
    rows = tx.execute(_newest_settings(), {"ids": list(project_ids)})
    return {row.project_id: (row.settings, row.calendar) for row in rows}


def projects(
    tx: Tx,
    *,
    tracker_id: int | None = None,
    lane_id: int | None = None,
    ids: Sequence[int] | None = None,
    key: str | None = None,
    native_id: str | None = None,
    connection_id: int | None = None,
    in_use: bool = True,
) -> list[ProjectRow]:
    """Projects in use (or whatever became of them) that match every filter given."""
    project, tracker = models.project, models.tracker
    query = (
        sa.select(
            project.c.id,
            project.c.tracker_id,
            tracker.c.name.label("tracker_name"),
            tracker.c.kind.label("tracker_kind"),
            project.c.connection_id,
            project.c.lane_id,
            project.c.native_id,
            project.c.key,
            project.c.url,
            project.c.public,
            project.c.service_desk,
            tracker.c.site,
            project.c.status,
            project.c.status_detail,
            project.c.created_at,
            project.c.known_from,
            project.c.last_delivery_at,
            project.c.paused_at,
        )
        .join(tracker, tracker.c.id == project.c.tracker_id)
        .order_by(project.c.id)
    )
    if in_use:
        query = query.where(project.c.removed_at.is_(None))
    for column, wanted in (
        (project.c.tracker_id, tracker_id),
        (project.c.lane_id, lane_id),
        (project.c.key, key),
        (project.c.native_id, native_id),
        (project.c.connection_id, connection_id),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if ids is not None:
        query = query.where(project.c.id.in_(ids))
    return [ProjectRow(**row._mapping) for row in tx.execute(query)]


def dedicated_login(tx: Tx, connection_id: int | None) -> str | None:
    """The account we write under where it is ours alone (an app's, or set so); None where a person shares it."""
    table = models.connection
    found: str | None = tx.scalar(sa.select(table.c.login).where(table.c.id == connection_id, table.c.dedicated))
    return found


def is_paused(tx: Tx, project_id: int) -> bool:
    """Whether writing to a project was paused."""
    table = models.project
    return tx.scalar(sa.select(table.c.paused_at).where(table.c.id == project_id)) is not None


def update_project(tx: Tx, project_id: int, **values: Any) -> None:
    tx.execute(sa.update(models.project).where(models.project.c.id == project_id).values(**values))


def reopen_project(tx: Tx, project_id: int) -> None:
    """A project that was gone or moved counts as active again, until the tracker says otherwise."""
    project = models.project
    tx.execute(
        sa.update(project)
        .where(project.c.id == project_id, project.c.status.in_(("gone", "moved")))
        .values(status="active", status_detail="")
    )


def lane_names(tx: Tx) -> dict[int, str]:
    return {row.id: row.name for row in tx.execute(sa.select(models.lane.c.id, models.lane.c.name))}
