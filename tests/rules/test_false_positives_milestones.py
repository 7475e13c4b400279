"""Rows of the table of false positives that the milestone rules decide. Numbers are the table's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from rules.baseline import baseline_at, growth
from rules.calendar import Calendar
from rules.catalog import missed_due_date, missed_milestone, scope_creep
from rules.facts import Baseline, DueSet, Item, Kind, Member, Milestone, MilestoneKind, State
from rules.verdict import Outcome, Reach, Severity, Verdict
from rules.wording.render import plain
from tests.rules.build import BOT, at, done, item, jira, member, milestone, planned, project, ref, settings, sprint

NOW = at("2026-12-05")
AFTER = at("2026-12-12")
TRAIN = project(settings=settings(policy="train"))
ROLLING = project(settings=settings(rolling_milestones=frozenset({24})))


def scope(subject: Milestone, *, now: datetime = NOW, **params: object) -> Verdict:
    return scope_creep.judge(subject, scope_creep.ScopeCreepParams.model_validate(params), now)


def missed(subject: Milestone, *, now: datetime = AFTER, **params: object) -> Verdict:
    return missed_milestone.judge(subject, missed_milestone.MissedMilestoneParams.model_validate(params), now)


def due(subject: Item, *, now: datetime = AFTER, **params: object) -> Verdict:
    return missed_due_date.judge(subject, missed_due_date.MissedDueDateParams.model_validate(params), now)


def flagged(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.FLAGGED


def late(count: int = 3, **fields: Any) -> tuple[Member, ...]:
    return planned(count, first=100, joined="2026-12-01", **fields)


def test_the_plain_case_flags() -> None:
    assert flagged(scope(milestone([*planned(10), *late()])))


def test_that_the_date_of_a_grown_milestone_has_passed_is_news() -> None:
    subject = milestone([*planned(10), *late()])
    before = scope(subject)
    assert before.recheck_at == at("2026-12-12")
    after = scope(subject, now=at("2026-12-12"))
    assert (before.reason.values["was_due"], after.reason.values["was_due"]) == (None, subject.due)
    assert after.gist != before.gist


def test_row_03_an_epic_that_grows_by_children_is_a_milestone() -> None:
    epic = milestone([*planned(10, parent_id=24), *late(parent_id=24)], kind=MilestoneKind.EPIC)
    assert flagged(scope(epic))


def test_row_09_on_a_train_only_what_is_left_behind_counts() -> None:
    train = milestone([*planned(10), *late()], project=TRAIN)
    assert scope(train).reason.code == "scope-creep.train"
    assert missed(train).reason.code == "missed-milestone.train"
    assert flagged(scope(train, cut_off_days=14)) and not flagged(scope(train, cut_off_days=5))


def test_row_10_without_a_commitment_a_kanban_team_is_told_why() -> None:
    flow = milestone([*planned(10), *late()], due=None, start=None, dues=())
    assert scope(flow).outcome is missed(flow).outcome is Outcome.SKIPPED


def test_row_11_a_bucket_grows_for_ever() -> None:
    bucket = milestone(
        [*planned(10), *late()], due=None, start=None, dues=(DueSet(date(2026, 12, 1), at("2026-11-01")),)
    )
    assert scope(bucket).reason.code == missed(bucket).reason.code == "common.bucket"


def test_row_12_a_rolling_milestone_is_not_judged_by_its_date() -> None:
    rolling = milestone([*planned(10), *late()], project=ROLLING)
    assert scope(rolling).reason.code == missed(rolling).reason.code == "common.rolling"


def test_row_13_moves_between_running_sprints_are_transfers() -> None:
    moved = late(6, carried_from="Sprint 30b")
    assert not flagged(scope(sprint([*planned(10), *moved], project=jira())))
    out = tuple(member(n, left="2026-12-02", transferred_to="Sprint 30b") for n in (50, 51, 52))
    assert flagged(scope(sprint([*planned(10), *out, *late()], project=jira())))


def test_row_14_what_a_closed_sprint_left_over_is_carry_over_whenever_it_moved() -> None:
    verdict = scope(sprint([*planned(10), *late(6, carried_from="Sprint 30", carried_closed=True)]))
    assert not flagged(verdict)


def test_row_15_one_working_day_of_grace_after_the_start() -> None:
    during = planned(3, first=100, joined="2026-11-23 23:59")
    assert not flagged(scope(sprint([*planned(10), *during])))
    assert (
        scope(sprint([*planned(10), *during]), now=at("2026-11-23 12:00")).reason.code == "scope-creep.not-planned-yet"
    )


def test_row_16_the_end_date_judges_not_the_late_closing() -> None:
    kept = [done(n, "2026-12-04") for n in range(1, 11)]
    subject = sprint(kept, open=False, closed_at=at("2026-12-09"))
    assert missed(subject, now=at("2026-12-10")).reason.code == "missed-milestone.sprint-met"
    after = [done(n, "2026-12-07") for n in range(1, 11)]
    assert flagged(missed(sprint(after, open=False, closed_at=at("2026-12-09")), now=at("2026-12-10")))


def test_row_17_a_sprint_closed_on_time_with_half_undone() -> None:
    half = [*(done(n, "2026-12-03") for n in range(1, 6)), *planned(5, first=6, left="2026-12-04 15:59")]
    subject = sprint(half, open=False, closed_at=at("2026-12-04 16:00"))
    assert not flagged(missed(subject, now=at("2026-12-07 23:59")))
    verdict = missed(subject, now=at("2026-12-08"))
    assert verdict.reason.code == "missed-milestone.sprint" and verdict.reach is Reach.PAGE
    home = replace(subject, home=ref(1))
    assert missed(home, now=at("2026-12-08")).reach is Reach.COMMENT
    assert not flagged(missed(replace(subject, own_p25_done=0.5), now=at("2026-12-08")))
    on = planned(5, first=6, left="2026-12-04 15:59", transferred_to="Sprint 32")
    assert flagged(missed(replace(subject, members=(*subject.members[:5], *on)), now=at("2026-12-08")))
    parallel = planned(5, first=6, left="2026-11-30", transferred_to="Sprint 31b")
    assert not flagged(missed(replace(subject, members=(*subject.members[:5], *parallel)), now=at("2026-12-08")))


def test_what_completing_a_sprint_moves_on_was_planned_in_it() -> None:
    on = planned(3, first=6, left="2026-12-04 15:59", transferred_to="Sprint 32")
    parallel = planned(2, first=20, left="2026-11-30", transferred_to="Sprint 31b")
    subject = sprint([*planned(2), *on, *parallel], open=False, closed_at=at("2026-12-04 16:00"))
    plan = baseline_at(subject, at("2026-11-23"))
    found = growth(subject, baseline=plan, now=at("2026-12-08"))
    assert [row.why.code for row in found.planned] == ["member.planned"] * 2 + ["member.moved-on"] * 3
    assert [row.why.code for row in found.transferred] == ["member.transferred-out"] * 2


def test_row_18_a_date_moved_in_the_last_hour_is_evidence() -> None:
    dues = (DueSet(date(2026, 12, 4), at("2026-11-20")), DueSet(date(2026, 12, 11), at("2026-12-04 16:00")))
    subject = milestone(planned(2), dues=dues)
    (moved,) = missed(subject).below
    assert moved.values == {"times": 1, "was": date(2026, 12, 4), "late": "on"}


def test_a_date_moved_after_it_had_passed_is_not_called_its_last_day() -> None:
    dues = (DueSet(date(2026, 12, 4), at("2026-11-20")), DueSet(date(2026, 12, 11), at("2026-12-07 09:00")))
    (moved,) = missed(milestone(planned(2), dues=dues)).below
    assert moved.values["late"] == "after"


SPRINT_DUES = (DueSet(date(2026, 12, 1), at("2026-11-20")), DueSet(date(2026, 12, 4), at("2026-12-01 16:00")))


def test_row_13_a_transfer_in_or_out_is_shown_and_nets_nothing() -> None:
    came = late(3, carried_from="Sprint 30b")
    went = tuple(member(n, left="2026-12-02", transferred_to="Sprint 30b") for n in (50, 51))
    verdict = scope(sprint([*planned(10), *came, *went, *planned(3, first=200, joined="2026-12-01")]))
    assert (verdict.reason.values["then"], verdict.reason.values["now"]) == (10, 13)
    besides = verdict.evidence[-1]
    assert plain(besides, project=jira()) == "Moved between sprints, not counted: 5"


def test_row_13_between_versions_a_move_is_an_addition() -> None:
    moved = late(3, carried_from="5.1")
    assert flagged(scope(milestone([*planned(10), *moved], kind=MilestoneKind.VERSION, project=jira())))


def test_row_14_carry_over_is_told_by_its_origin_and_apart_from_what_was_added() -> None:
    left_over = late(4, carried_from="Sprint 30", carried_closed=True)
    verdict = scope(sprint([*planned(10), *left_over, *planned(3, first=200, joined="2026-12-01")]))
    assert (verdict.reason.values["then"], verdict.reason.values["now"]) == (10, 13)
    assert plain(verdict.evidence[-1], project=jira()) == "Carried over from Sprint 30, not counted: 4"


def test_row_15_the_day_of_grace_is_a_working_day() -> None:
    friday = {"start": date(2026, 11, 20), "due": date(2026, 12, 3)}
    during = planned(3, first=100, joined="2026-11-20 23:59")
    assert not flagged(scope(sprint([*planned(10, joined="2026-11-19"), *during], **friday)))
    weekend = planned(3, first=100, joined="2026-11-21 09:00")
    assert flagged(scope(sprint([*planned(10, joined="2026-11-19"), *weekend], **friday)))


def test_row_16_what_is_added_to_a_sprint_that_is_over_but_not_closed_is_told_with_its_end() -> None:
    over = scope(sprint([*planned(10), *late()]), now=at("2026-12-05"))
    assert plain(over.reason, project=jira()).endswith("13 now. It was due on Fri 4 Dec.")
    runs = scope(sprint([*planned(10), *late()]), now=at("2026-12-04 23:59"))
    assert plain(runs.reason, project=jira()).endswith("13 now. It ends on Fri 4 Dec.")


def test_row_17_closing_a_sprint_ends_the_question_of_its_scope() -> None:
    closed = sprint([*planned(10), *late()], open=False, closed_at=at("2026-12-04 16:00"))
    assert scope(closed).outcome is Outcome.CLEAR and flagged(missed(closed, now=at("2026-12-08")))


def test_row_18_a_sprint_extended_on_its_last_day_is_told_so() -> None:
    verdict = missed(sprint(planned(5), dues=SPRINT_DUES), now=at("2026-12-08"))
    assert plain(verdict.evidence[-1], project=jira()) == ("The date moved once before (from 1 Dec), on its last day")


def test_bookkeeping_in_a_sprint_is_no_growth() -> None:
    before = [done(n, "2026-11-30", joined="2026-12-01") for n in range(100, 104)]
    quick = [done(n, "2026-12-02", joined="2026-12-01") for n in range(110, 114)]
    parts = planned(4, first=120, joined="2026-12-01", parent_id=1, kind=Kind.SUBTASK)
    assert not flagged(scope(sprint([*planned(10), *before, *quick, *parts])))


@pytest.mark.parametrize("released", [True, False])
def test_row_19_closed_with_open_items_is_left_behind(released: bool) -> None:
    subject = milestone([*planned(2), done(3, "2026-12-01")], open=False, closed_at=at("2026-12-10"), released=released)
    verdict = missed(subject)
    assert verdict.reason.code == "missed-milestone.left-behind" and verdict.reason.values["open"] == 2
    assert missed(subject, now=at("2027-03-10")).outcome is Outcome.CLEAR


def test_row_20_all_done_but_open_is_paperwork_on_the_page() -> None:
    verdict = missed(milestone([done(n, "2026-12-11") for n in (1, 2)]))
    assert verdict.reason.code == "missed-milestone.paperwork"
    assert (verdict.severity, verdict.reach) == (Severity.NOTE, Reach.PAGE)


def test_row_21_closed_before_joining_is_not_growth() -> None:
    merged = [done(n, "2026-11-30", joined="2026-12-01", kind=Kind.PULL_REQUEST) for n in range(100, 106)]
    assert not flagged(scope(milestone([*planned(10), *merged])))


def test_row_22_done_within_a_working_day_and_release_chores_are_not_growth() -> None:
    quick = [done(n, "2026-12-02", joined="2026-12-01") for n in (100, 101, 102)]
    chores = planned(2, first=200, joined="2026-12-01", labels=("Release",))
    assert not flagged(scope(milestone([*planned(10), *quick, *chores])))
    slow = [done(n, "2026-12-02 00:01", joined="2026-12-01") for n in (100, 101, 102)]
    assert flagged(scope(milestone([*planned(10), *slow])))


def test_row_23_an_issue_and_its_pull_request_count_once() -> None:
    pulls = [member(n + 200, joined="2026-12-01", kind=Kind.PULL_REQUEST, closes=(n,)) for n in (1, 2, 3)]
    assert not flagged(scope(milestone([*planned(10), *pulls])))
    issues = [member(n, joined="2026-12-01") for n in (301, 302, 303)]
    planned_pulls = [member(n + 200, kind=Kind.PULL_REQUEST, closes=(n,)) for n in (301, 302, 303)]
    assert not flagged(scope(milestone([*planned(10), *planned_pulls, *issues])))
    both = milestone([*planned(2), member(9, kind=Kind.PULL_REQUEST, closes=(1,))])
    assert missed(both).reason.values["total"] == 2


def test_row_24_splits_and_sub_tasks_are_not_growth() -> None:
    parts = [*late(3, parent_id=1, kind=Kind.SUBTASK), *planned(3, first=110, joined="2026-12-01", split_from=2)]
    assert not flagged(scope(milestone([*planned(10), *parts])))


def test_row_25_dropped_items_are_taken_out() -> None:
    dropped = member(50, state=State.DROPPED, closed_at=at("2026-12-02"))
    assert not flagged(scope(milestone([*planned(10), dropped, *late()])))
    assert flagged(scope(milestone([*planned(10), dropped, *late(4)])))


def test_row_26_items_estimated_upwards_are_a_line_of_their_own() -> None:
    subject = milestone(planned(10, estimate=5.0), project=jira())
    before = Baseline(as_of=at("2026-11-24"), how="frozen", members=dict.fromkeys(range(1, 11), 3.0))
    verdict = scope(replace(subject, baseline=before))
    assert verdict.reason.code == "scope-creep.estimates"
    assert (verdict.reason.values["points_then"], verdict.reason.values["points_now"]) == (30.0, 50.0)
    public = replace(subject, baseline=before, project=project(public=True))
    assert scope(public).reach is Reach.PAGE and "points" not in str(scope(public).reason.values["points_then"])


def test_row_27_without_estimates_items_count() -> None:
    subject = milestone([*planned(10), *late(estimate=None)])
    assert scope(subject).reason.values["points_then"] is None
    few = [*planned(9, estimate=2.0), member(10), *late(estimate=2.0)]
    assert scope(milestone(few)).reason.values["points_then"] == 20.0
    assert scope(milestone([])).reason.code == "scope-creep.nothing-planned"
    assert missed(milestone([])).reason.code == "missed-milestone.empty"


def test_row_40_a_remove_and_add_again_is_no_increase() -> None:
    back = [member(n, left="2026-11-28") for n in (1, 2, 3)] + [member(n, joined="2026-12-01") for n in (1, 2, 3)]
    assert not flagged(scope(milestone([*planned(7, first=4), *back])))


def test_row_50_a_date_that_is_set_again_has_not_moved() -> None:
    same = (DueSet(date(2026, 12, 11), at("2026-11-02")), DueSet(date(2026, 12, 11), at("2026-11-20")))
    assert missed(milestone(planned(2), dues=same)).below == ()


def test_row_51_a_renamed_milestone_keeps_its_plan() -> None:
    plan = Baseline(as_of=at("2026-11-24"), how="frozen", members=dict.fromkeys(range(1, 11)))
    subject = milestone([*planned(10), *late()], baseline=plan)
    assert scope(replace(subject, title="0.8.0")).gist == scope(subject).gist


def test_row_55_before_the_history_is_known_nothing_is_said() -> None:
    fresh = project(known_from=at("2026-11-30"))
    assert scope(milestone([*planned(10), *late()], project=fresh)).reason.code == "common.known-since"
    plan = Baseline(as_of=at("2026-11-24"), how="command", members=dict.fromkeys(range(1, 11)))
    assert flagged(scope(milestone([*planned(10), *late()], project=fresh, baseline=plan)))
    assert scope(milestone([], gap=True)).reason.code == missed(milestone([], gap=True)).reason.code == "common.gap"


BOUNDS = [
    (10, 3, {}, None, True),
    (10, 2, {}, None, False),
    (15, 3, {}, None, True),
    (16, 3, {}, None, False),
    (16, 3, {}, 0.1, True),
    (10, 3, {}, 0.3, False),
    (10, 3, {"own_usual": False}, 0.9, True),
    (40, 3, {"either": True}, None, True),
    (10, 1, {"either": True, "min_share": 0.1}, None, True),
    (10, 0, {"either": True, "min_share": 0.0}, None, False),
]


@pytest.mark.parametrize(("then", "added", "params", "own", "expected"), BOUNDS)
def test_growth_at_the_bound(then: int, added: int, params: dict[str, Any], own: float | None, expected: bool) -> None:
    subject = milestone([*planned(then), *late(added)], own_p75_growth=own)
    assert flagged(scope(subject, **params)) is expected


def test_an_addition_counts_once_it_has_been_in_for_a_working_day() -> None:
    subject = milestone([*planned(10), *late()])
    early = scope(subject, now=at("2026-12-01 23:00"))
    assert not flagged(early) and early.recheck_at == at("2026-12-02")
    assert flagged(scope(subject, now=at("2026-12-02")))


def test_closing_a_milestone_ends_the_question_of_its_scope() -> None:
    assert scope(milestone([*planned(10), *late()], open=False, closed_at=NOW)).outcome is Outcome.CLEAR


def test_a_foreign_title_is_not_told_in_public() -> None:
    foreign = [member(n, joined="2026-12-01", title="SECRET", item=ref(n, of="other/x")) for n in (100, 101, 102)]
    open_ = project(public=True)
    assert "SECRET" not in str(scope(milestone([*planned(10), *foreign], project=open_)))
    assert "SECRET" not in str(missed(milestone(foreign, project=open_)))


def test_missed_at_the_end_of_the_day_in_the_projects_zone() -> None:
    york = project(Calendar(zone="America/New_York"))
    subject = milestone(planned(3), project=york)
    assert not flagged(missed(subject, now=at("2026-12-12 04:59")))
    assert flagged(missed(subject, now=at("2026-12-12 05:00")))
    noted = missed(subject, now=at("2026-12-12 05:00"), comment_after=3)
    assert (noted.severity, noted.reach, noted.recheck_at) == (Severity.NOTE, Reach.PAGE, at("2026-12-15 05:00"))
    assert missed(subject, now=at("2026-12-15 05:00"), comment_after=3).reach is Reach.COMMENT
    assert missed(subject, now=at("2027-03-12 05:00")).reason.code == "missed-milestone.dormant"


DUE = date(2026, 12, 11)
DUES = [
    (item(due=DUE), "missed-due-date.passed"),
    (item(due=date(2026, 12, 12)), "missed-due-date.ahead"),
    (item(due=DUE, dues=(DueSet(DUE, NOW, by_person=False),)), "missed-due-date.machine-set"),
    (item(due=DUE, children_total=1), "missed-due-date.milestone"),
    (item(due=DUE, author=BOT), "common.automation"),
    (item(due=DUE, gap=True), "common.gap"),
    (item(due=DUE, state=State.DONE), "missed-due-date.done"),
    (item(due=None), "missed-due-date.no-date"),
    (item(due=date(2026, 9, 1)), "missed-due-date.dormant"),
]


@pytest.mark.parametrize(("subject", "code"), DUES)
def test_due_dates_of_items(subject: Item, code: str) -> None:
    assert due(subject).reason.code == code


def test_a_grace_of_working_days() -> None:
    subject = item(due=DUE, project=jira())
    assert not flagged(due(subject, now=at("2026-12-14 23:00"), grace_days=1))
    assert flagged(due(subject, now=at("2026-12-15"), grace_days=1))


def test_a_due_date_long_past_is_a_question_for_the_backlog() -> None:
    assert flagged(due(item(due=DUE), now=at("2027-03-11 23:59")))
    assert due(item(due=DUE), now=at("2027-03-12")).reason.code == "missed-due-date.dormant"
