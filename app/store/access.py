"""Rows of sign-in links and API tokens. Only digests are stored: a copy of the database signs nobody in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx

USED_EVERY = timedelta(minutes=5)
"""How exact `used_at` of a token is: a write for every request would queue behind the drains."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An API token without its secret. `scope`: words with spaces between; `owner` is None for one of no person."""

    id: int
    name: str
    scope: str
    account_id: int | None
    owner: str | None
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rights:
    """What an account may do and see. `projects`: ids, None for all of them."""

    account_id: int
    name: str
    role: str
    secured: bool
    projects: frozenset[int] | None
    disabled: bool


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A sign-in link that may still be used, with the account whose password it lets choose."""

    account_id: int | None
    account: str | None


# --- links -----------------------------------------------------------------------------------------------------------


def add_sign_in(tx: Tx, *, digest: str, now: datetime, expires_at: datetime, account_id: int | None = None) -> None:
    """Store a one-time link."""
    tx.execute(sa.insert(m.sign_in).values(digest=digest, account_id=account_id, created_at=now, expires_at=expires_at))


def good_link(tx: Tx, digest: str, now: datetime) -> LinkRow | None:
    """A link that exists, has not expired and was not used; one of somebody who is shut out is none."""
    row = tx.execute(
        sa.select(m.sign_in.c.account_id, m.account.c.name)
        .outerjoin(m.account, m.account.c.id == m.sign_in.c.account_id)
        .where(_good(digest, now), m.account.c.disabled_at.is_(None))
    ).one_or_none()
    return LinkRow(row.account_id, row.name) if row is not None else None


def use_sign_in(tx: Tx, digest: str, now: datetime) -> bool:
    """Use a link up; False where it cannot be used. Of two at once, one gets it."""
    done = tx.execute(sa.update(m.sign_in).where(_good(digest, now)).values(used_at=now))
    return done.rowcount == 1


def end_links(tx: Tx, account_id: int, now: datetime) -> None:
    """Use up whatever links an account still has."""
    tx.execute(
        sa.update(m.sign_in)
        .where(m.sign_in.c.account_id == account_id, m.sign_in.c.used_at.is_(None))
        .values(used_at=now)
    )


def _good(digest: str, now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(m.sign_in.c.digest == digest, m.sign_in.c.used_at.is_(None), m.sign_in.c.expires_at > now)


# --- tokens ----------------------------------------------------------------------------------------------------------


def add_token(tx: Tx, *, name: str, digest: str, scope: str, account_id: int | None, now: datetime) -> bool:
    """Store a token; False where its owner has one of that name already."""
    token = m.api_token.c
    same = sa.select(token.id).where(
        token.name == name, token.account_id.is_not_distinct_from(account_id), token.revoked_at.is_(None)
    )
    if tx.scalar(same.limit(1)) is not None:
        return False
    tx.execute(
        sa.insert(m.api_token).values(name=name, digest=digest, scope=scope, account_id=account_id, created_at=now)
    )
    return True


def find_token(tx: Tx, digest: str) -> tuple[TokenRow, Rights | None] | None:
    """The token with that digest, revoked or not, and the rights of its owner (None: it has none). One query."""
    rows = tx.execute(
        with_rights(
            sa.select(m.api_token, *RIGHTS)
            .outerjoin(m.account, m.account.c.id == m.api_token.c.account_id)
            .where(m.api_token.c.digest == digest)
        )
    ).all()
    return (_token(rows[0], owner=rows[0].account_name), rights_of(rows)) if rows else None


def touch_token(tx: Tx, token_id: int, now: datetime) -> None:
    """Note that a token was used."""
    tx.execute(sa.update(m.api_token).where(m.api_token.c.id == token_id).values(used_at=now))


def revoke_token(tx: Tx, token_id: int, now: datetime) -> None:
    """From now on a token opens nothing."""
    tx.execute(
        sa.update(m.api_token)
        .where(m.api_token.c.id == token_id, m.api_token.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def tokens(tx: Tx, *, account_id: int | None) -> tuple[TokenRow, ...]:
    """The tokens of one account in use, by name; None: those of no account."""
    return _tokens(tx, m.api_token.c.account_id.is_not_distinct_from(account_id))


def every_token(tx: Tx) -> tuple[TokenRow, ...]:
    """All tokens in use, by name."""
    return _tokens(tx, sa.true())


def _tokens(tx: Tx, condition: sa.ColumnElement[bool]) -> tuple[TokenRow, ...]:
    query = (
        sa.select(m.api_token, m.account.c.name.label("account_name"))
        .outerjoin(m.account, m.account.c.id == m.api_token.c.account_id)
        .where(condition, m.api_token.c.revoked_at.is_(None))
        .order_by(m.api_token.c.name, m.api_token.c.id)
    )
    return tuple(_token(row, owner=row.account_name) for row in tx.execute(query))


def _token(row: Any, *, owner: str | None) -> TokenRow:
    return TokenRow(
        id=row.id,
        name=row.name,
        scope=row.scope,
        account_id=row.account_id,
        owner=owner,
        created_at=row.created_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )


# --- what an account may see -----------------------------------------------------------------------------------------

RIGHTS = (
    m.account.c.name.label("account_name"),
    m.account.c.role,
    m.account.c.all_projects,
    m.account.c.secured,
    m.account.c.disabled_at,
    m.programme_project.c.project_id,
)
"""What `rights_of` reads; the rows come once for each project where those are numbered."""


def with_rights(query: sa.Select[Any]) -> sa.Select[Any]:
    """A query that has `account` joined, with the projects of its programmes beside."""
    part, shared = m.account_programme, m.programme_project
    return query.outerjoin(
        part, sa.and_(part.c.account_id == m.account.c.id, m.account.c.all_projects.is_(False))
    ).outerjoin(shared, shared.c.programme_id == part.c.programme_id)


def rights_of(rows: Iterable[Any]) -> Rights | None:
    """The rights in the rows of such a query; None where they have no account."""
    rows = list(rows)
    first = rows[0]
    if first.account_id is None:
        return None
    every = first.all_projects or first.role == "admin"  # who sets people could give themself any project
    return Rights(
        account_id=first.account_id,
        name=first.account_name,
        role=first.role,
        secured=first.secured,
        projects=None if every else frozenset(row.project_id for row in rows if row.project_id is not None),
        disabled=first.disabled_at is not None,
    )
