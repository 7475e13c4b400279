"""A recording played through the whole core at the instants at which anything happens, and what was written meanwhile.

    play = Replay(core, hooks)
    play.advance(when)              # deliveries in their order, and every subject at the instant it becomes due
    play.speak(until=end)           # the same, and publishing three times a day

Time jumps from one instant to the next at which something is due, so a flag opens exactly when its rule says, and not
at the end of some day: an item that moves a few hours after its flag is seen to have had one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from bench.core import Core
from integrations.sandbox.replay import Webhook

SPAN = timedelta(hours=3)
"""Deliveries within this time are drained together, unless something becomes due between them."""
TIMES = (time(9), time(13), time(17))
"""When what is due is published, UTC."""
SETTLING = timedelta(hours=1, minutes=1)


@dataclass(frozen=True, slots=True)
class Written:
    """One write to the tracker: `what` as in the table of writes, `detail` the label's name, `because` the rules and
    reasons that were open on the item then.
    """

    at: datetime
    item: int
    what: str
    detail: str
    because: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Replay:
    """`open_items` is how many items were open at each beginning of a week."""

    core: Core
    hooks: Sequence[Webhook]
    written: list[Written] = field(default_factory=list)
    open_items: dict[datetime, int] = field(default_factory=dict)
    _place: int = 0
    _last_write: int = 0

    def all_at_once(self, until: datetime) -> None:
        """Take in everything up to an instant as one heap, judged at its end: what a first import is like."""
        start = self._place
        while self._place < len(self.hooks) and self.hooks[self._place].at <= until:
            self._place += 1
        self.core.at(until)
        self.core.stock(self.hooks[start : self._place])
        self.core.drain()

    def advance(self, until: datetime) -> None:
        """Play up to an instant, stopping wherever something becomes due."""
        core = self.core
        while True:
            due = self.next_due()
            stop = until if due is None else min(due, until)
            batch = self._take(stop)
            if batch:
                core.at(max(core.now, batch[-1].at))
                core.stock(batch)
            elif due is not None and due <= until:
                core.at(max(core.now, due))
            else:
                break
            core.drain()
            if not batch and self.next_due() == due:
                raise RuntimeError(f"what was due at {due} is still due after it was judged")
        core.at(until)

    def speak(self, *, until: datetime) -> None:
        """Play up to an instant and publish what is due, three times a day."""
        start = self.core.now
        day = start.date()
        while True:
            for at in (datetime.combine(day, hour, start.tzinfo) for hour in TIMES):
                if at > until:
                    return
                if at >= start:
                    self.advance(at)
                    self._publish()
            day += timedelta(days=1)

    def next_due(self) -> datetime | None:
        """The first instant at which a subject is to be judged, a publication to be planned or a statistic made."""
        with self.core.db.read() as tx:
            firsts = [
                tx.scalar(sa.select(sa.func.min(column)))
                for column in (
                    m.mark.c.at,
                    m.item.c.next_check_at,
                    m.milestone.c.next_check_at,
                    m.project.c.next_check_at,
                    m.project.c.refresh_at,
                )
            ]
        return min((at for at in firsts if at is not None), default=None)

    def _take(self, until: datetime) -> Sequence[Webhook]:
        """The next deliveries up to an instant, at most `SPAN` of them."""
        start = self._place
        if start == len(self.hooks) or self.hooks[start].at > until:
            return ()
        last = min(until, self.hooks[start].at + SPAN)
        while self._place < len(self.hooks) and self.hooks[self._place].at <= last:
            self._place += 1
        return self.hooks[start : self._place]

    def _publish(self) -> None:
        core = self.core
        core.publish()
        week = core.now - timedelta(days=core.now.weekday())
        week = week.replace(hour=0, minute=0)
        if week not in self.open_items:
            self.open_items[week] = core.rows(sa.select(sa.func.count()).where(m.item.c.is_open))[0][0]
        table = m.written
        query = sa.select(table).where(table.c.id > self._last_write, table.c.item_id.is_not(None)).order_by(table.c.id)
        for row in core.rows(query):
            self._last_write = row.id
            why = self._because(row.item_id) if row.kind == "comment_created" else ()
            self.written.append(Written(row.world_at, row.item_id, row.kind, row.detail, why))

    def _because(self, item_id: int) -> tuple[tuple[str, str], ...]:
        table = m.standing
        rows = self.core.rows(
            sa.select(m.rule.c.type, table.c.code)
            .join(m.rule, m.rule.c.id == table.c.rule_id)
            .where(table.c.shown_on == item_id, table.c.closed_at.is_(None), table.c.reach == "comment")
            .order_by(table.c.id)
        )
        return tuple((row.type, row.code) for row in rows)


def comments_by_day(written: Sequence[Written]) -> dict[Any, int]:
    """New comments of each day that has any."""
    days: dict[Any, int] = {}
    for one in written:
        if one.what == "comment_created":
            days[one.at.date()] = days.get(one.at.date(), 0) + 1
    return days


def comments_by_item(written: Sequence[Written]) -> dict[int, int]:
    """New comments on each item that has any."""
    items: dict[int, int] = {}
    for one in written:
        if one.what == "comment_created":
            items[one.item] = items.get(one.item, 0) + 1
    return items


def flip_flops(written: Sequence[Written], *, within: timedelta = timedelta(days=3)) -> list[tuple[int, str, datetime]]:
    """Labels that were added, removed and added again within a time: (item, label, when added again)."""
    found = []
    steps: dict[tuple[int, str], list[Written]] = {}
    for one in written:
        if one.what in ("label_added", "label_removed"):
            past = steps.setdefault((one.item, one.detail), [])
            past.append(one)
            if [step.what for step in past[-3:]] == ["label_added", "label_removed", "label_added"] and (
                one.at - past[-3].at <= within
            ):
                found.append((one.item, one.detail, one.at))
    return found
