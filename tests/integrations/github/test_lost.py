"""Webhooks that could not be delivered: found and asked for again, of a repository's hook and of an App."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from integrations.errors import PermanentError
from integrations.github.lost import Deliveries

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
REPO = "/repos/acme/shop"
HERE = "https://plumb.example/webhooks/github/hub"


class FakeGitHub:
    """Answers what it was given for a path, page by page, and notes every call. Strict: another path is an error."""

    def __init__(self, pages: dict[str, list[Any]], *, is_app: bool = False) -> None:
        self.pages, self.is_app = pages, is_app
        self.calls: list[tuple[str, str, str]] = []

    def app(self) -> FakeGitHub:
        return FakeGitHubApp(self)

    def call(self, verb: str, path: str, *, query: Any = None, by: str = "installation") -> Any:
        self.calls.append((by, verb, path))
        if verb == "POST":
            return SimpleNamespace(data=None, headers={})
        number = int((query or {}).get("cursor", 0))
        found = self.pages[path]
        more = number + 1 < len(found)
        link = f'<https://api.example{path}?cursor={number + 1}>; rel="next"' if more else ""
        return SimpleNamespace(data=found[number], headers={"link": link})


class FakeGitHubApp(FakeGitHub):
    """The same, asked by the App itself instead of one of its installations."""

    def __init__(self, whole: FakeGitHub) -> None:
        self.whole = whole

    def call(self, verb: str, path: str, *, query: Any = None, by: str = "app") -> Any:
        return self.whole.call(verb, path, query=query, by=by)


def delivery(number: int, guid: str, *, day: int, status: int, repository: int | None = 7) -> dict[str, Any]:
    return {
        "id": number,
        "guid": guid,
        "delivered_at": f"2026-03-{day:02}T10:00:00Z",
        "status_code": status,
        "event": "issues",
        "repository_id": repository,
    }


def test_an_app_finds_what_it_lost_of_one_repository_and_asks_for_it_as_the_app() -> None:
    newest_first = [
        [
            delivery(9, "late", day=9, status=502),
            delivery(8, "twice", day=8, status=202),
            delivery(7, "other", day=7, status=502, repository=8),
        ],
        [delivery(6, "twice", day=6, status=502), delivery(5, "early", day=5, status=0)],
    ]
    hub = FakeGitHub({"/app/hook/deliveries": newest_first}, is_app=True)
    deliveries = Deliveries(hub)  # type: ignore[arg-type]
    lost = deliveries.lost(REPO, "7", to="/webhooks/github/hub", since=SINCE)
    assert [one.guid for one in lost] == ["early", "late"]
    for one in lost:
        deliveries.redeliver(REPO, one.handle)
    assert hub.calls == [
        ("app", "GET", "/app/hook/deliveries"),
        ("app", "GET", "/app/hook/deliveries"),
        ("app", "POST", "/app/hook/deliveries/5/attempts"),
        ("app", "POST", "/app/hook/deliveries/9/attempts"),
    ]


def test_a_token_looks_at_the_repositorys_own_hook_that_leads_here_and_no_further_back_than_asked() -> None:
    pages = {
        f"{REPO}/hooks": [[{"id": 3, "config": {"url": HERE}}, {"id": 4, "config": {"url": "https://ci.example"}}]],
        f"{REPO}/hooks/3/deliveries": [
            [
                delivery(2, "lost", day=2, status=500),
                {**delivery(1, "old", day=1, status=500), "delivered_at": "2026-02-01T00:00:00Z"},
            ],
            [delivery(0, "older", day=1, status=500)],
        ],
    }
    hub = FakeGitHub(pages)
    deliveries = Deliveries(hub)  # type: ignore[arg-type]
    (lost,) = deliveries.lost(REPO, "7", to="/webhooks/github/hub", since=SINCE)
    deliveries.redeliver(REPO, lost.handle)
    assert hub.calls[-1] == ("installation", "POST", f"{REPO}/hooks/3/deliveries/2/attempts")
    assert ("installation", "GET", f"{REPO}/hooks/4/deliveries") not in hub.calls
    assert len(hub.calls) == 3, "what is older than asked ends the look"


@pytest.mark.parametrize("handle", ["", "/repos/evil/shop/hooks/3#2", "#2; rm", f"{REPO}/hooks/3#x"])
def test_a_handle_of_somebody_else_is_refused(handle: str) -> None:
    with pytest.raises(PermanentError):
        Deliveries(FakeGitHub({})).redeliver(REPO, handle)  # type: ignore[arg-type]
