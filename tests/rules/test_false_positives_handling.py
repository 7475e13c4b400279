"""Rows of the table of false positives that the rules about handling work decide: checks, answers, assignments, sprints,
merges, readiness. Numbers are the table's.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from rules.calendar import Calendar
from rules.catalog.registry import by_name
from rules.facts import Checks, Item, LinkKind, Milestone, Review, Side, Size, Sprint, State
from rules.verdict import Outcome, Reach, Verdict
from tests.rules.build import (
    ADA,
    BOT,
    WEEK,
    at,
    done,
    item,
    jira,
    link,
    member,
    planned,
    project,
    pull,
    ref,
    settings,
    step,
)
from tests.rules.build import sprint as running

NOW = at("2026-12-01 12:00")
ASKED = step("comment", "2026-11-24 10:00", side=Side.REVIEWER)
HOME = project(WEEK, settings=settings(reviews_required=True))
SPRINT = Sprint("Sprint 31", date(2026, 12, 4), None, date(2026, 11, 23), 0.9)
TEN = planned(10, joined="2026-11-22", estimate=3.0)


def judged(name: str, subject: Item | Milestone, *, now: datetime = NOW, **params: object) -> Verdict:
    type_ = by_name(name)
    return type_.judge(subject, type_.params.model_validate(params), now)


def red(**fields: Any) -> Item:
    return pull(**({"project": HOME, "checks": Checks.RED, "red_since": at("2026-11-24 10:00")} | fields))


def asked(**fields: Any) -> Item:
    return item(**({"project": HOME, "question": ASKED} | fields))


def given(**fields: Any) -> Item:
    base = {
        "project": HOME, "state": State.TODO, "assignees": (ADA,), "assigned_since": at("2026-11-23"),
        "needed_by": date(2026, 12, 11), "moved": "2026-11-20",
    }  # fmt: skip
    return item(**(base | fields))


def merged(**fields: Any) -> Item:
    base = {
        "project": HOME, "state": State.DONE, "closed_at": NOW, "closed_as": "merged", "merged_by_other": False,
        "size": Size(lines=200, files=4),
    }  # fmt: skip
    return pull(**(base | fields))


def story(body: str, **fields: Any) -> Item:
    return item(project=jira(), type="Story", sprint=SPRINT, body=body, **fields)


def takes_in(*more: Any, **fields: Any) -> Verdict:
    return judged("sprint-injection", running([*TEN, *more], **fields), ask_swap=True)


def flagged(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.FLAGGED


def test_row_01_an_umbrella_issue_is_judged_by_its_children_only() -> None:
    for name, subject in (("waiting-for-answer", asked()), ("abandoned-assignment", given())):
        assert flagged(judged(name, subject))
        assert judged(name, replace(subject, children_total=2)).reason.code == "common.container"


def test_row_04_pull_requests_of_automation_are_left_out() -> None:
    for name, subject in (("red-checks", red()), ("unreviewed-merge", merged())):
        assert flagged(judged(name, subject))
        assert judged(name, replace(subject, author=BOT)).reason.code == "common.automation"


def test_row_07_holidays_and_blackouts_do_not_count() -> None:
    away = project(Calendar(blackouts=((date(2026, 11, 25), date(2026, 12, 6)),)))
    for name, subject in (("red-checks", red()), ("waiting-for-answer", asked()), ("abandoned-assignment", given())):
        assert not flagged(judged(name, replace(subject, project=away)))


def test_row_13_what_moves_between_running_sprints_is_no_injection() -> None:
    assert flagged(takes_in(member(50, joined="2026-11-26")))
    assert not flagged(takes_in(member(50, joined="2026-11-26", carried_from="Sprint 30b")))


def test_row_14_what_an_ended_sprint_left_over_is_no_injection_however_late_it_is_moved() -> None:
    late = member(50, joined="2026-11-26", carried_from="Sprint 30", carried_closed=True)
    assert not flagged(takes_in(late))


def test_row_15_the_first_working_day_is_planning() -> None:
    assert not flagged(takes_in(member(50, joined="2026-11-23 23:59")))
    assert flagged(takes_in(member(50, joined="2026-11-24 00:01")))
    unsized = item(project=jira(), state=State.TODO, sprint=SPRINT)
    assert not flagged(judged("unestimated-work", unsized, now=at("2026-11-23 18:00")))


def test_row_22_what_is_done_within_a_day_is_no_injection() -> None:
    assert not flagged(takes_in(done(50, "2026-11-26 18:00", joined="2026-11-26 09:00")))


def test_row_24_parts_of_planned_work_are_no_injection() -> None:
    assert not flagged(takes_in(member(50, joined="2026-11-26", parent_id=1)))
    assert not flagged(takes_in(member(50, joined="2026-11-26", split_from=1)))


def test_row_27_where_nobody_sizes_nothing_is_asked_and_items_are_counted() -> None:
    unsized = item(project=jira(), state=State.TODO, sprint=replace(SPRINT, sized=0.0))
    assert judged("unestimated-work", unsized).reason.code == "unestimated-work.few-sized"
    verdict = takes_in(member(50, joined="2026-11-26", estimate=None))
    assert flagged(verdict) and verdict.weight == 1.0


@pytest.mark.parametrize("label", ["triage", "needs-triage"])
def test_row_29_a_triage_queue_assigned_by_rota_or_by_component_is_nobodys_promise(label: str) -> None:
    assert flagged(judged("abandoned-assignment", given()))
    assert not flagged(judged("abandoned-assignment", given(labels=(label,))))
    assert not flagged(judged("abandoned-assignment", given(assigned_since=None)))
    assert not flagged(judged("abandoned-assignment", given(needed_by=None)))


def test_row_30_a_good_first_issue_is_left_out() -> None:
    assert judged("abandoned-assignment", given(labels=("good-first-issue",))).reason.code == "common.left-out"


def test_row_31_a_draft_may_be_red() -> None:
    assert judged("red-checks", red(draft=True)).reason.code == "red-checks.draft"


def test_row_32_checks_that_wait_for_approval_or_were_never_told_are_not_red() -> None:
    for checks in (Checks.AWAITING_APPROVAL, Checks.UNKNOWN):
        assert not flagged(judged("red-checks", red(checks=checks, red_since=None)))


def test_row_33_of_stacked_pull_requests_only_the_red_base_is_flagged() -> None:
    base = link(LinkKind.STACKED_ON, ref(481), inbound=False, other_checks=Checks.RED)
    assert judged("red-checks", red(links=(base,))).reason.code == "red-checks.stacked"


def test_row_34_a_review_as_a_plain_comment_is_a_look() -> None:
    assert not flagged(judged("unreviewed-merge", merged(review=Review.COMMENTED)))
    assert not flagged(judged("unreviewed-merge", merged(others_spoke_at=NOW)))


def test_row_37_a_bystanders_question_is_no_question_to_the_rule() -> None:
    """Facts keep bystanders' questions out; see the tests of derivation."""
    assert judged("waiting-for-answer", item(project=HOME)).reason.code == "waiting-for-answer.none"


