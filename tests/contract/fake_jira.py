"""A small, strict Jira for tests, Cloud or Data Center: the REST API (v2, v3) and boards and sprints (agile 1.0) over a `World`.

It answers as the real ones do where that is known to bite: credentials of the wrong kind, mails that only administrators may suppress, changelogs
cut at 40 entries in searches, limits of writes per issue, moved keys. It knows no call that nobody makes: an unknown path is 500, so a test fails
instead of passing by accident. Failures on demand; every exchange is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import requests

from tests.contract import fake_jira_comments, fake_jira_issues, fake_jira_plans
from tests.contract.fake_jira_calls import (
    FakeJira,
)
from tests.contract.fake_jira_plans import SCHEMAS
from tests.contract.fake_jira_world import Json, World
from tests.support import serving

__all__ = ["SCHEMAS", "FakeJira", "fake_jira"]
ROUTED = (fake_jira_comments, fake_jira_issues, fake_jira_plans)
"""The modules that add routes."""


class _Hooks:
    """Sends webhooks, in order, from a thread of its own. A payload's identifier is the same for every try."""

    def __init__(self, jira: FakeJira) -> None:
        self.jira = jira
        self.waiting: queue.Queue[Json | None] = queue.Queue()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while (payload := self.waiting.get()) is not None:
            raw = json.dumps(payload).encode()
            for url, secret in self.jira.hooks:
                headers = {"Content-Type": "application/json"}
                if self.jira.world.cloud:
                    headers["X-Atlassian-Webhook-Identifier"] = str(UUID(hashlib.sha256(raw).hexdigest()[:32]))
                if secret:
                    headers["X-Hub-Signature"] = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
                try:
                    status = requests.post(url, data=raw, headers=headers, timeout=5).status_code
                except requests.RequestException:
                    status = 0
                self.jira.told.append((status, payload))
            self.waiting.task_done()
        self.waiting.task_done()


@contextmanager
def fake_jira(edition: str = "cloud") -> Iterator[FakeJira]:
    """The fake, serving on a free port of 127.0.0.1: project PAY, people plumb (ours), ada and some more."""
    world = World(edition=edition)
    jira = FakeJira(world)
    for name in ("plumb", "ada", "tri", "boss", "eve"):
        world.add_user(name)
    world.add_project("PAY")
    for name, may in {"plumb": "triage", "ada": "admin", "tri": "triage", "boss": "maintain", "eve": "read"}.items():
        world.allow("PAY", name, may)
    lock = threading.Lock()

    class Served(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args: object) -> None:
            pass

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(world.now, usegmt=True)

        def handle_one(self) -> None:
            at = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = {key: some[-1] for key, some in parse_qs(at.query, keep_blank_values=True).items()}
            body = json.loads(raw or b"null")
            with lock:
                said = f"{self.command} {at.path}"
                place = next((i for i, (key, _) in enumerate(jira.failures) if key in said), None)
                failure = None if place is None else jira.failures.pop(place)[1]
                kept: Json = {
                    "verb": self.command,
                    "path": at.path,
                    "query": query,
                    "body": body,
                    "status": 0,
                    "answer": None,
                    "planted": failure,
                }
                jira.exchanges.append(kept)
            if failure is not None and failure.delay:
                time.sleep(failure.delay)
            status, answer, headers = 0, None, {}
            if failure is None or failure.after:
                with lock:
                    status, answer = jira.answer(
                        self.command, at.path, query, body, self.headers.get("Authorization", "")
                    )
                    kept["status"], kept["answer"] = status, answer
            if status == 429:
                after = format_datetime(world.now, usegmt=True) if jira.retry_as_date else "2"
                headers = {"Retry-After": after, "RateLimit-Reason": "jira-per-issue-on-write"}
            if failure is not None:
                status, answer, headers = failure.status, failure.body, failure.headers
                if failure.drop:
                    self.close_connection = True
                    return
            sent = (
                b"" if answer is None else answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "text/html" if isinstance(answer, str) else "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            try:
                self.wfile.write(sent)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_DELETE = handle_one

    with serving(Served) as jira.url:
        world.url = jira.url
        hooks = _Hooks(jira)
        world.tell, jira.settle = hooks.waiting.put, hooks.waiting.join
        try:
            yield jira
        finally:
            hooks.waiting.put(None)
            hooks.thread.join(timeout=10)
