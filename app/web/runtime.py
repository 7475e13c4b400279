"""What a request handler reaches for: the running installation, and the one service that judges."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from flask import current_app

from app.bootstrap import Runtime
from app.services.explain import Explanation

Explain = Callable[..., Explanation]
"""`app.services.explain.explain`, or what stands in for it in a test."""


class Tally:
    """Counts by word, since this process began."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, word: str) -> None:
        """One more."""
        with self._lock:
            self._counts[word] += 1

    def counts(self) -> dict[str, float]:
        """What was counted so far."""
        with self._lock:
            return {word: float(count) for word, count in self._counts.items()}


@dataclass(frozen=True, slots=True)
class Web:
    """The installation, the one service that judges, and how many sign-ins were refused, by why."""

    runtime: Runtime
    explain: Explain
    refused: Tally = field(default_factory=Tally)


def web() -> Web:
    """The parts of the application that serves the present request."""
    return cast("Web", current_app.extensions["plumbline"])
