"""The packaged rule sets: one file of rules for each way of working. All begin in `observe`, or
off where a way of working has no use for a type.
"""

from __future__ import annotations

from importlib import resources

from rules.rulefile import RuleDraft, parse

NAMES = ("open-source", "scrum", "kanban", "waterfall")
SUGGESTED_LIVE = ("stalled-review", "scope-creep", "missed-milestone")
"""The rule types that each pack suggests to set live first."""


def text(name: str) -> str:
    """The file of a pack. Raises KeyError for a name that is none of `NAMES`."""
    if name not in NAMES:
        raise KeyError(name)
    return resources.files("rules.packs").joinpath(f"{name}.yaml").read_text(encoding="utf-8")


def load(name: str) -> list[RuleDraft]:
    """The rules of a pack. Raises KeyError for an unknown name."""
    return parse(text(name), source=f"{name}.yaml")