def test_row_38_what_waits_for_somebody_outside_is_told_as_that_and_as_nothing_else() -> None:
    waits = given(status="Waiting for customer", waiting_since=at("2026-11-20"))
    assert flagged(judged("waiting-for-answer", waits))
    assert judged("abandoned-assignment", waits).reason.code == "common.waiting"


def test_row_44_what_a_template_leaves_empty_is_no_criterion() -> None:
    empty = "## Acceptance criteria\n<!-- what will be seen? -->\n- [ ] \n- TBD"
    assert flagged(judged("missing-acceptance-criteria", story(empty)))


def test_row_46_only_what_people_did_by_hand_came_back() -> None:
    """Facts keep a machine's closings and openings out; see the tests of derivation."""
    assert judged("reopened", item(project=HOME)).reason.code == "reopened.settled"


def test_row_54_merges_are_judged_only_where_the_branch_rules_ask_for_reviews() -> None:
    trunk = judged("unreviewed-merge", merged(project=project(WEEK)))
    assert trunk.reason.code == "unreviewed-merge.not-required"
    assert not flagged(judged("unreviewed-merge", merged(size=Size(lines=3, files=1)), small_lines=10))


def test_none_of_these_speaks_in_a_comment() -> None:
    unsized = item(project=jira(), state=State.TODO, sprint=SPRINT)
    spoken = [
        judged("red-checks", red()), judged("waiting-for-answer", asked()), judged("abandoned-assignment", given()),
        takes_in(member(50, joined="2026-11-26")), judged("unreviewed-merge", merged()),
        judged("missing-acceptance-criteria", story("")), judged("unestimated-work", unsized),
    ]  # fmt: skip
    assert all(flagged(verdict) for verdict in spoken)
    assert {verdict.reach for verdict in spoken} == {Reach.LABEL, Reach.PAGE}
