"""Messages by apprise: one address per channel, whatever service it belongs to (Slack, Teams, mail and many more).

Apprise answers yes or no and tells the rest to its log, so what happened is read off that log, of which nothing but a
status code is passed on: its lines may hold addresses.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apprise
from apprise import AppriseAsset, NotifyFormat

from integrations.errors import PermanentError, TransientError
from integrations.text import ZWSP, one_line

_STATUS = re.compile(r"error=(\d{3})\b")
_NEVER_SENT = re.compile(
    r"refused|NameResolution|Name or service not known|ConnectTimeout|connect timeout|No route|unreachable"
    r"|getaddrinfo|nodename",
    re.IGNORECASE,
)
_REFUSED = frozenset({400, 401, 403, 404, 405, 410, 413, 422})
_MAYBE = frozenset({502, 504})
"""A proxy's answer for a service that did not answer it in time."""
_MENTION = re.compile(r"[@!](?=\w)|(?<=\w)@")
TITLE_LIMIT = 200
BODY_LIMIT = 8_000

_logger = logging.getLogger("apprise")


class AppriseNotifier:
    """See `integrations.ports.Notifier`."""

    def __init__(self) -> None:
        """Keep apprise's own log to ourselves: it may name addresses."""
        _logger.propagate = False
        if not _logger.handlers:
            _logger.addHandler(logging.NullHandler())
        self._asset = AppriseAsset(app_id="Plumbline", app_desc="Plumbline", async_mode=False, storage_mode="memory")

    def check(self, address: str) -> str:
        """The address's schema. Raises PermanentError."""
        self._service(address)
        return address.partition("://")[0].lower()

    def send(self, address: str, title: str, body: str) -> None:
        """Send one message. Raises PermanentError or TransientError; neither holds the address."""
        service = self._service(address)
        with _overheard() as told:
            try:
                sent = service.notify(
                    title=_plain(title)[:TITLE_LIMIT],
                    body="\n".join(map(_plain, body.split("\n")))[:BODY_LIMIT],
                    body_format=NotifyFormat.TEXT,
                )
            except (TypeError, ValueError) as error:
                name = type(error).__name__
                raise PermanentError("invalid", f"the service could not be spoken to ({name})") from None
        if not sent:
            raise _failure(told.getvalue())

    def _service(self, address: str) -> Any:
        """The service behind an address, which is asked once and not again: we try again ourselves."""
        found = apprise.Apprise.instantiate(address, asset=self._asset) if "://" in address else None
        if found is None:
            raise PermanentError(
                "invalid",
                "that is no address of a service that apprise knows; it should look like slack://… or mailtos://…",
            )
        found.retry = 0
        return found


@contextmanager
def _overheard() -> Iterator[io.StringIO]:
    """What apprise logs meanwhile."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    before = _logger.level
    _logger.addHandler(handler)
    _logger.setLevel(logging.DEBUG)
    try:
        yield told
    finally:
        _logger.setLevel(before)
        _logger.removeHandler(handler)


def _failure(told: str) -> PermanentError | TransientError:
    """What a send that failed means, from what was logged meanwhile."""
    codes = [int(code) for code in _STATUS.findall(told)]
    if codes:
        code = codes[-1]
        if code in _REFUSED:
            return PermanentError("invalid", f"the service refused the message with status {code}")
        return TransientError(f"the service answered with status {code}", uncertain=code in _MAYBE, limited=code == 429)
    if _NEVER_SENT.search(told):
        return TransientError("the service is out of reach")
    return TransientError("the service did not answer as it should", uncertain=True)


def _plain(line: str) -> str:
    """A line without control characters, in which nothing calls anybody: `@channel` and `!here` are only words."""
    return _MENTION.sub(lambda found: found[0] + ZWSP, one_line(line))
