"""What is expected of a project's running sprints, learnt from those that ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.store import milestone_facts, plans
from app.store.database import Tx
from rules.facts import Project
from rules.risk.outlooks import NAME, PAST, outlook, shortfall
from rules.statistics import Outlook, Risk


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at the sprints of a project gave; `risk` None: no other sprint has ended since it was last learnt."""

    outlooks: Mapping[int, Outlook] = field(default_factory=dict)
    risk: Risk | None = None


def look(tx: Tx, project: Project, *, now: datetime) -> Found:
    """The chance of each running sprint, by id; learnt anew first where another sprint has ended."""
    running = plans.running_sprints(tx, project.id)
    if not running:
        return Found()
    over, known = plans.ended_sprints(tx, project.id), project.risks.get(NAME)
    anew = known is None or known.examples != len(over) or any(at > known.as_of for at in over.values())
    latest = sorted(over, key=lambda id_: (over[id_], id_))
    asked = latest if anew else latest[-PAST:]
    loaded = milestone_facts.load_milestones(tx, [*running, *asked], projects={project.id: project})
    ended = [loaded[id_] for id_ in asked if id_ in loaded]
    learnt = shortfall(ended, now) if anew or known is None else known
    found = {
        id_: said for id_ in running if id_ in loaded and (said := outlook(loaded[id_], ended, learnt, now)) is not None
    }
    return Found(found, learnt if anew else None)
