"""Flags: standings, open or closed, with what they are about."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import COUNT_LIMIT, PAGE_SIZE, Page, Visible, after_key, decode_cursor, like, page_of
from app.time import from_iso

SORTS = ("newest", "oldest", "severity")
SAMPLES = 5
BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
"""Before everything: "after it" is asked instead of "not null", or of nothing, so that an index serves."""
NO_FLAGS = ("error", "pending")
"""Outcomes of standings that are no flags (or none yet)."""


@dataclass(frozen=True, slots=True)
class FlagFilter:
    """Which flags a list shows. None and empty mean any; `types` are rule types (a family is several of them).

    `state`: open, speaking (open, and nobody has asked for quiet), quiet (open and answered), closed or all. The two in
    the middle are as of `now`, world time. `kind` is of items or milestones, or "flow"; `label` one of an item's.
    """

    state: str = "open"
    rule: str | None = None
    types: tuple[str, ...] = ()
    severity: str | None = None
    kind: str | None = None
    label: str | None = None
    text: str = ""
    sort: str = "newest"
    subject: tuple[str, int] | None = None
    answer: str | None = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class FlagRow:
    """One flag. `key` is how people say the subject ("#482"; a milestone has none); `verdict` is as stored."""

    id: int
    rule: str
    rule_type: str
    rule_title: str
    rule_version: int
    project_id: int
    project: str
    subject_kind: str
    subject_id: int
    subject_type: str
    key: str
    title: str
    url: str
    severity: str
    outcome: str
    code: str
    opened_at: datetime
    since: datetime | None
    closed_at: datetime | None
    moved_at: datetime | None
    verdict: dict[str, Any]
    answered: str = ""
    quiet_until: datetime | None = None
    reason: str | None = None
    answered_at: datetime | None = None

    def is_quiet(self, now: datetime) -> bool:
        """Whether it is open and somebody has asked for quiet."""
        asked = bool(self.answered) and (self.quiet_until is None or self.quiet_until > now)
        return self.closed_at is None and asked


REMEMBERED = {
    "acknowledged": ("acknowledged_at", "acknowledged_reason"),
    "snoozed": ("snoozed_at", "snoozed_reason"),
    "expected": ("expected_at", "expected_reason"),
    "wrong": ("dismissed_at", "dismissed_reason"),
}
"""By answer, where a flag's memory has when it was given and why."""


def flags(
    tx: Tx, *, visible: Visible, where: FlagFilter, after: str | None = None, limit: int = PAGE_SIZE
) -> Page[FlagRow]:
    """One page of flags in the order asked for; one query. Raises BadCursorError."""
    columns, descending, kinds = _order(where.sort)
    query = (
        _base()
        .add_columns(*(column.label(f"sort_{i}") for i, column in enumerate(columns)))
        .where(matches(visible, where))
    )
    if after is not None:
        query = query.where(after_key(columns, decode_cursor(after, like=kinds), descending=descending))
    query = query.order_by(*(column.desc() if descending else column.asc() for column in columns)).limit(limit + 1)
    rows = tx.execute(query).all()
    return page_of(
        rows, limit=limit, make=_row, key=lambda row: tuple(getattr(row, f"sort_{i}") for i in range(len(columns)))
    )


def by_id(tx: Tx, ids: Iterable[int], *, visible: Visible) -> tuple[FlagRow, ...]:
    """These flags, open or closed, as far as they may be seen, by id. One query."""
    standing = m.standing.c
    wanted = sa.and_(standing.id.in_(sorted(set(ids))), visible.standings(), standing.outcome.not_in(NO_FLAGS))
    return tuple(_row(row) for row in tx.execute(_base().where(wanted).order_by(standing.id)))


def ids_of_group(
    tx: Tx,
    *,
    visible: Visible,
    rule: str,
    code: str,
    subject: tuple[str, int | None],
    opened_by: datetime,
    now: datetime,
    limit: int,
) -> tuple[int, ...]:
    """The open flags that ask one question and were there by an instant, oldest first. `subject`: the kind, and the id
    where it is one alone. One query.
    """
    standing = m.standing.c
    kind, subject_id = subject
    query = (
        sa.select(standing.id)
        .join(m.rule, m.rule.c.id == standing.rule_id)
        .where(
            m.rule.c.name == rule,
            standing.code == code,
            standing.subject_kind == kind,
            sa.true() if subject_id is None else standing.subject_id == subject_id,
            standing.closed_at.is_(None),
            standing.outcome == "flagged",
            standing.opened_at <= opened_by,
            sa.not_(is_quiet(now)),
            visible.standings(),
        )
        .order_by(standing.opened_at, standing.id)
        .limit(limit)
    )
    return tuple(tx.scalars(query))


