"""Milestones as lists show them. (The milestone page itself judges, and so reads facts.)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import PAGE_SIZE, Page, Visible, after_key, decode_cursor, like, page_of

NO_DATE = date(9999, 12, 31)
"""Stands for "no date" in the order of the list: undated milestones come last."""


@dataclass(frozen=True, slots=True)
class MilestoneRow:
    """One milestone. `flag_code` and `verdict` are those of its most severe open flag, None where it has none; members
    are also those of the milestones that are joined to it. `joined_to` is the one that speaks for it.
    """

    id: int
    project_id: int
    project: str
    kind: str
    number: int | None
    title: str
    url: str
    open: bool
    start: date | None
    due: date | None
    closed_at: datetime | None
    members_total: int
    members_open: int
    flags_open: int
    flag_code: str | None
    flag_type: str | None
    verdict: dict[str, Any] | None
    joined_to: int | None = None

    @property
    def members_done(self) -> int:
        """How many members are not open any more."""
        return self.members_total - self.members_open


def milestones(
    tx: Tx,
    *,
    visible: Visible,
    state: str = "open",
    kind: str | None = None,
    text: str = "",
    after: str | None = None,
    limit: int = PAGE_SIZE,
) -> Page[MilestoneRow]:
    """Open ones by due date, undated last; closed ones newest first; all of them by id. `kind` None: of every kind.

    One query. Raises BadCursorError.
    """
    columns, descending, kinds = _order(state)
    query = _base(visible).add_columns(*(column.label(f"sort_{i}") for i, column in enumerate(columns)))
    query = query.where(m.milestone.c.deleted_at.is_(None), visible.milestones(), _state(state))
    if kind is not None:
        query = query.where(m.milestone.c.kind == kind)
    if text:
        query = query.where(m.milestone.c.title.ilike(like(text), escape="\\"))
    if after is not None:
        query = query.where(after_key(columns, decode_cursor(after, like=kinds), descending=descending))
    query = query.order_by(*(column.desc() if descending else column.asc() for column in columns)).limit(limit + 1)
    rows = tx.execute(query).all()
    return page_of(
        rows, limit=limit, make=_row, key=lambda row: tuple(getattr(row, f"sort_{i}") for i in range(len(columns)))
    )


def milestone_row(tx: Tx, milestone_id: int, *, visible: Visible) -> MilestoneRow | None:
    """One milestone by our id; None where there is none to be seen. One query."""
    query = _base(visible).where(
        m.milestone.c.id == milestone_id, m.milestone.c.deleted_at.is_(None), visible.milestones()
    )
    row = tx.execute(query).one_or_none()
    return _row(row) if row is not None else None


def due_between(tx: Tx, *, visible: Visible, first: date, last: date) -> tuple[MilestoneRow, ...]:
    """Open milestones due from `first` to `last`, both included, soonest first; at most PAGE_SIZE. One query."""
    query = (
        _base(visible)
        .where(
            m.milestone.c.deleted_at.is_(None),
            m.milestone.c.is_open,
            m.milestone.c.due.between(first, last),
            visible.milestones(),
        )
        .order_by(m.milestone.c.due, m.milestone.c.id)
        .limit(PAGE_SIZE)
    )
    return tuple(_row(row) for row in tx.execute(query))


def find_milestones(tx: Tx, *, visible: Visible, title: str, limit: int = 20) -> tuple[MilestoneRow, ...]:
    """Milestones whose title holds `title`, open ones first. One query."""
    query = (
        _base(visible)
        .where(
            m.milestone.c.deleted_at.is_(None),
            visible.milestones(),
            m.milestone.c.title.ilike(like(title), escape="\\"),
        )
        .order_by(m.milestone.c.is_open.desc(), m.milestone.c.id.desc())
        .limit(limit)
    )
    return tuple(_row(row) for row in tx.execute(query))


def _state(state: str) -> sa.ColumnElement[bool]:
    if state == "all":
        return sa.true()
    return m.milestone.c.is_open if state == "open" else sa.not_(m.milestone.c.is_open)


def _order(state: str) -> tuple[list[sa.ColumnElement[Any]], bool, tuple[type, ...]]:
    key = m.milestone.c.id
    if state == "all":
        return [key], False, (int,)
    if state == "open":
        return [sa.func.coalesce(m.milestone.c.due, sa.literal(NO_DATE, sa.Date())), key], False, (date, int)
    never = sa.literal(datetime.fromisoformat("0001-01-01T00:00:00+00:00"), m.Instant())
    return [sa.func.coalesce(m.milestone.c.closed_at, never, type_=m.Instant()), key], True, (datetime, int)


def _members(visible: Visible, *, still_open: bool) -> sa.ColumnElement[int]:
    """How many items are in a milestone and in those joined to it; what a reader may not see is not counted."""
    one, item, stay = m.milestone.alias(), m.item.alias(), m.membership.alias()
    wanted = sa.and_(
        sa.or_(one.c.id == m.milestone.c.id, one.c.joined_to == m.milestone.c.id), one.c.deleted_at.is_(None)
    )
    sums = one.c.members_open if still_open else one.c.members_total
    counted = sa.select(sa.func.coalesce(sa.func.sum(sums), 0)).where(wanted).correlate_except(one).scalar_subquery()
    if visible.secured:
        return counted
    hidden = (
        sa.select(sa.func.count())
        .select_from(stay)
        .join(one, one.c.id == stay.c.milestone_id)
        .join(item, item.c.id == stay.c.item_id)
        .where(wanted, stay.c.left_at.is_(None), item.c.secured, item.c.is_open if still_open else sa.true())
        .correlate_except(one, item, stay)
    )
    return counted - hidden.scalar_subquery()


def _base(visible: Visible) -> sa.Select[Any]:
    rank = sa.case({"urgent": 3, "warning": 2, "note": 1}, value=m.standing.c.severity, else_=0)
    standing = (
        sa.select(
            m.standing.c.subject_id,
            m.standing.c.code,
            m.standing.c.rule_id,
            m.standing.c.verdict,
            sa.func.count().over(partition_by=m.standing.c.subject_id).label("flags_open"),
            sa.func.row_number()
            .over(partition_by=m.standing.c.subject_id, order_by=[rank.desc(), m.standing.c.opened_at.desc()])
            .label("place"),
        )
        .where(
            m.standing.c.subject_kind == "milestone",
            m.standing.c.closed_at.is_(None),
            m.standing.c.outcome == "flagged",
        )
        .subquery()
    )
    return (
        sa.select(
            *(column for column in m.milestone.c if column.name not in {"members_total", "members_open"}),
            _members(visible, still_open=False).label("members_total"),
            _members(visible, still_open=True).label("members_open"),
            m.project.c.key.label("project"),
            sa.func.coalesce(standing.c.flags_open, 0).label("flags_open"),
            standing.c.code.label("flag_code"),
            m.rule.c.type.label("flag_type"),
            standing.c.verdict.label("verdict"),
        )
        .join(m.project, m.project.c.id == m.milestone.c.project_id)
        .outerjoin(standing, sa.and_(standing.c.subject_id == m.milestone.c.id, standing.c.place == 1))
        .outerjoin(m.rule, m.rule.c.id == standing.c.rule_id)
    )


def _row(row: Any) -> MilestoneRow:
    return MilestoneRow(
        id=row.id,
        project_id=row.project_id,
        project=row.project,
        kind=row.kind,
        number=row.number,
        title=row.title,
        url=row.url,
        open=row.is_open,
        start=row.start,
        due=row.due,
        closed_at=row.closed_at,
        members_total=row.members_total,
        members_open=row.members_open,
        flags_open=row.flags_open,
        flag_code=row.flag_code,
        flag_type=row.flag_type,
        verdict=row.verdict,
        joined_to=row.joined_to,
    )
