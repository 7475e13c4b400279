"""Asking what a rule would do, reading the answer, and calling it off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.services import bells
from app.services.previews.told import Question, Result, question_doc, question_from, result_from
from app.store import leases, previews
from app.store.database import Database
from app.store.previews import Asked
from app.store.views.scope import Visible

ASKED_ANEW = "asked anew"
CALLED_OFF = "called off"


@dataclass(frozen=True, slots=True)
class Preview:
    """A preview as its asker sees it. `state` is waiting, running, done, failed or cancelled; `detail` says why it
    failed, or by what it was cancelled.
    """

    id: int
    state: str
    progress: float
    detail: str
    question: Question
    result: Result

    @property
    def is_under_way(self) -> bool:
        return self.state in previews.UNDER_WAY


def ask(db: Database, ringer: bells.Ringer, question: Question, *, who: str, real: datetime) -> int:
    """Ask; whatever the same person has under way is called off. Gives the id. `real` is real time."""
    with db.write() as tx:
        previews.cancel(tx, who=who, detail=ASKED_ANEW)
        preview_id = previews.add(tx, who=who, question=question_doc(question), now=real)
        leases.ring(tx, "preview", preview_id, now=real)
    ringer.wake("preview", preview_id)
    return preview_id


def look(db: Database, preview_id: int, *, who: str, visible: Visible) -> Preview | None:
    """A preview that somebody asked for. None where there is none, somebody else asked, or the asker may see other
    things by now than when it was asked.
    """
    with db.read() as tx:
        row = previews.get(tx, preview_id)
    return _seen(row, who=who, visible=visible)


def _seen(row: Asked | None, *, who: str, visible: Visible) -> Preview | None:
    if row is None or row.who != who:
        return None
    try:
        question, result = question_from(row.question), result_from(row.result)
    except ValueError:  # another version of Plumbline wrote it
        return None
    asked = question.visible
    if (asked.projects, asked.secured) != (visible.projects, visible.secured):
        return None
    return Preview(row.id, row.state, row.progress, row.detail, question, result)


def call_off(db: Database, preview_id: int, *, who: str) -> bool:
    """Stop a preview of one's own; False where it was not under way."""
    with db.write() as tx:
        return previews.cancel(tx, who=who, detail=CALLED_OFF, only=preview_id) > 0
