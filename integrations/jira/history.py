"""The `History` port on Jira: the past, page by page, as raw answers that decoding reads like webhooks.

One call a page of 100. A rate limit is told (`TransientError`, `limited`, with the seconds to wait), never waited for.
Cloud gives a changelog by pages beside the issue, Data Center whole within it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from integrations import read
from integrations.errors import PermanentError, TransientError
from integrations.jira import search
from integrations.jira.access import data_of, list_of
from integrations.jira.auth import Connection
from integrations.jira.decode import events, parts
from integrations.ports import HISTORY, ChangedItem, ChangedPage, LostDelivery, MilestonesTold, Told
from integrations.readings import Payload, ProjectSeen
from integrations.wire import Answer, as_said, http_date

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,254}\Z")
_NATIVE = re.compile(r"\d{1,19}\Z")
_PROJECT = ("self", "id", "key", "name", "projectTypeKey", "archived")
T = TypeVar("T")


understood = partial(as_said, "Jira")


def project_path(project: str) -> str:
    """The path of a project, for its key. Raises `PermanentError` where it is no such key."""
    if _KEY.match(project) is None:
        raise PermanentError("gone", f"{project!r} is no project: expected a key such as PAY")
    return f"/project/{project}"


def issue_path(project: str, number: int | str) -> str:
    """The path of an issue: by its key, or by its id where the number is text."""
    project_path(project)
    if isinstance(number, str):
        if _NATIVE.match(number) is None:
            raise PermanentError("gone", f"{number!r} is no issue's id: expected digits")
        return f"/issue/{number}"
    return f"/issue/{project}-{int(number)}"


@dataclass(slots=True)
class JiraHistory:
    """One connection. Not for several threads at once."""

    connection: Connection
    _projects: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _walks: dict[tuple[str, datetime | None], search.Walk] = field(default_factory=dict)
    _zone: str | None = None

    @property
    def calls(self) -> int:
        """Requests sent to Jira so far."""
        return self.connection.tally.sent

    def project(self, native_id: str, key: str) -> ProjectSeen:
        """See the port (two calls: Jira tells only who asks without an account that everybody may read it). Old keys
        lead to the project: the id decides.
        """
        if _NATIVE.match(native_id) is None:
            raise PermanentError("invalid", f"{native_id!r} is no project id: expected digits")
        path = f"/project/{native_id}"
        data = data_of(self.connection.call("GET", path))
        seen = understood(lambda: parts.project(data, "project", self.connection.base_url))
        return replace(seen, public=self.connection.transport().open_to_all(path))

    def count(self, project: str) -> int | None:
        """See the port (one call). On Cloud it is an estimate."""
        project_path(project)
        return search.count(self.connection, search.jql(project))

    def changed(self, project: str, *, since: datetime | None, page: int) -> ChangedPage:
        """See the port (one call, and once our account's time zone).

        Jira compares whole minutes: what it lists from before `since` is left out, which may cost calls. So does a
        page that was not reached over this connection yet: on Cloud each is known only from the one before it.
        """
        project_path(project)
        if since is not None and self._zone is None:
            self._zone = str(data_of(self.connection.call("GET", "/myself")).get("timeZone") or "")
        walk = self._walks.get((project, since))
        if walk is None:
            query = search.jql(project, since=since, zone=self._zone or "")
            walk = self._walks[project, since] = search.Walk(self.connection, query, since)
        found = walk.page(page)
        asked_at = _asked_at(found.answer)
        items = understood(lambda: tuple(_changed(one, asked_at, n) for n, one in enumerate(found.issues)))
        return ChangedPage(items, found.more, asked_at)

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
        """See the port: the issue (unless `known`), its changelog, and comments and worklogs that came not whole. All
        comments come with it, so that looking at one costs no call.
        """
        try:
            issue, asked_at = self._issue(project, number, known)
            moved = None if isinstance(number, str) else self._moved(project, number, issue, asked_at)
            return moved or self._whole(issue, asked_at, since, why, comment)
        except PermanentError as error:
            return self._gone(project, number, known, error)

    def milestones(self, project: str, *, why: str) -> MilestonesTold:
        """See the port: versions (one call), and the sprints of the project's boards (one call per 50 boards, and one
        per board and 50 sprints). A board of no sprints, or that we may not see, has none.
        """
        answer = self.connection.call("GET", f"{project_path(project)}/versions")
        asked_at = _asked_at(answer)
        payload = _told("milestones", asked_at, why)
        payload |= {"project": self._project(project), "versions": list_of(answer), "sprints": self._sprints(project)}
        reading = understood(lambda: events.decode(HISTORY, payload, asked_at, self.connection.credentials.site))
        version = f"milestones:{len(reading.milestones)}:{asked_at.isoformat()}"
        return MilestonesTold(reading.milestones, Told("milestones", version, payload))

    def lost_deliveries(self, project: str, *, to: str, since: datetime) -> tuple[LostDelivery, ...]:
        """None (no call): Jira tries again by itself and keeps no list of what failed."""
        return ()

    def redeliver(self, project: str, handle: str) -> None:
        """Jira sends nothing again when asked."""
        raise PermanentError("invalid", "Jira cannot be asked to send a webhook again")

    def close(self) -> None:
        """Close the connections."""
        self.connection.close()

    # --- parts of an item

    def _issue(self, project: str, number: int | str, known: ChangedItem | None) -> tuple[Payload, datetime]:
        """The issue and when it was so. Cloud's list gives it whole but for its changelog."""
        if known is not None and self.connection.cloud:
            return known.raw, known.asked_at
        query = {"fields": "*all"} if self.connection.cloud else {"fields": "*all", "expand": "changelog"}
        answer = self.connection.call("GET", issue_path(project, number), query=query)
        return data_of(answer), _asked_at(answer)

    def _whole(self, issue: Payload, asked_at: datetime, since: datetime | None, why: str, comment: str | None) -> Told:
        native_id, key = _identity(issue)
        fields, root = read.soft_obj(issue, "fields"), f"/issue/{key}"
        payload = _told("issue", asked_at, why) | {"since": None if since is None else since.isoformat()}
        payload["histories"] = self._histories(issue, root)
        for section, name in (("comments", "comment"), ("worklogs", "worklog")):
            payload[section] = self._section(read.soft_obj(fields, name), f"{root}/{name}", section)
        if comment is not None:
            payload["comment"] = comment
        # What is told beside it need not be told twice.
        shown = {name: value for name, value in fields.items() if name not in ("comment", "worklog")}
        payload["issue"] = {name: issue[name] for name in ("id", "self", "key") if name in issue} | {"fields": shown}
        return Told(key, f"{native_id}:{fields.get('updated')}", payload)

    def _moved(self, project: str, number: int, issue: Payload, asked_at: datetime) -> Told | None:
        """An old key leads to the issue wherever it is now."""
        native_id, key = _identity(issue)
        home = read.soft_obj(read.soft_obj(issue, "fields"), "project").get("key")
        if not isinstance(home, str) or home.casefold() == project.casefold():
            return None
        old = f"{project}-{number}"
        payload = _told("gone", asked_at, "moved") | {"id": native_id, "key": old, "moved_to": key}
        return Told(old, f"{native_id}:moved:{key}", payload)

    def _histories(self, issue: Payload, root: str) -> list[Any]:
        """The whole changelog, however it comes."""
        if self.connection.cloud:
            return list(self.connection.transport().pages(f"{root}/changelog", key="values"))
        log = read.soft_obj(issue, "changelog")
        found, total = log.get("histories"), log.get("total")
        if not isinstance(found, list) or (isinstance(total, int) and total > len(found)):
            raise TransientError(f"Jira's answer to {root} holds not the whole changelog")
        return found

    def _section(self, shown: Payload, path: str, key: str) -> list[Any]:
        """Comments or worklogs: as the issue shows them where it shows all, else read (one call per 100)."""
        found, total = shown.get(key), shown.get("total")
        if isinstance(found, list) and isinstance(total, int) and len(found) >= total:
            return found
        return list(self.connection.transport().pages(path, key=key))

    def _gone(self, project: str, number: int | str, known: ChangedItem | None, error: PermanentError) -> Told:
        """An issue that cannot be found in a project that can. One of which only the id was known has no key."""
        if error.code != "gone":
            raise error
        key = f"{project}-{number}" if isinstance(number, int) else f"{project}-0"
        asked_at = _asked_at(self.connection.call("GET", project_path(project)))
        native_id = number if isinstance(number, str) else None if known is None else known.native_id
        payload = _told("gone", asked_at, "gone") | {"id": native_id, "key": key, "moved_to": None}
        return Told(key, f"{native_id or key}:gone", payload)

    def _sprints(self, project: str) -> list[Any]:
        pages = self.connection.transport().pages
        try:
            boards = list(pages("/rest/agile/1.0/board", key="values", query={"projectKeyOrId": project}))
        except PermanentError as error:
            if error.code not in ("gone", "forbidden"):
                raise
            return []  # a Jira without boards
        found: dict[object, Any] = {}
        for board in boards:
            native_id = understood(partial(read.ident, board, "id", "board"))
            try:
                for sprint in pages(f"/rest/agile/1.0/board/{native_id}/sprint", key="values"):
                    found[sprint.get("id")] = sprint
            except PermanentError as error:
                if error.code not in ("gone", "forbidden", "invalid"):
                    raise
        return list(found.values())

    def _project(self, project: str) -> Mapping[str, Any]:
        """What decoding needs of the project; asked for once."""
        if project not in self._projects:
            data = data_of(self.connection.call("GET", project_path(project)))
            self._projects[project] = {name: data[name] for name in _PROJECT if name in data}
        return self._projects[project]


def _identity(issue: Payload) -> tuple[str, str]:
    return understood(lambda: (read.ident(issue, "id", "issue"), read.text(issue, "key", "issue")))


def _told(what: str, asked_at: datetime, why: str) -> dict[str, Any]:
    return {"told": what, "why": why, "asked_at": asked_at.isoformat()}


def _changed(data: Payload, asked_at: datetime, place: int) -> ChangedItem:
    path = f"issues.{place}"
    key = read.text(data, "key", path)
    as_of = read.instant(read.obj(data, "fields", path), "updated", f"{path}.fields")
    return ChangedItem(read.ident(data, "id", path), parts.number_of(key, path), key, as_of, asked_at, data)


def _asked_at(answer: Answer) -> datetime:
    """When Jira answered, by its own clock."""
    at = http_date(answer.headers.get("date"))
    if at is None:
        raise TransientError("Jira's answer bears no date")
    return at
