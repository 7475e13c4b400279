"""The `History` port on GitHub: the past, page by page, as raw answers that decoding reads like webhooks.

One call a page of 100. A rate limit is told (`TransientError`, `limited`, with the seconds to wait), never waited for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from integrations import read
from integrations.errors import PermanentError, TransientError
from integrations.github.auth import Connection
from integrations.github.client import elsewhere, repo_path, repository, understood
from integrations.github.comments import look_at
from integrations.github.decode import item, parts, past
from integrations.github.http import PER_PAGE
from integrations.github.lost import Deliveries
from integrations.ports import ChangedItem, ChangedPage, LostDelivery, MilestonesTold, Told
from integrations.readings import Payload, ProjectSeen
from integrations.wire import Answer, http_date
from rules.facts import Kind

_LAST = re.compile(r"<([^>]*)>;\s*rel=\"last\"")
_MILESTONED = frozenset({"milestoned", "demilestoned"})
_REPOSITORY = ("id", "full_name", "html_url", "private", "archived")


@dataclass(slots=True)
class GitHubHistory:
    """One connection. Not for several threads at once."""

    connection: Connection
    _repositories: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _titles: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """Requests sent to GitHub so far."""
        return self.connection.tally.sent

    def project(self, native_id: str, key: str) -> ProjectSeen:
        """See the port. A name that leads to another repository by now is not followed: the id decides."""
        try:
            found = repository(self._get(repo_path(key)).data).project
            if found.native_id == native_id:
                return found
        except PermanentError as error:
            if error.code not in ("gone", "moved"):
                raise
        return repository(self._get(f"/repositories/{native_id}").data).project

    def count(self, project: str) -> int | None:
        """See the port (one call)."""
        answer = self._get(f"{repo_path(project)}/issues", {"state": "all", "per_page": 1})
        last = _LAST.search(str(answer.headers.get("link", "")))
        if last is not None:
            page = parse_qs(urlsplit(last[1]).query).get("page", [""])[0]
            return int(page) if page.isdigit() else None
        return len(answer.data) if isinstance(answer.data, list) else None

    def changed(self, project: str, *, since: datetime | None, page: int) -> ChangedPage:
        """See the port (one call, and once the repository)."""
        query: dict[str, Any] = {"state": "all", "sort": "updated", "direction": "asc"}
        query |= {"per_page": PER_PAGE, "page": page}
        if since is not None:
            query["since"] = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        seen = parts.project(self._repository(project))
        answer = self._get(f"{repo_path(project)}/issues", query)
        entries = _list(answer)
        asked_at = _asked_at(answer)
        items = understood(lambda: tuple(_changed(data, seen, asked_at, place) for place, data in enumerate(entries)))
        link = answer.headers.get("link")
        more = len(entries) >= PER_PAGE and (link is None or 'rel="next"' in link)
        return ChangedPage(items, more, asked_at)

    def item(
        self,
        project: str,
        number: int | str,
        *,
        known: ChangedItem | None,
        since: datetime | None,
        why: str,
        comment: str | None = None,
    ) -> Told:
        """See the port: the issue (unless `known`), its timeline, and for a pull request itself, its reviews and their
        comments where it has any, and while it is open its checks. Payloads here always tell the number.
        """
        number = int(number)
        asked_at, issue = (known.asked_at, known.raw) if known is not None else (None, None)
        if issue is None or asked_at is None:
            try:
                answer = self._get(f"{repo_path(project)}/issues/{number}")
            except PermanentError as error:
                return self._gone(project, number, error, why)
            asked_at, issue = _asked_at(answer), _object(answer)
            if (there := elsewhere(issue, project)) is not None:
                return self._moved(project, number, issue, there, asked_at, why)
        payload = self._payload(project, asked_at, why, since)
        payload["issue"] = issue
        payload["timeline"] = self._pages(f"{repo_path(project)}/issues/{number}/timeline", missing=True)
        if issue.get("pull_request") is not None:
            payload |= self._pull(project, number, payload["timeline"])
        if any(isinstance(one, dict) and one.get("event") in _MILESTONED for one in payload["timeline"]):
            if project not in self._titles:
                self.milestones(project, why=why)
            payload["titles"] = self._titles[project]
        if comment is not None:
            payload["comment"] = look_at(self.connection, project, comment)
        shown = payload.get("pull_request", issue)
        return Told(f"#{number}", f"{number}:{shown.get('updated_at')}", payload)

    def milestones(self, project: str, *, why: str) -> MilestonesTold:
        """See the port."""
        path = f"{repo_path(project)}/milestones"
        answer = self._get(path, {"state": "all", "per_page": PER_PAGE, "page": 1})
        listed = _list(answer)
        if len(listed) >= PER_PAGE:
            listed = [*listed, *self._pages(path, {"state": "all"}, first=2)]
        payload = self._payload(project, _asked_at(answer), why, None)
        payload["milestones"] = listed
        reading = understood(lambda: past.history(payload, _asked_at(answer)))
        self._titles[project] = {one.title: one.native_id for one in reading.milestones}
        newest = max((one.as_of.isoformat() for one in reading.milestones if one.as_of is not None), default="")
        told = Told("milestones", f"milestones:{len(listed)}:{newest}", payload)
        return MilestonesTold(reading.milestones, told)

    def lost_deliveries(self, project: str, *, to: str, since: datetime) -> tuple[LostDelivery, ...]:
        """See the port."""
        native_id = str(self._repository(project)["id"])
        return Deliveries(self.connection).lost(repo_path(project), native_id, to=to, since=since)

    def redeliver(self, project: str, handle: str) -> None:
        """See the port (one call)."""
        Deliveries(self.connection).redeliver(repo_path(project), handle)

    def close(self) -> None:
        """Close the connections."""
        self.connection.close()

    # --- parts of an item

    def _pull(self, project: str, number: int, timeline: list[Any]) -> dict[str, Any]:
        path = f"{repo_path(project)}/pulls/{number}"
        answer = self._get(path)
        pull = _object(answer)
        found: dict[str, Any] = {"pull_request": pull, "asked_at": _stamp(_asked_at(answer))}
        if any(isinstance(one, dict) and one.get("event") == "reviewed" for one in timeline) or not timeline:
            found["reviews"] = self._pages(f"{path}/reviews")
        if pull.get("review_comments") != 0:
            found["review_comments"] = self._pages(f"{path}/comments")
        sha = read.soft_obj(pull, "head").get("sha")
        if pull.get("state") == "open" and isinstance(sha, str):
            commit = f"{repo_path(project)}/commits/{sha}"
            found["check_runs"] = self._pages(f"{commit}/check-runs", key="check_runs", missing=True)
            found["statuses"] = self._pages(f"{commit}/status", key="statuses", missing=True)
        return found

    def _gone(self, project: str, number: int, error: PermanentError, why: str) -> Told:
        """An item that cannot be found in a repository that can."""
        if error.code != "gone":
            raise error
        answer = self._get(repo_path(project))
        payload = self._payload(project, _asked_at(answer), why, None)
        payload["gone"] = {"number": number, "kind": None, "moved_to": None}
        return Told(f"#{number}", f"{number}:gone", payload)

    def _moved(
        self, project: str, number: int, issue: Mapping[str, Any], there: str, asked_at: datetime, why: str
    ) -> Told:
        home = repository(self._get(repo_path(there)).data).project
        to = understood(lambda: item.native_id(home.native_id, read.whole(issue, "number", "issue")))
        kind = Kind.ISSUE if issue.get("pull_request") is None else Kind.PULL_REQUEST
        payload = self._payload(project, asked_at, why, None)
        payload["gone"] = {"number": number, "kind": kind.value, "moved_to": to}
        return Told(f"#{number}", f"{number}:moved", payload)

    def _payload(self, project: str, asked_at: datetime, why: str, since: datetime | None) -> dict[str, Any]:
        payload = {"action": why, "asked_at": _stamp(asked_at), "repository": self._repository(project)}
        return payload if since is None else {**payload, "since": _stamp(since)}

    def _repository(self, project: str) -> Mapping[str, Any]:
        """What decoding needs of the repository; asked for once."""
        if project not in self._repositories:
            data = _object(self._get(repo_path(project)))
            owner = read.soft_obj(data, "owner").get("login")
            self._repositories[project] = {key: data.get(key) for key in _REPOSITORY} | {"owner": {"login": owner}}
        return self._repositories[project]

    # --- calls

    def _get(self, path: str, query: Mapping[str, Any] | None = None) -> Answer:
        return self.connection.call("GET", path, query=query)

    def _pages(
        self,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        first: int = 1,
        missing: bool = False,
    ) -> list[Any]:
        """All entries of a list. `missing`: one that this GitHub does not have, or not for us, is empty."""
        try:
            return list(self._entries(path, query or {}, key, first))
        except PermanentError as error:
            if not missing or error.code not in ("gone", "forbidden", "invalid"):
                raise
            return []

    def _entries(self, path: str, query: Mapping[str, Any], key: str | None, page: int) -> Iterator[Any]:
        while True:
            answer = self._get(path, {**query, "per_page": PER_PAGE, "page": page})
            entries = _list(answer, key)
            yield from entries
            link = answer.headers.get("link")
            if len(entries) < PER_PAGE or (link is not None and 'rel="next"' not in link):
                return
            page += 1


def _changed(data: object, project: ProjectSeen, asked_at: datetime, place: int) -> ChangedItem:
    seen = past.changed(data, project, f"issues.{place}")
    raw: Payload = data if isinstance(data, dict) else {}
    as_of = seen.as_of or read.instant(raw, "created_at", f"issues.{place}")
    return ChangedItem(seen.native_id, seen.number, seen.key, as_of, asked_at, raw)


def _list(answer: Answer, key: str | None = None) -> list[Any]:
    data = answer.data.get(key) if key is not None and isinstance(answer.data, dict) else answer.data
    if not isinstance(data, list):
        raise TransientError("GitHub's answer is not a list")
    return data


def _object(answer: Answer) -> Mapping[str, Any]:
    if not isinstance(answer.data, dict):
        raise TransientError("GitHub's answer is not an object")
    return answer.data


def _asked_at(answer: Answer) -> datetime:
    """When GitHub answered, by its own clock."""
    at = http_date(answer.headers.get("date"))
    if at is None:
        raise TransientError("GitHub's answer bears no date")
    return at


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
