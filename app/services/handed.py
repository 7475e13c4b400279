"""How an item was handed about: since when somebody is on it, and when it was opened again. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.services.past import Past, Sides
from rules.facts import Side
from rules.settings import Settings, fold


def assigned_since(changes: Sequence[Past], sides: Sides) -> datetime | None:
    """When a person last put somebody on it; None: nobody did, it stands so by default or by a machine."""
    given = (change for change in changes if change.field == "assignee" and change.after and by_a_person(change, sides))
    return max((change.at for change in given), default=None)


def reopenings(changes: Sequence[Past], sides: Sides, settings: Settings) -> list[tuple[datetime, datetime]]:
    """When people closed it and opened it again, as (closed, opened), oldest first. `changes` in order of time.

    Both by hand: what a machine closed or opened is its own affair.
    """
    found: list[tuple[datetime, datetime]] = []
    closed: Past | None = None
    for change in changes:
        if change.field != "state" or change.before is None:
            continue
        was, now = (_is_done(word, settings) for word in (change.before, change.after))
        if now and not was:
            closed = change
        elif was and not now:
            if closed is not None and by_a_person(closed, sides) and by_a_person(change, sides):
                found.append((closed.at, change.at))
            closed = None
    return found


def merged_by_other(changes: Sequence[Past], sides: Sides) -> bool | None:
    """Whether somebody but the author merged it last; None: it was not merged, or by nobody who is known. A machine
    merges on somebody's word, which is not known either.
    """
    merged = [change for change in changes if change.field == "state" and change.after == "merged"]
    if not merged or sides.author is None or not by_a_person(merged[-1], sides):
        return None
    return bool(merged[-1].actor_id != sides.author)


def _is_done(status: str | None, settings: Settings) -> bool:
    """Whether a status means done: as the project or its tracker says; "closed" does where nobody says."""
    word = fold(status or "")
    return settings.statuses.get(word, "done" if word == "closed" else None) == "done"


def by_a_person(change: Past, sides: Sides) -> bool:
    """Whether somebody is known to have made the change by hand, to this item alone."""
    return not change.bulk and change.actor_id is not None and sides.of(change.actor_id) is not Side.AUTOMATION
