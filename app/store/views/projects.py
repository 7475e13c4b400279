"""Projects with their health, and what the settings page says of the instance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import Visible


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """One project. `connection` is the status of what we read and write it with, None where nothing is connected."""

    id: int
    key: str
    url: str
    public: bool
    status: str
    status_detail: str
    tracker: str
    tracker_kind: str
    connection: str | None
    connection_detail: str
    connection_login: str | None
    known_from: datetime | None
    last_delivery_at: datetime | None
    paused_at: datetime | None
    items_open: int
    milestones_open: int
    flags_open: int
    set_aside: int
    calendar: dict[str, Any]
    settings: dict[str, Any]
    service_desk: bool


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """The one row about the instance itself."""

    tag: str
    origin_real: datetime
    origin_world: datetime
    rate: float
    demo: bool
    paused_at: datetime | None


def projects(tx: Tx, *, visible: Visible) -> tuple[ProjectRow, ...]:
    """Every project to be seen, by key, with its counts. One query."""
    project = m.project.c
    latest = (
        sa.select(sa.func.max(m.project_settings.c.id))
        .where(m.project_settings.c.project_id == project.id)
        .correlate(m.project)
        .scalar_subquery()
    )
    query = (
        sa.select(
            m.project,
            m.tracker.c.name.label("tracker"),
            m.tracker.c.kind.label("tracker_kind"),
            m.connection.c.status.label("connection"),
            m.connection.c.status_detail.label("connection_detail"),
            m.connection.c.login.label("connection_login"),
            m.project_settings.c.calendar,
            m.project_settings.c.settings,
            _count(m.item, visible.items(), m.item.c.is_open, m.item.c.deleted_at.is_(None)).label("items_open"),
            _count(m.milestone, visible.milestones(), m.milestone.c.is_open, m.milestone.c.deleted_at.is_(None)).label(
                "milestones_open"
            ),
            _count(
                m.standing, visible.standings(), m.standing.c.closed_at.is_(None), m.standing.c.outcome == "flagged"
            ).label("flags_open"),
            _count(m.delivery, m.delivery.c.status == "aside").label("set_aside"),
        )
        .join(m.tracker, m.tracker.c.id == project.tracker_id)
        .outerjoin(m.connection, m.connection.c.id == project.connection_id)
        .outerjoin(m.project_settings, m.project_settings.c.id == latest)
        .where(project.removed_at.is_(None), visible.clause(project.id))
        .order_by(project.key, project.id)
    )
    return tuple(_row(row) for row in tx.execute(query))


def instance(tx: Tx) -> InstanceRow | None:
    """The instance row, None before the first start has made it."""
    row = tx.execute(sa.select(m.instance).limit(1)).one_or_none()
    if row is None:
        return None
    return InstanceRow(
        tag=row.tag,
        origin_real=row.origin_real,
        origin_world=row.origin_world,
        rate=row.rate,
        demo=row.demo,
        paused_at=row.paused_at,
    )


def _count(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    return (
        sa.select(sa.func.count())
        .select_from(table)
        .where(table.c.project_id == m.project.c.id, *conditions)
        .correlate(m.project)
        .scalar_subquery()
    )


def _row(row: Any) -> ProjectRow:
    return ProjectRow(
        id=row.id,
        key=row.key,
        url=row.url,
        public=row.public,
        status=row.status,
        status_detail=row.status_detail,
        tracker=row.tracker,
        tracker_kind=row.tracker_kind,
        connection=row.connection,
        connection_detail=row.connection_detail or "",
        connection_login=row.connection_login,
        known_from=row.known_from,
        last_delivery_at=row.last_delivery_at,
        paused_at=row.paused_at,
        items_open=row.items_open,
        milestones_open=row.milestones_open,
        flags_open=row.flags_open,
        set_aside=row.set_aside,
        calendar=row.calendar or {},
        settings=row.settings or {},
        service_desk=row.service_desk,
    )
