"""Rows of sessions of browsers: a digest of what the cookie holds, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.store import models as m
from app.store.access import RIGHTS, Rights, rights_of, with_rights
from app.store.database import Tx


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session that has not ended. `how`: password, provider, link, recovery or demo."""

    id: int
    account_id: int | None
    how: str
    agent: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime


def add(
    tx: Tx, *, digest: str, account_id: int | None, how: str, agent: str, now: datetime, expires_at: datetime
) -> None:
    """Begin a session, and forget those that are over."""
    tx.execute(sa.delete(m.web_session).where(m.web_session.c.expires_at <= now))
    tx.execute(
        sa.insert(m.web_session).values(
            digest=digest,
            account_id=account_id,
            how=how,
            agent=agent,
            created_at=now,
            used_at=now,
            expires_at=expires_at,
        )
    )


def find(tx: Tx, digest: str, now: datetime) -> tuple[SessionRow, Rights | None] | None:
    """A session that has not ended and the rights of its account (None: it has none). One query."""
    session = m.web_session
    rows = tx.execute(
        with_rights(
            sa.select(session, *RIGHTS)
            .outerjoin(m.account, m.account.c.id == session.c.account_id)
            .where(session.c.digest == digest, session.c.expires_at > now)
        )
    ).all()
    if not rows:
        return None
    row = rows[0]
    found = SessionRow(row.id, row.account_id, row.how, row.agent, row.created_at, row.used_at, row.expires_at)
    return found, rights_of(rows)


def renew(tx: Tx, session_id: int, *, now: datetime, expires_at: datetime) -> None:
    """Note that a session was used: it lasts longer then."""
    tx.execute(
        sa.update(m.web_session).where(m.web_session.c.id == session_id).values(used_at=now, expires_at=expires_at)
    )


def end(tx: Tx, session_id: int) -> None:
    """End one session."""
    tx.execute(sa.delete(m.web_session).where(m.web_session.c.id == session_id))


def end_all(tx: Tx, account_id: int | None) -> int:
    """End the sessions of an account (None: those without one). Gives how many there were."""
    done = tx.execute(sa.delete(m.web_session).where(m.web_session.c.account_id.is_not_distinct_from(account_id)))
    return done.rowcount


def sessions(tx: Tx, account_id: int | None, now: datetime) -> tuple[SessionRow, ...]:
    """The sessions of an account (None: those without one), the one used last first. At most a hundred."""
    session = m.web_session
    query = (
        sa.select(session)
        .where(session.c.account_id.is_not_distinct_from(account_id), session.c.expires_at > now)
        .order_by(session.c.used_at.desc(), session.c.id.desc())
        .limit(100)
    )
    return tuple(
        SessionRow(row.id, row.account_id, row.how, row.agent, row.created_at, row.used_at, row.expires_at)
        for row in tx.execute(query)
    )
