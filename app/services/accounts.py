"""People who sign in: adding them, what they may and see, their passwords. Every change stands in the audit log.

`now` is real time everywhere. Mistakes are AccountError, which names the field.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.errors import UserError
from app.services import passwords, sessions
from app.services.access import LONGEST_NAME, LinkTo, Role, User, add_link, digest, find_link, look_at_link
from app.services.passwords import Chosen
from app.store import access, control
from app.store import accounts as rows
from app.store import sessions as session_rows
from app.store.accounts import AccountRow
from app.store.database import Database, Tx

SHORTEST_NAME = 2
RESERVED = frozenset({"owner", "recovery link", "plumbline", "demo", "command line", "sign-in provider"})
"""Names that stand in the audit log for somebody else."""
PROVIDER = "sign-in provider"
LAST_ADMIN = "Somebody must be left who may do everything. Make another person an admin first."


class AccountError(UserError):
    """Something is wrong with what was given; `field` says where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class UnknownAccountError(UserError):
    """There is no such person."""


@dataclass(frozen=True, slots=True)
class May:
    """What somebody may and sees: `programmes` (ids) count where `all_projects` does not. Admins see every project."""

    role: Role = Role.VIEWER
    all_projects: bool = False
    programmes: frozenset[int] = frozenset()
    secured: bool = False


# --- people ----------------------------------------------------------------------------------------------------------


def add(
    db: Database, *, name: str, mail: str = "", may: May, password: str | None = None, who: str, now: datetime
) -> int:
    """Add a person and give the id. Without a password they sign in by a link of their own (`password_link`)."""
    secret = passwords.chosen(password) if password is not None else None
    with db.write() as tx:
        return _add(tx, name=name, mail=mail, may=may, secret=secret, who=who, now=now)


def change(db: Database, account_id: int, *, may: May, who: str, now: datetime) -> None:
    """Change what somebody may and sees. With another role they sign in anew."""
    with db.write() as tx:
        row = known(tx, account_id)
        if row.role == Role.ADMIN and may.role is not Role.ADMIN:
            _keep_an_admin(tx, row)
        names = _programme_names(tx, may.programmes)
        rows.update(tx, row.id, role=may.role.value, all_projects=may.all_projects, secured=may.secured)
        rows.set_programmes(tx, row.id, () if may.all_projects else may.programmes)
        if row.role != may.role:
            session_rows.end_all(tx, row.id)
        control.audit(tx, who=who, what="person changed", subject=row.name, at=now, detail=_told(may, names))


def set_disabled(db: Database, account_id: int, *, disabled: bool, who: str, now: datetime) -> None:
    """Shut somebody out at once, with their sessions, links and tokens; or let them in again. Doing it twice changes
    nothing.
    """
    with db.write() as tx:
        row = known(tx, account_id)
        if disabled == (row.disabled_at is not None):
            return
        if disabled:
            _keep_an_admin(tx, row)
            session_rows.end_all(tx, row.id)
            access.end_links(tx, row.id, now)
        rows.update(tx, row.id, disabled_at=now if disabled else None)
        control.audit(tx, who=who, what="person shut out" if disabled else "person let in", subject=row.name, at=now)


def describe(db: Database, account_id: int, *, name: str, mail: str, who: str, now: datetime) -> None:
    """Give somebody another name or mail address."""
    with db.write() as tx:
        row = known(tx, account_id)
        name, key = _free_name(tx, name, own=row.id)
        mail = _mail(mail)
        if (name, mail or None) == (row.name, row.mail):
            return
        rows.update(tx, row.id, name=name, name_key=key, mail=mail or None)
        detail = {"name": name} if name != row.name else {}
        control.audit(tx, who=who, what="person renamed", subject=row.name, at=now, detail=detail)


def password_link(db: Database, base_url: str, account_id: int, *, who: str, now: datetime) -> str:
    """A link with which somebody chooses a password, once; earlier ones of theirs end."""
    with db.write() as tx:
        row = known(tx, account_id)
        if row.by_provider:
            raise UserError(f"{row.name} signs in by your sign-in provider and has no password here.")
        if row.disabled_at is not None:
            raise UserError(f"{row.name} is shut out. Let them in again first.")
        access.end_links(tx, row.id, now)
        control.audit(tx, who=who, what="sign-in link made", subject=row.name, at=now)
        return add_link(tx, base_url, account_id=row.id, now=now)


