"""Sending notices: one sender at a time per target, one message for all that waits there, within the hours of the
projects it speaks of, and no more messages a day than the target takes.

A message is announced by a committed `sending` before it goes out. Where its fate is not known afterwards (the sender
died, or no answer came in time) it is not sent again: unlike a tracker, a channel cannot be asked whether the message
is there, what it says stands on the page as well, and the next rung tells again what is still so.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from app.errors import UserError
from app.process import own_name
from app.services import bells, projects
from app.services.memory import load_standing
from app.services.messages import message
from app.services.projects import Projects
from app.store import instance, leases, notices, targets
from app.store.database import Database, Tx
from app.store.notices import CLEAR, Waiting
from app.store.targets import Target
from app.time import real_now
from integrations.errors import PermanentError, TransientError
from integrations.ports import Notifier
from rules.calendar import NoWorkingDay
from rules.facts import Project
from rules.verdict import Said
from rules.wording.render import plain

log = structlog.get_logger()

BACKOFF = (60.0, 300.0, 1800.0, 7200.0, 21600.0)
"""Seconds before each further try; then it is given up."""
LATER = timedelta(days=1)
"""When a project is asked again whose calendar has no working day."""
PLAIN = Project(id=0, key="", tracker="github", url="", calendar=projects.read_calendar({}))
"""For sentences that are about no project."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What sending needs: `open_address` unseals a target's address; `notifier` is made when it is needed first."""

    db: Database
    ringer: bells.Ringer
    open_address: Callable[[str], str]
    notifier: Callable[[], Notifier]
    base_url: str


@dataclass(frozen=True, slots=True)
class Batch:
    """One message that was announced."""

    target: Target
    found: tuple[Waiting, ...]
    title: str
    body: str

    @property
    def ids(self) -> list[int]:
        return [one.id for one in self.found]


def notify(deps: Sending, target_id: int) -> int:
    """Send what is due to a target; gives how many messages went out. Returns at once where another is at work."""
    lease = leases.take(deps.db, "target", target_id, holder=own_name())
    if lease is None:
        return 0
    sent = 0
    try:
        _settle_lost(deps.db, lease)
        while (batch := _announce(deps, lease)) is not None:
            sent += _send(deps, lease, batch)
    except leases.LeaseLost:
        log.warning("another sender took over", target=target_id)
    finally:
        if leases.release(deps.db, lease):
            deps.ringer.wake("target", target_id)  # rung while we held the lease
    return sent


def _settle_lost(db: Database, lease: leases.Lease) -> None:
    """What was on its way when an earlier sender died."""
    with db.write() as tx:
        leases.confirm(tx, lease)
        lost = notices.unsettled(tx, lease.id)
        notices.mark(tx, lost, status="unsure", detail=plain(Said("told.unsure"), project=PLAIN))


# --- what goes ------------------------------------------------------------------------------------------------------


def _announce(deps: Sending, lease: leases.Lease) -> Batch | None:
    """Choose what the next message tells and note that it is on its way; None: there is nothing to send."""
    with deps.db.write() as tx:
        leases.confirm(tx, lease)
        this = instance.load(tx)
        real, world = real_now(), this.clock.now()
        target = targets.get(tx, lease.id)
        if target is None or this.paused_at is not None or this.was_off(real):  # what was missed is read first
            return None
        waiting = notices.waiting(tx, target.id, world=world, real=real)
        known = projects.load(tx, ids=sorted({one.project_id for one in waiting}))
        found = _within_hours(tx, _still_true(tx, waiting, world), known, world)
        found = _within_budget(tx, found, known, target, world)
        if all(one.due_at > world for one in found):
            return None
        ids = [one.id for one in found]
        # the lane may have dropped or held some of them since they were read
        claimed = set(notices.claim(tx, ids, message=uuid.uuid4().hex, real=real, world=world))
        found = [one for one in found if one.id in claimed]
        if not found:
            return None
        title, body = message(found, projects=known.facts, base_url=deps.base_url, now=world)
    return Batch(target, tuple(found), title, body)


def _still_true(tx: Tx, waiting: Sequence[Waiting], now: datetime) -> list[Waiting]:
    """Without what nobody is to hear any more."""
    dropped = [one for one in waiting if not _is_wanted(one)]
    notices.drop(tx, [one.id for one in dropped], "there is nothing to tell any more")
    left = [one for one in waiting if one not in dropped]
    hushed = [one for one in left if one.step != CLEAR and not load_standing(one.memory).speaks(now)]
    notices.hold(tx, [one.id for one in hushed])
    return [one for one in left if one not in hushed]


