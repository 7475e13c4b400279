"""Our own comments read back from the markup of either tracker."""

from __future__ import annotations

from app.web.comment import paragraphs
from rules.intents import Span


def test_a_comment_in_jiras_markup_is_read_back_too() -> None:
    body = (
        "*Quiet for 3 working days (since Tue 28 Jul).*\n\n* It waits: [shop-api #482|https://github.com/a/b/pull/482], asked\n\n"
        "*What helps:* a word\n\nAnswer with {{/plumb help}}. [Why this note?|https://plumb/i/7#plumbline:1:7f3c]"
    )
    head, listed, helps, small = paragraphs(body, wiki=True)
    assert head.lines[0] == (Span("Quiet for 3 working days (since Tue 28 Jul).", strong=True),)
    assert (listed.kind, listed.lines[0][1]) == ("ul", Span("shop-api #482", url="https://github.com/a/b/pull/482"))
    assert helps.lines[0][0] == Span("What helps:", strong=True)
    assert small.kind == "fine"
    assert Span("/plumb help", code=True) in small.lines[0]
    assert [block.lines[0][0].text for block in paragraphs("All clear. {anchor:plumbline:1:2}", wiki=True)] == [
        "All clear."
    ]
