"""What calls over HTTP share, whichever tracker is asked: a good answer, the count of requests, dates and bodies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any


@dataclass(slots=True)
class Tally:
    """Requests sent, those repeated by the retry included."""

    sent: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    data: Any


def http_date(value: object) -> datetime | None:
    """An HTTP date."""
    if not isinstance(value, str) or not value:
        return None
    try:
        read = parsedate_to_datetime(value)
    except ValueError:
        return None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def kind_of(error: Exception) -> str:
    """The kind of a failure, without its text: that holds addresses."""
    return type(error).__name__


def parsed(text: Any) -> Any:
    """A body as JSON; None where it is none."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
