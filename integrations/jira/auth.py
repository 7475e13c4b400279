"""Whose calls these are: an account of Jira Cloud with its API token, or a personal access token of Data Center.

With it goes what is remembered between clients: in which projects Jira does not let us edit without a mail to watchers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from integrations.errors import PermanentError
from integrations.jira.http import Transport
from integrations.ports import Credentials
from integrations.wire import Answer, Tally


@dataclass(slots=True)
class Connection:
    """The transport of one set of credentials; it opens nothing until used.

    `loud` holds the projects (by address, account and key) where `notifyUsers=false` was refused; an adapter's clients
    share it, so that the refusal is paid for once.
    """

    credentials: Credentials
    timeout: int = 15
    loud: set[tuple[str, str, str]] = field(default_factory=set)
    tally: Tally = field(default_factory=Tally)
    _transport: Transport | None = None

    @property
    def base_url(self) -> str:
        """The site's address, without a slash at its end."""
        return self.credentials.base_url.rstrip("/")

    @property
    def cloud(self) -> bool:
        """Whether these are credentials of Jira Cloud: an account and its token."""
        return self.credentials.account is not None

    def transport(self) -> Transport:
        """Calls under these credentials."""
        if self._transport is None:
            if not self.credentials.token:
                raise PermanentError("unauthorised", f"no token is set; {wanted(cloud=self.cloud)}")
            if urlsplit(self.base_url).scheme not in ("http", "https"):
                raise PermanentError("invalid", f"{self.base_url!r} is no address of a Jira: expected https://…")
            self._transport = Transport(
                self.base_url, self.credentials.token, self.credentials.account, self.timeout, self.tally
            )
        return self._transport

    def call(self, verb: str, path: str, *, query: Mapping[str, Any] | None = None, body: Any = None) -> Answer:
        """One call."""
        return self.transport().call(verb, path, query=query, body=body)

    def quiet_call(self, verb: str, path: str, *, project: str, body: Any) -> Answer:
        """One call without a mail to watchers; where that is refused, once more with it (two calls, the first time).

        Only administrators of Jira or the project may write so; others get 403 and the write is dropped.
        """
        place = (self.base_url, self.credentials.account or "", project)
        if place in self.loud:
            return self.call(verb, path, body=body)
        try:
            return self.call(verb, path, query={"notifyUsers": "false"}, body=body)
        except PermanentError as error:
            if error.code != "forbidden":
                raise
        answer = self.call(verb, path, body=body)
        self.loud.add(place)
        return answer

    def close(self) -> None:
        """Close what is open."""
        if self._transport is not None:
            self._transport.close()


def wanted(*, cloud: bool) -> str:
    """Which credentials a site of this kind takes."""
    if cloud:
        return "Jira Cloud takes an account's e-mail address with an API token (id.atlassian.com > Security)"
    return "Jira Data Center takes a personal access token alone (your profile > Personal Access Tokens)"
