"""Standings: what is remembered of verdicts. Open ones are flags (or errors, or pending: no flags yet, and shown
nowhere); closed ones stay as their history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx
from app.store.views.scope import Visible

Key = tuple[int, str, int]
"""(rule id, subject kind, subject id)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A standing as stored. `verdict` and `memory` are JSON documents of `rules.wording.codec`."""

    id: int
    rule_id: int
    subject_kind: str
    subject_id: int
    project_id: int
    shown_on: int | None
    opened_at: datetime
    closed_at: datetime | None
    verdict: Mapping[str, Any]
    memory: Mapping[str, Any]
    outcome: str = "flagged"
    rule_version: int = 0

    @property
    def key(self) -> Key:
        return (self.rule_id, self.subject_kind, self.subject_id)


@dataclass(frozen=True, slots=True)
class Saved:
    """A standing to store; `id` None: a new one."""

    id: int | None
    rule_id: int
    rule_version: int
    project_id: int
    subject_kind: str
    subject_id: int
    shown_on: int | None
    outcome: str
    severity: str
    reach: str
    code: str
    opened_at: datetime
    since: datetime | None
    closed_at: datetime | None
    verdict: Mapping[str, Any]
    memory: Mapping[str, Any]
    answered: str = ""
    quiet_until: datetime | None = None


Quiet = tuple[str, datetime | None]
"""What people answered (see the column) and until when a flag is quiet for it."""


def _kept(row: Any) -> Kept:
    return Kept(
        id=row.id,
        rule_id=row.rule_id,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        project_id=row.project_id,
        shown_on=row.shown_on,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        verdict=row.verdict,
        memory=row.memory,
        outcome=row.outcome,
        rule_version=row.rule_version,
    )


def open_of(tx: Tx, kind: str, ids: Iterable[int]) -> dict[Key, Kept]:
    """Open standings of subjects, by key."""
    table = models.standing
    rows = tx.execute(
        sa.select(table).where(
            table.c.subject_kind == kind, table.c.subject_id.in_(list(ids)), table.c.closed_at.is_(None)
        )
    )
    found = [_kept(row) for row in rows]
    return {kept.key: kept for kept in found}


def flagged_by(tx: Tx, rule_id: int) -> dict[str, list[int]]:
    """The ids of the subjects on which a rule has an open flag, by kind."""
    table = models.standing.c
    mine = sa.and_(table.rule_id == rule_id, table.closed_at.is_(None), table.outcome == "flagged")
    found: dict[str, list[int]] = {}
    for kind, id_ in tx.execute(sa.select(table.subject_kind, table.subject_id).where(mine)):
        found.setdefault(kind, []).append(id_)
    return found


def shown_on(tx: Tx, item_ids: Sequence[int]) -> dict[int, list[Kept]]:
    """Everything that the comments of these items tell or told: open standings, and for each item the one closed
    last.
    """
    table = models.standing
    found: dict[int, list[Kept]] = {}
    for row in tx.execute(
        sa.select(table).where(table.c.shown_on.in_(item_ids), table.c.closed_at.is_(None)).order_by(table.c.id)
    ):
        found.setdefault(row.shown_on, []).append(_kept(row))
    last = (
        sa.select(table.c.shown_on, sa.func.max(table.c.closed_at).label("closed_at"))
        .where(table.c.shown_on.in_(item_ids), table.c.closed_at.is_not(None))
        .group_by(table.c.shown_on)
        .subquery()
    )
    for row in tx.execute(
        sa.select(table)
        .join(last, sa.and_(last.c.shown_on == table.c.shown_on, last.c.closed_at == table.c.closed_at))
        .order_by(table.c.id)
    ):
        found.setdefault(row.shown_on, []).append(_kept(row))
    return found


def ever_on(tx: Tx, item_ids: Sequence[int]) -> dict[int, list[Kept]]:
    """Every standing that these items tell or told of, open and closed."""
    table = models.standing
    found: dict[int, list[Kept]] = {}
    for first in range(0, len(item_ids), 1000):
        query = sa.select(table).where(table.c.shown_on.in_(item_ids[first : first + 1000])).order_by(table.c.id)
        for row in tx.execute(query):
            found.setdefault(row.shown_on, []).append(_kept(row))
    return found


def laddered(
    tx: Tx,
    *,
    items: Iterable[int],
    milestones: Iterable[int],
    shown_on: Iterable[int],
    rule_ids: Iterable[int],
    word: str,
) -> list[Kept]:
    """The open flags of these subjects, and those that these items tell of, by one of these rules or with `word` in
    their memory.
    """
    table = models.standing
    kinds = (("item", items), ("milestone", milestones))
    which = [sa.and_(table.c.subject_kind == kind, table.c.subject_id.in_(sorted(set(ids)))) for kind, ids in kinds]
    query = sa.select(table).where(
        sa.or_(*which, table.c.shown_on.in_(sorted(set(shown_on)))),
        table.c.closed_at.is_(None),
        table.c.outcome != "pending",
        sa.or_(table.c.rule_id.in_(sorted(rule_ids)), sa.cast(table.c.memory, sa.Text).like(f'%"{word}"%')),
    )
    return [_kept(row) for row in tx.execute(query.order_by(table.c.id))]


def by_id(tx: Tx, ids: Iterable[int]) -> dict[int, Kept]:
    """These standings, open or closed."""
    table = models.standing
    rows = tx.execute(sa.select(table).where(table.c.id.in_(sorted(set(ids)))))
    return {row.id: _kept(row) for row in rows}


def remember(tx: Tx, memories: Mapping[int, Mapping[str, Any]], *, quiet: Mapping[int, Quiet] | None = None) -> None:
    """Replace what is remembered of standings, by id: an answer changed it, no verdict. `quiet` says of those whose
    answers changed what they are now.
    """
    table = models.standing
    for id_, memory in sorted(memories.items()):
        values: dict[str, Any] = {"memory": dict(memory)}
        if quiet is not None and id_ in quiet:
            values["answered"], values["quiet_until"] = quiet[id_]
        tx.execute(sa.update(table).where(table.c.id == id_).values(values))


def unwritten(tx: Tx, rule_id: int, *, project_id: int, since: datetime) -> int:
    """How many items of a project would show something for the first time if the rule's flags that opened since an
    instant were written.
    """
    table, publication = models.standing, models.publication
    found = (
        sa.select(table.c.shown_on)
        .outerjoin(publication, publication.c.item_id == table.c.shown_on)
        .where(
            table.c.rule_id == rule_id,
            table.c.project_id == project_id,
            *_unwritten(since),
        )
        .distinct()
        .subquery()
    )
    return int(tx.scalar(sa.select(sa.func.count()).select_from(found)) or 0)


def items_told_by(tx: Tx, rule_id: int) -> list[int]:
    """Items whose labels or comments tell, or would tell, of a rule's open flags."""
    table = models.standing
    query = sa.select(table.c.shown_on).where(
        table.c.rule_id == rule_id, table.c.closed_at.is_(None), table.c.shown_on.is_not(None)
    )
    return sorted(set(tx.scalars(query)))


