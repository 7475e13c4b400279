"""The few numbers that the trials stand on, and where each was measured. Nothing in them is a project's own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Manner:
    """How trials are made. The defaults were chosen on the older part of recorded versions (docs/forecasts.md).

    `evenness`: how alike items are; the smaller, the more an item that others have passed is likely to stay. `never`:
    the share of what is put into a milestone that is not done in any time that matters; it counts as much as
    `never_items` of a team's own. `spread`: how far the pace of the weeks ahead is from that of the weeks behind, as a
    share in either direction. `pace`: what is finished in a working day of items that are like fresh ones, for each
    that is open; it counts as much as `pace_items` finished items of a team's own. `block`: working days that are drawn
    together, so that bursts stay together. `joins`: items that come in on a day, for a milestone, where a team's own
    history is short, counted as `joins_days` days of it. `after`: what is left of that once the date has passed.
    """

    trials: int = 2000
    weeks: int = 26
    horizon_weeks: int = 52
    evenness: float = 4.0
    never: float = 0.02
    never_items: float = 50.0
    spread: float = 0.6
    pace: float = 0.02
    pace_items: float = 3.0
    block: int = 5
    joins: float = 0.1
    joins_days: float = 20.0
    after: float = 0.15
    seed: int = 0

    def surviving(self, exposure: float) -> float:
        """The share of fresh items that are still open after so much of the team's pace."""
        return self.never + (1 - self.never) * self.rest(exposure)

    def rest(self, exposure: float) -> float:
        """The same of those that get done at all."""
        return float((self.evenness / (self.evenness + exposure)) ** self.evenness)

    def freshness(self, exposure: float) -> float:
        """How readily an item is finished that is still open after so much of the pace, beside a fresh one."""
        alive = 1 - self.never / self.surviving(exposure)
        return alive * self.evenness / (self.evenness + exposure)


MANNER = Manner()
