"""Hours and points: items over their plan, and budgets that run ahead of the work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from rules.catalog import budget_burn, estimate_overrun
from rules.facts import Baseline, Item, Member, Milestone, State
from rules.verdict import Outcome, Reach, Verdict
from rules.wording.render import plain
from tests.rules.build import WEEK, at, done, item, jira, member, milestone, project, ref, usual

NOW = at("2026-12-08 12:00")
HOME = jira(WEEK, usual=usual())


def overrun(subject: Item, **params: Any) -> Verdict:
    return estimate_overrun.judge(subject, estimate_overrun.EstimateOverrunParams.model_validate(params), NOW)


def work(spent: float | None, planned: float | None = 10.0, **fields: Any) -> Item:
    return item(**({"project": HOME, "spent": spent, "hours_planned": planned} | fields))


OVERRUNS: list[tuple[str, Item, dict[str, Any], Outcome, str]] = [
    ("at the limit", work(12.0), {}, Outcome.CLEAR, "12 of 10 hours logged"),
    ("beyond it", work(12.5), {}, Outcome.FLAGGED, "12.5 hours logged of the 10 that were planned."),
    ("another limit", work(15.0), {"spent_share": 1.5}, Outcome.CLEAR, "15 of 10 hours"),
    ("done", work(99.0, state=State.DONE, closed_at=NOW), {}, Outcome.CLEAR, "closed on Tue 8 Dec"),
    ("no plan", work(9.0, None), {}, Outcome.SKIPPED, "No hours are planned"),
    ("a plan of nothing", work(9.0, 0.0), {}, Outcome.SKIPPED, "No hours are planned"),
    ("nothing logged", work(None), {}, Outcome.CLEAR, "nothing logged"),
    ("public", work(99.0, project=project(public=True, usual=usual())), {}, Outcome.SKIPPED, "everybody may read"),
    ("not counted", work(99.0, project=jira()), {}, Outcome.SKIPPED, "not counted yet"),
    (
        "few finished",
        work(99.0, project=jira(usual=usual(worklog_share=None, worklog_of=7))),
        {},
        Outcome.SKIPPED,
        "7 finished",
    ),
    ("few log", work(99.0, project=jira(usual=usual(worklog_share=0.59))), {}, Outcome.SKIPPED, "Only 59 %"),
    ("enough log", work(99.0, project=jira(usual=usual(worklog_share=0.6))), {}, Outcome.FLAGGED, "99 hours"),
    ("container", work(99.0, children_total=2), {}, Outcome.SKIPPED, "container"),
    ("gap", work(99.0, gap=True), {}, Outcome.SKIPPED, "history"),
]


@pytest.mark.parametrize(
    ("subject", "params", "outcome", "words"), [row[1:] for row in OVERRUNS], ids=[row[0] for row in OVERRUNS]
)
def test_what_is_said_of_an_items_hours(subject: Item, params: dict[str, Any], outcome: Outcome, words: str) -> None:
    verdict = overrun(subject, **params)
    assert verdict.outcome is outcome
    assert words in plain(verdict.reason, project=subject.project)


def test_it_stays_on_the_pages_and_is_worse_at_each_half_more() -> None:
    one, same, worse = (overrun(work(spent, hours_left=4.0)) for spent in (13.0, 16.9, 17.1))
    assert one.reach is Reach.PAGE
    assert one.gist == same.gist != worse.gist and (one.weight, worse.weight) == (0.0, 1.0)
    assert plain(one.evidence[0], project=HOME) == "Expected still: 4 hours"
    assert overrun(work(13.0, 8.0)).gist != one.gist  # planned anew


# --- budgets ---


def part(number: int, spent: float | None = None, planned: float | None = 10.0, **fields: Any) -> Member:
    """PAY-number, planned, with 10 hours and 3 points."""
    base = {"item": ref(number, f"PAY-{number}", of="PAY"), "estimate": 3.0, "spent": spent, "hours_planned": planned}
    return member(number, **(base | fields))


def over(number: int, spent: float | None = None, **fields: Any) -> Member:
    base = {"item": ref(number, f"PAY-{number}", of="PAY"), "estimate": 3.0, "spent": spent, "hours_planned": 10.0}
    return done(number, "2026-12-01", **(base | fields))


def release(*members: Member, planned: range = range(1, 11), **fields: Any) -> Milestone:
    plan = Baseline(at("2026-11-24"), "frozen", dict.fromkeys(planned, 3.0))
    return milestone(members, **({"project": HOME, "baseline": plan} | fields))


def burn(subject: Milestone, now: datetime = NOW, **params: Any) -> Verdict:
    return budget_burn.judge(subject, budget_burn.BudgetBurnParams.model_validate(params), now)


def ten(used: float, finished: int, **fields: Any) -> Milestone:
    """Ten items of ten hours, so many of them done, `used` hours logged on the first."""
    members = [over(n) for n in range(1, finished + 1)] + [part(n) for n in range(finished + 1, 11)]
    first = members[0]
    return release(*[m if m is not first else _with(m, used) for m in members], **fields)


def _with(one: Member, used: float) -> Member:
    make = over if one.state is State.DONE else part
    return make(one.item.id, used)


PUBLIC = project(public=True, usual=usual())
BURNS: list[tuple[str, Milestone, dict[str, Any], Outcome, str]] = [
    ("ahead", ten(70, 4), {}, Outcome.FLAGGED, "2.4 has used 70 of its 100 hours; 40 % of the plan is done and 6 items are open."),
    ("at the limit", ten(60, 4), {}, Outcome.FLAGGED, "60 of its 100 hours"),
    ("below it", ten(59, 4), {}, Outcome.CLEAR, "59 of 100 hours used, no faster"),
    ("too early", ten(29, 0), {}, Outcome.CLEAR, "29 of 100 hours used: too early"),
    ("early over", ten(30, 0), {}, Outcome.FLAGGED, "30 of its 100 hours; 0 %"),
    ("used up", ten(101, 9), {}, Outcome.FLAGGED, "2.4 has used 101 hours, more than its 100; 90 % of the plan is done and 1 item is open."),
    ("all done", ten(300, 10), {}, Outcome.CLEAR, "all of it is done"),
    ("a budget that is set", ten(60, 4), {"budget": 200}, Outcome.CLEAR, "60 of 200 hours"),
    ("a smaller one", ten(30, 4), {"budget": 40}, Outcome.FLAGGED, "30 of its 40 hours"),
    ("closed", ten(70, 4, open=False, closed_at=NOW), {}, Outcome.CLEAR, "closed on Tue 8 Dec"),
    ("public", ten(70, 4, project=PUBLIC), {}, Outcome.SKIPPED, "everybody may read"),
    ("few log", ten(70, 4, project=jira(usual=usual(worklog_share=0.2))), {}, Outcome.SKIPPED, "Only 20 %"),
    ("gap", ten(70, 4, gap=True), {}, Outcome.SKIPPED, "history"),
    ("no date", ten(70, 4, baseline=None, start=None, due=None), {}, Outcome.SKIPPED, "looks like a bucket"),
    ("empty", release(), {}, Outcome.SKIPPED, "Nothing was planned"),
    ("before the plan", ten(70, 4, baseline=None, start=None, due=None, dues=()), {"unit": "points"}, Outcome.SKIPPED, "bucket"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "params", "outcome", "words"), [row[1:] for row in BURNS], ids=[row[0] for row in BURNS]
)
def test_what_is_said_of_a_budget(subject: Milestone, params: dict[str, Any], outcome: Outcome, words: str) -> None:
    verdict = burn(subject, **params)
    assert verdict.outcome is outcome
    assert words in plain(verdict.reason, project=subject.project)


def test_without_hours_on_most_items_there_is_no_budget_unless_one_is_set() -> None:
    members = [part(n, 7.0, 10.0 if n < 8 else None) for n in range(1, 11)]
    assert burn(release(*members)).reason.code == "budget-burn.no-budget"
    assert burn(release(*members), budget=100).outcome is Outcome.FLAGGED  # by the number of items: none is done
    sized = [part(n, 7.0, 10.0 if n < 9 else None) for n in range(1, 11)]
    said = burn(release(*sized)).reason
    assert plain(said, project=HOME).startswith("2.4 has used 70 of its 100 hours; 0 %")  # two count as the median


def test_what_came_after_the_plan_and_the_items_that_ran_over_are_the_evidence() -> None:
    members = [over(1, 24.0), over(2, 11.0), *(part(n) for n in range(3, 11)), over(20, 30.0)]
    verdict = burn(release(*members))
    assert [plain(line, project=HOME) for line in verdict.evidence] == [
        "30 hours of that went into what came after the plan",
        "PAY-20: 30 of 10 hours",
        "PAY-1: 24 of 10 hours",
    ]


def test_items_of_projects_that_readers_may_not_be_told_of_are_not_named() -> None:
    hidden = part(1, 70.0, item=ref(1, "SEC-1", of="SEC"))
    assert burn(release(hidden, *(part(n) for n in range(2, 11)))).evidence == ()


def test_points_are_used_by_all_that_is_done_and_earned_by_the_plan_alone() -> None:
    members = [over(1), *(part(n) for n in range(2, 11)), *(over(n) for n in range(20, 23))]
    verdict = burn(release(*members), unit="points")
    assert plain(verdict.reason, project=HOME) == (
        "2.4 has used 12 of its 30 points; 10 % of the plan is done and 9 items are open."
    )
    assert burn(release(*members[:10]), unit="points").outcome is Outcome.CLEAR


def test_what_was_dropped_or_taken_out_is_no_part_of_the_plan_any_more() -> None:
    kept = [over(n, 10.0) for n in range(1, 6)]
    gone = [part(n, state=State.DROPPED, closed_at=at("2026-12-01")) for n in range(6, 9)]
    out = [part(9, left="2026-12-01")]
    verdict = burn(release(*kept, *gone, *out, part(10)))
    assert verdict.reason.code == "budget-burn.level"  # half of the budget, five of six done


def test_before_the_plan_is_made_nothing_is_judged() -> None:
    early = ten(70, 4, baseline=None)
    verdict = burn(early, at("2026-11-23 12:00"))
    assert (verdict.outcome, verdict.recheck_at) == (Outcome.CLEAR, at("2026-11-24"))
    assert burn(early, at("2026-11-24")).outcome is Outcome.FLAGGED
    known = ten(70, 4, baseline=None, known_from=at("2026-12-01"))
    assert burn(known).reason.code == "common.known-since"


def test_a_gap_that_has_grown_by_a_fifth_is_worse() -> None:
    one, same, worse = (burn(ten(used, 4)) for used in (62, 75, 85))
    assert one.gist == same.gist != worse.gist and (one.weight, worse.weight) == (1.0, 2.0)
    assert {one.reach, worse.reach} == {Reach.PAGE}
