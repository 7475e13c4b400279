"""A world whose flags are told to people: targets of a stand-in, and the clock's part of sending."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.services import bells, notify
from app.store import models, notices, targets, trackers
from app.time import real_now
from tests.contract.fake_notifier import FakeNotifier
from tests.world import World

REPO = "acme/shop"
LADDER = "ladder: [{after: 0, tell: lead}, {after: 2, tell: channel}, {after: 4, tell: lead}]"
STALLED = (
    f"{{name: stalled, type: stalled-work, mode: live, params: {{quiet_days: 3, running_sprint: false}}, {LADDER}}}"
)


class Teller:
    """The targets of a world, and what arrives there."""

    def __init__(self, world: World, *names: str, per_day: int = 10) -> None:
        self.world = world
        self.notifier = FakeNotifier()
        with world.db.write() as tx:
            for name in names:
                address = world.vault.seal(f"fake://{name}")
                targets.save(tx, name=name, kind="fake", address=address, per_day=per_day, now=real_now())

    def roles(self, **settings: Any) -> None:
        """Set who leads the project, and its channel."""
        with self.world.db.write() as tx:
            (project,) = trackers.projects(tx, key=REPO)
            known, calendar = trackers.settings_of(tx, [project.id]).get(project.id, ({}, {}))
            trackers.save_settings(
                tx, project.id, settings=known | settings, calendar=calendar, author="test", now=self.world.now
            )

    def deps(self, notifier: Any = None) -> notify.Sending:
        made = notifier or self.notifier
        return notify.Sending(
            db=self.world.db,
            ringer=bells.SilentRinger(),
            open_address=self.world.vault.open,
            notifier=lambda: made,
            base_url="http://plumb",
        )

    def due(self) -> list[int]:
        """The targets that the clock would ring for."""
        with self.world.db.read() as tx:
            return notices.targets_with_due(tx, world=self.world.now, real=real_now())

    def send(self) -> list[tuple[str, str, str]]:
        """Send what the clock finds due; gives what arrived by that: (target, title, body)."""
        before = len(self.notifier.sent)
        for target_id in self.due():
            notify.notify(self.deps(), target_id)
        return self.notifier.sent[before:]

    def beat(self, *, hours: int = 1, minutes: int = 1) -> list[tuple[str, str, str]]:
        """Let time pass, judge what is due, and send."""
        self.world.wait(hours=hours, minutes=minutes)
        self.world.drain()
        return self.send()

    def until(self, done: Callable[[], bool], *, hours: int = 24 * 14) -> None:
        """Let time pass until something is so, from one instant at which something is due to the next."""
        end = self.world.now + timedelta(hours=hours)
        while not done():
            following = min((at for at in self._dues() if at > self.world.now), default=end)
            assert following < end, "it never came"
            self.world.at(following)
            self.world.drain()
            self.send()

    def _dues(self) -> list[datetime]:
        columns = (
            models.mark.c.at,
            models.item.c.next_check_at,
            models.milestone.c.next_check_at,
            models.notice.c.due_at,
            models.notice.c.ready_at,
        )
        rows = [row[0] for column in columns for row in self.world.rows(sa.select(column))]
        return [at for at in rows if at is not None]

    def rows(self) -> list[Any]:
        table = models.notice
        return self.world.rows(sa.select(table).order_by(table.c.id))

    def told(self) -> list[tuple[str, str, str]]:
        """Every notice as (step, name of its target, status)."""
        table, target = models.notice, models.target
        query = (
            sa.select(table.c.step, sa.func.coalesce(target.c.name, ""), table.c.status)
            .outerjoin(target, target.c.id == table.c.target_id)
            .order_by(table.c.id)
        )
        return [(row[0], row[1], row[2]) for row in self.world.rows(query)]


def quiet(world: World, *numbers: int, days: int = 3) -> None:
    """Issues that somebody took up, and no word since: they are flagged once this is over."""
    for number in numbers:
        world.post(world.hub.issue(number, at=world.now, title=f"Thing {number}", assignees=(f"dev{number}",)))
        world.post(world.hub.comment(number, "On it.", by=f"dev{number}", at=world.now))
    world.drain()
    world.wait(days=days)
    world.drain()


def moves(world: World, number: int) -> None:
    """Somebody works on it: its flag clears."""
    world.post(world.hub.comment(number, "Nearly there.", by=f"dev{number}", at=world.now))
    world.drain()
