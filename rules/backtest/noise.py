"""How loud a run would have been: the comments and labels that its flags come to, with the time they settle and the
hours in which people are written to. Pure.

This is arithmetic over flags, not the publisher: ceilings a day, floods that ask first and answers of people are left
out, so that it errs on the loud side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.backtest.flags import Flag
from rules.calendar import Calendar
from rules.catalog.registry import by_name
from rules.facts import Item, Subject
from rules.standing import SETTLE
from rules.verdict import Reach

Span = tuple[datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class Noise:
    """What would have been written. `open_items` is their mean number over the time, `weeks` its length."""

    comments: int
    most_in_a_day: int
    labels_on: int
    label_changes: int
    most_on_one_item: int
    flip_flops: int
    weeks: float
    open_items: float

    @property
    def comments_a_week(self) -> float:
        """New comments a week for 50 open items."""
        return self.comments / self.weeks / (self.open_items / 50) if self.weeks and self.open_items else 0.0


def noise(flags: Iterable[Flag], subjects: Sequence[Subject], *, began: datetime, ended: datetime) -> Noise:
    """The noise of flags that opened after the beginning; those that stood then are known and not written."""
    calendars = {one.project.key: one.project.calendar for one in subjects}
    spoken = [flag for flag in flags if flag.opened_at > began and flag.home is not None]
    comments: dict[int, datetime] = {}
    labels: dict[tuple[int, str], list[Span]] = {}
    for flag in spoken:
        assert flag.home is not None
        calendar = calendars[flag.project]
        if flag.loudest is Reach.COMMENT and (at := _written(flag, flag.loud_at, calendar)) is not None:
            comments[flag.home] = min(at, comments.get(flag.home, at))
        label = by_name(flag.type).label
        if label is not None and flag.loudest is not Reach.PAGE:
            at = _written(flag, flag.opened_at, calendar)
            if at is not None:
                labels.setdefault((flag.home, label), []).append((at, flag.closed_at))
    steps = {key: _steps(spans) for key, spans in labels.items()}
    weekly = Counter((item, *at.isocalendar()[:2]) for (item, _), all_ in steps.items() for at, _on in all_)
    return Noise(
        comments=len(comments),
        most_in_a_day=max(Counter(at.date() for at in comments.values()).values(), default=0),
        labels_on=sum(on for all_ in steps.values() for _, on in all_),
        label_changes=sum(map(len, steps.values())),
        most_on_one_item=max(weekly.values(), default=0),
        flip_flops=sum(_flips(all_) for all_ in steps.values()),
        weeks=(ended - began) / timedelta(days=7),
        open_items=_mean_open(subjects, began=began, ended=ended),
    )


def _written(flag: Flag, since: datetime, calendar: Calendar) -> datetime | None:
    """When a flag is written, if it stands that long."""
    at = calendar.next_open(since + SETTLE)
    return at if flag.closed_at is None or flag.closed_at > at else None


def _steps(spans: list[Span]) -> list[tuple[datetime, bool]]:
    """When a label goes on and off, of flags that share it."""
    found: list[tuple[datetime, bool]] = []
    until: datetime | None = None
    for at, ends in sorted(spans, key=lambda span: span[0]):
        if found and (until is None or at <= until):
            until = None if until is None or ends is None else max(until, ends)
            continue
        if until is not None:
            found.append((until, False))
        found.append((at, True))
        until = ends
    return [*found, (until, False)] if until is not None else found


def _flips(steps: Sequence[tuple[datetime, bool]], within: timedelta = timedelta(days=3)) -> int:
    """How often a label was put on, taken off and put on again within a short time."""
    return sum(
        steps[number][1] and steps[number + 2][0] - steps[number][0] <= within for number in range(len(steps) - 2)
    )


def _mean_open(subjects: Iterable[Subject], *, began: datetime, ended: datetime) -> float:
    """How many items were open, on average over the time."""
    span = ended - began
    if not span:
        return 0.0
    lives = [(one.created_at, one.closed_at or ended) for one in subjects if isinstance(one, Item)]
    return sum((max(min(to, ended) - max(at, began), timedelta()) for at, to in lives), timedelta()) / span
