"""A small supervisor: keeps parts running, brings dead ones back, and takes all of them down, grandchildren too.

Each part is a process in a group of its own. A part that dies is started again with growing pauses; what is left of
its group is killed first, so that no half-dead server holds the port. Stopping goes through the parts in reverse
order, each with its time limit. If the supervisor itself is killed, the parts notice (app/process.py).
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

import structlog

from app.process import PARENT_VARIABLE

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Part:
    """One process to keep: its name for the log, its command, its environment (None: the supervisor's own)."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] | None = None
    stop_after: float = 10.0
    """Seconds it may take to stop before its group is killed."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses before a dead part is started again, in seconds: `first`, doubled each time, at most `longest`.

    A part that stayed up for `steady` seconds starts from `first` again.
    """

    first: float = 0.2
    longest: float = 15.0
    steady: float = 10.0


@dataclass(slots=True)
class _Running:
    part: Part
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    pause: float = field(default=0.0)


class Supervisor:
    """Runs `parts` (in the order in which they start) until it is told to stop by SIGTERM, SIGINT or SIGHUP."""

    def __init__(self, parts: Sequence[Part], *, backoff: Backoff | None = None) -> None:
        """Nothing is started before `run`."""
        self._parts = [_Running(part) for part in parts]
        self._backoff = backoff or Backoff()
        self._log = structlog.get_logger("supervisor")
        self._signals = 0

    def run(self) -> None:
        """Start all parts, keep them, and return when all are down. Call it from the main thread.

        A second signal while stopping kills what is left at once.
        """
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        # What was ignored stays ignored: that is how `nohup plumbline up` outlives its terminal.
        heard = [number for number in _STOP_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._on_signal) for number in heard}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)  # only so that it wakes us
        old_wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        try:
            while not self._signals:
                self._look()
                self._sleep(reader)
            self._stop(reader)
        finally:
            self._kill_all()
            signal.set_wakeup_fd(old_wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(reader)
            os.close(writer)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _look(self) -> None:
        now = time.monotonic()
        for running in self._parts:
            if running.process is not None and running.process.poll() is not None:
                self._bury(running, now)
            if running.process is None and now >= running.start_at:
                self._start(running)

    def _start(self, running: _Running) -> None:
        base = os.environ if running.part.env is None else running.part.env
        running.process = subprocess.Popen(
            running.part.argv,
            env={**base, PARENT_VARIABLE: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        running.started_at = time.monotonic()
        self._log.debug("part started", part=running.part.name, pid=running.process.pid)

    def _bury(self, running: _Running, now: float) -> None:
        """Note a death, clear away what is left of the group, and set the hour of the next start."""
        process = running.process
        if process is None:
            return
        _kill_group(process.pid)
        steady = now - running.started_at >= self._backoff.steady
        fresh = steady or not running.pause
        running.pause = self._backoff.first if fresh else min(running.pause * 2, self._backoff.longest)
        running.start_at = now + running.pause
        running.process = None
        self._log.warning(
            "part died, starting it again",
            part=running.part.name,
            exit=_exit_words(process.returncode),
            pause=running.pause,
        )

    def _sleep(self, reader: int) -> None:
        waits = [r.start_at - time.monotonic() for r in self._parts if r.process is None]
        if self._signals:
            return
        select.select([reader], [], [], max(0.0, min([*waits, 5.0])))
        _drain(reader)

    def _stop(self, reader: int) -> None:
        for running in reversed(self._parts):
            process = running.process
            if process is None:
                continue
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            end = time.monotonic() + running.part.stop_after
            while process.poll() is None and time.monotonic() < end and self._signals < 2:
                select.select([reader], [], [], max(0.0, min(end - time.monotonic(), 0.5)))
                _drain(reader)
            if process.poll() is None:
                self._log.warning("part did not stop in time, killed", part=running.part.name)
            _kill_group(process.pid)
            process.wait()
            running.process = None
            self._log.debug("part stopped", part=running.part.name, exit=_exit_words(process.returncode))

    def _kill_all(self) -> None:
        """Last net, for a failure inside the supervisor: normally there is nothing left."""
        for running in self._parts:
            if running.process is not None:
                _kill_group(running.process.pid)
                running.process.wait()
                running.process = None


def _kill_group(leader: int) -> None:
    """Kill what is left of a part's group. Called right after its leader ended, before the number is used again."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _exit_words(code: int | None) -> str:
    if code is None:
        return "running"
    if code >= 0:
        return f"code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _drain(reader: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(reader, 512):
            pass
