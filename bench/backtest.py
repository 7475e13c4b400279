"""What a backtest costs: by what happened in the time that is played, and hardly by the history before it.

    python -m bench backtest            some minutes

The record of a real project at `../shared/data`, taken in whole and in part; the same half a year is judged again over
both, and a year of it.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.services.backtest import run
from app.services.backtest.feed import Feed
from app.store.scratch import copy, scratch
from bench.core import Core
from bench.noise import DATA, ROOT, recorded
from bench.table import memory_folder, ratio, table
from integrations.sandbox.replay import Webhook
from rules.backtest.run import Run
from rules.packs.load import load

END = datetime(2026, 7, 1, tzinfo=UTC)
HALF, YEAR = timedelta(days=182), timedelta(days=365)
LATELY = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Took:
    """One backtest: seconds of copying, of the feed and of judging; how much there was of what; MB at the end."""

    name: str
    copying: float
    feeding: float
    judging: float
    changes: int
    moments: int
    verdicts: int
    memory: float

    @property
    def whole(self) -> float:
        return self.copying + self.feeding + self.judging


def main() -> None:
    """Measure and print."""
    if not DATA.is_dir():
        print(f"backtest: skipped, there is no recorded project at {DATA.relative_to(ROOT.parent)} beside this folder")
        return
    hooks = [hook for hook in recorded() if hook.at <= END]
    rows = []
    with tempfile.TemporaryDirectory(prefix="plumb-backtest-", dir=memory_folder()) as folder:
        for name, part in (("since 2025", [hook for hook in hooks if hook.at >= LATELY]), ("since 2013", hooks)):
            with Core(f"sqlite:///{folder}/{len(rows)}.db", Path(folder), at=part[0].at) as core:
                started = time.monotonic()
                _take_in(core, part)
                live = time.monotonic() - started
                rows += [
                    _took(core, f"half a year, history {name}", HALF),
                    _took(core, f"a year, history {name}", YEAR),
                ]
                print(f"  history {name}: {len(part)} webhooks taken in live in {live:.0f} s", flush=True)
    print()
    print(_told(rows))


def _take_in(core: Core, hooks: Sequence[Webhook]) -> None:
    core.watch(hooks[0].payload["repository"])
    core.at(END)
    core.stock(hooks)
    core.drain()


def _took(core: Core, name: str, span: timedelta) -> Took:
    rules = [draft.as_rule() for draft in load("open-source")]
    one = Run(run.sets_of(rules), as_live=True)
    with core.db.read() as live, scratch() as tx:
        started = time.monotonic()
        copy(tx, live, [row[0] for row in core.rows("SELECT id FROM project")])
        copying = time.monotonic() - started
        judging, moments = 0.0, 0
        for moment in Feed(tx, since=END - span, until=END, within=run.SAME).moments():
            before = time.monotonic()
            one.take(moment)
            judging += time.monotonic() - before
            moments += 1
        found = one.finish(END)
        feeding = time.monotonic() - started - copying - judging
        changes = core.rows(
            "SELECT count(*) FROM change WHERE at > :since", {"since": (END - span).isoformat(" ")[:19]}
        )
    return Took(name, copying, feeding, judging, changes[0][0], moments, found.verdicts, _memory())


def _memory() -> float:
    """What this process holds now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _told(rows: Sequence[Took]) -> str:
    base = rows[0]
    head = ("backtest", "changes", "moments", "verdicts", "copy s", "feed s", "judge s", "against the first", "MB")
    return table(
        "Judging again",
        head,
        [
            (
                one.name, one.changes, one.moments, one.verdicts, f"{one.copying:.1f}", f"{one.feeding:.1f}",
                f"{one.judging:.2f}", ratio(one.whole, base.whole), f"{one.memory:.0f}",
            )
            for one in rows
        ],
    )  # fmt: skip
