"""Deriving items in a transaction: snapshots and changes in; derived columns, stays and what is silenced out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.services import memberships, replies
from app.services.derive import derive
from app.services.past import Past, Who
from app.services.projects import Projects
from app.store import derivation, people, wishes
from app.store.database import Tx
from rules.settings import Settings


def derive_items(tx: Tx, projects: Projects, project_id: int, item_ids: Sequence[int]) -> set[int]:
    """Derive items of a project anew from their snapshots and changes; gives the milestones that this concerns."""
    if not item_ids:
        return set()
    rows = derivation.snapshots(tx, item_ids)
    changes = {
        item_id: [
            Past(row.at, row.field, row.actor_id, row.before, row.after, row.url, row.natural_key, row.bulk)
            for row in found
        ]
        for item_id, found in derivation.changes_of(tx, item_ids).items()
    }
    settings = projects.facts[project_id].settings
    who = _who(tx, project_id, rows, changes, settings)
    derivation.save_derived(
        tx,
        {
            item_id: derive(row, changes.get(item_id, ()), people=who, settings=settings)
            for item_id, row in rows.items()
        },
    )
    off = replies.off_label(projects.facts[project_id]).casefold()
    silenced = {id_: off in {label.casefold() for label in row["labels"]} for id_, row in rows.items()}
    wishes.save_silenced(tx, {id_: now for id_, now in silenced.items() if now != rows[id_]["silenced"]})
    concerned = memberships.settle(tx, projects.rows[project_id].tracker_id, rows, changes)
    return concerned | derivation.milestones_of(tx, item_ids)


def _who(
    tx: Tx,
    project_id: int,
    rows: Mapping[int, Mapping[str, Any]],
    changes: Mapping[int, Sequence[Past]],
    settings: Settings,
) -> dict[int, Who]:
    """What the people on these items are in this project."""
    ids = {change.actor_id for all_ in changes.values() for change in all_ if change.actor_id is not None}
    ids |= {row["author_id"] for row in rows.values() if row["author_id"] is not None}
    ids |= {int(who) for row in rows.values() for who in (*row["reviews"], *row["assignee_ids"])}
    member = people.members(tx, project_id, ids)
    return {
        id_: Who(
            bot=bot or login in settings.automation or login.endswith("[bot]"),
            member=member.get(id_, False),
            login=login,
        )
        for id_, (login, bot) in people.load(tx, ids).items()
    }
