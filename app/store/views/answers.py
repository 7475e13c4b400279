"""Answers as pages tell of them: those to a flag, and everything that was said on an item."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import PAGE_SIZE


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """An answer to a flag. `until` is a date, `days` a span instead of one; `status` as kept."""

    id: int
    at: datetime
    who: str
    verb: str
    reason: str | None
    until: str | None
    days: int | None
    status: str
    detail: str
    flag_id: int | None = None


def answers_to(tx: Tx, flag_ids: Iterable[int]) -> dict[int, tuple[AnswerRow, ...]]:
    """Everything answered to these flags, by flag, newest first. The flags are known to be seen. One query."""
    answer, about = m.answer.c, m.answer_flag.c
    query = (
        sa.select(m.answer, about.standing_id)
        .join(m.answer, answer.id == about.answer_id)
        .where(about.standing_id.in_(sorted(set(flag_ids))))
        .order_by(answer.at.desc(), answer.id.desc())
    )
    found: dict[int, list[AnswerRow]] = {}
    for row in tx.execute(query):
        found.setdefault(row.standing_id, []).append(_answer(row, row.standing_id))
    return {id_: tuple(rows) for id_, rows in found.items()}


def answers_on(tx: Tx, item_id: int, *, limit: int = PAGE_SIZE) -> tuple[AnswerRow, ...]:
    """Everything answered on an item that may be seen, taken or not, newest first. One query."""
    query = (
        sa.select(m.answer)
        .where(m.answer.c.item_id == item_id)
        .order_by(m.answer.c.at.desc(), m.answer.c.id.desc())
        .limit(limit)
    )
    return tuple(_answer(row, None) for row in tx.execute(query))


def _answer(row: Any, flag_id: int | None) -> AnswerRow:
    return AnswerRow(
        id=row.id,
        at=row.at,
        who=row.who,
        verb=row.verb,
        reason=row.command.get("reason"),
        until=row.command.get("until"),
        days=row.command.get("days"),
        status=row.status,
        detail=row.detail,
        flag_id=flag_id,
    )
