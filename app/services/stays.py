"""An item's stays in milestones, from its milestone changes, where it is now, and how those milestones ended. Pure.

The result depends on the set of changes, not on the order in which they arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from app.services.past import Past

Stay = tuple[str, datetime | None, datetime | None]
"""(milestone native id, joined, left)."""


@dataclass(frozen=True, slots=True)
class End:
    """How a milestone ended for what was in it: a sprint that was completed leaves what is done by then in it, and of
    one that was merged into another (`heir`) everything moves there. Trackers tell neither of the items themselves.
    """

    at: datetime
    heir: str | None = None


NO_ENDS: Mapping[str, End] = MappingProxyType({})


def stays(
    changes: Sequence[Past],
    present: Iterable[str],
    *,
    created_at: datetime | None,
    closed_at: datetime | None = None,
    ends: Mapping[str, End] = NO_ENDS,
) -> list[Stay]:
    """All stays. A milestone that the snapshot shows but no change tells of was joined at creation."""
    found: list[Stay] = []
    inside: dict[str, datetime | None] = {}
    left: set[str] = set()
    moves = [change for change in changes if change.field == "milestone"]
    named = {native for change in moves for native in (change.before, change.after)}
    now = set(present)
    merged = {native: end for native, end in ends.items() if end.heir is not None}
    moves += [_merging(native, end) for native, end in merged.items()]
    for change in sorted(moves, key=lambda c: (c.at, c.after is not None, c.natural_key)):
        if change.natural_key == MERGED and not (
            change.before in inside or (change.before in now and change.before not in named)
        ):
            continue
        if change.before is not None and (change.before in inside or change.before not in left):
            joined = inside.pop(change.before, created_at)
            found.append((change.before, joined, change.at))
            left.add(change.before)
        if change.after is not None:
            inside.setdefault(change.after, change.at)
    now = {_heir(native, merged) for native in now}
    for native in now:
        inside.setdefault(native, created_at)
    for native, joined in inside.items():
        if native in now:
            end = ends.get(native)
            done = end is None or end.heir is not None or (closed_at is not None and closed_at <= end.at)
            over = not done and end is not None and (joined is None or joined < end.at)
            found.append((native, joined, end.at if over and end is not None else None))
    return sorted(found, key=lambda stay: (str(stay[1]), stay[0], str(stay[2])))


MERGED = "merged"


def _merging(native: str, end: End) -> Past:
    return Past(end.at, "milestone", None, native, end.heir, None, MERGED)


def _heir(native: str, merged: Mapping[str, End]) -> str:
    """The one that has its items now; a ring of heirs leads nowhere."""
    way = [native]
    while (end := merged.get(way[-1])) is not None and end.heir is not None and end.heir not in way:
        way.append(end.heir)
    return way[-1]
