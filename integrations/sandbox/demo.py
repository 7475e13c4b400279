"""The recording that is shipped with the product: see `tools/make_demo.py` for what it is made of."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

from integrations.ports import ProjectSeen
from integrations.sandbox.payloads import Payload
from integrations.sandbox.recording import Recording, read
from integrations.sandbox.replay import Webhook, replay
from integrations.sandbox.tracker import SandboxTracker


@contextmanager
def demo_recording() -> Iterator[Recording]:
    """Open the shipped recording; its entries can be read while the context is open."""
    packed = files("integrations.sandbox").joinpath("data", "demo.jsonl.gz")
    with packed.open("rb") as raw, gzip.GzipFile(fileobj=raw) as unpacked:
        yield read(io.TextIOWrapper(unpacked, encoding="utf-8"))


class DemoProject:
    """The demo as a source of webhooks that know what was written to the sandbox meanwhile."""

    def __init__(self, tracker: SandboxTracker) -> None:
        self._tracker = tracker

    def project(self) -> ProjectSeen:
        """The recorded project, under the name it has here."""
        with demo_recording() as recording:
            repository = next(replay(recording)).payload["repository"]
        return ProjectSeen(
            native_id=str(repository["id"]), key=repository["full_name"], url=repository["html_url"], public=True
        )

    def hooks(self) -> Iterator[Webhook]:
        """The recording's webhooks in their order, as they were without us."""
        with demo_recording() as recording:
            yield from replay(recording)

    def shown(self, hook: Webhook) -> Payload:
        """The payload as it is sent: the sandbox learns of the item, and the item carries what was written to it. To be
        asked just before sending, for one item in the order of its webhooks.
        """
        return self._tracker.observe(hook).payload


def line_of(hook: Webhook) -> int:
    """The number of the item a webhook is about, 0 for others: hooks of one line keep their order."""
    subject = hook.payload.get("issue") or hook.payload.get("pull_request") or {}
    return int(subject.get("number", 0))
