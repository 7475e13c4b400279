"""Forecasts of a project's dated milestones, from how the teams that are in them got such work done lately."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.services import projects
from app.store import milestone_facts, plans
from app.store.database import Tx
from rules.calendar import DAY
from rules.facts import Milestone, MilestoneKind, Project
from rules.forecast.likely import forecast
from rules.forecast.manner import MANNER
from rules.forecast.throughput import History
from rules.statistics import Forecast

WINDOW = timedelta(weeks=MANNER.weeks)


def forecasts(tx: Tx, project: Project, *, now: datetime) -> dict[int, Forecast]:
    """What is likely of each open milestone of a project that has a date and open items, by id. Those of which it is
    too early to tell have none, and so have those that another one speaks for.
    """
    loaded = milestone_facts.load_milestones(tx, plans.open_dated(tx, project.id), projects={project.id: project})
    wanted = {id_: one for id_, one in loaded.items() if one.leader is None}
    due = plans.blockers_due(tx, sorted(wanted))
    ready = {item_id: day + DAY for item_id, day in due.items()}
    found: dict[int, Forecast] = {}
    for kind in sorted({one.kind for one in wanted.values()}):
        mine = {id_: one for id_, one in wanted.items() if one.kind is kind}
        known = histories(tx, mine, project, kind=kind, now=now)
        for id_, milestone in mine.items():
            said = forecast(milestone, known, ready=ready, now=now)
            if isinstance(said, Forecast):
                found[id_] = said
    return found


def histories(
    tx: Tx, milestones: Mapping[int, Milestone], project: Project, *, kind: MilestoneKind, now: datetime
) -> dict[str, History]:
    """The history of each team that has items in these milestones, by the key of its project."""
    keys = {member.item.project for one in milestones.values() for member in one.members} - {project.key}
    others = [one for one in projects.load(tx).facts.values() if one.key in keys] if keys else []
    found = {}
    for team in (project, *others):
        stays = plans.stays(tx, team.id, kind=kind.value, since=now - WINDOW)
        found[team.key] = History(
            calendar=team.calendar,
            stays=stays,
            courses=plans.courses(tx, {stay.milestone_id for stay in stays}),
            known_from=max(filter(None, (team.known_from, plans.begins(tx, team.id))), default=None),
            finished=plans.finished(tx, team.id, since=now - WINDOW),
        )
    return found
