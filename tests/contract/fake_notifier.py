"""A strict stand-in for a service that takes messages: it keeps what it is sent, and refuses what no service would take."""

from __future__ import annotations

from dataclasses import dataclass, field

from integrations.errors import PermanentError, TransientError

REFUSED = 404
BUSY = 503
SLOW = 0
AWAY = -1


@dataclass
class FakeNotifier:
    """Addresses are `fake://name`. `answers` says what a name answers with from now on; without one it takes it all."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)

    def check(self, address: str) -> str:
        if not address.startswith("fake://") or address == "fake://":
            raise PermanentError("invalid", "that is no address of a service that is known")
        return "fake"

    def send(self, address: str, title: str, body: str) -> None:
        self.check(address)
        name = address.removeprefix("fake://")
        assert title.strip() and "\n" not in title and len(title) <= 200, title
        assert body.strip() and len(body) <= 8_000
        assert "fake://" not in title + body, "an address is nobody's business"
        answer = self.answers.get(name, 200)
        if answer in (200, SLOW):
            self.sent.append((name, title, body))
        if answer == REFUSED:
            raise PermanentError("invalid", f"the service refused the message with status {answer}")
        if answer == BUSY:
            raise TransientError(f"the service answered with status {answer}")
        if answer == AWAY:
            raise TransientError("the service is out of reach")
        if answer == SLOW:
            raise TransientError("the service did not answer as it should", uncertain=True)
