"""Statistics made anew: once a working day for each project, away from its deliveries. Rules read the latest.

Counting reads without holding a lock; what was counted is stored in one short transaction, with marks on the subjects
whose verdicts could be others now. A project's lane then judges them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from app.services import bells, forecasts, outlooks, projects, risks, usual
from app.store import examples, instance, leases, plans, statistics, subjects
from app.store.database import Database, Tx
from app.store.statistics import Statistic
from app.store.walks import Walks
from app.time import real_now
from rules.calendar import DAY, Calendar
from rules.facts import Project
from rules.risk.outlooks import NAME as SHORTFALL
from rules.risk.pulls import NAME
from rules.statistics import Usual


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted for a project, and which subjects are to be judged anew because of it; `flow`: how its work
    flows, which is looked at once a working day, since every step of any item changes it.
    """

    statistics: tuple[Statistic, ...] = ()
    items: frozenset[int] = frozenset()
    milestones: frozenset[int] = frozenset()
    flow: bool = False
    taken: tuple[examples.Taken, ...] = ()
    labels: tuple[examples.Label, ...] = ()
    """Examples to be kept with the statistics, and how earlier ones ended."""


Counter = Callable[[Tx, Project, Walks, datetime], Counted]


def _usual(tx: Tx, project: Project, walks: Walks, now: datetime) -> Counted:
    """What is usual in the project; nothing where that has not changed. What is under way is judged by it."""
    found = usual.count(walks, project, now=now)
    if project.usual is not None and _same(project.usual, found):
        return Counted(flow=True)
    kept = Statistic("project", project.id, "usual", found)
    return Counted((kept,), items=frozenset(subjects.under_way(tx, project.id)), flow=True)


def _same(before: Usual, after: Usual) -> bool:
    """Whether the figures are equal, whenever they were counted."""
    return all(getattr(before, one.name) == getattr(after, one.name) for one in fields(Usual) if one.name != "as_of")


def _forecasts(tx: Tx, project: Project, _walks: Walks, now: datetime) -> Counted:
    """When its milestones are likely to be done; what waits for something in them is judged by it, too."""
    found = forecasts.forecasts(tx, project, now=now)
    kept = tuple(Statistic("milestone", id_, "forecast", said) for id_, said in found.items())
    waiting = plans.waiting_for(tx, sorted(found)) if found else set()
    return Counted(kept, items=frozenset(waiting), milestones=frozenset(found))


def _risk(tx: Tx, project: Project, _walks: Walks, now: datetime) -> Counted:
    """What its past says of quiet pull requests; nothing where nothing ended since it was last learnt."""
    found = risks.look(tx, project, now=now)
    kept = () if found.risk is None else (Statistic("project", project.id, f"{statistics.RISK}{NAME}", found.risk),)
    return Counted(kept, items=found.concerned, taken=found.taken, labels=found.labels)


def _outlooks(tx: Tx, project: Project, _walks: Walks, now: datetime) -> Counted:
    """What is expected of its running sprints, and what its ended ones say of the like."""
    found = outlooks.look(tx, project, now=now)
    kept = [Statistic("milestone", id_, "outlook", said) for id_, said in found.outlooks.items()]
    if found.risk is not None:
        kept.append(Statistic("project", project.id, f"{statistics.RISK}{SHORTFALL}", found.risk))
    return Counted(tuple(kept), milestones=frozenset(found.outlooks))


COUNTERS: Mapping[str, Counter] = {
    "usual": _usual,
    "forecast": _forecasts,
    "outlook": _outlooks,
    "risk": _risk,
}
"""Everything that is counted, in the order in which it is, by the names that rule types use."""
AS_KEPT = frozenset({"risk"})
"""What a replay of the past does not count anew, but reads as it was kept: it was learnt over many months, from what
was known at the time.
"""


def next_refresh(calendar: Calendar, now: datetime) -> datetime:
    """When a project's statistics are made anew after an instant: at the beginning of its next working day."""
    return calendar.midnight(calendar.next_working_day(calendar.local_date(now) + DAY))


def count(
    tx: Tx, project: Project, now: datetime, *, walks: Walks | None = None, wanted: Collection[str] | None = None
) -> Counted:
    """Count everything for a project, as of now; or only what is `wanted`. `walks` are those kept from earlier counts
    in the same transaction, where there were any.
    """
    kept = walks if walks is not None else Walks(tx)
    found = [counter(tx, project, kept, now) for name, counter in COUNTERS.items() if wanted is None or name in wanted]
    return Counted(
        statistics=tuple(one for counted in found for one in counted.statistics),
        items=frozenset(id_ for counted in found for id_ in counted.items),
        milestones=frozenset(id_ for counted in found for id_ in counted.milestones),
        flow=any(counted.flow for counted in found),
        taken=tuple(one for counted in found for one in counted.taken),
        labels=tuple(one for counted in found for one in counted.labels),
    )


def refresh(db: Database, project_id: int, *, ringer: bells.Ringer) -> bool:
    """Make a project's statistics anew where they are due; whether this did it."""
    with db.read() as tx:
        world = instance.load(tx).clock.now()
        found = projects.load(tx, ids=[project_id])
        if project_id not in found.judged or project_id not in statistics.due(tx, now=world):
            counted = None
        else:
            project = found.facts[project_id]
            counted = count(tx, project, world)
    with db.write() as tx:
        leases.answer(tx, "statistics", project_id)
        if counted is None:
            return False
        next_at = next_refresh(found.facts[project_id].calendar, world)
        if not statistics.claim(tx, project_id, now=world, next_at=next_at):
            return False
        statistics.save(tx, project_id, counted.statistics, now=world)
        examples.save(tx, project_id, taken=counted.taken, labels=counted.labels)
        lane = found.rows[project_id].lane_id
        marks = [(lane, "item", id_, world) for id_ in sorted(counted.items)]
        marks += [(lane, "milestone", id_, world) for id_ in sorted(counted.milestones)]
        marks += [(lane, "flow", project_id, world)] if counted.flow else []
        subjects.add_marks(tx, marks, reason="its statistics were made anew")
        rung = bool(marks) and leases.ring(tx, "lane", lane, now=real_now())
    if rung:
        ringer.wake("lane", lane)
    return True
