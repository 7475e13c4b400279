"""What asks: a question mark that ends a word, outside quotes, code and addresses; both trackers' comments tell it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from integrations.asking import asks
from integrations.github.decode.conversation import GHOST, said
from integrations.jira.decode import conversation
from integrations.readings import ASKS, Field

ASKING = [
    "Which version is this?", "Could you try 2.4? It has a fix.", "really?!", "(is it **this one?**)", "どうですか？",
    "See https://x.example/a?b=c - does it help ?", "> old text\n\nIs this still so?", "`f()` or `g()`?",
    "```\nlog\n```\nWhat now?", "{quote}was{quote}\nand now?", "One\r\ntwo?\r\n",
]  # fmt: skip
SAYING = [
    "", "Yes.", "See https://x.example/a?b=c and http://x.example/?", "> Which version is this?\n\nVersion 2.4.",
    "```\nreally?\n```", "~~~\nreally?", "    what? in code", "Use `a ? b : c` or `what?`.", "<!-- Any question? -->Done.",
    "{quote}Which one?{quote} The first.", "{code:java}\nx = what?\n{code}", "bq. Which one?\nThe first.", "{{why?}} is a name",
    "/plumb why?", "a?b", "??? ", "<!-- not closed? ", "{quote}not closed?",
]  # fmt: skip


@pytest.mark.parametrize("text", ASKING)
def test_a_text_that_asks(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize("text", SAYING)
def test_a_text_that_does_not(text: str) -> None:
    assert not asks(text)


@pytest.mark.parametrize(("text", "after"), [("Is it?", ASKS), ("It is.", None)])
def test_of_a_comment_history_keeps_whether_it_asks_and_no_text(text: str, after: str | None) -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    for field in (Field.COMMENT, Field.REVIEW_COMMENT):
        assert said(field, "7", "1/7", actor=GHOST, at=at, url=None, text=text).after == after
    data = {"id": "7", "created": "2026-03-02T09:00:00.000+0000", "body": text}
    seen = conversation.comment(data, "comment", item="10007", url="", event="created", actor=None, at=None)
    assert conversation.said(data, seen, "comment").after == after
