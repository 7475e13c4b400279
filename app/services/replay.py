"""Putting deliveries back in line, once whatever stopped them is mended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.errors import UserError
from app.services.bells import Ringer, ring
from app.store import control, deliveries
from app.store.database import Database

BATCH = 500
"""How many ids one statement names: databases allow some ten thousand, none millions."""


def replay(db: Database, ringer: Ringer, ids: Sequence[int], *, author: str, now: datetime) -> int:
    """Take deliveries in anew, all or none of `ids`; gives how many. What they said already is not said twice; what
    was let go (`retention`) is left out.

    Raises UserError naming ids that do not exist. `now` is real time.
    """
    wanted = sorted(set(ids))
    batches = [wanted[start : start + BATCH] for start in range(0, len(wanted), BATCH)]
    lanes: set[int] = set()
    with db.write() as tx:
        known = set().union(*(deliveries.known(tx, batch) for batch in batches))
        gone = set().union(*(deliveries.emptied(tx, batch) for batch in batches))
        unknown = [id_ for id_ in wanted if id_ not in known]
        if unknown:
            raise UserError(f"There is no delivery {', '.join(map(str, unknown[:10]))}. Nothing was replayed.")
        for batch in batches:
            lanes.update(deliveries.replay(tx, batch))
        wanted = [id_ for id_ in wanted if id_ not in gone]
        if wanted:
            subject = ", ".join(map(str, wanted[:20])) + (f" and {len(wanted) - 20} more" if len(wanted) > 20 else "")
            control.audit(tx, who=author, what="deliveries replayed", subject=subject, at=now)
    ring(db, ringer, "lane", lanes)
    return len(wanted)


def replay_aside(db: Database, ringer: Ringer, *, author: str, now: datetime) -> int:
    """Take in anew every delivery that was set aside; gives how many."""
    with db.read() as tx:
        ids = deliveries.ids_aside(tx)
    return replay(db, ringer, ids, author=author, now=now)
