"""Rows of the table of false positives that the rules on age, hours and flow decide. Numbers are the table's."""

from __future__ import annotations

from datetime import date

import pytest

from rules.calendar import Calendar
from rules.catalog import ageing_work, bottleneck, budget_burn, estimate_overrun, overload
from rules.facts import Baseline, Column, Flow, Item, Kind, LinkKind, Load, Milestone, State, Waiting
from rules.flow.present import flow_of
from rules.flow.walks import Turn, Walk
from rules.packs import load as packs
from rules.verdict import Outcome, Verdict
from tests.rules.build import (
    WEEK,
    at,
    done,
    item,
    jira,
    link,
    member,
    milestone,
    planned,
    project,
    pull,
    ref,
    settings,
    usual,
)

LATER = at("2026-12-08 12:00")
USUAL = usual()
NEW_TEAM = usual(finished=19, wip_days=19, worklog_share=None, worklog_of=19)


def age(subject: Item) -> Verdict:
    return ageing_work.judge(subject, ageing_work.AgeingWorkParams(), LATER)


def hours(subject: Item) -> Verdict:
    return estimate_overrun.judge(subject, estimate_overrun.EstimateOverrunParams(), LATER)


def burn(subject: Milestone, **params: object) -> Verdict:
    return budget_burn.judge(subject, budget_burn.BudgetBurnParams.model_validate(params), LATER)


def work(**fields: object) -> Item:
    return item(**({"project": jira(WEEK, usual=USUAL), "spent": 20.0, "hours_planned": 8.0} | fields))


def test_the_cases_here_would_be_flagged_otherwise() -> None:
    assert age(work()).outcome is hours(work()).outcome is Outcome.FLAGGED


CONTAINERS = {
    "sub-issues": work(children_total=2),
    "label": work(labels=("Tracking",)),
    "linked": work(links=tuple(link(LinkKind.IMPLEMENTS, ref(n)) for n in (2, 3, 4))),
}


@pytest.mark.parametrize("subject", CONTAINERS.values(), ids=CONTAINERS)
def test_row_01_an_umbrella_is_as_old_as_it_likes(subject: Item) -> None:
    assert age(subject).reason.code == hours(subject).reason.code == "common.container"


def test_row_07_days_off_make_nothing_old() -> None:
    shut = Calendar(weekdays=WEEK.weekdays, blackouts=((date(2026, 11, 21), date(2026, 12, 7)),))
    assert age(work(project=jira(shut, usual=USUAL))).reason.code == "ageing-work.young"


def test_row_25_what_was_dropped_is_neither_planned_nor_left_to_do() -> None:
    home = jira(usual=USUAL)
    sized = {"hours_planned": 10.0, "spent": 10.0}
    members = [*(done(n, "2026-12-01", **sized) for n in range(1, 6)), member(6, hours_planned=10.0)]
    members += [member(n, state=State.DROPPED, closed_at=at("2026-12-01"), hours_planned=10.0) for n in (7, 8, 9, 10)]
    plan = Baseline(at("2026-11-24"), "frozen", dict.fromkeys(range(1, 11), None))
    assert burn(milestone(members, project=home, baseline=plan)).reason.code == "budget-burn.level"


def test_row_27_without_estimates_there_is_no_budget_and_no_overrun() -> None:
    assert hours(work(hours_planned=None)).reason.code == "estimate-overrun.no-plan"
    unsized = milestone(planned(10, spent=30.0), project=jira(usual=USUAL))
    for unit in ("hours", "points"):
        assert burn(unsized, unit=unit).reason.code == "budget-burn.no-budget"


def test_row_28_an_edit_of_many_labels_ends_no_stay_and_begins_none() -> None:
    turns = (Turn(at("2026-12-01"), "state", "In Progress"), Turn(at("2026-12-05"), "label", "area/ui"))
    home = jira(settings=settings(statuses={"in progress": "in_progress"}))
    walk = Walk(ref=ref(1), kind=Kind.ISSUE, created_at=at("2026-11-20"), turns=turns)
    progress, _ = flow_of([walk], home, now=LATER).columns
    assert [one.since for one in progress.waiting] == [at("2026-12-01")]


def test_row_38_what_waits_for_a_customer_is_neither_old_nor_in_anybodys_way() -> None:
    statuses = {"waiting for customer": "waiting"}
    home = jira(WEEK, usual=USUAL, settings=settings(statuses=statuses))
    assert age(work(project=home, status="Waiting for customer")).reason.code == "common.waiting"
    turn = Turn(at("2026-12-01"), "state", "Waiting for customer")
    walk = Walk(ref=ref(1), kind=Kind.ISSUE, created_at=at("2026-11-20"), turns=(turn,))
    assert [column.waiting for column in flow_of([walk], home, now=LATER).columns] == [(), ()]


def test_row_45_a_status_that_was_skipped_is_begun_by_what_was_done() -> None:
    assert age(work(state=State.TODO)).reason.code == "ageing-work.not-started"
    carried = Walk(
        ref=ref(1),
        kind=Kind.ISSUE,
        created_at=at("2026-11-20"),
        pulls=(Walk(ref=ref(2), kind=Kind.PULL_REQUEST, created_at=at("2026-11-25")),),
    )
    begun = Walk(ref=ref(3), kind=Kind.ISSUE, created_at=at("2026-11-20"), started_at=at("2026-11-27"))
    progress, review = flow_of([carried, begun], project(), now=LATER).columns
    assert [one.since for one in (*progress.waiting, *review.waiting)] == [at("2026-11-27"), at("2026-11-25")]


def test_row_55_a_new_team_is_told_nothing_of_what_is_usual() -> None:
    home = jira(WEEK, usual=NEW_TEAM)
    assert age(work(project=home)).reason.code == "ageing-work.too-few"
    assert hours(work(project=home)).reason.code == "common.few-finished"
    crowd = tuple(Waiting(ref(n), at("2026-11-25")) for n in range(1, 30))
    flow = Flow(id=1, project=home, columns=(Column(State.IN_REVIEW, crowd, ((at("2026-12-05"), 29),)),))
    assert overload.judge(flow, overload.OverloadParams(), LATER).reason.code == "overload.no-limit"
    assert bottleneck.judge(flow, bottleneck.BottleneckParams(), LATER).reason.code == "bottleneck.too-few"


def test_in_public_nothing_is_said_of_hours() -> None:
    public = project(public=True, usual=USUAL)
    assert hours(work(project=public)).reason.code == "common.public-effort"
    assert burn(milestone(planned(4, spent=30.0, hours_planned=1.0), project=public)).reason.code == (
        "common.public-effort"
    )
    assert age(pull(project=public, state_since=at("2026-11-20"))).outcome is Outcome.FLAGGED


def test_persons_are_looked_at_in_no_pack() -> None:
    for name in packs.NAMES:
        (draft,) = [draft for draft in packs.load(name) if draft.type == "overload"]
        assert overload.OverloadParams.model_validate(dict(draft.params)).per_person == 0
    loads = (Load(1, (at("2026-11-01"),) * 30),)
    busy = Flow(id=1, project=jira(usual=USUAL), columns=(Column(State.IN_PROGRESS),), loads=loads)
    assert overload.judge(busy, overload.OverloadParams(), LATER).outcome is Outcome.CLEAR
