"""Choosing what is watched over a connection: what it sees, and the first steps of what was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from app.errors import UnavailableError, UserError
from app.secret import SecretBox
from app.services import bells, connect, rulebook
from app.services.connecting import connection, make_hooks
from app.store import connecting, rules, trackers
from app.store.database import Database
from integrations.errors import PermanentError, TransientError
from integrations.ports import Adapters, RepositorySeen
from rules.packs.load import NAMES as PACKS
from rules.packs.load import load as load_pack

LOOKED = 1_000
"""At most so many of the projects that a connection sees are looked through for a list."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A project that a connection sees. `watched`: it is watched already."""

    key: str
    url: str
    public: bool | None
    watched: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of what a connection sees. `next` is the offset of the following page; `cut`: there were more than are
    looked through.
    """

    rows: tuple[Seen, ...]
    next: int | None
    cut: bool


def listing(
    db: Database, vault: SecretBox, adapters: Adapters, *, connection_id: int, query: str, offset: int, limit: int = 50
) -> Listing:
    """The projects that a connection sees and whose key holds the query, as the tracker orders them. Raises UserError
    where it refuses, UnavailableError where it does not answer.
    """
    with db.read() as tx:
        row = connection(tx, connection_id)
        natives = connecting.known_natives(tx, row.tracker_id)
    client = adapters[row.tracker_kind].client(connect.credentials_of(row, vault))
    try:
        seen = islice(client.list_projects(), LOOKED + 1)
        looked, found = 0, []
        for one in seen:
            looked += 1
            if looked <= LOOKED and query.casefold() in one.project.key.casefold():
                found.append(one)
            if len(found) > offset + limit:
                break
    except TransientError as error:
        raise UnavailableError(f"The tracker does not answer: {error}") from error
    except PermanentError as error:
        raise UserError(f"The tracker does not list its projects: {error}") from error
    finally:
        client.close()
    page = found[offset : offset + limit]
    more = len(found) > offset + limit
    return Listing(
        rows=tuple(_seen(one, natives) for one in page), next=offset + limit if more else None, cut=looked > LOOKED
    )


def _seen(one: RepositorySeen, natives: frozenset[str]) -> Seen:
    project = one.project
    return Seen(project.key, project.url, project.public, project.native_id in natives)


@dataclass(frozen=True, slots=True)
class Watched:
    """What came of choosing: the ids of what is watched now, and for the rest why not."""

    ids: tuple[int, ...]
    problems: tuple[str, ...]
    rules: tuple[str, ...] = ()
    """Names of the rules that were put in force."""


def watch(
    db: Database,
    vault: SecretBox,
    adapters: Adapters,
    ringer: bells.Ringer,
    *,
    connection_id: int,
    keys: Sequence[str],
    settings: Mapping[str, Any],
    calendar: Mapping[str, Any],
    pack: str,
    hooks: str | None,
    who: str,
    now: datetime,
    real: datetime,
) -> Watched:
    """Watch projects of a connection: their history is read from now on, and where no rules are in force yet those of
    `pack` observe. `hooks`: the address that webhooks are made for where the connection may. `now` is world time.
    """
    with db.read() as tx:
        row = connection(tx, connection_id)
        fresh = not rules.in_force(tx)
    ids, problems = [], []
    for key in dict.fromkeys(keys):
        try:
            ids.append(_watch(db, vault, adapters, row, key, settings=settings, calendar=calendar, who=who, now=now))
        except UserError as error:
            problems.append(str(error))
        except TransientError as error:
            problems.append(f"{key}: the tracker does not answer: {error}")
    put: tuple[str, ...] = ()
    if ids and fresh and pack in PACKS:
        put = rulebook.apply(db, load_pack(pack), author=who, prune=False, now=now, real=real).changed
    bells.ring(db, ringer, "sync", ids)
    if ids and hooks is not None:
        with db.read() as tx:
            known = [one.key for one in trackers.projects(tx, ids=ids)]
        problems += make_hooks(
            db, vault, adapters, connection_id=connection_id, keys=known, url=hooks, who=who, now=real
        )
    return Watched(tuple(ids), tuple(problems), put)


def _watch(
    db: Database,
    vault: SecretBox,
    adapters: Adapters,
    row: trackers.ConnectionRow,
    key: str,
    *,
    settings: Mapping[str, Any],
    calendar: Mapping[str, Any],
    who: str,
    now: datetime,
) -> int:
    seen = connect.add_project(
        db,
        vault,
        adapters,
        tracker=row.tracker_name,
        key=key,
        settings=settings,
        calendar=calendar,
        author=who,
        now=now,
    )
    with db.read() as tx:
        (found,) = trackers.projects(tx, tracker_id=row.tracker_id, native_id=seen.project.native_id)
    return found.id


def suggested_pack(kind: str) -> str:
    """The pack to begin with on a kind of tracker."""
    return "scrum" if "jira" in kind else "open-source"
