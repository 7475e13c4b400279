"""The time line of an item: what happened, what we did, what lies ahead, and what did not count as movement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.store.views.answers import AnswerRow
from app.store.views.flags import FlagRow
from app.store.views.items import ChangeRow, ItemRow, WrittenRow
from rules.spec import Judgement

MOVES = frozenset({"push", "review", "review_comment", "comment", "worklog", "state", "draft"})
"""Fields whose change counts as movement when a person of the project makes it."""
NEAR = timedelta(minutes=10)
"""Writes this close together are told in one line."""


AHEAD = frozenset({"ahead", "ends", "due"})
OURS = frozenset({"flagged", "cleared", "written"})


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a history that a page shows: after `since` (None: from the beginning) and up to `until` (None: what
    lies ahead too).
    """

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether an instant is in it."""
        return (self.since is None or at > self.since) and (self.until is None or at <= self.until)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `kind`: ahead, ends, due, change, flagged, cleared, answered, written or opened; the template finds the
    words.
    """

    at: datetime
    kind: str
    change: ChangeRow | None = None
    flag: FlagRow | None = None
    judgement: Judgement | None = None
    written: tuple[WrittenRow, ...] = ()
    answer: AnswerRow | None = None
    actor: str | None = None
    still: bool = False
    """Whether this did not count as movement."""

    @property
    def css(self) -> str:
        """The class of its mark on the line."""
        if self.kind in AHEAD:
            return "ahead"
        return "ours" if self.kind in OURS else ""


def time_line(
    *,
    changes: Sequence[ChangeRow],
    flags: Sequence[FlagRow],
    written: Sequence[WrittenRow],
    answers: Sequence[AnswerRow],
    judgements: Sequence[Judgement],
    item: ItemRow,
    due: datetime | None,
    window: Window,
    now: datetime,
) -> list[Entry]:
    """The entries in a window, newest first, what lies ahead on top. `due` is the end of the item's due day."""
    entries = [
        Entry(change.at, "change", change=change, actor=change.actor, still=not moves(change)) for change in changes
    ]
    ours: list[Entry] = []
    for flag in flags:
        ours.append(Entry(flag.opened_at, "flagged", flag=flag))
        if flag.closed_at is not None:
            ours.append(Entry(flag.closed_at, "cleared", flag=flag))
    ours += [Entry(batch[-1].world_at, "written", written=tuple(batch)) for batch in _batches(written)]
    ours += [Entry(answer.at, "answered", answer=answer) for answer in answers if answer.status in TAKEN]
    if item.created_at is not None:
        ours.append(Entry(item.created_at, "opened"))
    entries += [entry for entry in ours if window.holds(entry.at)]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    if window.until is not None:
        return entries
    return [*_ahead(judgements, flags, due, now), *entries]


TAKEN = ("given", "taken")


def moves(change: ChangeRow) -> bool:
    """Whether a change counts as movement, as far as the change alone can tell: automation and bulk edits never do."""
    return change.field in MOVES and not change.bulk and not change.bot


def _ahead(
    judgements: Sequence[Judgement], flags: Sequence[FlagRow], due: datetime | None, now: datetime
) -> list[Entry]:
    """What time alone will bring: rules that look again, quiet that ends, the due date; the furthest first."""
    coming = [Entry(j.verdict.recheck_at, "ahead", judgement=j) for j in judgements if j.verdict.recheck_at is not None]
    coming += [
        Entry(flag.quiet_until, "ends", flag=flag)
        for flag in flags
        if flag.is_quiet(now) and flag.quiet_until is not None
    ]
    coming += [Entry(due, "due")] if due is not None else []
    return sorted((entry for entry in coming if entry.at > now), key=lambda entry: entry.at, reverse=True)


def stirred(changes: Sequence[ChangeRow], since: datetime) -> dict[str, int]:
    """What happened since the last movement without being one: how many of each field."""
    found: dict[str, int] = {}
    for change in changes:
        if change.at > since and not moves(change):
            name = "automation" if change.bot else "bulk" if change.bulk else change.field
            found[name] = found.get(name, 0) + 1
    return found


def _batches(written: Sequence[WrittenRow]) -> list[list[WrittenRow]]:
    batches: list[list[WrittenRow]] = []
    for row in written:
        if batches and abs(batches[-1][-1].world_at - row.world_at) <= NEAR:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches
