"""Recorded items played through the real core: their webhooks up to a day, judged by rules on that day.

past = played(world_url, tmp_path, numbers={1379}, until=at("2023-08-01"), rules=[RULE])
past.flags(); past.later(days=3)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.store import models
from integrations.sandbox.replay import replay
from tests.services import jira_past
from tests.services.jira_past import ASKED_AT, instant
from tests.services.jira_world import JiraWorld
from tests.services.past import END
from tests.support import shared
from tests.world import World
from tools.recordings import Source, load, record


@cache
def source() -> Source:
    """The recorded repository; skips, saying so, where the shared data is absent."""
    return load(shared("github"))


def played(
    url: str, folder: Path, *, numbers: Iterable[int], until: datetime, rules: Iterable[str], **settings: Any
) -> World:
    """A world that has had the recorded webhooks of these items up to an instant, with rules in force."""
    hooks = list(replay(record(source(), until=END, numbers=numbers)))
    world = World(url, folder, at=until, watched=False)
    repository = hooks[0].payload["repository"]
    world.watch(str(repository["id"]), repository["full_name"], settings=settings, calendar={"all_hours": True})
    world.rules(*rules)
    world.stash([hook for hook in hooks if hook.at <= until])
    world.drain()
    return world


def played_jira(
    url: str, *, keys: Iterable[str], until: datetime, rules: Iterable[str], statuses: dict[str, str] | None = None
) -> JiraWorld:
    """The same of recorded issues of a Jira; `statuses` say where the site files its own."""
    wanted = set(keys)
    lives = [life for life in jira_past.lives() if life.key in wanted]
    site = jira_past.SITE | {"statuses": statuses or {}}
    world = JiraWorld(url, jira_past.projects(), at=instant(ASKED_AT), site=site)
    world.at(until)
    world.rules(*rules)
    world.deliver(payload for at, payload in jira_past.stream(lives) if at <= until)
    world.drain()
    return world


def flags(world: JiraWorld) -> list[tuple[str, str]]:
    """Open flags on issues as (rule, key)."""
    standing, rule, item = models.standing, models.rule, models.item
    rows = world.rows(
        sa.select(rule.c.name, item.c.key)
        .select_from(standing)
        .join(rule, rule.c.id == standing.c.rule_id)
        .join(item, sa.and_(item.c.id == standing.c.subject_id, standing.c.subject_kind == "item"))
        .where(standing.c.closed_at.is_(None))
    )
    return sorted((row.name, row.key) for row in rows)
