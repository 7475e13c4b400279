"""One comment looked at: what GitHub says of it in REST and in GraphQL, as decoding reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from integrations.errors import PermanentError, TransientError
from integrations.github.auth import Connection, MemoryTokenCache
from integrations.github.comments import look_at
from integrations.github.decode.events import decode
from integrations.github.http import graphql_address
from integrations.ports import HISTORY, Credentials
from tests.hub import Hub

COMMENT = {"id": 5, "node_id": "IC_5", "body": "Ours.", "user": {"id": 9, "login": "plumb"}, "html_url": "https://x"}
COMMENT |= {"updated_at": "2026-03-02T09:00:00Z"}
AT = datetime(2026, 3, 3, 9, tzinfo=UTC)


class Answers(Connection):
    """A connection that gives what it was told, call by call, and notes the calls."""

    def __init__(self, *answers: Any, url: str = "https://api.github.com") -> None:
        super().__init__(Credentials(base_url=url, token="good"), MemoryTokenCache())
        self.left = list(answers)
        self.asked: list[tuple[str, str]] = []

    def call(self, verb: str, path: str, *, query: Any = None, body: Any = None) -> Any:
        self.asked.append((verb, path))
        answer = self.left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(data=answer)


def node(hidden: bool | None) -> dict[str, Any]:
    return {"data": {"node": None if hidden is None else {"isMinimized": hidden}}}


@pytest.mark.parametrize(
    ("answers", "minimized"),
    [
        ((COMMENT, node(True)), True),
        ((COMMENT, node(False)), False),
        ((COMMENT, node(None)), None),
        ((COMMENT, {"errors": [{"type": "RATE_LIMITED"}]}), None),
        ((COMMENT, ["odd"]), None),
        ((COMMENT, PermanentError("gone", "no GraphQL here")), None),
        ((COMMENT, PermanentError("invalid", "unknown type Minimizable")), None),
        ((COMMENT | {"node_id": None},), None),
        ((COMMENT | {"minimized": {"reason": "spam"}},), True),
        ((COMMENT | {"minimized": None},), False),
    ],
)
def test_whether_it_is_hidden_is_asked_once_and_left_unsaid_where_nobody_says(answers: Any, minimized: Any) -> None:
    connection = Answers(*answers)
    assert look_at(connection, "acme/shop", "5")["minimized"] is minimized
    assert connection.asked[0] == ("GET", "/repos/acme/shop/issues/comments/5")
    assert connection.left == []


def test_one_that_is_gone_is_told_and_troubles_are_raised() -> None:
    assert look_at(Answers(PermanentError("gone", "404")), "acme/shop", "5") == {"id": 5, "gone": True}
    for trouble in (PermanentError("unauthorised", "401"), TransientError("502")):
        with pytest.raises(type(trouble)):
            look_at(Answers(trouble), "acme/shop", "5")
        with pytest.raises(type(trouble)):
            look_at(Answers(COMMENT, trouble), "acme/shop", "5")
    with pytest.raises(PermanentError, match="no comment id"):
        look_at(Answers(), "acme/shop", "../../user")


@pytest.mark.parametrize(
    ("root", "address"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://git.example.org/api/v3", "https://git.example.org/api/graphql"),
    ],
)
def test_graphql_stands_beside_the_rest_root(root: str, address: str) -> None:
    assert graphql_address(root) == address
    connection = Answers(COMMENT, node(True), url=root)
    look_at(connection, "acme/shop", "5")
    assert connection.asked[1] == ("POST", address)


@pytest.mark.parametrize(
    ("comment", "events"),
    [
        ({"id": 5, "gone": True}, ["deleted"]),
        (COMMENT | {"minimized": None}, ["edited"]),
        (COMMENT | {"minimized": True}, ["edited", "minimized"]),
    ],
)
def test_it_is_decoded_as_what_webhooks_would_have_told_by_nobody(comment: Any, events: list[str]) -> None:
    hub = Hub()
    hub.issue(7, at=AT)
    payload = {"repository": hub.repository, "asked_at": "2026-03-03T09:00:00Z", "issue": hub.items[7], "timeline": []}
    found = decode(HISTORY, payload | {"comment": comment}, AT).comments
    assert [(one.event, one.native_id, one.actor) for one in found] == [(event, "5", None) for event in events]
