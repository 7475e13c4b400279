"""How far forecasts can be trusted: calibration on the newer part of recorded milestones, and the dates that slipped.

    python -m bench forecast                                a few minutes
    python -m bench forecast --picture docs/images/x.svg    also draws how often what was forecast came true

Once a week, for each recorded milestone with open work in it, trials are made with what was known on that day. Outcomes
are of the kind "done by this day", for days 5 to 250 working days ahead that lie within the record. The numbers that
the trials stand on were chosen on the older 60 % of the recorded Jiras' weeks alone; the newer 40 %, and everything of
the repository on GitHub, had no part in it.
"""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from bench.past_plans import NEVER, Past, recorded_github, recorded_jira
from bench.reliability import draw
from bench.table import ratio, table
from rules.baseline import members_at, own_right
from rules.calendar import DAY
from rules.catalog.milestone_at_risk import MilestoneAtRiskParams, judge
from rules.facts import Milestone
from rules.forecast.calibration import Kept, by_chance, interval
from rules.forecast.likely import TooEarly, done_days, forecast
from rules.forecast.manner import MANNER
from rules.forecast.throughput import History
from rules.statistics import Forecast
from rules.verdict import Outcome
from tests.support import SHARED

PAST = 0.6
AHEAD = (5, 10, 20, 40, 80, 160, 250)
STEP = 7
KEEP = 30
PLAY = replace(MANNER, trials=500)
SURE = (0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Week:
    """One forecast: of which milestone, as of when, the trials' days, and when it came true, both with what came in
    on the way (`grown`) and of what was open alone.
    """

    past: Past
    milestone: int
    when: datetime
    done: tuple[date, ...]
    done_grown: tuple[date, ...]
    ahead: tuple[date, ...]
    came: date
    came_grown: date


def main(picture: str | None = None) -> None:
    """Print calibration, the calls on dates and the speed of trials."""
    if not (SHARED / "jira").exists():
        print("forecast: skipped, there are no recorded projects beside this folder")
        return
    jira, hub = recorded_jira(), recorded_github()
    weeks = [week for past in (*jira, hub) for week in _weeks(past)]
    cuts = {"Jira": _cut(jira), hub.name: _cut([hub])}
    print(*(f"{name}: newer than {cut:%Y-%m-%d} is the test part" for name, cut in cuts.items()), sep="\n")
    parts = {
        "Jira, older 60 % (chosen on)": [w for w in weeks if w.past is not hub and w.when < cuts["Jira"]],
        "Jira, newer 40 %": [w for w in weeks if w.past is not hub and w.when >= cuts["Jira"]],
        "secp256k1, older 60 %": [w for w in weeks if w.past is hub and w.when < cuts[hub.name]],
        "secp256k1, newer 40 %": [w for w in weeks if w.past is hub and w.when >= cuts[hub.name]],
    }
    ends = {"Jira, older 60 % (chosen on)": cuts["Jira"], "secp256k1, older 60 %": cuts[hub.name]}
    kept = {
        (name, grown): [one for week in part for one in _outcomes(week, ends.get(name, week.past.ends), grown=grown)]
        for name, part in parts.items()
        for grown in (False, True)
    }
    for grown in (False, True):
        kept["test parts together", grown] = [
            *kept["Jira, newer 40 %", grown],
            *kept["secp256k1, newer 40 %", grown],
        ]
    print(_sure_table(kept), _reliability_table(kept), sep="\n\n")
    print(_dates_table(weeks, cuts["Jira"], hub), _calls_table(hub), _speed_table(hub), sep="\n\n")
    if picture is not None:
        lines = {
            "what was open": kept["test parts together", False],
            "with what came in": kept["test parts together", True],
        }
        Path(picture).write_text(draw(lines), encoding="utf-8")
        print(f"\nwrote {picture}")


def _cut(pasts: Sequence[Past]) -> datetime:
    """The day before which 60 % of the weeks of these pasts lie."""
    days = sorted(day for past in pasts for id_ in past.plans for day in past.days(id_, step=STEP))
    return days[int(PAST * len(days))]


def _weeks(past: Past) -> Iterable[Week]:
    for id_ in past.plans:
        for when in past.days(id_, step=STEP):
            milestone, history = past.milestone(id_, when), past.history(when)
            seeded = replace(PLAY, seed=id_ * 1_000_003 + when.toordinal())
            found = [
                done_days(milestone, {past.name: history}, grows=grows, manner=seeded, now=when)
                for grows in (False, True)
            ]
            if found[0] is None or found[1] is None:
                continue
            yield Week(
                past=past, milestone=id_, when=when, done=tuple(found[0]), done_grown=tuple(found[1]),
                ahead=tuple(_ahead(past, when)), came=past.done_on(id_, when, growth=False).date(),
                came_grown=past.done_on(id_, when, growth=True).date(),
            )  # fmt: skip


def _ahead(past: Past, when: datetime) -> list[date]:
    first = past.calendar.local_date(when)
    days = [day for number in range(366) if past.calendar.is_working_day(day := first + number * DAY)]
    return [days[min(number, len(days)) - 1] for number in AHEAD]


def _outcomes(week: Week, until: datetime, *, grown: bool) -> Iterable[Kept]:
    """What was forecast for each day within the record, and whether it came true."""
    done, came = (week.done_grown, week.came_grown) if grown else (week.done, week.came)
    for day in week.ahead:
        if day < until.date():
            chance = sum(one <= day for one in done) / len(done)
            yield Kept(chance=chance, came_true=came <= day, about=f"{week.past.name}/{week.milestone}")


def _sure_table(kept: dict[tuple[str, bool], list[Kept]]) -> str:
    """Outcomes forecast at 80 to 90 %: that it is done by a day, that it is not, and both."""
    rows = []
    for (name, grown), every in kept.items():
        done = [one for one in every if SURE[0] <= one.chance <= SURE[1]]
        not_done = [one.turned for one in every if SURE[0] <= 1 - one.chance <= SURE[1]]
        cells = [_share(one) for one in (done, not_done, [*done, *not_done])]
        rows.append((name, "with what came in" if grown else "what was open", *cells))
    head = ("part", "outcome", "done by the day", "not done by the day", "both (95 %, by milestone)")
    return table("Outcomes forecast at 80 to 90 %: how many came true", head, rows)


def _share(found: Sequence[Kept]) -> str:
    if not found:
        return "none"
    share = sum(one.came_true for one in found) / len(found)
    low, high = _by_milestone(found)
    about = len({one.about for one in found})
    return f"{share:.1%} of {len(found)}, {about} milestones ({low:.0%} to {high:.0%})"


def _by_milestone(found: Sequence[Kept], *, draws: int = 1000) -> tuple[float, float]:
    """A 95 % interval: outcomes of one milestone hang together, so whole milestones are drawn anew."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for one in found:
        groups[one.about].append(one.came_true)
    dice, every = random.Random(1), list(groups.values())
    shares = []
    for _ in range(draws):
        chosen = [one for _ in every for one in dice.choice(every)]
        shares.append(sum(chosen) / len(chosen))
    shares.sort()
    return shares[int(0.025 * draws)], shares[int(0.975 * draws)]


def _reliability_table(kept: dict[tuple[str, bool], list[Kept]]) -> str:
    rows = []
    for name in ("Jira, older 60 % (chosen on)", "Jira, newer 40 %", "secp256k1, newer 40 %", "test parts together"):
        for grown in (False, True):
            for one in by_chance(kept[name, grown]):
                low, high = interval(one.came_true, one.count)
                rows.append(
                    (
                        name, "with what came in" if grown else "what was open", f"{one.low:.0%} to {one.high:.0%}",
                        f"{one.forecast:.0%}", f"{one.share:.0%}", one.count, f"{low:.0%} to {high:.0%}",
                    )
                )  # fmt: skip
    head = ("part", "outcome", "forecast", "mean", "came true", "outcomes", "95 %, if apart")
    return table("How often what was forecast came true", head, rows)


def _dates_table(weeks: Sequence[Week], cut: datetime, hub: Past) -> str:
    """Dates of recorded versions: how many were called unlikely in two weeks in a row, and how many were kept."""
    rows = []
    for name, part in (
        ("Jira, older 60 % (chosen on)", [w for w in weeks if w.past is not hub and w.when < cut]),
        ("Jira, newer 40 %", [w for w in weeks if w.past is not hub and w.when >= cut]),
    ):
        counts: Counter[tuple[bool, str]] = Counter()
        for (_, id_), found in _by_plan(part).items():
            past = found[0].past
            due = past.plans[id_].dues[-1][0]
            assert due is not None
            end = past.calendar.due_end(due)
            before = [one for one in found if one.when < end <= one.when + timedelta(weeks=MANNER.horizon_weeks)]
            chances = [sum(day <= due for day in one.done_grown) / len(one.done_grown) for one in before]
            called = any(one < 0.5 and two < 0.5 for one, two in pairwise(chances))
            if before:
                counts[called, _became(past, id_, end, since=before[0].when)] += 1
        rows.append((name, *(counts[called, what] for called in (True, False) for what in ("slipped", "cut", "done"))))
    kinds = ("slipped", "kept, work taken out", "kept, all done")
    head = ("part", *(f"{called}: {what}" for called in ("called", "not called") for what in kinds))
    return table("Dates of versions that were forecast at least once before", head, rows)


def _became(past: Past, id_: int, end: datetime, *, since: datetime) -> str:
    """What became of a date: open work at its end, kept since open work was taken out, or kept with all of it done."""
    if past.open_in(id_, end):
        return "slipped"
    done = all(past.items[item].done_after(since) <= end for item in past.open_in(id_, since))
    return "done" if done else "cut"


def _by_plan(weeks: Iterable[Week]) -> dict[tuple[str, int], list[Week]]:
    found: dict[tuple[str, int], list[Week]] = defaultdict(list)
    for week in weeks:
        found[week.past.name, week.milestone].append(week)
    return found


def _calls_table(hub: Past) -> str:
    """Each date of the repository's milestones: the day it was called at risk while it stood, and what became of it."""
    rows = []
    for id_, plan in sorted(hub.plans.items()):
        flags = _flags(hub, id_)
        dated = [(due, at) for due, at in plan.dues if due is not None]
        for place, (due, at) in enumerate(dated):
            until = min(dated[place + 1][1] if place + 1 < len(dated) else NEVER, hub.calendar.due_end(due))
            if hub.calendar.due_end(due) > hub.ends:
                continue
            days = [day for day, state in flags.items() if at <= day < until and state == "flagged"]
            seen = [state for day, state in flags.items() if at <= day < until]
            left = len(hub.open_in(id_, hub.calendar.due_end(due)))
            called = f"{days[0]:%Y-%m-%d}, {(due - days[0].date()).days} days before" if days else _why(seen)
            rows.append((plan.title, due, f"{at:%Y-%m-%d}", called, "kept" if not left else f"{left} open"))
    head = ("milestone", "date", "set or seen on", "called at risk", "at the end of the day")
    return table("secp256k1: each date, and when it was called", head, rows)


def _why(states: Sequence[str]) -> str:
    return "not called" + (f" ({', '.join(sorted(set(states)))})" if states else " (no day before it)")


def _flags(hub: Past, id_: int) -> dict[datetime, str]:
    """What the rule said each morning, as the open-source pack sets it."""
    kept: list[Forecast] = []
    said: dict[datetime, str] = {}
    for when in hub.days(id_, step=1):
        milestone: Milestone = hub.milestone(id_, when)
        found = forecast(milestone, {hub.name: hub.history(when)}, manner=PLAY, now=when)
        if isinstance(found, Forecast):
            kept = [*kept, found][-KEEP:]
        verdict = judge(replace(milestone, forecasts=tuple(kept)), MilestoneAtRiskParams(), when)
        why = found.reason.code if isinstance(found, TooEarly) else verdict.reason.code
        said[when] = "flagged" if verdict.outcome is Outcome.FLAGGED else why
    return said


def _speed_table(hub: Past) -> str:
    """2,000 trials of a milestone with ten items and with a hundred, beside each other in one run."""
    when = datetime(2025, 1, 10, tzinfo=hub.ends.tzinfo)
    id_ = next(id_ for id_, plan in hub.plans.items() if plan.created < when < plan.closed and hub.open_in(id_, when))
    milestone, history = hub.milestone(id_, when), hub.history(when)
    one = next(iter(own_right(members_at(milestone, when)).values()))
    took: dict[int, list[float]] = {10: [], 100: []}
    for _ in range(5):
        for count, times in took.items():
            many = tuple(
                replace(
                    one,
                    item=replace(one.item, id=90_000 + number),
                    joined_at=when - timedelta(days=number % 60 + 1),
                    closed_at=None,
                )
                for number in range(count)
            )
            started = time.perf_counter()
            _trials(replace(milestone, members=many), history, hub.name, when)
            times.append(time.perf_counter() - started)
    few, many_ = (sorted(times)[2] for times in took.values())
    rows = [("10 items", f"{few * 1000:.0f} ms", "1.00 x"), ("100 items", f"{many_ * 1000:.0f} ms", ratio(many_, few))]
    return table("2,000 trials, median of five", ("milestone", "time", "ratio"), rows)


def _trials(milestone: Milestone, history: History, name: str, when: datetime) -> None:
    found = done_days(milestone, {name: history}, grows=True, manner=MANNER, now=when)
    assert found is not None
    assert len(found) == MANNER.trials
