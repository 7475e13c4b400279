"""The time line of an item: what happened, what we did, what lies ahead, and what did not count as movement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.store.views.flags import FlagRow
from app.store.views.items import ChangeRow, ItemRow, WrittenRow
from rules.spec import Judgement

MOVES = frozenset({"push", "review", "review_comment", "comment", "worklog", "state", "draft"})
"""Fields whose change counts as movement when a person of the project makes it."""
NEAR = timedelta(minutes=10)
"""Writes this close together are told in one line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `kind`: ahead, change, flagged, cleared, written or opened; the template finds the words."""

    at: datetime
    kind: str
    change: ChangeRow | None = None
    flag: FlagRow | None = None
    judgement: Judgement | None = None
    written: tuple[WrittenRow, ...] = ()
    actor: str | None = None
    still: bool = False
    """Whether this did not count as movement."""

    @property
    def css(self) -> str:
        """The class of its mark on the line."""
        return {"ahead": "ahead", "flagged": "ours", "cleared": "ours", "written": "ours"}.get(self.kind, "")


def time_line(
    *,
    changes: Sequence[ChangeRow],
    flags: Sequence[FlagRow],
    written: Sequence[WrittenRow],
    judgements: Sequence[Judgement],
    item: ItemRow,
    now: datetime,
) -> list[Entry]:
    """All entries, newest first, what lies ahead on top."""
    entries = [
        Entry(change.at, "change", change=change, actor=change.actor, still=not moves(change)) for change in changes
    ]
    for flag in flags:
        entries.append(Entry(flag.opened_at, "flagged", flag=flag))
        if flag.closed_at is not None:
            entries.append(Entry(flag.closed_at, "cleared", flag=flag))
    entries += [Entry(batch[-1].world_at, "written", written=tuple(batch)) for batch in _batches(written)]
    if item.created_at is not None:
        entries.append(Entry(item.created_at, "opened"))
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return [*_ahead(judgements, now), *entries]


def moves(change: ChangeRow) -> bool:
    """Whether a change counts as movement, as far as the change alone can tell: automation and bulk edits never do."""
    return change.field in MOVES and not change.bulk and not change.bot


def _ahead(judgements: Sequence[Judgement], now: datetime) -> list[Entry]:
    coming = [j for j in judgements if j.verdict.recheck_at is not None and j.verdict.recheck_at > now]
    coming.sort(key=lambda j: j.verdict.recheck_at or now, reverse=True)
    return [Entry(j.verdict.recheck_at or now, "ahead", judgement=j) for j in coming]


def _batches(written: Sequence[WrittenRow]) -> list[list[WrittenRow]]:
    batches: list[list[WrittenRow]] = []
    for row in written:
        if batches and abs(batches[-1][-1].world_at - row.world_at) <= NEAR:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches
