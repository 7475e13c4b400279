"""After how many quiet days the merger's turn is said: chosen on the past of a recorded project, scored on its future.

    python -m bench turns               a few minutes

`stalled-review` is played over the whole record with the merger's turn said after `EARLIEST` days; what it would have
been after more days is counted from the flags that stood that long. The number of days is the smallest at which the
flags of the first `PAST` of the record stay within the target; it is then scored on the rest, which did not choose it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from bench.core import Core
from bench.needless import Flag, Share, flags
from bench.noise import DATA, END, ROOT, recorded
from bench.replay import Replay
from bench.table import memory_folder, table

EARLIEST = 7
CANDIDATES = (7, 10, 14, 18, 21)
PAST = 0.6
TARGET = 0.10


def main() -> None:
    """Play the record once and print the shares, past and future, by days of the merger's turn."""
    if not DATA.is_dir():
        print(f"turns: skipped, there is no recorded project at {DATA.relative_to(ROOT.parent)} beside this folder")
        return
    found = played()
    cut = int(PAST * len(found))
    past, future = found[:cut], found[cut:]
    chosen = next((days for days in CANDIDATES if shared("", past, days).part <= TARGET), None)
    rows = []
    for days in CANDIDATES:
        one, other = shared("past", past, days), shared("future", future, days)
        mark = "chosen" if days == chosen else ""
        rows.append((days, *_cells(one), *_cells(other), mark))
    head = ("days", "past", "needless", "share", "future", "needless", "share (95 %)", "")
    print(table(f"Needless flags of stalled-review, split at {found[cut].opened_at:%Y-%m-%d}", head, rows))


def played() -> list[Flag]:
    """Every flag of the record, oldest first, the merger's from `EARLIEST` days on."""
    hooks = recorded()
    with (
        tempfile.TemporaryDirectory(prefix="plumb-turns-", dir=memory_folder()) as folder,
        Core(f"sqlite:///{folder}/turns.db", Path(folder), at=hooks[0].at) as core,
    ):
        core.watch(hooks[0].payload["repository"])
        core.pack(only=["stalled-review"], params={"merger_days": EARLIEST})
        play = Replay(core, hooks)
        for year in range(hooks[0].at.year + 1, END.year + 1):
            play.advance(datetime(year, 1, 1, tzinfo=END.tzinfo))
            print(f"  played up to {year}", flush=True)
        play.advance(END)
        return flags(core)


def shared(name: str, found: Sequence[Flag], days: int) -> Share:
    """The share of needless flags, had the merger's turn been said after so many days."""
    stood = []
    for flag in found:
        at = flag.opened_at
        if flag.turn == "merger":
            at = max(at, flag.since + timedelta(days=days))
        if flag.closed_at is None or flag.closed_at > at:
            stood.append(flag.needless(at))
    return Share(name, len(stood), sum(stood))


def _cells(share: Share) -> tuple[object, ...]:
    word = f"{share.part:.1%}" if share.name == "past" else f"{share.part:.1%} ({share.interval})"
    return share.flags, share.needless, word


if __name__ == "__main__":
    main()
