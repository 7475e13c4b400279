"""Webhooks that GitHub could not deliver: it never tries again by itself, so we look, and ask for them once more.

A token sees the deliveries of a repository's webhook where it may administer webhooks; an App sees its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from integrations import read
from integrations.errors import PermanentError, TransientError
from integrations.github.auth import Connection
from integrations.github.http import PER_PAGE
from integrations.ports import LostDelivery
from integrations.wire import Answer

PAGES = 20
"""At most so many pages of 100 deliveries are looked through."""


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The deliveries of one connection's webhooks."""

    connection: Connection

    def lost(self, repo: str, native_id: str, *, to: str, since: datetime) -> tuple[LostDelivery, ...]:
        """Those that failed and did not succeed later, the oldest first. `repo` is the repository's path."""
        found: dict[str, LostDelivery] = {}
        arrived: set[str] = set()
        for base in [""] if self.connection.is_app else self._hooks(repo, to):
            for data in self._listed(f"{base}/deliveries" if base else "/app/hook/deliveries"):
                at = read.instant(data, "delivered_at", "delivery")
                if at < since:
                    break
                guid = read.text(data, "guid", "delivery")
                if str(data.get("repository_id") or native_id) != native_id:
                    continue
                if 200 <= (read.opt_whole(data, "status_code", "delivery") or 0) < 300:
                    arrived.add(guid)
                elif guid not in found:
                    handle = f"{base}#{read.whole(data, 'id', 'delivery')}"
                    found[guid] = LostDelivery(guid, handle, at, read.opt_text(data, "event", "delivery") or "")
        return tuple(sorted((one for one in found.values() if one.guid not in arrived), key=lambda one: one.at))

    def redeliver(self, repo: str, handle: str) -> None:
        """Ask for one of `lost` again."""
        base, _, native_id = handle.rpartition("#")
        if not native_id.isdigit() or not (base == "" or base.startswith(f"{repo}/hooks/")):
            raise PermanentError("invalid", f"{handle!r} is no delivery of {repo}")
        if base:
            self.connection.call("POST", f"{base}/deliveries/{native_id}/attempts")
        else:
            self.connection.app().call("POST", f"/app/hook/deliveries/{native_id}/attempts")

    def _hooks(self, repo: str, to: str) -> list[str]:
        answer = self.connection.call("GET", f"{repo}/hooks", query={"per_page": PER_PAGE})
        paths = []
        for data in _entries(answer):
            url = read.soft_obj(data, "config").get("url")
            if type(url) is str and url.rstrip("/").endswith(to):
                paths.append(f"{repo}/hooks/{read.whole(data, 'id', 'hook')}")
        return paths

    def _listed(self, path: str) -> Iterator[Mapping[str, Any]]:
        """Deliveries, the newest first; pages are named by a cursor in the link."""
        query: dict[str, Any] = {"per_page": PER_PAGE}
        for _ in range(PAGES):
            if path.startswith("/app/"):
                answer = self.connection.app().call("GET", path, query=query)
            else:
                answer = self.connection.call("GET", path, query=query)
            yield from _entries(answer)
            cursor = _next_cursor(str(answer.headers.get("link", "")))
            if cursor is None:
                return
            query["cursor"] = cursor


def _entries(answer: Answer) -> list[Mapping[str, Any]]:
    if not isinstance(answer.data, list) or not all(isinstance(one, dict) for one in answer.data):
        raise TransientError("GitHub's answer is not a list of objects")
    return answer.data


def _next_cursor(link: str) -> str | None:
    for part in link.split(","):
        address, _, rel = part.partition(";")
        if 'rel="next"' in rel:
            return parse_qs(urlsplit(address.strip(" <>")).query).get("cursor", [None])[0]
    return None
