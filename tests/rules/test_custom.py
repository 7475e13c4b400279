"""Rules that people write themselves: what they find, what they say, and how a mistake in them is named."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import engine
from rules.catalog import custom
from rules.catalog.timing import says
from rules.facts import Item, Size, State
from rules.messages import MessageError, compile_message
from rules.rulefile import RuleFileError, parse
from rules.spec import Judgement, Rule
from rules.verdict import Outcome, Severity, Verdict
from rules.wording.note import all_clear, note
from rules.wording.render import plain
from tests.rules.build import ADA, WEEK, at, item, page, project, pull

NOW = at("2026-12-08 12:00")
BUG = "item.labels.exists(l, l == 'bug')"


def look(subject: Item, now: datetime = NOW, **params: Any) -> Verdict:
    return custom.judge(subject, custom.CustomParams.model_validate({"when": BUG, "message": "A bug."} | params), now)


TABLE: list[tuple[Item, dict[str, Any], Outcome, str]] = [
    (item(labels=("bug",)), {}, Outcome.FLAGGED, "A bug."),
    (item(), {}, Outcome.CLEAR, "its condition does not hold"),
    (item(labels=("bug",), state=State.DONE, closed_at=NOW), {}, Outcome.CLEAR, "closed on Tue 8 Dec"),
    (item(labels=("bug",), state=State.DONE), {"open_only": False}, Outcome.FLAGGED, "A bug."),
    (item(labels=("bug",), gap=True), {}, Outcome.SKIPPED, "A part of the history is missing"),
    (item(), {"when": "item.estimate > 3"}, Outcome.SKIPPED, "a value that it compares is not known"),
    (item(size=Size(estimate=5.0)), {"when": "item.estimate > 3"}, Outcome.FLAGGED, "A bug."),
    (pull(draft=True), {"when": "item.is_draft"}, Outcome.FLAGGED, "A bug."),
    (item(), {"when": "item.age_days == 37", "message": "{age_days} days"}, Outcome.FLAGGED, "37 days"),
    (item(), {"when": "item.age_days > 37"}, Outcome.CLEAR, "its condition does not hold"),
]


@pytest.mark.parametrize(("subject", "params", "outcome", "words"), TABLE)
def test_what_it_says(subject: Item, params: dict[str, Any], outcome: Outcome, words: str) -> None:
    verdict = look(subject, **params)
    assert verdict.outcome is outcome
    assert words in plain(verdict.reason, project=subject.project)


def test_severity_and_reach_are_the_rows() -> None:
    rule = Rule(id=1, version=1, name="bugs", type="custom", params={"when": BUG}, severity=Severity.URGENT)
    (judgement,) = engine.judge([engine.prepare(rule)], item(labels=("bug",)), NOW)
    assert judgement.verdict.severity is Severity.URGENT


def test_a_condition_that_takes_too_long_is_no_crash() -> None:
    bomb = "item.labels.all(a, item.labels.all(b, item.labels.all(c, item.labels.all(d, a != b + c + d))))"
    verdict = look(item(labels=tuple(f"label-{n}" for n in range(99))), when=bomb)
    assert verdict.outcome is Outcome.SKIPPED
    assert plain(verdict.reason, project=project()) == "Its condition cannot be answered: it takes too long to answer"


FILLED = [
    ("{title}: {state_days} days in {status}", "Export as CSV: 18 days in In Progress"),
    ("{{braces}} {labels}", "{braces} bug, urgent"),
    ("sized {estimate}, since {created_at}", "sized not known, since Sun 1 Nov"),
    ("a draft: {is_draft}; due in {days_until_due}", "a draft: no; due in 3"),
]


@pytest.mark.parametrize(("text", "expected"), FILLED)
def test_a_message_is_filled_with_what_is_known(text: str, expected: str) -> None:
    subject = item(labels=("bug", "urgent"), due=date(2026, 12, 11))
    assert compile_message(text).fill(subject, NOW) == expected


def test_a_message_cuts_what_a_tracker_sent_and_reads_none_of_it_as_a_template() -> None:
    subject = item(title="{author} " + "x" * 500, labels=("bug",))
    verdict = look(subject, message="Look: {title} <- that")
    text = plain(verdict.reason, project=subject.project)
    assert text.startswith("Look: {author} xxx") and text.endswith("… <- that") and len(text) < 110


MISTAKES = [
    ("", 1, 1, "empty"),
    ("{titel}", 1, 1, "there is no field 'titel'; did you mean 'title'?"),
    ("one\ntwo {nope}", 2, 5, "there is no field 'nope'"),
    ("ask {author}", 1, 5, "'author' names people"),
    ("ask {assignees}", 1, 5, "names people"),
    ("a { b", 1, 3, "a single '{'"),
    ("a } b", 1, 3, "a single '}'"),
    ("{title", 1, 1, "a single '{'"),
    ("{}", 1, 1, "there is no field ''"),
    ("x" * 301, 1, 1, "longer than 300"),
]


@pytest.mark.parametrize(("text", "line", "column", "message"), MISTAKES)
def test_a_mistake_in_a_message_is_named_with_its_place(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(MessageError) as caught:
        compile_message(text)
    assert message in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)


@settings(max_examples=200, deadline=None)
@given(st.text("{}ab_ \n{title}", max_size=40))
def test_any_text_is_a_message_or_a_mistake_with_a_place(text: str) -> None:
    place = (1, 1)
    try:
        filled = compile_message(text).fill(item(), NOW)
    except MessageError as error:
        filled, place = error.message, (error.line, error.column)
    assert filled and min(place) >= 1


FILE = """\
rules:
- name: bugs
  type: custom
  params:
    when: item.labels.exists(l, l == 'bug')
    message: "{title}: a bug"
