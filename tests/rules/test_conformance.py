"""What every rule type and every sentence must keep, over the whole registry."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.catalog.registry import TYPES
from rules.docs import HEADINGS, pages, schema, sections
from rules.spec import RuleType
from rules.verdict import Said, Verdict
from rules.wording.codec import dump_verdict, load_verdict
from rules.wording.render import plain
from rules.wording.templates import placeholders, sentences, template
from tests.rules.test_recheck import later, subjects

RULES = Path(__file__).parents[2] / "rules"
TRACKERS = ("github", "jira")
MAKERS = ("Said", "flagged", "clear", "skipped")
INTERNAL = ("words", "steps")
FORBIDDEN = re.compile(
    r"creep|violat|overdue|failed|!|@|\bI\b|noticed|stalled|missed|[\U0001F300-\U0001FAFF\u2600-\u27BF]", re.IGNORECASE
)
each = pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.name)


def codes() -> list[str]:
    """Every sentence there is, without those of single words and steps."""
    tables = {section: table for section, table in sentences().items() if section not in INTERNAL}
    return [f"{section}.{name}" for section, table in tables.items() for name in table if "@" not in name]


def made() -> Iterator[tuple[str, frozenset[str] | None]]:
    """Every code that rule code makes a sentence of, with the names of its values where they stand in the source."""
    for path in sorted(RULES.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
            dicts = dict(_assigned(function))
            for call in [node for node in ast.walk(function) if isinstance(node, ast.Call)]:
                if isinstance(call.func, ast.Name) and call.func.id in MAKERS and call.args:
                    code = call.args[0]
                    if isinstance(code, ast.Constant) and isinstance(code.value, str):
                        yield code.value, _values(call, dicts)


def _assigned(function: ast.FunctionDef) -> Iterator[tuple[str, frozenset[str]]]:
    for node in ast.walk(function):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if (
            isinstance(node, ast.Assign | ast.AnnAssign)
            and isinstance(target, ast.Name)
            and isinstance(node.value, ast.Dict)
        ):
            yield target.id, _keys(node.value)


def _keys(node: ast.Dict) -> frozenset[str]:
    return frozenset(str(key.value) for key in node.keys if isinstance(key, ast.Constant))


def _values(call: ast.Call, dicts: dict[str, frozenset[str]]) -> frozenset[str] | None:
    given = next((word.value for word in call.keywords if word.arg == "values"), None)
    given = given or (call.args[1] if len(call.args) > 1 else None)
    if given is None:
        return frozenset()
    if isinstance(given, ast.Dict):
        return _keys(given)
    return dicts.get(given.id) if isinstance(given, ast.Name) else None


@each
def test_a_docstring_has_the_fixed_headings_in_order(type_: RuleType) -> None:
    assert tuple(sections(type_)) == HEADINGS
    assert all(sections(type_).values())


@each
def test_a_type_has_a_name_a_family_and_one_sentence(type_: RuleType) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", type_.name)
    assert type_.sentence.endswith(".") and len(type_.sentence) < 110
    assert type_.label is not None and re.fullmatch(r"[0-9a-f]{6}", type_.label_color)
    assert all(name in {other.name for other in TYPES} for name in type_.yields_to)


@each
def test_parameters_have_titles_units_bounds_and_defaults(type_: RuleType) -> None:
    for name, field in type_.params.model_json_schema()["properties"].items():
        assert field.get("title") and field.get("description") and field.get("unit"), name
        assert "default" in field, name
        if field.get("type") in ("integer", "number"):
            assert field["minimum"] <= field["default"] <= field["maximum"], name
    type_.params()


@each
def test_parameters_refuse_what_they_do_not_know(type_: RuleType) -> None:
    with pytest.raises(ValueError, match="xtra"):
        type_.params.model_validate({"quiet_for_ever": 1})


def test_no_rule_code_reads_a_clock() -> None:
    clock = re.compile(
        r"\.(now|utcnow|today|time_ns|monotonic|perf_counter)\(|^import time|^from time import", re.MULTILINE
    )
    for path in RULES.rglob("*.py"):
        assert not clock.search(path.read_text(encoding="utf-8")), path.name


def test_names_are_unique() -> None:
    assert len({type_.name for type_ in TYPES}) == len(TYPES)


def test_every_code_has_a_sentence_with_just_its_values() -> None:
    for code, values in made():
        if "." not in code:
            continue
        for tracker in TRACKERS:
            wanted = placeholders(template(code, tracker=tracker))
            assert values is None or wanted <= values, f"{code}: not supplied: {sorted(wanted - values)}"
        used = frozenset().union(*(placeholders(template(code, tracker=tracker)) for tracker in TRACKERS))
        assert values is None or values <= used, f"{code}: not said: {sorted(values - used)}"


def test_every_sentence_is_said_somewhere() -> None:
    speakers = [*RULES.rglob("*.py"), *(RULES.parent / "app" / "services").glob("*.py")]
    sources = "".join(path.read_text(encoding="utf-8") for path in speakers)
    named = {"cleared", "was"}  # looked up by the code of a verdict, or the name of its type
    unsaid = [code for code in codes() if code.split(".")[0] not in named and f'"{code}"' not in sources]
    assert unsaid == []
    assert set(sentences()["was"]) == {type_.name for type_ in TYPES}


def test_no_sentence_blames_names_or_shouts() -> None:
    for code in codes():
        for tracker in TRACKERS:
            assert not FORBIDDEN.search(template(code, tracker=tracker)), code


def said_in(verdict: Verdict) -> list[Said]:
    cells = [cell for row in verdict.table for cell in row]
    closing = [said for said in (verdict.helps, verdict.footnote) if said is not None]
    return [verdict.reason, *verdict.evidence, *cells, *verdict.below, *closing]


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data(), later)
def test_judging_is_pure_and_its_words_can_be_said_and_kept(data: st.DataObject, now: datetime) -> None:
    type_ = data.draw(st.sampled_from(TYPES))
    subject = data.draw(subjects(type_))
    verdict = type_.judge(subject, type_.params(), now)
    assert type_.judge(subject, type_.params(), now) == verdict
    assert len(verdict.evidence) <= 3
    for said in said_in(verdict):
        text = plain(said, project=subject.project)
        assert "{" not in text and "<<" not in text and "None" not in text, text
    assert load_verdict(json.loads(json.dumps(dump_verdict(verdict)))) == verdict


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data(), later)
def test_a_gist_does_not_grow_with_time(data: st.DataObject, now: datetime) -> None:
    type_ = data.draw(st.sampled_from(TYPES))
    subject = data.draw(subjects(type_))
    verdict = type_.judge(subject, type_.params(), now)
    until = verdict.recheck_at
    if until is not None:
        middle = now + (until - now) / 2
        assert type_.judge(subject, type_.params(), middle).gist == verdict.gist


def test_pages_are_made_for_every_type_and_do_not_change() -> None:
    made_pages = pages()
    assert made_pages == pages()
    assert {f"docs/reference/rules/{type_.name}.md" for type_ in TYPES} < set(made_pages)
    assert json.loads(json.dumps(schema()))["properties"]["rules"]["items"]["oneOf"][0]["properties"]["params"]
