"""What somebody asked for on a page and what takes its time: replaying many deliveries, taking back what was written.

Each goes on in the background in small steps, each committed with how far it is; one that is killed anywhere goes on
from there. Doing a step twice does no harm: a replay says nothing twice, and what is taken back is gone once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from app.errors import UserError
from app.process import own_name
from app.services import retract
from app.services.bells import Ringer, ring
from app.services.publish import Connected
from app.services.replay import BATCH
from app.store import chores, control, deliveries, instance, leases, retractions, trackers
from app.store.chores import Chore
from app.store.database import Database, Tx
from app.store.views import deliveries as view
from app.store.views.deliveries import DeliveryFilter
from app.store.views.scope import Visible
from app.time import from_iso, real_now, to_iso
from integrations.ports import Adapters

log = structlog.get_logger()

SLICE_SECONDS = 20.0
"""How long one job works on a chore before others have their turn."""
AGAIN = timedelta(seconds=15)
"""When a chore that waits for something looks again."""


@dataclass(frozen=True, slots=True)
class Doing:
    """What chores stand on."""

    db: Database
    ringer: Ringer
    adapters: Adapters
    connect: Callable[[int], Connected]


# --- asking for one -------------------------------------------------------------------------------------------------


def ask_replay(
    db: Database, ringer: Ringer, where: DeliveryFilter, *, visible: Visible, who: str, now: datetime
) -> tuple[int, int]:
    """Have every delivery taken in anew that matches and that whoever asks may see; gives the chore's id and how many
    there are. `now` is real time. Raises UserError where none does.
    """
    with db.write() as tx:
        total = view.count_matching(tx, visible=visible, where=where)
        if not total:
            raise UserError("No delivery matches, so there is nothing to replay.")
        doc = _dump(where)
        asked = {"where": doc, "visible": _dump_visible(visible), "upto": view.newest_id(tx)}
        chore_id = chores.add(tx, kind="replay", who=who, asked=asked, total=total, now=now)
        detail = {name: value for name, value in doc.items() if value}
        control.audit(tx, who=who, what="deliveries replayed", subject=f"{total} by filter", at=now, detail=detail)
    ring(db, ringer, "chore", [chore_id])
    return chore_id, total


def ask_retract(db: Database, ringer: Ringer, wanted: retract.Filter, *, who: str, now: datetime) -> int:
    """Have what was written taken back; gives the chore's id. `now` is real time."""
    since = to_iso(wanted.since) if wanted.since is not None else None
    asked = {"project": wanted.project, "rule": wanted.rule, "since": since}
    with db.write() as tx:
        chore_id = chores.add(tx, kind="retract", who=who, asked=asked, total=None, now=now)
    ring(db, ringer, "chore", [chore_id])
    return chore_id


def stop(db: Database, chore_id: int, *, who: str, now: datetime) -> None:
    """Have one go on no more; what it did stays done. `now` is real time. Raises UserError."""
    with db.write() as tx:
        found = chores.get(tx, chore_id)
        if found is None:
            raise UserError("There is nothing of that number under way.")
        if chores.stop(tx, chore_id, now=now):
            control.audit(tx, who=who, what=f"{found.kind} stopped", subject=str(chore_id), at=now)


# --- doing it -------------------------------------------------------------------------------------------------------


def run(doing: Doing, chore_id: int) -> bool:
    """Go on with a chore for a while; False where another worker has it or it is over."""
    lease = leases.take(doing.db, "chore", chore_id, holder=own_name())
    if lease is None:
        return False
    again = False
    try:
        with doing.db.read() as tx:
            chore = chores.get(tx, chore_id)
        if chore is None or chore.status != "running":
            return False
        step = {"replay": _replay, "retract": _retract}[chore.kind]
        until = time.monotonic() + SLICE_SECONDS
        try:
            again = step(doing, lease, chore, until)
        except leases.LeaseLost:
            log.warning("another worker took over", chore=chore_id)
            return False
        except UserError as error:
            _end(doing.db, lease, status="failed", detail=str(error))
    finally:
        rung = leases.release(doing.db, lease)
    if rung or again:
        ring(doing.db, doing.ringer, "chore", [chore_id])
    return True


def _end(db: Database, lease: leases.Lease, *, status: str, detail: str = "") -> None:
    with db.write() as tx:
        leases.confirm(tx, lease)
        chores.save(tx, lease.id, status=status, detail=detail, finished_at=real_now())


