"""Rules in force with what they have found, and one rule's versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import PAGE_SIZE, Page, Visible, after_key, decode_cursor, page_of

WINDOW = timedelta(days=30)
SPOKEN_OVER = timedelta(days=28)
"""Over which time it is counted how much a rule would say."""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule in its version in force.

    `flags_recent` opened in the last 30 days; `flags_closed` ever closed, which is the base of its precision.
    """

    id: int
    name: str
    type: str
    version: int
    title: str
    params: dict[str, Any]
    scope: dict[str, Any]
    severity: str
    reach: str
    mode: str
    live_since: datetime | None
    ladder: list[dict[str, Any]]
    actions: dict[str, Any]
    valid_from: datetime
    author: str
    flags_open: int
    flags_recent: int
    flags_closed: int
    errors_open: int


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a rule, as it was saved."""

    version: int
    valid_from: datetime
    title: str
    params: dict[str, Any]
    scope: dict[str, Any]
    severity: str
    reach: str
    mode: str
    author: str
    ladder: list[dict[str, Any]]
    actions: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a rule's flags would come to in the tracker. `known`: items on which a flag stands that would show
    something; `opened`: items on which one opened within `days`, the rule's first day left out.
    """

    known: int
    opened: int
    days: int


@dataclass(frozen=True, slots=True)
class RuleName:
    """A rule as lists name it."""

    name: str
    type: str
    title: str
    mode: str


def names(tx: Tx) -> tuple[RuleName, ...]:
    """Every rule that is not removed, by name, without counts. One query of tens of rows."""
    query = (
        sa.select(m.rule.c.name, m.rule.c.type, m.rule_version.c.title, m.rule_version.c.mode)
        .join(
            m.rule_version,
            sa.and_(m.rule_version.c.rule_id == m.rule.c.id, m.rule_version.c.version == m.rule.c.version),
        )
        .where(m.rule.c.removed_at.is_(None))
        .order_by(m.rule.c.name)
    )
    return tuple(RuleName(row.name, row.type, row.title, row.mode) for row in tx.execute(query))


def rules(tx: Tx, *, visible: Visible, now: datetime) -> tuple[RuleRow, ...]:
    """Every rule that is not removed, by name, with its counts; one query. There are tens of rules, so no paging."""
    return tuple(_row(row) for row in tx.execute(_base(visible, now).order_by(m.rule.c.name)))


def rules_page(tx: Tx, *, visible: Visible, now: datetime, after: str | None, limit: int = PAGE_SIZE) -> Page[RuleRow]:
    """Rules by id, for those who page. One query. Raises BadCursorError."""
    query = _base(visible, now)
    if after is not None:
        query = query.where(after_key([m.rule.c.id], decode_cursor(after, like=(int,)), descending=False))
    rows = tx.execute(query.order_by(m.rule.c.id).limit(limit + 1)).all()
    return page_of(rows, limit=limit, make=_row, key=lambda row: (row.id,))


def rule_row(tx: Tx, name: str, *, visible: Visible, now: datetime) -> RuleRow | None:
    """One rule by name; None where there is none. One query."""
    row = tx.execute(_base(visible, now).where(m.rule.c.name == name)).one_or_none()
    return _row(row) if row is not None else None


def versions(tx: Tx, rule_id: int) -> tuple[VersionRow, ...]:
    """The latest versions of a rule, newest first. One query."""
    return versions_page(tx, rule_id, after=None).rows


def versions_page(tx: Tx, rule_id: int, *, after: str | None, limit: int = PAGE_SIZE) -> Page[VersionRow]:
    """The versions of a rule, newest first. One query. Raises BadCursorError."""
    version = m.rule_version.c
    query = sa.select(m.rule_version).where(version.rule_id == rule_id)
    if after is not None:
        query = query.where(after_key([version.version], decode_cursor(after, like=(int,)), descending=True))
    rows = tx.execute(query.order_by(version.version.desc()).limit(limit + 1)).all()
    return page_of(rows, limit=limit, make=_version, key=lambda row: (row.version,))


def _version(row: Any) -> VersionRow:
    return VersionRow(
        version=row.version,
        valid_from=row.valid_from,
        title=row.title,
        params=row.params or {},
        scope=row.scope or {},
        severity=row.severity,
        reach=row.reach,
        mode=row.mode,
        author=row.author,
        ladder=row.ladder or [],
        actions=row.actions or {},
    )


def spoken(tx: Tx, row: RuleRow, *, now: datetime) -> Spoken:
    """What the flags of a rule come to if it goes live: over all projects, as the publisher sees them. Two queries."""
    standing = m.standing.c
    shown = sa.and_(
        standing.rule_id == row.id,
        standing.outcome != "pending",
        standing.reach != "page",
        standing.severity != "note",
        standing.shown_on.is_not(None),
    )
    first = tx.scalar(sa.select(sa.func.min(m.rule_version.c.valid_from)).where(m.rule_version.c.rule_id == row.id))
    since = max(now - SPOKEN_OVER, (first or now) + timedelta(days=1))
    known, opened = tx.execute(
        sa.select(
            sa.func.count(sa.distinct(sa.case((standing.closed_at.is_(None), standing.shown_on)))),
            sa.func.count(
                sa.distinct(
                    sa.case((sa.and_(standing.opened_at >= since, standing.reach == "comment"), standing.shown_on))
                )
            ),
        ).where(shown)
    ).one()
    return Spoken(known=known, opened=opened, days=max(0, (now - since) // timedelta(days=1)))


def _base(visible: Visible, now: datetime) -> sa.Select[Any]:
    standing = m.standing.c
    is_open = standing.closed_at.is_(None)
    counts = (
        sa.select(
            standing.rule_id,
            sa.func.sum(sa.case((sa.and_(is_open, standing.outcome == "flagged"), 1), else_=0)).label("flags_open"),
            sa.func.sum(
                sa.case((sa.and_(standing.opened_at >= now - WINDOW, standing.outcome != "pending"), 1), else_=0)
            ).label("flags_recent"),
            sa.func.sum(sa.case((is_open, 0), else_=1)).label("flags_closed"),
            sa.func.sum(sa.case((sa.and_(is_open, standing.outcome == "error"), 1), else_=0)).label("errors_open"),
        )
        .where(visible.standings())
        .group_by(standing.rule_id)
        .subquery()
    )
    return (
        sa.select(
            m.rule.c.id,
            m.rule.c.name,
            m.rule.c.type,
            *(column for column in m.rule_version.c if column.name not in {"id", "rule_id"}),
            *(
                sa.func.coalesce(counts.c[name], 0).label(name)
                for name in ("flags_open", "flags_recent", "flags_closed", "errors_open")
            ),
        )
        .join(
            m.rule_version,
            sa.and_(m.rule_version.c.rule_id == m.rule.c.id, m.rule_version.c.version == m.rule.c.version),
        )
        .outerjoin(counts, counts.c.rule_id == m.rule.c.id)
        .where(m.rule.c.removed_at.is_(None))
    )


def _row(row: Any) -> RuleRow:
    return RuleRow(
        id=row.id,
        name=row.name,
        type=row.type,
        version=row.version,
        title=row.title,
        params=row.params or {},
        scope=row.scope or {},
        severity=row.severity,
        reach=row.reach,
        mode=row.mode,
        live_since=row.live_since,
        ladder=row.ladder or [],
        actions=row.actions or {},
        valid_from=row.valid_from,
        author=row.author,
        flags_open=row.flags_open,
        flags_recent=row.flags_recent,
        flags_closed=row.flags_closed,
        errors_open=row.errors_open,
    )
