"""Sessions of browsers: rows of ours, so that they can be seen and ended. A cookie holds a random id, we its digest."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from app.services.access import Role, User, digest
from app.store import accounts, control
from app.store import sessions as rows
from app.store.access import Rights
from app.store.database import Database, Tx

LIFETIME = timedelta(days=14)
"""How long a session lasts after it was last used."""
RENEWED_EVERY = timedelta(hours=1)
"""How exact that is: a write for every page would queue behind the drains."""
BY_LINK = {"demo": "owner", "recovery": "recovery link"}
"""The name in the audit log of whoever came by a printed link, without an account."""
LONGEST_AGENT = 200


def begin(tx: Tx, *, account_id: int | None, how: str, agent: str, now: datetime) -> str:
    """Begin a session and return the id for the cookie. `how`: password, provider, link, recovery or demo; `agent` is
    what the browser says of itself. `now` is real time.
    """
    key = secrets.token_urlsafe(32)
    agent = "".join(letter for letter in agent if letter.isprintable())[:LONGEST_AGENT]
    rows.add(tx, digest=digest(key), account_id=account_id, how=how, agent=agent, now=now, expires_at=now + LIFETIME)
    if account_id is not None:
        accounts.update(tx, account_id, seen_at=now)
    return key


def find(db: Database, key: str, now: datetime) -> User | None:
    """Whose session a cookie's id stands for; None where there is none (any more), or they are shut out. One query,
    and once in RENEWED_EVERY a write, with which the session lasts longer.
    """
    with db.read() as tx:
        found = rows.find(tx, digest(key), now)
    if found is None or (found[1] is not None and found[1].disabled):
        return None
    session, rights = found
    if now - session.used_at > RENEWED_EVERY:
        with db.write() as tx:
            rows.renew(tx, session.id, now=now, expires_at=now + LIFETIME)
    return _user(session, rights)


def end(db: Database, user: User) -> None:
    """Sign out of one browser."""
    if user.session_id is not None:
        with db.write() as tx:
            rows.end(tx, user.session_id)


def end_everywhere(db: Database, user: User, now: datetime) -> int:
    """Sign somebody out of every browser. Gives how many there were."""
    with db.write() as tx:
        count = rows.end_all(tx, user.account_id)
        control.audit(tx, who=user.name, what="signed out everywhere", at=now, detail={"sessions": count})
    return count


def _user(session: rows.SessionRow, rights: Rights | None) -> User:
    if rights is None:
        return User(
            name=BY_LINK.get(session.how, session.how),
            signed_in_at=session.created_at,
            secured=True,
            role=Role.ADMIN,
            session_id=session.id,
            how=session.how,
        )
    return User(
        name=rights.name,
        signed_in_at=session.created_at,
        secured=rights.secured,
        role=Role(rights.role),
        projects=rights.projects,
        account_id=rights.account_id,
        session_id=session.id,
        how=session.how,
    )
