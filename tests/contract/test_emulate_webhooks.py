"""emulate's own webhooks, signed and sent by it, verify and decode: the other half of a round trip."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler

import pytest
import requests

from integrations.errors import BadSignature, Ignored
from integrations.github.adapter import GitHubAdapter
from integrations.readings import Reading
from tests.contract.emulate import emulate
from tests.support import serving

SECRET = "it is a secret"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory):
    """(headers, raw body) of what emulate sends while an issue and a pull request live through a day."""
    caught: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            caught.append(({name.lower(): value for name, value in self.headers.items()}, raw))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    with serving(Handler) as here, emulate(tmp_path_factory.mktemp("emulate")) as url:

        def ask(verb: str, path: str, **body: object):
            answer = requests.request(
                verb, f"{url}/repos/plumb/shop{path}", json=body, headers={"Authorization": "Bearer good"}, timeout=5
            )
            assert answer.ok, (verb, path, answer.text)
            return answer.json() if answer.content else None

        config = {"url": f"{here}/hook", "secret": SECRET, "content_type": "json"}
        ask("POST", "/hooks", name="web", active=True, events=["*"], config=config)
        milestone = ask("POST", "/milestones", title="2.4", due_on="2026-12-11T08:00:00Z")["number"]
        number = ask("POST", "/issues", title="Export as CSV", body="- [ ] rows", milestone=milestone)["number"]
        ask("POST", "/labels", name="ui", color="ff0000")
        ask("POST", f"/issues/{number}/labels", labels=["ui"])
        ask("DELETE", f"/issues/{number}/labels/ui")
        ask("POST", f"/issues/{number}/assignees", assignees=["ada"])
        comment = ask("POST", f"/issues/{number}/comments", body="hello")["id"]
        ask("PATCH", f"/issues/comments/{comment}", body="hello again")
        ask("PATCH", f"/issues/{number}", title="Export")
        ask("PATCH", f"/issues/{number}", state="closed")
        ask("PATCH", f"/milestones/{milestone}", due_on="2026-12-18T08:00:00Z")
        ask("PATCH", f"/milestones/{milestone}", state="closed")
        before = -1
        while before != len(caught):
            before = len(caught)
            time.sleep(0.4)
        yield caught


def test_each_delivery_is_signed_and_decodes(deliveries):
    adapter = GitHubAdapter()
    assert len(deliveries) >= 10
    facts = []
    for headers, raw in deliveries:
        adapter.verify(headers, raw, SECRET)
        with pytest.raises(BadSignature):
            adapter.verify(headers, raw + b" ", SECRET)
        payload = json.loads(raw)
        envelope = adapter.envelope(headers, payload)
        try:
            facts.append((envelope, adapter.decode(envelope.event, payload, NOW)))
        except Ignored:
            continue
    assert all(isinstance(reading, Reading) for _, reading in facts)
    assert {"issues", "issue_comment", "milestone"} <= {envelope.event for envelope, _ in facts}
    fields = {change.natural_key.split(":")[0] for _, reading in facts for change in reading.changes}
    assert {"state", "label", "comment", "assignee", "title"} <= fields
