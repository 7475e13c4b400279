"""Work that comes into a running sprint without other work going out for it.

What it finds
    Running sprints that took in more, after their planning ended, than was taken out of them.

Why it matters
    A sprint is a promise of a size. What comes in later is often right to come in; what goes out for it is then a
    decision, and not made it is made by the last day.

How it is judged
    Only for teams that ask for a swap, which is a setting of the rule: elsewhere additions are told where plans
    that grow are. Planning ends one working day after the start, or when a person made a plan. What came in is
    counted as growth is counted: not what was left over from an ended sprint or moved between running ones, what is
    part of planned work, what was done within a working day, or what joined less than a working day ago. Against it
    stands what was taken out or dropped. Where everything that came and went is sized, sizes are compared, else
    items. Where the sprint has grown so much that this is told already, that flag speaks.

What clears it
    Taking something out, calling what is in now the new plan, or the end of the sprint.

When it is wrong
    When the sprint was planned with room for what would come. Make the plan anew, or leave the swap unasked for.

Example
    Sprint 31 took in PAY-240 (3 points) on Thursday, and nothing went out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rules.baseline import QUICK_DAYS, Row, baseline_at, freezes_at, growth
from rules.catalog.common import choice, known_from, setting, unknown
from rules.catalog.timing import with_recheck
from rules.facts import Baseline, Milestone, MilestoneKind
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Severity, Verdict, clear, flagged, skipped

SHOWN = 3
"""Lines of evidence."""


class SprintInjectionParams(Params):
    """Whether a swap is asked for, and from how many items on."""

    ask_swap: bool = choice(
        "Ask for a swap",
        default=False,
        description="What comes into a running sprint is to have something go out for it; else this says nothing.",
    )
    min_items: int = setting(
        "Items", default=1, unit="items", low=1, high=1000, description="At least so many items came in."
    )


@dataclass(frozen=True, slots=True)
class Swap:
    """What came into a sprint after its planning, and what went out. `points` are the sizes of both, where all of it is
    sized.
    """

    came: tuple[Row, ...]
    went: tuple[Row, ...]
    points: tuple[float, float] | None

    @property
    def owed(self) -> float:
        """What came in without a swap: in points, or else in items."""
        if self.points is not None:
            return self.points[0] - self.points[1]
        return float(len(self.came) - len(self.went))


def judge(subject: Milestone, params: SprintInjectionParams, now: datetime) -> Verdict:
    if not params.ask_swap:
        return skipped("sprint-injection.not-asked")
    if not subject.open:
        return clear("sprint-injection.closed", values={"on": subject.closed_at})
    if (reason := unknown(subject)) is not None:
        return reason
    stored = subject.baseline
    if subject.start is None and (stored is None or stored.how != "command"):
        return skipped("sprint-injection.no-start")
    freeze = stored.as_of if stored is not None else freezes_at(subject)
    known = known_from(subject)
    if freeze is None or (stored is None and known is not None and freeze < known):
        return skipped("common.known-since", values={"known": known})

    def look(at: datetime) -> Verdict:
        if at < freeze:
            return clear("sprint-injection.not-planned-yet", values={"freezes": freeze})
        return _look(subject, params, baseline=stored or baseline_at(subject, freeze), now=at)

    joined = {m.joined_at for m in subject.members if m.joined_at is not None and m.joined_at > freeze}
    settled = [subject.project.calendar.add_working_days(at, QUICK_DAYS) for at in joined]
    return with_recheck(look, instants=(freeze, *settled), now=now)


def _look(subject: Milestone, params: SprintInjectionParams, *, baseline: Baseline, now: datetime) -> Verdict:
    grown = growth(subject, baseline=baseline, now=now)
    if not grown.planned:
        return skipped("sprint-injection.nothing-planned")
    swap = Swap(grown.added_counted, grown.removed, _points(grown.added_counted, grown.removed))
    if len(swap.came) < params.min_items or swap.owed <= 0:
        return clear("sprint-injection.even", values={"came": len(swap.came), "went": len(swap.went)})
    ids = (",".join(str(id_) for id_ in sorted(row.member.item.id for row in rows)) for rows in (swap.came, swap.went))
    return flagged(
        "sprint-injection.came",
        values={"title": subject.title, "came": len(swap.came), "went": len(swap.went)},
        since=max(row.member.joined_at for row in swap.came if row.member.joined_at is not None),
        evidence=_evidence(subject, swap),
        below=_below(subject, swap),
        helps=Said("sprint-injection.helps", {"title": subject.key}),
        gist=f"as_of={grown.as_of.isoformat()};in,out=" + ";".join(ids),
        severity=Severity.NOTE,
        reach=Reach.PAGE,
        refs=tuple(row.member.item for row in swap.came),
        weight=swap.owed,
    )


def _points(came: tuple[Row, ...], went: tuple[Row, ...]) -> tuple[float, float] | None:
    """The sizes of what came and of what went, as it was planned; None where not all of it is sized."""
    into = [size for row in came if (size := row.member.estimate) is not None]
    out = [size for row in went if (size := row.estimate_then) is not None]
    whole = len(into) == len(came) and len(out) == len(went)
    return (sum(into), sum(out)) if whole else None


def _evidence(subject: Milestone, swap: Swap) -> tuple[Said, ...]:
    """What came, the latest first."""
    rows = sorted(swap.came, key=lambda row: (str(row.member.joined_at), row.member.item.key), reverse=True)
    shown = rows if len(rows) <= SHOWN else rows[: SHOWN - 1]
    lines = [_line(subject, row) for row in shown]
    if len(shown) < len(rows):
        lines.append(Said("sprint-injection.more", {"more": len(rows) - len(shown), "url": subject.url}))
    return tuple(lines)


def _line(subject: Milestone, row: Row) -> Said:
    member = row.member
    if not subject.project.may_tell(member.item):  # neither its title nor its dates
        return Said("sprint-injection.item-elsewhere", {"ref": member.item})
    points = None if subject.project.public else member.estimate
    return Said(
        "sprint-injection.item",
        {"ref": member.item, "title": member.title, "on": member.joined_at, "points": points, "bug": member.bug},
    )


def _below(subject: Milestone, swap: Swap) -> tuple[Said, ...]:
    lines = []
    if swap.points is not None and not subject.project.public:
        lines.append(Said("sprint-injection.points", {"came": swap.points[0], "went": swap.points[1]}))
    out = tuple(row.member.item for row in swap.went if subject.project.may_name(row.member.item))
    if out:
        lines.append(Said("sprint-injection.taken-out", {"out": out}))
    return tuple(lines)


TYPE = RuleType(
    name="sprint-injection",
    title="Sprint injection",
    sentence="Running sprints that take in work without other work going out for it.",
    judges=Milestone,
    kinds=frozenset({MilestoneKind.SPRINT}),
    params=SprintInjectionParams,
    judge=judge,
    doc=__doc__,
    label="added-late",
    label_color="fef2c0",
    yields_to=("scope-creep",),
)
