"""Programmes as pages and the API show them: with the projects and releases that a reader may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import Visible


@dataclass(frozen=True, slots=True)
class PartRow:
    """A milestone of a release. `leads`: it speaks for the others."""

    id: int
    project: str
    kind: str
    title: str
    url: str
    open: bool
    leads: bool


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """Milestones that are judged as one, the one that speaks for them first."""

    parts: tuple[PartRow, ...]

    @property
    def leader(self) -> PartRow:
        """The one that speaks for them."""
        return self.parts[0]


@dataclass(frozen=True, slots=True)
class NamedProject:
    """A project of a programme."""

    id: int
    key: str
    tracker: str


@dataclass(frozen=True, slots=True)
class ProgrammeRow:
    """One programme."""

    id: int
    name: str
    same_readers: bool
    projects: tuple[NamedProject, ...]
    releases: tuple[ReleaseRow, ...]


def programmes(tx: Tx, *, visible: Visible) -> tuple[ProgrammeRow, ...]:
    """Every programme with a project to be seen, by name. Three queries; there are tens, so no paging."""
    every = Visible(projects=visible.projects, secured=visible.secured)  # a programme is more than the one picked
    own: dict[int, list[NamedProject]] = {}
    for row in tx.execute(
        sa.select(m.programme_project.c.programme_id, m.project.c.id, m.project.c.key, m.tracker.c.name)
        .join(m.project, m.project.c.id == m.programme_project.c.project_id)
        .join(m.tracker, m.tracker.c.id == m.project.c.tracker_id)
        .where(m.project.c.removed_at.is_(None), every.clause(m.project.c.id))
        .order_by(m.project.c.key, m.project.c.id)
    ):
        own.setdefault(row.programme_id, []).append(NamedProject(row.id, row.key, row.name))
    found = _releases(tx, every)
    rows = []
    for row in tx.execute(sa.select(m.programme).order_by(m.programme.c.name)):
        projects = own.get(row.id, [])
        if visible.chosen is not None and visible.chosen not in {project.id for project in projects}:
            continue
        ids = {project.id for project in projects}
        releases = tuple(release for release, where in found if where <= ids)
        if projects:
            rows.append(ProgrammeRow(row.id, row.name, row.same_readers, tuple(projects), releases))
    return tuple(rows)


def release_of(tx: Tx, milestone_id: int, *, visible: Visible) -> ReleaseRow | None:
    """The release that a milestone is in; None where it is judged by itself. One query."""
    own = m.milestone.alias()
    leader = sa.select(sa.func.coalesce(own.c.joined_to, own.c.id)).where(own.c.id == milestone_id).scalar_subquery()
    every = Visible(projects=visible.projects, secured=visible.secured)
    found = _releases(tx, every, sa.or_(m.milestone.c.id == leader, m.milestone.c.joined_to == leader))
    return found[0][0] if found else None


def _releases(tx: Tx, visible: Visible, *conditions: sa.ColumnElement[bool]) -> list[tuple[ReleaseRow, set[int]]]:
    """Releases to be seen, with the ids of their projects. One without its leader is none."""
    part = m.milestone.alias()
    leads = sa.select(part.c.id).where(part.c.joined_to == m.milestone.c.id, part.c.deleted_at.is_(None))
    rows = tx.execute(
        sa.select(m.milestone, m.project.c.key.label("project"))
        .join(m.project, m.project.c.id == m.milestone.c.project_id)
        .where(
            sa.or_(m.milestone.c.joined_to.is_not(None), leads.correlate_except(part).exists()),
            m.milestone.c.deleted_at.is_(None),
            m.project.c.removed_at.is_(None),
            visible.milestones(),
            *conditions,
        )
        .order_by(m.milestone.c.id)
    ).all()
    by_leader: dict[int, list[Any]] = {}
    for row in rows:
        by_leader.setdefault(row.joined_to or row.id, []).append(row)
    return [
        (_release(id_, all_), {row.project_id for row in all_})
        for id_, all_ in by_leader.items()
        if len(all_) > 1 and any(row.id == id_ for row in all_)
    ]


def _release(leader_id: int, rows: Iterable[Any]) -> ReleaseRow:
    parts = [
        PartRow(
            id=row.id,
            project=row.project,
            kind=row.kind,
            title=row.title,
            url=row.url,
            open=row.is_open,
            leads=row.id == leader_id,
        )
        for row in rows
    ]
    return ReleaseRow(tuple(sorted(parts, key=lambda one: (not one.leads, one.id))))
