"""How loud the suggested rules are over the recorded demo: its last seven weeks, played through the whole core."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cli.demo_setup import START
from bench.core import SUGGESTED, Core
from bench.replay import Replay, comments_by_day, comments_by_item, flip_flops
from bench.table import memory_folder
from integrations.sandbox.demo import demo_recording, line_of
from integrations.sandbox.replay import Webhook, replay

END = datetime(2026, 8, 3, 17, tzinfo=UTC)
MOST_A_DAY = 10


def still_open(hooks: Sequence[Webhook], at: datetime) -> list[Webhook]:
    """The webhooks of milestones, and of items that were open at an instant or had something happen later: items that
    were closed for good by then bring nothing but time to wait.
    """
    last = {line_of(hook): hook for hook in hooks}
    kept = {0}
    for number, hook in last.items():
        item = hook.payload.get("issue") or hook.payload.get("pull_request") or {}
        if hook.at > at or item.get("state") == "open":
            kept.add(number)
    return [hook for hook in hooks if line_of(hook) in kept]


@pytest.fixture
def played() -> Iterator[Replay]:
    """The demo up to its end; the three suggested rules went live seven weeks before."""
    with demo_recording() as recording:
        hooks = still_open(list(replay(recording)), START)
    with (
        tempfile.TemporaryDirectory(dir=memory_folder()) as folder,
        Core(f"sqlite:///{folder}/noise.db", Path(folder), at=hooks[0].at) as core,
    ):
        core.watch(hooks[0].payload["repository"])
        core.pack()
        play = Replay(core, hooks)
        play.all_at_once(START)
        core.pack(live=SUGGESTED)
        core.drain()
        play.speak(until=END)
        yield play


def test_seven_weeks_of_the_demo_are_quiet(played: Replay) -> None:
    written = played.written
    assert any(one.what == "comment_created" for one in written)
    assert any(one.what == "label_added" for one in written)
    assert max(comments_by_day(written).values()) <= MOST_A_DAY
    assert [item for item, number in comments_by_item(written).items() if number > 1] == []
    assert flip_flops(written) == []
