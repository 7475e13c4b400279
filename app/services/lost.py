"""Webhooks that the tracker could not deliver here: asked for again, since they tell what no read can."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.store import runs, sync, trackers
from app.store.database import Database
from integrations.errors import PermanentError
from integrations.ports import History, LostDelivery

KEPT = timedelta(days=3)
"""How long GitHub keeps deliveries to ask for again."""
OVERLAP = timedelta(hours=1)
AT_ONCE = 50

NOT_OURS_TO_SEE = (
    "Failed webhooks cannot be looked for: this connection may not administer webhooks. What they told is read instead."
)

ASKED = "{asked} failed webhooks were asked for again."
SOME_REFUSED = (
    "{asked} failed webhooks were asked for again; {lost} can no longer be had. What those told is read instead."
)


def ask_again(db: Database, history: History, project: trackers.ProjectRow, row: sync.SyncRow, *, now: datetime) -> str:
    """Have failed deliveries that never came sent once more; gives what there is to say of it. Raises what `History`
    raises, but for a connection that may not see webhooks: that is a normal one.
    """
    since = max(now - KEPT, (row.lost_checked_at or now - KEPT) - OVERLAP)
    address = f"/webhooks/{project.tracker_kind}/{project.tracker_name}"
    try:
        found = history.lost_deliveries(project.key, to=address, since=since)
        with db.read() as tx:
            here = runs.known_guids(tx, project.tracker_id, [one.guid for one in found])
        missing = [one for one in found if one.guid not in here][:AT_ONCE]
        asked = sum(_asked_for(history, project.key, one) for one in missing)
    except PermanentError as error:
        if error.code == "unauthorised":
            raise
        return NOT_OURS_TO_SEE
    if asked < len(missing):
        return SOME_REFUSED.format(asked=asked, lost=len(missing) - asked)
    return ASKED.format(asked=asked) if asked else ""


def _asked_for(history: History, key: str, one: LostDelivery) -> bool:
    """Ask for one; False where the tracker does not have it any more, which is no reason to leave out the others."""
    try:
        history.redeliver(key, one.handle)
    except PermanentError as error:
        if error.code not in ("gone", "invalid"):
            raise
        return False
    return True
