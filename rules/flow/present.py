"""How a project's work flows now: the columns of its flow from the walks of its items. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rules.facts import Column, Flow, Load, Project, State, Waiting
from rules.flow.walks import WORKED_ON, Stay, Walk, stays_of

LOOKS_BACK = timedelta(days=60)
"""How far back a column says how many stood in it."""


def flow_of(walks: Sequence[Walk], project: Project, *, now: datetime) -> Flow:
    """The flow as of `now`. Work that a pull request carries counts once, as its issue; of persons only what they are
    assigned to and is in progress.
    """
    stays = [stay for walk in walks for stay in stays_of(walk, project, now) if not walk.carries]
    return Flow(
        id=project.id,
        project=project,
        columns=tuple(_column(state, stays, project, now=now) for state in WORKED_ON),
        loads=_loads(stays, now),
        known_from=project.known_from,
    )


def _column(state: State, stays: Sequence[Stay], project: Project, *, now: datetime) -> Column:
    inside = [stay for stay in stays if stay.state is state]
    present = sorted(
        (stay for stay in inside if stay.covers(now)), key=lambda stay: (stay.entered_at, stay.walk.item_id)
    )
    return Column(
        state=state,
        waiting=tuple(Waiting(item=stay.walk.ref, since=stay.entered_at) for stay in present),
        counts=_counts(inside, since=max(filter(None, [now - LOOKS_BACK, project.known_from])), now=now),
    )


def _counts(stays: Sequence[Stay], *, since: datetime, now: datetime) -> tuple[tuple[datetime, int], ...]:
    """How many stood in it from each instant on, the first at `since`; only where that changed."""
    turns = {at for stay in stays for at in (stay.entered_at, stay.left_at) if at is not None and since < at <= now}
    found: list[tuple[datetime, int]] = []
    for at in sorted({since, *turns}):
        count = sum(stay.covers(at) for stay in stays)
        if not found or found[-1][1] != count:
            found.append((at, count))
    return tuple(found)


def _loads(stays: Sequence[Stay], now: datetime) -> tuple[Load, ...]:
    held: dict[int, list[datetime]] = {}
    for stay in stays:
        if stay.state is State.IN_PROGRESS and stay.covers(now):
            for person in stay.walk.assignees:
                held.setdefault(person, []).append(stay.entered_at)
    return tuple(Load(person_id=person, since=tuple(sorted(times))) for person, times in sorted(held.items()))
