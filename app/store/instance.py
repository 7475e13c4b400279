"""The one row that makes this installation itself: its marker tag, its world clock, whether writing is paused."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.store import models
from app.store.database import Tx
from app.time import WorldClock, real_now


@dataclass(frozen=True, slots=True)
class Instance:
    """`tag`: a few hex digits that tell our markers from another installation's."""

    tag: str
    clock: WorldClock
    demo: bool
    paused_at: datetime | None
    ticked_at: datetime | None
    payload_days: int | None = None
    """Payloads of deliveries are let go after so many days; None: never."""
    payloads_gone_to: datetime | None = None
    """What came before this (real time) was let go."""

    def was_off(self, now: datetime) -> bool:
        """Whether the clock has not ticked for so long (real time) that this server must have been off."""
        return self.ticked_at is not None and now - self.ticked_at > OFF_AFTER


OFF_AFTER = timedelta(minutes=5)


def ensure(tx: Tx, *, demo: bool = False) -> None:
    """Make the row where there is none."""
    table = models.instance
    if tx.execute(sa.select(table.c.id)).first() is None:
        now = real_now()
        tx.execute(
            sa.insert(table).values(tag=secrets.token_hex(4), origin_real=now, origin_world=now, rate=1.0, demo=demo)
        )


def load(tx: Tx) -> Instance:
    """The row. Raises LookupError where the database was never migrated and seeded."""
    row = tx.execute(sa.select(models.instance).order_by(models.instance.c.id).limit(1)).one_or_none()
    if row is None:
        raise LookupError("this database holds no instance row: run `plumbline migrate`")
    clock = WorldClock(origin_real=row.origin_real, origin_world=row.origin_world, rate=row.rate)
    return Instance(
        tag=row.tag,
        clock=clock,
        demo=row.demo,
        paused_at=row.paused_at,
        ticked_at=row.ticked_at,
        payload_days=row.payload_days,
        payloads_gone_to=row.payloads_gone_to,
    )


def set_clock(tx: Tx, clock: WorldClock) -> None:
    tx.execute(
        sa.update(models.instance).values(
            origin_real=clock.origin_real, origin_world=clock.origin_world, rate=clock.rate
        )
    )


def set_payload_days(tx: Tx, days: int | None) -> None:
    """Keep payloads of deliveries for so many days from now on; None: for ever."""
    tx.execute(sa.update(models.instance).values(payload_days=days))


def set_payloads_gone(tx: Tx, to: datetime) -> None:
    tx.execute(sa.update(models.instance).values(payloads_gone_to=to))


def set_ticked(tx: Tx, at: datetime) -> None:
    tx.execute(sa.update(models.instance).values(ticked_at=at))
