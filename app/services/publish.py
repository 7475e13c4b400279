"""Publishing: sending the difference between what an item should show and what it shows. One publisher at a time per
connection.

Every step is one API call followed by a commit that says so. A create is announced by a committed `sending_at` before
it goes out; only a row whose create was never answered costs a look for our marker before trying again. Whoever holds
the connection also asks it for the rights that answers wait for.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from app.process import own_name
from app.services import bells, projects, rights
from app.services.markers import marker, marker_prefix
from app.services.pacing import Connected, Stop
from app.services.sender import Sender
from app.store import answers, instance, leases, publications
from app.store.database import Database
from app.time import real_now

__all__ = ["Connected", "Stop", "marker", "marker_prefix", "publish"]

log = structlog.get_logger()

PAGE = 20


def publish(db: Database, connection_id: int, *, connect: Callable[[int], Connected], ringer: bells.Ringer) -> int:
    """Send what is due over one connection; gives how many writes went out. Returns at once where another publisher
    is at work.
    """
    lease = leases.take(db, "connection", connection_id, holder=own_name())
    if lease is None:
        return 0
    sent = 0
    tried: set[int] = set()  # once each: what is still due after its turn waits for the next bell
    connected: Connected | None = None
    try:
        with db.read() as tx:
            asked = connection_id in answers.connections_asking(tx, real=real_now())
        if asked:
            connected = connect(connection_id)
            for lane_id in rights.ask(db, lease, connected.client):
                ringer.wake("lane", lane_id)
        while True:
            with db.read() as tx:
                this = instance.load(tx)
                batch = (
                    []
                    if this.was_off(real_now())  # what was missed is read first
                    else publications.due(
                        tx,
                        connection_id,
                        world=this.clock.now(),
                        real=real_now(),
                        limit=PAGE,
                        paused=this.paused_at is not None,
                    )
                )
                known = projects.load(tx, ids=sorted({shown.project_id for shown in batch}))
            batch = [shown for shown in batch if shown.id not in tried]
            if not batch:
                break
            tried.update(shown.id for shown in batch)
            connected = connected or connect(connection_id)
            for shown in batch:
                sent += Sender(db, lease, connected, shown, this, known).send()
    except Stop as stop:
        log.info("publishing stops for now", connection=connection_id, reason=str(stop))
    except leases.LeaseLost:
        log.warning("another publisher took over", connection=connection_id)
    finally:
        if connected is not None:
            connected.client.close()
        if leases.release(db, lease):
            ringer.wake("connection", connection_id)  # rung while we held the lease
    return sent
