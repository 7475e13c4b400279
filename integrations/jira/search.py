"""Searching a Jira: queries in JQL, and walking their pages, which Cloud names by tokens and Data Center by numbers.

JQL knows whole minutes only, in the time zone of the account that asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from integrations import read
from integrations.errors import BadPayload, TransientError
from integrations.jira.access import data_of
from integrations.jira.auth import Connection
from integrations.jira.http import PER_PAGE
from integrations.readings import Payload
from integrations.wire import Answer

FARTHEST = timedelta(hours=14)
"""How far from UTC any time zone is."""


def jql(project: str, *, since: datetime | None = None, zone: str = "") -> str:
    """The issues of a project changed from about an instant on (never later than it), the longest unchanged first."""
    after = "" if since is None else f' AND updated >= "{minute(since, zone)}"'
    return f'project = "{project}"{after} ORDER BY updated ASC, key ASC'


def minute(at: datetime, zone: str) -> str:
    """The instant as JQL takes it, or somewhat before where the zone is unknown or its clocks are being changed."""
    try:
        there = ZoneInfo(zone or "?")
    except (KeyError, ValueError, OSError):
        return f"{at.astimezone(UTC) - FARTHEST:%Y-%m-%d %H:%M}"
    local = at.astimezone(there)
    # In the hours around a change of clocks a local time may be meant twice, or not at all.
    offsets = {(at + timedelta(hours=hours)).astimezone(there).utcoffset() for hours in (-3, 0, 3)}
    back = timedelta(0) if len(offsets) == 1 else timedelta(hours=6)
    return f"{(at - back).astimezone(there) if back else local:%Y-%m-%d %H:%M}"


def count(connection: Connection, query: str) -> int | None:
    """How many issues match (one call); None where Jira does not say."""
    bare = query.partition(" ORDER BY ")[0]
    if connection.cloud:
        found = data_of(connection.call("POST", "/search/approximate-count", body={"jql": bare})).get("count")
    else:
        found = data_of(connection.call("GET", "/search", query={"jql": bare, "maxResults": 0})).get("total")
    return found if type(found) is int else None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of issues, as Jira gave them. `more`: another page follows."""

    issues: tuple[Payload, ...]
    more: bool
    answer: Answer


@dataclass(slots=True)
class Walk:
    """The pages of one query, without what did not change since `since`. A page is empty only where nothing follows.

    Where pages begin is learnt as they are read: a page farther on costs the calls up to it.
    """

    connection: Connection
    query: str
    since: datetime | None
    _starts: dict[int, Any] = field(default_factory=lambda: {1: None})

    def page(self, number: int) -> Page:
        """The page of that number (from 1), one call for each page not walked over yet."""
        place = max(one for one in self._starts if one <= number)
        while True:
            found, after = self._ask(self._starts[place])
            if not found.more or found.issues:
                if found.more:
                    self._starts[place + 1] = after
                if place == number:
                    return found
                if not found.more:
                    return Page((), more=False, answer=found.answer)
                place += 1
            else:  # all of it was before `since`
                self._starts[place] = after

    def _ask(self, start: Any) -> tuple[Page, Any]:
        """One page and where the next begins."""
        query: dict[str, Any] = {"jql": self.query, "maxResults": PER_PAGE}
        if self.connection.cloud:
            query["fields"] = "*all"
            if start is not None:
                query["nextPageToken"] = start
            answer = self.connection.call("GET", "/search/jql", query=query)
            after = data_of(answer).get("nextPageToken")
            more = isinstance(after, str) and data_of(answer).get("isLast") is not True
        else:
            query |= {"fields": "updated", "startAt": start or 0}
            answer = self.connection.call("GET", "/search", query=query)
            total = data_of(answer).get("total")
            after = (start or 0) + len(_issues(answer))
            more = bool(_issues(answer)) and isinstance(total, int) and after < total
        some = tuple(one for one in _issues(answer) if self._is_new(one))
        return Page(some, more, answer), after

    def _is_new(self, issue: Payload) -> bool:
        if self.since is None:
            return True
        try:
            return read.instant(read.obj(issue, "fields", "issue"), "updated", "issue.fields") >= self.since
        except BadPayload as error:
            raise TransientError(f"Jira's answer is not as expected: {error}") from error


def _issues(answer: Answer) -> list[Payload]:
    found = data_of(answer).get("issues")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise TransientError("Jira's answer holds no list of issues")
    return found
