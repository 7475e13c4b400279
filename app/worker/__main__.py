"""A worker: `python -m app.worker`, which is what `plumbline worker` becomes. One process, one job at a time."""

from __future__ import annotations

from app.log import configure_logging
from app.process import die_with_parent
from app.settings import load_settings
from app.worker.runner import run_worker

if __name__ == "__main__":
    settings = load_settings()
    configure_logging(level=settings.log_level, style=settings.log_format)
    die_with_parent()
    run_worker(settings.redis_url)
