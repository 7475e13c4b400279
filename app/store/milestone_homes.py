"""Which item speaks for a milestone: where its notes stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx
from app.store.link_facts import ref_of
from rules import facts
from rules.settings import fold

HOME_LABELS = ("release", "epic", "tracking")


@dataclass(frozen=True, slots=True)
class EpicItem:
    """The item that an epic is itself; `there`: it is not gone."""

    ref: facts.Ref
    there: bool


def epic_items(tx: Tx, rows: Sequence[Any]) -> dict[int, EpicItem]:
    """Epics among these milestones as the items that they are themselves, by the milestone's id."""
    item, project = models.item, models.project
    epics = {(row.tracker_id, row.native_id.partition("/")[2]): row.id for row in rows if row.kind == "epic"}
    if not epics:
        return {}
    query = _refs().where(
        project.c.tracker_id.in_({tracker_id for tracker_id, _ in epics}),
        item.c.native_id.in_({native for _, native in epics}),
    )
    found = {
        (row.tracker_id, row.native_id): EpicItem(ref_of(row), there=row.deleted_at is None)
        for row in tx.execute(query)
    }
    return {epics[where]: own for where, own in found.items() if where in epics}


def named_homes(tx: Tx, rows: Sequence[Any]) -> dict[int, tuple[int, facts.Ref]]:
    """The items that people named as homes, by id, with the project each lives in."""
    item = models.item
    wanted = {row.home_item_id for row in rows if row.home_item_id is not None}
    if not wanted:
        return {}
    query = _refs().where(item.c.id.in_(wanted), item.c.deleted_at.is_(None))
    return {row.id: (row.project_id, ref_of(row)) for row in tx.execute(query)}


def _refs() -> sa.Select[Any]:
    item, project = models.item, models.project
    return sa.select(
        item.c.id,
        item.c.native_id,
        item.c.project_id,
        item.c.key,
        item.c.url,
        item.c.secured,
        item.c.deleted_at,
        project.c.tracker_id,
        project.c.key.label("project_key"),
        project.c.public.label("project_public"),
    ).join(project, project.c.id == item.c.project_id)


def home_of(
    row: Any,
    members: Sequence[facts.Member],
    lives_in: Mapping[int, tuple[int, facts.Ref]],
    *,
    own: EpicItem | None,
) -> facts.Ref | None:
    """The item that speaks for a milestone: the one named; else an epic's `own`, for it is an item itself; else the
    parent of at least half; else the only one labelled so. It is there still, and of the milestone's own project: the
    words are meant for the readers of that one. For an epic whose own item is secured no other speaks.
    """
    able = {id_: ref for id_, (project_id, ref) in lives_in.items() if project_id == row.project_id}
    if own is not None and own.ref.secured:
        able = {id_: ref for id_, ref in able.items() if id_ == own.ref.id}
    if row.home_item_id in able:
        return able[row.home_item_id]
    if own is not None and own.there:
        return own.ref
    present = [member for member in members if member.left_at is None and member.item.id in lives_in]
    parents = [member.parent_id for member in present if member.parent_id is not None]
    inside = {member.item.id for member in present if member.item.id in able}
    for parent in sorted(set(parents) & inside):
        if 2 * parents.count(parent) >= len(present) - 1:
            return able[parent]
    labelled = [
        member.item
        for member in present
        if member.item.id in able and {fold(label) for label in member.labels} & set(HOME_LABELS)
    ]
    return labelled[0] if len(labelled) == 1 else None
