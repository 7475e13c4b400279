"""Rows of the table of false positives that the item rules decide. Numbers are the table's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from rules.calendar import Calendar
from rules.catalog import scope_growth, stalled_review, stalled_work
from rules.engine import judge, prepare
from rules.facts import Checks, Item, Kind, LinkKind, Review, Side, Size, State
from rules.settings import Settings
from rules.spec import Rule, Scope
from rules.verdict import Outcome, Reach, Severity, Verdict
from rules.wording.render import plain
from tests.rules.build import ADA, BOT, WEEK, at, item, jira, link, project, pull, ref, settings, step

LATER = at("2026-12-08 12:00")


def review(subject: Item, *, now: datetime = LATER, **params: object) -> Verdict:
    return stalled_review.judge(subject, stalled_review.StalledReviewParams.model_validate(params), now)


def work(subject: Item, *, now: datetime = LATER, **params: object) -> Verdict:
    return stalled_work.judge(subject, stalled_work.StalledWorkParams.model_validate(params), now)


def growth(subject: Item, **params: object) -> Verdict:
    return scope_growth.judge(subject, scope_growth.ScopeGrowthParams.model_validate(params), LATER)


def flagged(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.FLAGGED


CONTAINERS = {
    "sub-issues": item(children_total=2),
    "label": item(labels=("Tracking",)),
    "folded label": item(labels=("META",)),
    "linked": item(links=tuple(link(LinkKind.IMPLEMENTS, ref(n)) for n in (2, 3, 4))),
}


@pytest.mark.parametrize("subject", CONTAINERS.values(), ids=CONTAINERS)
def test_row_01_umbrella_issue_is_judged_by_its_children_only(subject: Item) -> None:
    grown = replace(
        subject, started_at=at("2026-11-01"), at_start=Size(checklist_total=4), size=Size(checklist_total=40)
    )
    assert work(subject).reason.code == "common.container"
    assert growth(grown).reason.code == "common.container"


def test_row_02_a_long_running_epic_is_no_stalled_item() -> None:
    assert Kind.EPIC not in stalled_work.TYPE.kinds
    assert not flagged(work(item(children_total=12, children_open=5)))
    moved = step("linked", "2026-12-08 09:00")
    assert not flagged(work(item(last_movement=moved)))


def test_row_04_automation_is_left_out() -> None:
    assert review(pull(author=BOT)).reason.code == "common.automation"


def test_row_05_a_service_account_on_the_list_is_automation() -> None:
    robot = replace(ADA, login="k8s-ci-robot")
    listed = project(settings=settings(automation=frozenset({"k8s-ci-robot"})))
    assert review(pull(author=robot, project=listed)).reason.code == "common.automation"
    assert flagged(review(pull(author=robot)))


def test_row_07_holidays_and_blackouts_do_not_count() -> None:
    away = Calendar(blackouts=((date(2026, 11, 25), date(2026, 12, 7)),))
    assert not flagged(work(item(project=project(away))))
    holiday = Calendar(holidays=frozenset({date(2026, 11, 26)}))
    assert not flagged(work(item(project=project(holiday)), now=at("2026-11-27 10:00")))
    assert flagged(work(item(), now=at("2026-11-27 10:00")))


@pytest.mark.parametrize("label", ["triage", "needs-triage"])
def test_row_29_assigned_by_rota_is_not_in_progress(label: str) -> None:
    assert not flagged(work(item(state=State.TODO, assignees=(ADA,))))
    assert not flagged(work(item(labels=(label,))))


def test_row_30_good_first_issue_is_left_out_but_claimed_and_quiet_is_not() -> None:
    assert work(item(labels=("good-first-issue",))).reason.code == "common.left-out"
    now = at("2026-12-24 10:00")
    claimed = item(assignees=(ADA,), acted_at=at("2026-11-20"))
    assert flagged(work(claimed, now=now, quiet_days=30, only="claimed"))
    assert not flagged(work(claimed, now=at("2026-12-24 09:59"), quiet_days=30, only="claimed"))
    assert work(item(assignees=(ADA,)), now=now, only="claimed").reason.code == "stalled-work.not-claimed"


def test_row_31_an_old_draft_is_a_note_on_the_page() -> None:
    assert not flagged(review(pull(draft=True), now=at("2026-12-04 09:59")))
    verdict = review(pull(draft=True), now=at("2026-12-04 10:00"))
    assert (verdict.severity, verdict.reach) == (Severity.NOTE, Reach.PAGE)


def test_row_32_checks_that_wait_for_approval_are_the_maintainers_turn() -> None:
    verdict = review(pull(checks=Checks.AWAITING_APPROVAL, from_fork=True, word="review", by=Side.REVIEWER))
    assert verdict.reason.code == "stalled-review.maintainers"


def test_row_33_stacked_pull_requests_flag_the_base_only() -> None:
    base = link(LinkKind.STACKED_ON, ref(481), inbound=False)
    assert review(pull(links=(base,))).reason.code == "stalled-review.stacked"
    assert flagged(review(pull(links=(replace(base, other_state=State.DONE),))))
    assert flagged(review(pull(481, links=(replace(base, inbound=True),))))


@pytest.mark.parametrize("word", ["review", "review_comment", "comment"])
def test_row_34_reviews_as_plain_comments_make_it_the_authors_turn(word: str) -> None:
    subject = pull(word=word, by=Side.REVIEWER, review=Review.COMMENTED)
    assert review(subject).reason.code == "stalled-review.author"


def test_row_35_approved_and_green_is_the_mergers_turn() -> None:
    subject = pull(word="review", by=Side.REVIEWER, review=Review.APPROVED)
    assert review(subject).reason.code == "stalled-review.merger"


def test_row_36_queued_is_moving_and_a_freeze_is_a_blackout() -> None:
    assert review(pull(queued=True, review=Review.APPROVED)).reason.code == "stalled-review.queued"
    freeze = Calendar(blackouts=((date(2026, 11, 25), date(2026, 12, 31)),))
    assert not flagged(review(pull(review=Review.APPROVED, project=project(freeze))))


def test_row_37_a_bystanders_question_moves_nothing() -> None:
    """Facts keep bystanders out of `last_movement` and `last_word`; nothing else about them reaches the rules."""
    subject = item()
    assert flagged(work(subject)) and work(subject).since == subject.last_movement.at


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "Waiting for customer"},
        {"labels": ("needs-info",)},
        {"status": "Parked", "project": project(settings=settings(statuses={"parked": "waiting"}))},
    ],
)
def test_row_38_what_waits_for_somebody_outside_is_left_alone(fields: dict[str, Any]) -> None:
    assert work(item(**fields)).reason.code == "common.waiting"


def test_row_41_one_cause_is_one_comment() -> None:
    carried = link(LinkKind.CLOSES, ref(482), other_kind=Kind.PULL_REQUEST)
    assert work(item(links=(carried,))).reason.code == "stalled-work.carried"
    assert flagged(work(item(links=(replace(carried, other_state=State.DONE),))))
    blocked = link(LinkKind.BLOCKS, ref(77))
    assert work(item(links=(blocked,))).reason.code == "stalled-work.blocked"


def test_row_41_a_note_on_the_pull_request_elsewhere_is_the_one_that_is_written() -> None:
    home = jira(same_readers=frozenset({"acme/shop-api"}))
    elsewhere = link(LinkKind.IMPLEMENTS, ref(482, of="acme/shop-api"), other_kind=Kind.PULL_REQUEST)
    noted = replace(elsewhere, other_flag="stalled-review")
    assert work(item(project=home, links=(elsewhere,))).reach is Reach.COMMENT
    verdict = work(item(project=home, links=(elsewhere, noted)))
    assert (verdict.reach, verdict.severity, verdict.waits_on) == (Reach.PAGE, Severity.WARNING, noted.other)
    assert [said.code for said in verdict.below] == ["common.waits-on"]


def test_what_carries_the_work_is_told_as_it_is() -> None:
    home = jira(same_readers=frozenset({"acme/shop-api"}))
    ready = link(LinkKind.IMPLEMENTS, ref(482, of="acme/shop-api"), other_kind=Kind.PULL_REQUEST)
    draft = replace(ready, other_state=State.IN_PROGRESS)
    told = [work(item(project=home, links=(one,))) for one in (ready, draft)]
    assert [verdict.evidence[0].code for verdict in told] == ["stalled-work.waits-review", "stalled-work.draft"]
    assert [verdict.helps.code for verdict in told if verdict.helps] == [
        "stalled-work.helps-review",
        "stalled-work.helps",
    ]


def test_row_53_a_day_that_only_hidden_movement_tells_is_not_said() -> None:
    theirs = replace(step("linked", "2026-11-24 10:00", url="https://x.example"), of=ref(7, "SEC-7", of="SEC"))
    quiet = work(item(project=jira(), last_movement=theirs))
    assert (quiet.reason.code, quiet.reach) == ("stalled-work.quiet-undated", Reach.COMMENT)
    assert plain(quiet.evidence[0], project=jira()) == "Last step: movement of a linked item"
    assert work(item(project=project(public=True), last_movement=theirs)).reach is Reach.PAGE
    assert work(item(project=jira(same_readers=frozenset({"SEC"})), last_movement=theirs)).reason.code == (
        "stalled-work.quiet"
    )


def test_row_47_three_pull_requests_do_not_make_a_container() -> None:
    links = tuple(link(LinkKind.IMPLEMENTS, ref(n), other_kind=Kind.PULL_REQUEST, state=State.DONE) for n in (2, 3, 4))
    assert flagged(work(item(links=links)))


@pytest.mark.parametrize("named", [True, False])
def test_row_53_a_public_item_does_not_tell_of_a_private_one(named: bool) -> None:
    open_ = project(public=True, settings=settings(name_foreign_keys=named))
    secret = link(
        LinkKind.CLOSES, ref(7, "SEC-7", of="SEC"), other_kind=Kind.PULL_REQUEST, other_opened_at=at("2026-11-20")
    )
    (line,) = work(item(project=open_, links=(secret,))).evidence
    assert line.code == ("stalled-work.waits-elsewhere" if named else "stalled-work.last-step")


def test_row_42_a_pull_request_is_measured_from_its_first_review() -> None:
    reviewed = at("2026-11-24")
    first = Size(lines=300)
    assert not flagged(growth(pull(size=Size(lines=9000))))
    assert not flagged(growth(pull(size=Size(lines=599), first_review_at=reviewed, size_at_first_review=first)))
    verdict = growth(pull(size=Size(lines=600), first_review_at=reviewed, size_at_first_review=first))
    assert flagged(verdict)
    assert [said.code for said in verdict.evidence] == ["scope-growth.unread"]


def test_row_43_a_longer_description_is_no_growth_unless_asked_for() -> None:
    subject = item(started_at=at("2026-11-20"), at_start=Size(body_length=100), size=Size(body_length=900))
    assert not flagged(growth(subject))
    assert flagged(growth(subject, body_share=1.0))


def test_row_44_boxes_of_a_template_are_not_scope() -> None:
    """Facts leave the boxes of templates out; a list first written after the start is planning."""
    subject = item(started_at=at("2026-11-20"), at_start=Size(), size=Size(checklist_total=9))
    assert not flagged(growth(subject))


def test_row_45_a_skipped_status_does_not_hide_started_work() -> None:
    assert flagged(work(item(status="To Do", state=State.IN_PROGRESS)))
    assert growth(item(status="To Do", started_at=at("2026-11-20"))).reason.code == "scope-growth.start-unknown"


def test_row_39_scope_by_label_narrows_a_rule() -> None:
    scope = Scope(condition="item.labels.exists(l, l == 'team/pay')")
    rule = prepare(Rule(id=1, version=1, name="pay", type="stalled-work", scope=scope))
    (ours,) = judge([rule], item(labels=("team/pay",)), LATER)
    (theirs,) = judge([rule], item(labels=("team/web",)), LATER)
    assert flagged(ours.verdict) and theirs.verdict.reason.code == "engine.condition"


def test_row_55_no_history_is_no_certainty() -> None:
    fresh = project(known_from=at("2026-12-07"))
    verdict = work(item(project=fresh))
    assert not flagged(verdict) and verdict.recheck_at == at("2026-12-10")
    assert work(item(gap=True)).reason.code == review(pull(gap=True)).reason.code == "common.gap"


BOUNDS = [
    (pull(word="review", by=Side.REVIEWER), {"author_days": 14, "author_comment_days": 30}, 14, Reach.LABEL),
    (pull(word="review", by=Side.REVIEWER), {"author_days": 14, "author_comment_days": 30}, 30, Reach.COMMENT),
    (pull(), {"reviewer_days": 2}, 2, Reach.COMMENT),
    (pull(project=project(public=True)), {"reviewer_days": 14}, 14, Reach.LABEL),
    (pull(review=Review.APPROVED), {"merger_days": 7, "merger_reach": "page"}, 7, Reach.PAGE),
    (pull(checks=Checks.RED), {"author_days": 3}, 3, Reach.COMMENT),
    (pull(mergeable=False, review=Review.APPROVED), {"author_days": 3}, 3, Reach.COMMENT),
]


@pytest.mark.parametrize(("subject", "params", "days", "reach"), BOUNDS)
def test_reviews_at_the_bound(subject: Item, params: dict[str, object], days: int, reach: Reach) -> None:
    bound = bound_of(subject, days)
    verdict = review(subject, now=bound, **params)
    assert flagged(verdict) and verdict.reach is reach
    before = review(subject, now=bound - at("2026-01-01 00:01") + at("2026-01-01"), **params)
    assert not flagged(before) or before.reach is not reach
    assert before.recheck_at == bound


def bound_of(subject: Item, days: int) -> datetime:
    return subject.project.calendar.add_working_days(subject.last_movement.at, days)


def test_dormant_is_a_question_for_the_backlog() -> None:
    assert flagged(review(pull(), now=at("2027-02-22 09:59")))
    verdict = review(pull(), now=at("2027-02-22 10:00"))
    assert (verdict.outcome, verdict.reason.code) == (Outcome.CLEAR, "stalled-review.dormant")
    assert work(item(), now=at("2027-02-22 10:00")).reason.code == "stalled-work.dormant"
    longer = project(settings=Settings(dormant_after_days=400))
    assert flagged(work(item(project=longer), now=at("2027-02-22 10:00")))


def test_leaving_draft_starts_the_clock() -> None:
    assert not flagged(review(pull(ready_at=at("2026-12-07")), now=at("2026-12-08 12:00")))


def test_a_share_of_the_planned_time_counts_where_longer() -> None:
    planned = item(started_at=at("2026-11-01"), due=date(2026, 12, 30), project=project(WEEK))
    assert flagged(work(planned, now=at("2026-11-30"), quiet_days=3))
    assert not flagged(work(planned, now=at("2026-11-30"), quiet_days=3, plan_share=0.25))


GROWN = [
    (Size(checklist_total=6), Size(checklist_total=9), True),
    (Size(checklist_total=6), Size(checklist_total=8), False),
    (Size(checklist_total=7), Size(checklist_total=10), False),
    (Size(checklist_total=2), Size(checklist_total=4), False),
    (Size(estimate=2.0), Size(estimate=3.0), True),
    (Size(estimate=2.0), Size(estimate=2.5), False),
    (Size(estimate=None), Size(estimate=8.0), False),
    (Size(estimate=0.0), Size(estimate=8.0), False),
]


@pytest.mark.parametrize(("start", "size", "expected"), GROWN)
def test_growth_at_the_bound(start: Size, size: Size, expected: bool) -> None:
    assert flagged(growth(item(started_at=at("2026-11-20"), at_start=start, size=size))) is expected


def test_in_public_a_risen_estimate_stays_on_the_page() -> None:
    open_ = project(public=True)
    both = Size(estimate=8.0, checklist_total=9)
    start = Size(estimate=2.0, checklist_total=3)
    alone = growth(
        item(project=open_, started_at=at("2026-11-20"), at_start=Size(estimate=2.0), size=Size(estimate=8.0))
    )
    assert alone.reach is Reach.PAGE
    shown = growth(item(project=open_, started_at=at("2026-11-20"), at_start=start, size=both))
    assert [said.code for said in shown.evidence] == ["scope-growth.boxes"]
