"""Who may look: one-time sign-in links, API tokens, and what a reader may see."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.errors import UserError
from app.store import access as rows
from app.store.database import Database
from app.store.views.scope import Visible

LINK_LIFETIME = timedelta(hours=24)
TOKEN_PREFIX = "plb_"  # noqa: S105 (how people and secret scanners recognise one)
SCOPES = ("read",)


class Role(StrEnum):
    """What somebody may do: look; answer for items and change rules; everything."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody signed in, or a program with a token. `name` is for the audit log; `projects`: the ids of those that may
    be seen, None: all; `secured`: may see items that not everybody who reads their project may know of.
    """

    name: str
    signed_in_at: datetime
    secured: bool = False
    role: Role = Role.VIEWER
    projects: frozenset[int] | None = None

    def may(self, role: str) -> bool:
        """Whether this one may do what asks for a role."""
        order = list(Role)
        return order.index(self.role) >= order.index(Role(role))


def visible_to(user: User | None, *, chosen: int | None = None) -> Visible:
    """What a reader may see, for every query of a page: nothing where nobody is signed in; secured
    items for people alone, never for a token. `chosen` is the project picked in the bar.
    """
    if user is None:
        return Visible(projects=frozenset(), chosen=chosen)
    return Visible(projects=user.projects, chosen=chosen, secured=user.secured)


def new_sign_in_link(db: Database, base_url: str, now: datetime) -> str:
    """Make a link that signs in once within LINK_LIFETIME, and return its URL. `now` is real time."""
    token = secrets.token_urlsafe(32)
    with db.write() as tx:
        rows.add_sign_in(tx, digest=_digest(token), now=now, expires_at=now + LINK_LIFETIME)
    return f"{base_url}/sign-in/{token}"


def sign_in_is_good(db: Database, token: str, now: datetime) -> bool:
    """Whether a link would sign in; uses nothing up."""
    with db.read() as tx:
        return rows.sign_in_is_good(tx, _digest(token), now)


def use_sign_in(db: Database, token: str, now: datetime) -> bool:
    """Use a link up. False where it is unknown, expired or used already."""
    with db.write() as tx:
        return rows.use_sign_in(tx, _digest(token), now)


def create_token(db: Database, name: str, *, scope: str = "read", now: datetime) -> str:
    """Make an API token and return it: the only time it can be seen.

    Raises UserError for a taken name or an unknown scope.
    """
    if scope not in SCOPES:
        raise UserError(f"There is no scope {scope!r}. Known: {', '.join(SCOPES)}.")
    if not name.strip():
        raise UserError("A token needs a name, so that it can be told from others and revoked.")
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with db.write() as tx:
        if not rows.add_token(tx, name=name.strip(), digest=_digest(token), scope=scope, now=now):
            raise UserError(f"There is a token named {name.strip()!r} already. Take another name.")
    return token


def check_token(db: Database, token: str, now: datetime) -> User | None:
    """The program a token stands for; None where it is unknown or revoked. Notes its use, to a few minutes."""
    if not token.startswith(TOKEN_PREFIX):
        return None
    with db.read() as tx:
        found = rows.find_token(tx, _digest(token))
    if found is None or found.revoked_at is not None:
        return None
    if found.used_at is None or now - found.used_at > rows.USED_EVERY:
        with db.write() as tx:
            rows.touch_token(tx, found.id, now)
    return User(name=f"token {found.name}", signed_in_at=found.created_at)


def _digest(token: str) -> str:
    # 256 random bits need no slow hash
    return hashlib.sha256(token.encode()).hexdigest()
