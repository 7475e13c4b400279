"""The clock: `python -m app.clock`, which is what `plumbline clock` becomes."""

from __future__ import annotations

import signal
import threading

from app.log import configure_logging
from app.process import die_with_parent
from app.settings import load_settings

if __name__ == "__main__":
    settings = load_settings()
    configure_logging(level=settings.log_level, style=settings.log_format)
    die_with_parent()

    from app.clock.runner import run_clock
    from app.clock.tick import tick

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run_clock(tick, stop)
