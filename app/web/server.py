"""Serves the web application with Granian: one process beside the one that listens, eight threads."""

from __future__ import annotations

import importlib
import logging
import multiprocessing
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from app.log import configure_logging
from app.process import die_with_parent
from app.settings import Settings, load_settings

APPLICATION = "app.web.wsgi:application"

#: Enough for intake at a few hundred requests a second beside slow pages; SQLite takes one writer at a time anyway.
_THREADS = 8
#: Connections in work at once; more wait in the kernel's queue instead of in memory.
_BACKPRESSURE = 256


def serve(settings: Settings, *, target: str = APPLICATION) -> None:
    """Serve the WSGI application `module:name` until SIGTERM or SIGINT; requests in flight are finished first."""
    # One way on all platforms, and safe beside the threads this process already has, which fork is not.
    multiprocessing.set_start_method("spawn", force=True)
    level = LogLevels.debug if settings.log_level == "debug" else LogLevels.warning
    server = Granian(
        target,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=_THREADS,
        backpressure=_BACKPRESSURE,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=10,
        log_level=level,
        # Through the root logger, so that its lines look like all others.
        log_dictconfig={"formatters": {}, "handlers": {}, "loggers": {"_granian": {"handlers": [], "propagate": True}}},
    )
    # It advises fewer than eight threads on few cores; ours wait for the database most of the time.
    logging.getLogger("_granian").addFilter(lambda record: "allows spawning up to" not in record.getMessage())
    server.serve(target_loader=load_application)


def load_application(target: str) -> Any:
    """Return the WSGI application `module:name`; called by Granian in the process that serves it."""
    settings = load_settings()
    configure_logging(level=settings.log_level, style=settings.log_format)
    starter = multiprocessing.parent_process()
    die_with_parent(parent=starter.pid if starter else None)
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)
