"""Whether a comment asks something: kept of its text in place of the text."""

from __future__ import annotations

import re

HIDDEN = re.compile(
    r"(?s:<!--.*?(?:-->|\Z))"  # as templates have it
    r"|^ {0,3}(?P<fence>`{3,}|~{3,})(?s:.*?)(?:^ {0,3}(?P=fence)|\Z)"
    r"|`[^`\n]*`"
    r"|\{(?P<jira>quote|code|noformat)(?::[^}\n]*)?\}(?s:.*?)(?:\{(?P=jira)\}|\Z)"
    r"|\{\{[^}\n]{0,200}\}\}"
    r"|^(?:[ \t]*>| {4}|\t|bq\.| {0,3}/plumb\b).*$"
    r"|\bhttps?://\S+",
    re.MULTILINE,
)
"""Quotes, code, comments that nobody sees, commands to us, and addresses. What is not closed goes on to the end, so
that no text takes long.
"""
QUESTION = re.compile(r"[^\W_][)\]\"'”’»*_~]*[ \t\u00a0]?[?？؟]+(?=[\s)\]\"'”’»*_~.!,:;]|\Z)")
"""A question mark that ends a word, not one within an address or a pattern."""
LONGEST = 20_000
"""Characters of a comment that are read."""


def asks(text: str) -> bool:
    """Whether a question mark ends a word of the text, outside quotes and code."""
    return QUESTION.search(HIDDEN.sub("x", text[:LONGEST].replace("\r\n", "\n"))) is not None
