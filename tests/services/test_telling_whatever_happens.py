"""However work, answers, outages and deaths fall: nothing is told twice, none outside the hours, no more than the budget, and
that it is over once to exactly those who heard of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.services import control, notify
from app.services.projects import read_calendar
from app.store import models
from app.time import real_now
from tests.contract.fake_notifier import AWAY, BUSY, SLOW
from tests.picture import forget
from tests.services.manners import say
from tests.services.teller import REPO, STALLED, Teller, moves, quiet
from tests.world import MONDAY, Killed, World

WEEK = {"weekdays": [0, 1, 2, 3, 4], "zone": "Europe/Berlin"}
TOLD = ("sent", "unsure", "sending")
ACTS = st.sampled_from(
    ["nothing", "move 7", "move 8", "ack 7", "snooze 8", "away", "busy", "slow", "well", "pause", "resume", "send", "die before", "die after"]
)  # fmt: skip
HOURS = st.sampled_from([0, 1, 2, 5, 9, 24, 71])


class Dying:
    """A sender that dies with its message on the way, before or after it arrives."""

    def __init__(self, teller: Teller, *, arrives: bool) -> None:
        self.teller, self.arrives = teller, arrives

    def check(self, address: str) -> str:
        return "fake"

    def send(self, address: str, title: str, body: str) -> None:
        if self.arrives:
            self.teller.notifier.send(address, title, body)
        raise Killed


@pytest.fixture(params=["sqlite", "postgres"], scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(request.getfixturevalue(f"shared_{request.param}_url"), tmp_path_factory.mktemp("told"), calendar=WEEK)
    yield made
    made.close()


def begin(world: World) -> Teller:
    world.sql(sa.delete(models.answer))
    world.sql(sa.delete(models.written))
    world.sql(sa.delete(models.notice))
    world.sql(sa.delete(models.target))
    forget(world)
    world.at(MONDAY)
    control.resume_project(world.db, REPO, who="test", now=real_now())
    teller = Teller(world, "boss", "room", per_day=1)
    teller.roles(lead="boss", channel="room")
    world.rules(STALLED)
    return teller


def act(world: World, teller: Teller, what: str) -> None:
    verb, _, number = what.partition(" ")
    if what.startswith("die"):
        for target_id in teller.due()[:1]:
            try:
                notify.notify(teller.deps(Dying(teller, arrives=number == "after")), target_id)
            except Killed:
                pass
            late = models.notice.c.status == "sending"
            world.sql(sa.update(models.notice).where(late).values(sending_at=models.notice.c.made_at))
    elif verb == "move":
        moves(world, int(number))
    elif verb in ("ack", "snooze"):
        say(world, int(number), f"/plumb {verb} {'1d' if verb == 'snooze' else ''}", by=f"dev{number}")
    elif verb in ("away", "busy", "slow", "well"):
        teller.notifier.answers = dict.fromkeys(
            ("boss", "room"), {"away": AWAY, "busy": BUSY, "slow": SLOW, "well": 200}[verb]
        )
    elif verb == "pause":
        control.pause_project(world.db, REPO, who="test", now=real_now())
    elif verb == "resume":
        control.resume_project(world.db, REPO, who="test", now=real_now())
    world.drain()


@given(history=st.lists(st.tuples(HOURS, ACTS), min_size=6, max_size=14))
@settings(max_examples=8, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
def test_what_people_hear_keeps_its_promises_whatever_happens(world: World, history: list[tuple[int, str]]) -> None:
    teller = begin(world)
    heard: list[tuple[str, datetime]] = []

    def send() -> None:
        heard.extend((name, world.now) for name, _, _ in teller.send())
        world.sql(sa.update(models.notice).values(retry_at=None))

    quiet(world, 7, 8, 9)
    for hours, what in history:
        world.wait(hours=hours, minutes=7)
        world.drain()
        before = len(teller.notifier.sent)
        act(world, teller, what)
        heard.extend((name, world.now) for name, _, _ in teller.notifier.sent[before:])
        send()
    act(world, teller, "well")
    act(world, teller, "resume")
    for number in (7, 8, 9):
        world.post(world.hub.close(number, at=world.now))
    for _ in range(24):  # a week, and every working day of it
        world.wait(hours=7)
        world.drain()
        send()

    calendar = read_calendar(WEEK)
    assert all(calendar.next_open(at) == at for _, at in heard), "within the hours"
    days = Counter((name, calendar.local_date(at)) for name, at in heard)
    assert max(days.values(), default=0) <= 1, "the budget of one a day"
    rows = teller.rows()
    messages = {row.message for row in rows if row.status in TOLD}
    assert len(heard) <= len(messages), "what may have arrived is not sent again"
    assert len({row.message for row in rows if row.status == "sent"}) <= len(heard)
    assert {row.status for row in rows} <= {"sent", "unsure", "dropped", "failed"}
    by_flag: dict[tuple[int, int], list[str]] = {}
    for row in rows:
        if row.status in TOLD:
            by_flag.setdefault((row.standing_id, row.target_id), []).append(row.step)
    gave_up = {(row.standing_id, row.target_id) for row in rows if row.step == "clear" and row.status == "failed"}
    for flag, steps in by_flag.items():
        assert len(set(steps)) == len(steps), "each step once"
        assert steps != ["clear"], "nobody hears of an end who did not hear of the flag"
        assert "clear" in steps or flag in gave_up, "whoever heard of it hears that it is over"
