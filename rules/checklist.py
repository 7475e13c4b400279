"""Check lists in a text: boxes as Markdown writes them."""

from __future__ import annotations

import re

BOX = re.compile(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+\[([ xX])\][ \t]+\S", re.MULTILINE)


def count_boxes(text: str) -> tuple[int, int]:
    """How many boxes a text has, and how many are ticked: (total, done)."""
    ticks = [match.group(1) for match in BOX.finditer(text)]
    return len(ticks), sum(tick != " " for tick in ticks)
