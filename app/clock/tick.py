"""One beat of the clock: ask the database what is due, and ring for it. Costs a handful of index look-ups, whatever
the size of the history.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from app.bootstrap import Runtime, runtime
from app.services import bells, retention, syncing
from app.store import (
    answers,
    chores,
    deliveries,
    early_checks,
    instance,
    notices,
    previews,
    publications,
    statistics,
    subjects,
    sync,
)
from app.time import real_now

NOTED_EVERY = 10.0
PREVIEWS_KEPT = timedelta(days=1)
PREVIEW_QUIET = timedelta(seconds=15)
"""A preview that was not heard of for so long may have lost its worker: another one looks."""


def tick() -> int:
    """Ring the bells of lanes and connections with work; gives how many were rung. Two clocks are harmless: a bell
    rings once.
    """
    this = runtime()
    _look_back(this, real_now())
    real = real_now()
    with this.db.read() as tx:
        row = instance.load(tx)
        world = row.clock.now()
        lanes = {*deliveries.lanes_with_pending(tx, now=real), *subjects.lanes_with_due(tx, now=world)}
        paused = row.paused_at is not None
        connections = {
            *publications.connections_with_due(tx, world=world, real=real, paused=paused),
            *answers.connections_asking(tx, real=real),
        }
        projects = sync.due(tx, now=real)
        stale = statistics.due(tx, now=world)
        asked = previews.due(tx, quiet_since=real - PREVIEW_QUIET)
        wanted = chores.due(tx, now=real)
        targets = [] if paused else notices.targets_with_due(tx, world=world, real=real)
    rung = bells.ring(this.db, this.ringer, "lane", lanes) + bells.ring(this.db, this.ringer, "connection", connections)
    rung += bells.ring(this.db, this.ringer, "sync", projects)
    rung += bells.ring(this.db, this.ringer, "statistics", stale)
    rung += bells.ring(this.db, this.ringer, "target", targets)
    rung += bells.ring(this.db, this.ringer, "preview", asked)
    rung += bells.ring(this.db, this.ringer, "chore", wanted)
    return rung


def _look_back(this: Runtime, real: datetime) -> None:
    """Every few seconds: note that we are here, and what was missed while we were not."""
    with this.db.read() as tx:
        row = instance.load(tx)
    if row.ticked_at is not None and (real - row.ticked_at).total_seconds() <= NOTED_EVERY:
        return
    with this.db.write() as tx:
        if row.was_off(real):
            syncing.note_outage(tx)
        syncing.note_silences(tx)
        early_checks.forget(tx, now=real)
        previews.purge(tx, now=real, older_than=PREVIEWS_KEPT)
        instance.set_ticked(tx, real)
    retention.let_go(this.db, now=real)
