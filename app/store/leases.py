"""Leases: one worker at a time per lane or connection, guarded by a fencing number that the committing transaction
checks.

A lease may expire under a slow holder. Its next write then finds a higher fence and fails with `LeaseLost`, so two
holders never both commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.process import is_gone
from app.store import models
from app.store.database import Database, Tx, database_seconds, insert

LEASE_SECONDS = 60.0
GONE_SECONDS = {"lane": 0.0, "connection": 15.0, "sync": 0.0, "target": 15.0, "preview": 0.0, "chore": 0.0}
"""After how many seconds without renewal a lease is taken from a holder that is known to have died. A drain's effects
are in its transaction; a publisher may have a call on its way, which is given time to arrive.
"""
TABLES = {
    "lane": models.lane,
    "connection": models.connection,
    "sync": models.sync,
    "target": models.target,
    "preview": models.preview,
    "chore": models.chore,
}


class LeaseLost(Exception):
    """Somebody else holds the lease now; whatever was done in this transaction must not be committed."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A held lease: `kind` is lane, connection, target, preview, chore, or sync (reading a project's past; the id is
    the project's).
    """

    kind: str
    id: int
    holder: str
    fence: int


def take(db: Database, kind: str, row_id: int, *, holder: str) -> Lease | None:
    """Take the lease and clear the bell; None while somebody else holds it. A holder that died on this machine holds
    nothing for long.
    """
    table = TABLES[kind]
    with db.write() as tx:
        now = database_seconds(tx)
        free = table.c.lease_until < now
        held_by = tx.scalar(sa.select(table.c.lease_holder).where(table.c.id == row_id, ~free))
        if held_by is not None and is_gone(held_by):
            unmoved = table.c.lease_until < now + LEASE_SECONDS - GONE_SECONDS[kind]
            free = sa.or_(free, sa.and_(table.c.lease_holder == held_by, unmoved))
        fence = tx.scalar(
            sa.update(table)
            .where(table.c.id == row_id, free)
            .values(lease_holder=holder, lease_until=now + LEASE_SECONDS, fence=table.c.fence + 1)
            .returning(table.c.fence)
        )
        if fence is not None:
            tx.execute(sa.delete(models.bell).where(_is(kind, row_id)))
    return None if fence is None else Lease(kind=kind, id=row_id, holder=holder, fence=fence)


def confirm(tx: Tx, lease: Lease) -> None:
    """Inside a write transaction: renew the lease, or raise `LeaseLost`."""
    table = TABLES[lease.kind]
    done = tx.execute(
        sa.update(table)
        .where(table.c.id == lease.id, table.c.fence == lease.fence)
        .values(lease_until=database_seconds(tx) + LEASE_SECONDS)
    )
    if done.rowcount != 1:
        raise LeaseLost(f"{lease.kind} {lease.id} was taken over")


def release(db: Database, lease: Lease) -> bool:
    """Give the lease back; True if a bell was rung meanwhile."""
    table = TABLES[lease.kind]
    with db.write() as tx:
        ours = tx.execute(
            sa.update(table)
            .where(table.c.id == lease.id, table.c.fence == lease.fence)
            .values(lease_holder=None, lease_until=0.0)
        )
    if ours.rowcount != 1:
        return False
    # looked at after the lease is free: who rings from now on finds nobody at work, and wakes a worker
    with db.read() as tx:
        return tx.scalar(sa.select(models.bell.c.rung_at).where(_is(lease.kind, lease.id))) is not None


def ring(tx: Tx, kind: str, row_id: int, *, now: datetime, older_than: datetime | None = None) -> bool:
    """Set the bell by compare-and-set. True: it was silent (or rang before `older_than`), so the caller should wake a
    worker. A bell has a row of its own: who rings waits for no drain's commit.
    """
    bell = models.bell
    statement = insert(tx, bell).values(kind=kind, row_id=row_id, rung_at=now)
    if older_than is None:
        statement = statement.on_conflict_do_nothing()
    else:
        statement = statement.on_conflict_do_update(
            index_elements=["kind", "row_id"], set_={"rung_at": now}, where=bell.c.rung_at < older_than
        )
    return tx.execute(statement.returning(bell.c.row_id)).one_or_none() is not None


def answer(tx: Tx, kind: str, row_id: int) -> None:
    """Silence a bell that no lease goes with: its work is done in this transaction."""
    tx.execute(sa.delete(models.bell).where(_is(kind, row_id)))


def _is(kind: str, row_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(models.bell.c.kind == kind, models.bell.c.row_id == row_id)
