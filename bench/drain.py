"""Deliveries drained per second, on either database and in batches of several sizes.

The shipped demo recording, the same deliveries everywhere, drained by turns. Batches of a fixed size are made by
setting the drain's own smallest and largest; "as it adapts" is what runs in life. The open-source pack is live.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from app.services import drain
from bench.core import Core
from bench.servers import Missing, new_database, postgres
from bench.table import table
from integrations.sandbox.demo import demo_recording
from integrations.sandbox.replay import Webhook, replay

CHUNK = 120
ROUNDS = 3
ADAPTS = (drain.SMALLEST, drain.LARGEST)
SIZES = {"one by one": (1, 1), "20": (20, 20), "120": (120, 120), "as it adapts": ADAPTS}


@dataclass(slots=True)
class Side:
    """One database with one size of batch."""

    name: str
    core: Core
    sizes: tuple[int, int]
    seconds: list[float] = field(default_factory=list)
    statements: list[int] = field(default_factory=list)


def main() -> None:
    """Measure and print."""
    with demo_recording() as recording:
        hooks = list(islice(replay(recording), CHUNK * (ROUNDS + 1)))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pl-", dir="/tmp")))
        sides = [side(stack, folder, f"SQLite, {name}", hooks, sizes=sizes) for name, sizes in SIZES.items()]
        try:
            server = stack.enter_context(postgres())
            sides.append(
                side(stack, folder, "PostgreSQL, as it adapts", hooks, url=lambda name: new_database(server, name))
            )
        except Missing as missing:
            print(f"PostgreSQL: skipped, {missing}\n")
        for nth in range(ROUNDS + 1):
            for one in sides:
                _measure(one, hooks[nth * CHUNK : (nth + 1) * CHUNK], counts=nth > 0)
        print(_table(sides))
    print(
        "\nWhat bounds it: Python's time to build and send the statements of a batch, which larger batches share; on"
        "\nSQLite the write lock as well, held about 50 ms at most so that intake gets its turn; on PostgreSQL a round"
        "\ntrip for each statement."
    )


def side(
    stack: ExitStack,
    folder: Path,
    name: str,
    hooks: list[Webhook],
    *,
    sizes: tuple[int, int] = ADAPTS,
    url: Callable[[str], str] | None = None,
) -> Side:
    """A database of its own, with the recorded repository watched and the pack live."""
    plain = "".join(letter if letter.isalnum() else "_" for letter in name.lower())
    home = folder / plain
    home.mkdir()
    core = stack.enter_context(Core(url(plain) if url else f"sqlite:///{home / 'b.db'}", home, at=hooks[-1].at))
    core.watch(hooks[0].payload["repository"])
    core.pack(live={"stalled-review", "scope-creep", "missed-milestone"})
    return Side(name, core, sizes)


def _measure(one: Side, hooks: list[Webhook], *, counts: bool) -> None:
    one.core.stock(hooks)
    drain.SMALLEST, drain.LARGEST = one.sizes
    try:
        with statements(one.core) as made:
            start = time.monotonic()
            one.core.drain()
            seconds = time.monotonic() - start
    finally:
        drain.SMALLEST, drain.LARGEST = ADAPTS
    if counts:  # the first round warms up
        one.seconds.append(seconds)
        one.statements.append(len(made))


@contextmanager
def statements(core: Core) -> Iterator[list[str]]:
    """The statements that a block sends to the database."""
    made: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        made.append(statement)

    sa.event.listen(core.db.engine, "before_cursor_execute", note)
    try:
        yield made
    finally:
        sa.event.remove(core.db.engine, "before_cursor_execute", note)


def _table(sides: list[Side]) -> str:
    base = sides[list(SIZES).index("as it adapts")]
    rows = []
    for one in sides:
        ratios = [theirs / mine for mine, theirs in zip(one.seconds, base.seconds, strict=True)]
        rows.append(
            (
                one.name,
                f"{CHUNK / statistics.median(one.seconds):.0f}",
                f"{statistics.median(ratios):.2f} x",
                f"{statistics.median(one.statements) / CHUNK:.1f}",
            )
        )
    head = ("database, batch", "drained/s", "of SQLite's", "statements each")
    return table(f"Drain: {CHUNK} deliveries at a time, {ROUNDS} rounds by turns, medians", head, rows)
