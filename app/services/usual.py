"""What is usual in a project, counted anew from its items; and how its work flows now."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.services import projects
from app.store import walks
from app.store.database import Tx
from rules.calendar import Calendar
from rules.facts import Flow, Project
from rules.flow.present import LOOKS_BACK as FLOW_LOOKS_BACK
from rules.flow.present import flow_of
from rules.flow.usual import usual_of
from rules.statistics import Usual

LOOKS_BACK = timedelta(days=365)


def count(tx: Tx, project_id: int, *, calendar: Calendar, now: datetime) -> Usual:
    """What is usual in a project as of `now`, from what it finished in the year before. Times are working days of
    `calendar`. Raises KeyError where there is no such project in use.
    """
    project = projects.load(tx, ids=[project_id]).facts[project_id]
    found = walks.load_walks(tx, project, since=now - LOOKS_BACK, now=now)
    return usual_of(found, project, calendar=calendar, now=now)


def flow(tx: Tx, project: Project, *, now: datetime) -> Flow:
    """How the work of a project flows as of `now`."""
    return flow_of(walks.load_walks(tx, project, since=now - FLOW_LOOKS_BACK, now=now), project, now=now)
