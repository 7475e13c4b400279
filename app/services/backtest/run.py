"""Backtests: rules over the past of some projects, and what another version of them would have flagged otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.errors import UserError
from app.services.backtest.feed import Feed
from app.store import past, programmes, trackers
from app.store import rules as store_rules
from app.store.database import Database, Tx
from app.store.scratch import Rows, copy, fill, scratch
from rules import engine
from rules.backtest.report import Difference, Report, differences, report
from rules.backtest.run import Found, RuleSet, Run
from rules.catalog.registry import by_name
from rules.spec import Rule

Progress = Callable[[float], None]
"""Told now and then how much of the time is played, from 0 to 1."""
USUAL_SPAN = timedelta(days=180)
SAME = timedelta(minutes=1)
"""Events so near to each other are judged together: a burst is one moment, as it is to a drain."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What rules would have done. `before` and `differences` are of the rules they were compared with, if any."""

    report: Report
    before: Report | None = None
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """Which rules over which time: until an instant (None: until the last thing that is known of), since another one
    (None: for half a year). `against`: the rules to compare with; `projects`: keys of those to tell of (None: all).
    """

    rules: Sequence[Rule]
    since: datetime | None = None
    until: datetime | None = None
    against: Sequence[Rule] | None = None
    projects: frozenset[str] | None = None


def over_database(db: Database, question: Question, *, progress: Progress = lambda _part: None) -> Answer:
    """Ask over the past of watched projects. It is copied first, so that nothing waits while it is played."""
    with scratch() as tx:
        with db.read() as live:
            copy(tx, live, with_neighbours(live, question.projects))
        return _asked(tx, question, progress, derive_all=False)


def over_tables(
    tables: Iterable[tuple[str, Rows]], question: Question, *, progress: Progress = lambda _part: None
) -> Answer:
    """Ask over a history that was read from a file."""
    with scratch() as tx:
        fill(tx, tables)
        return _asked(tx, question, progress, derive_all=True)


def in_force(db: Database) -> list[Rule]:
    """The rules as they are now."""
    with db.read() as tx:
        return store_rules.in_force(tx)


def as_they_were(tx: Tx) -> list[RuleSet]:
    """The rule sets as they were in force, one after the other."""
    return [
        RuleSet(tuple(engine.prepare(rule) for rule in rules if rule.mode != "off"), at)
        for at, rules in store_rules.through_time(tx)
    ]


def with_neighbours(tx: Tx, keys: frozenset[str] | None) -> list[int]:
    """Projects by key, with all that belong to a programme of theirs: work is linked across."""
    rows = trackers.projects(tx)
    if keys is None:
        return [row.id for row in rows]
    wanted = {row.id for row in rows if row.key in keys}
    missing = sorted(keys - {row.key for row in rows})
    if missing:
        known = ", ".join(sorted(row.key for row in rows)) or "none"
        raise UserError(f"There is no project {missing[0]} here; watched are {known}.")
    for programme in programmes.programmes(tx):
        members = {id_ for id_, _ in programme.projects}
        if members & wanted:
            wanted |= members
    return sorted(wanted)


def _asked(tx: Tx, question: Question, progress: Progress, *, derive_all: bool) -> Answer:
    until = question.until or past.latest(tx)
    if until is None:
        raise UserError("There is nothing to play: no item is known of.")
    since = question.since or until - USUAL_SPAN
    span = until - since
    if span <= timedelta():
        raise UserError(f"The time must begin before it ends; got {since:%Y-%m-%d} to {until:%Y-%m-%d}.")
    runs = [Run(sets_of(question.rules), as_live=True)]
    if question.against is not None:
        runs.append(Run(sets_of(question.against), as_live=True))
    asked = [*question.rules, *(question.against or ())]
    uses = {name for rule in asked if rule.mode != "off" for name in by_name(rule.type).uses}
    feed = Feed(tx, since=since, until=until, within=SAME, derive_all=derive_all, uses=uses)
    for moment in feed.moments():
        for one in runs:
            one.take(moment)
        progress((moment.at - since) / span)
    found = [one.finish(until) for one in runs]
    names = [(rule.name, rule.type) for rule in question.rules if rule.mode != "off"]
    told = report(found[0], rules=names, projects=question.projects)
    if question.against is None:
        return Answer(told)
    return Answer(told, *_compared(question, found))


def _compared(question: Question, found: Sequence[Found]) -> tuple[Report, tuple[Difference, ...]]:
    assert question.against is not None
    names = [(rule.name, rule.type) for rule in question.against if rule.mode != "off"]
    before = report(found[1], rules=names, projects=question.projects)
    return before, differences(found[1], found[0], projects=question.projects)


def sets_of(rules: Sequence[Rule]) -> list[RuleSet]:
    """One rule set that holds all the time. Raises RuleError for a rule that cannot be used."""
    return [RuleSet(tuple(engine.prepare(rule) for rule in rules if rule.mode != "off"))]
