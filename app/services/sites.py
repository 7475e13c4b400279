"""What is known of a tracker's site that no payload tells: found out when connecting and again once a day.

What a person chose stands over what was found. A custom field that is gone is said, with what it was for; nothing else
stops for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.errors import UserError
from app.store import control, subjects, trackers
from app.store.database import Database
from app.store.trackers import ConnectionRow
from integrations.ports import Client

AGAIN = timedelta(days=1)
CHOSEN = "chosen"
"""Where a site keeps what people chose: field by what it is for."""
FIELDS = {
    "points": "estimates in points",
    "sprint": "sprints",
    "epic": "epics",
    "flagged": "the flag",
}


def look(db: Database, row: ConnectionRow, client: Client, now: datetime) -> str:
    """Find out what there is to know and keep it; gives what is wrong, in words, or ""."""
    found = dict(client.survey())
    if not found:
        return ""
    with db.write() as tx:
        known = next((one for one in trackers.trackers(tx) if one.id == row.tracker_id), None)
        before: Mapping[str, Any] = known.site if known is not None else {}
        chosen = before.get(CHOSEN, {})
        fields = {**found.get("fields", {}), **chosen}
        trackers.save_site(tx, row.tracker_id, {**found, "fields": fields, CHOSEN: chosen}, now=now)
        if before.get("statuses", {}) != found.get("statuses", {}):
            subjects.add_sweep(
                tx,
                sorted({project.lane_id for project in trackers.projects(tx, tracker_id=row.tracker_id)}),
                reason="the tracker files its statuses otherwise",
                rebuild=True,
            )
    return _vanished(row.tracker_name, before.get("fields", {}), found)


def _vanished(tracker: str, before: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """The custom fields that we read from and that are there no more."""
    there = {str(field) for field in found.get("custom", ())}
    read = {what: before.get(what) or [] for what in FIELDS}
    gone = [(id_, what) for what, ids in read.items() for id_ in _ids(ids) if there and id_ not in there]
    return "; ".join(
        f"the custom field {id_}, read for {FIELDS[what]}, is gone: name the one to read instead with "
        f"`plumbline tracker field {tracker} {what} FIELD`"
        for id_, what in gone
    )


def _ids(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else value or []


def is_old(row: trackers.TrackerRow, now: datetime) -> bool:
    """Whether it is time to look again."""
    return row.surveyed_at is None or now - row.surveyed_at > AGAIN


def choose(db: Database, *, tracker: str, what: str, field: str | None, author: str, now: datetime) -> None:
    """Read something from this custom field from now on; None: from the one that is found. Raises UserError."""
    if what not in FIELDS:
        raise UserError(f"There is no field for {what!r}; there are {', '.join(FIELDS)}.")
    with db.write() as tx:
        row = trackers.tracker_by_name(tx, tracker)
        if row is None:
            raise UserError(f"There is no tracker {tracker!r}. `plumbline tracker list` names them.")
        there = [str(one) for one in row.site.get("custom", ())]
        if field is not None and there and field not in there:
            raise UserError(f"{tracker} has no custom field {field!r}; it has {', '.join(there)}.")
        chosen = {name: value for name, value in row.site.get(CHOSEN, {}).items() if name != what}
        fields = {
            name: value
            for name, value in row.site.get("fields", {}).items()
            # what was chosen stays until it is known what is found, unless it is gone
            if name != what or (field is None and set(_ids(value)) <= set(there))
        }
        if field is not None:
            chosen[what] = fields[what] = [field] if what == "points" else field
        trackers.save_site(tx, row.id, {**row.site, "fields": fields, CHOSEN: chosen}, now=now)
        control.audit(
            tx, who=author, what="custom field chosen", subject=tracker, at=now, detail={"for": what, "field": field}
        )
