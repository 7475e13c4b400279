"""What derivation reads and leaves: snapshots and changes in, derived columns, stays and sums out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import IDS, Tx
from app.time import to_iso


def snapshots(tx: Tx, item_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Item rows as derivation reads them."""
    return {row.id: dict(row._mapping) for row in tx.execute(_snapshots(), {"ids": list(item_ids)})}


@cache
def _snapshots() -> sa.Select[Any]:
    return sa.select(models.item).where(models.item.c.id.in_(IDS))


def changes_of(tx: Tx, item_ids: Sequence[int]) -> dict[int, list[Any]]:
    """All changes of items, oldest first."""
    found: dict[int, list[Any]] = {}
    for row in tx.execute(_changes(), {"ids": list(item_ids)}):
        found.setdefault(row.item_id, []).append(row)
    return found


@cache
def _changes() -> sa.Select[Any]:
    table = models.change
    names = ("item_id", "at", "field", "actor_id", "before", "after", "url", "natural_key", "bulk")
    return (
        sa.select(*(table.c[name] for name in names))
        .where(table.c.item_id.in_(IDS))
        .order_by(table.c.at, table.c.natural_key)
    )


def save_derived(tx: Tx, derived: Mapping[int, Mapping[str, Any]]) -> None:
    """`derived` by item id: state, state_since, began_at, moved_at and the JSON document."""
    if derived:
        table = models.item
        tx.execute(
            sa.update(table)
            .where(table.c.id == sa.bindparam("the_id"))
            .values(
                state=sa.bindparam("v_state"),
                state_since=sa.bindparam("v_since"),
                began_at=sa.bindparam("v_began"),
                moved_at=sa.bindparam("v_moved"),
                derived=sa.bindparam("v_derived"),
            ),
            [
                {
                    "the_id": id_,
                    "v_state": values["state"],
                    "v_since": values["state_since"],
                    "v_began": values["began_at"],
                    "v_moved": values["moved_at"],
                    "v_derived": values["derived"],
                }
                for id_, values in sorted(derived.items())
            ],
        )


@dataclass(frozen=True, slots=True)
class Named:
    """A milestone that changes name. `ended_at`: a sprint's completion, or when it was merged into its `heir`."""

    id: int
    ended_at: datetime | None = None
    heir: str | None = None


def milestones_named(tx: Tx, tracker_id: int, natives: Iterable[str]) -> dict[str, Named]:
    """Milestones of a tracker by native id, with those that they were merged into."""
    table = models.milestone
    found: dict[str, Named] = {}
    wanted = set(natives)
    while wanted:  # once, and once more for each merging of what took others over
        for row in tx.execute(
            sa.select(table).where(table.c.tracker_id == tracker_id, table.c.native_id.in_(sorted(wanted)))
        ):
            merged = row.merged_into is not None and row.deleted_at is not None
            over = row.kind == "sprint" and not row.is_open and row.deleted_at is None
            ended_at = row.deleted_at if merged else row.closed_at if over else None
            found[row.native_id] = Named(row.id, ended_at, row.merged_into if merged else None)
        heirs = {one.heir for one in found.values() if one.heir is not None}
        wanted = heirs - found.keys() - wanted
    return found


def epics_above(tx: Tx, item_ids: Sequence[int]) -> dict[int, list[str]]:
    """The epics that are parents of items, as native ids of milestones: some trackers tell an epic by its key alone,
    so that only the edge leads to it.
    """
    link, item = models.link, models.item
    found: dict[int, list[str]] = {}
    for row in tx.execute(
        sa.select(link.c.source_item_id, item.c.native_id)
        .join(item, item.c.id == link.c.target_item_id)
        .where(link.c.source_item_id.in_(item_ids), link.c.kind == "parent", item.c.kind == "epic")
    ):
        found.setdefault(row.source_item_id, []).append(f"epic/{row.native_id}")
    return found


def concerned(tx: Tx, tracker_id: int, *, new: Iterable[str], ended: Iterable[str]) -> set[tuple[int, int]]:
    """Items, as (lane id, item id), whose stays hang on milestones that are `new`, by what changes and edges told
    before, or that `ended` with these in them.
    """
    item, project, change = models.item, models.project, models.change
    membership, milestone, link = models.membership, models.milestone, models.link
    fresh, over = sorted(new), sorted(ended)
    ours = sa.select(project.c.id).where(project.c.tracker_id == tracker_id)
    looks = []
    if fresh or over:
        either = sorted({*fresh, *over})
        # two look-ups, each by an index of its own, which a bound word would not find
        moved = change.c.field == sa.literal_column("'milestone'")
        looks += [
            sa.select(change.c.item_id).where(moved, end.in_(either), (change.c.project_id + 0).in_(ours))
            for end in (change.c.before, change.c.after)
        ]
    if fresh:
        epics = [native.partition("/")[2] for native in fresh if native.startswith("epic/")]
        target = item.alias()
        looks.append(
            sa.select(link.c.source_item_id)
            .join(target, target.c.id == link.c.target_item_id)
            .where(link.c.kind == "parent", target.c.native_id.in_(epics), target.c.project_id.in_(ours))
        )
    if over:
        looks.append(
            sa.select(membership.c.item_id)
            .join(milestone, milestone.c.id == membership.c.milestone_id)
            .where(milestone.c.tracker_id == tracker_id, milestone.c.native_id.in_(over))
        )
    if not looks:
        return set()
    rows = tx.execute(
        sa.select(project.c.lane_id, item.c.id)
        .join(project, project.c.id == item.c.project_id)
        .where(item.c.id.in_(sa.union(*looks)))
    )
    return {(row.lane_id, row.id) for row in rows}


