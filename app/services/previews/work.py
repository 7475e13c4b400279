"""Working a preview out: what holds now first, then what going live would write, then the past, each told as soon as
it is known.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog

from app.process import own_name
from app.services import bells
from app.services.previews.going import going
from app.services.previews.played import TELL_EVERY, Known, Play
from app.services.previews.present import Present, present
from app.services.previews.told import Question, Result, question_from, result_doc
from app.services.previews.tried import Tried, tried
from app.services.previews.watch import Stopped, Watch
from app.store import instance, leases, previews
from app.store.database import Database
from app.store.previews import Asked
from app.time import real_now
from rules.engine import RuleError

log = structlog.get_logger()

SECONDS = 480.0
"""So long a preview may take; then it says how far it came. A job of the queue has ten minutes."""
TRIES = 2
FIRST = 0.25
"""The share of the work that is done once it is known what holds now."""
GAVE_UP = "The worker ended twice while it worked on this. Ask again; if that does not help, the log says more."
BROKE = "Something went wrong while this was worked out; the log says what. Nothing else is touched by it."


def work_out(db: Database, preview_id: int, *, ringer: bells.Ringer, seconds: float = SECONDS) -> bool:
    """Work one preview out; whether this did it. What it costs is bounded by `seconds`."""
    lease = leases.take(db, "preview", preview_id, holder=own_name())
    if lease is None:
        return False
    try:
        with db.write() as tx:
            asked = previews.begin(tx, lease, now=real_now())
        if asked is None:
            return False
        if asked.tries > TRIES:
            _finish(db, lease, "failed", GAVE_UP, None)
            return False
        return _work(db, lease, asked, seconds)
    except leases.LeaseLost:
        log.warning("another worker took a preview over", preview=preview_id)
        return False
    finally:
        if leases.release(db, lease):
            ringer.wake("preview", preview_id)


def _work(db: Database, lease: leases.Lease, asked: Asked, seconds: float) -> bool:
    watch = Watch(db, lease, seconds)
    try:
        _answer(db, question_from(asked.question), watch)
    except Stopped:
        return False
    except leases.LeaseLost:
        raise
    except RuleError as error:
        _finish(db, lease, "failed", f"The rule cannot be used as it stands: {error}.", watch.result)
        return False
    except Exception:
        log.exception("a preview failed", preview=lease.id)
        _finish(db, lease, "failed", BROKE, watch.result)
        return False
    return _finish(db, lease, "done", "", watch.result)


def _finish(db: Database, lease: leases.Lease, state: str, detail: str, result: Result | None) -> bool:
    doc = result_doc(result) if result is not None else None
    with db.write() as tx:
        return previews.finish(tx, lease, state=state, detail=detail, result=doc, now=real_now())


def _answer(db: Database, question: Question, watch: Watch) -> None:
    draft = question.draft
    with db.read() as tx:
        now = instance.load(tx).clock.now()
        rule = tried(tx, draft, replaces=question.replaces, now=now)
        look = present(db, tx, rule, visible=question.visible, now=now)
    watch.tell(_begun(rule, question))
    look.look(lambda done, of: _so_far(watch, look, done, of))
    watch.tell(replace(watch.result, now=look.told(), seconds=watch.took))
    with db.read() as tx:
        written = going(tx, look)
    watch.tell(replace(watch.result, going=written))
    if not watch.is_over and look.where:
        _past(db, look, question, watch, now)


def _so_far(watch: Watch, look: Present, done: int, of: int) -> bool:
    """Tell now and then what was found so far; whether there is time to go on."""
    if done < of and watch.took - watch.told_at > TELL_EVERY:
        watch.tell(replace(watch.result, now=look.told()))
    return _beat(watch, FIRST * done / max(of, 1))


def _begun(rule: Tried, question: Question) -> Result:
    return Result(
        name=rule.rule.name,
        type=rule.rule.type,
        looks_at=rule.looks_at,
        replaces=rule.before.version if rule.before is not None else None,
        mode=rule.before.mode if rule.before is not None else "",
        without_condition=question.without_condition,
    )


def _past(db: Database, look: Present, question: Question, watch: Watch, now: datetime) -> None:
    def tell(known: Known) -> None:
        result = replace(watch.result, past=known.past, against=known.against, early=known.early)
        if known.a_week is not None and result.going is not None:
            result = replace(result, going=replace(result.going, a_week=known.a_week))
        watch.tell(result)

    played = Play(db, look.tried, question.visible, look.where, now, question.days)
    played.play(lambda part: _beat(watch, FIRST + (1 - FIRST) * part), tell)


def _beat(watch: Watch, progress: float) -> bool:
    watch.beat(progress)
    return not watch.is_over
