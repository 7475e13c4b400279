"""Work in a sprint without a size: from when on, and only where nearly all the rest has one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from rules.catalog import unestimated_work
from rules.facts import Item, Size, Sprint, State
from rules.verdict import Outcome, Reach, Severity, Verdict
from rules.wording.render import plain
from tests.rules.build import BOT, at, item, jira

HOME = jira()
SPRINT = Sprint("Sprint 31", date(2026, 12, 4), None, date(2026, 11, 23), 11 / 12)
NOW = at("2026-11-24")


def judged(subject: Item, *, now: datetime = NOW, **params: object) -> Verdict:
    return unestimated_work.judge(subject, unestimated_work.UnestimatedWorkParams.model_validate(params), now)


def unsized(**fields: Any) -> Item:
    return item(**({"project": HOME, "state": State.TODO, "sprint": SPRINT} | fields))


def sprint(sized: float | None) -> Sprint:
    return replace(SPRINT, sized=sized)


def test_told_when_planning_is_over_and_no_moment_before() -> None:
    early = judged(unsized(), now=at("2026-11-23 23:59"))
    assert (early.reason.code, early.recheck_at) == ("unestimated-work.early", NOW)
    verdict = judged(unsized())
    assert (verdict.outcome, verdict.severity, verdict.reach) == (Outcome.FLAGGED, Severity.NOTE, Reach.PAGE)
    assert [plain(said, project=HOME) for said in (verdict.reason, *verdict.evidence)] == [
        "In Sprint 31 without an estimate.",
        "91 % of what is in the sprint is sized",
    ]


def test_only_where_four_of_five_are_sized() -> None:
    assert judged(unsized(sprint=sprint(0.8))).outcome is Outcome.FLAGGED
    few = judged(unsized(sprint=sprint(0.799)))
    assert plain(few.reason, project=HOME) == "Only 79 % of the sprint is sized: gaps mean nothing here."
    assert judged(unsized(sprint=sprint(0.5)), min_share=0.5).outcome is Outcome.FLAGGED


LEFT = {
    "sized": (unsized(size=Size(estimate=0.0)), {}, "unestimated-work.sized"),
    "no sprint": (unsized(sprint=None), {}, "unestimated-work.no-sprint"),
    "row 27: nobody sizes": (unsized(sprint=sprint(0.0)), {}, "unestimated-work.few-sized"),
    "share not known": (unsized(sprint=sprint(None)), {}, "unestimated-work.share-unknown"),
    "start not known": (unsized(sprint=replace(SPRINT, starts=None)), {}, "unestimated-work.share-unknown"),
    "bugs left out": (unsized(bug=True), {"bugs": False}, "unestimated-work.bug"),
    "done": (unsized(state=State.DONE, closed_at=NOW), {}, "unestimated-work.done"),
    "row 1: container": (unsized(children_total=3), {}, "common.container"),
    "row 4: automation": (unsized(author=BOT), {}, "common.automation"),
    "gap": (unsized(gap=True), {}, "common.gap"),
}


@pytest.mark.parametrize(("subject", "params", "code"), LEFT.values(), ids=LEFT)
def test_what_is_left_alone(subject: Item, params: dict[str, object], code: str) -> None:
    assert judged(subject, **params).reason.code == code


def test_a_bug_is_asked_for_its_size_unless_told_otherwise() -> None:
    assert judged(unsized(bug=True)).outcome is Outcome.FLAGGED