def count_flags(tx: Tx, *, visible: Visible, where: FlagFilter) -> int:
    """How many flags match, up to COUNT_LIMIT."""
    inner = joined(sa.select(m.standing.c.id)).where(matches(visible, where)).limit(COUNT_LIMIT).subquery()
    return tx.scalar(sa.select(sa.func.count()).select_from(inner)) or 0


def flag_changes(tx: Tx, *, visible: Visible, since: datetime) -> tuple[int, int]:
    """How many flags opened and how many closed since an instant; one query."""
    seen = sa.and_(visible.standings(), m.standing.c.outcome.not_in(NO_FLAGS))
    opened = sa.select(sa.func.count()).where(m.standing.c.closed_at.is_(None), m.standing.c.opened_at >= since, seen)
    closed = sa.select(sa.func.count()).where(m.standing.c.closed_at >= since, seen)
    row = tx.execute(sa.select(opened.scalar_subquery(), closed.scalar_subquery())).one()
    return row[0], row[1]


def secured_among(tx: Tx, item_ids: Iterable[int]) -> frozenset[int]:
    """Which of these items not everybody may know of, as of now; one query."""
    item = m.item.c
    return frozenset(tx.scalars(sa.select(item.id).where(item.id.in_(sorted(set(item_ids))), item.secured)))


def _order(sort: str) -> tuple[list[sa.ColumnElement[Any]], bool, tuple[type, ...]]:
    opened, key = m.standing.c.opened_at, m.standing.c.id
    if sort == "oldest":
        return [opened, key], False, (datetime, int)
    if sort == "severity":
        rank = sa.case({"urgent": 3, "warning": 2, "note": 1}, value=m.standing.c.severity, else_=0)
        return [rank, opened, key], True, (int, datetime, int)
    return [opened, key], True, (datetime, int)


def is_quiet(now: datetime | None) -> sa.ColumnElement[bool]:
    """Whether somebody has asked for quiet about an open flag, and until later than `now`."""
    standing = m.standing.c
    lasts = sa.or_(standing.quiet_until.is_(None), standing.quiet_until > sa.literal(now, m.Instant()))
    return sa.and_(standing.answered != "", lasts)


def matches(visible: Visible, where: FlagFilter) -> sa.ColumnElement[bool]:
    """The condition of every query of flags that a filter asks for; on what `joined` joins."""
    standing = m.standing.c
    conditions = [visible.standings(), standing.outcome.not_in(NO_FLAGS)]
    if where.state == "closed":
        conditions.append(standing.closed_at > sa.literal(BEGINNING, m.Instant()))
    elif where.state == "all":
        conditions.append(standing.opened_at > sa.literal(BEGINNING, m.Instant()))
    else:
        conditions.append(standing.closed_at.is_(None))
    if where.state in ("speaking", "quiet"):
        quiet = is_quiet(where.now)
        conditions.append(quiet if where.state == "quiet" else sa.not_(quiet))
    if where.answer is not None:
        conditions.append(standing.answered == where.answer)
    if where.kind == "flow":
        conditions.append(standing.subject_kind == "flow")
    elif where.kind is not None:
        conditions.append(sa.or_(m.item.c.kind == where.kind, m.milestone.c.kind == where.kind))
    if where.label is not None:
        pattern = like(json.dumps(where.label))
        conditions.append(sa.cast(m.item.c.labels, sa.Text).like(pattern, escape="\\"))
    if where.rule is not None:
        conditions.append(m.rule.c.name == where.rule)
    if where.types:
        conditions.append(m.rule.c.type.in_(where.types))
    if where.severity is not None:
        conditions.append(standing.severity == where.severity)
    if where.subject is not None:
        conditions += [standing.subject_kind == where.subject[0], standing.subject_id == where.subject[1]]
    if where.text:
        pattern = like(where.text)
        conditions.append(
            sa.or_(
                m.item.c.title.ilike(pattern, escape="\\"),
                m.item.c.key.ilike(pattern, escape="\\"),
                m.milestone.c.title.ilike(pattern, escape="\\"),
            )
        )
    return sa.and_(*conditions)


