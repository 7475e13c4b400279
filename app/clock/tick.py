"""One beat of the clock: ask the database what is due, and ring for it. Costs a handful of index look-ups, whatever
the size of the history.
"""

from __future__ import annotations

from app.bootstrap import runtime
from app.services import bells
from app.store import answers, deliveries, instance, publications, subjects
from app.time import real_now


def tick() -> int:
    """Ring the bells of lanes and connections with work; gives how many were rung. Two clocks are harmless: a bell
    rings once.
    """
    this = runtime()
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
    rung = bells.ring(this.db, this.ringer, "lane", lanes) + bells.ring(this.db, this.ringer, "connection", connections)
    if row.ticked_at is None or (real - row.ticked_at).total_seconds() > 10:
        with this.db.write() as tx:
            instance.set_ticked(tx, real)
    return rung