COLUMNS = (
    "rule_version",
    "shown_on",
    "outcome",
    "severity",
    "reach",
    "code",
    "opened_at",
    "since",
    "closed_at",
    "verdict",
    "memory",
    "answered",
    "quiet_until",
)


def save(tx: Tx, rows: Iterable[Saved]) -> None:
    """Insert new standings and update known ones, one statement each."""
    table = models.standing
    fresh, known = [], []
    for row in rows:
        values = {name: getattr(row, name) for name in COLUMNS}
        if row.id is None:
            fresh.append(
                {
                    **values,
                    "rule_id": row.rule_id,
                    "project_id": row.project_id,
                    "subject_kind": row.subject_kind,
                    "subject_id": row.subject_id,
                }
            )
        else:
            known.append({"the_id": row.id, **{f"v_{name}": value for name, value in values.items()}})
    if known:
        tx.execute(
            sa.update(table)
            .where(table.c.id == sa.bindparam("the_id"))
            .values({name: sa.bindparam(f"v_{name}") for name in COLUMNS}),
            known,
        )
    if fresh:
        tx.execute(sa.insert(table), fresh)


def drop(tx: Tx, ids: Sequence[int]) -> None:
    """Forget standings that never became flags."""
    if ids:
        tx.execute(sa.delete(models.standing).where(models.standing.c.id.in_(sorted(ids))))


def floods(tx: Tx, *, visible: Visible, above: int) -> list[tuple[str, str, str, int]]:
    """Rules that are live and were not approved since, by project, with how many items they would write on for the
    first time, where those are more than `above`: (rule, title, project, items).
    """
    table, publication, rule, version = models.standing, models.publication, models.rule, models.rule_version
    items = sa.func.count(sa.distinct(table.c.shown_on))
    query = (
        sa.select(rule.c.name, version.c.title, models.project.c.key, items)
        .join(rule, rule.c.id == table.c.rule_id)
        .join(version, sa.and_(version.c.rule_id == rule.c.id, version.c.version == rule.c.version))
        .join(models.project, models.project.c.id == table.c.project_id)
        .outerjoin(publication, publication.c.item_id == table.c.shown_on)
        .where(
            visible.clause(table.c.project_id),
            rule.c.removed_at.is_(None),
            version.c.mode == "live",
            version.c.live_since.is_not(None),
            sa.or_(rule.c.approved_at.is_(None), rule.c.approved_at < version.c.live_since),
            *_unwritten(version.c.live_since),
        )
        .group_by(rule.c.name, version.c.title, models.project.c.key)
        .having(items > above)
        .order_by(items.desc(), rule.c.name, models.project.c.key)
    )
    return [(row[0], row[1], row[2], row[3]) for row in tx.execute(query)]


def _unwritten(since: sa.ColumnElement[datetime] | datetime) -> list[sa.ColumnElement[bool]]:
    """Open flags that opened since an instant, would be written, and whose item shows nothing of ours yet."""
    table, publication = models.standing, models.publication
    return [
        table.c.closed_at.is_(None),
        table.c.opened_at >= since,
        table.c.outcome == "flagged",
        table.c.reach != "page",
        table.c.severity != "note",
        table.c.shown_on.is_not(None),
        publication.c.commented_at.is_(None),
        sa.or_(publication.c.id.is_(None), sa.cast(publication.c.shown_labels, sa.Text) == "[]"),
    ]
