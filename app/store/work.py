"""The rows of one project that a batch of readings touches: loaded once, changed in memory, written once.

A drain applies up to a few hundred deliveries in one transaction. Asking the database for each would cost more than
judging them, so the rows are fetched with one query a table, changed here, and flushed with one statement a table.
`undo` takes back what one delivery did, so that a bad one harms no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app.store import early_checks, links, models, people, ticks
from app.store.database import Tx, insert
from app.store.early_checks import EarlyCheck
from app.time import real_now

Row = dict[str, Any]

ITEM_SNAPSHOT = [
    "number",
    "key",
    "kind",
    "title",
    "body",
    "url",
    "author_id",
    "created_at",
    "is_open",
    "status",
    "stage",
    "closed_at",
    "closed_as",
    "locked",
    "labels",
    "assignee_ids",
    "milestone_natives",
    "due",
    "estimate",
    "spent",
    "effort",
    "traits",
    "secured",
    "head_sha",
    "head_ref",
    "base_ref",
    "pull",
    "reviews",
    "checks",
    "guards",
    "gap",
    "silenced",
    "deleted_at",
    "moved_to",
]
MILESTONE_SNAPSHOT = [
    "project_id",
    "number",
    "kind",
    "title",
    "url",
    "is_open",
    "created_at",
    "closed_at",
    "start",
    "due",
    "as_of",
    "released",
    "board",
    "merged_into",
    "deleted_at",
]


@dataclass(slots=True)
class Change:
    """A change on its way in; `item` and `milestone` are native ids."""

    natural_key: str
    at: datetime
    field: str
    actor_id: int | None
    item: str | None
    milestone: str | None
    before: str | None
    after: str | None
    url: str | None
    bulk: bool
    delivery_id: int | None


@dataclass(slots=True)
class TextLinks:
    """All the links that an item's text or branch (`origin`) names: (kind, target). Replaces what it named before."""

    source: str
    origin: str
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Whose rows are at hand: a project's, with its tracker and the lane that owns them."""

    project_id: int
    tracker_id: int
    lane_id: int
    projects: Mapping[str, int] = field(default_factory=dict)
    """Watched projects of the lane by native id."""


@dataclass(slots=True)
class Work:
    """Rows by native id. `touched` are the items and milestones to derive and judge anew.

    `ended` are milestones that ended with items in them. Left by `flush`: `new_milestones`; `unlinked`, our ids of
    items that lost a link from one of these; `turned`, people who became or ceased to be members; `waiting`, items of
    other lanes that name one of these and did not know it until now.
    """

    project_id: int
    tracker_id: int
    lane_id: int
    projects: Mapping[str, int] = field(default_factory=dict)
    items: dict[str, Row] = field(default_factory=dict)
    milestones: dict[str, Row] = field(default_factory=dict)
    by_head: dict[str, list[str]] = field(default_factory=dict)
    early: list[EarlyCheck] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    dues: list[tuple[str, datetime, date | None]] = field(default_factory=list)
    texts: list[TextLinks] = field(default_factory=list)
    edges: list[links.Edge] = field(default_factory=list)
    edge_lists: list[links.EdgeList] = field(default_factory=list)
    checks: list[EarlyCheck] = field(default_factory=list)
    members: dict[int, tuple[bool, datetime]] = field(default_factory=dict)
    reads: dict[str, str] = field(default_factory=dict)
    unlinked: set[int] = field(default_factory=set)
    turned: set[int] = field(default_factory=set)
    waiting: set[tuple[int, int]] = field(default_factory=set)
    dirty_items: set[str] = field(default_factory=set)
    dirty_milestones: set[str] = field(default_factory=set)
    touched_items: set[str] = field(default_factory=set)
    touched_milestones: set[str] = field(default_factory=set)
    turned_milestones: set[str] = field(default_factory=set)
    """Those that opened, ended, went or have other dates than before: what is in them is judged by that."""
    new_milestones: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    _journal: dict[tuple[str, str], Row | None] = field(default_factory=dict)

    def item(self, native_id: str, *, number: int, key: str, kind: str) -> Row:
        """The row to change; a new one where the item was not known."""
        self._remember("item", native_id)
        row = self.items.get(native_id)
        if row is None:
            row = self.items[native_id] = _new_item(self.project_id, native_id, number=number, key=key, kind=kind)
        self.dirty_items.add(native_id)
        self.touched_items.add(native_id)
        return row

    def milestone(self, native_id: str, *, title: str, kind: str) -> Row:
        self._remember("milestone", native_id)
        row = self.milestones.get(native_id)
        if row is None:
            row = self.milestones[native_id] = {
                "id": None,
                "tracker_id": self.tracker_id,
                "native_id": native_id,
                **dict.fromkeys(MILESTONE_SNAPSHOT),
                "project_id": self.project_id,
                "title": title,
                "kind": kind,
                "url": "",
                "is_open": True,
                "released": False,
            }
        return row

    @contextmanager
    def undo(self) -> Iterator[None]:
        """Take back everything done inside the block if it raises."""
        self._journal = {}
        appended = (self.changes, self.dues, self.texts, self.edges, self.edge_lists, self.checks)
        lists: list[tuple[list[Any], int]] = [(list_, len(list_)) for list_ in appended]
        sets = [
            (set_, set(set_))
            for set_ in (
                self.dirty_items,
                self.dirty_milestones,
                self.touched_items,
                self.touched_milestones,
                self.turned_milestones,
                self.ended,
            )
        ]
        members, reads = dict(self.members), dict(self.reads)
        try:
            yield
        except Exception:
            for (kind, native), row in self._journal.items():
                rows = self.items if kind == "item" else self.milestones
                rows.pop(native, None)
                if row is not None:
                    rows[native] = row
            self.members, self.reads = members, reads
            for list_, length in lists:
                del list_[length:]
            for set_, before in sets:
                set_.clear()
                set_.update(before)
            raise

    def _remember(self, kind: str, native_id: str) -> None:
        """Keep a row as it was before this delivery; JSON values in rows are replaced, never changed in place."""
        if (kind, native_id) not in self._journal:
            row = (self.items if kind == "item" else self.milestones).get(native_id)
            self._journal[(kind, native_id)] = None if row is None else dict(row)


