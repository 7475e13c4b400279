"""What every long-running process does so that none outlives its supervisor.

Two nets, because one has holes: on Linux the kernel signals a child whose parent died, at once, even after exec;
everywhere, a thread notices that the parent has changed. Cleaning up at exit alone is no net: SIGKILL runs nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

#: Set by the supervisor for its children: the pid that must stay their parent.
PARENT_VARIABLE = "PLUMBLINE_PARENT_PID"

_PR_SET_PDEATHSIG = 1
_LOOK_EVERY = 0.5


def own_name() -> str:
    """Who this process is, for leases: host, process namespace where there is one, and pid."""
    return f"{_home()}:{os.getpid()}"


def is_gone(name: str) -> bool:
    """Whether the process of this `own_name` has ended. False where that cannot be told from here: another host,
    another container.
    """
    home, _, pid = name.rpartition(":")
    if home != _home() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:  # it is there and somebody else's
        return False
    return False


@functools.cache
def _home() -> str:
    """Host and process namespace: pids mean the same only within both."""
    try:
        namespace = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return socket.gethostname()
    return f"{socket.gethostname()}/{namespace}"


def signal_on_parent_death(number: int = signal.SIGTERM) -> None:
    """Ask the kernel (Linux; elsewhere nothing happens) to send `number` to this process when its parent dies.

    Survives exec. It is the parent's *thread* that counts: supervisors start children from their main thread.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def die_with_parent(*, parent: int | None = None, grace: float = 8.0) -> None:
    """Stop this process and its group soon after `parent` is gone: SIGTERM first, SIGKILL after `grace` seconds.

    `parent` defaults to the pid the supervisor announced; without one nothing is done, so a part that somebody
    started by hand, or under another init, lives its own life.
    """
    announced = os.environ.pop(PARENT_VARIABLE, "0")  # meant for this process, not for its children
    expected = parent if parent is not None else int(announced)
    if not expected:
        return
    signal_on_parent_death()
    if os.getppid() != expected:  # it died before the kernel knew that we care
        os.kill(os.getpid(), signal.SIGTERM)
    threading.Thread(target=_watch, args=(expected, grace), name="watch-parent", daemon=True).start()


def _watch(expected: int, grace: float) -> None:
    while os.getppid() == expected:
        time.sleep(_LOOK_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace)
    if os.getpgid(0) == os.getpid():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(0, signal.SIGKILL)
    os._exit(1)
