"""A beat of the clock, and the drain it starts, with 100 due items among few and among many.

Time is an index: what is not due should cost nothing. Items are copies of a real one, with ten changes each; half the
copies stand due in a year, as in life.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

from app.clock import tick as clock
from bench.core import Core
from bench.drain import side
from bench.servers import Missing, new_database, postgres
from bench.synthetic import copy_change, copy_items, make_due, quiet_pull, refresh_statistics
from bench.table import table
from integrations.sandbox.demo import demo_recording
from integrations.sandbox.replay import replay

FEW, MANY = 1_000, 100_000
DUE = 100
CHANGES = 2
ROUNDS = 7


@dataclass(slots=True)
class Side:
    """One database with so many items."""

    core: Core
    due: list[int]
    beats: list[float] = field(default_factory=list)
    drains: list[float] = field(default_factory=list)


def main() -> None:
    """Measure and print."""
    rows = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pl-", dir="/tmp")))
        kinds: dict[str, Callable[[str], str] | None] = {"SQLite": None}
        try:
            server = stack.enter_context(postgres())
            kinds["PostgreSQL"] = lambda name: new_database(server, name)
        except Missing as missing:
            print(f"PostgreSQL: skipped, {missing}\n")
        for kind, url in kinds.items():
            few, many = (_side(stack, folder, f"{kind} {count}", count, url) for count in (FEW, MANY))
            for _ in range(ROUNDS + 1):
                _measure(few)
                _measure(many)
            rows += [
                (kind, what, *(f"{1000 * statistics.median(times[1:]):.1f}" for times in both), _ratio(*both))
                for what, both in (("tick", (few.beats, many.beats)), ("drain", (few.drains, many.drains)))
            ]
    head = ("database", "what", f"ms at {FEW:,}", f"ms at {MANY:,}", "ratio")
    print(table(f"Clock: {DUE} due items among {FEW:,} and among {MANY:,}, {ROUNDS} rounds, medians", head, rows))
    print(
        "\nWhat bounds it: a tick is a handful of index look-ups and the rows that are due; a drain loads and judges"
        "\nthose, a constant number of statements for each batch of 20 to 200."
    )


def _ratio(few: list[float], many: list[float]) -> str:
    return f"{statistics.median(b / a for a, b in zip(few[1:], many[1:], strict=True)):.2f} x"


def _side(stack: ExitStack, folder: Path, name: str, count: int, url: Callable[[str], str] | None) -> Side:
    with demo_recording() as recording:
        hooks = list(islice(replay(recording), 600))
    core = side(stack, folder, name, hooks, url=url).core
    core.stock(hooks)
    core.drain()
    ids = copy_items(core, quiet_pull(core), count)
    change = core.rows("SELECT min(id) AS id FROM change WHERE item_id IS NOT NULL")[0].id
    copy_change(core, change, ids, CHANGES)
    core.run(
        "UPDATE item SET next_check_at = :later WHERE id % 2 = 0 AND number >= 1000000",
        {"later": _stored(core)},
    )
    refresh_statistics(core)
    step = max(1, count // DUE)
    return Side(core, ids[::step][:DUE])


def _stored(core: Core) -> object:
    later = core.now + timedelta(days=365)
    return f"{later:%Y-%m-%d %H:%M:%S}.000000" if core.db.is_sqlite else later


def _measure(one: Side) -> None:
    make_due(one.core, one.due, at=one.core.now)
    before = clock.runtime
    clock.runtime = lambda: SimpleNamespace(db=one.core.db, ringer=one.core.ringer)
    try:
        start = time.monotonic()
        clock.tick()
        one.beats.append(time.monotonic() - start)
    finally:
        clock.runtime = before
    start = time.monotonic()
    one.core.drain()
    one.drains.append(time.monotonic() - start)
