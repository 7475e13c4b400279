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
from integrations.jira.adapter import JiraAdapter
from integrations.ports import Client, Credentials
from integrations.readings import PersonSeen
from integrations.sandbox.adapter import SandboxClient
from integrations.sandbox.tracker import SandboxTracker
from tests.contract.emulate import emulate
from tests.contract.fake_github import fake_github
from tests.contract.fake_jira import FakeJira, fake_jira
from tests.contract.jira820 import jira820


class Rig(Protocol):
    """A tracker under test: a client on it, and a second way in to prepare and to read back."""

    name: str
    project: str
    client: Client
    login: str
    nowhere: str
    """A project that does not exist."""
    create_calls: int
    """Requests that one comment takes."""

    def body(self, words: str, marker: str) -> str:
        """A comment's text that carries the marker as this tracker's do."""

    def native_id(self, number: int) -> str: ...

    def new_issue(self, title: str, body: str) -> int: ...

    def labels(self, number: int) -> set[str]: ...

    def comments(self, number: int) -> list[str]: ...

    def comment_as_another(self, number: int, body: str) -> None: ...

    def calls(self) -> int:
        """Requests that the client has sent."""


class RigWithRights(Rig, Protocol):
    """One that knows who may triage and who may maintain. `right_calls`: requests that it takes to tell each."""

    right_calls: tuple[int, int, int]
    """Of one who may triage, one who may maintain and one who may read."""

    def allow(self, login: str, may: str) -> None:
        """Say what somebody may do in the project."""

    def person(self, login: str) -> PersonSeen:
        """Somebody as the tracker's payloads show them."""


class _Plain:
    """What trackers share whose comments are Markdown."""

    nowhere, create_calls, right_calls = "nobody/nothing", 1, (1, 1, 1)

    def body(self, words: str, marker: str) -> str:
        return f"{words}\n\n<!-- {marker} -->"

    def person(self, login: str) -> PersonSeen:
        return PersonSeen(login, login)


class GitHubRig(_Plain):
    """GitHub's REST API at `url`, read back with plain requests."""

    def __init__(self, name: str, url: str, project: str) -> None:
        self.name, self.url, self.project, self.login = name, url, project, "plumb"
        self._client = GitHubAdapter(timeout=5).client(Credentials(base_url=url, token="good"))
        self.client: Client = self._client

    def calls(self) -> int:
        return self._client.calls

    def native_id(self, number: int) -> str:
        return f"{self.client.get_project(self.project).project.native_id}/{number}"

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


class SandboxRig(_Plain):
    """The sandbox tracker in a file. It keeps labels and comments of items it was told of, and no items or projects of its own."""

    name, project, login = "sandbox", "acme/shop", "plumbline[bot]"

    def __init__(self, path: Path) -> None:
        self.tracker = SandboxTracker(path, clock=lambda: datetime(2026, 11, 24, tzinfo=UTC))
        self.login = self.tracker.login
        self.client: Client = SandboxClient(self.tracker)
        self._last = 0

    def calls(self) -> int:
        return len(self.tracker.calls())

    def native_id(self, number: int) -> str:
        raise NotImplementedError(NO_ITEMS)

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


class _Wiki:
    """What the Jiras share: comments in wiki markup, whose marker is a link's fragment."""

    nowhere = "NOWHERE"

    def body(self, words: str, marker: str) -> str:
        return f"{words}\n\n[Why this note?|https://plumb.acme.example/i/1#{marker}]"


class JiraRig(_Wiki):
    """The fake Jira, Cloud or Data Center; our account administers the project."""

    project, login, create_calls = "PAY", "plumb", 2

    def __init__(self, fake: FakeJira) -> None:
        self.fake, self.name = fake, f"jira-{fake.world.edition}"
        for name, user in fake.world.users.items():
            user["shown"] = name
        fake.world.allow("PAY", "plumb", "admin")
        self.right_calls = (3, 2, 1)
        self._client = JiraAdapter(timeout=5).client(jira_credentials(fake))
        self.client: Client = self._client

    def calls(self) -> int:
        return self._client.calls

    def native_id(self, number: int) -> str:
        return str(self.fake.world.find(f"PAY-{number}").id)

    def new_issue(self, title: str, body: str) -> int:
        return self.fake.world.add_issue("PAY", title, description=body).number

    def labels(self, number: int) -> set[str]:
        return set(self.fake.world.find(f"PAY-{number}").fields["labels"])

    def comments(self, number: int) -> list[str]:
        return [one["body"] for one in self.fake.world.find(f"PAY-{number}").comments]

    def comment_as_another(self, number: int, body: str) -> None:
        self.fake.world.comment(self.fake.world.find(f"PAY-{number}"), "ada", body)

    def allow(self, login: str, may: str) -> None:
        self.fake.world.allow("PAY", login, may)

    def person(self, login: str) -> PersonSeen:
        return self.fake.world.person(login)


