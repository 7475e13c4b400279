"""Pausing and resuming everything we write to trackers. Judging goes on meanwhile."""

from __future__ import annotations

from datetime import datetime

from app.store import control
from app.store.database import Database


def pause(db: Database, who: str, now: datetime) -> None:
    """Stop all writing from the next write on. Pausing twice changes nothing. `now` is real time."""
    with db.write() as tx:
        if control.set_paused(tx, now):
            control.audit(tx, who=who, what="paused all writing", at=now)


def resume(db: Database, who: str, now: datetime) -> None:
    """Write again what is still wanted. `now` is real time."""
    with db.write() as tx:
        if control.set_paused(tx, None):
            control.audit(tx, who=who, what="resumed writing", at=now)
