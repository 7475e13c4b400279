from __future__ import annotations

import threading
import time
from itertools import pairwise

from app.clock.runner import run_clock


def test_it_beats_evenly_and_stops_when_told():
    stop = threading.Event()
    beats = []

    def tick():
        beats.append(time.monotonic())
        if len(beats) == 5:
            stop.set()

    run_clock(tick, stop, interval=0.05)
    gaps = [later - earlier for earlier, later in pairwise(beats)]
    assert len(beats) == 5
    assert all(gap < 0.2 for gap in gaps)
    assert beats[-1] - beats[1] > 0.1


def test_a_slow_tick_is_followed_by_the_next_full_beat_not_by_a_burst():
    stop = threading.Event()
    beats = []

    def tick():
        beats.append(time.monotonic())
        if len(beats) == 1:
            time.sleep(0.25)
        if len(beats) == 3:
            stop.set()

    run_clock(tick, stop, interval=0.1)
    assert beats[2] - beats[1] > 0.05


class Waits(threading.Event):
    """An event that notes how long it was waited for, and does not wait."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def wait(self, timeout=None):
        self.asked.append(timeout)
        return self.is_set()


def test_it_survives_failures_with_growing_pauses_up_to_half_a_minute():
    stop = Waits()
    calls = []

    def tick():
        calls.append(1)
        if len(calls) <= 7:
            raise ConnectionError("database away")
        stop.set()

    run_clock(tick, stop, interval=1.0)
    assert stop.asked[:7] == [1, 2, 4, 8, 16, 30, 30]
    assert stop.asked[7] <= 1.0


def test_stopping_cuts_a_long_pause_short():
    stop = threading.Event()

    def tick():
        threading.Timer(0.05, stop.set).start()
        raise ConnectionError

    began = time.monotonic()
    run_clock(tick, stop, interval=10.0)
    assert time.monotonic() - began < 2.0
