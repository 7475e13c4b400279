"""Previews: what was asked of a rule, how far it is worked out, and what came of it so far.

`question` and `result` are documents of `app.services.previews.told`. All instants are real time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.store import leases
from app.store import models as m
from app.store.database import Tx, database_seconds
from app.store.views.scope import Visible

UNDER_WAY = ("waiting", "running")
PAGE = 5000


@dataclass(frozen=True, slots=True)
class Asked:
    """One preview. `state` is waiting, running, done, failed or cancelled; `progress` goes from 0 to 1; `detail` says
    why it failed or was cancelled.
    """

    id: int
    who: str
    asked_at: datetime
    question: Mapping[str, Any]
    state: str
    progress: float
    result: Mapping[str, Any]
    detail: str
    tries: int
    beat: datetime | None

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY


def add(tx: Tx, *, who: str, question: Mapping[str, Any], now: datetime) -> int:
    """Ask; gives the id."""
    row = sa.insert(m.preview).values(who=who, question=dict(question), asked_at=now).returning(m.preview.c.id)
    return int(tx.execute(row).scalar_one())


def get(tx: Tx, preview_id: int) -> Asked | None:
    row = tx.execute(sa.select(m.preview).where(m.preview.c.id == preview_id)).one_or_none()
    if row is None:
        return None
    names = ("id", "who", "asked_at", "question", "state", "progress", "result", "detail", "tries", "beat")
    return Asked(**{name: row._mapping[name] for name in names})


def cancel(tx: Tx, *, who: str, detail: str, only: int | None = None) -> int:
    """Stop what somebody has under way, all of it or `only` one; gives how many that were."""
    table = m.preview
    mine = sa.and_(table.c.who == who, table.c.state.in_(UNDER_WAY))
    if only is not None:
        mine = sa.and_(mine, table.c.id == only)
    return tx.execute(sa.update(table).where(mine).values(state="cancelled", detail=detail)).rowcount


def begin(tx: Tx, lease: leases.Lease, *, now: datetime) -> Asked | None:
    """Begin to work on it; None where there is nothing to do any more. `tries` counts this time."""
    leases.confirm(tx, lease)
    table = m.preview
    begun = tx.execute(
        sa.update(table)
        .where(table.c.id == lease.id, table.c.state.in_(UNDER_WAY))
        .values(state="running", tries=table.c.tries + 1, beat=now)
    )
    return get(tx, lease.id) if begun.rowcount else None


def note(tx: Tx, lease: leases.Lease, *, progress: float, result: Mapping[str, Any] | None, now: datetime) -> bool:
    """Note how far it is, with a `result` where there is more than before. False: somebody stopped it meanwhile."""
    leases.confirm(tx, lease)
    values: dict[str, Any] = {"progress": progress, "beat": now}
    if result is not None:
        values["result"] = dict(result)
    return _of(tx, lease.id, values)


def finish(
    tx: Tx, lease: leases.Lease, *, state: str, detail: str, result: Mapping[str, Any] | None, now: datetime
) -> bool:
    """End it as done or failed; False where somebody stopped it before."""
    leases.confirm(tx, lease)
    values: dict[str, Any] = {"state": state, "detail": detail, "beat": now}
    if state == "done":
        values["progress"] = 1.0
    if result is not None:
        values["result"] = dict(result)
    return _of(tx, lease.id, values)


def _of(tx: Tx, preview_id: int, values: Mapping[str, Any]) -> bool:
    running = sa.and_(m.preview.c.id == preview_id, m.preview.c.state == "running")
    return tx.execute(sa.update(m.preview).where(running).values(**values)).rowcount > 0


def due(tx: Tx, *, quiet_since: datetime) -> list[int]:
    """Previews that nobody works on though they are not finished: never begun, or not heard of since an instant. The
    clock asks.
    """
    table = m.preview
    free = sa.or_(table.c.lease_until < database_seconds(tx), table.c.beat < quiet_since)
    query = sa.select(table.c.id).where(table.c.state.in_(UNDER_WAY), free).order_by(table.c.id).limit(100)
    return list(tx.scalars(query))


def purge(tx: Tx, *, now: datetime, older_than: timedelta) -> int:
    """Delete those that were asked so long ago; gives how many."""
    return tx.execute(sa.delete(m.preview).where(m.preview.c.asked_at < now - older_than)).rowcount


# --- what is looked at ------------------------------------------------------------------------------------------------


def item_ids(
    tx: Tx,
    *,
    visible: Visible,
    projects: Collection[int],
    kinds: Collection[str],
    closed_since: datetime,
    rule_id: int,
) -> list[int]:
    """Items of these kinds that are open, were closed since an instant, or have an open flag of a rule."""
    item, standing = m.item.c, m.standing.c
    mine = sa.and_(item.project_id.in_(sorted(projects)), item.kind.in_(sorted(kinds)), item.deleted_at.is_(None))
    flagged = sa.select(standing.subject_id).where(
        standing.rule_id == rule_id, standing.closed_at.is_(None), standing.subject_kind == "item"
    )
    found: set[int] = set()
    for which in (item.is_open, item.closed_at >= closed_since, item.id.in_(flagged)):
        found.update(tx.scalars(sa.select(item.id).where(mine, visible.items(), which)))
    return sorted(found)


def milestone_ids(tx: Tx, *, visible: Visible, projects: Collection[int], kinds: Collection[str]) -> list[int]:
    """Milestones of these kinds."""
    milestone = m.milestone.c
    mine = sa.and_(
        milestone.project_id.in_(sorted(projects)), milestone.kind.in_(sorted(kinds)), milestone.deleted_at.is_(None)
    )
    return list(tx.scalars(sa.select(milestone.id).where(mine, visible.milestones()).order_by(milestone.id)))


def seen(tx: Tx, kind: str, ids: Sequence[int], *, visible: Visible) -> set[int]:
    """Those of these subjects that a reader may see."""
    table, clause = (m.item, visible.items()) if kind == "item" else (m.milestone, visible.milestones())
    wanted, found = sorted(set(ids)), set[int]()
    for start in range(0, len(wanted), PAGE):
        found.update(tx.scalars(sa.select(table.c.id).where(table.c.id.in_(wanted[start : start + PAGE]), clause)))
    return found