class Jira820Rig(_Wiki):
    """jira820, a stand-in for Data Center written by others, read back with plain requests."""

    # It has no issue properties: the request for one is refused, and counts.
    name, project, login, create_calls = "jira820", "JIRA820", "admin", 2

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = JiraAdapter(timeout=5).client(Credentials(base_url=url, token="good"))
        self.client: Client = self._client

    def calls(self) -> int:
        return self._client.calls

    def native_id(self, number: int) -> str:
        return str(self._ask("GET", f"/issue/JIRA820-{number}")["id"])

    def new_issue(self, title: str, body: str) -> int:
        fields = {"project": {"key": "JIRA820"}, "summary": title, "description": body, "issuetype": {"name": "Task"}}
        return int(self._ask("POST", "/issue", {"fields": fields})["key"].rpartition("-")[2])

    def labels(self, number: int) -> set[str]:
        return set(self._ask("GET", f"/issue/JIRA820-{number}")["fields"]["labels"])

    def comments(self, number: int) -> list[str]:
        return [one["body"] for one in self._ask("GET", f"/issue/JIRA820-{number}/comment")["comments"]]

    def comment_as_another(self, number: int, body: str) -> None:
        raise NotImplementedError("jira820 has one user")

    def _ask(self, verb: str, path: str, body: object = None):
        answer = requests.request(verb, f"{self.url}/rest/api/2{path}", json=body, timeout=5)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def _jira_cloud(folder: Path) -> Iterator[Rig]:
    with fake_jira("cloud") as fake:
        yield JiraRig(fake)


@contextmanager
def _jira_datacenter(folder: Path) -> Iterator[Rig]:
    with fake_jira("datacenter") as fake:
        yield JiraRig(fake)


@contextmanager
def _jira820(folder: Path) -> Iterator[Rig]:
    with jira820(folder) as url:
        yield Jira820Rig(url)


@contextmanager
def _sandbox(folder: Path) -> Iterator[Rig]:
    yield SandboxRig(folder / "sandbox.db")


@contextmanager
def _fake(folder: Path) -> Iterator[Rig]:
    with fake_github() as fake:
        yield FakeRig(fake)


@contextmanager
def _emulate(folder: Path) -> Iterator[Rig]:
    with emulate(folder) as url:
        yield GitHubRig("emulate", url, "plumb/shop")


RIGS: dict[str, Callable[[Path], AbstractContextManager[Rig]]] = {
    "fake": _fake,
    "emulate": _emulate,
    "sandbox": _sandbox,
    "jira-cloud": _jira_cloud,
    "jira-datacenter": _jira_datacenter,
    "jira820": _jira820,
}
"""By name: a context manager from a scratch folder to a rig."""
WITH_RIGHTS = ("fake", "sandbox", "jira-cloud", "jira-datacenter")
"""Those of RIGS that are `RigWithRights`: emulate and jira820 know no triage and no maintain."""


@pytest.fixture(scope="module", params=sorted(RIGS))
def rig(request, tmp_path_factory) -> Iterator[Rig]:
    with RIGS[request.param](tmp_path_factory.mktemp(request.param)) as found:
        yield found
        found.client.close()


def jira_credentials(fake: FakeJira, **given) -> Credentials:
    """Those of our account on the fake."""
    account = fake.mail if fake.world.cloud else None
    return Credentials(**({"base_url": fake.url, "token": "good", "account": account} | given))


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


NO_LABEL_OBJECTS = "in Jira a label is there once an issue has it: there is none to make or to delete"
NOT_TOLD = {
    ("jira-cloud", "test_a_label_of_the_project_goes_and_a_second_time_is_fine"): NO_LABEL_OBJECTS,
    ("jira-datacenter", "test_a_label_of_the_project_goes_and_a_second_time_is_fine"): NO_LABEL_OBJECTS,
    ("jira820", "test_a_label_of_the_project_goes_and_a_second_time_is_fine"): NO_LABEL_OBJECTS,
    ("jira820", "test_a_check_says_who_we_are_and_that_we_may_read_and_write"): "it has no mypermissions",
    ("jira820", "test_a_project_that_does_not_exist_is_gone"): "it gives its one project under any key",
    (
        "jira820",
        "test_a_label_goes_on_and_off_with_one_call_each",
    ): "it answers 204 to update.labels and changes nothing",
    (
        "jira820",
        "test_a_whole_read_gives_the_item_as_a_webhook_would",
    ): "it knows issues by key only, and gives no worklogs",
    ("jira820", "test_a_comment_with_our_marker_by_somebody_else_is_not_ours"): "it has one user",
}
"""Tests of the contract that are not collected for a tracker, and why: what it is asked there does not exist."""


def pytest_collection_modifyitems(config, items) -> None:
    """Leave out what NOT_TOLD lists."""
    left_out = [one for one in items if (_rig_of(one), getattr(one, "originalname", "")) in NOT_TOLD]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [one for one in items if one not in left_out]


def _rig_of(item) -> str | None:
    return getattr(getattr(item, "callspec", None), "params", {}).get("rig")


@pytest.fixture(autouse=True)
def known_gap(request) -> None:
    """Expect the failure of what is listed in GAPS."""
    reason = GAPS.get((_rig_of(request.node), request.node.originalname))
    if reason is not None:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
