"""Rules together: scope, modes, conditions, caps, crashes and who yields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rules import engine
from rules.catalog import stalled_work
from rules.catalog.registry import TYPES
from rules.engine import PreparedRule, RuleError, judge, prepare, problems, recheck_at
from rules.facts import Flow, Item
from rules.spec import NoParams, Rule, RuleType, Scope
from rules.verdict import Outcome, Reach, Severity, Verdict
from tests.rules.build import at, item, milestone, project, pull, sprint

NOW = at("2026-12-08 12:00")
FLOW = Flow(id=1, project=project())


def rule(type_: str = "stalled-work", **fields: Any) -> Rule:
    base: dict[str, Any] = {"id": 1, "version": 1, "name": type_, "type": type_}
    return Rule(**(base | fields))


def one(made: Rule, subject: Item | None = None) -> Verdict:
    (judgement,) = judge([prepare(made)], subject or item(), NOW)
    return judgement.verdict


def test_a_rule_that_is_off_or_looks_elsewhere_says_nothing() -> None:
    elsewhere = Scope(projects=("acme/web*",))
    kinds = Scope(kinds=("subtask",))
    rules = [rule(mode="off"), rule(scope=elsewhere), rule(scope=kinds), rule("stalled-review"), rule("scope-creep")]
    assert judge([prepare(made) for made in rules], item(), NOW) == ()
    assert one(rule(scope=Scope(projects=("acme/*",), kinds=("issue",)))).outcome is Outcome.FLAGGED


def test_reach_and_severity_are_capped_by_the_row() -> None:
    verdict = one(rule(severity=Severity.NOTE, reach=Reach.LABEL))
    assert (verdict.severity, verdict.reach) == (Severity.NOTE, Reach.LABEL)
    assert one(rule(severity=Severity.URGENT)).severity is Severity.WARNING


def test_a_condition_that_does_not_hold_skips_with_its_reason() -> None:
    verdict = one(rule(scope=Scope(condition="item.age_days > 100")))
    assert (verdict.reason.code, verdict.recheck_at) == ("engine.condition", at("2026-12-09"))
    assert one(rule(scope=Scope(condition="item.kind == 'epic'"))).recheck_at is None
    assert one(rule(scope=Scope(condition="item.estimate > 1"))).reason.code == "engine.condition-unknown"
    assert one(rule(scope=Scope(condition="item.age_days > 1"))).recheck_at == at("2026-12-09")


def test_the_next_look_is_the_earliest_of_all() -> None:
    rules = [prepare(rule()), prepare(rule(scope=Scope(condition="item.age_days > 1")))]
    assert recheck_at(judge(rules, item(), NOW)) == at("2026-12-09")
    assert recheck_at(()) is None


def crash(subject: Item, params: NoParams, now: object) -> Verdict:
    raise RuntimeError("planted")


CRASHING = replace(stalled_work.TYPE, name="stalled-crash", judge=crash)
YIELDING = replace(stalled_work.TYPE, name="stalled-yield", yields_to=("stalled-work",))


@pytest.fixture
def extra_types(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    types = {type_.name: type_ for type_ in (*TYPES, CRASHING, YIELDING)}
    monkeypatch.setattr(engine, "by_name", types.__getitem__)
    yield


def prepared(type_: RuleType) -> PreparedRule:
    return PreparedRule(rule=rule(type_.name), type=type_, params=type_.params())


@pytest.mark.usefixtures("extra_types")
def test_a_crash_harms_no_other_rule() -> None:
    broken, fine = judge([prepared(CRASHING), prepared(stalled_work.TYPE)], item(), NOW)
    assert broken.verdict.outcome is Outcome.ERROR and "planted" in str(broken.verdict.reason.values["error"])
    assert fine.verdict.outcome is Outcome.FLAGGED


@pytest.mark.usefixtures("extra_types")
def test_a_type_yields_to_another_that_has_flagged() -> None:
    both = judge([prepared(YIELDING), prepared(stalled_work.TYPE)], item(), NOW)
    assert both[0].verdict.reason.code == "engine.yields" and both[1].verdict.outcome is Outcome.FLAGGED
    (alone,) = judge([prepared(YIELDING)], item(), NOW)
    assert alone.verdict.outcome is Outcome.FLAGGED


@pytest.mark.parametrize(
    ("made", "field"),
    [
        (rule("stalled-wrk"), "type"),
        (rule(mode="loud"), "mode"),
        (rule(params={"quiet_days": 0}), "params.quiet_days"),
        (rule(params={"quiet_dayz": 3}), "params.quiet_dayz"),
        (rule(params={"quiet_days": "soon"}), "params.quiet_days"),
        (rule(params={"quiet_days": True}), "params.quiet_days"),
        (rule(params={"plan_share": float("nan")}), "params.plan_share"),
        (rule(scope=Scope(kinds=("epic",))), "scope.kinds"),
        (rule(scope=Scope(condition="item.nope")), "scope.condition"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(made: Rule, field: str) -> None:
    with pytest.raises(RuleError) as caught:
        prepare(made)
    assert caught.value.field == field


def test_all_that_is_wrong_is_found_at_once() -> None:
    made = rule(mode="loud", params={"quiet_days": 0, "x": 1}, scope=Scope(kinds=("epic",), condition="item.nope"))
    assert [problem.field for problem in problems(made)] == [
        "mode",
        "params.quiet_days",
        "params.x",
        "scope.kinds",
        "scope.condition",
    ]


def test_all_types_judge_through_the_engine() -> None:
    rules = [prepare(rule(type_.name, id=number)) for number, type_ in enumerate(TYPES)]
    names = {
        made.rule.type
        for subject in (item(), pull(), milestone(), sprint(), FLOW)
        for made in judge(rules, subject, NOW)
    }
    assert names == {type_.name for type_ in TYPES}
    assert not any(
        made.verdict.outcome is Outcome.ERROR
        for subject in (item(project=project()), pull(), milestone())
        for made in judge(rules, subject, NOW)
    )
