"""What calls over HTTP share, whichever tracker is asked: a good answer, the count of requests, dates and bodies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import requests

from integrations.errors import BadPayload, TransientError

T = TypeVar("T")


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


def seconds_until(until: datetime, date: datetime) -> float:
    """How long to wait, by the clock of who asks us to: a clock of ours that is wrong does no harm."""
    return max((until - date).total_seconds(), 0.0) + 1.0


def broken(who: str, verb: str, error: requests.exceptions.RequestException) -> TransientError:
    """A call that got no answer. Where no connection came about nothing was written; otherwise a write may have
    happened.
    """
    never_sent = "NewConnectionError" in str(error) or "Failed to establish a new connection" in str(error)
    return TransientError(f"{who} did not answer: {kind_of(error)}", uncertain=verb != "GET" and not never_sent)


def as_said(who: str, decode: Callable[[], T], *, written: bool = False) -> T:
    """An answer that cannot be read is the trouble of the moment of who gave it, not the payload of a delivery."""
    try:
        return decode()
    except BadPayload as error:
        raise TransientError(f"{who}'s answer is not as expected: {error}", uncertain=written) from error
