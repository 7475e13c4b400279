"""The port of messages: one suite over the stand-in and over apprise, which talks to a real server on this machine."""

from __future__ import annotations

import json
import logging
import socketserver
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from integrations.errors import PermanentError, TransientError
from integrations.notify.adapter import AppriseNotifier
from tests.contract.fake_notifier import AWAY, BUSY, REFUSED, SLOW, FakeNotifier
from tests.support import free_port

pytestmark = pytest.mark.contract
SECRET = "hush-4711"


@dataclass
class Stage:
    """A notifier, an address it reaches, and what arrived there."""

    notifier: Any
    address: str
    inbox: list[tuple[str, str]] = field(default_factory=list)
    answer: int = 200

    def arrived(self) -> list[tuple[str, str]]:
        return self.inbox if self.inbox else [sent[1:] for sent in getattr(self.notifier, "sent", [])]


def serve(stage: Stage) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if stage.answer in (200, SLOW):
                stage.inbox.append((told["title"], told["message"]))
            if stage.answer == SLOW:
                time.sleep(1.5)
            try:
                self.send_response(stage.answer or 200)
                self.end_headers()
            except OSError:
                pass

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


@pytest.fixture(params=["fake", "apprise"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    if request.param == "fake":
        yield Stage(FakeNotifier(), "fake://ops")
        return
    made = Stage(AppriseNotifier(), "")
    server = serve(made)
    made.address = f"json://user:{SECRET}@127.0.0.1:{server.server_port}/hook?rto=1"
    yield made
    server.shutdown()
    server.server_close()


def answer_with(stage: Stage, answer: int) -> None:
    stage.answer = answer
    if isinstance(stage.notifier, FakeNotifier):
        stage.notifier.answers["ops"] = answer
    elif answer == AWAY:
        stage.address = f"json://user:{SECRET}@127.0.0.1:{free_port()}/hook"


def test_a_message_arrives_whole_and_once(stage: Stage) -> None:
    stage.notifier.send(stage.address, "acme/shop: 2 notes", "One line\n- two & <three>\nhttp://plumb/i/7")
    assert stage.arrived() == [("acme/shop: 2 notes", "One line\n- two & <three>\nhttp://plumb/i/7")]


def test_what_is_no_address_is_refused_for_good(stage: Stage) -> None:
    for address in ("", "ops", "no-such-service://x", "://"):
        with pytest.raises(PermanentError):
            stage.notifier.check(address)
        with pytest.raises(PermanentError):
            stage.notifier.send(address, "a", "b")
    assert stage.notifier.check(stage.address) == stage.address.partition("://")[0]


@pytest.mark.parametrize(
    ("answer", "error", "uncertain"),
    [(REFUSED, PermanentError, None), (BUSY, TransientError, False), (AWAY, TransientError, False), (SLOW, TransientError, True)],
)  # fmt: skip
def test_a_failure_says_whether_trying_again_may_help(
    stage: Stage, answer: int, error: type[Exception], uncertain: bool | None, caplog: pytest.LogCaptureFixture
) -> None:
    answer_with(stage, answer)
    with caplog.at_level(logging.DEBUG), pytest.raises(error) as caught:
        stage.notifier.send(stage.address, "a title", "a body")
    assert getattr(caught.value, "uncertain", None) is uncertain
    assert len(stage.arrived()) == (answer == SLOW)
    assert SECRET not in str(caught.value) and SECRET not in caplog.text and "4711" not in repr(caught.value)


def test_nobody_is_called_by_what_stands_in_a_title() -> None:
    made = Stage(AppriseNotifier(), "")
    server = serve(made)
    made.notifier.send(f"json://127.0.0.1:{server.server_port}/", "@here: !channel", "a@b.example @everyone\x07")
    server.shutdown()
    server.server_close()
    zwsp = "\u200b"
    assert made.inbox == [(f"@{zwsp}here: !{zwsp}channel", f"a@{zwsp}b.example @{zwsp}everyone")]


def test_mail_goes_to_a_mail_server() -> None:
    letters: list[str] = []

    class Letter(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 stub\r\n")
            inside = False
            lines: list[str] = []
            for raw in self.rfile:
                line = raw.decode().rstrip("\r\n")
                if inside:
                    if line == ".":
                        letters.append("\n".join(lines))
                        inside = False
                        self.wfile.write(b"250 kept\r\n")
                    else:
                        lines.append(line)
                    continue
                verb = line[:4].upper()
                inside = verb == "DATA"
                self.wfile.write(b"354 go on\r\n" if inside else b"221 bye\r\n" if verb == "QUIT" else b"250 ok\r\n")
                if verb == "QUIT":
                    return

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Letter)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    address = f"mailto://127.0.0.1:{server.server_address[1]}/?from=plumb@acme.example&to=lead@acme.example&format=text"
    try:
        AppriseNotifier().send(address, "acme/shop #7: Quiet", "Quiet for 3 days.")
    finally:
        server.shutdown()
        server.server_close()
    assert len(letters) == 1
    assert "lead@acme.example" in letters[0] and "Quiet for 3 days." in letters[0]
