"""`kill -9` of each process in turn while a recording is played: the end is as if nothing had happened."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen

import pytest

from tests.faults.support import Poster, end_state, play, play_undisturbed, prepare
from tests.support import alive, eventually, family
from tests.support_up import SERVING, Installation, installed, kill, parts_of

pytestmark = pytest.mark.faults

ORDER = ("worker", SERVING, "clock", "broker", "worker", "web")
EVERY = 25
"""Webhooks between two kills."""


class Killer:
    """Kills the next process of `ORDER` with every so many webhooks, and a worker whenever work is waited for."""

    def __init__(self, here: Installation, process: Popen[bytes]) -> None:
        self.here, self.process = here, process
        self.killed: Counter[str] = Counter()
        self.seen = 0
        self.dice = random.Random(7)

    def strike(self, name: str) -> None:
        if found := parts_of(self.process).get(name, []):
            kill(self.dice.choice(found))
            self.killed[name] += 1

    def webhook(self) -> None:
        self.seen += 1
        if self.seen % EVERY == 0:
            self.strike(ORDER[self.seen // EVERY % len(ORDER)])

    def wait_idle(self) -> None:
        if not self.here.is_idle():
            self.strike("worker")
        self.here.wait_idle(within=120)


def test_the_end_state_is_that_of_an_undisturbed_run(expected, short_dir, tmp_path):
    with installed(short_dir / "wild") as wild:
        project = prepare(wild)
        with wild.up(tmp_path / "up.log") as process:
            wild.wait_ready(process)
            killer = Killer(wild, process)
            poster = Poster(wild.port, each=killer.webhook)
            play(wild, project, poster.send, killer.wait_idle)
            poster.connection.close()
            assert process.poll() is None, "the supervisor lives through all of it"
        check(wild, expected)
    assert all(killer.killed[name] >= 2 for name in ORDER), killer.killed
    assert poster.again > 0, "kills that nobody noticed test nothing"


def test_after_a_kill_of_the_whole_the_next_start_goes_on(expected, short_dir, tmp_path):
    with installed(short_dir / "wild") as wild:
        project = prepare(wild)
        starts: list[Popen[bytes]] = []

        def start(number: int, log: Path) -> None:
            starts.append(runs.enter_context(wild.up(log.with_suffix(f".{number}"))))
            wild.wait_ready(starts[-1])

        with ExitStack() as runs:
            start(0, tmp_path / "up")
            seen = 0

            def each() -> None:
                nonlocal seen
                seen += 1
                if seen == 150:
                    children = family(starts[-1].pid)
                    assert len(children) >= 6
                    starts[-1].kill()
                    starts[-1].wait()
                    eventually(lambda: not [pid for pid in children if alive(pid)], within=30, what="the end of all")
                    start(1, tmp_path / "up")

            poster = Poster(wild.port, each=each)
            play(wild, project, poster.send, lambda: wild.wait_idle(within=120))
            poster.connection.close()
        assert len(starts) == 2
        check(wild, expected)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The end state of a play without any fault."""
    with installed(tmp_path_factory.mktemp("calm")) as calm:
        play_undisturbed(calm)
        state = end_state(calm)
    assert sum(len(comments) for _, comments in state["sandbox"].values()) >= 3
    assert sum(bool(labels) for labels, _ in state["sandbox"].values()) >= 5
    return state


def check(here: Installation, expected: dict) -> None:
    found = end_state(here)
    for part, state in expected.items():
        assert found[part] == state, part
    for _, comments in found["sandbox"].values():
        assert len(comments) <= 1
