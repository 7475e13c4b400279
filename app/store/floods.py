"""What keeps writes back: labels that rest because they changed too often, rules whose first flood waits for a look,
and edits of many items at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx
from app.time import from_iso


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A label that rests on one item until `until` (world time), and the rules whose flags fight over it."""

    project_key: str
    item_id: int
    item_key: str
    item_url: str
    label: str
    until: datetime
    rules: tuple[str, ...]


def quarantined(tx: Tx, *, now: datetime, secured: bool) -> list[Quarantined]:
    """Labels that rest now, the one that rests longest first. For pages. `now` is world time."""
    publication, item, project = models.publication, models.item, models.project
    query = (
        sa.select(publication.c.answers, item.c.id, item.c.key, item.c.url, project.c.key.label("project_key"))
        .join(item, item.c.id == publication.c.item_id)
        .join(project, project.c.id == publication.c.project_id)
        .where(
            publication.c.status == "held",
            publication.c.due_at > now,
            sa.true() if secured else item.c.secured.is_(False),
        )
    )
    found = [
        Quarantined(
            project_key=row.project_key,
            item_id=row.id,
            item_key=row.key,
            item_url=row.url,
            label=label,
            until=from_iso(doc["until"]),
            rules=tuple(doc["rules"]),
        )
        for row in tx.execute(query)
        for label, doc in row.answers.get("quarantine", {}).items()
        if from_iso(doc["until"]) > now
    ]
    return sorted(found, key=lambda one: (one.until, one.item_id), reverse=True)


def rules_told_on(tx: Tx, item_id: int, *, since: datetime) -> list[tuple[str, str]]:
    """Rules (name, type) whose flags were open on an item at some time since an instant."""
    standing, rule = models.standing, models.rule
    query = (
        sa.select(rule.c.name, rule.c.type)
        .join(standing, standing.c.rule_id == rule.c.id)
        .where(
            standing.c.shown_on == item_id,
            sa.or_(standing.c.closed_at.is_(None), standing.c.closed_at >= since),
        )
        .distinct()
    )
    return sorted((row.name, row.type) for row in tx.execute(query))


def approvals(tx: Tx, rule_ids: Iterable[int]) -> dict[int, datetime]:
    """When somebody let each of these rules write all it has to say; rules nobody did are left out."""
    table = models.rule
    query = sa.select(table.c.id, table.c.approved_at).where(
        table.c.id.in_(sorted(set(rule_ids))), table.c.approved_at.is_not(None)
    )
    return {row.id: row.approved_at for row in tx.execute(query)}


def approve(tx: Tx, name: str, *, now: datetime) -> int | None:
    """Let a rule write; gives its id, or None where there is no such rule. `now` is world time."""
    table = models.rule
    found: int | None = tx.scalar(
        sa.update(table)
        .where(table.c.name == name, table.c.removed_at.is_(None))
        .values(approved_at=now)
        .returning(table.c.id)
    )
    return found


# --- many items changed alike ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alike:
    """A change as this needs it."""

    id: int
    item_id: int
    actor_id: int
    field: str
    at: datetime


PAGE = 400
JOINED = timedelta(minutes=1)
"""Parts of a bulk edit no further apart than this are one."""


def near(tx: Tx, project_id: int, spans: Sequence[tuple[int, datetime, datetime]]) -> list[Alike]:
    """Changes of items by given people within given spans, each change once."""
    table = models.change
    found: dict[int, Alike] = {}
    for first in range(0, len(spans), PAGE):
        within = [
            sa.and_(table.c.actor_id == actor, table.c.at >= begins, table.c.at <= ends)
            for actor, begins, ends in spans[first : first + PAGE]
        ]
        query = sa.select(table.c.id, table.c.item_id, table.c.actor_id, table.c.field, table.c.at).where(
            table.c.project_id == project_id, table.c.item_id.is_not(None), sa.or_(*within)
        )
        found |= {row.id: Alike(**row._mapping) for row in tx.execute(query)}
    return list(found.values())


def mark_bulk(tx: Tx, change_ids: Iterable[int]) -> set[int]:
    """Mark changes as parts of a bulk edit; gives the items of those that were not marked yet."""
    table = models.change
    wanted = sorted(set(change_ids))
    items: set[int] = set()
    for first in range(0, len(wanted), 500):
        query = (
            sa.update(table)
            .where(table.c.id.in_(wanted[first : first + 500]), table.c.bulk.is_(False))
            .values(bulk=True)
            .returning(table.c.item_id)
        )
        items.update(tx.scalars(query))
    return items


@dataclass(frozen=True, slots=True)
class BulkEdit:
    """One edit of many items at once: one entry of a digest."""

    at: datetime
    until: datetime
    who: str
    field: str
    items: int


def bulk_edits(tx: Tx, project_id: int, *, since: datetime, limit: int = 50) -> list[BulkEdit]:
    """Bulk edits of a project since an instant, newest first; changes of one person in one field no more than a minute
    apart are one. The database adds up: one row comes back for an edit of however many items. Of the changes only those
    since then are looked at, person by person.
    """
    change, person = models.change, models.person
    actors = _actors(project_id)
    seconds = sa.extract("epoch", change.c.at)
    before = sa.func.lag(seconds).over(partition_by=[change.c.actor_id, change.c.field], order_by=change.c.at)
    marked = (
        sa.select(
            change.c.actor_id,
            change.c.field,
            change.c.item_id,
            change.c.at,
            sa.case((seconds - before <= JOINED.total_seconds(), 0), else_=1).label("begins"),
        )
        .join(actors, actors.c.actor_id == change.c.actor_id)
        .where(change.c.project_id == project_id, change.c.at >= since, change.c.bulk)
        .subquery("marked")
    )
    numbered = sa.select(
        marked,
        sa.func.sum(marked.c.begins)
        .over(partition_by=[marked.c.actor_id, marked.c.field], order_by=marked.c.at)
        .label("run"),
    ).subquery("numbered")
    begins = sa.func.min(numbered.c.at)
    query = (
        sa.select(
            begins.label("at"),
            sa.func.max(numbered.c.at).label("until"),
            person.c.login.label("who"),
            numbered.c.field,
            sa.func.count(numbered.c.item_id.distinct()).label("items"),
        )
        .join(person, person.c.id == numbered.c.actor_id)
        .group_by(numbered.c.actor_id, person.c.login, numbered.c.field, numbered.c.run)
        .order_by(begins.desc(), person.c.login, numbered.c.field)
        .limit(limit)
    )
    return [BulkEdit(**row._mapping) for row in tx.execute(query)]


def _actors(project_id: int) -> sa.CTE:
    """Everybody who ever changed something in a project, each found with one step in the index."""
    change = models.change
    first = sa.select(sa.func.min(change.c.actor_id).label("actor_id")).where(change.c.project_id == project_id)
    found = first.cte("who", recursive=True)
    following = (
        sa.select(sa.func.min(change.c.actor_id))
        .where(change.c.project_id == project_id, change.c.actor_id > found.c.actor_id)
        .scalar_subquery()
    )
    return found.union_all(sa.select(following).where(found.c.actor_id.is_not(None)))


def lanes_of(tx: Tx, item_ids: Iterable[int]) -> Mapping[int, int]:
    """The lane of each item."""
    item, project = models.item, models.project
    query = sa.select(item.c.id, project.c.lane_id).join(project, project.c.id == item.c.project_id)
    return {row.id: row.lane_id for row in tx.execute(query.where(item.c.id.in_(sorted(set(item_ids)))))}
