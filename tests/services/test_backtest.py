"""The past judged again gives the flags that live judging gave: same engine, same facts, same rules at their times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.services.backtest.feed import Feed
from app.store import models as m
from app.store import subjects, trackers
from app.store.scratch import copy, scratch
from integrations.sandbox.replay import Webhook, replay
from rules.catalog.registry import TYPES
from tests.hub import Hub
from tests.picture import forget
from tests.services.live import again, play, standing_at, told_again, told_live
from tests.services.test_order import HISTORY
from tests.support import shared
from tests.world import MONDAY, World
from tools.recordings import load, record

RULES = tuple(f"{{name: {type_.name}, type: {type_.name}, mode: live}}" for type_ in TYPES)
"""One live rule of every type, at its defaults."""
START = min(hook.at for hook in HISTORY)
END = max(hook.at for hook in HISTORY) + timedelta(days=40)


pytestmark = pytest.mark.usefixtures("few_trials")


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    made = World(database_url, tmp_path, at=START - timedelta(minutes=1))
    yield made
    made.close()


@pytest.fixture(scope="module")
def played(few_trials: None, other_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The whole history, played live: for tests that only look at it."""
    made = World(other_url, tmp_path_factory.mktemp("played"), at=START - timedelta(minutes=1))
    made.rules(*RULES)
    play(made, HISTORY, until=END)
    yield made
    made.close()


def test_what_is_judged_again_is_what_was_judged_live(played: World) -> None:
    told = told_live(played, since=START)
    assert told
    assert told_again(again(played, since=START - timedelta(minutes=1), until=END), since=START) == told


@pytest.mark.parametrize("hours", [5, 29, 53, 200, 500])
def test_it_may_begin_anywhere_and_knows_what_stood_then(played: World, hours: int) -> None:
    since = START + timedelta(hours=hours)
    found = again(played, since=since, until=END)
    stood = {(flag.rule, *flag.subject) for flag in found.flags if flag.opened_at == since}
    assert stood == standing_at(played, since)
    assert told_again(found, since=since) == told_live(played, since=since)


def test_rules_and_settings_count_from_when_they_were_set(world: World) -> None:
    with world.db.read() as tx:
        (project,) = trackers.projects(tx)
    turns: Mapping[datetime, Callable[[], None]] = {
        START + timedelta(hours=7): lambda: world.rules(*RULES),
        START + timedelta(days=4): lambda: world.rules("{name: stalled, type: stalled-work, mode: live, params: {quiet_days: 1}}"),
        START + timedelta(days=9): lambda: set_up(world, project.id, {"triage_labels": ["nothing"]}, {"weekdays": [0, 1, 2, 3, 4]}),
        START + timedelta(days=12): lambda: world.rules(*RULES),
    }  # fmt: skip
    play(world, HISTORY, until=END, acts=turns)
    since = START - timedelta(minutes=1)
    assert told_again(again(world, since=since, until=END), since=since) == told_live(world, since=since)


def test_before_it_was_watched_a_project_is_taken_to_have_been_as_it_was_set_up(world: World) -> None:
    """An imported past is older than any setting: holidays of the first ones count in it."""
    with world.db.read() as tx:
        (project,) = trackers.projects(tx)
    world.sql(sa.delete(m.project_settings))
    world.at(END)
    set_up(world, project.id, {}, {"weekdays": [0, 1, 2, 3, 4]})
    world.stash(HISTORY)
    world.drain()
    with world.db.read() as live, scratch() as tx:
        copy(tx, live, [project.id])
        first = next(Feed(tx, since=START + timedelta(days=1), until=END).moments())
    assert first.subjects
    assert {len(one.project.calendar.weekdays) for one in first.subjects} == {5}


def set_up(world: World, project_id: int, settings_: dict[str, object], calendar: dict[str, object]) -> None:
    """Change a project's settings as its command does: everything is derived and judged anew."""
    with world.db.write() as tx:
        trackers.save_settings(tx, project_id, settings=settings_, calendar=calendar, author="test", now=world.now)
        subjects.add_sweep(tx, [world.lane()], reason="settings changed", rebuild=True)


def test_near_events_may_be_one_moment(played: World) -> None:
    """What is judged in one go instead of two ends in the same flags, up to the time that they were put together."""
    since = START - timedelta(minutes=1)
    apart = told_again(again(played, since=since, until=END), since=since)
    for minutes in (1, 70, 400):
        near = timedelta(minutes=minutes)
        together = told_again(again(played, since=since, until=END, within=near), since=since)
        lasting = {key[:3] for key, closed in apart.items() if closed is None or closed - key[3] > 2 * near}
        assert lasting <= {key[:3] for key in together} <= {key[:3] for key in apart}


