"""Checks that stay red: the bound, what counts as red, and who speaks where reviews are judged too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rules.catalog import red_checks
from rules.engine import judge, prepare
from rules.facts import Checks, Item, LinkKind, State
from rules.spec import Rule
from rules.verdict import Outcome, Reach, Verdict
from rules.wording.render import plain
from tests.rules.build import BOT, WEEK, at, link, project, ref, step
from tests.rules.build import pull as any_pull

SINCE = "2026-11-24 10:00"
BOUND = at("2026-11-27 10:00")


def judged(subject: Item, *, now: Any = BOUND, **params: object) -> Verdict:
    return red_checks.judge(subject, red_checks.RedChecksParams.model_validate(params), now)


def pull(**fields: Any) -> Item:
    base: dict[str, Any] = {
        "project": project(WEEK), "checks": Checks.RED, "red_since": at(SINCE), "red_checks": ("build",),
        "last_push": step("push", "2026-11-24 09:30"),
    }  # fmt: skip
    return any_pull(**(base | fields))


def test_flagged_after_so_many_working_days_and_no_moment_before() -> None:
    early = judged(pull(), now=at("2026-11-27 09:59"))
    assert (early.reason.code, early.recheck_at) == ("red-checks.short", BOUND)
    verdict = judged(pull())
    assert (verdict.outcome, verdict.reach) == (Outcome.FLAGGED, Reach.LABEL)
    assert plain(verdict.reason, project=project(WEEK)) == "Checks have been red for 3 working days (since Tue 24 Nov)."
    assert [plain(said, project=project(WEEK)) for said in verdict.evidence] == [
        "Red: build",
        "Last push: push of Tue 24 Nov",
    ]
    assert verdict.recheck_at == at("2027-02-22 10:00")
    assert judged(pull(), now=at("2027-02-22 10:00")).reason.code == "red-checks.dormant"


def test_of_many_red_checks_three_are_named() -> None:
    verdict = judged(pull(red_checks=("a", "b", "c", "d", "e")))
    assert plain(verdict.evidence[0], project=project(WEEK)) == "Red: a, b, c and 2 more"


LEFT = {
    "closed": (pull(state=State.DROPPED, closed_at=BOUND), "red-checks.done"),
    "unread": (replace(pull(), pull_request=None), "red-checks.unread"),
    "draft": (pull(draft=True), "red-checks.draft"),
    "never told": (pull(checks=Checks.UNKNOWN, red_since=None), "red-checks.unknown"),
    "green": (pull(checks=Checks.GREEN, red_since=None), "red-checks.not-red"),
    "running": (pull(checks=Checks.PENDING, red_since=None), "red-checks.not-red"),
    "row 32: waits for approval": (pull(checks=Checks.AWAITING_APPROVAL, red_since=None), "red-checks.not-red"),
    "since when": (pull(red_since=None), "red-checks.since-unknown"),
    "row 4: automation": (pull(author=BOT), "common.automation"),
    "on hold": (pull(labels=("On hold",)), "common.left-out"),
    "gap": (pull(gap=True), "common.gap"),
}


@pytest.mark.parametrize(("subject", "code"), LEFT.values(), ids=LEFT)
def test_what_is_left_alone(subject: Item, code: str) -> None:
    assert judged(subject).reason.code == code


def test_row_33_of_stacked_pull_requests_that_are_all_red_only_the_base_is_flagged() -> None:
    base = link(LinkKind.STACKED_ON, ref(481), inbound=False, other_checks=Checks.RED)
    assert judged(pull(links=(base,))).reason.code == "red-checks.stacked"
    for other in (replace(base, other_checks=Checks.GREEN), replace(base, other_state=State.DONE)):
        assert judged(pull(links=(other,))).outcome is Outcome.FLAGGED


def test_a_quiet_pull_request_is_flagged_once_by_whose_turn_it_is() -> None:
    rules = [prepare(Rule(id=n, version=1, name=t, type=t)) for n, t in enumerate(("stalled-review", "red-checks"))]
    review, checks = judge(rules, pull(), BOUND)
    assert review.verdict.reason.code == "stalled-review.author"
    assert checks.verdict.reason.code == "engine.yields"
    (alone,) = judge(rules[1:], pull(), BOUND)
    assert alone.verdict.outcome is Outcome.FLAGGED
