"""What a project's past says of quiet pull requests: examples taken as they fall quiet, told how they ended, and learnt
from.

An example is taken of what the rule may speak of: quiet for 30 days and not dormant yet, not left out. Others are
another population: long forgotten ones would make every threshold look better than it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.store import examples, facts
from app.store.database import Tx
from app.store.examples import Label, Taken
from rules.catalog.common import dormant_at
from rules.catalog.stalled_review import fell_quiet, set_aside
from rules.facts import Item, Project
from rules.risk import model
from rules.risk.learn import learn
from rules.risk.model import Example
from rules.risk.priors import QUIET_PULL, QUIET_PULL_STRENGTH
from rules.risk.pulls import LEFT_LYING, NAME, QUIET, ended_unmerged, quiet_pull_example, quiet_pull_inputs
from rules.risk.speak import thresholds
from rules.statistics import Risk


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at the quiet pull requests of a project gave; `risk` None: nothing new to learn from."""

    taken: tuple[Taken, ...] = ()
    labels: tuple[Label, ...] = ()
    risk: Risk | None = None
    concerned: frozenset[int] = frozenset()
    """Items whose verdict could be another now."""


def look(tx: Tx, project: Project, *, now: datetime) -> Found:
    """Take examples, tell how earlier ones ended, and learn anew where that brought something."""
    quiet_since = now - QUIET
    awake = now - timedelta(days=project.settings.dormant_after_days)
    quiet = examples.quiet_pulls(tx, project.id, NAME, since=awake, until=quiet_since)
    running = examples.may_have_ended(tx, project.id, NAME, lying_since=now - LEFT_LYING)
    if not quiet and not running:
        return Found()
    items = facts.load_items(tx, {*quiet, *(one.item_id for one in running)}, projects={project.id: project})
    taken = tuple(one for id_ in quiet if id_ in items and (one := _taken(items[id_], now)) is not None)
    labels, told = [], []
    for run in running:
        unmerged = ended_unmerged(items[run.item_id], quiet_at=run.at, now=now) if run.item_id in items else None
        if unmerged is not None or run.wrong:
            example = quiet_pull_example(run.inputs, unmerged=bool(unmerged), wrong=run.wrong)
            labels.append(Label(run.id, example.bad, now))
            told.append((run.at, run.id, example))
    if not told and (project.risks.get(NAME) is not None or not taken):
        return Found(taken, tuple(labels))
    known = [(one.at, one.id, Example(one.inputs, one.bad)) for one in examples.ended(tx, project.id, NAME)]
    past = [example for _, _, example in sorted([*known, *told], key=lambda one: one[:2])]
    concerned = frozenset(examples.open_since(tx, project.id, until=quiet_since))
    return Found(taken, tuple(labels), _fit(past, now), concerned)


def _taken(item: Item, now: datetime) -> Taken | None:
    """An example of a pull request as it is now; None: the rule would not speak of it."""
    since, inputs = fell_quiet(item), quiet_pull_inputs(item, now)
    if inputs is None or set_aside(item) is not None or not since + QUIET <= now < dormant_at(item.project, since):
        return None
    return Taken(item.id, NAME, now, inputs)


def _fit(past: list[Example], now: datetime) -> Risk:
    learnt = learn([[one] for one in past], strength=QUIET_PULL_STRENGTH, prior=QUIET_PULL, as_of=now)
    return Risk(now, model.dump(learnt.model), thresholds(learnt), examples=len(past), own=learnt.own)
