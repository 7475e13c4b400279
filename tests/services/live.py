"""A world played live, every event and everything due at its own instant; and its past judged again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.services import statistics
from app.services.backtest.feed import Feed
from app.services.backtest.run import as_they_were
from app.store import models as m
from app.store import statistics as kept
from app.store import trackers
from app.store.scratch import copy, scratch
from integrations.sandbox.replay import Webhook
from rules.backtest.run import Found, run
from tests.services.jira_world import JiraWorld
from tests.world import World

Told = dict[tuple[str, str, int, datetime], datetime | None]
"""Flags: (rule, kind, subject id, opened) to when each closed."""


EARLIEST = sa.union_all(
    *(
        sa.select(sa.func.min(column))
        for column in (
            m.item.c.next_check_at,
            m.milestone.c.next_check_at,
            m.project.c.next_check_at,
            m.mark.c.at,
            m.project.c.refresh_at,
        )
    )
)
"""When something is due next, of each thing that says so itself."""


def play(
    world: World,
    hooks: Iterable[Webhook],
    *,
    until: datetime,
    acts: Mapping[datetime, Callable[[], None]] | None = None,
) -> None:
    """Play webhooks in the order of time, each at its instant; what becomes due in between is judged when it does.
    `acts` are done at theirs, before the webhooks of that instant.
    """
    events: list[tuple[datetime, int, Webhook | Callable[[], None]]] = [
        *((at, 0, act) for at, act in (acts or {}).items()),
        *((hook.at, 1, hook) for hook in hooks),
    ]
    for at, _, event in sorted(events, key=lambda one: one[:2]):
        if at > until:
            break
        pass_time(world, at)
        world.at(at)
        if isinstance(event, Webhook):
            world.post(event)
        else:
            event()
        world.drain()
    pass_time(world, until)
    world.at(until)


def pass_time(world: World | JiraWorld, until: datetime) -> None:
    """Let time pass to an instant, stopping wherever something becomes due."""
    while True:
        dues = [at for (at,) in world.rows(EARLIEST) if at is not None]
        with world.db.read() as tx:
            stale = kept.due(tx, now=world.now)
        due = min(dues, default=None)
        if not stale and (due is None or due > until):
            return
        if not stale and due is not None:
            world.at(max(world.now, due))
        with world.db.read() as tx:
            stale = kept.due(tx, now=world.now)
        for project_id in stale:
            statistics.refresh(world.db, project_id, ringer=world.bells)
        world.drain()


def told_live(world: World | JiraWorld, *, since: datetime) -> Told:
    """The flags of the world that opened after an instant."""
    standing, rule = m.standing, m.rule
    rows = world.rows(
        sa.select(rule.c.name, standing).join(rule, rule.c.id == standing.c.rule_id).where(standing.c.opened_at > since)
    )
    return {(row.name, row.subject_kind, row.subject_id, row.opened_at): row.closed_at for row in rows}


def standing_at(world: World, at: datetime) -> set[tuple[str, str, int]]:
    """The flags that stood at an instant."""
    standing, rule = m.standing, m.rule
    stood = sa.and_(standing.c.opened_at <= at, sa.or_(standing.c.closed_at.is_(None), standing.c.closed_at > at))
    rows = world.rows(sa.select(rule.c.name, standing).join(rule, rule.c.id == standing.c.rule_id).where(stood))
    return {(row.name, row.subject_kind, row.subject_id) for row in rows}


def again(world: World | JiraWorld, *, since: datetime, until: datetime, within: timedelta = timedelta()) -> Found:
    """The same time judged again from what is stored now, under the rules and settings as they were."""
    with world.db.read() as live, scratch() as tx:
        copy(tx, live, [row.id for row in trackers.projects(live)])
        return run(Feed(tx, since=since, until=until, within=within).moments(), as_they_were(live), until=until)


def told_again(found: Found, *, since: datetime) -> Told:
    """The flags of a run that opened after an instant."""
    return {
        (flag.rule, *flag.subject, flag.opened_at): flag.closed_at for flag in found.flags if flag.opened_at > since
    }