Stay = tuple[int, datetime | None, datetime | None]
"""(milestone id, joined, left)."""


def save_stays(tx: Tx, stays: Mapping[int, Sequence[Stay]]) -> set[int]:
    """Replace the stays of items where they differ; gives the milestones that this concerns."""
    table = models.membership
    have: dict[int, set[Stay]] = {item_id: set() for item_id in stays}
    for row in tx.execute(sa.select(table).where(table.c.item_id.in_(list(stays)))):
        have[row.item_id].add((row.milestone_id, row.joined_at, row.left_at))
    changed = {item_id for item_id, wanted in stays.items() if set(wanted) != have[item_id]}
    if not changed:
        return set()
    tx.execute(sa.delete(table).where(table.c.item_id.in_(sorted(changed))))
    rows = [
        {"item_id": item_id, "milestone_id": milestone_id, "joined_at": joined, "left_at": left}
        for item_id in sorted(changed)
        for milestone_id, joined, left in sorted(set(stays[item_id]), key=str)
    ]
    if rows:
        tx.execute(sa.insert(table), rows)
    return {stay[0] for item_id in changed for stay in have[item_id] | set(stays[item_id])}


def save_milestone_sums(tx: Tx, milestone_ids: Iterable[int]) -> None:
    """Totals and the history of due dates, from memberships and observations."""
    wanted = sorted(milestone_ids)
    if not wanted:
        return
    membership, item, due = models.membership, models.item, models.milestone_due
    totals = {
        row.milestone_id: (row.total, row.open)
        for row in tx.execute(
            sa.select(
                membership.c.milestone_id,
                sa.func.count().label("total"),
                sa.func.sum(sa.case((item.c.is_open, 1), else_=0)).label("open"),
            )
            .join(item, item.c.id == membership.c.item_id)
            .where(membership.c.milestone_id.in_(wanted), membership.c.left_at.is_(None))
            .group_by(membership.c.milestone_id)
        )
    }
    dues: dict[int, list[list[str | None]]] = {}
    for row in tx.execute(
        sa.select(due).where(due.c.milestone_id.in_(wanted)).order_by(due.c.milestone_id, due.c.as_of)
    ):
        history = dues.setdefault(row.milestone_id, [])
        text = row.due.isoformat() if isinstance(row.due, date) else None
        if not history or history[-1][0] != text:
            history.append([text, to_iso(row.as_of)])
    table = models.milestone
    tx.execute(
        sa.update(table)
        .where(table.c.id == sa.bindparam("the_id"))
        .values(
            members_total=sa.bindparam("v_total"), members_open=sa.bindparam("v_open"), dues=sa.bindparam("v_dues")
        ),
        [
            {
                "the_id": id_,
                "v_total": totals.get(id_, (0, 0))[0],
                "v_open": totals.get(id_, (0, 0))[1] or 0,
                "v_dues": dues.get(id_, []),
            }
            for id_ in wanted
        ],
    )


def neighbours(tx: Tx, item_ids: Sequence[int], *, also: Iterable[int] = ()) -> list[tuple[int, int]]:
    """Items that look at these, as (lane id, item id): a parent at its children, an issue at its pull requests, a
    pull request at the one it is stacked on. `also` are items that looked at one of these until now.
    """
    # look-ups of their own, each by an index: joined by OR they would walk every item
    found = set(also)
    if item_ids:
        for query in _looking():
            found.update(tx.scalars(query, {"ids": list(item_ids)}))
    if not found:
        return []
    return [(row.lane_id, row.id) for row in tx.execute(_lanes(), {"ids": sorted(found)})]


@cache
def _looking() -> tuple[sa.Select[tuple[int]], ...]:
    """What these items link to, and what is stacked on them."""
    link, item = models.link, models.item
    base = item.alias()
    linked = sa.select(link.c.target_item_id).where(
        link.c.source_item_id.in_(IDS), link.c.kind != "mentions", link.c.target_item_id.is_not(None)
    )
    stacked = (
        sa.select(item.c.id)
        .select_from(base)
        .join(item, sa.and_(base.c.project_id == item.c.project_id, base.c.head_ref == item.c.base_ref))
        .where(base.c.id.in_(IDS), item.c.is_open.is_not(False), item.c.id != base.c.id)
    )
    return linked, stacked


@cache
def _lanes() -> sa.Select[tuple[int, int]]:
    """The lane that each of these items lives in."""
    item, project = models.item, models.project
    return (
        sa.select(project.c.lane_id, item.c.id).join(item, item.c.project_id == project.c.id).where(item.c.id.in_(IDS))
    )


def waiting_on(tx: Tx, item_ids: Iterable[int]) -> list[tuple[int, int]]:
    """Items that wait on these, as (lane id, item id): what they implement, close or block."""
    link, item, project = models.link, models.item, models.project
    wanted = sorted(item_ids)
    if not wanted:
        return []
    rows = tx.execute(
        sa.select(project.c.lane_id, item.c.id)
        .join(item, item.c.id == link.c.target_item_id)
        .join(project, project.c.id == item.c.project_id)
        .where(link.c.source_item_id.in_(wanted), link.c.kind.in_(("closes", "implements", "blocks")))
        .distinct()
    )
    return sorted((row.lane_id, row.id) for row in rows)


def milestones_of(tx: Tx, item_ids: Sequence[int]) -> set[int]:
    """Milestones that these items are in now."""
    table = models.membership
    return set(
        tx.scalars(
            sa.select(table.c.milestone_id).where(table.c.item_id.in_(item_ids), table.c.left_at.is_(None)).distinct()
        )
    )