def named(tx: Tx, name: str) -> AccountRow:
    """A person by name. Raises UnknownAccountError."""
    row = rows.by_name(tx, _key(name))
    if row is None:
        raise UnknownAccountError(f"There is nobody named {name!r}. `plumbline user list` names everybody.")
    return row


def known(tx: Tx, account_id: int) -> AccountRow:
    """A person by id. Raises UnknownAccountError."""
    row = rows.account(tx, account_id)
    if row is None:
        raise UnknownAccountError("There is no such person.")
    return row


# --- signing in ------------------------------------------------------------------------------------------------------


def sign_in(db: Database, *, name: str, password: str, agent: str, now: datetime) -> str | None:
    """Begin a session by name and password, and return the id for the cookie. None where they do not fit, whatever the
    reason, after the same time.
    """
    with db.read() as tx:
        found = rows.credential(tx, _key(name))
    if not passwords.is_right(password, found.password if found is not None else None):
        return None
    if found is None or found.disabled:
        return None
    with db.write() as tx:
        now_known = rows.credential_of(tx, found.id)
        if now_known is None or now_known.disabled or now_known.password != found.password:
            return None  # changed while it was compared
        return sessions.begin(tx, account_id=found.id, how="password", agent=agent, now=now)


def use_link(db: Database, token: str, *, name: str = "", password: str = "", agent: str, now: datetime) -> str | None:
    """Use a link up for what it leads to: sign in; make the first admin (`name`, `password`); choose a `password`.

    Gives the id for the cookie; None where the link cannot be used. With a mistake it is not used up.
    """
    if look_at_link(db, token, now) is None:
        return None
    secret = passwords.chosen(password)
    with db.write() as tx:
        link = find_link(tx, token, now)
        if link is None or not access.use_sign_in(tx, digest(token), now):
            return None
        if link.to is LinkTo.FIRST:
            every = May(role=Role.ADMIN, all_projects=True, secured=True)
            id_ = _add(tx, name=name, mail="", may=every, secret=secret, who="first link", now=now)
            return sessions.begin(tx, account_id=id_, how="link", agent=agent, now=now)
        if link.account_id is not None:
            _set_password(tx, link.account_id, link.name, secret)
            access.end_links(tx, link.account_id, now)
            control.audit(tx, who=link.name, what="signed in by link", at=now, detail={"chose": "password"})
            return sessions.begin(tx, account_id=link.account_id, how="link", agent=agent, now=now)
        how = link.to.value
        control.audit(tx, who=sessions.BY_LINK[how], what="signed in by link", at=now)
        return sessions.begin(tx, account_id=None, how=how, agent=agent, now=now)


def change_password(db: Database, user: User, *, present: str, password: str, agent: str, now: datetime) -> str:
    """Change one's own password. All sessions end; gives the id of a new one for the cookie."""
    with db.read() as tx:
        found = rows.credential_of(tx, user.account_id) if user.account_id is not None else None
    if found is None or not passwords.is_right(present, found.password):
        raise AccountError("present", "is not your present password")
    secret = passwords.chosen(password)
    with db.write() as tx:
        _set_password(tx, found.id, found.name, secret)
        control.audit(tx, who=user.name, what="password changed", at=now)
        return sessions.begin(tx, account_id=found.id, how="password", agent=agent, now=now)


def set_password(db: Database, account_id: int, *, password: str, who: str, now: datetime) -> None:
    """Set somebody's password, from the command line. Their sessions and links end."""
    secret = passwords.chosen(password)
    with db.write() as tx:
        row = known(tx, account_id)
        if row.by_provider:
            raise UserError(f"{row.name} signs in by your sign-in provider and has no password here.")
        _set_password(tx, row.id, row.name, secret)
        access.end_links(tx, row.id, now)
        control.audit(tx, who=who, what="password set", subject=row.name, at=now)


@dataclass(frozen=True, slots=True)
class Provided:
    """Somebody as a sign-in provider tells of them. `role` is None where it says nothing of roles."""

    issuer: str
    subject: str
    name: str
    mail: str = ""
    role: Role | None = None


def sign_in_provided(db: Database, who: Provided, *, all_projects: bool, agent: str, now: datetime) -> str | None:
    """Begin a session for whom a provider vouches, known by its subject alone, and return the id for the cookie. Who
    comes the first time is added, as a viewer unless the provider says otherwise. None where they are shut out.
    """
    with db.write() as tx:
        found = rows.provided(tx, issuer=who.issuer, subject=who.subject)
        if found is None:
            id_ = _add_provided(tx, who, all_projects=all_projects, now=now)
        elif found.disabled:
            return None
        else:
            id_ = found.id
            row = known(tx, id_)
            if who.role is not None and row.role != who.role:
                rows.update(tx, id_, role=who.role.value)
                session_rows.end_all(tx, id_)
                detail = {"role": who.role.value}
                control.audit(tx, who=PROVIDER, what="person changed", subject=row.name, at=now, detail=detail)
        return sessions.begin(tx, account_id=id_, how="provider", agent=agent, now=now)