def _still_runs(tx: Tx, chore_id: int) -> bool:
    found = chores.get(tx, chore_id)
    return found is not None and found.status == "running"


def _replay(doing: Doing, lease: leases.Lease, chore: Chore, until: float) -> bool:
    """Put the next deliveries back in line, a page at a time; True: there are more."""
    where, visible = _load(chore.asked["where"]), _load_visible(chore.asked["visible"])
    after, done = int(chore.cursor.get("after", 0)), chore.done
    while time.monotonic() < until:
        with doing.db.write() as tx:
            leases.confirm(tx, lease)
            if not _still_runs(tx, chore.id):
                return False
            ids = view.matching(
                tx, visible=visible, where=where, after=after, upto=int(chore.asked["upto"]), limit=BATCH
            )
            lanes = deliveries.replay(tx, ids) if ids else []
            if ids:
                after, done = ids[-1], done + len(ids)
            ends: dict[str, Any] = {} if len(ids) == BATCH else {"status": "done", "finished_at": real_now()}
            chores.save(tx, chore.id, cursor={"after": after}, done=done, **ends)
        ring(doing.db, doing.ringer, "lane", lanes)
        if ends:
            return False
    return True


def _retract(doing: Doing, lease: leases.Lease, chore: Chore, until: float) -> bool:
    """Mark what is to go, have it sent, and look whether it is gone."""
    asked = chore.asked
    wanted = retract.Filter(
        project=asked["project"], rule=asked["rule"], since=from_iso(asked["since"]) if asked["since"] else None
    )
    cursor = chore.cursor
    if "projects" not in cursor:
        with doing.db.read() as tx:
            world = instance.load(tx).clock.now()
        marked = retract.retract(
            doing.db, doing.adapters, wanted, dry_run=False, who=chore.who, now=world, real=real_now()
        )
        with doing.db.write() as tx:
            leases.confirm(tx, lease)
            cursor = {"projects": list(marked.project_ids), "writes": len(marked.writes)}
            total = retractions.retracting(tx, marked.project_ids)
            chores.save(tx, chore.id, cursor=cursor, total=total)
        chore = replace(chore, cursor=cursor, total=total)
    with doing.db.read() as tx:
        left = retractions.retracting(tx, cursor["projects"])
        rows = trackers.projects(tx, ids=cursor["projects"])
    connections = {row.connection_id for row in rows if row.connection_id is not None}
    if not left and wanted.is_whole:
        done = retract.Retracted((), tuple(cursor["projects"]))
        patience = max(0.0, until - time.monotonic())
        retract.finish(doing.db, done, connect=doing.connect, ringer=doing.ringer, whole=True, patience=patience)
    with doing.db.write() as tx:
        leases.confirm(tx, lease)
        if not _still_runs(tx, chore.id):
            return False
        if left:
            chores.save(tx, chore.id, done=max(0, (chore.total or 0) - left), next_at=real_now() + AGAIN)
        else:
            refused = retractions.refused(tx, cursor["projects"])
            chores.save(
                tx,
                chore.id,
                cursor={**cursor, "refused": refused},
                done=max(0, (chore.total or 0) - refused),
                status="done",
                finished_at=real_now(),
            )
    if left:  # whoever publishes over these connections sends it, at the pace of the tracker
        ring(doing.db, doing.ringer, "connection", connections)
    return False


# --- filters, to be read again later --------------------------------------------------------------------------------


def _dump(where: DeliveryFilter) -> dict[str, Any]:
    return {name: to_iso(value) if isinstance(value, datetime) else value for name, value in asdict(where).items()}


def _load(doc: Mapping[str, Any]) -> DeliveryFilter:
    instants = {name: from_iso(doc[name]) for name in ("since", "until") if doc.get(name)}
    return DeliveryFilter(**{**doc, **instants})


def _dump_visible(visible: Visible) -> dict[str, Any]:
    projects = sorted(visible.projects) if visible.projects is not None else None
    return {"projects": projects, "chosen": visible.chosen, "secured": visible.secured}


def _load_visible(doc: Mapping[str, Any]) -> Visible:
    projects = frozenset(doc["projects"]) if doc["projects"] is not None else None
    return Visible(projects=projects, chosen=doc["chosen"], secured=doc["secured"])
