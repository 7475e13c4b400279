"""A worker: `python -m app.worker [--queue NAME]`, which is what `plumbline worker` becomes. One process, one job at a
time; of every queue but that of previews, or of one alone.
"""

from __future__ import annotations

import argparse

from app.log import configure_logging
from app.process import die_with_parent
from app.settings import EVERY_QUEUE, QUEUES, load_settings
from app.worker.runner import run_worker

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--queue", choices=EVERY_QUEUE)
    queue = parser.parse_args().queue
    settings = load_settings()
    configure_logging(level=settings.log_level, style=settings.log_format)
    die_with_parent()
    run_worker(settings.redis_url, queues=(queue,) if queue else QUEUES)
