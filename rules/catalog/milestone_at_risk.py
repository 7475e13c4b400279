"""A milestone whose date is not likely to hold.

What it finds
    Milestones, versions, sprints and epics with a date, whose open work, as the team gets work done, is more likely to
    be done after that date than by it.

Why it matters
    Weeks before a date there is a choice: less, later, or other work put off. On the day itself there is none.

How it is judged
    Once a working day, 2,000 trials draw from the team's own working days of the last 26 weeks: what was finished, of
    how much that was open, and what came in after the plan. Days off and blackout days do not count. It is flagged
    when the date held in fewer than half of the trials on two working days in a row, and cleared when it holds in more
    than 70 of 100; between the two it stays as it was. Fewer than five days on which anything was done, or less than
    eight weeks of history with fewer than 20 finished items, is too early to tell. A new date is a new question. With a
    certainty set, sprints are judged by the sprints before them instead: one is flagged where the project's own past
    says that at least such a share of the like delivers less by its end than is in it now, and cleared when that is no
    longer the likelier end. Where the past does not say that, as with fewer than six ended sprints, the rule says so
    and flags no sprint.

What clears it
    A later date, less work in it, or work that gets done faster than it did.

When it is wrong
    When the weeks ahead are not like the weeks behind: more people, or work much smaller than it looks. On public
    projects it stays on the pages, since a forecast is nothing to tell the world.

Example
    Mobile 5.2 is due on Friday 18 December; likely between 23 December and 8 January, as more comes in than goes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rules.baseline import members_at, own_right
from rules.calendar import DAY, Calendar
from rules.catalog.common import setting
from rules.catalog.sprint_at_risk import judge_outlook
from rules.catalog.timing import with_recheck
from rules.facts import Milestone, MilestoneKind
from rules.risk.speak import step_of
from rules.spec import Params, RuleType
from rules.statistics import Forecast
from rules.verdict import Reach, Said, Value, Verdict, clear, flagged, skipped

FRESH_DAYS = 5
"""Working days after which a forecast says nothing any more."""
WEEK = 7


class MilestoneAtRiskParams(Params):
    """When a date counts as unlikely to hold, and how much must be known."""

    opens_below: float = setting(
        "Flagged below",
        default=0.5,
        unit="share of the trials",
        low=0.05,
        high=0.95,
        description="The date holds in a smaller share of the trials than this.",
    )
    clears_above: float = setting(
        "Cleared above",
        default=0.7,
        unit="share of the trials",
        low=0.05,
        high=0.99,
        description="The date holds in a larger share of the trials than this.",
    )
    days: int = setting(
        "In a row",
        default=2,
        unit="working days",
        low=1,
        high=10,
        description="Days on which it must be so before it is flagged.",
    )
    least_weeks: int = setting(
        "History: weeks",
        default=8,
        unit="weeks",
        low=1,
        high=26,
        description="Less history than this, and fewer items than below, is too early to tell.",
    )
    least_done: int = setting(
        "History: finished items",
        default=20,
        unit="items",
        low=1,
        high=500,
        description="So many finished items are enough, however short the history.",
    )
    certainty: float = setting(
        "Certainty, sprints",
        default=0.0,
        unit="share",
        low=0.0,
        high=0.9,
        description="Instead of the trials, for sprints: flag where such a share delivers less than is in, going by "
        "the project's past. 60, 70, 80 or 90 %, rounded down; below 60 %: by the trials.",
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What the forecasts came to: the one at which the date became unlikely (None: it is not), and the one before
    that at which it came back.
    """

    opened: Forecast | None = None
    back: Forecast | None = None
    before: Forecast | None = None


def judge(subject: Milestone, params: MilestoneAtRiskParams, now: datetime) -> Verdict:
    settings, due = subject.project.settings, subject.due
    if subject.gap:
        return skipped("common.gap")
    if subject.number is not None and subject.number in settings.rolling_milestones:
        return skipped("common.rolling")
    if not subject.open:
        return clear("milestone-at-risk.closed", values={"on": subject.closed_at})
    if due is None:
        return skipped("common.bucket")
    if not any(member.state.is_open for member in own_right(members_at(subject, now)).values()):
        return clear("milestone-at-risk.done")
    calendar = subject.project.calendar
    passed = calendar.due_end(due)
    precision = step_of(params.certainty) if subject.kind is MilestoneKind.SPRINT else None
    if precision is not None:
        return judge_outlook(subject, due=due, passed=passed, fresh_days=FRESH_DAYS, precision=precision, now=now)
    known = subject.forecasts
    mine = [one for one in known if one.due in (None, due) and one.chance is not None]
    stale = calendar.add_working_days(mine[-1].as_of, FRESH_DAYS) if mine else None

    def look(at: datetime) -> Verdict:
        if at >= passed:
            return clear("milestone-at-risk.passed", values={"due": due})
        if not mine or stale is None:
            return _nothing_known(known, due)
        if at >= stale:
            return skipped("milestone-at-risk.stale", values={"on": mine[-1].as_of})
        if not _enough(mine[-1], params):
            values: dict[str, Value] = {"weeks": int(mine[-1].weeks), "done": mine[-1].done_items}
            return skipped("milestone-at-risk.little", values=values)
        told = _fold(mine, params, calendar=calendar)
        if told.opened is not None:
            return _flag(subject, mine[-1], due=due, since=told.opened.as_of)
        return _on_course(told, mine[-1])

    return with_recheck(look, instants=(passed, stale), now=now)


