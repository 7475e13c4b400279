"""Items that live in one project today and in another tomorrow: where they are, and taking them along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx


@dataclass(frozen=True, slots=True)
class Home:
    """Where an item lives. `as_of` is the instant (ISO) of the newest text known of it."""

    item_id: int
    project_id: int
    as_of: str | None


def homes(tx: Tx, tracker_id: int, natives: Iterable[str]) -> dict[str, Home]:
    """Items of a tracker, in whatever project, by native id."""
    item, project = models.item, models.project
    wanted = sorted(set(natives))
    if not wanted:
        return {}
    rows = tx.execute(
        sa.select(item.c.id, item.c.project_id, item.c.native_id, item.c.guards).where(
            item.c.project_id.in_(sa.select(project.c.id).where(project.c.tracker_id == tracker_id)),
            item.c.native_id.in_(wanted),
        )
    )
    return {row.native_id: Home(row.id, row.project_id, row.guards.get("text")) for row in rows}


def rehome(tx: Tx, projects: Mapping[int, int]) -> None:
    """Take items (project by item id) to another project of the same lane, with their changes, links, flags, answers
    and what we wrote.
    """
    for project_id in sorted(set(projects.values())):
        ids = sorted(item_id for item_id, to in projects.items() if to == project_id)
        for table in (models.change, models.publication, models.written, models.answer):
            tx.execute(sa.update(table).where(table.c.item_id.in_(ids)).values(project_id=project_id))
        link, standing = models.link, models.standing
        tx.execute(sa.update(link).where(link.c.source_item_id.in_(ids)).values(project_id=project_id))
        tx.execute(
            sa.update(standing)
            .where(standing.c.subject_kind == "item", standing.c.subject_id.in_(ids))
            .values(project_id=project_id)
        )
        tx.execute(sa.update(models.item).where(models.item.c.id.in_(ids)).values(project_id=project_id))


def settle_owners(tx: Tx, milestone_ids: Iterable[int]) -> None:
    """Which project speaks for a milestone that crosses projects: a sprint's is the one with most of its items (of
    equals the one watched longest), an epic's is its own item's. None while nothing says.
    """
    milestone, membership, item = models.milestone, models.membership, models.item
    rows = tx.execute(
        sa.select(milestone.c.id, milestone.c.kind, milestone.c.native_id, milestone.c.tracker_id).where(
            milestone.c.id.in_(sorted(set(milestone_ids))), milestone.c.kind.in_(("sprint", "epic"))
        )
    ).all()
    if not rows:
        return
    counted: dict[int, dict[int, int]] = {}
    for row in tx.execute(
        sa.select(membership.c.milestone_id, item.c.project_id, sa.func.count(sa.distinct(item.c.id)).label("items"))
        .join(item, item.c.id == membership.c.item_id)
        .where(membership.c.milestone_id.in_([row.id for row in rows]))
        .group_by(membership.c.milestone_id, item.c.project_id)
    ):
        counted.setdefault(row.milestone_id, {})[row.project_id] = row.items
    epics = {row.native_id.partition("/")[2]: row for row in rows if row.kind == "epic"}
    own = {}
    for tracker_id in {row.tracker_id for row in epics.values()}:
        own.update(homes(tx, tracker_id, epics))
    owners = {}
    for row in rows:
        home = own.get(row.native_id.partition("/")[2]) if row.kind == "epic" else None
        most = min(counted.get(row.id, {}).items(), key=lambda pair: (-pair[1], pair[0]), default=(None, 0))[0]
        owners[row.id] = home.project_id if home is not None else most
    tx.execute(
        sa.update(milestone).where(milestone.c.id == sa.bindparam("the_id")).values(project_id=sa.bindparam("v_owner")),
        [{"the_id": id_, "v_owner": owner} for id_, owner in sorted(owners.items())],
    )
