"""The worker: does jobs, finishes the one in hand, waits out a broker that is away."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
import redis
import rq

from app.cli.broker import BrokerFiles, start_broker
from app.settings import DRAIN_QUEUE, PUBLISH_QUEUE
from tests.support import alive, eventually, python

pytestmark = pytest.mark.process


def append(file: str, text: str, seconds: float = 0.0) -> None:
    """A job: write that it began, take its time, write that it ended."""
    with Path(file).open("a", encoding="utf-8") as out:
        out.write(f"{text} in {os.getpid()}\n")
        out.flush()
        time.sleep(seconds)
        out.write(f"{text} done\n")


def enqueue(url: str, queue: str, *args: object, **options: object) -> None:
    with redis.Redis.from_url(url) as connection:
        rq.Queue(queue, connection=connection).enqueue("tests.worker.test_runner.append", args=args, **options)


def text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def test_it_works_both_queues_in_its_own_process_judging_first(broker_url, tmp_path):
    file = tmp_path / "out"
    enqueue(broker_url, PUBLISH_QUEUE, str(file), "publish")
    enqueue(broker_url, DRAIN_QUEUE, str(file), "drain")
    with python("-m", "app.worker", env={"PLUMBLINE_REDIS_URL": broker_url}) as worker:
        eventually(lambda: "publish done" in text(file))
        assert text(file).index("drain") < text(file).index("publish")
        assert f"drain in {worker.pid}" in text(file)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0


SWALLOWED = """
import os, signal
from app.worker import runner

class Deaf(runner.LeanWorker):
    def set_state(self, state, pipeline=None):
        if state == "idle" and self.get_state() == "busy":
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            except Exception:
                pass
        super().set_state(state, pipeline)

runner.LeanWorker = Deaf
runner.run_worker(os.environ["PLUMBLINE_REDIS_URL"])
"""


def test_it_stops_also_where_the_signal_comes_between_two_jobs_and_is_swallowed(broker_url, tmp_path):
    file = tmp_path / "out"
    enqueue(broker_url, DRAIN_QUEUE, str(file), "job")
    with python("-c", SWALLOWED, env={"PLUMBLINE_REDIS_URL": broker_url}) as worker:
        assert worker.wait(30) == 0
    assert "job done" in text(file)


def test_the_command_becomes_the_worker(broker_url, tmp_path):
    file = tmp_path / "out"
    enqueue(broker_url, DRAIN_QUEUE, str(file), "job")
    with python("-m", "app.cli", "worker", env={"PLUMBLINE_REDIS_URL": broker_url}) as worker:
        eventually(lambda: f"job in {worker.pid}" in text(file))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0


def test_sigterm_lets_the_job_in_hand_finish(broker_url, tmp_path):
    file = tmp_path / "out"
    with python("-m", "app.worker", env={"PLUMBLINE_REDIS_URL": broker_url}) as worker:
        enqueue(broker_url, DRAIN_QUEUE, str(file), "slow", 1.0)
        enqueue(broker_url, DRAIN_QUEUE, str(file), "next")
        eventually(lambda: "slow in" in text(file))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0
    assert "slow done" in text(file)
    assert "next" not in text(file)


def test_a_job_that_takes_too_long_is_ended_and_the_next_one_runs(broker_url, tmp_path):
    file = tmp_path / "out"
    enqueue(broker_url, DRAIN_QUEUE, str(file), "endless", 60.0, job_timeout=1)
    enqueue(broker_url, DRAIN_QUEUE, str(file), "next")
    with python("-m", "app.worker", env={"PLUMBLINE_REDIS_URL": broker_url}):
        eventually(lambda: "next done" in text(file))
    assert "endless done" not in text(file)


def test_it_outlives_the_broker_and_goes_on_when_it_is_back(short_dir):
    url = BrokerFiles(short_dir).url
    file = short_dir / "out"
    broker = start_broker(short_dir)
    with python("-m", "app.worker", env={"PLUMBLINE_REDIS_URL": url}, out=short_dir / "log") as worker:
        enqueue(url, DRAIN_QUEUE, str(file), "before")
        eventually(lambda: "before done" in text(file))
        broker.kill()
        broker.wait()
        time.sleep(1.5)
        assert alive(worker.pid)
        broker = start_broker(short_dir)
        enqueue(url, DRAIN_QUEUE, str(file), "after")
        eventually(lambda: "after done" in text(file), within=30, what="the job after the outage")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
    broker.terminate()
    broker.wait(10)


def test_it_may_start_before_its_broker_and_stop_without_one(short_dir):
    log = short_dir / "log"
    with python("-m", "app.worker", env={"PLUMBLINE_REDIS_URL": BrokerFiles(short_dir).url}, out=log) as worker:
        eventually(lambda: "broker away" in text(log), within=30)
        assert alive(worker.pid)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(15) == 0
