"""Bells: waking a worker for a lane or a connection. Losing one costs seconds, never work: the clock rings again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Protocol

from app.store import leases
from app.store.database import Database
from app.time import real_now

STALE = timedelta(seconds=5)
"""A bell older than this was rung in vain (its job was lost) and may be rung again. Ringing again for a job that merely
waits in the queue costs one that finds nothing to do.
"""


class Ringer(Protocol):
    """Puts a job in the queue. Never raises: a broker that is away is the clock's business."""

    def wake(self, kind: str, row_id: int) -> None:
        """`kind` is lane (drain it), connection (publish what is due), sync (read a project's past), statistics (make a
        project's anew), target (tell people what is due), preview (work out what a rule would do) or chore (go on with
        what somebody asked for).
        """


class SilentRinger:
    """Rings nowhere: for commands that leave the work to a running server, and for tests that drain by hand."""

    def wake(self, kind: str, row_id: int) -> None:
        return None


def ring(db: Database, ringer: Ringer, kind: str, row_ids: Iterable[int]) -> int:
    """Ring bells that are silent; gives how many were."""
    wanted = sorted(set(row_ids))
    if not wanted:
        return 0
    now = real_now()
    with db.write() as tx:
        rung = [row_id for row_id in wanted if leases.ring(tx, kind, row_id, now=now, older_than=now - STALE)]
    for row_id in rung:
        ringer.wake(kind, row_id)
    return len(rung)
