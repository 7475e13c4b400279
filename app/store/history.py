"""What a history is written from, a page at a time, and what it is put into: rows that get ids of this database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx, insert
from app.store.scratch import TWICE, pages
from app.store.trackers import TRACKER_LANE

Row = dict[str, Any]
MANY = 1000
"""Ids that one statement names."""

# --- out


def hold_still(tx: Tx) -> None:
    """Let this transaction, which has not begun to read, see one state of everything to its end."""
    if tx.dialect.name == "postgresql":  # SQLite's always does
        tx.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def settings_of(tx: Tx, project_ids: Sequence[int]) -> list[Row]:
    """All settings that projects ever had, oldest first."""
    table = models.project_settings
    return _all(
        tx, sa.select(table).where(table.c.project_id.in_(project_ids)).order_by(table.c.valid_from, table.c.id)
    )


def programmes_of(tx: Tx, project_ids: Sequence[int]) -> list[tuple[Row, list[int]]]:
    """Programmes with those of these projects that are in them."""
    programme, part = models.programme, models.programme_project
    inside: dict[int, list[int]] = {}
    for row in tx.execute(sa.select(part).where(part.c.project_id.in_(project_ids)).order_by(part.c.project_id)):
        inside.setdefault(row.programme_id, []).append(row.project_id)
    rows = _all(tx, sa.select(programme).where(programme.c.id.in_(list(inside))).order_by(programme.c.id))
    return [(row, inside[row["id"]]) for row in rows]


def people_of(tx: Tx, project_ids: Sequence[int]) -> Iterator[tuple[Row, list[Row]]]:
    """Whoever these projects name, each with what they are in which of them."""
    participant, change, person = models.participant, models.change, models.person
    wanted = set(tx.scalars(sa.select(participant.c.person_id).where(participant.c.project_id.in_(project_ids))))
    acted = sa.select(change.c.actor_id).where(change.c.project_id.in_(project_ids), change.c.actor_id.is_not(None))
    wanted |= set(tx.scalars(acted.distinct()))
    for row in pages(tx, models.item, models.item.c.project_id.in_(project_ids)):
        wanted |= {row["author_id"], *row["assignee_ids"], *map(int, row["reviews"])} - {None}
        wanted |= set((row["pull"] or {}).get("reviewers", ()))
    for ids in _chunks(sorted(wanted)):
        parts: dict[int, list[Row]] = {}
        mine = sa.and_(participant.c.person_id.in_(ids), participant.c.project_id.in_(project_ids))
        for part in _all(tx, sa.select(participant).where(mine).order_by(participant.c.project_id)):
            parts.setdefault(part["person_id"], []).append(part)
        for row in _all(tx, sa.select(person).where(person.c.id.in_(ids)).order_by(person.c.id)):
            yield row, parts.get(row["id"], [])


def items_of(tx: Tx, project_ids: Sequence[int], *, since: datetime | None) -> Iterator[Row]:
    """Items, without those that were over before an instant."""
    item = models.item
    where = sa.and_(item.c.project_id.in_(project_ids), item.c.created_at.is_not(None))
    if since is not None:
        ended = sa.func.coalesce(item.c.closed_at, item.c.deleted_at)
        where = sa.and_(where, sa.or_(item.c.is_open, ended.is_(None), ended >= since))
    return pages(tx, item, where)


def milestones_of(tx: Tx, project_ids: Sequence[int]) -> list[tuple[Row, list[Row]]]:
    """Milestones of these projects and those that ever held an item of theirs, each with its observed dates; what
    speaks for another comes before it.
    """
    milestone, membership, item, due = models.milestone, models.membership, models.item, models.milestone_due
    held = (
        sa.select(membership.c.milestone_id)
        .join(item, item.c.id == membership.c.item_id)
        .where(item.c.project_id.in_(project_ids))
    )
    where = sa.or_(milestone.c.project_id.in_(project_ids), milestone.c.id.in_(held))
    rows = _all(tx, sa.select(milestone).where(where).order_by(milestone.c.joined_to.is_not(None), milestone.c.id))
    dues: dict[int, list[Row]] = {}
    for ids in _chunks([row["id"] for row in rows]):
        for seen in _all(tx, sa.select(due).where(due.c.milestone_id.in_(ids)).order_by(due.c.as_of)):
            dues.setdefault(seen["milestone_id"], []).append(seen)
    return [(row, dues.get(row["id"], [])) for row in rows]


def baselines_of(tx: Tx, milestone_ids: Sequence[int]) -> Iterator[Row]:
    """Baselines that stay as they are, in the order in which they were made."""
    table = models.baseline
    wanted = set(milestone_ids)
    return (row for row in pages(tx, table, table.c.frozen) if row["milestone_id"] in wanted)


def links_of(tx: Tx, project_ids: Sequence[int]) -> Iterator[Row]:
    """Links whose source is an item of these projects."""
    return pages(tx, models.link, models.link.c.project_id.in_(project_ids))


def changes_of(tx: Tx, project_ids: Sequence[int], *, since: datetime | None) -> Iterator[Row]:
    """Changes that these projects keep, from an instant on."""
    change = models.change
    where = change.c.project_id.in_(project_ids)
    return pages(tx, change, where if since is None else sa.and_(where, change.c.at >= since))


def rule_versions(tx: Tx) -> list[Row]:
    """Every version of every rule, with the rule's name, and when it was removed on its newest version."""
    rule, version = models.rule, models.rule_version
    removed = sa.case((version.c.version == rule.c.version, rule.c.removed_at))
    query = (
        sa.select(version, rule.c.name, rule.c.type, removed.label("removed_at"))
        .join(rule, rule.c.id == version.c.rule_id)
        .order_by(rule.c.name, version.c.version)
    )
    return _all(tx, query)


