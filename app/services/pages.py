"""What several pages need beyond rows: calendars, families of rules, percentiles, the sides of a milestone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.services.projects import read_calendar
from rules.baseline import Growth, Role, baseline_at, freezes_at, growth
from rules.calendar import Calendar
from rules.catalog.registry import TYPES
from rules.facts import Baseline, Flow, Member, Milestone, Project, State, Subject
from rules.settings import Settings
from rules.spec import RuleType

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "stalled": (
        "stalled-review",
        "stalled-work",
        "red-checks",
        "ageing-work",
        "abandoned-assignment",
        "blocked-too-long",
        "waiting-for-answer",
    ),
    "scope": ("scope-creep", "scope-growth", "sprint-injection"),
    "dates": (
        "missed-milestone",
        "missed-due-date",
        "milestone-at-risk",
        "repeat-slip",
        "repeat-moves",
        "unready-milestone",
        "dependency-at-risk",
    ),
    "records": (
        "state-mismatch",
        "reopened",
        "unlinked-work",
        "unreviewed-merge",
        "missing-acceptance-criteria",
        "unestimated-work",
    ),
    "effort": ("estimate-overrun", "budget-burn"),
    "flow": ("overload", "bottleneck"),
    "own": ("custom",),
}
"""Rule types by the question they answer: does it move, does it grow, is it in time, is it well kept, what does it
cost, does the work as a whole flow; and what people ask themselves.
"""

TOO_FEW = 10
"""Below so many closed flags a share says nothing."""


def rule_types() -> Mapping[str, RuleType]:
    """Every rule type by name."""
    return {type_.name: type_ for type_ in TYPES}


def calendar_of(stored: Mapping[str, Any]) -> Calendar:
    """A calendar from its stored document; a plain one where that cannot be read: no page fails for a bad setting."""
    try:
        return read_calendar(stored)
    except (ValueError, LookupError):
        return Calendar()


def project_for_words(*, project_id: int, key: str, tracker: str, calendar: Calendar) -> Project:
    """A project with no more than sentences need: its calendar and its kind of tracker."""
    return Project(id=project_id, key=key, tracker=tracker, url="", calendar=calendar, settings=Settings())


def as_seen(subject: Subject, *, secured: bool) -> Subject:
    """A subject as a page may show it: without the items that not everybody may know of, unless for those who may."""
    if secured:
        return subject
    if isinstance(subject, Milestone):
        return replace(subject, members=tuple(member for member in subject.members if not member.item.secured))
    if isinstance(subject, Flow):
        return replace(
            subject,
            columns=tuple(
                replace(column, waiting=tuple(one for one in column.waiting if not one.item.secured))
                for column in subject.columns
            ),
        )
    return replace(subject, links=tuple(link for link in subject.links if not link.other.secured))


@dataclass(frozen=True, slots=True)
class MilestoneSides:
    """A milestone set against its plan. `grown` is None where no plan is known: without a date there is none."""

    members: tuple[Member, ...]
    baseline: Baseline | None
    grown: Growth | None

    @property
    def present(self) -> tuple[Member, ...]:
        """The members that are in now."""
        return tuple(member for member in self.members if member.left_at is None)

    @property
    def done(self) -> int:
        """How many of them are done."""
        return sum(member.state is State.DONE for member in self.present)

    @property
    def in_review(self) -> int:
        """How many of them are in review."""
        return sum(member.state is State.IN_REVIEW for member in self.present)

    @property
    def open(self) -> int:
        """How many of them are open."""
        return sum(member.state.is_open for member in self.present)


def sides(milestone: Milestone, now: datetime) -> MilestoneSides:
    """Work out what was planned and what has come of it. `now` is the world's."""
    baseline = milestone.baseline
    if baseline is None:
        freezes = freezes_at(milestone)
        baseline = baseline_at(milestone, freezes) if freezes is not None and freezes <= now else None
    grown = growth(milestone, baseline=baseline, now=now) if baseline is not None else None
    latest: dict[int, Member] = {}
    for member in milestone.members:
        known = latest.get(member.item.id)
        if known is None or (member.joined_at or member.created_at) >= (known.joined_at or known.created_at):
            latest[member.item.id] = member
    return MilestoneSides(members=tuple(latest.values()), baseline=baseline, grown=grown)


GROUPS: tuple[tuple[str, tuple[Role, ...]], ...] = (
    ("planned", (Role.PLANNED,)),
    ("added", (Role.ADDED,)),
    ("not_counted", (Role.NOT_COUNTED, Role.CARRIED_OVER, Role.TRANSFERRED)),
    ("removed", (Role.REMOVED,)),
)
"""The four groups of the scope table, in their order."""


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value within which `share` of the values lie (nearest rank); None below TOO_FEW values."""
    if len(values) < TOO_FEW:
        return None
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -(-int(share * 1000) * len(ordered) // 1000) - 1))]
