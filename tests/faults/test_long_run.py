"""Two thousand webhooks under fifty kills and more, at random, on both databases. Run by `make faults`: it takes long."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections import Counter
from pathlib import Path
from subprocess import Popen

import pytest

from tests.faults.support import LONG, Poster, end_state, play, play_undisturbed, prepare
from tests.faults.test_kill_each_process import check
from tests.support_up import SERVING, installed, kill, parts_of

pytestmark = [pytest.mark.faults, pytest.mark.long]

NAMES = ("worker", "worker", SERVING, "clock", "broker", "web")
ODDS = 1 / 30
"""Of a kill with each webhook."""
FEWEST = 50


class Killer:
    """Kills something at random with every thirtieth webhook or so."""

    def __init__(self, process: Popen[bytes], *, seed: int) -> None:
        self.process = process
        self.killed: Counter[str] = Counter()
        self.dice = random.Random(seed)

    def strike(self, name: str) -> None:
        if found := parts_of(self.process).get(name, []):
            kill(self.dice.choice(found))
            self.killed[name] += 1

    def webhook(self) -> None:
        if self.dice.random() < ODDS:
            self.strike(self.dice.choice(NAMES))


class Sniper(threading.Thread):
    """Kills both workers the moment a comment has been written, before anybody can have noted that it was."""

    def __init__(self, killer: Killer, sandbox: Path, *, most: int) -> None:
        super().__init__(daemon=True)
        self.killer, self.sandbox, self.left = killer, sandbox, most
        self.over = threading.Event()

    def run(self) -> None:
        tracker = sqlite3.connect(f"file:{self.sandbox}?mode=ro", uri=True, timeout=10)
        written = "SELECT count(*) FROM calls WHERE method = 'POST' AND path LIKE '%/comments'"
        seen = tracker.execute(written).fetchone()[0]
        while not self.over.wait(0.001) and self.left:
            now = tracker.execute(written).fetchone()[0]
            if now > seen:
                for worker in parts_of(self.killer.process).get("worker", []):
                    kill(worker)
                self.killer.killed["worker, just after a comment"] += 1
                self.left -= 1
                time.sleep(2)
                seen = tracker.execute(written).fetchone()[0]
        tracker.close()


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The end state of a play without any fault."""
    with installed(tmp_path_factory.mktemp("calm")) as calm:
        play_undisturbed(calm, LONG)
        return end_state(calm)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_two_thousand_webhooks_under_fifty_kills_end_as_if_nothing_had_happened(
    database, expected, short_dir, tmp_path, request
):
    url = request.getfixturevalue("postgres_url") if database == "postgres" else None
    with installed(short_dir / "wild", database_url=url) as wild:
        project = prepare(wild, LONG)
        with wild.up(tmp_path / "up.log") as process:
            wild.wait_ready(process)
            killer = Killer(process, seed=int(os.environ.get("SEED", "1")))
            sniper = Sniper(killer, wild.home / "sandbox.db", most=10)
            sniper.start()
            poster = Poster(wild.port, each=killer.webhook)
            play(wild, project, poster.send, lambda: wild.wait_idle(within=300), scale=LONG)
            sniper.over.set()
            sniper.join()
            poster.connection.close()
            assert process.poll() is None
        print(database, dict(killer.killed), "asked again", poster.again)
        check(wild, expected)
    assert sum(killer.killed.values()) >= FEWEST
    assert killer.killed["worker, just after a comment"] >= 1
