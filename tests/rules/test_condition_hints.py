"""What a condition that cannot be read is told to write instead: and what is told can itself be read."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.condition_hints import hinted
from rules.conditions import ConditionError, compile_condition
from rules.facts import Item

MISTAKES = [
    ('item.checks != "red" && "backport" not in item.labels', 36, 'Write `!("backport" in item.labels)`'),
    ("not item.is_draft", 1, "Write `!item.is_draft`"),
    ("item.age_days > 3 and item.is_draft", 19, "Write `&&`"),
    ("item.is_draft OR true", 15, "Write `||`"),
    ('item.state = "todo"', 12, "Write `==`"),
    ('item.state is "todo"', 12, "Write `==`"),
    ("item.age_days > 3 & true", 19, "Write `&&`"),
    ("item.is_draft == True", 18, "Write `true`"),
    ("item.created_at < now", 19, "Write `today`"),
    ("item.state == todo", 15, 'A text stands in quotes: `"todo"`'),
    ('item.state == "todo', 15, "begins here and does not end"),
    ("item.state == “todo”", 15, 'Write `"`'),
    ('item.title like "x"', 12, 'Write `item.title.contains("x")`'),
    ('item.title.startswith("x")', 22, "Write `startsWith`"),
    ('item.label == "x"', 5, "did you mean `item.labels`?"),
    ('labels.exists(l, l == "x")', 1, "Write `item.labels`"),
    ('items.title == "x"', 6, "Write `item.title`"),
    ('item.labels == "bug"', 13, 'write `"bug" in item.labels`'),
    ('item.labels.exists(l => l == "x")', 22, "Write `,`"),
    ("(item.is_draft", 15, "Write `)`"),
    ('"bug" in item.labels &&', 24, "something is missing at the end"),
    ("item.age_days > 3d", 18, "`d` cannot stand here"),
]


@pytest.mark.parametrize(("text", "column", "said"), MISTAKES)
def test_a_mistake_is_told_what_to_write_instead(text, column, said):
    with pytest.raises(ConditionError) as caught:
        compile_condition(text, Item)
    assert said in caught.value.message
    assert caught.value.column == column


@pytest.mark.parametrize("text", [text for text, _, said in MISTAKES if "(" in said or "item." in said])
def test_an_expression_that_is_told_can_be_read(text):
    with pytest.raises(ConditionError) as caught:
        compile_condition(text, Item)
    told = re.search(r"`([^`]+)`[?.]?$", caught.value.message)
    assert told is not None
    assert compile_condition(f"({told[1]}) == ({told[1]})", Item)


@given(st.text(max_size=80), st.text(max_size=40), st.integers(0, 5), st.integers(0, 100))
def test_any_text_gives_a_message_with_a_place(text, message, line, column):
    said = hinted(
        text, f"Syntax error: {message}", line=line, column=column, root="item", fields=("labels",), roots=("item",)
    )
    assert said.message
    assert said.line == line


@given(st.text(alphabet="item.labels()&|=!<>'\" notandor\n", max_size=60))
def test_whatever_is_written_is_a_condition_or_a_mistake_in_it(text):
    found: list[ConditionError] = []
    try:
        compile_condition(text, Item)
    except ConditionError as error:
        found.append(error)
    assert all(error.message and error.line >= 1 and error.column >= 1 for error in found)
