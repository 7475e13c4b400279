"""How items of a project went: rows read as walks, for statistics.

    walks = Walks(tx)
    walks.of(project, since=..., now=...)       # three queries, for up to five hundred items
    walks.forget([7, 9])                        # something about these is otherwise now
    walks.of(project, since=..., now=...)       # reads them, and what they carry or are parts of, anew

What a look gives is what reading everything anew would give.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import IDS, Tx
from app.store.link_facts import ref_of
from app.time import from_iso
from rules.facts import Kind, Project, State
from rules.flow.walks import Turn, Walk
from rules.settings import fold

BEGUN = (State.IN_PROGRESS.value, State.IN_REVIEW.value)
CARRYING = ("closes", "implements")
PAGE = 500
PROJECT: sa.BindParameter[int] = sa.bindparam("project")
SINCE: sa.BindParameter[datetime] = sa.bindparam("since")


@dataclass(frozen=True, slots=True)
class _Seen:
    """An item as it was read. `closed_at` is None while it is worked on; `labels` are folded; `turns_at` is when the
    next of its turns, or of those of its pull requests, comes that lay ahead (None: none does).
    """

    walk: Walk
    closed_at: datetime | None
    labels: frozenset[str]
    author: str | None
    bot: bool
    turns_at: datetime | None

    def left_out(self, project: Project, labels: frozenset[str]) -> bool:
        """Whether automation wrote it, or a label leaves it out or says to wait."""
        return self.bot or self.author in project.settings.automation or not labels.isdisjoint(self.labels)


@dataclass(slots=True)
class _Known:
    """What was read of a project: its items by id, since when, and which of them may be otherwise now."""

    since: datetime
    now: datetime
    items: dict[int, _Seen] = field(default_factory=dict)
    stale: set[int] = field(default_factory=set)


class Walks:
    """See the module. Settings and the project's other facts may change at any time; persons may not."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self._known: dict[int, _Known] = {}

    def forget(self, item_ids: Iterable[int]) -> None:
        """Read these anew: something about them, or about a link at either end of which they are, may have changed."""
        ids = set(item_ids)
        for known in self._known.values():
            known.stale |= ids

    def of(self, project: Project, *, since: datetime, now: datetime) -> list[Walk]:
        """Items that are worked on or were closed since an instant, by id. Epics, containers, what is deleted, what
        automation wrote and what a label leaves out or says to wait are left out.
        """
        known = self._refreshed(project, since, now)
        every = (known.items[id_] for id_ in sorted(known.items))
        near = [seen for seen in every if seen.closed_at is None or seen.closed_at >= since]
        carrying = {pull.item_id for seen in near for pull in seen.walk.pulls}
        labels = _left_out_labels(project)
        return [
            replace(seen.walk, carries=True) if seen.walk.item_id in carrying else seen.walk
            for seen in near
            if seen.walk.created_at <= now and not seen.left_out(project, labels)
        ]

    def _refreshed(self, project: Project, since: datetime, now: datetime) -> _Known:
        known = self._known.get(project.id)
        if known is None or since < known.since or now < known.now:
            known = self._known[project.id] = _Known(since, now)
            known.items.update(self._read(project.id, since, now, ids=None))
            return known
        ahead = {id_ for id_, seen in known.items.items() if seen.turns_at is not None and seen.turns_at <= now}
        stale = known.stale | ahead
        stale |= {id_ for page in _pages(stale) for id_ in self.tx.scalars(_looking_at(), {"ids": page})}
        for id_ in stale:
            known.items.pop(id_, None)
        known.items.update(self._read(project.id, known.since, now, ids=stale))
        known.stale, known.now = set(), now
        return known

    def _read(
        self, project_id: int, since: datetime, now: datetime, *, ids: set[int] | None
    ) -> Iterator[tuple[int, _Seen]]:
        """Items of a project as they are, by id: these, or all."""
        values = {"project": project_id, "since": since}
        if ids is None:
            rows = self.tx.execute(_items(all_=True), values).all()
        else:
            rows = [row for page in _pages(ids) for row in self.tx.execute(_items(all_=False), {**values, "ids": page})]
        for start in range(0, len(rows), PAGE):
            page = rows[start : start + PAGE]
            mine = [row.id for row in page]
            pulls = self.tx.execute(_carrying(), {"ids": mine}).all()
            turns = _turns(self.tx, {*mine, *(row.id for row in pulls)})
            carried: dict[int, dict[int, Any]] = {}
            for pull in pulls:
                carried.setdefault(pull.target_item_id, {})[pull.id] = pull
            for row in page:
                yield row.id, _seen(row, list(carried.get(row.id, {}).values()), turns, now)


def _pages(ids: Iterable[int]) -> Iterator[list[int]]:
    every = sorted(ids)
    return (every[start : start + PAGE] for start in range(0, len(every), PAGE))


