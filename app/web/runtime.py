"""What a request handler reaches for: the running installation, and the one service that judges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask import current_app

from app.bootstrap import Runtime
from app.services.explain import Explanation

Explain = Callable[..., Explanation]
"""`app.services.explain.explain`, or what stands in for it in a test."""


@dataclass(frozen=True, slots=True)
class Web:
    """The installation and the one service that judges."""

    runtime: Runtime
    explain: Explain


def web() -> Web:
    """The parts of the application that serves the present request."""
    return cast("Web", current_app.extensions["plumbline"])
