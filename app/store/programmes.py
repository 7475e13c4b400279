"""Programmes: projects that belong together, across trackers, and milestones that people say are one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What projects may know of each other: `same_readers` are, by project, the keys of others that the same people
    read; `issue_keys` the keys of projects whose items are named by key ("PAY" of PAY-7).
    """

    same_readers: Mapping[int, frozenset[str]] = field(default_factory=dict)
    issue_keys: frozenset[str] = frozenset()


ALONE = Neighbours()


@dataclass(frozen=True, slots=True)
class ProgrammeRow:
    id: int
    name: str
    same_readers: bool
    projects: tuple[tuple[int, str], ...]
    """(id, key) of its projects."""


@cache
def _same_readers() -> sa.Select[Any]:
    """Projects, each beside the key of another that the same people read."""
    programme, part = models.programme, models.programme_project
    mine, theirs = models.project.alias(), models.project.alias()
    beside = part.alias()
    return (
        sa.select(mine.c.id, theirs.c.key)
        .join(part, part.c.project_id == mine.c.id)
        .join(programme, programme.c.id == part.c.programme_id)
        .join(beside, sa.and_(beside.c.programme_id == programme.c.id, beside.c.project_id != mine.c.id))
        .join(theirs, theirs.c.id == beside.c.project_id)
        .where(programme.c.same_readers, mine.c.removed_at.is_(None), theirs.c.removed_at.is_(None))
    )


@cache
def _issue_keys() -> sa.Select[Any]:
    """Items named by key belong to projects whose own key is a bare word; a repository's has an owner before it."""
    project = models.project
    return sa.select(project.c.key).where(project.c.removed_at.is_(None), project.c.key.not_like("%/%"))


def neighbours(tx: Tx) -> Neighbours:
    """Who may know of whom, over all projects in use."""
    readers: dict[int, set[str]] = {}
    for row in tx.execute(_same_readers()):
        readers.setdefault(row.id, set()).add(row.key)
    keys = tx.scalars(_issue_keys())
    return Neighbours({id_: frozenset(others) for id_, others in readers.items()}, frozenset(keys))


def speaking_for(tx: Tx, milestone_ids: Iterable[int]) -> list[tuple[int, int]]:
    """Milestones to judge where these were touched, as (lane id, milestone id): those that speak for them; and the
    parts of one that is gone, which speak for themselves again.
    """
    wanted = sorted(set(milestone_ids))
    if not wanted:
        return []
    milestone, project = models.milestone, models.project
    part, leader = milestone.alias(), milestone.alias()
    looks = (  # two look-ups, each by an index of its own
        sa.select(project.c.lane_id, other.c.id)
        .select_from(part)
        .join(leader, leader.c.id == part.c.joined_to)
        .join(project, project.c.id == other.c.project_id)
        .where(touched.c.id.in_(wanted), leader.c.deleted_at.is_not(None) == gone)
        for touched, other, gone in ((part, leader, False), (leader, part, True))
    )
    return sorted((row.lane_id, row.id) for row in tx.execute(sa.union(*looks)))


def programmes(tx: Tx) -> list[ProgrammeRow]:
    """All programmes with their projects in use."""
    programme, part, project = models.programme, models.programme_project, models.project
    found: dict[int, list[tuple[int, str]]] = {}
    for row in tx.execute(
        sa.select(part.c.programme_id, project.c.id, project.c.key)
        .join(project, project.c.id == part.c.project_id)
        .where(project.c.removed_at.is_(None))
        .order_by(project.c.id)
    ):
        found.setdefault(row.programme_id, []).append((row.id, row.key))
    return [
        ProgrammeRow(row.id, row.name, row.same_readers, tuple(found.get(row.id, ())))
        for row in tx.execute(sa.select(programme).order_by(programme.c.name))
    ]


def save(tx: Tx, *, name: str, project_ids: Iterable[int], same_readers: bool, now: datetime) -> int:
    """Make a programme, or give one other projects. Gives its id."""
    programme, part = models.programme, models.programme_project
    known = tx.scalar(sa.select(programme.c.id).where(programme.c.name == name))
    if known is None:
        known = tx.execute(
            sa.insert(programme).values(name=name, same_readers=same_readers, created_at=now).returning(programme.c.id)
        ).scalar_one()
    tx.execute(sa.update(programme).where(programme.c.id == known).values(same_readers=same_readers))
    tx.execute(sa.delete(part).where(part.c.programme_id == known))
    rows = [{"programme_id": known, "project_id": project_id} for project_id in sorted(set(project_ids))]
    if rows:
        tx.execute(sa.insert(part), rows)
    return int(known)


def rename(tx: Tx, programme_id: int, name: str) -> None:
    """Give a programme another name."""
    table = models.programme
    tx.execute(sa.update(table).where(table.c.id == programme_id).values(name=name))


def remove(tx: Tx, programme_id: int) -> None:
    """Forget a programme; its projects stay."""
    part = models.programme_project
    seen = models.account_programme
    tx.execute(sa.delete(part).where(part.c.programme_id == programme_id))
    tx.execute(sa.delete(seen).where(seen.c.programme_id == programme_id))
    tx.execute(sa.delete(models.programme).where(models.programme.c.id == programme_id))


def join(tx: Tx, leader_id: int, others: Iterable[int]) -> None:
    """From now on these milestones are one with `leader_id`, which speaks for them."""
    milestone = models.milestone
    tx.execute(sa.update(milestone).where(milestone.c.id.in_(sorted(set(others)))).values(joined_to=leader_id))


def part(tx: Tx, leader_id: int) -> None:
    """Let a joined milestone fall apart again."""
    milestone = models.milestone
    tx.execute(sa.update(milestone).where(milestone.c.joined_to == leader_id).values(joined_to=None))


@dataclass(frozen=True, slots=True)
class MilestoneName:
    """A milestone as people name it, and what it is joined to."""

    id: int
    project_id: int
    project: str
    tracker: str
    lane_id: int
    title: str
    kind: str
    is_open: bool
    joined_to: int | None

    @property
    def spelled(self) -> str:
        """As commands name it."""
        return f"{self.tracker}/{self.project}:{self.title}"


def milestones_of(tx: Tx, project_ids: Iterable[int]) -> list[MilestoneName]:
    """The milestones of projects that are in use, open ones first."""
    milestone, project, tracker = models.milestone, models.project, models.tracker
    rows = tx.execute(
        sa.select(
            milestone.c.id,
            milestone.c.project_id,
            project.c.key.label("project"),
            tracker.c.name.label("tracker"),
            project.c.lane_id,
            milestone.c.title,
            milestone.c.kind,
            milestone.c.is_open,
            milestone.c.joined_to,
        )
        .join(project, project.c.id == milestone.c.project_id)
        .join(tracker, tracker.c.id == project.c.tracker_id)
        .where(
            project.c.id.in_(sorted(set(project_ids))),
            project.c.removed_at.is_(None),
            milestone.c.deleted_at.is_(None),
        )
        .order_by(milestone.c.is_open.desc(), milestone.c.id)
    )
    return [MilestoneName(**row._mapping) for row in rows]
