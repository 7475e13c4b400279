"""What is to be known of one project beside its flags: how it keeps up, edits of many items, labels that rest, items
that went. Its page, the API and the command line all tell it from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.services import gone, syncing
from app.store import floods
from app.store import gone as store_gone
from app.store.database import Tx

EDITS_SINCE = timedelta(days=7)
GONE_SINCE, MOST_GONE = timedelta(days=30), 50


@dataclass(frozen=True, slots=True)
class Left:
    """An item that is gone: since when, and what became of it."""

    item_id: int
    key: str
    title: str
    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Digest:
    """See the module. `status` None: the tracker has no past to read."""

    status: syncing.Status | None
    edits: tuple[floods.BulkEdit, ...]
    resting: tuple[floods.Quarantined, ...]
    left: tuple[Left, ...]


def digest(tx: Tx, project_id: int, key: str, *, secured: bool, now: datetime) -> Digest:
    """The digest of a project, with `secured` items or without; `now` is world time."""
    left = store_gone.lately(tx, project_id, since=now - GONE_SINCE, limit=MOST_GONE, secured=secured)
    return Digest(
        status=syncing.status(tx, project_id, secured=secured),
        edits=tuple(floods.bulk_edits(tx, project_id, since=now - EDITS_SINCE)),
        resting=tuple(one for one in floods.quarantined(tx, now=now, secured=secured) if one.project_key == key),
        left=tuple(Left(one.item_id, one.key, one.title, one.at, gone.words(one)) for one in left),
    )
