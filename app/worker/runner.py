"""Runs jobs from the broker, one at a time, in this very process; outlives outages of the broker.

No fork per job: jobs are bounded, guarded by leases in the database and harmless to lose, so what a horse of their
own would protect is already protected, at twice the speed (docs/adr/0004). RQ's scheduler is not used either: what
must happen later is a row in the database that the clock sees.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from types import FrameType
from typing import Any, NoReturn

import redis
import rq
import structlog
from rq.exceptions import StopRequested

from app.settings import QUEUES

_LONGEST_PAUSE = 15.0


class LeanWorker(rq.SimpleWorker):
    """RQ's in-process worker with timings that notice a lost worker after a minute, not after ten."""

    def __init__(self, queues: Sequence[str], *, connection: redis.Redis) -> None:
        """Take the queues' names, most urgent first."""
        super().__init__(
            list(queues),
            connection=connection,
            worker_ttl=30,
            maintenance_interval=15,
            job_monitoring_interval=5,
            log_job_description=False,
        )
        self.told_to_stop = False
        self.at_work = False

    def handle_warm_shutdown_request(self) -> None:
        """Remember that work ended because somebody asked for it."""
        self.told_to_stop = True

    def _shutdown(self) -> None:
        """Stop now, or after the job in hand. Called from a signal's handler, which may interrupt anything: it asks the
        broker nothing, and where the exception is swallowed on its way out, the next heartbeat raises it again.
        """
        self._stop_requested = True
        if not self.at_work:
            raise StopRequested

    def execute_job(self, job: rq.job.Job, queue: rq.Queue) -> None:
        """Do a job, which nothing interrupts that may be waited for."""
        self.at_work = True
        try:
            super().execute_job(job, queue)
        finally:
            self.at_work = False

    def heartbeat(self, *args: Any, **kwargs: Any) -> None:
        """Say that we are there; stop where that was asked for."""
        if self._stop_requested and not self.at_work:
            raise StopRequested
        super().heartbeat(*args, **kwargs)


def run_worker(redis_url: str, *, queues: Sequence[str] = QUEUES) -> None:
    """Work until SIGTERM or SIGINT; the job in hand is finished first. Outages of the broker are waited out."""
    log = structlog.get_logger("worker")
    pause = 0.0
    while True:
        signal.signal(signal.SIGTERM, _leave)
        signal.signal(signal.SIGINT, _leave)
        time.sleep(pause)
        started = time.monotonic()
        try:
            worker = LeanWorker(queues, connection=redis.Redis.from_url(redis_url))
            worker.work(logging_level="WARNING")
        except redis.RedisError as error:
            log.warning("broker away, trying again", error=str(error), pause=pause)
        else:
            if worker.told_to_stop:
                return
        lasted = time.monotonic() - started
        pause = 0.5 if lasted > _LONGEST_PAUSE else min(max(pause * 2, 0.5), _LONGEST_PAUSE)


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
