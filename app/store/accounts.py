"""Rows of people who sign in. A password leaves here only for being compared."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from app.store.views.scope import PAGE_SIZE, Page, after_key, decode_cursor, page_of


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A person. `programmes` are the ids of what somebody sees who does not see all projects."""

    id: int
    name: str
    mail: str | None
    role: str
    all_projects: bool
    secured: bool
    has_password: bool
    by_provider: bool
    created_at: datetime
    seen_at: datetime | None
    disabled_at: datetime | None
    programmes: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Credential:
    """What a sign-in is checked against."""

    id: int
    name: str
    password: str | None
    disabled: bool


def exist(tx: Tx) -> bool:
    """Whether anybody has an account."""
    return tx.scalar(sa.select(m.account.c.id).limit(1)) is not None


def add(tx: Tx, *, name: str, name_key: str, now: datetime, **values: Any) -> int:
    """Add a person. Gives the id."""
    statement = sa.insert(m.account).values(name=name, name_key=name_key, created_at=now, **values)
    return int(tx.execute(statement.returning(m.account.c.id)).scalar_one())


def update(tx: Tx, account_id: int, **values: Any) -> None:
    """Change a person's columns."""
    tx.execute(sa.update(m.account).where(m.account.c.id == account_id).values(**values))


def set_programmes(tx: Tx, account_id: int, programme_ids: Collection[int]) -> None:
    """What somebody sees from now on who does not see all projects."""
    part = m.account_programme
    tx.execute(sa.delete(part).where(part.c.account_id == account_id))
    rows = [{"account_id": account_id, "programme_id": id_} for id_ in sorted(set(programme_ids))]
    if rows:
        tx.execute(sa.insert(part), rows)


def credential(tx: Tx, name_key: str) -> Credential | None:
    """What a name signs in with."""
    return _credential(tx, m.account.c.name_key == name_key)


def credential_of(tx: Tx, account_id: int) -> Credential | None:
    """The same by id."""
    return _credential(tx, m.account.c.id == account_id)


def provided(tx: Tx, *, issuer: str, subject: str) -> Credential | None:
    """Whom a provider knows as `subject`."""
    return _credential(tx, sa.and_(m.account.c.issuer == issuer, m.account.c.subject == subject))


def account(tx: Tx, account_id: int) -> AccountRow | None:
    """One person. Two queries."""
    return next(iter(_rows(tx, _base().where(m.account.c.id == account_id))), None)


def by_name(tx: Tx, name_key: str) -> AccountRow | None:
    """One person by the folded name. Two queries."""
    return next(iter(_rows(tx, _base().where(m.account.c.name_key == name_key))), None)


def accounts(tx: Tx, *, after: str | None = None, limit: int = PAGE_SIZE) -> Page[AccountRow]:
    """People by name. Two queries. Raises BadCursorError."""
    query = _base()
    if after is not None:
        key = decode_cursor(after, like=(str, int))
        query = query.where(after_key([m.account.c.name_key, m.account.c.id], key, descending=False))
    found = tx.execute(query.order_by(m.account.c.name_key, m.account.c.id).limit(limit + 1)).all()
    seen = _programmes(tx, [row.id for row in found[:limit]])
    return page_of(found, limit=limit, make=lambda row: _row(row, seen), key=lambda row: (row.name_key, row.id))


def other_admins(tx: Tx, account_id: int) -> bool:
    """Whether somebody else can sign in who may do everything."""
    column = m.account.c
    query = sa.select(column.id).where(
        column.role == "admin",
        column.disabled_at.is_(None),
        column.id != account_id,
        sa.or_(column.password.is_not(None), column.issuer.is_not(None)),
    )
    return tx.scalar(query.limit(1)) is not None


def known_programmes(tx: Tx) -> tuple[tuple[int, str], ...]:
    """(id, name) of the programmes, by name."""
    return tuple(
        (row.id, row.name)
        for row in tx.execute(sa.select(m.programme.c.id, m.programme.c.name).order_by(m.programme.c.name))
    )


def _base() -> sa.Select[Any]:
    return sa.select(
        *(column for column in m.account.c if column.name != "password"),
        m.account.c.password.is_not(None).label("has_password"),
    )


def _rows(tx: Tx, query: sa.Select[Any]) -> list[AccountRow]:
    found = tx.execute(query).all()
    seen = _programmes(tx, [row.id for row in found])
    return [_row(row, seen) for row in found]


def _programmes(tx: Tx, ids: list[int]) -> dict[int, set[int]]:
    part = m.account_programme.c
    found: dict[int, set[int]] = {}
    for row in tx.execute(sa.select(part.account_id, part.programme_id).where(part.account_id.in_(ids))):
        found.setdefault(row.account_id, set()).add(row.programme_id)
    return found


def _row(row: Any, seen: dict[int, set[int]]) -> AccountRow:
    return AccountRow(
        id=row.id,
        name=row.name,
        mail=row.mail,
        role=row.role,
        all_projects=row.all_projects,
        secured=row.secured,
        has_password=bool(row.has_password),
        by_provider=row.issuer is not None,
        created_at=row.created_at,
        seen_at=row.seen_at,
        disabled_at=row.disabled_at,
        programmes=frozenset(seen.get(row.id, ())),
    )


def _credential(tx: Tx, condition: sa.ColumnElement[bool]) -> Credential | None:
    column = m.account.c
    row = tx.execute(
        sa.select(column.id, column.name, column.password, column.disabled_at).where(condition)
    ).one_or_none()
    return Credential(row.id, row.name, row.password, row.disabled_at is not None) if row is not None else None
