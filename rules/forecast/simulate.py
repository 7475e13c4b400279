"""Trials: when would this work be done, if the days ahead were like days behind?

A trial draws blocks of past working days, one after the other. Each item is finished once enough of the team's pace
has come by: how much is drawn for it, more where much has passed it by already. What comes in on the way joins it.
Work of several teams is one trial: it is done when all of them are. A team does not finish more in a day for having
more open than usual. The time a trial takes does not depend on the number of items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import ceil, exp, inf, sqrt
from random import Random
from typing import TypeVar

from rules.forecast.manner import MANNER, Manner
from rules.forecast.throughput import Throughput

Day = TypeVar("Day", int, date)
STEPS = 8
"""How finely what is expected to be open is kept, for each unit of pace."""
REACH = 30.0


@dataclass(frozen=True, slots=True)
class Work:
    """Open items that are alike: how many, how much of the pace has passed them by, how much work each is beside the
    usual one, and how many working days from now they cannot be begun before.
    """

    count: int = 1
    exposure: float = 0.0
    heft: float = 1.0
    ready: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """What one team has to do: its open work, its days, and whether more comes in. `due_in`: working days until the
    date (None: none), after which little comes in.
    """

    work: tuple[Work, ...]
    throughput: Throughput
    grows: bool = True
    due_in: int | None = None


def run(loads: Sequence[Load], *, days: int, manner: Manner = MANNER) -> list[tuple[int, ...]]:
    """For each trial the working day from now, the first being 1, on which each load is done; more than `days` where it
    is not done by then.
    """
    dice = Random(manner.seed)  # noqa: S311 (trials, not secrets)
    blocks = -(-days // manner.block)
    teams = [_Team(load, days=days, manner=manner) for load in loads]
    found = []
    for _ in range(manner.trials):
        draws = [dice.random() for _ in range(blocks)]
        found.append(tuple(team.trial(draws, dice) for team in teams))
    return found


class _Team:
    """One load, with all that its trials share."""

    def __init__(self, load: Load, *, days: int, manner: Manner) -> None:
        through = load.throughput
        seen = manner.never_items + through.finished + through.stuck
        own = replace(manner, never=(manner.never * manner.never_items + through.stuck) / seen)
        self.days, self.manner, self.load = days, own, load
        self.count = len(through.pace)
        self.at_once = tuple(work for work in load.work if work.ready <= 0)
        self.later = tuple(sorted((work for work in load.work if work.ready > 0), key=lambda work: work.ready))
        self.spread = sqrt(manner.spread**2 + 1 / (through.finished + manner.pace_items))
        size = manner.block
        places = [[(first + ahead) % self.count for ahead in range(size)] for first in range(self.count)]
        self.paces = [[through.pace[place] for place in block] for block in places]
        self.sums = [sum(block) for block in self.paces]
        known = through.milestone_days / (through.milestone_days + manner.joins_days)
        joins = [
            size * (1 - known) * manner.joins + known * sum(through.joined[place] for place in block)
            for block in places
        ]
        self.none = [_none(mean) for mean in joins] if load.grows else []
        self.none_late = [_none(mean * manner.after) for mean in joins]
        usual = through.usual_open
        self.rates = [min(1.0, usual / here) if here > 0 else 1.0 for here in self._expected_open()]

    def _expected_open(self) -> list[float]:
        """How much of a fresh item's share is still open, by how much of the pace has come by."""
        manner = self.manner
        found = []
        for step in range(int(REACH * STEPS) + 1):
            here = 0.0
            for work in self.load.work:
                now = work.exposure + step / STEPS / work.heft
                share = manner.surviving(now) / manner.surviving(work.exposure)
                here += work.count * share * manner.freshness(now) / work.heft
            found.append(here)
        return found

    def trial(self, draws: Sequence[float], dice: Random) -> int:
        """The working day on which this load is done. What runs for each block is written out: it runs millions of
        times in a backtest.
        """
        need = max((self._need(work, dice) for work in self.at_once), default=0.0)
        size, count, sums, rates, random = self.manner.block, self.count, self.sums, self.rates, dice.random
        speed = exp(dice.gauss(0.0, self.spread))
        later, due = list(self.later), self.load.due_in
        none, none_late, last = self.none, self.none_late, len(self.rates) - 1
        passed, beyond = 0.0, 0
        for draw in draws:
            begin, beyond = beyond, beyond + size
            place = int(draw * count)
            while later and later[0].ready < beyond:
                need = max(need, passed + self._need(later.pop(0), dice))
            if need == inf:
                break
            step = int(passed * STEPS)
            rate = speed * rates[step if step < last else last]
            after = passed + rate * sums[place]
            if after >= need and not later:
                return min(begin + self._day_in(place, need - passed, rate), self.days + 1)
            passed = after
            if none:
                floor = (none if due is None or begin < due else none_late)[place]
                joined, product = 0, random()
                while product > floor:  # a draw by multiplication, which is right for the small means that occur here
                    joined += 1
                    product *= random()
                for _ in range(joined):
                    need = max(need, passed + self._fresh(dice))
        return self.days + 1

    def _day_in(self, place: int, need: float, rate: float) -> int:
        for number, pace in enumerate(self.paces[place], start=1):
            need -= rate * pace
            if need <= 1e-12:
                return number
        return self.manner.block

    def _need(self, work: Work, dice: Random) -> float:
        """How much of the pace must come by until the last of these items is done; infinite: none is enough."""
        manner = self.manner
        base = manner.evenness + work.exposure
        never = manner.never / manner.surviving(work.exposure)
        if dice.random() >= (1 - never) ** work.count:
            return inf
        last = dice.random() ** (1 / work.count)
        return work.heft * base * ((1 - last) ** (-1 / manner.evenness) - 1) if last < 1 else inf

    def _fresh(self, dice: Random) -> float:
        """The same of an item that comes in: growth is what was not taken out again, so all of it gets done."""
        evenness = self.manner.evenness
        return float(evenness * ((1 - dice.random()) ** (-1 / evenness) - 1))


def _none(mean: float) -> float:
    """The chance that nothing comes in where so many items do on average."""
    return exp(-min(mean, 50.0))


def quantile(days: Sequence[Day], share: float) -> Day:
    """The day by which at least this share of the trials was done; `days` sorted."""
    return days[max(ceil(share * len(days) - 1e-9), 1) - 1]