def test_a_recorded_time_is_judged_again_as_it_was_live(sqlite_url: str, tmp_path: Path) -> None:
    """Three weeks of a real project, each event at its instant."""
    until, since = datetime(2024, 3, 25, tzinfo=UTC), datetime(2024, 3, 4, tzinfo=UTC)
    hooks = list(replay(record(load(shared("github")), until=until, numbers=set(range(1440, 1525)))))
    world = World(sqlite_url, tmp_path, at=since - timedelta(days=40), watched=False)
    repository = hooks[0].payload["repository"]
    world.watch(str(repository["id"]), repository["full_name"])
    world.stash([hook for hook in hooks if hook.at <= since])
    world.at(since)
    world.rules(*RULES)
    world.drain()  # what is usual is counted over all that is known by then
    play(world, [hook for hook in hooks if hook.at > since], until=until)
    told = told_live(world, since=since)
    found = again(world, since=since, until=until)
    assert len(told) > 5
    assert {(flag.rule, *flag.subject) for flag in found.flags if flag.opened_at == since} == standing_at(world, since)
    assert told_again(found, since=since) == told
    world.close()


# --- any history


@dataclass(frozen=True)
class Act:
    """One thing that somebody does: what, to which item, how many hours after the last one."""

    what: str
    item: int
    hours: int


WHATS = (
    "open", "pull", "comment", "say", "review", "approve", "push", "label", "unlabel", "assign", "close", "merge", "reopen",
    "plan", "unplan", "draft", "ready", "move", "shut", "check", "ask", "edit",
)  # fmt: skip
acts = st.lists(st.builds(Act, st.sampled_from(WHATS), st.integers(1, 5), st.integers(1, 60)), min_size=8, max_size=40)


def story(done: list[Act]) -> list[Webhook]:
    """The webhooks of what people did, leaving out what cannot be done."""
    hub, now, shut = Hub(), MONDAY, False
    hooks = [hub.milestone(1, at=now, due=(now + timedelta(days=20)).date())]
    for number, act in enumerate(done):
        now += timedelta(hours=act.hours)
        n = act.item
        item = hub.items.get(n)
        is_pull, is_open = item is not None and "head" in item, item is not None and item["state"] == "open"
        if act.what in ("open", "pull") and item is None:
            made = hub.pull if act.what == "pull" else hub.issue
            hooks.append(
                made(n, at=now, author="ann", body=f"Closes #{n % 5 + 1}\n- [ ] a" if act.what == "pull" else "")
            )
        elif act.what == "move":
            hooks.append(hub.move(1, date(2026, 3, 10) + timedelta(days=number), at=now))
        elif act.what == "shut" and number > 20 and not shut:
            shut = True
            hooks.append(
                hub.change_milestone(1, "closed", at=now, state="closed", closed_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"))
            )
        elif item is None:
            continue
        elif act.what in ("comment", "say"):
            hooks.append(hub.comment(n, at=now, by="mel" if act.what == "comment" else "passer-by"))
        elif act.what in ("label", "unlabel") and act.what.endswith("unlabel") == any(
            one["name"] == "in progress" for one in item["labels"]
        ):
            hooks.append(hub.label(n, "in progress", at=now, on=act.what == "label"))
        elif act.what == "assign" and not item["assignees"]:
            hooks.append(hub.assign(n, "dev", at=now))
        elif act.what in ("plan", "unplan") and (item["milestone"] is None) == (act.what == "plan") and not shut:
            hooks.append(hub.plan(n, 1, at=now, on=act.what == "plan"))
        elif act.what in ("close", "merge") and is_open and (act.what == "close" or is_pull):
            hooks.append(hub.close(n, at=now, merged=act.what == "merge"))
        elif act.what == "reopen" and not is_open and not item.get("merged"):
            hooks.append(hub.reopen(n, at=now))
        elif act.what == "edit":
            closes = f"Closes #{n % 5 + 1}\n" if is_pull else ""  # a link that is edited away leaves no trace
            hooks.append(hub.edit(n, at=now, body=closes + "- [ ] a\n" * (number % 7)))
        elif is_pull and is_open:
            hooks += of_pull(hub, act.what, n, now, number)
    return hooks


def of_pull(hub: Hub, what: str, n: int, now: datetime, number: int) -> list[Webhook]:
    item = hub.items[n]
    if what in ("review", "approve"):
        return [hub.review(n, "approved" if what == "approve" else "commented", by="mel", at=now)]
    if what == "push":
        return [hub.push(n, f"sha {number}", at=now)]
    if what == "ask" and not item["requested_reviewers"]:
        return [hub.ask(n, "mel", at=now)]
    if what in ("draft", "ready") and item["draft"] == (what == "ready"):
        return [hub.draft(n, at=now, on=what == "draft")]
    return []


@pytest.fixture(scope="module")
def one_world(few_trials: None, shared_sqlite_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(shared_sqlite_url, tmp_path_factory.mktemp("backtest"), at=MONDAY)
    yield made
    made.close()


@given(done=acts, start=st.integers(0, 400))
@settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_history_is_judged_again_as_it_was_live(one_world: World, done: list[Act], start: int) -> None:
    world = one_world
    forget(world)
    world.at(MONDAY - timedelta(minutes=1))
    world.rules(*RULES)
    hooks = story(done)
    until = hooks[-1].at + timedelta(days=60)
    play(world, hooks, until=until)
    since = MONDAY - timedelta(minutes=1) + timedelta(hours=start)
    found = again(world, since=since, until=until)
    assert {(flag.rule, *flag.subject) for flag in found.flags if flag.opened_at == since} == standing_at(world, since)
    assert told_again(found, since=since) == told_live(world, since=since)
    assert found.errors == {}
