"""Payloads for decoding tests: recorded ones where they are installed, and small ones made here."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from typing import Any

from tests.support import installed_package, shared

EXAMPLES = ("@octokit", "webhooks-examples", "api.github.com", "index.json")
RECEIVED = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
AT = "2026-11-24T09:30:00Z"
REPOSITORY = {
    "id": 77, "full_name": "acme/shop", "html_url": "https://github.com/acme/shop", "private": True,
    "owner": {"login": "acme", "id": 9},
}  # fmt: skip


@cache
def octokit() -> list[tuple[str, dict[str, Any]]]:
    """(event, payload) of @octokit/webhooks-examples; skips, saying so, where it is not installed."""
    found = installed_package(*EXAMPLES)
    return [(one["name"], payload) for one in json.loads(found.read_text()) for payload in one["examples"]]


@cache
def zulip() -> list[tuple[str, dict[str, Any]]]:
    """(event, payload) recorded by the zulip project; skips, saying so, where the shared data is absent."""
    found = sorted(shared("webhooks", "zulip-github").glob("*.json"))
    return [(one.stem.split("__")[0], json.loads(one.read_text())) for one in found]


def user(login: str = "ada", native_id: int = 1, kind: str = "User") -> dict[str, Any]:
    return {"login": login, "id": native_id, "type": kind}


def milestone(**more: Any) -> dict[str, Any]:
    base = {
        "id": 400, "number": 4, "title": "2.4", "state": "open", "html_url": "https://github.com/acme/shop/milestone/4",
        "created_at": AT, "updated_at": AT, "closed_at": None, "due_on": "2026-12-11T08:00:00Z",
    }  # fmt: skip
    return base | more


def issue(**more: Any) -> dict[str, Any]:
    base = {
        "id": 5012, "number": 12, "title": "Export as CSV", "body": "text", "state": "open", "locked": False,
        "html_url": "https://github.com/acme/shop/issues/12", "user": user(), "author_association": "MEMBER",
        "labels": [{"name": "bug"}], "assignees": [], "milestone": None, "created_at": "2026-11-01T08:00:00Z",
        "updated_at": AT, "closed_at": None,
    }  # fmt: skip
    return base | more


def pull(**more: Any) -> dict[str, Any]:
    base = issue(html_url="https://github.com/acme/shop/pull/12") | {
        "draft": False, "merged": False, "merged_at": None, "mergeable": None, "additions": 10, "deletions": 4,
        "changed_files": 2, "commits": 3, "auto_merge": None, "requested_reviewers": [], "requested_teams": [],
        "head": {"sha": "a" * 40, "ref": "csv", "repo": {"id": 77}}, "base": {"sha": "b" * 40, "ref": "main", "repo": {"id": 77}},
    }  # fmt: skip
    return base | more


def payload(action: str, **parts: Any) -> dict[str, Any]:
    """A delivery: by a member, in acme/shop."""
    return deepcopy({"action": action, "repository": REPOSITORY, "sender": user(), **parts})
