"""Jira as one kind of tracker, Cloud and Data Center."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from integrations.jira import envelope, render, verify
from integrations.jira.auth import Connection
from integrations.jira.client import JiraClient
from integrations.jira.decode import events
from integrations.jira.history import JiraHistory
from integrations.ports import Credentials, Pace
from integrations.readings import NO_SITE, Envelope, Payload, Reading
from rules.intents import Note


@dataclass(slots=True)
class JiraAdapter:
    """The `Adapter` for Jira Cloud and Data Center. `timeout` is seconds per call.

    One item takes at most six calls in a row (a label, a comment with its property and link, an edit sent again), far
    from Jira's 20 writes in two seconds per issue; `pace` spaces what is written to all of them.
    """

    timeout: int = 15
    pace: Pace = field(default_factory=Pace)
    kind: str = "jira"
    one_lane: bool = True
    _loud: set[tuple[str, str, str]] = field(default_factory=set)

    def verify(self, headers: Mapping[str, str], raw: bytes, secret: str) -> None:
        """Raise `BadSignature` unless `raw` is signed with `secret`, or came to the address that holds it."""
        verify.verify(headers, raw, secret)

    def envelope(self, headers: Mapping[str, str], payload: object) -> Envelope:
        """Read the envelope. Raises `BadPayload`."""
        return envelope.envelope(headers, payload)

    def decode(self, event: str, payload: Payload, received_at: datetime, site: Payload = NO_SITE) -> Reading:
        """What the payload says, given what is known of the site. Raises `Ignored` or `BadPayload`."""
        return events.decode(event, payload, received_at, site)

    def client(self, credentials: Credentials) -> JiraClient:
        """A client for one connection; it opens nothing until used."""
        return JiraClient(Connection(credentials, self.timeout, self._loud))

    def history(self, credentials: Credentials) -> JiraHistory:
        """Reads of the past over one connection; it opens nothing until used."""
        return JiraHistory(Connection(credentials, self.timeout, self._loud))

    def render(self, note: Note, marker: str) -> str:
        """The note as wiki markup with the marker. `marker` is the bare one: "plumbline:1:7f3c"."""
        return render.render(note, marker)
