"""Conditions: what they say of facts, how they refuse mistakes, and that no expression can hang or fill the memory."""

from __future__ import annotations

import resource
import time
from datetime import date
from typing import Any

import pytest

from rules.conditions import FIELDS, ConditionError, compile_condition
from rules.facts import Flow, Item, Milestone, Size
from tests.rules.build import at, item, milestone, planned, project, pull

NOW = at("2026-12-08 12:00")

HOLDS: list[tuple[str, Item, bool | None]] = [
    ("item.kind == 'issue'", item(), True),
    ("item.labels.exists(l, l == 'bug')", item(labels=("bug",)), True),
    ("item.labels.exists(l, l == 'bug')", item(), False),
    ("item.age_days > 14", item(), True),
    ("item.age_days == 37", item(), True),
    ("item.quiet_days >= 14 && item.state_days > 14", item(), True),
    ("item.estimate > 3", item(), None),
    ("item.estimate == null", item(), True),
    ("item.estimate > 3", item(size=Size(estimate=5.0)), True),
    ("item.days_until_due < 0", item(due=date(2026, 12, 7)), True),
    ("item.days_until_due < 0", item(), None),
    ("item.milestone == '2.4'", item(milestone_title="2.4"), True),
    ("item.milestone == null", item(), True),
    ("item.is_draft", pull(draft=True), True),
    ("item.checks == 'green'", pull(), True),
    ("item.created_at < today - days(30)", item(), True),
    ("item.author_is_member && item.author == 'ada'", item(), True),
    ("item.public", item(project=project(public=True)), True),
    ("item.body.contains('x')", item(body="x" * 100_000), True),
    ("item.title == '\\ufffd' || true", item(title="\ud800"), True),
]


@pytest.mark.parametrize(("text", "subject", "expected"), HOLDS)
def test_what_a_condition_says(text: str, subject: Item, expected: bool | None) -> None:
    answer = compile_condition(text, Item).answer(subject, NOW)
    assert answer.holds is expected
    assert (answer.why != "") is (expected is None)


def test_conditions_on_milestones() -> None:
    condition = compile_condition("milestone.members_open >= 3 && milestone.days_until_due < 7", Milestone)
    assert condition.holds(milestone(planned(3)), NOW) is True
    assert condition.holds(milestone(planned(2)), NOW) is False


@pytest.mark.parametrize(
    ("root", "subject"),
    [("item", pull()), ("milestone", milestone(planned(2))), ("flow", Flow(id=1, project=project()))],
    ids=["item", "milestone", "flow"],
)
def test_every_field_can_be_read_and_is_described(root: str, subject: Any) -> None:
    judges = type(subject)
    for name, field in FIELDS[judges].items():
        assert field.description.endswith(".")
        answer = compile_condition(f"{root}.{name} == {root}.{name}", judges).answer(subject, NOW)
        assert answer.holds is True, (name, answer)


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        ("item.kind == 'issue'", False),
        ("item.labels.exists(l, l == 'age_days')", False),
        ("item.age_days > 3", True),
        ("item.created_at < today", True),
        ("item.days_until_due < 3", True),
    ],
)
def test_a_condition_knows_whether_time_can_change_it(text: str, uses: bool) -> None:
    assert compile_condition(text, Item).uses_time is uses


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("item.kindd == 'x'", "there is no field 'kindd'", 1, 5),
        ("item.kind == 3", "cannot be compared", 1, 11),
        ("item.kind ==", "something is missing at the end", 1, 13),
        ("item.is_draft &&\n item.foo", "there is no field 'foo'", 2, 6),
        ("nope > 1", "'nope' is not known here", 1, 1),
        ("", "empty", 1, 1),
        ("item.kind", "true or false", 1, 1),
        ("1 + 1", "true or false", 1, 1),
        ("[1].map(x, x) == [1]", "map()", 1, 1),
        ("true" + " " * 2000, "longer", 1, 1),
        ("milestone.open", "does not judge a milestone. It is called `item` here", 1, 10),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, message: str, line: int, column: int) -> None:
    with pytest.raises(ConditionError) as caught:
        compile_condition(text, Item)
    assert message in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)


LABELS = tuple(f"label-{number}" + "x" * 60 for number in range(99))
BOMBS = [
    "item.labels.all(a, item.labels.all(b, item.labels.all(c, item.labels.all(d, a != b + c + d))))",
    "item.labels.exists(a, item.labels.exists(b, (item.body + a + b).size() < 0))",
    "item.body.matches('(a+)+$')",
    "item.labels.exists(a, item.body.matches(a + '(x+x+)+y'))",
    "(item.body + item.body + item.body + item.body).size() > 0",
]


@pytest.mark.parametrize("text", BOMBS)
def test_a_bomb_ends_soon_and_stays_small(text: str) -> None:
    subject = item(labels=LABELS, body="a" * 100_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    compile_condition(text, Item).answer(subject, NOW)
    assert time.monotonic() - began < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000  # KiB


@pytest.mark.parametrize(
    "text",
    [
        "(" * 900 + "true" + ")" * 900,
        " && ".join(["item.labels.all(a, true)"] * 7),
        "cel.bind(a, item.body, cel.bind(b, a + a, b.size() > 0))",
        "item.labels . map (a, a) == []",
    ],
)
def test_a_bomb_that_is_refused(text: str) -> None:
    with pytest.raises(ConditionError):
        compile_condition(text, Item)