def _nothing_known(forecasts: Sequence[Forecast], due: date) -> Verdict:
    """Why no forecast says anything of this date."""
    if not forecasts:
        return skipped("milestone-at-risk.too-early")
    if forecasts[-1].due == due:
        return skipped("milestone-at-risk.too-far")
    return skipped("milestone-at-risk.moved")


def _enough(one: Forecast, params: MilestoneAtRiskParams) -> bool:
    return one.weeks >= params.least_weeks or one.done_items >= params.least_done


def _fold(forecasts: Iterable[Forecast], params: MilestoneAtRiskParams, *, calendar: Calendar) -> Told:
    """What holds after all forecasts: between the two bounds it is what it was."""
    told, run, last = Told(), 0, None
    for one in forecasts:
        if not _enough(one, params) or one.chance is None:
            run, last = 0, None
            continue
        day = calendar.local_date(one.as_of)
        low = one.chance < params.opens_below
        in_a_row = last is not None and _next_to(last, day, calendar=calendar)
        run = (run + 1 if in_a_row else 1) if low else 0
        last = day
        if told.opened is None and run >= params.days:
            told = Told(opened=one, before=one)
        elif told.opened is not None and one.chance > params.clears_above:
            told = Told(back=one, before=told.before)
    return told


def _next_to(before: date, day: date, *, calendar: Calendar) -> bool:
    """Whether no working day lies between two days."""
    return day > before and calendar.next_working_day(before + DAY) >= day


def _flag(subject: Milestone, latest: Forecast, *, due: date, since: datetime) -> Verdict:
    calendar = subject.project.calendar
    late = max((latest.likely - calendar.next_working_day(due)).days, 0)
    return flagged(
        "milestone-at-risk.unlikely",
        values={"title": subject.title, "due": due, "range": (likely_range(latest),)},
        since=since,
        evidence=what_drives(latest),
        helps=Said("milestone-at-risk.helps"),
        gist=f"due={due};driver={latest.driver}",
        reach=Reach.PAGE if subject.project.public else Reach.COMMENT,
        weight=float(late // WEEK),
    )


def likely_range(one: Forecast) -> Said:
    """The days between which it is likely to be done, as far as can be seen."""
    if one.horizon is not None and one.early >= one.horizon:
        return Said("milestone-at-risk.beyond", {"horizon": one.horizon})
    if one.horizon is not None and one.late >= one.horizon:
        return Said("milestone-at-risk.from", {"early": one.early})
    if one.early == one.late:
        return Said("milestone-at-risk.on", {"early": one.early})
    return Said("milestone-at-risk.between", {"early": one.early, "late": one.late})


def what_drives(one: Forecast) -> tuple[Said, ...]:
    """What is left and how fast it went, what drives it, and what would bring it back."""
    lines = [Said("milestone-at-risk.left", {"open": one.open_items, "done": one.done_items, "weeks": int(one.weeks)})]
    if one.driver == "growth":
        lines.append(Said("milestone-at-risk.growth", {"more": max(round(one.growth), 1)}))
    elif one.driver == "waiting":
        lines.append(Said("milestone-at-risk.waiting", {"waiting": one.waiting}))
    elif one.driver == "pace":
        lines.append(Said("milestone-at-risk.pace"))
    if one.items_out is not None or one.safe is not None:
        lines.append(Said("milestone-at-risk.back-by", {"out": one.items_out, "safe": one.safe}))
    return tuple(lines)


def _on_course(told: Told, latest: Forecast) -> Verdict:
    """Nothing to flag; where it was, by what it came back."""
    if told.back is None or told.before is None:
        return clear("milestone-at-risk.on-course", values={"range": (likely_range(latest),)})
    fewer = latest.open_items < told.before.open_items
    return clear("milestone-at-risk.back", values={"range": (likely_range(latest),), "fewer": fewer})


TYPE = RuleType(
    name="milestone-at-risk",
    title="Milestone at risk",
    sentence="Milestones whose date is not likely to hold, when they are likely to be done, and what drives it.",
    judges=Milestone,
    params=MilestoneAtRiskParams,
    judge=judge,
    doc=__doc__,
    uses=("forecast", "outlook"),
    label="at-risk",
    label_color="f2d16b",
    yields_to=("missed-milestone",),
)
