"""The only reader of the wall clock.

`real_now()` is for what happens in the machine room: leases, retries, budgets, tokens, sessions, audit.
`WorldClock.now()` is for judging: it may be shifted and sped up, for the demo and for tests.
Every time in Plumbline is an aware datetime in UTC; zones belong to calendars, not to clocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def real_now() -> datetime:
    """Return the time on the wall: aware, UTC, microseconds."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class WorldClock:
    """The time rules judge by: at `origin_real` it showed `origin_world`, and it runs `rate` times as fast.

    `rate` 1 is ordinary time, 3600 an hour a second, 0 a clock that stands still. All processes share one
    clock by storing these three values; two processes that read the same row agree to the microsecond.
    """

    origin_real: datetime
    origin_world: datetime
    rate: float = 1.0

    def __post_init__(self) -> None:
        for name, moment in (("origin_real", self.origin_real), ("origin_world", self.origin_world)):
            if moment.tzinfo is None:
                raise ValueError(f"{name} has no time zone: pass an aware datetime, e.g. datetime.now(UTC)")
        if not 0 <= self.rate < float("inf"):
            raise ValueError(f"rate is {self.rate}: a clock may stand still (0) or run, never run backwards")

    def now(self) -> datetime:
        """Return the world's time at this moment, aware, in UTC."""
        return self.at(real_now())

    def at(self, real: datetime) -> datetime:
        """Return what this clock shows when the wall shows `real`; before `origin_real` it stands at its origin."""
        elapsed = max(real - self.origin_real, timedelta())
        return (self.origin_world + elapsed * self.rate).astimezone(UTC)

    def real_at(self, world: datetime) -> datetime | None:
        """Return when the wall shows, or showed, the world time `world`; None when a still clock never does."""
        ahead = world - self.origin_world
        if ahead <= timedelta():
            return self.origin_real.astimezone(UTC)
        return (self.origin_real + ahead / self.rate).astimezone(UTC) if self.rate else None


#: A world in step with the wall: what every installation but the demo uses.
REAL_WORLD = WorldClock(origin_real=datetime(2000, 1, 1, tzinfo=UTC), origin_world=datetime(2000, 1, 1, tzinfo=UTC))


def to_iso(moment: datetime) -> str:
    """Write an aware datetime as `2026-08-03T00:00:00Z`: UTC, microseconds only where there are any.

    Raises ValueError for a datetime without a zone: guessing one is how a due date moves by a day.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def from_iso(text: str) -> datetime:
    """Read an ISO 8601 instant with its offset (`Z`, `+02:00`, and Jira's `+0200`) as aware UTC.

    Raises ValueError when the text is no instant or carries no offset.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset")
    return moment.astimezone(UTC)
