"""Statistics: stored figures about many subjects, as of an instant. Rules read them through facts and never make them.

A statistic is computed by the clock, away from deliveries; a rule sees the latest that was known by then, so that a
replay of the past finds the same. What is too little to tell from is None, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the open work of a milestone is likely to be done, with what comes in on the way.

    `chance` is that of being done by its due date (None: it has none, or none that the trials reach). `early`,
    `likely` and `late` are the days by which it is done in 10, 50 and 90 of 100 trials: the first and the last are the
    range that people are told. The trials look no further than `horizon`: a day that is the horizon means then or
    later.
    """

    as_of: datetime
    chance: float | None
    early: date
    likely: date
    late: date
    open_items: int = 0
    active_days: int = 0
    """Days on which something was done, of those that the trials draw from."""
    horizon: date | None = None
    due: date | None = None
    """The date that `chance` is about."""
    by85: date | None = None
    """The day by which it is done in 85 of 100 trials; None: after the horizon."""
    safe: date | None = None
    """A date that would hold in 70 of 100 trials, with what would come in until then; None: after the horizon."""
    done_items: int = 0
    """Finished items that the trials draw from."""
    weeks: float = 0.0
    """Weeks of known history that the trials draw from."""
    driver: str = ""
    """What moves the chance most when it is taken away: growth, waiting or, where neither does much, pace."""
    growth: float = 0.0
    """Items that are expected to come in by the likely date."""
    waiting: int = 0
    """Open items that wait for something."""
    items_out: int | None = None
    """How many items to take out for a chance above 70 %; None: no number does it."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual in a project, from what it finished: percentiles of working days, by "kind/state" ("any/state":
    over all kinds). Of each item its longest time in a state counts.

    `counts` says from how many finished items each is taken.
    """

    as_of: datetime
    p85_days: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    p50_days: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    p85_wip: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    """By state: within how many items at once it stood at the end of 85 of 100 working days."""
    wip_days: int = 0
    """From how many working days that is taken."""
    worklog_share: float | None = None
    """Of the finished issues and sub-tasks, the share with time logged; None: too few are finished."""
    worklog_of: int = 0
    """How many those are."""


@dataclass(frozen=True, slots=True)
class Risk:
    """How likely a bad end is, as learnt from a project's own past: `model` is a line of JSON (`rules.risk.model`).

    `thresholds`: by precision ("0.8": speak where 80 of 100 end badly) the chance from which on to speak; None: the
    past holds none. `examples` is how many of the project's own (quiet times, ended sprints) were looked at; `own`:
    they were enough to learn from, else the documented prior speaks alone.
    """

    as_of: datetime
    model: str
    thresholds: Mapping[str, float | None] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    examples: int = 0
    own: bool = False


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is expected of a running sprint: `chance` is that of delivering less by its end than is in it now.

    Of the `items` in it `done` are done. `fewer` of the `sprints` before delivered less than is in now; `because` are
    the inputs that make it likely, the most first (`rules.risk.sprints.shortfall_inputs`). `due`: its end, then.
    """

    as_of: datetime
    chance: float
    due: date | None = None
    items: int = 0
    done: int = 0
    fewer: int = 0
    sprints: int = 0
    because: tuple[str, ...] = ()
