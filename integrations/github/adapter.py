"""GitHub as one kind of tracker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from integrations.github import envelope, render, verify
from integrations.github.auth import Connection, MemoryTokenCache, TokenCache
from integrations.github.client import GitHubClient
from integrations.github.decode import events
from integrations.github.history import GitHubHistory
from integrations.ports import Credentials, Pace
from integrations.readings import NO_SITE, Envelope, Payload, Reading
from rules.intents import Note


@dataclass(slots=True)
class GitHubAdapter:
    """The `Adapter` for github.com and GitHub Enterprise Server. `timeout` is seconds per call."""

    tokens: TokenCache = field(default_factory=MemoryTokenCache)
    timeout: int = 15
    pace: Pace = field(default_factory=Pace)
    kind: str = "github"
    one_lane: bool = False

    def verify(self, headers: Mapping[str, str], raw: bytes, secret: str) -> None:
        """Raise `BadSignature` unless `raw` is signed with `secret`."""
        verify.verify(headers, raw, secret)

    def envelope(self, headers: Mapping[str, str], payload: object) -> Envelope:
        """Read the envelope. Raises `BadPayload`."""
        return envelope.envelope(headers, payload)

    def decode(self, event: str, payload: Payload, received_at: datetime, site: Payload = NO_SITE) -> Reading:
        """What the payload says; nothing need be known of the site. Raises `Ignored` or `BadPayload`."""
        return events.decode(event, payload, received_at)

    def client(self, credentials: Credentials) -> GitHubClient:
        """A client for one connection; it opens nothing until used."""
        return GitHubClient(Connection(credentials, self.tokens, self.timeout))

    def history(self, credentials: Credentials) -> GitHubHistory:
        """Reads of the past over one connection; it opens nothing until used."""
        return GitHubHistory(Connection(credentials, self.tokens, self.timeout))

    def render(self, note: Note, marker: str) -> str:
        """The note as GitHub Markdown with the hidden marker. `marker` is the bare one: "plumbline:1:7f3c"."""
        return render.render(note, marker)
