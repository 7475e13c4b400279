"""How loud the year after going live would have been, as in `noise`, without playing the years before it.

    python -m bench year                some minutes

What happened up to four months before going live is taken in at once, as a first import is; from there on everything is
played as in `noise`. What was needless over all years only `noise` can tell.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from bench.core import SUGGESTED, Core
from bench.noise import DATA, END, LIVE, ROOT, first_day, one_year, open_flags, recorded
from bench.replay import Replay
from bench.table import memory_folder

BEFORE = timedelta(days=120)
"""Played before going live, so that statistics and forecasts are those of a server that has been running."""


def main() -> None:
    """Play the year and print what was written, by rule."""
    if not DATA.is_dir():
        print(f"year: skipped, there is no recorded project at {DATA.relative_to(ROOT.parent)} beside this folder")
        return
    hooks = recorded()
    with (
        tempfile.TemporaryDirectory(prefix="plumb-year-", dir=memory_folder()) as folder,
        Core(f"sqlite:///{folder}/year.db", Path(folder), at=hooks[0].at) as core,
    ):
        core.watch(hooks[0].payload["repository"])
        core.pack()
        play = Replay(core, hooks)
        play.all_at_once(LIVE - BEFORE)
        play.advance(LIVE)
        known = Counter(row.type for row in open_flags(core))
        core.pack(live=SUGGESTED)
        core.drain()
        play.speak(until=END)
        print("", first_day(play.written, known), one_year(play, core), sep="\n\n")
