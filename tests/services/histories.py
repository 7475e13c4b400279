"""Histories for tests: recorded projects as files, what a backtest of them finds, and records without their ids."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.services.backtest.feed import Feed
from app.services.history.export import export, header_of
from app.services.history.load import load
from app.store import trackers
from app.store.database import Tx
from app.store.scratch import fill, scratch
from rules import engine
from rules.backtest.run import Found, Moment, RuleSet, run
from rules.catalog.registry import TYPES
from rules.spec import Rule
from rules.verdict import Reach, Severity

MADE = datetime(2026, 9, 1, tzinfo=UTC)


def exported(tx: Tx, *, since: Any = None) -> list[str]:
    """The history of all projects."""
    header = header_of(since=since, now=MADE, made_by="test")
    return list(export(tx, trackers.projects(tx), header=header))


def every_rule() -> RuleSet:
    """A rule of each type, as it comes."""
    rules = [
        Rule(
            id=number, version=1, name=type_.name, type=type_.name, params={}, severity=Severity.URGENT,
            reach=Reach.COMMENT, mode="live",
        )
        for number, type_ in enumerate(TYPES, start=1)
    ]  # fmt: skip
    return RuleSet(tuple(engine.prepare(rule) for rule in rules))


def backtest(
    filled: Callable[[Tx], None], *, since: datetime, until: datetime, derive_all: bool
) -> tuple[Found, list[datetime]]:
    """What every rule type finds in these rows, and the instants at which anything changed."""
    instants: list[datetime] = []

    def seen(moments: Iterable[Moment]) -> Iterable[Moment]:
        for moment in moments:
            instants.append(moment.at)
            yield moment

    with scratch() as tx:
        filled(tx)
        feed = Feed(tx, since=since, until=until, derive_all=derive_all)
        return run(seen(feed.moments()), [every_rule()], until=until), instants


def of_file(lines: Iterable[str], *, since: datetime, until: datetime) -> tuple[Found, list[datetime]]:
    return backtest(lambda tx: fill(tx, load(lines, source="test")), since=since, until=until, derive_all=True)


def flags(found: Found) -> Counter[tuple[Any, ...]]:
    """Flags without ids."""
    return Counter(
        (one.rule, one.project, one.name, one.opened_at, one.since, one.code, one.closed_at, one.closed_as, one.reach)
        for one in found.flags
    )


NAMES = {
    "tracker": ("tracker", "joined_to_tracker"),
    "project": ("project", "projects"),
    "person": ("author", "assignees", "who", "reviewers"),
    "item": ("item", "source", "to", "home", "members"),
}


def without_ids(lines: Sequence[str], *, leave_out: Mapping[str, str] | None = None) -> Counter[str]:
    """Records as a multiset, with names instead of ids. `leave_out` are fields, by kind; of "" the whole kind."""
    docs = [json.loads(line) for line in lines]
    names = {kind: {doc["id"]: _name(doc) for doc in docs if doc["kind"] == kind} for kind in NAMES}
    left = leave_out or {}
    found: Counter[str] = Counter()
    for doc in docs:
        if left.get(doc["kind"]) == "":
            continue
        plain = {
            name: _plain(name, value, names, doc["kind"])
            for name, value in doc.items()
            if name not in left.get(doc["kind"], "").split()
        }
        if doc["kind"] in NAMES:
            plain["id"] = names[doc["kind"]][doc["id"]]
        found[json.dumps(plain, sort_keys=True)] += 1
    return found


def _name(doc: Mapping[str, Any]) -> str:
    return str(doc.get("native") or doc.get("name"))


def _plain(name: str, value: Any, names: Mapping[str, Mapping[str, str]], kind: str) -> Any:
    known = next((names[what] for what, fields in NAMES.items() if name in fields), None)
    if kind in ("settings", "rule", "baseline") and name == "author":
        known = None
    if isinstance(value, list) and value and isinstance(value[0], dict):
        told = [{n: _plain(n, v, names, kind) for n, v in one.items()} for one in value]
        return sorted(told, key=str)  # reviews stand in the order of people's ids
    if isinstance(value, dict) and name == "pull":
        return {n: _plain(n, v, names, kind) for n, v in value.items()}
    if known is None:
        return value
    if isinstance(value, list):
        return sorted(known[one] for one in value)
    if isinstance(value, dict):
        return {known[one]: then for one, then in value.items()}
    return known.get(value, value) if kind == "baseline" and name == "author" else known[value]
