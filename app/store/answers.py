"""What people answered: commands and removals, each kept once, with what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx, insert

ASKING, READY, GIVEN, TAKEN, REFUSED, SPENT = "asking", "ready", "given", "taken", "refused", "spent"


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer on its way in. `key` makes it this one within its project; `command` is its JSON document."""

    item_id: int | None
    key: str
    at: datetime
    person_id: int | None
    who: str
    verb: str
    command: Mapping[str, Any]
    status: str = READY
    may: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as kept. `may` is the right its person has, as far as it was asked for."""

    id: int
    project_id: int
    item_id: int | None
    key: str
    at: datetime
    person_id: int | None
    who: str
    verb: str
    command: Mapping[str, Any]
    status: str
    may: str | None
    settled_at: datetime | None
    detail: str


def _answer(row: Any) -> Answer:
    return Answer(
        id=row.id,
        project_id=row.project_id,
        item_id=row.item_id,
        key=row.key,
        at=row.at,
        person_id=row.person_id,
        who=row.who,
        verb=row.verb,
        command=row.command,
        status=row.status,
        may=row.may,
        settled_at=row.settled_at,
        detail=row.detail,
    )


def hear(tx: Tx, project_id: int, heard: Iterable[Heard]) -> None:
    """Keep answers; one that is kept already stays as it is."""
    rows = [
        {
            "project_id": project_id,
            "item_id": one.item_id,
            "key": one.key,
            "at": one.at,
            "person_id": one.person_id,
            "who": one.who,
            "verb": one.verb,
            "command": dict(one.command),
            "status": one.status,
            "may": one.may,
        }
        for one in heard
    ]
    if rows:
        tx.execute(insert(tx, models.answer).on_conflict_do_nothing(), rows)


def give(tx: Tx, project_id: int, one: Heard, *, standing_id: int, detail: str, now: datetime) -> int:
    """Keep an answer that was given on a page and taken at once for a flag; gives its id. Where an item tells of the
    flag its note is still to say so.
    """
    table = models.answer
    values = {
        "project_id": project_id,
        "item_id": one.item_id,
        "key": one.key,
        "at": one.at,
        "who": one.who,
        "verb": one.verb,
        "command": dict(one.command),
        "status": GIVEN if one.item_id is not None else TAKEN,
        "may": one.may,
        "settled_at": now,
        "detail": detail,
    }
    answer_id = tx.execute(sa.insert(table).values(values).returning(table.c.id)).scalar_one()
    point(tx, answer_id, [standing_id])
    return int(answer_id)


def point(tx: Tx, answer_id: int, standing_ids: Iterable[int]) -> None:
    """Note which flags an answer was taken for."""
    rows = [{"answer_id": answer_id, "standing_id": id_} for id_ in standing_ids]
    if rows:
        tx.execute(sa.insert(models.answer_flag), rows)


def ready(tx: Tx, item_ids: Iterable[int]) -> list[Answer]:
    """Answers on these items that are to be taken, in the order in which they were said; those given on a page among
    them, so that they are shown.
    """
    table = models.answer
    rows = tx.execute(
        sa.select(table)
        .where(table.c.item_id.in_(sorted(set(item_ids))), table.c.status.in_([READY, GIVEN]))
        .order_by(table.c.at, table.c.key)
    )
    return [_answer(row) for row in rows]


def settle(tx: Tx, answer_id: int, *, status: str, detail: str, now: datetime) -> None:
    table = models.answer
    tx.execute(
        sa.update(table).where(table.c.id == answer_id).values(status=status, detail=detail[:500], settled_at=now)
    )


def of_item(tx: Tx, item_id: int) -> list[Answer]:
    """Everything answered on an item, oldest first: for its page."""
    table = models.answer
    return [
        _answer(row)
        for row in tx.execute(sa.select(table).where(table.c.item_id == item_id).order_by(table.c.at, table.c.key))
    ]


def asked_since(tx: Tx, *, item_id: int, person_id: int, verbs: Sequence[str], since: datetime, until: datetime) -> int:
    """How many answers of these kinds a person was given on an item, said in [since, until)."""
    table = models.answer
    return int(
        tx.scalar(
            sa.select(sa.func.count()).where(
                table.c.item_id == item_id,
                table.c.person_id == person_id,
                table.c.verb.in_(verbs),
                table.c.status == TAKEN,
                table.c.at >= since,
                table.c.at < until,
            )
        )
        or 0
    )


# --- rights ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asking:
    """A right to be asked for: whose, in which project."""

    project_id: int
    project_key: str
    lane_id: int
    person_id: int
    native_id: str
    login: str


def asking(tx: Tx, connection_id: int, *, real: datetime, limit: int) -> list[Asking]:
    """The rights that answers over a connection wait for, each once."""
    table, project, person = models.answer, models.project, models.person
    rows = tx.execute(
        sa.select(
            table.c.project_id, project.c.key, project.c.lane_id, table.c.person_id, person.c.native_id, person.c.login
        )
        .join(project, project.c.id == table.c.project_id)
        .join(person, person.c.id == table.c.person_id)
        .where(project.c.connection_id == connection_id, project.c.status == "active", _waits(real))
        .distinct()
        .limit(limit)
    )
    return [Asking(row.project_id, row.key, row.lane_id, row.person_id, row.native_id, row.login) for row in rows]


def _waits(real: datetime) -> sa.ColumnElement[bool]:
    table = models.answer
    return sa.and_(table.c.status == ASKING, sa.or_(table.c.retry_at.is_(None), table.c.retry_at <= real))


def connections_asking(tx: Tx, *, real: datetime) -> list[int]:
    """Connections over which a right is to be asked for."""
    table, project = models.answer, models.project
    return list(
        tx.scalars(
            sa.select(project.c.connection_id)
            .join(table, table.c.project_id == project.c.id)
            .where(project.c.connection_id.is_not(None), project.c.status == "active", _waits(real))
            .distinct()
        )
    )


def told(tx: Tx, one: Asking, *, may: str) -> list[int]:
    """A right is known: what waited for it is ready. Gives the items concerned."""
    return list(
        tx.scalars(
            sa.update(models.answer).where(_of(one)).values(status=READY, may=may).returning(models.answer.c.item_id)
        )
    )


def ask_later(tx: Tx, one: Asking, *, at: datetime) -> None:
    """The right could not be read now."""
    tx.execute(sa.update(models.answer).where(_of(one)).values(retry_at=at))


def _of(one: Asking) -> sa.ColumnElement[bool]:
    table = models.answer
    return sa.and_(table.c.status == ASKING, table.c.project_id == one.project_id, table.c.person_id == one.person_id)
