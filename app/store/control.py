"""The switch that stops all writing, and the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx


def set_paused(tx: Tx, paused_at: datetime | None) -> bool:
    """Stop writing to trackers (an instant) or go on (None). False where it was so already."""
    was = m.instance.c.paused_at
    changes = was.is_(None) if paused_at is not None else was.is_not(None)
    return tx.execute(sa.update(m.instance).where(changes).values(paused_at=paused_at)).rowcount > 0


def audit(
    tx: Tx, *, who: str, what: str, at: datetime, subject: str = "", detail: Mapping[str, Any] | None = None
) -> None:
    """Note what somebody did. `at` is real time."""
    tx.execute(sa.insert(m.audit).values(at=at, who=who, what=what, subject=subject, detail=dict(detail or {})))
