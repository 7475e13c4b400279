"""Examples as rows: what was known of an item when it was asked how it would end (`inputs`), and how it did (`bad`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.store import models
from app.store.answers import TAKEN
from app.store.database import Tx, insert
from rules.risk.model import Inputs

PAGE = 200
"""So many items are looked at in one go."""
LATEST = 1000
"""So many ended examples are learnt from, the latest."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An example on its way in."""

    item_id: int
    outcome: str
    at: datetime
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class Label:
    """How an example ended, as became known at an instant."""

    id: int
    bad: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Running:
    """An example whose item may have ended. `wrong`: people answered `/plumb wrong` on the item since."""

    id: int
    item_id: int
    at: datetime
    inputs: Inputs
    wrong: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """An example that is learnt from."""

    id: int
    at: datetime
    inputs: Inputs
    bad: bool


def quiet_pulls(tx: Tx, project_id: int, outcome: str, *, since: datetime, until: datetime) -> list[int]:
    """Open pull requests that last moved within (since, until] and of which no example was taken after that, the
    latest first: a page of them.
    """
    item, example = models.item, models.example
    asked = sa.exists().where(
        example.c.item_id == item.c.id, example.c.outcome == outcome, example.c.at > item.c.moved_at
    )
    rows = tx.scalars(
        sa.select(item.c.id)
        .where(_open_pulls(project_id), item.c.moved_at > since, item.c.moved_at <= until, ~asked)
        .order_by(item.c.moved_at.desc(), item.c.id)
        .limit(PAGE)
    )
    return list(rows)


def may_have_ended(tx: Tx, project_id: int, outcome: str, *, lying_since: datetime) -> list[Running]:
    """Examples without an end whose item is closed, that were taken at or before `lying_since`, or that people said
    were wrong; a page of them, the oldest first.
    """
    item, example, answer = models.item, models.example, models.answer
    wrong = sa.exists().where(
        answer.c.item_id == example.c.item_id,
        answer.c.verb == "wrong",
        answer.c.status == TAKEN,
        answer.c.at >= example.c.at,
    )
    rows = tx.execute(
        sa.select(example, wrong.label("wrong"))
        .join(item, item.c.id == example.c.item_id)
        .where(
            example.c.project_id == project_id,
            example.c.outcome == outcome,
            example.c.bad.is_(None),
            item.c.deleted_at.is_(None),
            sa.or_(item.c.is_open.is_(False), example.c.at <= lying_since, wrong),
        )
        .order_by(example.c.at, example.c.id)
        .limit(PAGE)
    )
    return [Running(row.id, row.item_id, row.at, row.inputs, bool(row.wrong)) for row in rows]


def ended(tx: Tx, project_id: int, outcome: str) -> list[Ended]:
    """The latest examples that have ended, oldest first."""
    example = models.example
    rows = tx.execute(
        sa.select(example)
        .where(example.c.project_id == project_id, example.c.outcome == outcome, example.c.bad.is_not(None))
        .order_by(example.c.at.desc(), example.c.id.desc())
        .limit(LATEST)
    ).all()
    return [Ended(row.id, row.at, row.inputs, row.bad) for row in reversed(rows)]


def open_since(tx: Tx, project_id: int, *, until: datetime) -> list[int]:
    """Open pull requests that have not moved after an instant."""
    item = models.item
    return list(tx.scalars(sa.select(item.c.id).where(_open_pulls(project_id), item.c.moved_at <= until)))


def save(tx: Tx, project_id: int, *, taken: Iterable[Taken], labels: Iterable[Label]) -> None:
    """Keep examples, and how earlier ones ended; the same twice is once."""
    rows = [
        {
            "project_id": project_id,
            "item_id": one.item_id,
            "outcome": one.outcome,
            "at": one.at,
            "inputs": dict(one.inputs),
        }
        for one in taken
    ]
    if rows:
        tx.execute(insert(tx, models.example).on_conflict_do_nothing(), rows)
    for label in labels:
        tx.execute(
            sa.update(models.example).where(models.example.c.id == label.id).values(bad=label.bad, ended_at=label.at)
        )


def _open_pulls(project_id: int) -> sa.ColumnElement[bool]:
    item = models.item
    return sa.and_(
        item.c.project_id == project_id,
        item.c.is_open.is_(True),
        item.c.kind == "pull_request",
        item.c.deleted_at.is_(None),
    )
