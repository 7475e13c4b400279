"""How an item was handed about: since when somebody is on it, and when it was opened again. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.services.past import Past, Sides
from rules.facts import Side


def assigned_since(changes: Sequence[Past], sides: Sides) -> datetime | None:
    """When a person last put somebody on it; None: nobody did, it stands so by default or by a machine."""
    given = (change for change in changes if change.field == "assignee" and change.after and by_a_person(change, sides))
    return max((change.at for change in given), default=None)


def by_a_person(change: Past, sides: Sides) -> bool:
    """Whether somebody is known to have made the change by hand, to this item alone."""
    return not change.bulk and change.actor_id is not None and sides.of(change.actor_id) is not Side.AUTOMATION
