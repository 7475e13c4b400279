"""Starting `jira820`, a stateful Jira Data Center from PyPI written by others, for tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import free_port, stand_in


@contextmanager
def jira820(folder: Path) -> Iterator[str]:
    """A running jira820, in `folder`; gives its address."""
    port = free_port()
    env = {"JIRA820_HOST": "127.0.0.1", "JIRA820_PORT": str(port)}
    argv = [sys.executable, "-m", "jira820"]
    with stand_in(argv, f"http://127.0.0.1:{port}", ask="/rest/api/2/serverInfo", folder=folder, env=env) as url:
        yield url
