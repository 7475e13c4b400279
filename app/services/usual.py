"""What is usual in a project, counted anew from its items; and how its work flows now."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.store.walks import Walks
from rules.facts import Flow, Project
from rules.flow.present import LOOKS_BACK as FLOW_LOOKS_BACK
from rules.flow.present import flow_of
from rules.flow.usual import usual_of
from rules.statistics import Usual

LOOKS_BACK = timedelta(days=365)


def count(walks: Walks, project: Project, *, now: datetime) -> Usual:
    """What is usual in a project as of `now`, from what it finished in the year before. Times are its working days."""
    return usual_of(walks.of(project, since=now - LOOKS_BACK, now=now), project, calendar=project.calendar, now=now)


def flow(walks: Walks, project: Project, *, now: datetime) -> Flow:
    """How the work of a project flows as of `now`."""
    return flow_of(walks.of(project, since=now - FLOW_LOOKS_BACK, now=now), project, now=now)
