"""Work that needs something from elsewhere, which is likely to come too late.

What it finds
    Open items that are blocked by something whose own milestone is likely to be done days after this is needed.

Why it matters
    Two teams can each be on their own plan and late together. The one that waits learns of it last.

How it is judged
    The day that waits for the item (its own date, or that of its milestone) is set against the likely day of the
    milestone that the blocker is in, as the other team gets work done. Two working days later, or more, is flagged. Of
    a blocker without a forecast nothing is said here. Whether the blocker's own date is too late is told by the rule
    on blocked work, which is silent where this one speaks.

What clears it
    The blocker, a later date here, an earlier one there, or another way round it.

When it is wrong
    When the blocker is done early within its milestone. Answer with the day on which it is expected.

Example
    Needed by Friday 11 December; PLAT-77 is likely on 18 December.
"""

from __future__ import annotations

from datetime import date, datetime

from rules.calendar import DAY
from rules.catalog.common import left_out, open_blockers, setting
from rules.catalog.timing import with_recheck
from rules.facts import Item, Kind, Link
from rules.spec import Params, RuleType
from rules.verdict import Reach, Said, Verdict, clear, flagged, skipped

SHOWN = 3
WEEK = 5
"""Working days: a week later is worse, a day is no news."""
FRESH_DAYS = 5
"""Working days after which a forecast says nothing any more."""


class DependencyAtRiskParams(Params):
    """How much too late."""

    days: int = setting(
        "Later than needed by",
        default=2,
        unit="working days",
        low=1,
        high=60,
        description="Flagged when the likely day is so many working days after the day it is needed by, or more.",
    )


def judge(subject: Item, params: DependencyAtRiskParams, now: datetime) -> Verdict:
    if not subject.state.is_open:
        return clear("dependency-at-risk.done", values={"on": subject.closed_at})
    if (reason := left_out(subject, but=subject.project.settings.blocked_labels)) is not None:
        return reason
    blockers = open_blockers(subject)
    if not blockers:
        return clear("dependency-at-risk.free")
    need = subject.needed_by
    if need is None:
        return skipped("dependency-at-risk.no-need")
    calendar = subject.project.calendar
    stale = {
        link.other.id: calendar.add_working_days(link.other_forecast.as_of, FRESH_DAYS)
        for link in blockers
        if link.other_forecast is not None
    }

    def look(at: datetime) -> Verdict:
        known = [link for link in blockers if link.other.id in stale and at < stale[link.other.id]]
        if not known:
            return skipped("dependency-at-risk.no-forecast")
        late = [link for link in known if _days_late(subject, link, need=need) >= params.days]
        if not late:
            return clear("dependency-at-risk.in-time", values={"need": need})
        return _flag(subject, late, need=need)

    return with_recheck(look, instants=stale.values(), now=now)


def _days_late(subject: Item, link: Link, *, need: date) -> int:
    """Working days from the day it is needed by to the likely day, that day counted."""
    calendar = subject.project.calendar
    likely = link.other_forecast.likely if link.other_forecast is not None else need
    every = (need + ahead * DAY for ahead in range(1, (likely - need).days + 1))
    return sum(calendar.is_working_day(day) for day in every)


def _flag(subject: Item, late: list[Link], *, need: date) -> Verdict:
    ranked = sorted(late, key=lambda link: (-_days_late(subject, link, need=need), link.other.key))
    told = not subject.project.public and all(subject.project.may_tell(link.other) for link in late)
    since = min(link.other_forecast.as_of for link in late if link.other_forecast is not None)
    lines = [_line(subject, link) for link in ranked]
    if len(ranked) > SHOWN:
        rest = tuple(link.other for link in ranked[SHOWN - 1 :])
        lines = [*lines[: SHOWN - 1], Said("dependency-at-risk.others", {"others": rest})]
    return flagged(
        "dependency-at-risk.late",
        values={"need": need},
        since=since,
        evidence=tuple(lines),
        helps=Said("dependency-at-risk.helps"),
        gist=f"need={need};by={','.join(str(id_) for id_ in sorted(link.other.id for link in late))}",
        reach=Reach.COMMENT if told else Reach.PAGE,
        refs=(subject.ref,),
        weight=float(max(_days_late(subject, link, need=need) for link in late) // WEEK),
    )


def _line(subject: Item, link: Link) -> Said:
    forecast = link.other_forecast
    if forecast is None or not subject.project.may_tell(link.other):
        return Said("dependency-at-risk.by-key", {"blocker": link.other})
    if forecast.horizon is not None and forecast.likely >= forecast.horizon:
        return Said("dependency-at-risk.beyond", {"blocker": link.other, "likely": forecast.horizon})
    return Said("dependency-at-risk.by", {"blocker": link.other, "likely": forecast.likely, "due": link.other_due})


TYPE = RuleType(
    name="dependency-at-risk",
    title="Dependency at risk",
    sentence="Work that waits for something which is likely to come after it is needed.",
    judges=Item,
    kinds=frozenset({Kind.ISSUE, Kind.SUBTASK, Kind.PULL_REQUEST}),
    params=DependencyAtRiskParams,
    judge=judge,
    doc=__doc__,
    uses=("forecast",),
    label="at-risk",
    label_color="f2d16b",
)
