"""What the round trip stands on: one clock for the server and the stand-in, and a proxy that counts calls."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

from app.time import real_now
from tests.support import serving

PRELOAD = Path(__file__).with_name("shift.cjs")
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date"}


@dataclass(frozen=True, slots=True)
class Shift:
    """How far a Node process is ahead of the wall, in a file that its preload reads."""

    file: Path

    def env(self) -> dict[str, str]:
        """What makes Node live in shifted time."""
        return {"NODE_OPTIONS": f"--require {PRELOAD}", "SHIFT_FILE": str(self.file)}

    def now(self) -> datetime:
        """The time in there."""
        return real_now() + timedelta(milliseconds=int(self.file.read_text("utf-8")))

    def to(self, moment: datetime) -> None:
        ahead = (moment - real_now()) / timedelta(milliseconds=1)
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{ahead:.0f}", encoding="utf-8")
        fresh.replace(self.file)


@dataclass(slots=True)
class Counted:
    """A proxy's address and the calls that went through it, in their order: (method, path), and when (monotonic)."""

    url: str
    calls: list[tuple[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def clear(self) -> None:
        """Forget what was seen."""
        self.calls.clear()
        self.times.clear()

    def writes(self, *, after: float = 0.0) -> list[tuple[str, str]]:
        """Calls that change something, of those later than `after`."""
        pairs = zip(self.calls, self.times, strict=False)
        return [call for call, at in pairs if changes(call) and at > after]


def changes(call: tuple[str, str]) -> bool:
    """Whether a call changes something: asking GraphQL a question is a POST too."""
    return call[0] != "GET" and not call[1].endswith("/graphql")


@contextmanager
def counting_proxy(target: str, shift: Shift) -> Iterator[Counted]:
    """Forward everything to `target` and remember each call. Answers are dated in the target's time, which Node takes
    from below what a preload can shift.
    """
    address = urlsplit(target)
    seen, lock = Counted(""), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            with lock:
                seen.calls.append((self.command, self.path))
                seen.times.append(time.monotonic())
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
            upstream = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
            upstream.request(self.command, self.path, raw, headers)
            answer = upstream.getresponse()
            body = answer.read()
            self.send_response_only(answer.status)
            self.send_header("Date", format_datetime(shift.now(), usegmt=True))
            for name, value in answer.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            upstream.close()

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = forward

        def log_message(self, *_args: object) -> None:
            pass

    with serving(Handler) as seen.url:
        yield seen
