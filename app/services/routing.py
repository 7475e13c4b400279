"""Whose rows a delivery is about, on trackers whose payloads and items cross projects.

The items' own rows say where they live; a payload that tells an item's project tells of moves. What is about items
that nobody knows yet asks for a read of them, once, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.store import moves, sync
from app.store.database import Tx
from app.store.trackers import ProjectRow
from app.time import from_iso
from integrations.ports import ItemSeen, Reading

UNWATCHED = "its project is not watched"
UNKNOWN = "its item is not known yet and is read"


@dataclass(frozen=True, slots=True)
class Route:
    """Into which project's rows a reading goes; None: into none, `why` says so. `asks` are native ids that only a read
    can tell of.
    """

    project_id: int | None
    reading: Reading
    why: str = ""
    asks: tuple[str, ...] = ()


def route(
    tx: Tx, readings: Sequence[Reading], *, tracker_id: int, projects: Mapping[int, ProjectRow], now: datetime
) -> list[Route]:
    """Where each reading goes. Items that moved to another watched project are taken there first, with all that is
    known of them.
    """
    watched = {row.native_id: id_ for id_, row in projects.items() if row.tracker_id == tracker_id}
    homes = moves.homes(tx, tracker_id, {native for reading in readings for native in _natives(reading)})
    found = []
    for reading in readings:
        one = _route(reading, watched, homes)
        if one.project_id is not None:
            for item in reading.items:
                home = homes.get(item.native_id)
                if home is not None and home.project_id != one.project_id:
                    moves.rehome(tx, home.item_id, project_id=one.project_id)
                    homes[item.native_id] = replace(home, project_id=one.project_id)
        if one.asks and watched:
            sync.want_natives(tx, min(watched.values()), one.asks, reason=UNKNOWN, now=now)
        found.append(one)
    return found


def _natives(reading: Reading) -> set[str]:
    natives = {item.native_id for item in reading.items}
    natives |= {change.item for change in reading.changes if change.item is not None}
    natives |= {end for link in reading.links for end in (link.source, link.target)}
    natives |= {comment.item for comment in reading.comments}
    return natives | set(reading.needs_read)


def _route(reading: Reading, watched: Mapping[str, int], homes: Mapping[str, moves.Home]) -> Route:
    natives = sorted(_natives(reading))
    known = [homes[native] for native in natives if native in homes]
    told = watched.get(reading.project.native_id) if reading.project is not None else None
    if reading.project is None:
        asks = tuple(native for native in natives if native not in homes)
        if known:
            return Route(known[0].project_id, reading, asks=asks)
        if asks:
            return Route(None, reading, UNKNOWN, asks)
        anywhere = min(watched.values(), default=None)  # sprints belong to no project
        return Route(anywhere, reading, "" if anywhere is not None else UNWATCHED)
    home = next((homes[item.native_id] for item in reading.items if item.native_id in homes), None)
    if home is None or home.project_id == told:
        return Route(told, reading, "" if told is not None else UNWATCHED)
    item = reading.items[0]
    if _is_older(item, home):
        return Route(home.project_id, replace(reading, project=None))
    if told is not None:
        return Route(told, reading)
    gone = tuple(replace(one, moved_to=one.key) for one in reading.items)
    return Route(home.project_id, replace(reading, items=gone, project=None))


def _is_older(item: ItemSeen, home: moves.Home) -> bool:
    """Whether the item moved on after this payload was made."""
    return item.as_of is None or (home.as_of is not None and item.as_of < from_iso(home.as_of))
