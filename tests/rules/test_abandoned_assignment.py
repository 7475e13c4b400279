"""Given to somebody and never begun: the bounds, and whom nobody asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from rules.catalog import abandoned_assignment, stalled_work
from rules.engine import judge, prepare
from rules.facts import DueSet, Item, LinkKind, Sprint, State
from rules.spec import Rule
from rules.verdict import Outcome, Reach, Severity, Verdict
from rules.wording.render import plain
from tests.rules.build import ADA, BOT, WEEK, at, item, link, project, ref

HOME = project(WEEK)
GIVEN = at("2026-11-24 10:00")
BOUND = at("2026-12-01 10:00")
SPRINT = Sprint("Sprint 31", date(2026, 12, 4), None, date(2026, 11, 23))


def judged(subject: Item, *, now: datetime = BOUND, **params: object) -> Verdict:
    return abandoned_assignment.judge(
        subject, abandoned_assignment.AbandonedAssignmentParams.model_validate(params), now
    )


def given(**fields: Any) -> Item:
    base: dict[str, Any] = {
        "project": HOME, "state": State.TODO, "status": "To Do", "assignees": (ADA,), "assigned_since": GIVEN,
        "needed_by": date(2026, 12, 11), "moved": "2026-11-20 10:00",
    }  # fmt: skip
    return item(**(base | fields))


def test_told_after_five_quiet_working_days_and_no_moment_before() -> None:
    early = judged(given(), now=at("2026-12-01 09:59"))
    assert (early.reason.code, early.recheck_at) == ("abandoned-assignment.early", BOUND)
    verdict = judged(given())
    assert (verdict.outcome, verdict.severity, verdict.reach) == (Outcome.FLAGGED, Severity.NOTE, Reach.PAGE)
    assert [plain(said, project=HOME) for said in (verdict.reason, *verdict.evidence)] == [
        "Assigned and not started; quiet for 5 working days.",
        "It is needed by Fri 11 Dec",
    ]


def test_outside_a_sprint_only_while_the_date_is_near() -> None:
    far = given(needed_by=date(2026, 12, 31))
    assert judged(far).recheck_at == at("2026-12-17")
    assert judged(far, now=at("2026-12-17")).outcome is Outcome.FLAGGED
    assert judged(far, ahead_days=30).outcome is Outcome.FLAGGED
    assert judged(given(needed_by=date(2026, 11, 25))).outcome is Outcome.FLAGGED  # past already


def test_in_a_running_sprint_from_its_beginning() -> None:
    planned = given(sprint=SPRINT, needed_by=None, assigned_since=at("2026-11-10"), moved="2026-11-09")
    assert judged(planned, now=at("2026-11-27 23:59")).recheck_at == at("2026-11-28")
    verdict = judged(planned, now=at("2026-11-28"))
    assert plain(verdict.evidence[0], project=HOME) == "Sprint 31 ends on Fri 4 Dec"
    assert judged(replace(planned, assigned_since=None), now=at("2026-11-28")).outcome is Outcome.FLAGGED


LEFT = {
    "row 29: by component, as it was made": (given(assigned_since=None), "abandoned-assignment.by-default"),
    "row 29: in triage": (given(labels=("needs-triage",)), "common.left-out"),
    "row 29: a queue without dates": (given(needed_by=None), "abandoned-assignment.undated"),
    "row 30: good first issue": (given(labels=("good first issue",)), "common.left-out"),
    "nobody": (given(assignees=()), "abandoned-assignment.nobody"),
    "acted": (given(acted_at=GIVEN), "abandoned-assignment.begun"),
    "began once": (given(started_at=GIVEN), "abandoned-assignment.begun"),
    "in progress": (given(state=State.IN_PROGRESS), "abandoned-assignment.begun"),
    "waits": (given(status="On hold"), "common.waiting"),
    "called blocked": (given(flagged_since=GIVEN), "abandoned-assignment.blocked"),
    "blocked": (given(links=(link(LinkKind.BLOCKS, ref(77)),)), "abandoned-assignment.blocked"),
    "closed": (given(state=State.DONE, closed_at=BOUND), "abandoned-assignment.done"),
    "moved": (given(moved="2026-11-30 10:00"), "abandoned-assignment.early"),
    "row 1: container": (given(children_total=2), "common.container"),
    "row 4: automation": (given(author=BOT), "common.automation"),
    "dormant": (given(assigned_since=at("2026-08-01"), moved="2026-08-01"), "abandoned-assignment.dormant"),
    "gap": (given(gap=True), "common.gap"),
}


@pytest.mark.parametrize(("subject", "code"), LEFT.values(), ids=LEFT)
def test_what_is_left_alone(subject: Item, code: str) -> None:
    assert judged(subject).reason.code == code


def test_what_was_never_begun_is_no_quiet_work_and_what_is_past_its_date_is_told_once() -> None:
    late = given(due=date(2026, 11, 27), dues=(DueSet(date(2026, 11, 27), at("2026-11-20")),))
    types = ("stalled-work", "abandoned-assignment", "missed-due-date")
    rules = [prepare(Rule(id=n, version=1, name=name, type=name)) for n, name in enumerate(types)]
    work, given_to, due = judge(rules, late, BOUND)
    assert work.verdict.reason.code == "stalled-work.not-started"
    assert due.verdict.outcome is Outcome.FLAGGED
    assert given_to.verdict.reason.code == "engine.yields"
    assert stalled_work.judge(given(), stalled_work.StalledWorkParams(), BOUND).outcome is Outcome.CLEAR
