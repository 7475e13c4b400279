"""How loud the suggested rules are over the recorded demo: its last seven weeks, played through the whole core."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.bootstrap import DEMO_START
from bench.core import SUGGESTED, Core
from bench.replay import Replay, comments_by_day, comments_by_item, flip_flops
from integrations.sandbox.demo import demo_recording
from integrations.sandbox.replay import replay

END = datetime(2026, 8, 3, 17, tzinfo=UTC)
MOST_A_DAY = 10


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Replay]:
    """The demo up to its end; the three suggested rules went live seven weeks before."""
    with demo_recording() as recording:
        hooks = list(replay(recording))
    with Core(f"sqlite:///{tmp_path / 'noise.db'}", tmp_path, at=hooks[0].at) as core:
        core.watch(hooks[0].payload["repository"])
        core.pack()
        play = Replay(core, hooks)
        play.all_at_once(DEMO_START)
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
