"""Small helpers that tests share; fixtures are in conftest.py."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(condition: Callable[[], object], *, within: float = 10.0, what: str = "it") -> None:
    """Return once `condition()` is true; fail after `within` seconds."""
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"{what} did not happen within {within:g} s")
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Return whether a process of this number runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def family(pid: int) -> list[int]:
    """Return the numbers of all descendants of `pid`."""
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


@contextmanager
def python(
    *arguments: str, env: Mapping[str, str] | None = None, out: Path | None = None
) -> Iterator[subprocess.Popen]:
    """Run `python ARGUMENTS…` from the repository's root; whatever is left of its tree is killed at the end."""
    with out.open("wb") if out else Path(os.devnull).open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        seen: set[int] = set()
        try:
            yield process
            seen.update(family(process.pid))
        finally:
            seen.update(family(process.pid))
            if process.poll() is None:
                process.kill()
            process.wait()
            for pid in seen:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
