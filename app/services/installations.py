"""One App, many installations: a tracker with a connection for each account the App is installed on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from app.errors import UserError
from app.secret import SecretBox
from app.services.connect import credentials_of
from app.store import control, trackers
from app.store.database import Database
from integrations.errors import PermanentError
from integrations.ports import Adapters, Credentials


@dataclass(frozen=True, slots=True)
class Installation:
    """Where an App is installed: the tracker's own id and the account's login ("" where it is not told)."""

    native_id: str
    account: str


@runtime_checkable
class ListsInstallations(Protocol):
    """A client whose tracker has Apps."""

    def list_installations(self) -> Iterator[tuple[str, str]]:
        """Native id and account of each installation."""


def listing(adapters: Adapters, kind: str, credentials: Credentials) -> list[Installation]:
    """Where an App is installed; none where that kind of tracker has no Apps.

    Raises UserError where the App's credentials are refused, TransientError where the tracker does not answer.
    """
    client = adapters[kind].client(credentials)
    try:
        if not isinstance(client, ListsInstallations):
            return []
        return [Installation(native_id, account) for native_id, account in client.list_installations()]
    except PermanentError as error:
        raise UserError(f"The App's installations cannot be listed: {error}") from error
    finally:
        client.close()


def connect(
    db: Database, vault: SecretBox, *, tracker: str, installations: Sequence[str], author: str, now: datetime
) -> None:
    """Add a connection for each installation (native id), with the credentials of the tracker's first. `now`: real."""
    with db.write() as tx:
        found = trackers.tracker_by_name(tx, tracker)
        first = None if found is None else next(iter(trackers.connections(tx, tracker_id=found.id)), None)
        if found is None or first is None:
            raise UserError(f"There is no tracker {tracker!r}. `plumbline tracker list` names them.")
        secrets: Mapping[str, str] = json.loads(vault.open(first.credentials))
        for native_id in installations:
            trackers.save_connection(
                tx,
                tracker_id=found.id,
                kind=first.kind,
                installation=native_id,
                credentials=vault.seal(json.dumps(secrets)),
            )
            control.audit(tx, who=author, what="installation connected", subject=f"{tracker} {native_id}", at=now)


def connect_new(
    db: Database, vault: SecretBox, adapters: Adapters, *, tracker: str, author: str, now: datetime
) -> list[Installation]:
    """Connect the installations an App has been given since; gives those. A tracker of no App has none."""
    with db.read() as tx:
        rows = [row for row in trackers.connections(tx) if row.tracker_name == tracker and row.kind == "app"]
    if not rows:
        return []
    known = {row.installation for row in rows}
    seen = listing(adapters, rows[0].tracker_kind, credentials_of(rows[0], vault))
    new = [one for one in seen if one.native_id not in known]
    connect(db, vault, tracker=tracker, installations=[one.native_id for one in new], author=author, now=now)
    return new
