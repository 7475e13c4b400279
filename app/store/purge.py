"""Purging a project: every row that belongs to it, in pages, children before parents.

What belongs to it is read off the foreign keys: rows that point at the project, its items, its milestones or its lane,
where that is its own. A new table that does is purged too. A lane and sprints that others share stay, with what is
theirs.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from app.store import models, trackers
from app.store.database import Database, Tx

PAGE = 1000


def purge(db: Database, project_id: int) -> Iterator[tuple[str, int]]:
    """Delete everything of a project that was removed; gives (table, rows deleted) page by page. Safe to repeat."""
    project, item, lane = models.project, models.item, models.lane
    with db.read() as tx:
        row = tx.execute(
            sa.select(lane.c.id, lane.c.name)
            .join(project, project.c.lane_id == lane.c.id)
            .where(project.c.id == project_id)
        ).one_or_none()
    if row is None:
        return
    lane_id = row.id if row.name.startswith(trackers.PROJECT_LANE) else None
    with db.write() as tx:  # others keep their rows, without the end that goes
        tx.execute(sa.delete(models.preview))  # any of them may name what goes; they are asked for again
        _leave_to_others(tx, project_id)
        ours = sa.select(item.c.id).where(item.c.project_id == project_id)
        link = models.link
        theirs = sa.and_(link.c.target_item_id.in_(ours), link.c.project_id != project_id)
        tx.execute(sa.update(link).where(theirs).values(target_item_id=None))
    for table in reversed(models.metadata.sorted_tables):
        belongs = _belongs(table, project_id, lane_id)
        if belongs is None:
            continue
        keys = list(table.primary_key.columns)
        while True:
            with db.write() as tx:
                page = sa.select(*keys).where(belongs).limit(PAGE)
                rows = tx.execute(page).all()
                if rows:
                    wanted = [tuple(row) for row in rows]
                    found = keys[0].in_([row[0] for row in wanted]) if len(keys) == 1 else sa.tuple_(*keys).in_(wanted)
                    tx.execute(sa.delete(table).where(found))
            if rows:
                yield table.name, len(rows)
            if len(rows) < PAGE:
                break


def _leave_to_others(tx: Tx, project_id: int) -> None:
    """Sprints in which others have items are theirs now, and judged anew; marks in a lane that is shared go."""
    milestone, membership, item, mark = models.milestone, models.membership, models.item, models.mark
    theirs = (
        sa.select(sa.func.min(item.c.project_id))
        .join(membership, membership.c.item_id == item.c.id)
        .where(membership.c.milestone_id == milestone.c.id, item.c.project_id != project_id)
        .scalar_subquery()
    )
    sprints = sa.select(milestone.c.id).where(milestone.c.project_id == project_id, milestone.c.kind == "sprint")
    shared = tx.scalars(sprints.where(theirs.is_not(None))).all()
    if shared:
        tx.execute(sa.update(milestone).where(milestone.c.id.in_(shared)).values(project_id=theirs))
    for kind, table in (("milestone", milestone), (None, item)):
        ours = mark.c.subject_id.in_(sa.select(table.c.id).where(table.c.project_id == project_id))
        of_kind = mark.c.subject_kind == kind if kind else mark.c.subject_kind.not_in(("milestone", "flow"))
        tx.execute(sa.delete(mark).where(of_kind, ours))
    tx.execute(sa.delete(mark).where(mark.c.subject_kind == "flow", mark.c.subject_id == project_id))


def _belongs(table: sa.Table, project_id: int, lane_id: int | None) -> sa.ColumnElement[bool] | None:
    """The rows of a table that belong to a project; None: such a table has none."""
    item, milestone = models.item, models.milestone
    owners = {
        "project": sa.select(sa.literal(project_id)),
        "lane": sa.select(sa.literal(lane_id)),
        "item": sa.select(item.c.id).where(item.c.project_id == project_id),
        "milestone": sa.select(milestone.c.id).where(milestone.c.project_id == project_id),
    }
    if table.name == "project":
        return table.c.id == project_id
    if table.name == "lane":
        return table.c.id == lane_id if lane_id is not None else None
    if lane_id is None:
        del owners["lane"]
    found: list[sa.ColumnElement[bool]] = [
        column.in_(owners[key.column.table.name])
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name in owners and not column.nullable
    ]
    if "project_id" in table.c and table.c.project_id.nullable:
        found.append(table.c.project_id == project_id)
    if table.name == "change":  # an event of a milestone may have been taken in by another project of its lane
        found.append(table.c.milestone_id.in_(owners["milestone"]))
    return sa.or_(*found) if found else None
