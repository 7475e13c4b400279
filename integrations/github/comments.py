"""One comment as it is now: gone, in which words, and whether somebody hid it ("minimised" it, in GitHub's word).

No webhook tells of hiding, and GitHub's documented REST answers do not either: its GraphQL does. A server that has no
GraphQL, or does not know the question, leaves it unsaid.
"""

from __future__ import annotations

from typing import Any

from integrations import read
from integrations.errors import PermanentError, TransientError
from integrations.github.auth import Connection
from integrations.github.client import repo_path
from integrations.github.http import api_root, graphql_address

HIDDEN = "query($id: ID!) { node(id: $id) { ... on Minimizable { isMinimized } } }"


def look_at(connection: Connection, project: str, native_id: str) -> dict[str, Any]:
    """What decoding needs of the comment: `id` and `gone`, or `id`, `body`, `user`, `html_url`, `updated_at` and
    `minimized` (None: not said). One call, and one more where REST does not say whether it is hidden.
    """
    if not native_id.isascii() or not native_id.isdigit():
        raise PermanentError("invalid", f"{native_id!r} is no comment id")
    try:
        data = connection.call("GET", f"{repo_path(project)}/issues/comments/{native_id}").data
    except PermanentError as error:
        if error.code != "gone":
            raise
        return {"id": int(native_id), "gone": True}
    if not isinstance(data, dict):
        raise TransientError("GitHub's answer is not an object")
    found = {key: data.get(key) for key in ("id", "body", "user", "html_url", "updated_at")}
    said = bool(data["minimized"]) if "minimized" in data else _is_hidden(connection, data.get("node_id"))
    return found | {"minimized": said}


def _is_hidden(connection: Connection, node_id: object) -> bool | None:
    if not isinstance(node_id, str):
        return None
    address = graphql_address(api_root(connection.credentials.base_url))
    try:
        answer = connection.call("POST", address, body={"query": HIDDEN, "variables": {"id": node_id}})
    except PermanentError as error:
        if error.code not in ("gone", "forbidden", "invalid"):
            raise
        return None
    found = read.soft_obj(answer.data, "data") if isinstance(answer.data, dict) else {}
    said = read.soft_obj(found, "node").get("isMinimized")
    return said if isinstance(said, bool) else None