def _columns(item: Any) -> list[Any]:
    names = (
        "id", "key", "url", "secured", "kind", "created_at", "is_open", "closed_at", "state", "state_since", "derived",
        "pull", "assignee_ids", "spent", "labels",
    )  # fmt: skip
    place = (models.project.c.key.label("project_key"), models.project.c.public.label("project_public"))
    return [*(item.c[name] for name in names), *place]


@cache
def _items(*, all_: bool) -> sa.Select[Any]:
    """Items that are worked on or were closed since an instant: all, or of some."""
    item, person, link = models.item, models.person, models.link
    parts = item.alias("part")
    is_parent = (
        sa.select(link.c.id)
        .join(parts, parts.c.id == link.c.source_item_id)
        .where(link.c.target_item_id == item.c.id, link.c.kind == "parent", parts.c.deleted_at.is_(None))
        .exists()
    )
    is_pull = item.c.kind == Kind.PULL_REQUEST.value
    query = (
        sa.select(*_columns(item), person.c.login, person.c.bot)
        .join(models.project, models.project.c.id == item.c.project_id)
        .outerjoin(person, person.c.id == item.c.author_id)
        .where(
            item.c.project_id == PROJECT,
            item.c.kind != Kind.EPIC.value,
            item.c.deleted_at.is_(None),
            item.c.created_at.is_not(None),
            sa.or_(
                sa.and_(item.c.is_open, sa.or_(item.c.state != State.TODO.value, is_pull)),
                item.c.closed_at >= SINCE,
            ),
            ~is_parent,
        )
        .order_by(item.c.id)
    )
    return query if all_ else query.where(item.c.id.in_(IDS))


@cache
def _carrying() -> sa.Select[Any]:
    """The pull requests that carry these items."""
    pull, link = models.item.alias("pull"), models.link
    return (
        sa.select(link.c.target_item_id, *_columns(pull))
        .join(pull, pull.c.id == link.c.source_item_id)
        .join(models.project, models.project.c.id == pull.c.project_id)
        .where(
            link.c.target_item_id.in_(IDS),
            link.c.kind.in_(CARRYING),
            pull.c.kind == Kind.PULL_REQUEST.value,
            pull.c.created_at.is_not(None),
        )
        .order_by(pull.c.id)
    )


@cache
def _looking_at() -> sa.Select[Any]:
    """What these items carry or are parts of."""
    link = models.link
    return sa.select(link.c.target_item_id).where(
        link.c.source_item_id.in_(IDS), link.c.kind.in_((*CARRYING, "parent")), link.c.target_item_id.is_not(None)
    )


@cache
def _turned() -> sa.Select[Any]:
    change = models.change.c
    return (
        sa.select(change.item_id, change.at, change.field, change.after)
        .where(change.item_id.in_(IDS), change.field.in_(("state", "draft")))
        .order_by(change.at, change.natural_key)
    )


def _turns(tx: Tx, ids: Iterable[int]) -> dict[int, list[Turn]]:
    found: dict[int, list[Turn]] = {}
    for page in _pages(ids):
        for row in tx.execute(_turned(), {"ids": page}):
            found.setdefault(row.item_id, []).append(Turn(row.at, row.field, row.after))
    return found


def _left_out_labels(project: Project) -> frozenset[str]:
    settings = project.settings
    words = (settings.container_labels, settings.left_out_labels, settings.waiting_labels)
    return frozenset(fold(label) for labels in words for label in labels)


def _seen(row: Any, pulls: Sequence[Any], turns: dict[int, list[Turn]], now: datetime) -> _Seen:
    worked_on = row.is_open and (row.state != State.TODO.value or row.kind == Kind.PULL_REQUEST.value)
    ahead = [turn.at for one in (row, *pulls) for turn in turns.get(one.id, ()) if turn.at > now]
    return _Seen(
        walk=_walk(row, turns, now, pulls=tuple(_walk(pull, turns, now) for pull in pulls)),
        closed_at=None if worked_on else row.closed_at,
        labels=frozenset(fold(label) for label in row.labels),
        author=row.login,
        bot=bool(row.bot),
        turns_at=min(ahead, default=None),
    )


def _walk(row: Any, turns: dict[int, list[Turn]], now: datetime, *, pulls: tuple[Walk, ...] = ()) -> Walk:
    started = (row.derived or {}).get("started_at")
    since = row.state_since if row.is_open and row.state in BEGUN else None  # begun, and nothing tells when
    return Walk(
        ref=ref_of(row),
        kind=Kind(row.kind),
        created_at=row.created_at,
        closed_at=None if row.is_open else row.closed_at,
        done=row.state == "done",
        started_at=from_iso(started) if started else since,
        draft=bool((row.pull or {}).get("draft")),
        turns=tuple(turn for turn in turns.get(row.id, ()) if turn.at <= now),
        pulls=pulls,
        assignees=tuple(row.assignee_ids),
        logged=bool(row.spent),
    )