def _new_item(project_id: int, native_id: str, *, number: int, key: str, kind: str) -> Row:
    return {
        "id": None,
        "project_id": project_id,
        "native_id": native_id,
        "number": number,
        "key": key,
        "kind": kind,
        "title": "",
        "body": "",
        "url": "",
        "author_id": None,
        "created_at": None,
        "is_open": True,
        "status": "open",
        "stage": None,
        "closed_at": None,
        "closed_as": None,
        "locked": False,
        "labels": [],
        "assignee_ids": [],
        "milestone_natives": [],
        "due": None,
        "estimate": None,
        "spent": None,
        "effort": {},
        "traits": {},
        "secured": False,
        "head_sha": None,
        "head_ref": None,
        "base_ref": None,
        "pull": None,
        "reviews": {},
        "checks": {},
        "guards": {},
        "gap": False,
        "silenced": False,
        "deleted_at": None,
        "moved_to": None,
    }


def load(tx: Tx, place: Place, *, items: Iterable[str], milestones: Iterable[str], heads: Iterable[str]) -> Work:
    """Fetch the rows that readings mention: items by native id or head commit, milestones (of any project of the
    tracker) by native id, and results of checks that came before their pull request.
    """
    project_id = place.project_id
    work = Work(project_id=project_id, tracker_id=place.tracker_id, lane_id=place.lane_id, projects=place.projects)
    table = models.item
    wanted, shas = list(items), list(heads)
    found: sa.ColumnElement[bool] = table.c.native_id.in_(wanted)
    if shas:  # one look-up each: joined by OR they would walk every item of the project
        own = table.c.project_id == project_id
        found = table.c.id.in_(
            sa.union(
                sa.select(table.c.id).where(own, table.c.native_id.in_(wanted)),
                sa.select(table.c.id).where(own, table.c.head_sha.in_(shas)),
            )
        )
    columns = [table.c.id, table.c.project_id, table.c.native_id, *(table.c[name] for name in ITEM_SNAPSHOT)]
    for row in tx.execute(sa.select(*columns).where(table.c.project_id == project_id, found)):
        work.items[row.native_id] = dict(row._mapping)
        if row.head_sha:
            work.by_head.setdefault(row.head_sha, []).append(row.native_id)
    table = models.milestone
    columns = [table.c.id, table.c.native_id, *(table.c[name] for name in MILESTONE_SNAPSHOT)]
    for row in tx.execute(
        sa.select(*columns).where(table.c.tracker_id == place.tracker_id, table.c.native_id.in_(list(milestones)))
    ):
        work.milestones[row.native_id] = dict(row._mapping)
    work.early = early_checks.load(tx, project_id, shas)
    return work


