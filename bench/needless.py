"""Needless flags of `stalled-review`, counted on a played record.

A flag is one standing: it opened at the exact instant at which the days of its turn were over (the replay stops
there), and closed when the item moved, was closed, or had been quiet for so long that it is dormant. It was needless
where the item moved by itself within three days after the flag opened: the first recorded step that ended it, a push,
review, comment or closing. Nobody in the record knew of the flag, so every step was made by itself.

At the author's turn a label comes first and the comment later; what matters there is who is written to, so comments
are counted from the day they would have been written, over the flags that stood that long.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

import sqlalchemy as sa

from app.store import models as m
from app.time import from_iso
from bench.core import Core
from rules.packs.load import load

WITHIN = timedelta(days=3)
STEPS = ("push", "review", "review_comment", "comment", "state", "draft", "body")
TARGET = "at most 10 %"


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag: whose turn, as of when, and when the item moved and ended it (None: it did not)."""

    turn: str
    since: datetime
    opened_at: datetime
    moved_at: datetime | None
    closed_at: datetime | None

    def needless(self, at: datetime) -> bool:
        """Whether the item moved within `WITHIN` after `at`."""
        return self.moved_at is not None and self.moved_at - at <= WITHIN


@dataclass(frozen=True, slots=True)
class Share:
    """A count of flags and of the needless ones among them."""

    name: str
    flags: int
    needless: int
    target: str = ""

    @property
    def part(self) -> float:
        return self.needless / self.flags if self.flags else 0.0

    @property
    def interval(self) -> str:
        """Wilson's 95 % interval."""
        n, p, z = self.flags, self.part, 1.96
        if n == 0:
            return "-"
        middle, spread = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        low, high = (middle - spread) / (1 + z * z / n), (middle + spread) / (1 + z * z / n)
        return f"{low:.0%} to {high:.0%}"


def flags(core: Core) -> list[Flag]:
    """Every flag of `stalled-review` in the record, oldest first."""
    table, change = m.standing, m.change
    standings = core.rows(
        sa.select(table).join(m.rule).where(m.rule.c.type == "stalled-review").order_by(table.c.opened_at)
    )
    moves: dict[int, list[datetime]] = {}
    query = sa.select(change.c.item_id, change.c.at).where(change.c.field.in_(STEPS)).order_by(change.c.at)
    for row in core.rows(query):
        moves.setdefault(row.item_id, []).append(row.at)
    found = []
    for row in standings:
        turn = row.memory["said"]["reason"]["code"].removeprefix("stalled-review.")
        moved = None
        if row.closed_at is not None and row.code != "stalled-review.dormant":
            steps = (at for at in moves.get(row.subject_id, ()) if row.opened_at < at <= row.closed_at)
            moved = next(steps, row.closed_at)
        found.append(Flag(turn, from_iso(row.memory["since"]), row.opened_at, moved, row.closed_at))
    return found


def shares(found: Sequence[Flag]) -> list[Share]:
    """The share of needless flags: of all, by turn, of those that are written, and by year."""
    turns = sorted({flag.turn for flag in found})
    labelled = [flag for flag in found if flag.turn in ("author", "reviewers", "maintainers")]
    out = [_share("all flags", found, target=TARGET), *(_share(f"  {t}", _of(found, t)) for t in turns)]
    out += [_share("with a label or comment", labelled, target=TARGET), _comments(_of(found, "author"))]
    out += [_from_day(f"  had they opened on day {days}", labelled, days) for days in (18, 21, 24)]
    out.append(_from_day("merger, had they opened on day 14", _of(found, "merger"), 14))
    years = sorted({flag.opened_at.year for flag in found})
    return out + [_share(str(year), [f for f in found if f.opened_at.year == year]) for year in years]


def _comments(author: Iterable[Flag]) -> Share:
    """At the author's turn, from the day of the comment on."""
    days = next(draft.params["author_comment_days"] for draft in load("open-source") if draft.type == "stalled-review")
    return _from_day(f"comments (author's turn, from day {days})", author, days, target=TARGET)


def _from_day(name: str, found: Iterable[Flag], days: int, *, target: str = "") -> Share:
    """The flags that stood that many quiet days, as if they had opened only then."""
    wait = timedelta(days=days)
    late = [flag for flag in found if flag.closed_at is None or flag.closed_at > flag.since + wait]
    return Share(name, len(late), sum(flag.needless(flag.since + wait) for flag in late), target)


def _of(found: Iterable[Flag], turn: str) -> list[Flag]:
    return [flag for flag in found if flag.turn == turn]


def _share(name: str, found: Sequence[Flag], *, target: str = "") -> Share:
    return Share(name, len(found), sum(flag.needless(flag.opened_at) for flag in found), target)
