"""Links as rows: owned by their source, pointed at their target once that is known, whichever end came first.

What a text names replaces what the same text named before. Edges that events tell carry a time where the tracker
gives one, so that a late word of an edge neither draws nor cuts it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx, insert
from app.time import from_iso

ISSUE_KEY = re.compile(r"(?P<project>[A-Z][A-Z0-9_]+)-(?P<number>[1-9][0-9]*)")


@dataclass(frozen=True, slots=True)
class Edge:
    """One link told by an event, added or removed; ends are native ids or, of the target, words like "PAY-7". `at` is
    when it was so (None: as it arrives).
    """

    source: str
    kind: str
    target: str
    removed: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EdgeList:
    """All the edges that touch an item, as of an instant: what is not among them was taken away by then."""

    item: str
    edges: tuple[Edge, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving did: `lost` are our ids of items that lost a link; `waiting` items of other lanes, as (lane id, item
    id), that name one of these and did not know it.
    """

    lost: frozenset[int]
    waiting: frozenset[tuple[int, int]]


Key = tuple[int, str, str, str]
"""(source item id, kind, origin, target): what makes a link this one."""


def save(
    tx: Tx,
    *,
    project_id: int,
    tracker_id: int,
    lane_id: int,
    ids: Mapping[str, int],
    fresh: Iterable[int],
    texts: Mapping[tuple[str, str], Sequence[tuple[str, str]]],
    edges: Sequence[Edge],
    lists: Sequence[EdgeList],
) -> Saved:
    """Store what texts and events tell, with a fixed number of statements.

    `ids` are those of the items at hand, by native id, `fresh` of those that are new. `texts` are by source and
    origin; their links are (kind, target).
    """
    others = _others(tx, tracker_id, {edge.source for edge in _all(edges, lists)} - ids.keys())
    ids = {**ids, **{native: id_ for native, (id_, _) in others.items()}}
    projects = dict(others.values())
    said = {(ids[source], origin): set(links) for (source, origin), links in texts.items() if source in ids}
    wanted = {(source, kind, origin, target) for (source, origin), links in said.items() for kind, target in links}
    speakers = {source for source, _origin in said}
    listed = _listed(tx, tracker_id, {edge.source for edge in _all(edges, lists)} | {one.item for one in lists})
    told = _Told(ids, listed)
    for edge in edges:
        told.take(edge)
    lists = [one for one in lists if one.at >= listed.get(one.item, one.at)]
    touched = {ids[one.item] for one in lists if one.item in ids}
    for one in lists:
        for edge in one.edges:
            told.take(edge, at=one.at)
    have = _of(tx, {*speakers, *touched, *told.sources()}, touching={one.item for one in lists})
    for one in lists:
        told.miss(one, have)
    cut = _cut(tx, told.sources())
    gone = {key for key in have if (key[0], key[2]) in said and key not in wanted}
    drawn: dict[Key, datetime | None] = {key: None for key in wanted if key not in have}
    cuts: dict[tuple[int, str, str], datetime] = {}
    for (source, kind, target), (removed, at) in told.last.items():
        key = (source, kind, "event", target)
        known = have[key].as_of if key in have else cut.get((source, kind, target))
        if at is not None and known is not None and at < known:
            continue
        if removed and at is not None:
            cuts[(source, kind, target)] = at
        if removed and key in have:
            gone.add(key)
        elif not removed and (key not in have or have[key].as_of != at):
            drawn[key] = at
    _delete(tx, [have[key].id for key in gone])
    _draw(tx, {key: (projects.get(key[0], project_id), at) for key, at in drawn.items()})
    _keep_cuts(tx, cuts)
    point(tx, sorted({*touched, *speakers, *told.sources()} & set(ids.values())), tracker_id=tracker_id)
    waiting = _wake(tx, sorted(fresh), tracker_id=tracker_id, lane_id=lane_id)
    return Saved(
        lost=frozenset(lost for key in gone if (lost := have[key].target) is not None), waiting=frozenset(waiting)
    )


def _all(edges: Sequence[Edge], lists: Sequence[EdgeList]) -> Iterable[Edge]:
    yield from edges
    for one in lists:
        yield from one.edges


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    target: int | None
    as_of: datetime | None


