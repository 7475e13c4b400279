"""The past of some projects in a scratch database: what came later is taken out, and put back step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx
from app.time import from_iso

Row = dict[str, Any]
PAGE = 1000
LATER = sa.table("later", *(sa.column(column.name, column.type) for column in models.change.columns))
"""Changes that lie ahead of the moment that is played."""


def items(tx: Tx, *, open_or_closed_since: datetime) -> list[tuple[int, int]]:
    """(item id, project id) of what is open, or was closed since an instant."""
    item = models.item
    rows = tx.execute(
        sa.select(item.c.id, item.c.project_id)
        .where(sa.or_(item.c.is_open, item.c.closed_at >= open_or_closed_since), item.c.deleted_at.is_(None))
        .order_by(item.c.id)
    )
    return [(row.id, row.project_id) for row in rows]


def latest(tx: Tx) -> datetime | None:
    """The last instant of which anything is known; None: there is nothing."""
    item, change = models.item, models.change
    asked = (sa.func.max(change.c.at), sa.func.max(item.c.created_at), sa.func.max(item.c.closed_at))
    return max((at for column in asked if (at := tx.scalar(sa.select(column))) is not None), default=None)


def every_item(tx: Tx) -> list[tuple[int, int]]:
    """(item id, project id) of all."""
    item = models.item
    return [(row.id, row.project_id) for row in tx.execute(sa.select(item.c.id, item.c.project_id).order_by(item.c.id))]


def with_links(tx: Tx) -> set[int]:
    """Items whose changes tell when a link was drawn."""
    change = models.change
    told = sa.select(change.c.item_id).where(change.c.field == "link", change.c.item_id.is_not(None)).distinct()
    return set(tx.scalars(told))


def milestones(tx: Tx, *, open_or_closed_since: datetime) -> list[int]:
    """Milestones that are open, or were closed since an instant."""
    table = models.milestone
    live = sa.and_(sa.or_(table.c.is_open, table.c.closed_at >= open_or_closed_since), table.c.deleted_at.is_(None))
    return list(tx.scalars(sa.select(table.c.id).where(live).order_by(table.c.id)))


def people(tx: Tx) -> dict[str, int]:
    """Ids of people by login."""
    table = models.person
    return {row.login: row.id for row in tx.execute(sa.select(table.c.id, table.c.login))}


def stages(tx: Tx) -> dict[str, str]:
    """Where trackers file statuses, as items in them show it; by the tracker's own word."""
    item = models.item
    query = sa.select(item.c.status, item.c.stage).where(item.c.stage.is_not(None)).distinct()
    return {row.status: row.stage for row in tx.execute(query)}


def with_later(tx: Tx, since: datetime, *, settled_before: datetime) -> Iterator[tuple[Row, list[Sequence[Any]]]]:
    """Items that anything later than an instant is known of, each with all its changes, oldest first: id, at, field,
    actor, before, after and natural key. Left out is what was closed for good before `settled_before`, leads nowhere,
    and of which nobody did more since than to talk.
    """
    item, change = models.item, models.change
    changes = sa.select(
        change.c.item_id,
        *(change.c[name] for name in ("id", "at", "field", "actor_id", "before", "after", "natural_key")),
    )
    wanted = sorted(_later(tx, since) - _settled(tx, since, settled_before) | _checked(tx, since))
    for start in range(0, len(wanted), PAGE):
        page = wanted[start : start + PAGE]
        found: dict[int, list[Sequence[Any]]] = {}
        for id_, *told in tx.execute(
            changes.where(change.c.item_id.in_(page)).order_by(change.c.at, change.c.natural_key)
        ):
            found.setdefault(id_, []).append(told)
        rows = tx.execute(sa.select(item).where(item.c.id.in_(page)).order_by(item.c.id))
        names = list(rows.keys())
        for row in rows.all():
            yield dict(zip(names, row, strict=True)), found.get(row.id, [])


def _later(tx: Tx, since: datetime) -> set[int]:
    """Items that any change, beginning or end later than an instant is known of."""
    item, change = models.item, models.change
    changed = set(tx.scalars(sa.select(change.c.item_id).where(change.c.at > since, change.c.item_id.is_not(None))))
    came_or_went = sa.or_(item.c.created_at > since, item.c.deleted_at > since)
    return changed | set(tx.scalars(sa.select(item.c.id).where(came_or_went)))


def _checked(tx: Tx, since: datetime) -> set[int]:
    """Items with the result of a check that came after an instant."""
    item = models.item
    rows = tx.execute(sa.select(item.c.id, item.c.checks).where(item.c.kind == "pull_request"))
    return {row.id for row in rows if any(from_iso(one[1]) > since for one in row.checks.values())}


def _settled(tx: Tx, since: datetime, before: datetime) -> set[int]:
    """Items closed before an earlier instant, without links, and with nothing but talk after `since`."""
    item, change, link = models.item, models.change, models.link
    closed = sa.and_(~item.c.is_open, item.c.closed_at < before, item.c.deleted_at.is_(None))
    found = set(tx.scalars(sa.select(item.c.id).where(closed)))
    found -= set(
        tx.scalars(sa.select(change.c.item_id).where(change.c.at > since, change.c.field != "comment").distinct())
    )
    found -= set(tx.scalars(sa.select(link.c.source_item_id))) | set(tx.scalars(sa.select(link.c.target_item_id)))
    return found


def changes_since(tx: Tx, since: datetime, *, settled_before: datetime) -> int:
    """How much happened since an instant to what `with_later` gives."""
    change = models.change
    counted = sa.select(change.c.item_id, sa.func.count()).where(change.c.at > since).group_by(change.c.item_id)
    settled = _settled(tx, since, settled_before)
    return sum(count for item_id, count in tx.execute(counted).all() if item_id not in settled)


