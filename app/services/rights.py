"""Who may answer what. What the payloads tell (author, assignee, member) decides most; where it does not, the tracker
is asked once, outside any transaction, by whoever holds the connection.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from app.store import answers, leases, subjects, wishes
from app.store.database import Database
from app.time import real_now
from integrations.errors import PermanentError, TransientError
from integrations.ports import Client
from integrations.readings import PersonSeen
from rules.answers import Verb

log = structlog.get_logger()

RANK = {"none": 0, "read": 1, "triage": 2, "write": 3, "maintain": 4, "admin": 5}
NEARBY = frozenset({"author", "assignee", "member", "person"})
"""Rights that a payload tells of: as good as triage on this item. `person` did what only those can who have it."""
MAINTAIN = frozenset({Verb.BASELINE.value, Verb.HOME.value})
ANYBODY = frozenset({Verb.WHY.value, Verb.HELP.value})
PAGE = 20
LATER = timedelta(minutes=5)


def may_triage(may: str | None) -> bool:
    return may in NEARBY or RANK.get(may or "", 0) >= RANK["triage"]


def may_maintain(may: str | None) -> bool:
    return RANK.get(may or "", 0) >= RANK["maintain"]


def is_decided(verb: str, may: str | None) -> bool:
    """Whether nobody has to be asked to tell if this may be answered."""
    return verb in ANYBODY or (verb not in MAINTAIN and may_triage(may))


def ask(db: Database, lease: leases.Lease, client: Client) -> set[int]:
    """Ask the tracker for the rights that answers wait for; gives the lanes that can go on. One read each."""
    lanes: set[int] = set()
    with db.read() as tx:
        waiting = answers.asking(tx, lease.id, real=real_now(), limit=PAGE)
    for one in waiting:
        try:
            may = client.permission(one.project_key, PersonSeen(one.native_id, one.login))
        except PermanentError as error:  # we may not ask: then only what payloads tell counts
            log.info("a right could not be read", project=one.project_key, reason=str(error))
            may = "read"
        except TransientError as error:
            with db.write() as tx:
                leases.confirm(tx, lease)
                answers.ask_later(
                    tx, one, at=real_now() + timedelta(seconds=error.retry_after or LATER.total_seconds())
                )
            continue
        with db.write() as tx:
            leases.confirm(tx, lease)
            items = answers.told(tx, one, may=may)
            world = wishes.world_now(tx)
            subjects.add_marks(
                tx, [(one.lane_id, "item", item_id, world) for item_id in sorted(set(items))], reason="an answer"
            )
        lanes.add(one.lane_id)
    return lanes
