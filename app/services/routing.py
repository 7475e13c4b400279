"""Whose rows a delivery is about, on trackers whose payloads and items cross projects.

The items' own rows say where they live; a payload that tells an item's project tells of moves. What is about items
that nobody knows yet asks for a read of them, once, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from app.store import moves, sync
from app.store.database import Tx
from app.store.trackers import ProjectRow
from app.time import from_iso
from integrations.readings import Field, ItemSeen, Reading

UNWATCHED = "its project is not watched"
UNKNOWN = "its item is not known yet and is read"
GONE = "its item is gone and was never known"


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
    known of them; so all readings of a batch about one item go to where it is after the last of them.
    """
    mine = {id_: row for id_, row in projects.items() if row.tracker_id == tracker_id}
    watched = {row.native_id: id_ for id_, row in mine.items()}
    kept = moves.homes(tx, tracker_id, {native for reading in readings for native in _natives(reading)})
    homes = _settled(readings, _Known(watched, {row.key: id_ for id_, row in mine.items()}, kept))
    moved = {home.item_id: homes[native].project_id for native, home in kept.items()}
    moves.rehome(
        tx, {home.item_id: moved[home.item_id] for home in kept.values() if home.project_id != moved[home.item_id]}
    )
    keys = {row.key for row in mine.values()}
    found = [_route(reading, watched, homes, keys) for reading in readings]
    asks = {native for one in found for native in one.asks}
    if asks and watched:
        sync.want_natives(tx, min(watched.values()), asks, reason=UNKNOWN, now=now)
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known before a batch: watched projects by native id and by key, and where items live."""

    watched: Mapping[str, int]
    keys: Mapping[str, int]
    homes: Mapping[str, moves.Home]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an item lives after a batch; `as_of`: as the newest word in a watched project says."""

    project_id: int
    as_of: datetime | None


def _settled(readings: Sequence[Reading], known: _Known) -> dict[str, _Place]:
    """Where every item lives once all of these readings are taken in, whatever order they come in."""
    places = {
        native: _Place(home.project_id, None if home.as_of is None else from_iso(home.as_of))
        for native, home in known.homes.items()
    }
    for reading in readings:
        if reading.project is None:
            continue
        told = known.watched.get(reading.project.native_id)
        for item in reading.items:
            place = places.get(item.native_id)
            if told is None and place is None and (left := _left(reading, item.native_id, known.keys)) is not None:
                places[item.native_id] = _Place(left, None)
            elif told is not None and (place is None or not _is_older(item, place)):
                places[item.native_id] = _Place(told, item.as_of or (place.as_of if place is not None else None))
    return places


def _left(reading: Reading, native: str, keys: Mapping[str, int]) -> int | None:
    """The watched project that an item nobody knows yet has just left for one that is not."""
    for change in reading.changes:
        if change.item == native and change.field is Field.PROJECT and change.before is not None:
            return keys.get(change.before.rpartition("-")[0])
    return None


def _natives(reading: Reading) -> set[str]:
    natives = {item.native_id for item in reading.items}
    natives |= {change.item for change in reading.changes if change.item is not None}
    natives |= {end for link in reading.links for end in (link.source, link.target)}
    natives |= {comment.item for comment in reading.comments}
    return natives | set(reading.needs_read)


def _route(reading: Reading, watched: Mapping[str, int], homes: Mapping[str, _Place], keys: Set[str]) -> Route:
    natives = sorted(_natives(reading))
    if reading.project is None:
        return _unnamed(reading, natives, watched, homes, keys)
    told = watched.get(reading.project.native_id)
    home = next((homes[item.native_id] for item in reading.items if item.native_id in homes), None)
    if home is None or home.project_id == told:
        return Route(told, reading, "" if told is not None else UNWATCHED)
    item = reading.items[0]
    if told is not None or _is_older(item, home):
        return Route(home.project_id, replace(reading, project=None))
    # It lives where nobody watches now: that it left is all there is to say of it here.
    gone = ItemSeen(item.native_id, item.key, item.number, item.kind, item.as_of, moved_to=item.key)
    changes = tuple(change for change in reading.changes if change.field is Field.PROJECT)
    return Route(home.project_id, Reading(reading.at, actor=reading.actor, items=(gone,), changes=changes))


def _unnamed(
    reading: Reading, natives: Sequence[str], watched: Mapping[str, int], homes: Mapping[str, _Place], keys: Set[str]
) -> Route:
    """A reading that names no project: its items' rows do."""
    known = [homes[native] for native in natives if native in homes]
    gone = {item.native_id for item in reading.items if item.deleted}
    asks = tuple(native for native in natives if native not in homes and native not in gone)
    stayed = [item for item in reading.items if item.moved_to and item.moved_to.rpartition("-")[0] in keys]
    if stayed:  # to another project that is watched: what is there now is to be read
        return Route(None, reading, UNKNOWN, tuple(item.native_id for item in stayed))
    if known:
        return Route(known[0].project_id, reading, asks=asks)
    if asks:
        return Route(None, reading, UNKNOWN, asks)
    if gone:
        return Route(None, reading, GONE)
    owners = {milestone.project for milestone in reading.milestones} - {None}
    if owners:  # versions belong to one
        mine = next((watched[owner] for owner in sorted(filter(None, owners)) if owner in watched), None)
        return Route(mine, reading, "" if mine is not None else UNWATCHED)
    anywhere = min(watched.values(), default=None)  # sprints belong to no project
    return Route(anywhere, reading, "" if anywhere is not None else UNWATCHED)


def _is_older(item: ItemSeen, place: _Place) -> bool:
    """Whether the item moved on after this payload was made."""
    return item.as_of is None or (place.as_of is not None and item.as_of < place.as_of)
