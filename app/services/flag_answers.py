"""Answering flags from a page, one or many: what `/plumb` does in the tracker, by the same rules, and its taking back.

An answer is taken at once, under the lock of the lane that judges the flag, so that no verdict and no answer is lost;
the note in the tracker follows within seconds.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.services import answers, bells, projects, quiet
from app.services.memory import dump_standing, load_standing, quiet_of
from app.store import answers as kept
from app.store import control, standings, subjects
from app.store.answers import Heard
from app.store.database import Database, Tx
from app.store.standings import Kept
from app.store.views import flags
from app.store.views.flags import FlagRow
from app.store.views.scope import Visible
from rules.answers import Command
from rules.calendar import Calendar
from rules.standing import Standing, take_back

MOST = 200
"""Flags answered in one go; a page of the list has fewer."""
VERBS = ("ack", "snooze", "expect", "wrong")
BACK = "undo"
CLOSED, UNANSWERED, UNKNOWN = "closed", "unanswered", "unknown"

Change = Callable[[Standing, Calendar], Standing]


@dataclass(frozen=True, slots=True)
class Left:
    """A flag that was left as it is, and why: closed (meanwhile), unanswered (nothing to take back) or unknown."""

    id: int
    why: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What came of it: the ids of the flags that changed, and those left as they are."""

    taken: tuple[int, ...] = ()
    left: tuple[Left, ...] = ()


def give(
    db: Database,
    ringer: bells.Ringer,
    *,
    flag_ids: Iterable[int],
    visible: Visible,
    command: Command,
    who: str,
    now: datetime,
    real: datetime,
) -> Given:
    """Answer flags. `now` is world time, `real` for the audit log. Raises quiet.NoGoodDay; then nothing is changed."""

    def change(standing: Standing, calendar: Calendar) -> Standing:
        return quiet.answered(standing, command, quiet.until(command, calendar, at=now), at=now)

    said = _Said(command.verb.value, answers.dump(command), command.reason or "", change)
    return _answer(db, ringer, flag_ids, visible=visible, said=said, who=who, now=now, real=real)


def undo(
    db: Database,
    ringer: bells.Ringer,
    *,
    flag_ids: Iterable[int],
    visible: Visible,
    who: str,
    now: datetime,
    real: datetime,
) -> Given:
    """Take back what was answered to flags: they speak again."""
    said = _Said(BACK, {"verb": BACK}, "", lambda standing, _calendar: take_back(standing, now=now))
    return _answer(db, ringer, flag_ids, visible=visible, said=said, who=who, now=now, real=real)


@dataclass(frozen=True, slots=True)
class _Said:
    verb: str
    command: dict[str, Any]
    reason: str
    change: Change


def _answer(
    db: Database,
    ringer: bells.Ringer,
    flag_ids: Iterable[int],
    *,
    visible: Visible,
    said: _Said,
    who: str,
    now: datetime,
    real: datetime,
) -> Given:
    wanted = sorted(set(flag_ids))[:MOST]
    taken: list[int] = []
    left: list[Left] = []
    lanes: set[int] = set()
    with db.write() as tx:
        seen = {row.id: row for row in flags.by_id(tx, wanted, visible=visible)}
        lane_of = subjects.hold_lanes(tx, {row.project_id for row in seen.values()})
        calendars = {id_: fact.calendar for id_, fact in projects.load(tx, ids=sorted(lane_of)).facts.items()}
        known = standings.by_id(tx, seen)
        for id_ in wanted:
            row, flag = seen.get(id_), known.get(id_)
            if row is None or flag is None or row.project_id not in calendars:
                left.append(Left(id_, UNKNOWN))
                continue
            why = _unfit(flag, said)
            if why:
                left.append(Left(id_, why, row.key or row.title or row.project))
                continue
            _take(tx, row, flag, said, calendar=calendars[row.project_id], who=who, now=now, real=real)
            subjects.add_marks(tx, _marks(flag, lane_of[row.project_id], now), reason="an answer")
            taken.append(id_)
            lanes.add(lane_of[row.project_id])
    bells.ring(db, ringer, "lane", lanes)
    return Given(tuple(taken), tuple(left))


def _unfit(flag: Kept, said: _Said) -> str:
    """Why a flag cannot be answered so; empty where it can."""
    if flag.closed_at is not None:
        return CLOSED
    if said.verb == BACK and not quiet_of(load_standing(flag.memory))[0]:
        return UNANSWERED
    return ""


def _take(
    tx: Tx,
    row: FlagRow,
    flag: Kept,
    said: _Said,
    *,
    calendar: Calendar,
    who: str,
    now: datetime,
    real: datetime,
) -> None:
    after = said.change(load_standing(flag.memory), calendar)
    standings.remember(tx, {flag.id: dump_standing(after)}, quiet={flag.id: quiet_of(after)})
    heard = Heard(
        item_id=flag.shown_on,
        key=f"page:{uuid.uuid4()}",
        at=now,
        person_id=None,
        who=who,
        verb=said.verb,
        command=said.command,
    )
    answer_id = kept.give(tx, flag.project_id, heard, standing_id=flag.id, detail=said.reason, now=now)
    control.audit(
        tx,
        who=who,
        what="took an answer back" if said.verb == BACK else f"answered {said.verb}",
        subject=f"{row.project} {row.key or row.title}".rstrip(),
        at=real,
        detail={"answer": answer_id, "flag": flag.id, "rule": row.rule, "reason": said.reason},
    )


def _marks(flag: Kept, lane_id: int, now: datetime) -> list[tuple[int, str, int, datetime]]:
    """What is to be looked at again: the subject, so that whoever is told beside the tracker hears of it, and the item
    whose note tells of it.
    """
    found = [(lane_id, flag.subject_kind, flag.subject_id, now)]
    if flag.shown_on is not None and (flag.subject_kind, flag.subject_id) != ("item", flag.shown_on):
        found.append((lane_id, "plan", flag.shown_on, now))
    return found