class _Told:
    """What events and lists say of each edge in the end: (removed, as of when)."""

    def __init__(self, ids: Mapping[str, int], listed: Mapping[str, datetime]) -> None:
        self.ids = ids
        self.listed = listed
        self.last: dict[tuple[int, str, str], tuple[bool, datetime | None]] = {}

    def take(self, edge: Edge, *, at: datetime | None = None) -> None:
        at = edge.at or at
        known = self.listed.get(edge.source)
        late = at is not None and known is not None and at < known
        if edge.source in self.ids and not late:
            self._take((self.ids[edge.source], edge.kind, edge.target), removed=edge.removed, at=at)

    def miss(self, one: EdgeList, have: Mapping[Key, _Row]) -> None:
        """What the list does not hold, of what touches its item, was taken away."""
        held = {(self.ids.get(edge.source), edge.kind, edge.target) for edge in one.edges}
        item = self.ids.get(one.item)
        for source, kind, origin, target in have:
            touches = source == item or target == one.item
            if origin == "event" and touches and (source, kind, target) not in held:
                self._take((source, kind, target), removed=True, at=one.at)

    def _take(self, key: tuple[int, str, str], *, removed: bool, at: datetime | None) -> None:
        known = self.last.get(key)
        if known is None or at is None or known[1] is None or at >= known[1]:
            self.last[key] = (removed, at)

    def sources(self) -> set[int]:
        return {key[0] for key in self.last}


def _others(tx: Tx, tracker_id: int, natives: set[str]) -> dict[str, tuple[int, int]]:
    """Items of other projects of the tracker, by native id, with their projects."""
    item, project = models.item, models.project
    if not natives:
        return {}
    rows = tx.execute(
        sa.select(item.c.native_id, item.c.id, item.c.project_id)
        .join(project, project.c.id == item.c.project_id)
        .where(project.c.tracker_id == tracker_id, item.c.native_id.in_(sorted(natives)))
    )
    return {row.native_id: (row.id, row.project_id) for row in rows}


def _listed(tx: Tx, tracker_id: int, natives: set[str]) -> dict[str, datetime]:
    """As of when items have told all their edges: earlier words of those say nothing any more."""
    item, project = models.item, models.project
    if not natives:
        return {}
    rows = tx.execute(
        sa.select(item.c.native_id, item.c.guards)
        .join(project, project.c.id == item.c.project_id)
        .where(project.c.tracker_id == tracker_id, item.c.native_id.in_(sorted(natives)))
    )
    return {row.native_id: from_iso(row.guards["edges"]) for row in rows if "edges" in row.guards}


def _of(tx: Tx, source_ids: set[int], *, touching: set[str]) -> dict[Key, _Row]:
    """The links of these sources, and those that point at the items of these native ids."""
    table = models.link
    found: dict[Key, _Row] = {}
    for condition in (
        table.c.source_item_id.in_(sorted(source_ids)) if source_ids else None,
        table.c.target.in_(sorted(touching)) if touching else None,
    ):
        if condition is not None:
            for row in tx.execute(sa.select(table).where(condition)):
                key = (row.source_item_id, row.kind, row.origin, row.target)
                found[key] = _Row(row.id, row.target_item_id, row.as_of)
    return found


def _cut(tx: Tx, sources: set[int]) -> dict[tuple[int, str, str], datetime]:
    table = models.cut_link
    if not sources:
        return {}
    rows = tx.execute(sa.select(table).where(table.c.source_item_id.in_(sorted(sources))))
    return {(row.source_item_id, row.kind, row.target): row.as_of for row in rows}


def _delete(tx: Tx, ids: Sequence[int]) -> None:
    if ids:
        tx.execute(sa.delete(models.link).where(models.link.c.id.in_(sorted(ids))))


def _draw(tx: Tx, drawn: Mapping[Key, tuple[int, datetime | None]]) -> None:
    if not drawn:
        return
    statement = insert(tx, models.link)
    statement = statement.on_conflict_do_update(
        index_elements=["source_item_id", "kind", "origin", "target"], set_={"as_of": statement.excluded.as_of}
    )
    rows = [
        {
            "project_id": project_id,
            "source_item_id": source,
            "kind": kind,
            "origin": origin,
            "target": target,
            "as_of": at,
        }
        for (source, kind, origin, target), (project_id, at) in sorted(drawn.items(), key=lambda pair: pair[0])
    ]
    tx.execute(statement, rows)


def _keep_cuts(tx: Tx, cuts: Mapping[tuple[int, str, str], datetime]) -> None:
    if not cuts:
        return
    table = models.cut_link
    statement = insert(tx, table)
    statement = statement.on_conflict_do_update(
        index_elements=["source_item_id", "kind", "target"],
        set_={"as_of": statement.excluded.as_of},
        where=statement.excluded.as_of > table.c.as_of,
    )
    rows = [
        {"source_item_id": source, "kind": kind, "target": target, "as_of": at}
        for (source, kind, target), at in sorted(cuts.items())
    ]
    tx.execute(statement, rows)


