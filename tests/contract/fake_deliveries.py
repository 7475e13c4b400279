"""A strict GitHub that knows only webhook deliveries: an App's, one repository's hook's, and asking for them again.

Shaped by GitHub's OpenAPI document (`hook-delivery-item`; `cursor` and `per_page`; 202, 404 and 422). Deliveries are
listed newest first, in pages that a cursor names; who asks has to be who may: the App itself with a token that it
signed, or its installation with one that was minted here. Anything else is 500, so that a test fails.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support import serving

REPOSITORY = 77
HOOK = "/repos/acme/shop/hooks/3"


@dataclass
class FakeDeliveries:
    """The state of the fake. `page` is how many deliveries a page has at most, whatever was asked for."""

    url: str = ""
    page: int = 2
    key: Any = field(default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048))
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    expired: set[int] = field(default_factory=set)
    """Deliveries that are listed but can no longer be asked for."""
    calls: list[str] = field(default_factory=list)
    asked_again: list[int] = field(default_factory=list)
    arrives: int = 202
    """What whoever is asked again answers from now on."""
    forbidden: bool = False

    def pem(self) -> str:
        kind, pem = serialization.PrivateFormat.TraditionalOpenSSL, serialization.Encoding.PEM
        return str(self.key.private_bytes(pem, kind, serialization.NoEncryption()).decode())

    def deliver(
        self, guid: str, *, at: str, status: int, repository: int | None = REPOSITORY, again: bool = False
    ) -> None:
        """One more attempt, the newest."""
        self.deliveries.insert(0, {
            "id": 10_000 + len(self.deliveries), "guid": guid, "delivered_at": at, "redelivery": again,
            "duration": 0.03, "status": "OK" if status < 300 else "failed to connect", "status_code": status,
            "event": "issues", "action": "opened", "installation_id": 42, "repository_id": repository,
            "throttled_at": None,
        })  # fmt: skip

    # --- answers

    def answer(self, verb: str, path: str, query: dict[str, str], auth: str) -> tuple[int, Any, dict[str, str]]:
        self.calls.append(f"{verb} {path}")
        scheme, _, token = auth.partition(" ")
        if (verb, path) == ("POST", "/app/installations/42/access_tokens"):
            return (201, {"token": "minted", "expires_at": "2099-01-01T00:00:00Z"}, {}) if self._is_app(token) else _401
        base = "/app/hook" if path.startswith("/app/hook") else HOOK
        if scheme.lower() not in ("bearer", "token") or not (
            self._is_app(token) if base == "/app/hook" else token == "minted"
        ):
            return _401
        if self.forbidden:
            return (
                404,
                {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"},
                {},
            )
        if (verb, path) == ("GET", "/repos/acme/shop"):
            owner = {"login": "acme", "id": 9, "type": "Organization"}
            return (
                200,
                {
                    "id": REPOSITORY,
                    "full_name": "acme/shop",
                    "html_url": f"{self.url}/acme/shop",
                    "private": False,
                    "owner": owner,
                },
                {},
            )
        if (verb, path) == ("GET", "/repos/acme/shop/hooks"):
            return 200, [{"id": 3, "config": {"url": "https://plumb.example/webhooks/github/hub"}}], {}
        if (verb, path) == ("GET", f"{base}/deliveries"):
            return self._listed(f"{base}/deliveries", query)
        if verb == "POST" and (found := re.fullmatch(rf"{base}/deliveries/(\d+)/attempts", path)) is not None:
            return self._again(int(found[1]))
        return 500, {"message": f"the fake does not know {verb} {path}"}, {}

    def _is_app(self, token: str) -> bool:
        try:
            return bool(jwt.decode(token, self.key.public_key(), algorithms=["RS256"])["iss"] == "1")
        except jwt.PyJWTError:
            return False

    def _listed(self, path: str, query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        if not set(query) <= {"per_page", "cursor"} or not 1 <= int(query.get("per_page", "30")) <= 100:
            return 422, {"message": "Validation Failed"}, {}
        cursor = query.get("cursor", "v1_0")
        if re.fullmatch(r"v1_\d+", cursor) is None:
            return 422, {"message": "Invalid cursor"}, {}
        first = int(cursor.removeprefix("v1_"))
        after = first + self.page
        more = after < len(self.deliveries)
        link = f'<{self.url}{path}?per_page={query.get("per_page", "30")}&cursor=v1_{after}>; rel="next"'
        return 200, self.deliveries[first:after], {"Link": link} if more else {}

    def _again(self, identity: int) -> tuple[int, Any, dict[str, str]]:
        known = next((one for one in self.deliveries if one["id"] == identity), None)
        if known is None or identity in self.expired:
            return 404, {"message": "Not Found"}, {}
        self.asked_again.append(identity)
        newest = max(one["delivered_at"] for one in self.deliveries)
        self.deliver(known["guid"], at=newest, status=self.arrives, again=True)
        return 202, {}, {}


_401 = (401, {"message": "A JSON web token could not be decoded"}, {})


@contextmanager
def fake_deliveries() -> Iterator[FakeDeliveries]:
    """The fake, serving on a free port of 127.0.0.1."""
    state = FakeDeliveries()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

        def do_GET(self) -> None:
            at = urlsplit(self.path)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = {key: values[0] for key, values in parse_qs(at.query).items()}
            with lock:
                status, body, headers = state.answer(
                    self.command, at.path, query, self.headers.get("Authorization", "")
                )
            raw = json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_GET

    with serving(Handler) as state.url:
        yield state
