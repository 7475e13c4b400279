"""Flags of a past that was judged again: what stood, from when to when, and what became of its subject."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from rules.facts import Flow, Item, Milestone, Subject
from rules.spec import Rule
from rules.standing import Standing
from rules.verdict import Reach, Severity, Verdict

Key = tuple[str, int]
"""A subject: "item", "milestone" or "flow", and its id."""


def key_of(subject: Subject) -> Key:
    kinds = {Item: "item", Milestone: "milestone", Flow: "flow"}
    return kinds[type(subject)], subject.id


def due_of(subject: Subject) -> date | None:
    """The date that a subject is wanted by."""
    if isinstance(subject, Item):
        return subject.needed_by or subject.due
    return subject.due if isinstance(subject, Milestone) else None


def _home_of(subject: Subject) -> int | None:
    """The item whose comment tells of a subject: itself, or a milestone's home item."""
    if isinstance(subject, Milestone):
        return subject.home.id if subject.home is not None else None
    return subject.id if isinstance(subject, Item) else None


@dataclass(slots=True)
class Flag:
    """One flag of a run, by the name of its rule. `number` counts them in the order in which they opened.

    `severity` and `reach` are as they are now, `loudest` the furthest that it ever reached and `loud_at` since when it
    reached that. `moved_at` is the first step on the item after it opened: nobody saw the flag, so it was made by
    itself. `home` is the item whose comment would tell of it.
    """

    number: int
    rule: str
    type: str
    subject: Key
    project: str
    name: str
    title: str
    url: str
    home: int | None
    opened_at: datetime
    since: datetime
    code: str
    severity: Severity
    reach: Reach
    loudest: Reach
    loud_at: datetime
    said: Verdict
    due: date | None = None
    """The date that held when it opened."""
    mode: str = "observe"
    waits_on: int | None = None
    moved_at: datetime | None = None
    closed_at: datetime | None = None
    closed_as: str | None = None

    @classmethod
    def of(cls, rule: Rule, subject: Subject, standing: Standing, *, number: int) -> Flag:
        """The flag that a standing opened."""
        verdict = standing.said
        return cls(
            number=number,
            rule=rule.name,
            type=rule.type,
            subject=key_of(subject),
            project=subject.project.key,
            name=subject.key,
            title=subject.project.key if isinstance(subject, Flow) else subject.title,
            url=subject.project.url if isinstance(subject, Flow) else subject.url,
            home=_home_of(subject),
            opened_at=standing.opened_at,
            since=standing.since,
            code=verdict.reason.code,
            severity=verdict.severity,
            reach=verdict.reach,
            loudest=verdict.reach,
            loud_at=standing.opened_at,
            said=verdict,
            due=due_of(subject),
            mode=rule.mode,
        )

    def hear(self, verdict: Verdict, now: datetime) -> None:
        """Take in the latest verdict: how loud it is, and where it is told of."""
        self.severity, self.reach = verdict.severity, verdict.reach
        self.waits_on = verdict.waits_on.id if verdict.waits_on is not None else None
        if verdict.reach.rank > self.loudest.rank:
            self.loudest, self.loud_at = verdict.reach, now

    def see(self, item: Item) -> None:
        """Take in newer facts of its item: whether it moved."""
        if self.moved_at is not None:
            return
        moved = item.last_movement.at
        if moved > self.opened_at:
            self.moved_at = moved
        elif item.closed_at is not None and item.closed_at > self.opened_at:
            self.moved_at = item.closed_at

    def close(self, now: datetime, *, code: str) -> None:
        """It cleared, for a reason."""
        self.closed_at, self.closed_as = now, code

    @property
    def is_open(self) -> bool:
        return self.closed_at is None
