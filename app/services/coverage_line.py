"""One line of the card "What can be judged here"."""

from __future__ import annotations

from dataclasses import dataclass

FEW = 0.2
"""A share below this is worth a hint."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is known about a topic, and what would change it (empty: nothing needs to)."""

    topic: str
    known: str
    change: str = ""


def percent(share: float | None) -> str:
    """A share as people read it."""
    return "none" if share is None else f"{round(share * 100)} %"


def sizes(unsized: float | None) -> Line:
    """How many open items have no size."""
    known = f"{percent(unsized)} of open items have no size; they count as the team's median"
    return Line("sizes", known, "size them" if unsized is not None and unsized > FEW else "")
