"""A supervisor over parts given as JSON, in a process of its own, so that a test may kill it.

python -m tests.support_tree '[{"name": "a", "code": "import time; time.sleep(99)", "stop_after": 1}, …]'
"""

from __future__ import annotations

import json
import sys

from app.cli.supervisor import Backoff, Part, Supervisor
from app.log import configure_logging


def main() -> None:
    """Run until told to stop."""
    configure_logging(level="debug", style="json")
    parts = [
        Part(p["name"], (sys.executable, *(p.get("argv") or ["-c", p["code"]])), stop_after=p.get("stop_after", 5.0))
        for p in json.loads(sys.argv[1])
    ]
    Supervisor(parts, backoff=Backoff(first=0.05, longest=0.2, steady=2.0)).run()
    print("all down", flush=True)


if __name__ == "__main__":
    main()
