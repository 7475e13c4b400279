"""Acknowledgements per second: ours, each on disk before it is answered, against a Probot app that stores nothing.

The same signed payloads over the same connections, in slices that take turns, so that what else the machine does falls
on all alike. Servers with drains have a broker, two workers and the clock beside them, working off what comes in.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from app.time import real_now
from bench import load
from bench.core import Core
from bench.servers import Missing, Server, new_database, plumbline, postgres, probot
from bench.table import ratio, table

SECONDS = 1.5
ROUNDS = 4
CONNECTIONS = 16


@dataclass(slots=True)
class Side:
    """One server under load, with what its slices brought. `core` is a hand on its database."""

    server: Server
    core: Core | None = None
    results: list[load.Result] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return statistics.median(result.per_second for result in self.results)


def main() -> None:
    """Measure and print."""
    if not load.EXAMPLES.is_dir():
        print("skipped: @octokit/webhooks-examples is not installed (`make bench` does it)")
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pl-", dir="/tmp")))
        try:
            sides = _sides(stack, folder)
        except Missing as missing:
            print(f"skipped: {missing}")
            return
        ready = {side.server.name: load.requests(side.server.path) for side in sides}
        for side in sides:
            _slice(side, ready[side.server.name], seconds=0.7)
            side.results.clear()
            side.cpu.clear()
        for _ in range(ROUNDS):
            for side in sides:
                _slice(side, ready[side.server.name], seconds=SECONDS)
        print(_table(sides))
        print(_bounds(sides, folder))


def _sides(stack: ExitStack, folder: Path) -> list[Side]:
    sides = [Side(stack.enter_context(probot(folder)))]
    urls = {"SQLite": lambda name: f"sqlite:///{folder / name}.db"}
    try:
        server = stack.enter_context(postgres())
        urls["PostgreSQL"] = lambda name: new_database(server, name)
    except Missing as missing:
        print(f"PostgreSQL: skipped, {missing}\n")
    for kind, url in urls.items():
        for drains in (False, True):
            name = f"{kind.lower()}_{'drains' if drains else 'alone'}"
            home = folder / name
            home.mkdir()
            core = stack.enter_context(Core(url(name), home, at=real_now()))
            _watch_all(core)
            core.pack()
            title = f"Plumbline, {kind}, drains {'running' if drains else 'off'}"
            ours = plumbline(title, url=core.db.url.render_as_string(hide_password=False), home=home, drains=drains)
            sides.append(Side(stack.enter_context(ours), core))
    return sides


def _watch_all(core: Core) -> None:
    """Watch every repository the examples are of, so that drains have work to do."""
    seen = {}
    for _, payload in load.examples():
        if repository := payload.get("repository"):
            seen[repository["id"]] = repository
    for repository in seen.values():
        core.watch({"html_url": "https://github.com", **repository})


def _slice(side: Side, ready: Sequence[bytes], *, seconds: float) -> None:
    cpu = side.server.cpu_seconds()
    result = load.press(side.server.port, ready, seconds=seconds, connections=CONNECTIONS)
    side.results.append(result)
    side.cpu.append((side.server.cpu_seconds() - cpu) / result.answers)
    if side.core is not None:  # what is left to do must not be done in another's slice
        side.core.run("DELETE FROM delivery WHERE status = 'pending'")


def _table(sides: Sequence[Side]) -> str:
    base = sides[0]
    rows = []
    for side in sides:
        ratios = [mine.per_second / theirs.per_second for mine, theirs in zip(side.results, base.results, strict=True)]
        rows.append(
            (
                side.server.name,
                f"{side.per_second:.0f}",
                f"{statistics.median(ratios):.2f} x",
                f"{statistics.median(result.percentile(0.5) for result in side.results):.0f}",
                f"{statistics.median(result.percentile(0.99) for result in side.results):.0f}",
                f"{1000 * statistics.median(side.cpu):.2f}",
            )
        )
    head = ("server", "acknowledged/s", "of Probot's", "p50 ms", "p99 ms", "CPU ms each")
    title = f"Intake: {CONNECTIONS} connections, {ROUNDS} slices of {SECONDS} s each, medians"
    return table(title, head, rows)


def _bounds(sides: Sequence[Side], folder: Path) -> str:
    """What stands between the figures and better ones."""
    flush = _flush_seconds(folder)
    lines = [
        f"What bounds it: a write and fsync of 4 KB in this folder takes {1000 * flush:.2f} ms ({1 / flush:.0f} a",
        f"second, one after another), and {os.cpu_count()} processors are shared by server, load and drains. A web",
        "server has eight threads, so at most eight acknowledgements share a commit. CPU ms are those of the server's",
        "own processes (with drains: theirs too; PostgreSQL's own not counted).",
    ]
    alone = {side.server.name: side for side in sides if "off" in side.server.name}
    running = {side.server.name: side for side in sides if "running" in side.server.name}
    for name, side in running.items():
        other = alone[name.replace("running", "off")]
        lines.append(f"{name}: {ratio(side.per_second, other.per_second)} of the same without drains.")
    return "\n" + "\n".join(lines)


def _flush_seconds(folder: Path) -> float:
    number = 60
    with (folder / "flush").open("wb", buffering=0) as out:
        start = time.monotonic()
        for _ in range(number):
            out.write(b"x" * 4096)
            os.fsync(out.fileno())
        return (time.monotonic() - start) / number
