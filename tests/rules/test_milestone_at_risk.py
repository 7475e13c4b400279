"""When a date is called unlikely, when it is called back, and what is said: the bounds, the two days, the words."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.catalog.milestone_at_risk import MilestoneAtRiskParams, judge
from rules.engine import judge as judge_all
from rules.engine import prepare
from rules.facts import Milestone
from rules.spec import Rule
from rules.verdict import Outcome, Reach, Verdict
from rules.wording.note import all_clear
from rules.wording.render import plain
from tests.rules.build import (
    WEEK,
    at,
    done,
    forecast,
    jira,
    markdown,
    milestone,
    planned,
    project,
)
from tests.rules.build import (
    settings as set_,
)

DUE = date(2026, 12, 18)
NOW = at("2026-12-04 09:00")
HOME = jira(WEEK)


DAYS = [*(f"2026-11-{day}" for day in (19, 20, 23, 24, 25, 26, 27, 30)), *(f"2026-12-0{day}" for day in (1, 2, 3, 4))]


def risky(*chances: float, due: date | None = DUE, **fields: Any) -> Milestone:
    """Mobile 5.2, forecast on the working days up to Friday 4 December."""
    days = DAYS[len(DAYS) - len(chances) :]
    said = tuple(forecast(on, chance, due=due) for on, chance in zip(days, chances, strict=True))
    base: dict[str, Any] = {"project": HOME, "title": "Mobile 5.2", "due": due, "forecasts": said}
    return milestone(planned(9), **(base | fields))


def judged(subject: Milestone, *, now: datetime = NOW, **params: object) -> Verdict:
    return judge(subject, MilestoneAtRiskParams.model_validate(params), now)


def flagged(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.FLAGGED


@pytest.mark.parametrize(
    ("chances", "expected"),
    [
        ((0.5, 0.5), False),
        ((0.49, 0.5), False),
        ((0.5, 0.49), False),
        ((0.49, 0.49), True),
        ((0.49, 0.6, 0.49), False),
        ((0.4, 0.4, 0.7), True),
        ((0.4, 0.4, 0.71), False),
        ((0.4, 0.4, 0.6, 0.6), True),
        ((0.9, 0.6, 0.6), False),
        ((0.4, 0.4, 0.71, 0.6), False),
        ((0.4, 0.4, 0.71, 0.4), False),
        ((0.4, 0.4, 0.71, 0.4, 0.4), True),
    ],
)
def test_it_opens_below_half_on_two_days_and_clears_above_seven_tenths(
    chances: tuple[float, ...], expected: bool
) -> None:
    assert flagged(judged(risky(*chances))) is expected


def test_two_days_with_a_working_day_between_them_are_not_in_a_row() -> None:
    apart = risky(forecasts=(forecast("2026-12-02", 0.2), forecast("2026-12-04", 0.2)))
    assert not flagged(judged(apart))
    over_a_weekend = risky(forecasts=(forecast("2026-11-27", 0.2), forecast("2026-11-30", 0.2)))
    assert flagged(judged(over_a_weekend, now=at("2026-11-30 09:00")))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
@settings(max_examples=200, deadline=None)
def test_it_never_opens_on_one_day_nor_clears_between_the_bounds(chances: list[float]) -> None:
    verdict = judged(risky(*chances))
    if chances[-1] >= 0.5 and all(chance >= 0.5 for chance in chances):
        assert not flagged(verdict)
    if chances[-1] > 0.7:
        assert not flagged(verdict)
    if len(chances) > 1 and max(chances[-2:]) < 0.5:
        assert flagged(verdict)
    elif len(chances) > 1 and 0.5 <= chances[-1] <= 0.7:
        assert flagged(verdict) == flagged(judged(risky(*chances[:-1])))


def test_what_is_said() -> None:
    late = {"driver": "growth", "growth": 6.4, "items_out": 4, "safe": date(2027, 1, 8)}
    subject = risky(forecasts=(forecast("2026-12-03", 0.3, **late), forecast("2026-12-04", 0.3, **late)))
    verdict = judged(subject)
    assert (
        plain(verdict.reason, project=HOME)
        == "Mobile 5.2 is due on Fri 18 Dec; it is more likely to be done between 16 Dec and 8 Jan."
    )
    assert [plain(said, project=HOME) for said in verdict.evidence] == [
        "9 items are open; 30 were done in the last 26 weeks",
        "What comes in weighs most: about 6 more until then, as things go",
        "Without 4 of them the date would be likely to hold; a date that would hold is Fri 8 Jan",
    ]
    assert verdict.since == at("2026-12-04 04:00")


@pytest.mark.parametrize(
    ("driver", "line"),
    [
        ("waiting", "What waits weighs most: 2 items wait for something"),
        ("pace", "The pace weighs most: neither what comes in nor what waits makes the difference"),
    ],
)
def test_what_drives_it_is_named(driver: str, line: str) -> None:
    subject = risky(
        forecasts=tuple(forecast(f"2026-12-0{day}", 0.3, driver=driver, waiting=2, safe=DUE) for day in (3, 4))
    )
    lines = [plain(said, project=HOME) for said in judged(subject).evidence]
    assert lines[1:] == [line, "a date that would hold is Fri 18 Dec"]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ({"early": date(2026, 12, 21), "late": date(2026, 12, 21)}, "on 21 Dec"),
        ({"late": date(2027, 11, 26)}, "from 16 Dec on, with no end in sight"),
        ({"early": date(2027, 11, 26), "late": date(2027, 11, 26)}, "after 26 Nov, as far as can be seen"),
    ],
)
def test_a_range_is_told_as_far_as_it_can_be_seen(days: dict[str, date], words: str) -> None:
    subject = risky(forecasts=tuple(forecast(f"2026-12-0{day}", 0.1, **days) for day in (3, 4)))
    assert plain(judged(subject).reason, project=HOME).endswith(f"done {words}.")


def test_that_it_is_back_on_course_says_by_what_and_the_last_line_tells_it() -> None:
    at_risk = risky(0.3, 0.3)
    back = risky(forecasts=(*at_risk.forecasts, forecast("2026-12-05", 0.9, open_items=5)))
    verdict = judged(back, now=at("2026-12-05 09:00"))
    assert verdict.outcome is Outcome.CLEAR
    said = all_clear(judged(at_risk), now=verdict, project=HOME, since=at("2026-12-05 09:00"))
    told = "back on course with less in it: likely between 16 Dec and 8 Jan 2027."
    (section,) = said.sections
    assert markdown(section.headline) == f"All clear since Sat 5 Dec: {told} (Was likely to be late.)"


def test_on_public_projects_a_forecast_stays_on_the_pages() -> None:
    assert judged(risky(0.3, 0.3)).reach is Reach.COMMENT
    assert judged(risky(0.3, 0.3, project=project(WEEK, public=True))).reach is Reach.PAGE


def test_the_gist_holds_while_only_the_days_drift() -> None:
    one = judged(risky(0.3, 0.3))
    two = judged(risky(0.3, 0.3, 0.25))
    assert one.gist == two.gist
    assert one.gist != judged(risky(0.3, 0.3, due=date(2026, 12, 17))).gist


def test_after_the_date_the_rule_on_missed_dates_speaks() -> None:
    before, passed = judged(risky(0.3, 0.3, due=date(2026, 12, 4))), at("2026-12-05")
    assert flagged(before) and before.recheck_at == passed
    assert judged(risky(0.3, 0.3, due=date(2026, 12, 4)), now=passed).reason.code == "milestone-at-risk.passed"
    made = [prepare(Rule(id=n, version=1, name=t, type=t)) for n, t in enumerate(("milestone-at-risk", "repeat-moves"))]
    assert all(one.verdict.outcome is not Outcome.ERROR for one in judge_all(made, risky(0.3, 0.3), NOW))


def test_a_new_date_is_a_new_question() -> None:
    moved = risky(0.3, 0.3)
    moved = risky(forecasts=moved.forecasts, due=date(2027, 1, 15))
    assert judged(moved).reason.code == "milestone-at-risk.moved"


def test_what_is_not_known_is_skipped() -> None:
    little = tuple(forecast(f"2026-12-0{day}", 0.1, weeks=7.9, done_items=19) for day in (3, 4))
    enough = tuple(forecast(f"2026-12-0{day}", 0.1, weeks=7.9, done_items=20) for day in (3, 4))
    cases = {
        "milestone-at-risk.too-early": risky(forecasts=()),
        "milestone-at-risk.little": risky(forecasts=little),
        "milestone-at-risk.too-far": risky(forecasts=(forecast("2026-12-04", None, due=DUE),)),
        "common.bucket": risky(0.3, 0.3, due=None),
        "common.gap": risky(0.3, 0.3, gap=True),
        "common.rolling": risky(
            0.3, 0.3, project=jira(WEEK, settings=set_(rolling_milestones=frozenset({24}))), number=24
        ),
    }
    for code, subject in cases.items():
        verdict = judged(subject)
        assert (verdict.outcome, verdict.reason.code) == (Outcome.SKIPPED, code)
    assert flagged(judged(risky(forecasts=enough)))


def test_an_old_forecast_says_nothing_any_more() -> None:
    verdict = judged(risky(0.3, 0.3))
    assert verdict.recheck_at == WEEK.add_working_days(at("2026-12-04 04:00"), 5)
    later = judged(risky(0.3, 0.3), now=verdict.recheck_at)
    assert (later.outcome, later.reason.code) == (Outcome.SKIPPED, "milestone-at-risk.stale")


def test_nothing_is_at_risk_where_everything_is_done() -> None:
    over = milestone([done(1, "2026-11-30")], forecasts=risky(0.3, 0.3).forecasts, due=DUE)
    assert judged(over).reason.code == "milestone-at-risk.done"
    assert judged(risky(0.3, 0.3, open=False, closed_at=NOW)).reason.code == "milestone-at-risk.closed"
