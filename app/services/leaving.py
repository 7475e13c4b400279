"""Stopping to watch a project: what stands in the tracker can be taken back first, what is known kept or deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.errors import UserError
from app.services import bells, connect, retract
from app.store import retractions, trackers
from app.store.database import Database, Tx
from integrations.ports import Adapters


@dataclass(frozen=True, slots=True)
class Back:
    """What of ours stands in a project: `items` that show a label or a comment, `open` of them on their way back, and
    the labels that we made in the repository.
    """

    items: int
    open: int
    labels: tuple[str, ...]


def left(tx: Tx, project_id: int) -> Back:
    """What stands there now."""
    return Back(
        items=len(retractions.written_on(tx, [project_id])),
        open=retractions.retracting(tx, [project_id]),
        labels=tuple(retractions.made_labels(tx, project_id)),
    )


def take_back(
    db: Database,
    adapters: Adapters,
    ringer: bells.Ringer,
    *,
    project_id: int,
    who: str,
    now: datetime,
    real: datetime,
) -> None:
    """Have labels and comments of a project taken back, paced, by whoever publishes; nothing is written there again.
    `now` is world time. Raises UserError.
    """
    with db.read() as tx:
        row = _project(tx, project_id)
        if len(trackers.projects(tx, key=row.key)) > 1:
            raise UserError(f"Two trackers have a project {row.key}, and both would be cleaned. Rename one first.")
    retract.retract(db, adapters, retract.Filter(project=row.key), dry_run=False, who=who, now=now, real=real)
    if row.connection_id is not None:
        bells.ring(db, ringer, "connection", [row.connection_id])


def leave(db: Database, *, project_id: int, purge: bool, who: str, now: datetime) -> int:
    """Watch a project no more, and with `purge` delete all that is known of it; gives how many rows went. Raises
    UserError while something is on its way back.
    """
    with db.read() as tx:
        row = _project(tx, project_id)
        if left(tx, project_id).open:
            raise UserError("Something is still being taken back. Wait until that is done.")
    connect.remove_project(db, key=row.key, project_id=project_id, author=who, now=now)
    return connect.purge_project(db, project_id, key=row.key, author=who, now=now) if purge else 0


def _project(tx: Tx, project_id: int) -> trackers.ProjectRow:
    found = trackers.projects(tx, ids=[project_id])
    if not found:
        raise UserError("This project is watched no more.")
    return found[0]
