"""The least web application: for tests of what serves it."""

from __future__ import annotations

import os
import time


def application(environ, start_response):
    """`/pid` tells who answers, `/slow` takes a second; everything else is ready."""
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(1.0)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode() if path == "/pid" else b"ready"]
