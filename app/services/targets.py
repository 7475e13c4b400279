"""Targets as people handle them: adding, trying out, removing, and what is wrong with those there are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.errors import UserError
from app.secret import SecretBox
from app.services.notify import PLAIN
from app.services.telling import PERSON
from app.store import control, notices, targets, trackers
from app.store.database import Database
from integrations.errors import PermanentError
from integrations.ports import Notifier
from rules.verdict import Said
from rules.wording.render import plain

PER_DAY = 10
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,63}}|{PERSON}\S.{{0,99}}")


def add(
    db: Database,
    vault: SecretBox,
    notifier: Notifier,
    *,
    name: str,
    address: str,
    per_day: int = PER_DAY,
    author: str,
    now: datetime,
) -> tuple[str, bool]:
    """Store a target, its address sealed; one of that name gets the new address. Gives the kind of service and whether
    it is new. Raises UserError, which does not hold the address.
    """
    if not _NAME.fullmatch(name) or not name.isprintable():
        raise UserError(f"{name!r}: use letters, digits, dots, dashes; at most 64. A person's own is person:LOGIN.")
    kind = _kind(notifier, name, address)
    with db.write() as tx:
        added = targets.save(tx, name=name, kind=kind, address=vault.seal(address), per_day=per_day, now=now)
        control.audit(tx, who=author, what="target added" if added else "target changed", subject=name, at=now)
    return kind, added


def _kind(notifier: Notifier, name: str, address: str) -> str:
    try:
        return notifier.check(address)
    except PermanentError as error:
        raise UserError(f"The address of {name}: {error}.") from None


def remove(db: Database, name: str, *, author: str, now: datetime) -> None:
    """Forget a target and its address. Raises UserError."""
    with db.write() as tx:
        if not targets.remove(tx, name):
            raise _unknown(name)
        control.audit(tx, who=author, what="target removed", subject=name, at=now)


def try_out(db: Database, vault: SecretBox, notifier: Notifier, name: str) -> None:
    """Send one message to a target, at once and outside its budget. Raises UserError where it is refused, and
    TransientError where the service does not answer.
    """
    with db.read() as tx:
        found = next((one for one in targets.targets(tx) if one.name == name), None)
    if found is None:
        raise _unknown(name)
    title, body = (plain(Said(code), project=PLAIN) for code in ("told.test", "told.test-body"))
    try:
        notifier.send(vault.open(found.address), title, body)
    except PermanentError as error:
        raise UserError(f"{name} does not take messages: {error}.") from None


def _unknown(name: str) -> UserError:
    return UserError(f"There is no target {name!r}. `plumbline target list` names them.")


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found of the targets: how many there are, what keeps some from working, what somebody should know."""

    count: int
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def look(db: Database, vault: SecretBox, notifier: Callable[[], Notifier]) -> Looked:
    """Look at every target without sending anything."""
    with db.read() as tx:
        found = targets.targets(tx)
        failed = notices.counts(tx).get("failed", 0)
        projects = trackers.projects(tx)
        documents = trackers.settings_of(tx, [project.id for project in projects])
    problems = [wrong for one in found if (wrong := _wrong(vault, notifier, one)) is not None]
    names = {one.name for one in found}
    for project in projects:
        set_ = documents.get(project.id, ({}, {}))[0]
        missing = [role for role in ("lead", "channel") if set_.get(role) and set_[role] not in names]
        problems += [f"{project.key} names {set_[role]} as its {role}, and there is no such target" for role in missing]
    notes = [f"{one.name}: {one.detail}" for one in found if one.detail]
    if failed:
        notes.append(f"{failed} notices did not go out")
    return Looked(len(found), tuple(problems), tuple(notes))


def _wrong(vault: SecretBox, notifier: Callable[[], Notifier], one: targets.Target) -> str | None:
    try:
        notifier().check(vault.open(one.address))
    except (UserError, PermanentError) as error:
        return f"{one.name}: {error}"
    return None
