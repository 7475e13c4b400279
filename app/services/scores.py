"""How right a rule has been, from the flags of it that closed. Pure arithmetic over rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.services.pages import TOO_FEW
from app.store.views.rule_ends import ClosedFlag
from rules.calendar import Calendar, NoWorkingDay

SOON = 3
"""Working days within which what was told counts as acted on."""
NEEDLESS = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Score:
    """Of a rule's closed flags, how many were right and how many needless."""

    closed: int = 0
    right: int = 0
    needless: int = 0

    @property
    def is_told(self) -> bool:
        """Whether there are enough of them for a share."""
        return self.closed >= TOO_FEW


def scores(flags: Iterable[ClosedFlag], *, calendar: Callable[[int], Calendar], now: datetime) -> dict[int, Score]:
    """The score of each rule by its id. A flag was right where its subject then ended late, was left behind or closed
    unmerged, or was acted on within three working days of being told, unless people answered that it was wrong. It was
    needless where nothing was told and it cleared by itself within three days.
    """
    found: dict[int, Score] = {}
    for flag in flags:
        before = found.get(flag.rule_id, Score())
        found[flag.rule_id] = Score(
            closed=before.closed + 1,
            right=before.right + is_right(flag, calendar(flag.project_id), now),
            needless=before.needless + is_needless(flag),
        )
    return found


def is_right(flag: ClosedFlag, calendar: Calendar, now: datetime) -> bool:
    """Whether a flag pointed at something that went wrong, or that people then saw to."""
    if flag.wrong:
        return False
    ended = calendar.local_date(min(flag.ended_at or now, now))
    late = flag.due is not None and ended > flag.due
    return late or flag.left_behind or flag.unmerged or (flag.told and _soon(flag, calendar))


def is_needless(flag: ClosedFlag) -> bool:
    """Whether it would have cleared without us, and soon."""
    return not flag.told and flag.closed_at - flag.opened_at <= NEEDLESS


def _soon(flag: ClosedFlag, calendar: Calendar) -> bool:
    try:
        return flag.closed_at <= calendar.add_working_days(flag.opened_at, SOON)
    except NoWorkingDay:
        return False
