"""How much a team has at once and ahead of it, beside what was agreed or is usual here; for pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from statistics import median

from app.store.views.load import Plan, Queue
from app.store.views.workflow import UnderWay
from rules.baseline import SIZED_ENOUGH
from rules.catalog.overload import MIN_DAYS, OverloadParams
from rules.facts import Project
from rules.spec import Rule

STATES = ("in_progress", "in_review")
LEAST_ENDED = 3
"""Fewer ended milestones than this do not say what is usual."""
KIND_ORDER = ("sprint", "version", "milestone", "epic")


@dataclass(frozen=True, slots=True)
class AtOnce:
    """What is in one state at once. `limit` None: neither agreed nor known; `agreed`: it was set, else it is usual."""

    state: str
    count: int
    limit: int | None
    agreed: bool

    @property
    def over(self) -> bool:
        """Whether that is more than the limit."""
        return self.limit is not None and self.count > self.limit


@dataclass(frozen=True, slots=True)
class Plans:
    """The milestones of one kind by date. What the team usually finishes in one is the median of those that ended, in
    items and in points; None: too few ended, or too few are sized.
    """

    kind: str
    ahead: tuple[Plan, ...]
    ended: tuple[Plan, ...]
    usual: int | None
    usual_points: float | None


@dataclass(frozen=True, slots=True)
class Person:
    """What one person has in progress, and the limit that was set."""

    login: str
    count: int
    limit: int


@dataclass(frozen=True, slots=True)
class TeamLoad:
    """The load of one project's team. `people` is empty unless a limit for persons is set."""

    project: Project
    at_once: tuple[AtOnce, ...]
    queue: Queue
    plans: tuple[Plans, ...]
    people: tuple[Person, ...] = ()


def team_load(
    project: Project,
    *,
    items: Sequence[UnderWay],
    queue: Queue | None,
    plans: Iterable[Plan],
    rules: Iterable[Rule],
    logins: Mapping[int, str],
) -> TeamLoad:
    """The load of a project from what is read of it; rows of other projects are left aside. `logins` are in the order
    in which persons stand, which is never that of how much they have.
    """
    mine = [one for one in items if one.project_id == project.id]
    params = limits_of(project.key, rules)
    return TeamLoad(
        project=project,
        at_once=tuple(_at_once(state, mine, project, params) for state in STATES),
        queue=queue or Queue(),
        plans=_plans([plan for plan in plans if plan.project_id == project.id]),
        people=_people(mine, params, logins) if params is not None and params.per_person else (),
    )


def limits_of(project_key: str, rules: Iterable[Rule]) -> OverloadParams | None:
    """The limits that a rule in force sets for a project; None: no rule looks at its load."""
    for rule in rules:
        seen = not rule.scope.projects or any(fnmatchcase(project_key, glob) for glob in rule.scope.projects)
        if rule.type == "overload" and rule.mode != "off" and seen:
            try:
                return OverloadParams.model_validate(dict(rule.params))
            except ValueError:
                continue  # a rule that needs mending says so on its own page
    return None


def holders(items: Iterable[UnderWay]) -> set[int]:
    """The persons who have something in progress."""
    return {id_ for one in items if one.state == "in_progress" for id_ in one.assignee_ids}


def _at_once(state: str, items: Sequence[UnderWay], project: Project, params: OverloadParams | None) -> AtOnce:
    count = sum(one.state == state for one in items)
    agreed = getattr(params, state) if params is not None else 0
    usual = project.usual
    own = max(usual.p85_wip.get(state, 0), 1) if usual is not None and usual.wip_days >= MIN_DAYS else None
    return AtOnce(state=state, count=count, limit=agreed or own, agreed=bool(agreed))


def _plans(found: Sequence[Plan]) -> tuple[Plans, ...]:
    return tuple(_of_kind(kind, mine) for kind in KIND_ORDER if (mine := [one for one in found if one.kind == kind]))


def _of_kind(kind: str, found: Sequence[Plan]) -> Plans:
    ended = [one for one in found if not one.open and one.items]
    sized = [one for one in ended if one.sized >= SIZED_ENOUGH * one.items]
    return Plans(
        kind=kind,
        ahead=tuple(one for one in found if one.open),
        ended=tuple(ended),
        usual=round(median(one.done for one in ended)) if len(ended) >= LEAST_ENDED else None,
        usual_points=median(one.points_done for one in sized) if len(sized) >= LEAST_ENDED else None,
    )


def _people(items: Sequence[UnderWay], params: OverloadParams, logins: Mapping[int, str]) -> tuple[Person, ...]:
    held = Counter(id_ for one in items if one.state == "in_progress" for id_ in one.assignee_ids)
    return tuple(Person(login, held[id_], params.per_person) for id_, login in logins.items() if held[id_])