# --- pointing links at their targets --------------------------------------------------------------------------------


def point(tx: Tx, source_ids: Sequence[int], *, tracker_id: int) -> list[int]:
    """Point the links of these items at targets that are known by now; gives the targets' ids.

    A target is a native id of the same tracker, or words: "acme/shop#12", "PAY-7".
    """
    table = models.link
    if not source_ids:
        return []
    # "+ 0": SQLite would walk all links that wait for their target, of any project
    waiting = tx.execute(
        sa.select(table.c.id, table.c.target).where(
            (table.c.target_item_id + 0).is_(None), table.c.source_item_id.in_(source_ids)
        )
    ).all()
    known = _known(tx, {row.target for row in waiting}, tracker_id=tracker_id)
    _point(tx, {row.id: known[row.target] for row in waiting if row.target in known})
    return sorted({known[row.target] for row in waiting if row.target in known})


def _point(tx: Tx, targets: Mapping[int, int]) -> None:
    if targets:
        tx.execute(
            sa.update(models.link)
            .where(models.link.c.id == sa.bindparam("the_id"))
            .values(target_item_id=sa.bindparam("the_target")),
            [{"the_id": link_id, "the_target": target} for link_id, target in sorted(targets.items())],
        )


def _known(tx: Tx, targets: set[str], *, tracker_id: int) -> dict[str, int]:
    """Items by what links call them."""
    item, project = models.item, models.project
    found: dict[str, int] = {}
    worded = {target: words for target in targets if (words := _words(target)) is not None}
    plain = sorted(targets - worded.keys())
    columns = sa.select(item.c.id, item.c.native_id, item.c.number, project.c.key).join(
        project, project.c.id == item.c.project_id
    )
    if plain:
        own = columns.where(project.c.tracker_id == tracker_id, item.c.native_id.in_(plain))
        found.update({row.native_id: row.id for row in tx.execute(own)})
    if worded:
        keys, numbers = {key for key, _ in worded.values()}, {number for _, number in worded.values()}
        rows = tx.execute(
            columns.where(
                project.c.key.in_(sorted(keys)),
                item.c.project_id.in_(sa.select(project.c.id).where(project.c.key.in_(sorted(keys)))),
                item.c.number.in_(sorted(numbers)),
            )
        )
        by_words = {(row.key, row.number): row.id for row in rows}
        found.update({target: by_words[words] for target, words in worded.items() if words in by_words})
    return found


def _words(target: str) -> tuple[str, int] | None:
    """Project key and number of a target in words; None for a native id."""
    key, hash_, number = target.rpartition("#")
    if hash_:
        return (key, int(number)) if number.isascii() and number.isdecimal() else None
    issue = ISSUE_KEY.fullmatch(target)
    return (issue["project"], int(issue["number"])) if issue else None


def _wake(tx: Tx, fresh: Sequence[int], *, tracker_id: int, lane_id: int) -> set[tuple[int, int]]:
    """Links that waited for these new items: those of this lane are pointed at them, the sources of the others are
    given, as (lane id, item id), for their own lane to do so.
    """
    if not fresh:
        return set()
    link, item, project = models.link, models.item, models.project
    named: dict[str, int] = {}
    for row in tx.execute(
        sa.select(item.c.id, item.c.native_id, item.c.number, project.c.key, models.tracker.c.kind)
        .join(project, project.c.id == item.c.project_id)
        .join(models.tracker, models.tracker.c.id == project.c.tracker_id)
        .where(item.c.id.in_(fresh))
    ):
        named.update({row.native_id: row.id, f"{row.key}#{row.number}": row.id, f"{row.key}-{row.number}": row.id})
    rows = tx.execute(
        sa.select(link.c.id, link.c.target, link.c.source_item_id, project.c.lane_id, project.c.tracker_id)
        .join(item, item.c.id == link.c.source_item_id)
        .join(project, project.c.id == item.c.project_id)
        .where((link.c.target_item_id + 0).is_(None), link.c.target.in_(sorted(named)))
    ).all()
    rows = [row for row in rows if _words(row.target) is not None or row.tracker_id == tracker_id]
    _point(tx, {row.id: named[row.target] for row in rows if row.lane_id == lane_id})
    return {(row.lane_id, row.source_item_id) for row in rows if row.lane_id != lane_id}
