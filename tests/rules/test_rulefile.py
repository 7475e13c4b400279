"""The rule file: what it reads, how it refuses, and that it comes back equal. Packs are such files."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.catalog.registry import TYPES
from rules.engine import prepare
from rules.packs import load as packs
from rules.rulefile import Mistake, RuleDraft, RuleFileError, dump, parse
from rules.spec import Actions, Rung, Scope, Tell, kinds_of
from rules.verdict import Reach, Severity

FILE = """\
rules:
- name: reviews-that-wait
  type: stalled-review
  title: Reviews that wait
  mode: live
  severity: note
  reach: label
  params:
    author_days: 14
  scope:
    projects: [acme/*]
    kinds: [pull_request]
    condition: item.labels.exists(l, l == 'bug')
- name: quiet
  type: stalled-work
"""


def test_a_file_reads_as_rules() -> None:
    first, second = parse(FILE, source="rules.yaml")
    assert first.scope == Scope(("acme/*",), ("pull_request",), "item.labels.exists(l, l == 'bug')")
    assert (first.mode, first.severity, first.reach) == ("live", Severity.NOTE, Reach.LABEL)
    assert dict(first.params) == {"author_days": 14}
    assert second == RuleDraft(name="quiet", type="stalled-work")
    assert parse(dump([first, second]), source="x") == [first, second]


LADDER = "rules:\n- name: a\n  type: stalled-work\n  ladder:\n"


def test_a_ladder_reads_in_its_order_and_comes_back_equal() -> None:
    (draft,) = parse(f"{LADDER}  - {{after: 2, tell: lead}}\n  - after: 0.5\n    tell: author\n", source="x")
    assert draft.ladder == draft.as_rule().ladder == (Rung(2, Tell.LEAD), Rung(0.5, Tell.AUTHOR))
    assert parse(dump([draft]), source="x") == [draft]
    assert "- after: 2\n    tell: lead" in dump([draft])
    (plain,) = parse("rules:\n- name: a\n  type: stalled-work\n  ladder: []", source="x")
    assert plain.ladder == () and "ladder" not in dump([plain])


WRONG = [
    ("rules:\n- name: a\n  type: stalled-work\n  ladder: lead", 4, 11, "rules[0].ladder", "must be a list of rungs"),
    (f"{LADDER}  - lead", 5, 5, "rules[0].ladder[0]", "must hold keys such as after, tell"),
    (f"{LADDER}  - after: 2", 5, 5, "rules[0].ladder[0].tell", "is missing"),
    (f"{LADDER}  - tell: lead", 5, 5, "rules[0].ladder[0].after", "is missing"),
    (f"{LADDER}  - {{after: 2, tell: lead, tel: 1}}", 5, 28, "rules[0].ladder[0].tel", "did you mean `tell`?"),
    (
        f"{LADDER}  - {{after: 2, tell: boss}}",
        5,
        22,
        "rules[0].ladder[0].tell",
        "one of author, assignee, lead, channel",
    ),
    (f"{LADDER}  - {{after: soon, tell: lead}}", 5, 13, "rules[0].ladder[0].after", "must be a number of working days"),
    (f"{LADDER}  - {{after: yes, tell: lead}}", 5, 13, "rules[0].ladder[0].after", "must be a number of working days"),
    (f"{LADDER}  - {{after: .inf, tell: lead}}", 5, 13, "rules[0].ladder[0].after", "must be a number of working days"),
    (f"{LADDER}  - {{after: -1, tell: lead}}", 5, 13, "rules[0].ladder[0].after", "must be 0 to 260 working days"),
    (f"{LADDER}" + "  - {after: 1, tell: lead}\n" * 2, 6, 5, "rules[0].ladder[1]", "stands here twice"),
    (f"{LADDER}" + "  - {after: 1, tell: lead}\n" * 11, 5, 3, "rules[0].ladder", "has 11 rungs; at most 10"),
    ("", 1, 1, "file", "is empty"),
    ("rules: [", 1, 9, "file", "is not YAML"),
    ("- a", 1, 1, "file", "must hold keys"),
    ("ruls: []", 1, 1, "file.ruls", "did you mean `rules`?"),
    ("rules: 3", 1, 8, "rules", "must be a list"),
    ("rules:\n- 3", 2, 3, "rules[0]", "must hold keys"),
    ("rules:\n- type: stalled-work", 2, 3, "rules[0].name", "is missing"),
    ("rules:\n- name: a", 2, 3, "rules[0].type", "is missing"),
    ("rules:\n- name: a\n  type: stalled-wrk", 3, 9, "rules[0].type", "did you mean `stalled-work`?"),
    (FILE.replace("mode: live", "mod: live"), 5, 3, "rules[0].mod", "did you mean `mode`?"),
    (FILE.replace("mode: live", "mode: loud"), 5, 9, "rules[0].mode", "must be one of off, observe, live"),
    (FILE.replace("label", "shout", 1), 7, 10, "rules[0].reach", "must be one of page, label, comment"),
    (FILE.replace("author_days", "autor_days"), 9, 5, "rules[0].params.autor_days", "did you mean `author_days`?"),
    (FILE.replace("14", "0"), 9, 18, "rules[0].params.author_days", "must be at least 1"),
    (FILE.replace("14", "soon"), 9, 18, "rules[0].params.author_days", "must be a whole number"),
    (FILE.replace("[pull_request]", "[epic]"), 12, 12, "rules[0].scope.kinds", "'epic' is none of"),
    (FILE.replace("[acme/*]", "acme"), 11, 15, "rules[0].scope.projects", "must be a list of texts"),
    (FILE.replace("item.labels", "item.label"), 13, 16, "rules[0].scope.condition", "line 1, column 5"),
    (FILE.replace("quiet", "reviews-that-wait"), 14, 3, "rules[1].name", "is taken by the rule in line 2"),
    (FILE + "  type: stalled-review\n", 16, 3, "rules[1].type", "stands here twice"),
    ("rules: &a []\nb: *a", 1, 1, "file", "aliases"),
    ("rules: " + "[" * 100_000, 1, 1, "file", "is nested too deeply"),
    ("rules: " + "{a: " * 100_000, 1, 1, "file", "is nested too deeply"),
    (FILE.replace("14", "!!python/object:os.system x"), 9, 18, "rules[0].params.author_days", "whole number"),
]


@pytest.mark.parametrize(("text", "line", "column", "field", "message"), WRONG)
def test_a_mistake_has_its_place(text: str, line: int, column: int, field: str, message: str) -> None:
    with pytest.raises(RuleFileError) as caught:
        parse(text, source="rules.yaml")
    mistake = caught.value.mistakes[0]
    assert message in mistake.message, mistake
    assert mistake.field == field
    assert (mistake.line, mistake.column) == (line, column)
    assert str(mistake).startswith(f"rules.yaml:{mistake.line}:{mistake.column}: {field}: ")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.integers(0, len(FILE)), st.integers(0, 20))
def test_a_broken_file_is_refused_and_never_crashes(noise: str, place: int, cut: int) -> None:
    mistakes: tuple[Mistake, ...] = ()
    try:
        parse(FILE[:place] + noise + FILE[place + cut :], source="f")
    except RuleFileError as error:
        mistakes = error.mistakes
    assert all(mistake.line >= 1 and mistake.column >= 1 for mistake in mistakes)


def test_all_mistakes_are_told_at_once() -> None:
    text = FILE.replace("mode: live", "mod: live").replace("14", "0").replace("stalled-work", "stalled-wrk")
    with pytest.raises(RuleFileError) as caught:
        parse(text, source="f")
    assert [mistake.line for mistake in caught.value.mistakes] == [5, 15]


ACTIONS = "rules:\n- name: a\n  type: stalled-work\n  actions:\n"


@pytest.mark.parametrize(
    ("line", "field", "message"),
    [
        ("    lable: waits", "lable", "did you mean `label`?"),
        ("    label: Has Blanks", "label", "must be small letters"),
        ('    label: "off"', "label", "by which people silence us"),
        ("    color: red", "color", "six hex digits"),
        ("    remark: " + "a" * 301, "remark", "at most 300 characters"),
        ("    settle_minutes: soon", "settle_minutes", "whole number of minutes"),
        ("    settle_minutes: yes", "settle_minutes", "whole number of minutes"),
        ("    settle_minutes: 1441", "settle_minutes", "0 to 1440"),
    ],
)
def test_a_mistake_in_what_flags_do_is_told_at_its_line(line: str, field: str, message: str) -> None:
    with pytest.raises(RuleFileError) as caught:
        parse(ACTIONS + line, source="f")
    (mistake,) = caught.value.mistakes
    assert (mistake.line, mistake.field) == (5, f"rules[0].actions.{field}")
    assert message in mistake.message


drafts = st.builds(
    RuleDraft,
    name=st.text("abc-é: #'\"", min_size=1, max_size=12).map(lambda text: f"n{text}n"),
    type=st.sampled_from([type_.name for type_ in TYPES]),
    title=st.sampled_from(["", "A title: with # signs", "off"]),
    mode=st.sampled_from(["off", "observe", "live"]),
    severity=st.sampled_from(Severity),
    reach=st.sampled_from(Reach),
    ladder=st.lists(
        st.builds(Rung, st.sampled_from([0.0, 0.5, 2.0, 260.0]), st.sampled_from(Tell)), max_size=3, unique=True
    ).map(tuple),
    actions=st.builds(
        Actions,
        label=st.sampled_from(["", "waits", "2-late"]),
        color=st.sampled_from(["", "d4a72c", "000000"]),
        remark=st.sampled_from(["", "See https://wiki.example/reviews: it's short."]),
        settle_minutes=st.sampled_from([None, 0, 90]),
    ),
    scope=st.builds(Scope, projects=st.sampled_from([(), ("acme/*", "PAY"), ("123",)])),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(drafts, max_size=4, unique_by=lambda draft: draft.name))
def test_a_file_comes_back_equal(rules: list[RuleDraft]) -> None:
    assert parse(dump(rules), source="x") == rules


FLOW = {"ageing-work", "overload", "bottleneck"}
CRITERIA = {"missing-acceptance-criteria", "unestimated-work"}
EFFORT = {"estimate-overrun", "budget-burn"}
OFF = {
    "every pack": {"red-checks", "sprint-injection", "custom"},
    "scrum": FLOW | EFFORT,
    "kanban": CRITERIA | EFFORT | {"unready-milestone"},
    "waterfall": CRITERIA | FLOW,
    "open-source": CRITERIA
    | FLOW
    | EFFORT
    | {
        "abandoned-assignment",
        "blocked-too-long",
        "state-mismatch",
        "unlinked-work",
        "unready-milestone",
        "dependency-at-risk",
    },
}


@pytest.mark.parametrize("name", packs.NAMES)
def test_a_pack_holds_each_type_once_and_can_be_used(name: str) -> None:
    rules = packs.load(name)
    assert {draft.type for draft in rules} == {type_.name for type_ in TYPES} and len(rules) == len(TYPES)
    off = OFF["every pack"] | OFF.get(name, set())
    assert all(prepare(draft.as_rule()) for draft in rules)
    assert all(draft.mode == ("off" if draft.type in off else "observe") for draft in rules)
    assert parse(dump(rules), source="x") == rules


def test_an_unknown_pack_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        packs.text("../secrets")


def test_defaults_are_those_of_the_scrum_pack() -> None:
    for draft in packs.load("scrum"):
        type_: Any = next(type_ for type_ in TYPES if type_.name == draft.type)
        chosen = {**draft.params}
        chosen.pop("running_sprint", None)
        assert type_.params.model_validate(chosen) == type_.params()
        assert kinds_of(type_)
