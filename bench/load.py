"""A load of signed webhooks: GitHub's own examples, each request with a delivery id of its own."""

from __future__ import annotations

import json
import socket
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core import SECRET
from integrations.github.verify import signature

EXAMPLES = Path(__file__).resolve().parent.parent / "node_modules" / "@octokit" / "webhooks-examples"
_ID = b"0" * 36


@dataclass(frozen=True, slots=True)
class Result:
    """What one slice of load brought: answers, seconds, and each answer's time in seconds, sorted."""

    answers: int
    seconds: float
    times: tuple[float, ...]

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share of requests was answered."""
        return 1000 * self.times[min(int(share * len(self.times)), len(self.times) - 1)]


def examples() -> list[tuple[str, dict[str, Any]]]:
    """(event, payload) of every example that is installed."""
    found = json.loads((EXAMPLES / "api.github.com" / "index.json").read_text("utf-8"))
    return [(event["name"], payload) for event in found for payload in event["examples"]]


def requests(path: str) -> list[bytes]:
    """Ready-made requests to a path, signed; only the delivery id is still to be filled in."""
    made = []
    for event, payload in examples():
        body = json.dumps(payload).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: GitHub-Hookshot/bench\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nX-GitHub-Event: {event}\r\n"
            f"X-Hub-Signature-256: {signature(body, SECRET)}\r\nX-GitHub-Delivery: {_ID.decode()}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


def press(port: int, ready: Sequence[bytes], *, seconds: float, connections: int) -> Result:
    """Send requests over kept connections, each waiting for its answer before the next, for about `seconds`.

    Raises RuntimeError at an answer that is not 200 or 202.
    """
    times: list[list[float]] = [[] for _ in range(connections)]
    problems: list[str] = []
    end = time.monotonic() + seconds

    def work(nth: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            place = nth * 7
            while (start := time.monotonic()) < end and not problems:
                request = ready[place % len(ready)]
                place += connections
                line.sendall(request.replace(_ID, str(uuid.uuid4()).encode(), 1))
                status = _answer(line)
                times[nth].append(time.monotonic() - start)
                if status not in (200, 202):
                    problems.append(f"answered {status}: {request[:400]!r}")

    start = time.monotonic()
    threads = [threading.Thread(target=work, args=(nth,)) for nth in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise RuntimeError(problems[0])
    every = tuple(sorted(one for of in times for one in of))
    return Result(len(every), time.monotonic() - start, every)


def _answer(line: socket.socket) -> int:
    """Read one answer whole; gives its status."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(line)
    head, _, body = data.partition(b"\r\n\r\n")
    fields = {
        name.strip().lower(): value.strip()
        for name, _, value in (part.partition(b":") for part in head.split(b"\r\n")[1:])
    }
    if b"content-length" in fields:
        missing = int(fields[b"content-length"]) - len(body)
        while missing > 0:
            missing -= len(_more(line))
    elif fields.get(b"transfer-encoding") == b"chunked":
        while not body.endswith(b"0\r\n\r\n"):
            body += _more(line)
    return int(head.split(b" ", 2)[1])


def _more(line: socket.socket) -> bytes:
    data = line.recv(65536)
    if not data:
        raise RuntimeError("the server closed the connection")
    return data
