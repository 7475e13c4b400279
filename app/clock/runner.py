"""Beats once a second: asks the database what is due and rings for it. Two clocks are harmless."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

INTERVAL = 1.0
_LONGEST_PAUSE = 30.0


def run_clock(tick: Callable[[], object], stop: threading.Event, *, interval: float = INTERVAL) -> None:
    """Call `tick` every `interval` seconds until `stop` is set.

    A tick that takes longer than the interval is followed by the next full beat, never by a burst. A tick that fails
    (database or broker away, or a bug) is logged and tried again after 1, 2, 4 … at most 30 seconds.
    """
    log = structlog.get_logger("clock")
    failures = 0
    origin = time.monotonic()
    while not stop.is_set():
        try:
            tick()
        except Exception as error:
            failures += 1
            pause = min(interval * 2 ** (failures - 1), _LONGEST_PAUSE)
            log.warning("tick failed, trying again", error=str(error), pause=pause, exc_info=failures in {1, 10})
            stop.wait(pause)
        else:
            if failures:
                log.info("ticking again", failures=failures)
            failures = 0
            stop.wait(interval - (time.monotonic() - origin) % interval)
