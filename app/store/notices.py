"""Notices: the outbox of what people are told beside the tracker, one row for each step of each flag and target.

The lane's owner says what is wanted, the sender what became of it. A row is `waiting` until it is sent, `held` while
somebody asked for quiet, `sending` while its message is on its way; then `sent`, `unsure` (it may have arrived, so it
is not sent again), `failed`, or `dropped` because its flag cleared first. `nobody`: there was nobody to tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.store import models, sync
from app.store.database import Tx, insert
from app.store.views.scope import is_secured_epic

CLEAR = "clear"
"""The step that says that a flag is over."""
TOLD = ("sending", "sent", "unsure")
"""Those that have reached their target, or may have."""
UNSENT = ("waiting", "held")
LOST_AFTER = timedelta(minutes=2)
"""After so long (real time) nobody is at work on a message any more: whoever sent it has died."""


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A step to be told. `target_id` None: to nobody, and `detail` says why."""

    standing_id: int
    project_id: int
    target_id: int | None
    tell: str
    step: str
    made_at: datetime
    ready_at: datetime
    due_at: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A notice as the lane's owner needs it."""

    id: int
    standing_id: int
    target_id: int | None
    tell: str
    step: str
    status: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice that could be sent, with the flag and what that is about. `memory` is the standing's document;
    `secured`: not everybody who reads the project may know of it; `retracted`: what we wrote there was taken back;
    `was_told`: whether its target heard of the flag.
    """

    id: int
    standing_id: int
    project_id: int
    tell: str
    step: str
    due_at: datetime
    attempts: int
    kind: str
    subject_id: int
    key: str
    title: str
    code: str
    memory: Mapping[str, Any]
    secured: bool
    retracted: bool
    was_told: bool


def _row(row: Any) -> Row:
    return Row(row.id, row.standing_id, row.target_id, row.tell, row.step, row.status)


# --- the lane's side ------------------------------------------------------------------------------------------------


def add(tx: Tx, rows: Iterable[NewNotice]) -> None:
    """Want these told; what is known already stays as it is."""
    for row in rows:
        values = {name: getattr(row, name) for name in NewNotice.__slots__}
        status = "waiting" if row.target_id is not None else "nobody"
        tx.execute(insert(tx, models.notice).values(status=status, **values).on_conflict_do_nothing())


def of(tx: Tx, standing_ids: Iterable[int]) -> list[Row]:
    """Every notice of these standings."""
    table, wanted = models.notice, sorted(set(standing_ids))
    if not wanted:
        return []
    query = sa.select(table).where(table.c.standing_id.in_(wanted)).order_by(table.c.id)
    return [_row(row) for row in tx.execute(query)]


def hold(tx: Tx, ids: Sequence[int]) -> None:
    """Somebody asked for quiet: these wait until it ends."""
    _change(tx, ids, "waiting", status="held", detail="somebody asked for quiet")


def let_go(tx: Tx, ids: Sequence[int], *, ready_at: datetime, due_at: datetime) -> None:
    """The quiet is over."""
    _change(tx, ids, "held", status="waiting", detail="", ready_at=ready_at, due_at=due_at)


def drop(tx: Tx, ids: Sequence[int], why: str) -> None:
    """There is nothing to tell any more."""
    for status in UNSENT:
        _change(tx, ids, status, status="dropped", detail=why)


def _change(tx: Tx, ids: Sequence[int], was: str, **values: Any) -> None:
    table = models.notice
    if ids:
        tx.execute(sa.update(table).where(table.c.id.in_(sorted(ids)), table.c.status == was).values(**values))


def recovering(tx: Tx, keys: Iterable[tuple[int, str, int]]) -> dict[tuple[int, str, int], int]:
    """Of these flags (rule, kind, subject) those that closed lately and whose end nobody has been told of yet, with the
    closed standing.
    """
    wanted = set(keys)
    if not wanted:
        return {}
    table, standing = models.notice, models.standing
    rows = tx.execute(
        sa.select(standing.c.rule_id, standing.c.subject_kind, standing.c.subject_id, standing.c.id)
        .join(table, table.c.standing_id == standing.c.id)
        .where(
            standing.c.subject_id.in_(sorted({id_ for _, _, id_ in wanted})),
            table.c.step == CLEAR,
            table.c.status == "waiting",
        )
        .order_by(standing.c.id)
    )
    return {(row[0], row[1], row[2]): row[3] for row in rows if (row[0], row[1], row[2]) in wanted}


def carry(tx: Tx, *, before: int, after: int) -> None:
    """A flag is back before anybody was told that it was over: what was told of it counts for the new one, and its end
    is not told.
    """
    table = models.notice
    mine = table.c.standing_id == before
    tx.execute(sa.delete(table).where(mine, table.c.step == CLEAR, table.c.status == "waiting"))
    told = sa.and_(mine, table.c.step != CLEAR, table.c.status.in_((*TOLD, "nobody")))
    tx.execute(sa.update(table).where(told).values(standing_id=after))


# --- the sender's side ----------------------------------------------------------------------------------------------


def targets_with_due(tx: Tx, *, world: datetime, real: datetime) -> list[int]:
    """Targets with something to send, or with a message that was never settled."""
    table, project = models.notice, models.project
    lost = sa.and_(table.c.status == "sending", table.c.sending_at < real - LOST_AFTER)
    query = (
        sa.select(table.c.target_id)
        .join(project, project.c.id == table.c.project_id)
        .where(table.c.target_id.is_not(None), sa.or_(lost, sa.and_(_may_go(world, real), table.c.due_at <= world)))
        .distinct()
    )
    return sorted(tx.scalars(query))


def _may_go(world: datetime, real: datetime) -> sa.ColumnElement[bool]:
    """Waiting, ready, not waiting for another try; its project is active, not paused, and not catching up."""
    table, project = models.notice, models.project
    return sa.and_(
        table.c.status == "waiting",
        table.c.ready_at <= world,
        sa.or_(table.c.retry_at.is_(None), table.c.retry_at <= real),
        project.c.paused_at.is_(None),
        project.c.status == "active",
        ~sync.is_catching_up(table.c.project_id),
    )


def waiting(tx: Tx, target_id: int, *, world: datetime, real: datetime) -> list[Waiting]:
    """What could go to a target now, due or not, oldest first."""
    query = _with_subject().where(models.notice.c.target_id == target_id, _may_go(world, real))
    return [_waiting(row) for row in tx.execute(query.order_by(models.notice.c.due_at, models.notice.c.id))]


def _with_subject() -> sa.Select[Any]:
    table, standing, item, milestone = models.notice, models.standing, models.item, models.milestone
    publication, other = models.publication, models.notice.alias()
    told = (
        sa.select(other.c.id)
        .where(
            other.c.standing_id == table.c.standing_id,
            other.c.target_id + 0 == table.c.target_id,  # "+ 0": by the flag's few notices, not the target's many
            other.c.step != CLEAR,
            other.c.status.in_(TOLD),
        )
        .correlate(table)
        .exists()
    )
    secured = sa.case(
        (standing.c.subject_kind == "item", sa.func.coalesce(item.c.secured, sa.true())),
        else_=is_secured_epic(milestone),
    )
    return (
        sa.select(
            table,
            standing.c.subject_kind,
            standing.c.subject_id,
            standing.c.code,
            standing.c.memory,
            sa.func.coalesce(item.c.key, "").label("key"),
            sa.func.coalesce(item.c.title, milestone.c.title, "").label("title"),
            secured.label("secured"),
            publication.c.answers,
            told.label("was_told"),
        )
        .join(standing, standing.c.id == table.c.standing_id)
        .join(models.project, models.project.c.id == table.c.project_id)
        .outerjoin(item, sa.and_(standing.c.subject_kind == "item", item.c.id == standing.c.subject_id))
        .outerjoin(milestone, sa.and_(standing.c.subject_kind == "milestone", milestone.c.id == standing.c.subject_id))
        .outerjoin(publication, publication.c.item_id == standing.c.shown_on)
    )


def _waiting(row: Any) -> Waiting:
    return Waiting(
        id=row.id,
        standing_id=row.standing_id,
        project_id=row.project_id,
        tell=row.tell,
        step=row.step,
        due_at=row.due_at,
        attempts=row.attempts,
        kind=row.subject_kind,
        subject_id=row.subject_id,
        key=row.key,
        title=row.title,
        code=row.code,
        memory=row.memory,
        secured=bool(row.secured),
        retracted="retracted" in (row.answers or {}),
        was_told=bool(row.was_told),
    )


def secured_among(tx: Tx, milestone_ids: Iterable[int]) -> set[int]:
    """Which of these milestones not everybody may know of."""
    table = models.milestone
    query = sa.select(table.c.id).where(table.c.id.in_(sorted(set(milestone_ids))), is_secured_epic(table))
    return set(tx.scalars(query))


def unsettled(tx: Tx, target_id: int) -> list[int]:
    """Notices whose message was on its way when its sender died."""
    table = models.notice
    query = sa.select(table.c.id).where(table.c.target_id == target_id, table.c.status == "sending")
    return list(tx.scalars(query))


def messages_since(tx: Tx, target_id: int, since: datetime) -> int:
    """How many messages went to a target, or may have, since an instant of world time."""
    table = models.notice
    query = sa.select(sa.func.count(sa.distinct(table.c.message))).where(
        table.c.target_id == target_id, table.c.sent_at >= since
    )
    return int(tx.scalar(query) or 0)


def claim(tx: Tx, ids: Sequence[int], *, message: str, real: datetime, world: datetime) -> list[int]:
    """Note that a message that tells these is on its way; gives those that still wait for it."""
    table = models.notice
    query = (
        sa.update(table)
        .where(table.c.id.in_(sorted(ids)), table.c.status == "waiting")
        .values(status="sending", sending_at=real, sent_at=world, message=message)
        .returning(table.c.id)
    )
    return list(tx.scalars(query))


def put_off(tx: Tx, ids: Sequence[int], *, until: datetime, why: str = "") -> None:
    """These wait until an instant of world time."""
    _change(tx, ids, "waiting", ready_at=until, due_at=until, detail=why)


def unsay(tx: Tx, ids: Sequence[int], **values: Any) -> None:
    """The message that was to tell these did not go out."""
    mark(tx, ids, message=None, sent_at=None, sending_at=None, **values)


def mark(tx: Tx, ids: Sequence[int], **values: Any) -> None:
    """Note what became of notices."""
    table = models.notice
    if ids:
        tx.execute(sa.update(table).where(table.c.id.in_(sorted(ids))).values(**values))


# --- what pages tell ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Heard:
    """What one role heard, or is to hear, of a subject's flags. `at` is when it was sent, or is to go."""

    tell: str
    step: str
    status: str
    at: datetime
    detail: str


def heard_of(tx: Tx, kind: str, subject_id: int, *, limit: int = 20) -> list[Heard]:
    """Who was told of a subject, by role, the latest first."""
    table, standing = models.notice, models.standing
    at = sa.func.coalesce(table.c.sent_at, table.c.due_at)
    query = (
        sa.select(table.c.tell, table.c.step, table.c.status, at.label("at"), table.c.detail)
        .join(standing, standing.c.id == table.c.standing_id)
        .where(standing.c.subject_kind == kind, standing.c.subject_id == subject_id, table.c.status != "dropped")
        .order_by(at.desc(), table.c.id.desc())
        .limit(limit)
    )
    return [Heard(*row) for row in tx.execute(query)]


def counts(tx: Tx) -> dict[str, int]:
    """Notices by status."""
    table = models.notice
    return {row[0]: row[1] for row in tx.execute(sa.select(table.c.status, sa.func.count()).group_by(table.c.status))}