def joined(query: sa.Select[Any]) -> sa.Select[Any]:
    """Flags with their rule and what they are about."""
    standing = m.standing.c
    return (
        query.select_from(m.standing)
        .join(m.rule, m.rule.c.id == standing.rule_id)
        .outerjoin(m.item, sa.and_(standing.subject_kind == "item", m.item.c.id == standing.subject_id))
        .outerjoin(m.milestone, sa.and_(standing.subject_kind == "milestone", m.milestone.c.id == standing.subject_id))
    )


def _base() -> sa.Select[Any]:
    standing = m.standing.c
    query = sa.select(
        m.standing,
        m.rule.c.name.label("rule"),
        m.rule.c.type.label("rule_type"),
        m.rule_version.c.title.label("rule_title"),
        m.project.c.key.label("project"),
        m.item.c.moved_at,
        sa.func.coalesce(m.item.c.kind, m.milestone.c.kind, "").label("subject_type"),
        sa.func.coalesce(m.item.c.key, "").label("key"),
        sa.func.coalesce(m.item.c.title, m.milestone.c.title, "").label("title"),
        sa.func.coalesce(m.item.c.url, m.milestone.c.url, "").label("url"),
    )
    return (
        joined(query)
        .join(m.project, m.project.c.id == standing.project_id)
        .outerjoin(
            m.rule_version,
            sa.and_(m.rule_version.c.rule_id == standing.rule_id, m.rule_version.c.version == standing.rule_version),
        )
    )


def _row(row: Any) -> FlagRow:
    memory = row.memory or {}
    at, why = REMEMBERED.get(row.answered, ("", ""))
    return FlagRow(
        id=row.id,
        rule=row.rule,
        rule_type=row.rule_type,
        rule_title=row.rule_title or "",
        rule_version=row.rule_version,
        project_id=row.project_id,
        project=row.project,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        subject_type=row.subject_type,
        key=row.key,
        title=row.title,
        url=row.url,
        severity=row.severity,
        outcome=row.outcome,
        code=row.code,
        opened_at=row.opened_at,
        since=row.since,
        closed_at=row.closed_at,
        moved_at=row.moved_at,
        verdict=row.verdict or {},
        answered=row.answered,
        quiet_until=row.quiet_until,
        reason=memory.get(why),
        answered_at=from_iso(memory[at]) if at in memory else None,
    )


@dataclass(frozen=True, slots=True)
class FlagGroup:
    """Open flags that ask one question: those of a milestone alone, those of items by rule and reason.

    `samples` are at most SAMPLES of them, oldest first.
    """

    count: int
    samples: tuple[FlagRow, ...]

    @property
    def first(self) -> FlagRow:
        """The oldest."""
        return self.samples[0]


def flag_groups(tx: Tx, *, visible: Visible, limit: int, now: datetime) -> tuple[FlagGroup, ...]:
    """Open warnings and urgent flags that nobody has answered, in groups, in one query.

    Urgent ones first, milestones before items, large groups before small.
    """
    standing = m.standing.c
    alone = sa.case((standing.subject_kind == "milestone", standing.subject_id), else_=0)
    partition = [standing.rule_id, standing.code, standing.subject_kind, alone]
    rank = sa.case({"urgent": 2, "warning": 1}, value=standing.severity, else_=0)
    numbered = (
        sa.select(
            standing.id.label("standing_id"),
            sa.func.row_number()
            .over(partition_by=partition, order_by=[standing.opened_at, standing.id])
            .label("place"),
            sa.func.count().over(partition_by=partition).label("n"),
            sa.func.max(rank).over(partition_by=partition).label("worst"),
        )
        .where(
            standing.closed_at.is_(None),
            standing.outcome == "flagged",
            standing.severity.in_(["warning", "urgent"]),
            sa.not_(is_quiet(now)),
            visible.standings(),
        )
        .subquery()
    )
    query = (
        _base()
        .add_columns(numbered.c.n, numbered.c.place)
        .join(numbered, numbered.c.standing_id == standing.id)
        .where(numbered.c.place <= SAMPLES)
        .order_by(
            numbered.c.worst.desc(),
            (standing.subject_kind == "milestone").desc(),
            numbered.c.n.desc(),
            standing.rule_id,
            standing.code,
            alone,
            numbered.c.place,
        )
        .limit(limit * SAMPLES)
    )
    groups: list[tuple[int, list[FlagRow]]] = []
    for row in tx.execute(query):
        if row.place == 1:
            groups.append((row.n, []))
        groups[-1][1].append(_row(row))
    return tuple(FlagGroup(count=n, samples=tuple(samples)) for n, samples in groups[:limit])
