"""Who may look and do what: roles, scopes, one-time sign-in links, API tokens, and what a reader may see."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.errors import UserError
from app.store import access as rows
from app.store import accounts, control, instance
from app.store.database import Database, Tx
from app.store.views.scope import Visible

LINK_LIFETIME = timedelta(hours=24)
TOKEN_PREFIX = "plb_"  # noqa: S105 (how people and secret scanners recognise one)
LONGEST_NAME = 60


class Role(StrEnum):
    """What somebody may do: look; answer for items and change rules; everything."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"


NEEDS = {
    "read": Role.VIEWER,
    "answer": Role.EDITOR,
    "rules": Role.EDITOR,
    "operate": Role.EDITOR,
    "admin": Role.ADMIN,
}
"""What a token may be made for, and the role that it asks of whom it acts for: look; snooze and acknowledge; change
rules; replay, pause and retry; what admins do.
"""
SCOPES = tuple(NEEDS)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody signed in, or a program with a token. `name` is for the audit log; `projects`: the ids of those that may
    be seen, None: all; `secured`: may see items that not everybody who reads their project may know of.

    `scopes` are a token's (None: a person, who may what the role may). `account_id` is None for whoever came by a
    printed link or with a token of no person; `session_id` for every token.
    """

    name: str
    signed_in_at: datetime
    secured: bool = False
    role: Role = Role.VIEWER
    projects: frozenset[int] | None = None
    scopes: frozenset[str] | None = None
    account_id: int | None = None
    session_id: int | None = None
    how: str = ""

    def may(self, role: str) -> bool:
        """Whether this one may do what asks for a role."""
        return _rank(self.role) >= _rank(Role(role))

    def allows(self, scope: str) -> bool:
        """Whether this one may do what a scope stands for: by role, and for a token by its scopes too."""
        return self.may(NEEDS[scope]) and (self.scopes is None or scope in self.scopes)


def visible_to(user: User | None, *, chosen: int | None = None) -> Visible:
    """What a reader may see, for every query of a page: nothing where nobody is signed in; secured
    items for people alone, never for a token. `chosen` is the project picked in the bar.
    """
    if user is None:
        return Visible(projects=frozenset(), chosen=chosen)
    return Visible(projects=user.projects, chosen=chosen, secured=user.secured)


# --- links -----------------------------------------------------------------------------------------------------------


class LinkTo(StrEnum):
    """What a link leads to: into the demo; to making the first account; in again where there are accounts already; to
    choosing a password.
    """

    DEMO = "demo"
    FIRST = "first"
    RECOVERY = "recovery"
    PASSWORD = "password"  # noqa: S105 (a word)


@dataclass(frozen=True, slots=True)
class Link:
    """A link that can be used, and whose password it lets choose."""

    to: LinkTo
    account_id: int | None = None
    name: str = ""


def new_sign_in_link(db: Database, base_url: str, now: datetime) -> str:
    """Make a link that works once within LINK_LIFETIME, and return its URL. `now` is real time.

    It leads into the demo, to making the first admin, or in as an admin for recovery: see LinkTo.
    """
    with db.write() as tx:
        return add_link(tx, base_url, account_id=None, now=now)


def add_link(tx: Tx, base_url: str, *, account_id: int | None, now: datetime) -> str:
    """The same within a transaction; with an account, a link that lets its owner choose a password."""
    token = secrets.token_urlsafe(32)
    rows.add_sign_in(tx, digest=digest(token), account_id=account_id, now=now, expires_at=now + LINK_LIFETIME)
    return f"{base_url}/sign-in/{token}"


def look_at_link(db: Database, token: str, now: datetime) -> Link | None:
    """What a link leads to; None where it cannot be used (any more). Uses nothing up."""
    with db.read() as tx:
        return find_link(tx, token, now)


def find_link(tx: Tx, token: str, now: datetime) -> Link | None:
    """The same within a transaction."""
    found = rows.good_link(tx, digest(token), now)
    if found is None:
        return None
    if found.account_id is not None:
        return Link(LinkTo.PASSWORD, found.account_id, found.account or "")
    if instance.load(tx).demo:
        return Link(LinkTo.DEMO)
    return Link(LinkTo.RECOVERY if accounts.exist(tx) else LinkTo.FIRST)


# --- tokens ----------------------------------------------------------------------------------------------------------


def create_token(
    db: Database, name: str, *, scope: str = "read", owner: int | None = None, who: str = "", now: datetime
) -> str:
    """Make an API token and return it: the only time it can be seen.

    `scope` names one or several, with spaces between; each token may read. `owner` is the account it acts for: it may
    never more than that one. One of nobody sees all projects. Raises UserError for a taken name, an unknown scope, or
    one that asks for more than its owner may.
    """
    name = " ".join(name.split())
    scopes = _scopes(scope.split())
    if not name or len(name) > LONGEST_NAME:
        raise UserError(
            f"A token needs a name, at most {LONGEST_NAME} characters, so that it can be told from others and revoked."
        )
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with db.write() as tx:
        if owner is not None:
            _check_owner(tx, owner, scopes)
        if not rows.add_token(tx, name=name, digest=digest(token), scope=" ".join(scopes), account_id=owner, now=now):
            raise UserError(f"There is a token named {name!r} already. Take another name.")
        control.audit(tx, who=who or "command line", what="token made", subject=name, at=now, detail={"may": scopes})
    return token


def revoke_token(db: Database, token_id: int, *, user: User, now: datetime) -> str:
    """Revoke a token of one's own; an admin any. Gives its name. Raises UserError, alike for one that is not there and
    one that is another's.
    """
    with db.write() as tx:
        found = next((one for one in rows.every_token(tx) if one.id == token_id), None)
        if found is None or not (user.may(Role.ADMIN) or _is_own(found, user)):
            raise UserError("There is no such token, or it is revoked already.")
        rows.revoke_token(tx, token_id, now)
        control.audit(tx, who=user.name, what="token revoked", subject=found.name, at=now)
    return found.name


def check_token(db: Database, token: str, now: datetime) -> User | None:
    """The program a token stands for; None where it is unknown or revoked, or its owner is shut out. Notes its use, to
    a few minutes.
    """
    if not token.startswith(TOKEN_PREFIX):
        return None
    with db.read() as tx:
        looked = rows.find_token(tx, digest(token))
    if looked is None:
        return None
    found, rights = looked
    if found.revoked_at is not None or (rights is not None and rights.disabled):
        return None
    if found.used_at is None or now - found.used_at > rows.USED_EVERY:
        with db.write() as tx:
            rows.touch_token(tx, found.id, now)
    scopes = frozenset(found.scope.split())
    most = max((NEEDS[scope] for scope in scopes if scope in NEEDS), key=_rank, default=Role.VIEWER)
    role = most if rights is None else min(most, Role(rights.role), key=_rank)
    return User(
        name=f"token {found.name}" if rights is None else f"{rights.name} (token {found.name})",
        signed_in_at=found.created_at,
        role=role,
        projects=None if rights is None else rights.projects,
        scopes=scopes,
        account_id=found.account_id,
    )


def digest(token: str) -> str:
    """What is stored of a token, a link or a session's id: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def _scopes(wanted: Collection[str]) -> list[str]:
    unknown = sorted(set(wanted) - set(SCOPES))
    if unknown:
        raise UserError(f"There is no scope {unknown[0]!r}. Known: {', '.join(SCOPES)}.")
    return [scope for scope in SCOPES if scope == "read" or scope in wanted]


def _check_owner(tx: Tx, owner: int, scopes: Collection[str]) -> None:
    row = accounts.account(tx, owner)
    if row is None or row.disabled_at is not None:
        raise UserError("A token needs an owner who may sign in.")
    more = [scope for scope in scopes if _rank(NEEDS[scope]) > _rank(Role(row.role))]
    if more:
        raise UserError(f"The scope {more[0]!r} asks for the role {NEEDS[more[0]]}; {row.name} is {row.role}.")


def _is_own(token: rows.TokenRow, user: User) -> bool:
    return user.account_id is not None and token.account_id == user.account_id


def _rank(role: Role) -> int:
    return list(Role).index(role)