def flush(tx: Tx, work: Work) -> None:
    """Write everything, and leave the ids of new rows in `work`."""
    work.new_milestones = {native for native in work.dirty_milestones if work.milestones[native]["id"] is None}
    _save_rows(tx, models.milestone, work.milestones, work.dirty_milestones, MILESTONE_SNAPSHOT)
    fresh = _save_rows(tx, models.item, work.items, work.dirty_items, ITEM_SNAPSHOT)
    _save_changes(tx, work)
    if work.dues:
        tx.execute(
            insert(tx, models.milestone_due).on_conflict_do_nothing(),
            [
                {"milestone_id": work.milestones[native]["id"], "as_of": as_of, "due": due}
                for native, as_of, due in work.dues
            ],
        )
    saved = links.save(
        tx,
        project_id=work.project_id,
        tracker_id=work.tracker_id,
        lane_id=work.lane_id,
        ids={native: row["id"] for native, row in work.items.items() if row["id"] is not None},
        fresh=fresh,
        texts={(text.source, text.origin): text.links for text in work.texts},
        edges=work.edges,
        lists=work.edge_lists,
    )
    work.unlinked |= saved.lost
    work.waiting |= saved.waiting
    early_checks.save(tx, work.project_id, work.checks, now=real_now())
    work.turned |= people.save_participants(tx, work.project_id, work.members)


def _save_rows(tx: Tx, table: sa.Table, rows: dict[str, Row], dirty: set[str], columns: list[str]) -> set[int]:
    """Write what changed; gives the ids of new rows."""
    changed = [rows[native] for native in sorted(dirty) if native in rows]
    known = [row for row in changed if row["id"] is not None]
    fresh = [row for row in changed if row["id"] is None]
    if known:
        tx.execute(
            sa.update(table)
            .where(table.c.id == sa.bindparam("the_id"))
            .values({name: sa.bindparam(f"v_{name}") for name in columns}),
            [{"the_id": row["id"], **{f"v_{name}": row[name] for name in columns}} for row in known],
        )
    if fresh:
        values = [{key: value for key, value in row.items() if key != "id"} for row in fresh]
        ids = tx.execute(sa.insert(table).returning(table.c.id, table.c.native_id), values)
        for id_, native in ids:
            rows[native]["id"] = id_
    return {row["id"] for row in fresh}


def _save_changes(tx: Tx, work: Work) -> None:
    if not work.changes:
        return
    rows = [
        {
            "project_id": work.project_id,
            "natural_key": change.natural_key,
            "item_id": work.items[change.item]["id"] if change.item in work.items else None,
            "milestone_id": work.milestones[change.milestone]["id"] if change.milestone in work.milestones else None,
            "at": change.at,
            "field": change.field,
            "actor_id": change.actor_id,
            "before": change.before,
            "after": change.after,
            "url": change.url,
            "bulk": change.bulk,
            "delivery_id": change.delivery_id,
        }
        for change in work.changes
    ]
    table = models.change
    statement = insert(tx, table)
    statement = statement.on_conflict_do_update(
        index_elements=["project_id", "natural_key"],
        set_={name: statement.excluded[name] for name in ("at", "actor_id", "before", "url", "delivery_id")},
        # a push may first be known by its commit's own date, which is never later than the push and names nobody;
        # of other changes a first telling may lack the page
        where=sa.or_(
            sa.and_(table.c.field != "push", table.c.url.is_(None), statement.excluded.url.is_not(None)),
            sa.and_(
                table.c.field == "push",
                sa.or_(
                    statement.excluded.at > table.c.at,
                    sa.and_(
                        statement.excluded.at == table.c.at,
                        table.c.actor_id.is_(None),
                        statement.excluded.actor_id.is_not(None),
                    ),
                ),
            ),
        ),
    )
    tx.execute(statement, ticks.once(tx, work.project_id, rows))