# --- parts -----------------------------------------------------------------------------------------------------------


def _add(tx: Tx, *, name: str, mail: str, may: May, secret: Chosen | None, who: str, now: datetime) -> int:
    name, key = _free_name(tx, name)
    mail = _mail(mail)
    names = _programme_names(tx, may.programmes)
    if secret is not None:
        _check_password(secret, name)
    id_ = rows.add(
        tx,
        name=name,
        name_key=key,
        mail=mail or None,
        password=secret.stored if secret is not None else None,
        role=may.role.value,
        all_projects=may.all_projects,
        secured=may.secured,
        now=now,
    )
    rows.set_programmes(tx, id_, () if may.all_projects else may.programmes)
    control.audit(tx, who=who, what="person added", subject=name, at=now, detail=_told(may, names))
    return id_


def _add_provided(tx: Tx, who: Provided, *, all_projects: bool, now: datetime) -> int:
    name = _open_name(tx, who.name)
    may = May(role=who.role or Role.VIEWER, all_projects=all_projects)
    id_ = rows.add(
        tx,
        name=name,
        name_key=_key(name),
        mail=who.mail or None,
        role=may.role.value,
        all_projects=may.all_projects,
        issuer=who.issuer,
        subject=who.subject,
        now=now,
    )
    control.audit(tx, who=PROVIDER, what="person added", subject=name, at=now, detail=_told(may, []))
    return id_


def _open_name(tx: Tx, wanted: str) -> str:
    """The name a provider gives, made one that can be had: numbered where somebody has it."""
    plain = _clean(wanted)[: LONGEST_NAME - 6].strip()
    plain = plain if len(plain) >= SHORTEST_NAME else "New person"
    number, name = 1, plain
    while _key(name) in RESERVED or rows.by_name(tx, _key(name)) is not None:
        number += 1
        name = f"{plain} {number}"
    return name


def _set_password(tx: Tx, account_id: int, name: str, secret: Chosen) -> None:
    _check_password(secret, name)
    rows.update(tx, account_id, password=secret.stored)
    session_rows.end_all(tx, account_id)


def _check_password(secret: Chosen, name: str) -> None:
    wrong = passwords.what_is_wrong(secret.plain, name)
    if wrong:
        raise AccountError("password", wrong)


def _keep_an_admin(tx: Tx, row: AccountRow) -> None:
    if row.role == Role.ADMIN and row.disabled_at is None and not rows.other_admins(tx, row.id):
        raise AccountError("role", LAST_ADMIN)


def _free_name(tx: Tx, name: str, *, own: int | None = None) -> tuple[str, str]:
    name = _clean(name)
    key = _key(name)
    if not SHORTEST_NAME <= len(name) <= LONGEST_NAME:
        raise AccountError("name", f"must have {SHORTEST_NAME} to {LONGEST_NAME} characters")
    same = rows.by_name(tx, key)
    if key in RESERVED or (same is not None and same.id != own):
        raise AccountError("name", "is taken; take another")
    return name, key


def _clean(name: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())


def _key(name: str) -> str:
    """A name as it is compared: what looks alike but for case and width is one."""
    return unicodedata.normalize("NFKC", _clean(name)).casefold()


def _mail(mail: str) -> str:
    mail = mail.strip()
    before, at, after = mail.partition("@")
    if mail and not (before and at and after and len(mail) <= 254 and mail.isprintable() and " " not in mail):
        raise AccountError("mail", "must be an address such as ada@example.org, or nothing")
    return mail


def _programme_names(tx: Tx, ids: Collection[int]) -> list[str]:
    names = dict(rows.known_programmes(tx))
    if set(ids) - set(names):
        raise AccountError("programmes", "names a programme that is not there any more; choose again")
    return sorted(names[id_] for id_ in ids)


def _told(may: May, programmes: list[str]) -> dict[str, Any]:
    every = may.all_projects or may.role is Role.ADMIN
    return {"role": may.role.value, "sees": "all projects" if every else programmes, "secured": may.secured}