"""
WRONG = [
    (
        FILE.replace("item.labels", "item.label"),
        5,
        11,
        "params.when",
        "did you mean `item.labels`? (in the condition: line 1",
    ),
    (FILE.replace("== 'bug')", "=="), 5, 11, "params.when", "(in the condition: line 1, column "),
    (FILE.replace("{title}", "A {titel}"), 6, 14, "params.message", "'title'? (in the message: line 1, column 3)"),
    (FILE.replace("{title}: a bug", ""), 6, 14, "params.message", "the message is empty"),
    (FILE + "    for_days: -1\n", 7, 15, "params.for_days", "must be at least 0"),
]


@pytest.mark.parametrize(("text", "line", "column", "field", "message"), WRONG)
def test_a_rule_file_names_the_mistake_and_its_place(
    text: str, line: int, column: int, field: str, message: str
) -> None:
    assert parse(FILE, source="f")[0].params["message"] == "{title}: a bug"
    with pytest.raises(RuleFileError) as caught:
        parse(text, source="f")
    (mistake,) = caught.value.mistakes
    assert (mistake.line, mistake.column, mistake.field) == (line, column, f"rules[0].{field}")
    assert message in mistake.message


def test_the_whole_note_and_what_it_shrinks_to() -> None:
    subject = item(labels=("bug",), project=project(WEEK))
    verdict = look(subject, for_days=2, message="A bug, {state_days} days here.")
    rule = Rule(id=1, version=1, name="bugs", type="custom")
    shown = page(note([Judgement(rule, subject, verdict, NOW)], project=subject.project, item_url_in_plumbline=None))
    assert shown.startswith(
        "**A bug, 18 days here.**\n\n- It has been so for at least 2 working days\n\n**What helps:** a change"
    )
    quiet = all_clear(verdict, now=look(item()), project=subject.project, since=at("2026-12-14"))
    assert page(quiet) == "All clear since Mon 14 Dec: it is no longer so. (Was: A bug, 18 days here.)"


def test_ages_in_a_message_are_no_news() -> None:
    one, other = (look(item(labels=("bug",)), day, message="{age_days} days") for day in (NOW, NOW + timedelta(days=3)))
    assert one.reason != other.reason and one.gist == other.gist
    renamed = look(item(labels=("bug",), title="Import"), message="{title}")
    assert renamed.gist != look(item(labels=("bug",)), message="{title}").gist


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["item.age_days > 40", "item.quiet_days == 16", "item.state_days < 20", "item.key == '#1'"]),
    st.integers(0, 40 * 24 * 60),
    st.floats(0, 0.999999),
)
def test_nothing_flips_before_the_midnight_at_which_it_is_asked_again(when: str, minutes: int, share: float) -> None:
    subject, now = item(project=project(WEEK), assignees=(ADA,)), NOW + timedelta(minutes=minutes)
    verdict = look(subject, now, when=when)
    again = verdict.recheck_at
    assert (again is None) is ("days" not in when)
    until = again or now + timedelta(days=60)
    assert says(look(subject, now + (until - now) * share, when=when)) == says(verdict)
