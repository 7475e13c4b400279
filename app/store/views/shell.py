"""What stands around every page: projects to pick from, counts that ask for something, whether we write at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.flags import is_quiet
from app.store.views.scope import COUNT_LIMIT, Visible


@dataclass(frozen=True, slots=True)
class ProjectName:
    """A project as the picker shows it. `settings` and `calendar` are the ones in force, as stored."""

    id: int
    key: str
    url: str
    tracker: str
    tracker_kind: str
    public: bool
    calendar: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shell:
    """Counts for rail and bar, up to COUNT_LIMIT. `flags_open` are those that nobody has answered, `waiting` are
    publications that will be written once due.
    """

    projects: tuple[ProjectName, ...]
    flags_open: int
    set_aside: int
    written_today: int
    waiting: int
    held: int
    paused_at: datetime | None
    demo: bool


def shell(tx: Tx, *, visible: Visible, projects: tuple[ProjectName, ...], day_start: datetime, now: datetime) -> Shell:
    """The frame of a page, in one query. `day_start`: since when a write counts as today's (world time)."""
    flags = (
        sa.select(m.standing.c.id)
        .where(
            m.standing.c.closed_at.is_(None),
            m.standing.c.outcome == "flagged",
            sa.not_(is_quiet(now)),
            visible.standings(),
        )
        .limit(COUNT_LIMIT)
        .subquery()
    )
    aside = (
        sa.select(m.delivery.c.id)
        .where(m.delivery.c.status == "aside", _deliveries(visible))
        .limit(COUNT_LIMIT)
        .subquery()
    )
    publication = m.publication.c
    counts = tx.execute(
        sa.select(
            sa.select(sa.func.count()).select_from(flags).scalar_subquery().label("flags"),
            sa.select(sa.func.count()).select_from(aside).scalar_subquery().label("aside"),
            sa.select(sa.func.count())
            .where(m.written.c.world_at >= day_start, visible.of_items(m.written))
            .scalar_subquery()
            .label("written"),
            _publications(visible, publication.status.in_(["waiting", "sending"])).label("waiting"),
            _publications(visible, publication.status == "held").label("held"),
            sa.select(m.instance.c.paused_at).limit(1).scalar_subquery().label("paused_at"),
            sa.select(m.instance.c.demo).limit(1).scalar_subquery().label("demo"),
        )
    ).one()
    return Shell(
        projects=projects,
        flags_open=counts.flags,
        set_aside=counts.aside,
        written_today=counts.written,
        waiting=counts.waiting,
        held=counts.held,
        paused_at=counts.paused_at,
        demo=bool(counts.demo),
    )


def projects(tx: Tx, *, visible: Visible) -> tuple[ProjectName, ...]:
    """All projects a reader may see, by key, whatever is picked in the bar."""
    latest = (
        sa.select(sa.func.max(m.project_settings.c.id))
        .where(m.project_settings.c.project_id == m.project.c.id)
        .correlate(m.project)
        .scalar_subquery()
    )
    query = (
        sa.select(
            m.project.c.id,
            m.project.c.key,
            m.project.c.url,
            m.project.c.public,
            m.tracker.c.name.label("tracker"),
            m.tracker.c.kind.label("tracker_kind"),
            m.project_settings.c.calendar,
        )
        .join(m.tracker, m.tracker.c.id == m.project.c.tracker_id)
        .outerjoin(m.project_settings, m.project_settings.c.id == latest)
        .where(m.project.c.removed_at.is_(None), Visible(projects=visible.projects).clause(m.project.c.id))
        .order_by(m.project.c.key, m.project.c.id)
    )
    return tuple(
        ProjectName(
            id=row.id,
            key=row.key,
            url=row.url,
            tracker=row.tracker,
            tracker_kind=row.tracker_kind,
            public=row.public,
            calendar=row.calendar or {},
        )
        for row in tx.execute(query)
    )


def paused(tx: Tx, *, visible: Visible) -> dict[int, datetime]:
    """Since when writing to projects is paused, by their ids; those that are written to are left out. One query."""
    project = m.project.c
    query = sa.select(project.id, project.paused_at).where(
        project.removed_at.is_(None), project.paused_at.is_not(None), visible.clause(project.id)
    )
    return {row.id: row.paused_at for row in tx.execute(query)}


def _publications(visible: Visible, condition: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    inner = (
        sa.select(m.publication.c.id).where(condition, visible.of_items(m.publication)).limit(COUNT_LIMIT).subquery()
    )
    return sa.select(sa.func.count()).select_from(inner).scalar_subquery()


def _deliveries(visible: Visible) -> sa.ColumnElement[bool]:
    """Deliveries that belong to no project are everybody's while everything is visible."""
    if visible.projects is None and visible.chosen is None:
        return sa.true()
    return visible.clause(m.delivery.c.project_id)
