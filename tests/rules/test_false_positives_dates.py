"""Rows of the table of false positives that forecasts and the rules on dates decide. Numbers are the table's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from rules.calendar import Calendar
from rules.catalog import milestone_at_risk, repeat_moves, repeat_slip
from rules.facts import DueSet, Member, Milestone, MilestoneKind, Planned
from rules.forecast.likely import TooEarly, forecast
from rules.forecast.manner import MANNER
from rules.forecast.throughput import Course, History, Stay
from rules.statistics import Forecast
from rules.verdict import Outcome, Verdict
from rules.wording.render import plain
from tests.rules.build import PLAIN, WEEK, at, item, member, milestone, planned, project, ref, settings

NOW = at("2026-12-01 04:00")
QUICK = replace(MANNER, trials=400)


def moves(subject: Milestone) -> Verdict:
    return repeat_moves.judge(subject, repeat_moves.RepeatMovesParams(), NOW)


def team(calendar: Calendar = PLAIN, *, every: int = 3) -> History:
    """One that finishes an item every so many days, each after twelve; of now nothing is open."""
    ends = [at("2026-06-15 10:00") + timedelta(days=every * number) for number in range(168 // every)]
    stays = tuple(
        Stay(1000 + number, 20, end - timedelta(days=12), end - timedelta(days=12), None, end)
        for number, end in enumerate(ends)
    )
    return History(calendar=calendar, stays=stays, courses=(Course(20, NOW),), known_from=at("2026-01-01"))


def told(subject: Milestone, history: History) -> Forecast:
    found = forecast(subject, {subject.project.key: history}, manner=QUICK, now=NOW)
    assert isinstance(found, Forecast)
    return found


def test_row_07_a_shutdown_is_time_in_which_nothing_gets_done() -> None:
    shut = Calendar(weekdays=WEEK.weekdays, blackouts=((date(2026, 12, 7), date(2027, 1, 8)),))
    through = told(milestone(planned(3), project=project(WEEK)), team(WEEK))
    after = told(milestone(planned(3), project=project(shut)), team(shut))
    assert after.likely >= through.likely + timedelta(weeks=3)
    assert shut.is_working_day(after.early) and shut.is_working_day(after.likely)


def test_row_10_without_a_date_a_team_is_told_why() -> None:
    flow = milestone(planned(3), due=None, start=None)
    verdict = milestone_at_risk.judge(flow, milestone_at_risk.MilestoneAtRiskParams(), NOW)
    assert (verdict.outcome, verdict.reason.code) == (Outcome.SKIPPED, "common.bucket")


def test_row_12_a_date_that_moves_by_habit_is_not_judged_by_its_moves() -> None:
    days = [date(2026, month, 28) for month in (8, 9, 10, 11, 12)]
    dues = tuple(DueSet(day, at("2026-07-01") + timedelta(days=30 * number)) for number, day in enumerate(days))
    habit = milestone(planned(3), dues=dues, due=days[-1])
    assert moves(habit).outcome is Outcome.FLAGGED
    rolling = replace(habit, project=project(settings=settings(rolling_milestones=frozenset({24}))))
    assert moves(rolling).reason.code == "common.rolling"


def test_row_14_what_one_sprint_leaves_to_the_next_is_normal_once() -> None:
    def through(count: int) -> Verdict:
        row = tuple(
            Planned(number, MilestoneKind.SPRINT, f"Sprint {number}", date(2026, 12, 4), number == count)
            for number in range(1, count + 1)
        )
        return repeat_slip.judge(item(planned=row), repeat_slip.RepeatSlipParams(), NOW)

    assert through(2).outcome is Outcome.CLEAR
    assert through(3).outcome is Outcome.FLAGGED


def test_row_18_a_date_moved_on_its_last_day_is_told() -> None:
    dues = (
        DueSet(date(2026, 11, 13), at("2026-11-01")),
        DueSet(date(2026, 11, 27), at("2026-11-10")),
        DueSet(date(2026, 12, 11), at("2026-11-27 17:00")),
    )
    subject = milestone(planned(3), dues=dues, due=date(2026, 12, 11))
    lines = [plain(said, project=subject.project) for said in moves(subject).evidence]
    assert lines == ["The last move was made on its last day"]


def test_row_40_one_team_in_five_repositories_is_forecast_as_one() -> None:
    keys = [f"acme/{name}" for name in ("shop", "api", "web", "app", "docs")]
    members: list[Member] = [
        replace(member(number), item=ref(number, of=key)) for number, key in enumerate(keys, start=1)
    ]
    subject, one = milestone(members), team()
    together = forecast(subject, dict.fromkeys(keys, one), manner=QUICK, now=NOW)
    assert isinstance(together, Forecast)
    assert (together.open_items, together.done_items) == (5, len(one.stays))


def test_row_55_a_new_team_is_told_that_it_is_too_early() -> None:
    new = replace(team(), stays=team().stays[-3:], known_from=at("2026-11-20"))
    found = forecast(milestone(planned(3)), {"acme/shop": new}, manner=QUICK, now=NOW)
    assert isinstance(found, TooEarly)
    verdict = milestone_at_risk.judge(milestone(planned(3)), milestone_at_risk.MilestoneAtRiskParams(), NOW)
    assert (verdict.outcome, verdict.reason.code) == (Outcome.SKIPPED, "milestone-at-risk.too-early")
