"""What every part of the work keeps an eye on: the time that is left, and whether anybody still waits for it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from app.services.previews.told import Result, result_doc
from app.store import leases, previews
from app.store.database import Database
from app.time import real_now

EVERY = 1.0
"""Seconds between two notes of how far it is."""


class Stopped(Exception):
    """Nobody waits for it any more: cancelled, or asked anew."""


@dataclass(slots=True)
class Watch:
    """One preview being worked out. `seconds`: how long it may take."""

    db: Database
    lease: leases.Lease
    seconds: float
    result: Result = field(default_factory=Result)
    progress: float = 0.0
    started: float = field(default_factory=time.monotonic)
    told_at: float = 0.0
    """When the last was told, in seconds from the beginning."""
    _noted: float = float("-inf")
    _stale: bool = False

    @property
    def took(self) -> float:
        return time.monotonic() - self.started

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self.took > self.seconds

    def tell(self, result: Result) -> None:
        """Know more than before; it is noted at once."""
        self.result, self._stale, self.told_at = result, True, self.took
        self._note()

    def beat(self, progress: float) -> None:
        """Be so far. Raises Stopped where nobody waits any more."""
        self.progress = max(self.progress, min(progress, 0.99))
        if time.monotonic() - self._noted >= EVERY:
            self._note()

    def _note(self) -> None:
        result = result_doc(self.result) if self._stale else None
        with self.db.write() as tx:
            waits = previews.note(tx, self.lease, progress=self.progress, result=result, now=real_now())
        if not waits:
            raise Stopped
        self._noted, self._stale = time.monotonic(), False
