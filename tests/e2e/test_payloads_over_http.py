"""Every recorded payload of GitHub's, and every kind of bad input, over HTTP to the served application."""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.services import connect
from app.time import real_now
from integrations.github.verify import signature
from integrations.readings import ProjectSeen
from tests.support_up import Installation, installed

pytestmark = pytest.mark.e2e

SECRET = "between two machines"
HOOK = "/webhooks/github/hub"
MEGABYTE = 1024 * 1024


class Sender:
    """GitHub's side: signs and posts over one connection."""

    def __init__(self, here: Installation) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", here.port, timeout=30)

    def post(
        self, event: str, raw: bytes, *, path: str = HOOK, secret: str = SECRET, **headers: str | None
    ) -> tuple[int, Any]:
        """Status and answer. `headers` replace what GitHub would send; None leaves one out."""
        given = {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": str(uuid.uuid4()),
            "X-Hub-Signature-256": signature(raw, secret),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        self.connection.request("POST", path, raw, {name: value for name, value in given.items() if value is not None})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


@contextmanager
def serving(here: Installation, log: Path) -> Iterator[Sender]:
    """The web part alone, with a tracker named hub."""
    connect.add_tracker(
        here.runtime.db,
        here.runtime.vault,
        name="hub",
        kind="github",
        base_url="https://github.com",
        webhook_secret=SECRET,
        secrets={"token": "none"},
        installation=None,
        author="test",
        now=real_now(),
    )
    with here.run("-m", "app.web", log=log) as process:
        here.wait_ready(process)
        sender = Sender(here)
        yield sender
        sender.connection.close()


def test_all_recorded_payloads_are_taken_and_end_as_facts_or_ignored_with_a_reason(
    database_url, broker_url, octokit_payloads, short_dir, tmp_path
):
    examples = [
        (event["name"], payload)
        for event in json.loads(octokit_payloads.read_text("utf-8"))
        for payload in event["examples"]
    ]
    assert len(examples) >= 329
    with installed(short_dir / "home", database_url=database_url, redis_url=broker_url) as here:
        with serving(here, tmp_path / "log") as sender:
            watch_all(here, examples)
            for event, payload in examples:
                status, answer = sender.post(event, json.dumps(payload).encode())
                assert status == 202, (event, payload.get("action"), answer)
        here.drain()
        rows = here.ask("SELECT event, action, status, reason FROM delivery")
        items = here.ask("SELECT count(*) FROM item")[0][0]
    assert len(rows) == len(examples)
    assert {row.status for row in rows} == {"done", "ignored"}
    assert [row for row in rows if row.status == "ignored" and not row.reason.strip()] == []
    assert not [row for row in rows if row.reason == "its repository is not watched"]
    assert sum(row.status == "done" for row in rows) > 130
    assert items >= 4


def watch_all(here: Installation, examples: list[tuple[str, dict[str, Any]]]) -> None:
    """Watch each repository that a payload is about, so that none is ignored for want of that."""
    repositories = {p["repository"]["id"]: p["repository"] for _, p in examples if p.get("repository")}
    for native_id, repository in repositories.items():
        seen = ProjectSeen(native_id=str(native_id), key=repository["full_name"], url=repository["html_url"])
        connect.watch(
            here.runtime.db, tracker="hub", seen=seen, settings={}, calendar={}, author="test", now=real_now()
        )


def test_bad_input_is_refused_by_name_and_leaves_nothing(sqlite_url, broker_url, octokit_payloads, short_dir, tmp_path):
    examples = json.loads(octokit_payloads.read_text("utf-8"))
    good = next(event for event in examples if event["name"] == "issues")["examples"][0]
    raw = json.dumps(good).encode()
    with (
        installed(short_dir / "home", database_url=sqlite_url, redis_url=broker_url) as here,
        serving(here, tmp_path / "log") as sender,
    ):
        check_unsigned(sender, raw)
        check_malformed(sender, good)
        assert sender.post("issues", raw, path="/webhooks/github/nobody")[0] == 404
        assert sender.post("issues", raw, path="/webhooks/jira/hub")[0] == 404
        assert code_of(too_large(here)) == (413, "too_large")
        assert here.ask("SELECT count(*) FROM delivery")[0][0] == 0
        assert sender.post("issues", raw)[0] == 202, "the same with nothing wrong"
        assert here.ask("SELECT count(*) FROM delivery")[0][0] == 1


def code_of(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


def check_unsigned(sender: Sender, raw: bytes) -> None:
    for answer in (
        sender.post("issues", raw, secret="another"),
        sender.post("issues", raw, X_Hub_Signature_256=None),
        sender.post("issues", raw, X_Hub_Signature_256="sha256=00"),
        sender.post("issues", raw, X_Hub_Signature_256=signature(raw + b" ", SECRET)),
    ):
        assert code_of(answer) == (401, "bad_signature")


def check_malformed(sender: Sender, good: dict[str, Any]) -> None:
    bodies = {
        "body": [b"", b"{", b"\xff\xfe", b"[]", b'"text"', b"[" * 100_000],
        "issue.number": [{**good, "issue": {**good["issue"], "number": "7"}}],
        "issue.title": [{**good, "issue": {**good["issue"], "title": None}}],
        "issue": [{**good, "issue": []}, {name: value for name, value in good.items() if name != "issue"}],
        "repository.id": [{**good, "repository": {**good["repository"], "id": True}}],
    }
    for field, wrong in bodies.items():
        for body in wrong:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            answer = sender.post("issues", raw)
            assert code_of(answer) == (400, "bad_payload"), (field, answer)
            assert answer[1]["error"]["field"] == field
            assert field in answer[1]["error"]["message"]
    for header in ("X_GitHub_Event", "X_GitHub_Delivery"):
        status, answer = sender.post("issues", json.dumps(good).encode(), **{header: None})
        assert (status, answer["error"]["field"]) == (400, f"header {header.replace('_', '-').lower()}")


def too_large(here: Installation) -> tuple[int, Any]:
    """A body over the limit, announced and not sent: the answer does not wait for it."""
    sender = Sender(here)
    try:
        sender.connection.putrequest("POST", HOOK)
        sender.connection.putheader("Content-Type", "application/json")
        sender.connection.putheader("Content-Length", str(25 * MEGABYTE + 1))
        sender.connection.endheaders()
        answer = sender.connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        sender.connection.close()
