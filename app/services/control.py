"""Pausing and resuming what we write to trackers, everywhere or in one project. Judging goes on meanwhile."""

from __future__ import annotations

from datetime import datetime

from app.errors import UserError
from app.store import control, trackers
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


def pause_project(db: Database, key: str, *, who: str, now: datetime) -> None:
    """Stop writing to one project from the next write on. `now` is real time. Raises UserError."""
    _set_project(db, key, paused_at=now, who=who, now=now)


def resume_project(db: Database, key: str, *, who: str, now: datetime) -> None:
    """Write to one project again what is still wanted. `now` is real time. Raises UserError."""
    _set_project(db, key, paused_at=None, who=who, now=now)


def _set_project(db: Database, key: str, *, paused_at: datetime | None, who: str, now: datetime) -> None:
    with db.write() as tx:
        found = trackers.projects(tx, key=key)
        if not found:
            raise UserError(f"There is no project {key!r}. `plumbline project list` names them.")
        for project in found:
            if (project.paused_at is None) == (paused_at is None):
                continue
            trackers.update_project(tx, project.id, paused_at=paused_at)
            what = "paused writing" if paused_at is not None else "resumed writing"
            control.audit(tx, who=who, what=what, subject=key, at=now)
