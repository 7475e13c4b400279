"""Items judged per second, and what a long history costs.

Judging reads columns that are kept when a change arrives, so it costs the same at ten changes or ten thousand.
Deriving, done when something arrives for an item, reads all of that item's changes: it is the one step whose cost
grows with a history, that of the item that moved and of no other.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from app.services import judge as judging
from app.services import projects
from app.store import facts, instance, rules
from bench.core import Core
from bench.drain import side
from bench.synthetic import copy_change, copy_items, quiet_pull
from bench.table import memory_folder, table
from integrations.sandbox.demo import demo_recording
from integrations.sandbox.replay import replay
from rules import engine

ITEMS = 20
SHORT, LONG = 10, 10_000
ROUNDS = 5


def main() -> None:
    """Measure and print."""
    with demo_recording() as recording:
        hooks = list(islice(replay(recording), 600))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pl-", dir=memory_folder())))
        core = side(stack, folder, "judge", hooks).core
        core.stock(hooks)
        core.drain()
        ids = copy_items(core, quiet_pull(core), 2 * ITEMS)
        short, long = ids[:ITEMS], ids[ITEMS:]
        change = core.rows("SELECT min(id) AS id FROM change WHERE field = 'comment'")[0].id
        copy_change(core, change, short, SHORT)
        copy_change(core, change, long, LONG)
        core.run("ANALYZE")
        print(_table(core, short, long))
    print(
        "\nWhat bounds it: judging is arithmetic over loaded facts; most of what it takes is loading them (a constant"
        f"\nnumber of statements for any number of items). Deriving reads the item's changes, so at {LONG:,} of them it"
        "\ncosts what reading and sorting that many rows costs; only an item that something arrives for is derived."
    )


def _table(core: Core, short: list[int], long: list[int]) -> str:
    steps: dict[str, Callable[[list[int]], None]] = {
        "judge (facts in memory)": _judge(core),
        "load facts and judge": _judge(core),
        "derive": lambda ids: _derive(core, ids),
    }
    pure = _pure(core, short), _pure(core, long)
    rows = []
    for name, step in steps.items():
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS + 1):
            for place, ids in enumerate((short, long)):
                start = time.perf_counter()
                pure[place]() if "memory" in name else step(ids)
                times[place].append(time.perf_counter() - start)
        few, many = (statistics.median(one[1:]) for one in times)
        rows.append((name, f"{ITEMS / few:.0f}", f"{ITEMS / many:.0f}", f"{many / few:.2f} x"))
    head = ("step", f"items/s at {SHORT}", f"items/s at {LONG:,}", "cost, long by short")
    return table(f"Judging {ITEMS} items with {SHORT} and with {LONG:,} changes each, {ROUNDS} rounds", head, rows)


def _pure(core: Core, ids: list[int]) -> Callable[[], None]:
    with core.db.read() as tx:
        prepared = judging.prepared_rules(rules.in_force(tx))
        found = facts.load_items(tx, ids, projects=projects.load(tx).facts)

    def run() -> None:
        for item in found.values():
            engine.judge(prepared, item, core.now)

    return run


def _judge(core: Core) -> Callable[[list[int]], None]:
    def run(ids: list[int]) -> None:
        with core.db.read() as tx:
            prepared = judging.prepared_rules(rules.in_force(tx))
            found = facts.load_items(tx, ids, projects=projects.load(tx).facts)
        for item in found.values():
            engine.judge(prepared, item, core.now)

    return run


def _derive(core: Core, ids: list[int]) -> None:
    with core.db.write() as tx:
        known = projects.load(tx)
        project_id = next(iter(known.rows))
        court = judging.Court(
            tx=tx,
            lane_id=known.rows[project_id].lane_id,
            this=instance.load(tx),
            projects=known,
            base_url="http://plumb",
            adapters=core.adapters,
        )
        court._derive(project_id, ids)  # noqa: SLF001 (the step itself is what is measured)
