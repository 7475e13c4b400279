"""How loud the year after going live would have been, as in `noise`, without playing the years before it.

    python -m bench year                some minutes

What happened up to four months before going live is taken in at once, as a first import is; from there on everything is
played as in `noise`. What was needless over all years only `noise` can tell.
"""

from __future__ import annotations

from datetime import timedelta

from bench.noise import LIVE, played

BEFORE = timedelta(days=120)
"""Played before going live, so that statistics and forecasts are those of a server that has been running."""


def main() -> None:
    """Play the year and print what was written, by rule."""
    with played("year", lambda play: play.all_at_once(LIVE - BEFORE)):
        pass