def _all(tx: Tx, query: sa.Select[Any]) -> list[Row]:
    return [dict(row._mapping) for row in tx.execute(query)]


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + MANY] for start in range(0, len(ids), MANY))


# --- in


class Put:
    """Rows of a history put into a database that holds others: each gets an id of this database, and what refers to it
    by the id of the file is led there. Committed in as many transactions as the caller likes.
    """

    def __init__(self) -> None:
        self.ids: dict[str, dict[int, int]] = {}
        self.given = 0
        """Rows of tables in which one may stand twice."""

    def rows(self, tx: Tx, table_name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put in rows of one table; what they refer to is in already."""
        table = models.metadata.tables[table_name]
        fitted = [self._fitted(table, row) for row in rows]
        if table_name in TWICE:
            self.given += len(fitted)
            tx.execute(insert(tx, table).on_conflict_do_nothing(), fitted)
            return
        if "id" not in table.c:
            tx.execute(sa.insert(table), fitted)
            return
        known = self.ids.setdefault(table_name, {})
        made = tx.scalars(sa.insert(table).returning(table.c.id, sort_by_parameter_order=True), fitted).all()
        known.update(zip((row["id"] for row in rows), made, strict=True))

    def twice(self, tx: Tx) -> int:
        """Rows that were given and that another one like them had made needless."""
        kept = 0
        for name in TWICE:
            table = models.metadata.tables[name]
            mine = table.c.project_id.in_(sorted(self.ids["project"].values()))
            kept += tx.scalar(sa.select(sa.func.count()).select_from(table).where(mine)) or 0
        return self.given - kept

    def _fitted(self, table: sa.Table, row: Mapping[str, Any]) -> Row:
        fitted = {name: value for name, value in row.items() if name != "id"}
        for column in table.columns:
            for key in column.foreign_keys:
                if fitted.get(column.name) is not None:
                    fitted[column.name] = self.ids[key.column.table.name][fitted[column.name]]
        return _FITS[table.name](self.ids, fitted) if table.name in _FITS else fitted


def _fit_item(ids: Mapping[str, Mapping[int, int]], row: Row) -> Row:
    people = ids.get("person", {})
    pull = row["pull"]
    if pull is not None:
        pull = {**pull, "reviewers": sorted(people[who] for who in pull["reviewers"])}
    return {
        **row,
        "pull": pull,
        "assignee_ids": sorted(people[who] for who in row["assignee_ids"]),
        "reviews": {str(people[int(who)]): review for who, review in row["reviews"].items()},
    }


def _fit_milestone(ids: Mapping[str, Mapping[int, int]], row: Row) -> Row:
    leader, home = row["joined_to"], row["home_item_id"]
    return {
        **row,
        "joined_to": None if leader is None else ids["milestone"][leader],
        "home_item_id": None if home is None else ids["item"][home],
    }


def _fit_baseline(ids: Mapping[str, Mapping[int, int]], row: Row) -> Row:
    items = ids.get("item", {})
    return {**row, "members": {str(items[int(id_)]): estimate for id_, estimate in row["members"].items()}}


def _fit_lane(_ids: Mapping[str, Mapping[int, int]], row: Row) -> Row:
    return {**row, "name": f"{TRACKER_LANE}{row['tracker_id']}"}


_FITS = {"lane": _fit_lane, "item": _fit_item, "milestone": _fit_milestone, "baseline": _fit_baseline}


# --- projects that are not in use yet


def hide(tx: Tx, project_ids: Iterable[int], *, now: datetime) -> None:
    """Keep projects out of use until all of them is in. `now` is real time: said again, it shows that this goes on."""
    project = models.project
    values = {"removed_at": now, "status": COMING}
    tx.execute(sa.update(project).where(project.c.id.in_(sorted(project_ids))).values(**values))


def show(tx: Tx, project_ids: Iterable[int], *, detail: str, now: datetime) -> None:
    """Take projects into use."""
    project = models.project
    values = {"removed_at": None, "status": "active", "status_detail": detail, "created_at": now}
    tx.execute(sa.update(project).where(project.c.id.in_(sorted(project_ids))).values(**values))


COMING = "coming"
"""Status of a project whose history is being put in."""


def broken_off(tx: Tx, *, before: datetime) -> list[int]:
    """Trackers of which an import was begun, and last went on before an instant of real time."""
    project = models.project
    coming = sa.and_(project.c.status == COMING, project.c.removed_at < before)
    return sorted(set(tx.scalars(sa.select(project.c.tracker_id).where(coming))))


def projects_on(tx: Tx, tracker_id: int) -> list[int]:
    """All projects of a tracker, in use or not."""
    project = models.project
    return list(tx.scalars(sa.select(project.c.id).where(project.c.tracker_id == tracker_id)))


def item_pages(tx: Tx, project_id: int, *, after: int, size: int) -> list[int]:
    """The next items of a project by id."""
    item = models.item
    mine = sa.and_(item.c.project_id == project_id, item.c.id > after)
    return list(tx.scalars(sa.select(item.c.id).where(mine).order_by(item.c.id).limit(size)))


def forget_tracker(tx: Tx, tracker_id: int) -> None:
    """Delete a tracker whose projects are deleted already, with its people, its lane and what crossed projects."""
    milestone, tracker = models.milestone, models.tracker
    theirs = sa.select(milestone.c.id).where(milestone.c.tracker_id == tracker_id)
    for table in (models.membership, models.milestone_due, models.baseline, models.change):
        tx.execute(sa.delete(table).where(table.c.milestone_id.in_(theirs)))
    for table in (milestone, models.person, models.lane):
        tx.execute(sa.delete(table).where(table.c.tracker_id == tracker_id))
    tx.execute(sa.delete(tracker).where(tracker.c.id == tracker_id))
