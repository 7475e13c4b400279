"""Waiting for an answer: both ways in which something waits, their bounds, and who speaks on a pull request."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from rules.catalog import stalled_work, waiting_for_answer
from rules.engine import judge, prepare
from rules.facts import Item, Side, State
from rules.spec import Rule
from rules.verdict import Outcome, Reach, Verdict
from rules.wording.render import plain
from tests.rules.build import BOT, WEEK, at, project, pull, settings, step
from tests.rules.build import item as any_item

HOME = project(WEEK)
ASKED = step("comment", "2026-11-24 10:00", side=Side.REVIEWER, url="https://github.com/acme/shop/issues/1#c1")


def judged(subject: Item, *, now: datetime, **params: object) -> Verdict:
    return waiting_for_answer.judge(subject, waiting_for_answer.WaitingForAnswerParams.model_validate(params), now)


def asked(**fields: Any) -> Item:
    return any_item(**({"project": HOME, "question": ASKED} | fields))


def called(**fields: Any) -> Item:
    base = {"project": HOME, "status": "Waiting for vendor", "waiting_since": at("2026-11-24 10:00")}
    return any_item(**(base | fields))


def lines(verdict: Verdict) -> list[str]:
    return [plain(said, project=HOME) for said in (verdict.reason, *verdict.evidence)]


def test_a_question_is_told_after_three_working_days_and_no_moment_before() -> None:
    early = judged(asked(), now=at("2026-11-27 09:59"))
    assert (early.reason.code, early.recheck_at) == ("waiting-for-answer.short", at("2026-11-27 10:00"))
    verdict = judged(asked(), now=at("2026-11-27 10:00"))
    assert (verdict.outcome, verdict.reach) == (Outcome.FLAGGED, Reach.LABEL)
    assert lines(verdict) == [
        "Waiting for an answer for 3 working days (since Tue 24 Nov).",
        "Asked: comment of 24 Nov, not answered yet",
    ]


def test_row_38_what_is_called_waiting_is_told_after_five_working_days() -> None:
    early = judged(called(), now=at("2026-12-01 09:59"))
    assert (early.reason.code, early.recheck_at) == ("waiting-for-answer.short", at("2026-12-01 10:00"))
    verdict = judged(called(), now=at("2026-12-01 10:00"))
    assert lines(verdict) == [
        "Waiting for an answer for 5 working days (since Tue 24 Nov).",
        '"Waiting for vendor" says so',
    ]
    both = judged(called(question=ASKED), now=at("2026-12-01 10:00"))
    assert [said.code for said in both.evidence] == ["waiting-for-answer.called", "waiting-for-answer.asked"]
    quiet = stalled_work.judge(called(), stalled_work.StalledWorkParams(), at("2026-12-01 10:00"))
    assert quiet.reason.code == "common.waiting"


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "open", "labels": ("Needs-Info",)},
        {"status": "Parked", "project": project(WEEK, settings=settings(statuses={"parked": "waiting"}))},
    ],
)
def test_a_label_or_a_status_of_the_projects_own_says_it_too(fields: dict[str, Any]) -> None:
    assert judged(called(**fields), now=at("2026-12-01 10:00")).outcome is Outcome.FLAGGED


def test_nothing_is_said_of_a_time_that_is_not_known() -> None:
    known = replace(HOME, known_from=at("2026-11-26"))
    assert judged(called(project=known), now=at("2026-12-02 23:59")).outcome is Outcome.CLEAR
    assert judged(called(project=known), now=at("2026-12-03")).outcome is Outcome.FLAGGED


LEFT = {
    "row 37: a bystander's question is no fact": (any_item(project=HOME), "waiting-for-answer.none"),
    "closed": (asked(state=State.DONE, closed_at=at("2026-11-30")), "waiting-for-answer.done"),
    "since when": (called(waiting_since=None), "waiting-for-answer.since-unknown"),
    "dormant": (asked(question=replace(ASKED, at=at("2026-08-01"))), "waiting-for-answer.dormant"),
    "row 4: automation": (asked(author=BOT), "common.automation"),
    "container": (asked(children_total=2), "common.container"),
    "on hold": (asked(labels=("on hold",)), "common.left-out"),
    "gap": (asked(gap=True), "common.gap"),
}


@pytest.mark.parametrize(("subject", "code"), LEFT.values(), ids=LEFT)
def test_what_is_left_alone(subject: Item, code: str) -> None:
    assert judged(subject, now=at("2026-12-01 10:00")).reason.code == code


def test_on_a_quiet_pull_request_the_flag_about_its_review_speaks() -> None:
    types = ("stalled-review", "waiting-for-answer")
    rules = [prepare(Rule(id=n, version=1, name=name, type=name)) for n, name in enumerate(types)]
    subject = pull(project=HOME, question=ASKED, by=Side.REVIEWER, word="comment")
    review, answer = judge(rules, subject, at("2026-11-27 10:00"))
    assert (review.verdict.reason.code, answer.verdict.reason.code) == ("stalled-review.author", "engine.yields")
    (alone,) = judge(rules[1:], subject, at("2026-11-27 10:00"))
    assert alone.verdict.outcome is Outcome.FLAGGED
