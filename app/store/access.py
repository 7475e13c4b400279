"""Rows of sign-in links and API tokens. Only digests are stored: a copy of the database signs nobody in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx

USED_EVERY = timedelta(minutes=5)
"""How exact `used_at` of a token is: a write for every request would queue behind the drains."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An API token without its secret."""

    id: int
    name: str
    scope: str
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


def add_sign_in(tx: Tx, *, digest: str, now: datetime, expires_at: datetime) -> None:
    """Store a one-time link."""
    tx.execute(sa.insert(m.sign_in).values(digest=digest, created_at=now, expires_at=expires_at))


def sign_in_is_good(tx: Tx, digest: str, now: datetime) -> bool:
    """Whether a link exists, has not expired and was not used."""
    return tx.scalar(sa.select(m.sign_in.c.id).where(_good(digest, now))) is not None


def use_sign_in(tx: Tx, digest: str, now: datetime) -> bool:
    """Use a link up; False where it cannot be used. Of two at once, one gets it."""
    done = tx.execute(sa.update(m.sign_in).where(_good(digest, now)).values(used_at=now))
    return done.rowcount == 1


def add_token(tx: Tx, *, name: str, digest: str, scope: str, now: datetime) -> bool:
    """Store a token; False where one of that name exists already."""
    if tx.scalar(sa.select(m.api_token.c.id).where(m.api_token.c.name == name)) is not None:
        return False
    tx.execute(sa.insert(m.api_token).values(name=name, digest=digest, scope=scope, created_at=now))
    return True


def find_token(tx: Tx, digest: str) -> TokenRow | None:
    """The token with that digest, revoked or not."""
    row = tx.execute(sa.select(m.api_token).where(m.api_token.c.digest == digest)).one_or_none()
    if row is None:
        return None
    return TokenRow(
        id=row.id,
        name=row.name,
        scope=row.scope,
        created_at=row.created_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )


def touch_token(tx: Tx, token_id: int, now: datetime) -> None:
    """Note that a token was used."""
    tx.execute(sa.update(m.api_token).where(m.api_token.c.id == token_id).values(used_at=now))


def tokens(tx: Tx) -> tuple[TokenRow, ...]:
    """Every token, by name, for the settings page."""
    return tuple(
        TokenRow(
            id=row.id,
            name=row.name,
            scope=row.scope,
            created_at=row.created_at,
            used_at=row.used_at,
            revoked_at=row.revoked_at,
        )
        for row in tx.execute(sa.select(m.api_token).order_by(m.api_token.c.name))
    )


def _good(digest: str, now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(m.sign_in.c.digest == digest, m.sign_in.c.used_at.is_(None), m.sign_in.c.expires_at > now)
