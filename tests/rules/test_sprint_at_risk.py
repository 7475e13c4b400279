"""milestone-at-risk with a certainty: sprints are judged by what the sprints before them delivered."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from rules.catalog.milestone_at_risk import MilestoneAtRiskParams, judge
from rules.catalog.sprint_at_risk import INPUTS
from rules.facts import Milestone, MilestoneKind
from rules.risk.courses import of_facts
from rules.risk.sprints import shortfall_inputs
from rules.verdict import Outcome, Reach, Verdict
from rules.wording.render import plain
from tests.rules.build import WEEK, at, done, forecast, jira, member, outlook, planned, project, risks, sprint

END = date(2026, 12, 4)
DAYS = ("2026-11-25", "2026-11-26", "2026-11-27", "2026-11-30")
NOW = at("2026-11-30 09:00")
MICRO = timedelta(microseconds=1)
HOME = replace(jira(WEEK), risks=risks(0.7))


def seen(*chances: float, due: date | None = END, **fields: Any) -> Milestone:
    """Sprint 31, which runs from 23 November to 4 December, as expected on its days up to Monday 30 November."""
    said = tuple(outlook(on, one, due=due) for on, one in zip(DAYS[-len(chances) :], chances, strict=True))
    return sprint([*planned(7), done(8, "2026-11-24")], **({"project": HOME, "outlooks": said} | fields))


def judged(subject: Milestone, certainty: float = 0.8) -> Verdict:
    return judge(subject, MilestoneAtRiskParams(certainty=certainty), NOW)


@pytest.mark.parametrize(
    ("chances", "since"),
    [
        ((0.69,), None),
        ((0.7,), "2026-11-30"),
        ((0.7, 0.9), "2026-11-27"),
        ((0.7, 0.5), "2026-11-27"),
        ((0.7, 0.49), None),
        ((0.7, 0.49, 0.69), None),
        ((0.7, 0.49, 0.7), "2026-11-30"),
        ((0.2, 0.69, 0.2), None),
    ],
)
def test_it_opens_at_the_threshold_and_clears_below_one_half(chances: tuple[float, ...], since: str | None) -> None:
    verdict = judged(seen(*chances))
    assert verdict.since == (at(since) if since else None)
    assert verdict.outcome is (Outcome.FLAGGED if since else Outcome.CLEAR)


@pytest.mark.parametrize("where", [jira(WEEK), replace(jira(WEEK), risks=risks(None))])
def test_where_the_past_holds_no_threshold_it_says_so_and_is_silent(where: Any) -> None:
    verdict = judged(seen(0.99, project=where), 0.75)
    assert verdict.outcome is Outcome.SKIPPED
    assert plain(verdict.reason, project=where) == "The sprints before it do not say when to speak at 70 %."


def test_an_outlook_of_another_end_says_nothing_of_this_one() -> None:
    verdict = judged(seen(0.99, due=date(2026, 12, 2)))
    assert (verdict.outcome, verdict.reason.code) == (Outcome.SKIPPED, "milestone-at-risk.no-outlook")


def test_an_old_outlook_says_nothing_after_five_working_days() -> None:
    end = date(2026, 12, 31)
    subject = replace(seen(0.99, due=end), due=end)
    stale = judged(subject).recheck_at
    assert stale == at("2026-12-05")
    params = MilestoneAtRiskParams(certainty=0.8)
    assert judge(subject, params, stale - MICRO).outcome is Outcome.FLAGGED
    assert judge(subject, params, stale).reason.code == "milestone-at-risk.stale"


def test_it_ends_with_the_sprint() -> None:
    verdict = judged(seen(0.99))
    assert verdict.recheck_at == at("2026-12-05")
    after = judge(seen(0.99), MilestoneAtRiskParams(certainty=0.8), at("2026-12-05"))
    assert (after.outcome, after.reason.code) == (Outcome.CLEAR, "milestone-at-risk.passed")


def test_without_a_certainty_the_trials_speak_and_other_milestones_have_no_outlook() -> None:
    likely = (forecast("2026-11-27", 0.9, due=END), forecast("2026-11-30", 0.9, due=END))
    subject = seen(0.99, forecasts=likely)
    assert judged(subject, 0.0).reason.code == judged(subject, 0.59).reason.code == "milestone-at-risk.on-course"
    version = replace(subject, kind=MilestoneKind.VERSION)
    assert judged(version).reason.code == "milestone-at-risk.on-course"


def test_what_is_said() -> None:
    verdict = judged(seen(0.9))
    assert plain(verdict.reason, project=HOME) == (
        "Sprint 31 ends on Fri 4 Dec; it is likely to deliver less than is in it now."
    )
    assert [plain(line, project=HOME) for line in verdict.evidence] == [
        "7 items are open, 2 done",
        "3 of the 4 sprints before it delivered less than is in it now",
        "What weighs most: what is in beside what the last sprints delivered, how many items are left",
    ]
    assert verdict.reach is Reach.COMMENT


def test_on_a_public_project_it_stays_on_the_pages() -> None:
    where = replace(project(WEEK, public=True), risks=risks(0.7))
    assert judged(seen(0.9, project=where)).reach is Reach.PAGE


def test_every_input_has_a_phrase() -> None:
    course = of_facts(sprint([member(1, joined="2026-11-20")]), NOW)
    assert course is not None
    assert shortfall_inputs(course, course.looks[-1], []).keys() == INPUTS.keys()
