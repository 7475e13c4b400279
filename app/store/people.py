"""People, by the tracker's immutable id. Logins are attributes and may change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from app.store import models
from app.store.database import Database, Tx, insert


class People:
    """Ids of people of all trackers, kept in memory per process and filled from the database as new ones appear.

    People belong to no project, so two lanes may meet the same newcomer at once. They are therefore written in a
    short transaction of their own, in a fixed order, before the lane's own transaction: two drains cannot wait for
    each other.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], tuple[int, str, bool]] = {}

    def ids(self, db: Database, tracker_id: int, seen: Mapping[str, tuple[str, bool | None]]) -> dict[str, int]:
        """Our ids by native id, for people seen as native id -> (login, bot or None)."""
        fresh = {
            native: (login, bot)
            for native, (login, bot) in seen.items()
            if (known := self._known.get((tracker_id, native))) is None
            or known[1] != login
            or (bot is not None and known[2] != bot)
        }
        if fresh:
            self._save(db, tracker_id, fresh)
        return {native: self._known[(tracker_id, native)][0] for native in seen}

    def _save(self, db: Database, tracker_id: int, fresh: Mapping[str, tuple[str, bool | None]]) -> None:
        table = models.person
        with db.write() as tx:
            statement = insert(tx, table)
            for native in sorted(fresh):
                login, bot = fresh[native]
                changed = {"login": login} if bot is None else {"login": login, "bot": bot}
                tx.execute(
                    statement.values(
                        tracker_id=tracker_id, native_id=native, login=login, bot=bool(bot)
                    ).on_conflict_do_update(index_elements=["tracker_id", "native_id"], set_=changed)
                )
            rows = tx.execute(
                sa.select(table.c.id, table.c.native_id, table.c.login, table.c.bot).where(
                    table.c.tracker_id == tracker_id, table.c.native_id.in_(list(fresh))
                )
            ).all()
        for row in rows:
            self._known[(tracker_id, row.native_id)] = (row.id, row.login, row.bot)


def save_participants(tx: Tx, project_id: int, seen: Mapping[int, tuple[bool, datetime]]) -> set[int]:
    """What people are in a project (member or not), as of when it was seen; an older sighting changes nothing.

    Gives those who are something else now than they were.
    """
    if not seen:
        return set()
    table = models.participant
    before = members(tx, project_id, seen)
    statement = insert(tx, table)
    statement = statement.on_conflict_do_update(
        index_elements=["project_id", "person_id"],
        set_={"member": statement.excluded.member, "as_of": statement.excluded.as_of},
        where=sa.or_(
            statement.excluded.as_of > table.c.as_of,
            sa.and_(statement.excluded.as_of == table.c.as_of, statement.excluded.member),
        ),
    )
    tx.execute(
        statement,
        [
            {"project_id": project_id, "person_id": person, "member": member, "as_of": as_of}
            for person, (member, as_of) in sorted(seen.items())
        ],
    )
    after = members(tx, project_id, seen)  # of whom nothing was known counted as no member
    return {person for person, member in after.items() if member != before.get(person, False)}


def load(tx: Tx, ids: Iterable[int]) -> dict[int, tuple[str, bool]]:
    """Login and whether automation, by id."""
    table = models.person
    rows = tx.execute(sa.select(table.c.id, table.c.login, table.c.bot).where(table.c.id.in_(list(ids))))
    return {row.id: (row.login, row.bot) for row in rows}


def members(tx: Tx, project_id: int, ids: Iterable[int]) -> dict[int, bool]:
    table = models.participant
    rows = tx.execute(
        sa.select(table.c.person_id, table.c.member).where(
            table.c.project_id == project_id, table.c.person_id.in_(list(ids))
        )
    )
    return {row.person_id: row.member for row in rows}


def items_with_words_of(tx: Tx, project_id: int, persons: Iterable[int]) -> list[int]:
    """Items of a project on which these people have said something: whether that counts as movement depends on what
    they are here.
    """
    wanted = sorted(persons)
    if not wanted:
        return []
    table = models.change
    return list(
        tx.scalars(
            sa.select(table.c.item_id)
            .where(table.c.project_id == project_id, table.c.actor_id.in_(wanted), table.c.item_id.is_not(None))
            .distinct()
        )
    )
