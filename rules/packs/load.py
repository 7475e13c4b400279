"""The packaged rule sets: one file of rules for each way of working. All begin in `observe`, or
off where a way of working has no use for a type.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as a list shows it: how many of its rules judge at first, and how many it suggests to set live."""

    name: str
    title: str
    about: str
    rules: int
    off: int
    live: int


TITLES = {
    "open-source": (
        "Open source",
        "Volunteers, seven-day weeks: patient about reviews, firm about dates, quiet in public.",
    ),
    "scrum": ("Scrum", "Sprints with a commitment: work that stops, scope that comes in late."),
    "kanban": ("Kanban", "No commitment: ageing against your own percentiles, limits per state."),
    "waterfall": ("Dated phases", "Dates promised to others: growth, readiness, dependencies."),
}


def summaries() -> tuple[Pack, ...]:
    """Every pack, in the order of `NAMES`."""
    return tuple(_summary(name) for name in NAMES)


def _summary(name: str) -> Pack:
    drafts = load(name)
    title, about = TITLES[name]
    off = sum(draft.mode == "off" for draft in drafts)
    live = sum(draft.type in SUGGESTED_LIVE and draft.mode != "off" for draft in drafts)
    return Pack(name=name, title=title, about=about, rules=len(drafts), off=off, live=live)
