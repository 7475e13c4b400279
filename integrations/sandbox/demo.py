"""What the demo plays: the recording that is shipped with the product (`tools/make_demo.py` says what it is made of),
and beside it a company's programme of our own making (`programme`).
"""

import gzip
import hashlib
import hmac
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.resources import files
from typing import Protocol

from integrations.jira import verify as jira_signing
from integrations.readings import ProjectSeen
from integrations.sandbox import jira_shapes, programme
from integrations.sandbox.payloads import Payload
from integrations.sandbox.recording import Recording, read
from integrations.sandbox.replay import Webhook, replay
from integrations.sandbox.tracker import SandboxTracker


class Source(Protocol):
    """Webhooks of one tracker, as they are to be posted. `name` begins their delivery ids, `speaks` is the language."""

    name: str
    speaks: str

    def hooks(self) -> Iterator[Webhook]:
        """All webhooks in their order, as they were without us."""

    def shown(self, hook: Webhook) -> Payload:
        """The payload as it is sent: the sandbox learns of the item, and the item carries what was written to it. To be
        asked just before sending, for one item in the order of its webhooks.
        """

    def line_of(self, hook: Webhook) -> int:
        """Hooks of one line keep their order."""

    def headers(self, hook: Webhook, raw: bytes, *, guid: str, secret: str) -> dict[str, str]:
        """What the tracker would send with the body `raw`."""


@contextmanager
def demo_recording() -> Iterator[Recording]:
    """Open the shipped recording; its entries can be read while the context is open."""
    packed = files("integrations.sandbox").joinpath("data", "demo.jsonl.gz")
    with packed.open("rb") as raw, gzip.GzipFile(fileobj=raw) as unpacked:
        yield read(io.TextIOWrapper(unpacked, encoding="utf-8"))


class DemoProject:
    """A recorded repository as a source of webhooks."""

    speaks = "github"

    def __init__(
        self,
        tracker: SandboxTracker,
        recording: Callable[[], AbstractContextManager[Recording]] = demo_recording,
        name: str = "demo",
    ) -> None:
        self._tracker, self._recording, self.name = tracker, recording, name

    def project(self) -> ProjectSeen:
        """The recorded project, under the name it has here."""
        with self._recording() as recording:
            repository = next(replay(recording)).payload["repository"]
        return ProjectSeen(
            native_id=str(repository["id"]),
            key=repository["full_name"],
            url=repository["html_url"],
            public=not repository["private"],
        )

    def hooks(self) -> Iterator[Webhook]:
        with self._recording() as recording:
            yield from replay(recording)

    def shown(self, hook: Webhook) -> Payload:
        return self._tracker.observe(hook).payload

    def line_of(self, hook: Webhook) -> int:
        return line_of(hook)

    def headers(self, hook: Webhook, raw: bytes, *, guid: str, secret: str) -> dict[str, str]:
        return {
            "X-GitHub-Event": hook.event,
            "X-GitHub-Delivery": guid,
            "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest(),
        }


class DemoJira:
    """The Jira of the demo's programme as a source of webhooks."""

    name, speaks = "jira", "jira"

    def __init__(self, tracker: SandboxTracker) -> None:
        self._tracker = tracker

    def projects(self) -> list[ProjectSeen]:
        """Its projects."""
        return [
            ProjectSeen(
                native_id=jira_shapes.project(key, name)["id"],
                key=key,
                url=f"{jira_shapes.BASE}/browse/{key}",
                public=False,
            )
            for key, name in programme.JIRA_PROJECTS
        ]

    def hooks(self) -> Iterator[Webhook]:
        return iter(programme.jira().hooks)

    def shown(self, hook: Webhook) -> Payload:
        return self._tracker.observe(hook).payload

    def line_of(self, hook: Webhook) -> int:
        """All in one: sprints and issues tell of each other."""
        return 0

    def headers(self, hook: Webhook, raw: bytes, *, guid: str, secret: str) -> dict[str, str]:
        return {
            "X-Atlassian-Webhook-Identifier": guid,
            "X-Hub-Signature": jira_signing.signature(raw, secret),
        }


def shop(tracker: SandboxTracker) -> DemoProject:
    """The repository of the demo's programme."""
    return DemoProject(tracker, programme.repository, "shop")


def line_of(hook: Webhook) -> int:
    """The number of the item a webhook is about, 0 for others."""
    subject = hook.payload.get("issue") or hook.payload.get("pull_request") or {}
    return int(subject.get("number", 0))
