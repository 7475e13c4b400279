"""What the pages need of the running installation; `app.bootstrap` makes the real one, tests a small one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, cast

from flask import current_app

from app.settings import Settings
from app.store.database import Database
from app.time import WorldClock
from rules.facts import Subject
from rules.spec import Judgement


class Vault(Protocol):
    """The installation's keys."""

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for one use, e.g. "session cookies"."""


class Broker(Protocol):
    """The broker, as far as its health is asked for."""

    def ping(self) -> Any: ...

    def llen(self, name: str) -> Any: ...


class Runtime(Protocol):
    """The parts of a running installation."""

    @property
    def settings(self) -> Settings: ...

    @property
    def db(self) -> Database: ...

    @property
    def broker(self) -> Broker: ...

    @property
    def vault(self) -> Vault: ...

    def world(self) -> WorldClock:
        """The clock rules judge by, as stored in the instance row."""


class Explanation(Protocol):
    """A subject and what every rule in scope says of it now."""

    @property
    def subject(self) -> Subject: ...

    @property
    def judgements(self) -> tuple[Judgement, ...]: ...


class Explain(Protocol):
    """Judge one subject now, with every rule in scope. `subject_kind`: item or milestone. Raises LookupError where
    there is none.
    """

    def __call__(self, db: Database, subject_kind: str, subject_id: int, *, now: datetime) -> Explanation: ...


@dataclass(frozen=True, slots=True)
class Web:
    """What a request handler reaches for: the installation and the one service that judges."""

    runtime: Runtime
    explain: Callable[..., Explanation]


def web() -> Web:
    """The parts of the application that serves the present request."""
    return cast("Web", current_app.extensions["plumbline"])
