"""Memberships of items in milestones, settled anew from what is known of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.services.past import Past
from app.services.stays import End, stays
from app.store import derivation
from app.store.database import Tx


def settle(
    tx: Tx, tracker_id: int, rows: Mapping[int, Mapping[str, Any]], changes: Mapping[int, Sequence[Past]]
) -> set[int]:
    """Replace the stays of these items (snapshots and changes by id); gives the milestones that this concerns."""
    above = derivation.epics_above(tx, sorted(rows))
    present = {item_id: {*row["milestone_natives"], *above.get(item_id, ())} for item_id, row in rows.items()}
    natives = {native for all_ in present.values() for native in all_}
    for all_ in changes.values():
        for change in all_:
            if change.field == "milestone":
                natives |= {native for native in (change.before, change.after) if native is not None}
    named = derivation.milestones_named(tx, tracker_id, natives)
    ends = {native: End(one.ended_at, one.heir) for native, one in named.items() if one.ended_at is not None}
    found: dict[int, list[derivation.Stay]] = {}
    for item_id, row in rows.items():
        past = changes.get(item_id, ())
        mine = stays(past, present[item_id], created_at=row["created_at"], closed_at=row["closed_at"], ends=ends)
        found[item_id] = [(named[native].id, joined, left) for native, joined, left in mine if native in named]
    return derivation.save_stays(tx, found)
