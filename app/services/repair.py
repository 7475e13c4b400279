"""Reading an item from its tracker once more because somebody asks, which closes the gap in what is known of it."""

from __future__ import annotations

from datetime import datetime

from app.errors import UserError
from app.services.bells import Ringer, ring
from app.store import control, subjects, sync
from app.store.database import Database


def read_again(db: Database, ringer: Ringer, *, project_id: int, item_id: int, who: str, now: datetime) -> str:
    """Ask for a read of an item; gives its key. `now` is real time. Raises UserError where it cannot be."""
    with db.write() as tx:
        found = subjects.item_name(tx, item_id, project_id=project_id)
        if found is None:
            raise UserError("There is no such item in that project.")
        number, key = found
        if sync.get(tx, project_id) is None:
            raise UserError(f"The tracker of {key} cannot be read: there is no connection that may.")
        sync.want_reads(tx, project_id, [(number, "somebody asked for it")], now=now)
        control.audit(tx, who=who, what="read asked for", subject=key, at=now)
    ring(db, ringer, "sync", [project_id])
    return key
