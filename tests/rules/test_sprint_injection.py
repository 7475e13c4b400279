"""What comes into a running sprint: when it counts, what goes out for it, and who speaks where the sprint has grown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from rules.catalog import sprint_injection
from rules.engine import judge, prepare
from rules.facts import Baseline, Milestone
from rules.spec import Rule
from rules.verdict import Outcome, Reach, Severity, Verdict
from rules.wording.render import plain
from tests.rules.build import at, done, jira, member, planned, sprint

BOUND = at("2026-11-27 10:00")
"""A working day after the addition joined."""
TEN = planned(10, joined="2026-11-22", estimate=3.0)


def judged(subject: Milestone, *, now: datetime = BOUND, **params: object) -> Verdict:
    chosen = {"ask_swap": True, **params}
    return sprint_injection.judge(subject, sprint_injection.SprintInjectionParams.model_validate(chosen), now)


def added(id_: int = 50, joined: str = "2026-11-26 10:00", **fields: Any) -> Any:
    return member(id_, joined=joined, **({"estimate": 3.0} | fields))


def text(verdict: Verdict) -> list[str]:
    return [plain(said, project=jira()) for said in (verdict.reason, *verdict.evidence, *verdict.below)]


def test_an_addition_counts_a_working_day_after_it_joined() -> None:
    subject = sprint([*TEN, added()])
    early = judged(subject, now=at("2026-11-27 09:59"))
    assert (early.reason.code, early.recheck_at) == ("sprint-injection.even", BOUND)
    verdict = judged(subject)
    assert (verdict.outcome, verdict.severity, verdict.reach) == (Outcome.FLAGGED, Severity.NOTE, Reach.PAGE)
    assert text(verdict) == [
        "1 item came into Sprint 31 after it was planned, and nothing went out.",
        "#50 Item 50, on 26 Nov, 3 points",
        "3 points came in, 0 went out",
    ]
    assert verdict.since == at("2026-11-26 10:00")


def test_what_goes_out_for_it_is_set_against_it_by_size() -> None:
    out = member(60, joined="2026-11-22", left="2026-11-26", estimate=3.0)
    assert judged(sprint([*TEN, out, added()])).reason.code == "sprint-injection.even"
    more = judged(sprint([*TEN, out, added(estimate=5.0)]))
    assert text(more)[0] == "1 item came into Sprint 31 after it was planned, and one went out."
    assert text(more)[2:] == ["5 points came in, 3 went out", "Taken out: #60"]


def test_where_not_all_is_sized_items_are_counted() -> None:
    out = member(60, joined="2026-11-22", left="2026-11-26", estimate=None)
    assert judged(sprint([*TEN, out, added(estimate=8.0)])).reason.code == "sprint-injection.even"
    two = judged(sprint([*TEN, out, added(), added(51, estimate=None)]))
    assert two.outcome is Outcome.FLAGGED and two.weight == 1.0


def test_the_latest_are_told_and_the_others_counted() -> None:
    subject = sprint([*TEN, *(added(50 + n, f"2026-11-26 0{n}:00") for n in range(5))])
    assert text(judged(subject))[1:4] == [
        "#54 Item 54, on 26 Nov, 3 points",
        "#53 Item 53, on 26 Nov, 3 points",
        "3 more: list",
    ]
    assert judged(subject, min_items=6).outcome is Outcome.CLEAR


LEFT = {
    "nobody asks for a swap": (sprint([*TEN, added()]), {"ask_swap": False}, "sprint-injection.not-asked"),
    "row 13: from a sprint that runs too": (
        sprint([*TEN, added(carried_from="Sprint 30b")]), {}, "sprint-injection.even",
    ),
    "row 14: left over by an ended sprint": (
        sprint([*TEN, added(carried_from="Sprint 30", carried_closed=True)]), {}, "sprint-injection.even",
    ),
    "row 15: within the day of grace": (sprint([*TEN, added(joined="2026-11-23 23:59")]), {}, "sprint-injection.even"),
    "row 22: done within a day": (sprint([*TEN, done(50, "2026-11-26 15:00", joined="2026-11-26 10:00")]), {}, "sprint-injection.even"),
    "row 24: part of what is in": (sprint([*TEN, added(parent_id=1)]), {}, "sprint-injection.even"),
    "the plan was made anew": (
        sprint([*TEN, added()], baseline=Baseline(at("2026-11-27"), "command", dict.fromkeys((*range(1, 11), 50), 3.0))),
        {}, "sprint-injection.even",
    ),
    "over": (sprint([*TEN, added()], open=False, closed_at=BOUND), {}, "sprint-injection.closed"),
    "no start": (sprint([*TEN, added()], start=None), {}, "sprint-injection.no-start"),
    "nothing planned": (sprint([added()]), {}, "sprint-injection.nothing-planned"),
    "history begins later": (sprint([*TEN, added()], known_from=at("2026-11-25")), {}, "common.known-since"),
    "gap": (sprint([*TEN, added()], gap=True), {}, "common.gap"),
}  # fmt: skip


@pytest.mark.parametrize(("subject", "params", "code"), LEFT.values(), ids=LEFT)
def test_what_is_no_injection(subject: Milestone, params: dict[str, object], code: str) -> None:
    assert judged(subject, **params).reason.code == code


def test_before_the_day_of_grace_is_over_nothing_is_an_addition() -> None:
    verdict = judged(sprint(TEN), now=at("2026-11-23 12:00"))
    assert (verdict.reason.code, verdict.recheck_at) == ("sprint-injection.not-planned-yet", at("2026-11-24"))


def test_a_sprint_that_has_grown_is_told_once_with_its_additions() -> None:
    types = ("scope-creep", "sprint-injection")
    rules = [
        prepare(Rule(id=n, version=1, name=name, type=name, params={"ask_swap": True} if n else {}))
        for n, name in enumerate(types)
    ]
    few = judge(rules, sprint([*TEN, added()]), BOUND)
    assert [one.verdict.reason.code for one in few] == ["scope-creep.within", "sprint-injection.came"]
    many = judge(rules, sprint([*TEN, *(added(50 + n) for n in range(4))]), BOUND)
    assert [one.verdict.reason.code for one in many] == ["scope-creep.grown", "engine.yields"]
