"""Check lists in a text, boxes as Markdown writes them, and whether a text says when its work is done."""

from __future__ import annotations

import re

BOX = re.compile(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+\[([ xX])\][ \t]+\S", re.MULTILINE)


def count_boxes(text: str) -> tuple[int, int]:
    """How many boxes a text has, and how many are ticked: (total, done)."""
    ticks = [match.group(1) for match in BOX.finditer(text)]
    return len(ticks), sum(tick != " " for tick in ticks)


CRITERIA = re.compile(
    r"acceptance[ \t]+(?:criteri(?:a|on)|tests?)|definition[ \t]+of[ \t]+done|\bdone[ \t]+when\b"
    r"|^[ \t*>-]*given\b.*\bwhen\b.*\bthen\b",
    re.IGNORECASE | re.MULTILINE,
)


def has_criteria(text: str) -> bool:
    """Whether a text says when the work is done: a heading or a phrase that promises it, or a box to tick."""
    return CRITERIA.search(text) is not None or BOX.search(text) is not None