def _is_wanted(one: Waiting) -> bool:
    if one.secured:
        return False
    if one.step == CLEAR:
        return one.was_told
    return load_standing(one.memory).is_open and not one.retracted


def _within_hours(tx: Tx, found: Sequence[Waiting], known: Projects, now: datetime) -> list[Waiting]:
    """Those whose project is at work now; the others wait until it is."""
    opens = {id_: _next_open(project, now) for id_, project in known.facts.items()}
    for id_, at in opens.items():
        if at > now:
            notices.put_off(tx, [one.id for one in found if one.project_id == id_], until=at)
    return [one for one in found if opens[one.project_id] <= now]


def _next_open(project: Project, now: datetime) -> datetime:
    try:
        return project.calendar.next_open(now)
    except NoWorkingDay:
        return now + LATER


def _within_budget(tx: Tx, found: Sequence[Waiting], known: Projects, target: Target, now: datetime) -> list[Waiting]:
    """Those that may still go today; the others go in one message on the next working day."""
    left = list(found)
    for project_id in {one.project_id for one in found}:
        project = known.facts[project_id]
        today = project.calendar.local_date(now)
        sent = notices.messages_since(tx, target.id, project.calendar.midnight(today))
        if sent >= target.per_day:
            tomorrow = _next_open(project, project.calendar.end_of_day(today))
            over = [one.id for one in left if one.project_id == project_id]
            why = plain(Said("told.full", {"count": sent}), project=project)
            notices.put_off(tx, over, until=tomorrow, why=why)
            left = [one for one in left if one.project_id != project_id]
    return left


# --- sending --------------------------------------------------------------------------------------------------------


def _send(deps: Sending, lease: leases.Lease, batch: Batch) -> int:
    """Send one message and note what became of it; gives how many went out."""
    try:
        deps.notifier().send(deps.open_address(batch.target.address), batch.title, batch.body)
    except PermanentError as error:
        _gave_up(deps.db, lease, batch, str(error))
    except UserError as error:  # the key is another: nothing was sent
        _later(deps.db, lease, batch, TransientError(str(error), retry_after=BACKOFF[2]))
    except TransientError as error:
        if error.uncertain:
            _unsure(deps.db, lease, batch)
        else:
            _later(deps.db, lease, batch, error)
    except Exception:
        log.exception("a message failed for a reason of our own", target=batch.target.name)
        _unsure(deps.db, lease, batch)
    else:
        _done(deps.db, lease, batch, status="sent", detail="")
        return 1
    return 0


def _done(db: Database, lease: leases.Lease, batch: Batch, *, status: str, detail: str) -> None:
    with db.write() as tx:
        leases.confirm(tx, lease)
        notices.mark(tx, batch.ids, status=status, detail=detail, retry_at=None)
        targets.set_detail(tx, batch.target.id, detail)


def _unsure(db: Database, lease: leases.Lease, batch: Batch) -> None:
    log.warning("whether a message arrived is not known", target=batch.target.name)
    _done(db, lease, batch, status="unsure", detail=plain(Said("told.timed-out"), project=PLAIN))


def _gave_up(db: Database, lease: leases.Lease, batch: Batch, why: str) -> None:
    log.warning("a message was refused", target=batch.target.name, reason=why)
    with db.write() as tx:
        leases.confirm(tx, lease)
        notices.unsay(tx, batch.ids, status="failed", detail=why)
        targets.set_detail(tx, batch.target.id, why)


def _later(db: Database, lease: leases.Lease, batch: Batch, error: TransientError) -> None:
    """Try again after a while, those that were tried often enough not: nothing arrived, so nothing counts as told."""
    log.warning("a message did not go out; it is tried again", target=batch.target.name, reason=str(error))
    with db.write() as tx:
        leases.confirm(tx, lease)
        for one in batch.found:
            if one.attempts >= len(BACKOFF):
                why = plain(Said("told.gave-up", {"count": one.attempts + 1, "why": str(error)}), project=PLAIN)
                notices.unsay(tx, [one.id], status="failed", detail=why)
                continue
            wait = max(BACKOFF[one.attempts], error.retry_after or 0.0)
            retry_at = real_now() + timedelta(seconds=wait)
            notices.unsay(
                tx, [one.id], status="waiting", detail=str(error), attempts=one.attempts + 1, retry_at=retry_at
            )
        targets.set_detail(tx, batch.target.id, str(error))
