"""Read and complete the item snapshot inside a webhook payload: an issue, or a pull request in either of its shapes."""

from typing import Any

from integrations.sandbox.payloads import Payload, number_of

# Identify the shape rather than the item's state: never carried from one shape to the other.
_OF_THE_SHAPE = frozenset({"id", "url", "node_id", "comments_url", "pull_request"})
_ISSUE_KEYS = (
    "html_url", "node_id", "number", "title", "user", "labels", "state", "locked", "assignee", "assignees", "milestone",
    "comments", "created_at", "updated_at", "closed_at", "author_association", "active_lock_reason", "body", "draft",
    "comments_url",
)  # fmt: skip


def item_in(payload: Payload) -> tuple[str, Payload] | None:
    """(`issue` or `pull_request`, the snapshot) of a webhook payload, or None where it is about no item."""
    for key in ("pull_request", "issue"):
        if isinstance(payload.get(key), dict):
            return key, payload[key]
    return None


def merged(shape: Payload, newest: Payload) -> Payload:
    """`shape` brought up to `newest`, a later snapshot of the same item that may have the other shape."""
    later = {key: newest[key] for key in shape if key in newest and key not in _OF_THE_SHAPE}
    return shape | later


def as_issue(repository: str, pull: Payload) -> Payload:
    """The issue-shaped snapshot of a pull request of which only its own shape is known."""
    api = f"https://api.github.com/repos/{repository}"
    links = {key: pull.get(key) for key in ("url", "html_url", "diff_url", "patch_url", "merged_at")}
    issue: dict[str, Any] = {key: pull[key] for key in _ISSUE_KEYS if key in pull}
    return {
        "url": f"{api}/issues/{pull['number']}", "repository_url": api, "comments": 0, "state_reason": None, **issue,
        "id": number_of("issue", repository, pull["number"]), "pull_request": links,
    }  # fmt: skip