def take_out_changes(tx: Tx, since: datetime) -> None:
    """Put all later changes aside."""
    change = models.change
    later = sa.select(change).where(change.c.at > since)
    tx.execute(sa.text("CREATE TABLE later AS SELECT * FROM change WHERE 0"))
    tx.execute(sa.text("CREATE UNIQUE INDEX later_id ON later (id)"))
    tx.execute(sa.insert(LATER).from_select([column.name for column in LATER.columns], later))
    tx.execute(sa.delete(change).where(change.c.at > since))


def put_changes(tx: Tx, ids: Sequence[int]) -> None:
    """Put changes back that were put aside."""
    names = [column.name for column in LATER.columns]
    for start in range(0, len(ids), PAGE):
        later = sa.select(LATER).where(LATER.c.id.in_(ids[start : start + PAGE]))
        tx.execute(sa.insert(models.change).from_select(names, later))


def put_item(tx: Tx, item_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of an item."""
    tx.execute(sa.update(models.item).where(models.item.c.id == item_id).values(**values))


def bear(tx: Tx, row: Row) -> None:
    """Put an item there that was not there before."""
    tx.execute(sa.insert(models.item).values(**row))


def unbear(tx: Tx, item_id: int) -> None:
    """Take an item out that is not there yet."""
    tx.execute(sa.delete(models.membership).where(models.membership.c.item_id == item_id))
    tx.execute(sa.delete(models.item).where(models.item.c.id == item_id))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A link that was drawn later."""

    at: datetime
    row: Row


def take_out_links(tx: Tx, since: datetime) -> list[Drawn]:
    """Links that were drawn after an instant: as an event tells it, as the history of either end does, or when their
    source was made.
    """
    link, item = models.link, models.item
    target = item.alias()
    rows = tx.execute(
        sa.select(
            link,
            item.c.created_at,
            item.c.derived,
            item.c.key,
            target.c.derived.label("other_derived"),
            target.c.key.label("other_key"),
        )
        .join(item, item.c.id == link.c.source_item_id)
        .outerjoin(target, target.c.id == link.c.target_item_id)
    ).all()
    names = [column.name for column in link.columns]
    found = []
    for row in rows:
        told = [
            (row.derived or {}).get("linked", {}).get(row.other_key),
            (row.other_derived or {}).get("linked", {}).get(row.key),
        ]
        at = row.as_of or min((from_iso(one) for one in told if one is not None), default=row.created_at)
        if at is not None and at > since:
            found.append(Drawn(at, {name: row._mapping[name] for name in names}))
    for start in range(0, len(found), PAGE):
        ids = [one.row["id"] for one in found[start : start + PAGE]]
        tx.execute(sa.delete(link).where(link.c.id.in_(ids)))
    return found


def draw(tx: Tx, row: Row) -> None:
    """Put a link back."""
    tx.execute(sa.insert(models.link).values(**row))


def naming(tx: Tx, item_id: int) -> list[int]:
    """Items that have a link to this one."""
    link = models.link
    return list(tx.scalars(sa.select(link.c.source_item_id).where(link.c.target_item_id == item_id)))


def all_milestones(tx: Tx) -> list[tuple[Row, list[tuple[datetime, date | None]], list[Row]]]:
    """Every milestone with its observed dates and its changes, oldest first."""
    table, due, change = models.milestone, models.milestone_due, models.change
    dues: dict[int, list[tuple[datetime, date | None]]] = {}
    for row in tx.execute(sa.select(due).order_by(due.c.as_of)):
        dues.setdefault(row.milestone_id, []).append((row.as_of, row.due))
    changes: dict[int, list[Row]] = {}
    for row in tx.execute(sa.select(change).where(change.c.milestone_id.is_not(None)).order_by(change.c.at)):
        changes.setdefault(row.milestone_id, []).append(dict(row._mapping))
    return [
        (dict(row._mapping), dues.get(row.id, []), changes.get(row.id, []))
        for row in tx.execute(sa.select(table).order_by(table.c.id)).all()
    ]


def put_milestone(tx: Tx, milestone_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of a milestone."""
    table = models.milestone
    tx.execute(sa.update(table).where(table.c.id == milestone_id).values(**values))


def put_dues(tx: Tx, milestone_id: int, dues: Iterable[tuple[datetime, date | None]]) -> None:
    """Replace the observed dates of a milestone."""
    table = models.milestone_due
    tx.execute(sa.delete(table).where(table.c.milestone_id == milestone_id))
    rows = [{"milestone_id": milestone_id, "as_of": as_of, "due": due} for as_of, due in dues]
    if rows:
        tx.execute(sa.insert(table), rows)


def take_out(tx: Tx, table_name: str, column: str, since: datetime) -> list[Row]:
    """Take out the rows of a table that are later than an instant by a column, oldest first."""
    table = models.metadata.tables[table_name]
    rows = [
        dict(row._mapping)
        for row in tx.execute(sa.select(table).where(table.c[column] > since).order_by(table.c[column])).all()
    ]
    tx.execute(sa.delete(table).where(table.c[column] > since))
    return rows


def with_settings(tx: Tx, *, until: datetime) -> set[int]:
    """Projects of which anything had been decided by an instant."""
    table = models.project_settings
    return set(tx.scalars(sa.select(table.c.project_id).where(table.c.valid_from <= until)))


def put_back(tx: Tx, table_name: str, row: Row) -> None:
    """Put a row back that was taken out."""
    tx.execute(sa.insert(models.metadata.tables[table_name]).values(**row))
