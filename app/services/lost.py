"""Webhooks that the tracker could not deliver here: asked for again, since they tell what no read can."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.store import runs, sync, trackers
from app.store.database import Database
from integrations.ports import History, PermanentError

KEPT = timedelta(days=3)
"""How long GitHub keeps deliveries to ask for again."""
OVERLAP = timedelta(hours=1)
AT_ONCE = 50

NOT_OURS_TO_SEE = (
    "Failed webhooks cannot be looked for: this connection may not administer webhooks. What they told is read instead."
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
        for one in missing:
            history.redeliver(project.key, one.handle)
    except PermanentError as error:
        if error.code == "unauthorised":
            raise
        return NOT_OURS_TO_SEE
    return f"{len(missing)} failed webhooks were asked for again." if missing else ""
