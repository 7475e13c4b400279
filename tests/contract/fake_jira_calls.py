"""Calls to the fake Jira: who asks, what is refused, how an answer is paged; and the routes, which their modules add."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.contract.fake_github import Failure
from tests.contract.fake_jira_world import Issue, Json, World

Answer = tuple[int, Any]
UNSEEN = "Issue does not exist or you do not have permission to see it."
NO_QUIET = "To discard the user notification either admin or project admin permissions are required."
LIMITS = ((20, 2.0), (100, 30.0))
"""Writes per issue, and in how many seconds."""


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, *said: str, errors: Json | None = None) -> None:
        self.answer: Answer = (status, {"errorMessages": list(said), "errors": errors or {}})


@dataclass
class FakeJira:
    """The site as it is served. `failures` are used up in order by calls whose "VERB path" contains their key."""

    world: World
    url: str = ""
    mail: str = "plumb@acme.example"
    token: str = "good"
    people: dict[str, str] = field(default_factory=lambda: {"good": "plumb", "ada": "ada"})
    """Whose each token is."""
    exchanges: list[Json] = field(default_factory=list)
    failures: list[tuple[str, Failure]] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    """What watchers were told of: "comment PAY-1"."""
    limited: bool = True
    retry_as_date: bool = False
    hooks: list[tuple[str, str]] = field(default_factory=list)
    told: list[tuple[int, Json]] = field(default_factory=list)
    """Webhooks delivered: the answer's status (0: none) and the payload."""
    settle: Callable[[], None] = lambda: None
    """Wait until every webhook was sent."""
    _writes: dict[int, list[float]] = field(default_factory=dict)
    _tokens: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def calls(self) -> list[tuple[str, str]]:
        return [(one["verb"], one["path"]) for one in self.exchanges]

    def sent(self, verb: str) -> int:
        return sum(1 for one, _ in self.calls if one == verb)

    def fail(self, key: str, failure: Failure, times: int = 1) -> None:
        self.failures += [(key, failure)] * times

    # --- who asks ---

    def caller(self, auth: str) -> str | Answer:
        """Whose call this is, or the answer to credentials that are wrong, or of the other edition."""
        scheme, _, rest = auth.partition(" ")
        refused = {"message": "Client must be authenticated to access this resource.", "status-code": 401}
        if self.world.cloud:
            if scheme == "Bearer":
                return 403, {"error": "Failed to parse Connect Session Auth Token"}
            try:
                mail, _, token = base64.b64decode(rest).decode().partition(":")
            except ValueError:
                return 401, refused
            return (
                self.people[token]
                if scheme == "Basic" and token in self.people and mail.endswith("@acme.example")
                else (401, refused)
            )
        if scheme == "Basic":
            return (
                401,
                "<html><head><title>Unauthorized (401)</title></head><body>Basic Authentication Failure</body></html>",
            )
        return self.people[rest] if scheme == "Bearer" and rest in self.people else (401, refused)

    # --- answers ---

    def answer(self, verb: str, path: str, query: dict[str, str], body: Any, auth: str) -> Answer:
        if re.fullmatch(r"/rest/api/[23]/serverInfo", path):  # anybody may ask
            return 200, self._server_info()
        strange = not auth and re.fullmatch(r"/rest/api/[23]/project/[^/]+", path)
        who = "anonymous" if strange else self.caller(auth)  # who may browse a project may do so without an account
        if not isinstance(who, str):
            return who
        for wanted, pattern, handle in ROUTES:
            found = re.fullmatch(pattern, path)
            if found is not None and verb == wanted:
                try:
                    return handle(self, Call(who, query, body, tuple(unquote(one) for one in found.groups())))
                except Refused as error:
                    return error.answer
        return 500, {"errorMessages": [f"the fake does not know {verb} {path}"]}

    def _server_info(self) -> Json:
        kind, version = ("Cloud", [1001, 0, 0]) if self.world.cloud else ("Server", [9, 12, 5])
        return {
            "baseUrl": self.url, "version": ".".join(map(str, version)), "versionNumbers": version, "deploymentType": kind,
            "buildNumber": 100_290, "buildDate": "2026-11-01T00:00:00.000+0000", "serverTime": self.world.stamp(self.world.now),
            "scmInfo": "1f51473f", "serverTitle": "Jira",
        }  # fmt: skip

    def issue_of(self, call: Call, key: str, *, needs: str = "BROWSE_PROJECTS", write: bool = False) -> Issue:
        """The issue, where the caller may see it and do what it `needs`. A write counts against its limits."""
        found = self.world.find(key)
        if found is None or not self.world.sees(call.who, found):
            raise Refused(404, UNSEEN)
        if write:
            self._count(found)
        if not self.world.may(call.who, found.project, needs):
            raise Refused(403, f"You do not have the permission {needs} in {found.project}.")
        return found

    def _count(self, issue: Issue) -> None:
        now = time.monotonic()
        recent = self._writes.setdefault(issue.id, [])
        for limit, window in LIMITS if self.limited else ():
            if len([at for at in recent if at > now - window]) >= limit:
                raise Limited(window)
        recent.append(now)

    def check_quiet(self, call: Call, issue: Issue) -> bool:
        """Whether nobody is told of an edit. Refused, edit and all, to who is no administrator."""
        quiet = call.query.get("notifyUsers") == "false"
        if quiet and not self.world.may(call.who, issue.project, "ADMINISTER_PROJECTS"):
            raise Refused(403, NO_QUIET)
        return quiet

    def tell_watchers(self, what: str, *, quiet: bool = False) -> None:
        if not quiet:
            self.mails.append(what)


class Limited(Refused):
    """Too many writes to one issue."""

    def __init__(self, window: float) -> None:
        super().__init__(429, "Rate limit exceeded.")
        self.window = window


@dataclass(frozen=True)
class Call:
    who: str
    query: dict[str, str]
    body: Any
    parts: tuple[str, ...]


Handler = Callable[[FakeJira, Call], Answer]
ROUTES: list[tuple[str, str, Handler]] = []


def route(verb: str, path: str) -> Callable[[Handler], Handler]:
    """Serve `path` ("*" stands for one part) below the REST API, or below agile where it begins with /agile."""
    pattern = re.escape(path).replace(r"\*", "([^/]+)")
    root = "/rest" if path.startswith("/agile") else "/rest/api/[23]"

    def keep(handle: Handler) -> Handler:
        ROUTES.append((verb, root + pattern, handle))
        return handle

    return keep


def page(call: Call, entries: list[Any], name: str, *, size: int, most: int = 100) -> Json:
    start = int(call.query.get("startAt", 0))
    size = min(int(call.query.get("maxResults", size)), most)
    return {name: entries[start : start + size], "startAt": start, "maxResults": size, "total": len(entries)}


def values(call: Call, entries: list[Any], *, size: int = 50, most: int = 50) -> Json:
    """A page that says whether it is the last."""
    found = page(call, entries, "values", size=size, most=most)
    return found | {"isLast": found["startAt"] + len(found["values"]) >= found["total"]}


def visible(jira: FakeJira, call: Call, key: str) -> str:
    found = next((one for one, project in jira.world.projects.items() if key in (one, project["id"])), None)
    if found is None or not jira.world.may(call.who, found, "BROWSE_PROJECTS"):
        raise Refused(404, f"No project could be found with key '{key}'.")
    return found
