"""What waits to be shown in trackers, as people see to it: trying again at once, and letting rules write that ask
first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.errors import UserError
from app.services.bells import Ringer, ring
from app.services.floods import ASK_ABOVE
from app.store import control, instance, publications, standings
from app.store.database import Database, Tx
from app.store.views.scope import Visible

AGAIN = ("waiting", "sending", "refused")
"""What may be tried again: what waits for another try, and what the tracker refused."""


def retry(db: Database, ringer: Ringer, publication_id: int, *, who: str, now: datetime) -> str:
    """Try once more, now, what did not go out; gives the item's key. `now` is real time. Raises UserError where it was
    not tried, or has gone out.
    """
    with db.write() as tx:
        found = publications.get(tx, publication_id)
        _project, _number, key, _url = publications.target_of(tx, found.item_id)
        tried = found.retry_at is not None or found.attempts or found.sending_at is not None
        if found.status not in AGAIN or not (found.status == "refused" or tried):
            raise UserError(f"What {key} is to show has not been tried and refused, so there is nothing to try again.")
        values: dict[str, object] = {"retry_at": None, "attempts": 0}
        if found.status == "refused":
            values |= {"status": "waiting", "due_at": instance.load(tx).clock.at(now)}
        publications.update(tx, publication_id, **values)
        control.audit(tx, who=who, what="write tried again", subject=key, at=now, detail={"was": found.detail})
    if found.connection_id is not None:
        ring(db, ringer, "connection", [found.connection_id])
    return key


@dataclass(frozen=True, slots=True)
class Asking:
    """A rule that is live and would begin on so many items of a project at once that somebody has to look first."""

    rule: str
    title: str
    project: str
    items: int


def asking(tx: Tx, *, visible: Visible) -> tuple[Asking, ...]:
    """The rules that ask first, the most items first. One query."""
    rows = standings.floods(tx, visible=visible, above=ASK_ABOVE)
    return tuple(Asking(rule, title, project, items) for rule, title, project, items in rows)
