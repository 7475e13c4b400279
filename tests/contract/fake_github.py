"""A small, strict GitHub for tests: one repository with issues, a pull request, labels and comments; failures on demand; every call recorded.

It covers what the stand-in lacks (GitHub's own error bodies, scopes, reviews, limits) and knows no call that the client does not make: an
unknown path is 500, so a test fails instead of passing by accident.
"""

# ruff: noqa: A002
from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support import serving

NOW = "2026-11-24T09:30:00Z"


@dataclass
class Failure:
    """An answer given instead of the right one. `after`: the write happens all the same. `delay` seconds go by first; `drop` gives no answer."""

    status: int = 500
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    after: bool = False
    delay: float = 0.0
    drop: bool = False


@dataclass
class FakeGitHub:
    """The state of the fake. `failures` are used up in order by calls whose "VERB path" contains their key."""

    url: str = ""
    login: str = "plumb"
    scopes: str | None = "repo"
    permissions: dict[str, bool] = field(default_factory=lambda: {"push": True, "triage": True, "pull": True})
    app_permissions: dict[str, str] = field(default_factory=dict)
    private: bool = False
    archived: bool = False
    tokens: set[str] = field(default_factory=lambda: {"good"})
    calls: list[tuple[str, str]] = field(default_factory=list)
    labels: dict[str, dict[str, Any]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    reviews: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)
    failures: list[tuple[str, Failure]] = field(default_factory=list)
    minted: int = 0
    files: dict[str, str] = field(default_factory=dict)
    """Texts by path, on the default branch."""
    reads_files: bool = True
    """Whether the token may read them; GitHub says 404 to who may not."""
    repositories: list[dict[str, Any]] = field(default_factory=list)
    """What the token's user sees, where that is more than the one repository."""
    hooks: list[dict[str, Any]] = field(default_factory=list)
    administers: bool = True
    """Whether the token may look after webhooks; GitHub says 404 to who may not."""
    knows_newer: bool = True
    """An older GitHub refuses events that it does not know."""
    app_hook: dict[str, Any] = field(default_factory=dict)
    app_events: list[str] = field(default_factory=list)
    app_deliveries: list[dict[str, Any]] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)
    """Codes that an App's manifest is exchanged for, each good once."""
    installed: bool = True
    """Whether the App has an installation."""
    pem: str = ""
    pings: list[int] = field(default_factory=list)
    rights: dict[str, str] = field(default_factory=lambda: {"tri": "triage", "boss": "maintain"})

    def fail(self, key: str, failure: Failure, times: int = 1) -> None:
        self.failures += [(key, failure)] * times

    def sent(self, verb: str) -> int:
        return sum(1 for one, _ in self.calls if one == verb)

    def user(self, login: str) -> dict[str, Any]:
        return {"login": login, "id": 1000 + sum(map(ord, login)), "type": "User"}

    def repository(self) -> dict[str, Any]:
        return {
            "id": 77, "name": "shop", "full_name": "acme/shop", "private": self.private, "archived": self.archived,
            "html_url": f"{self.url}/acme/shop", "owner": {"login": "acme", "id": 9, "type": "Organization"},
            "default_branch": "main", "permissions": self.permissions,
        }  # fmt: skip

    def add_issue(self, title: str, body: str = "", *, pull: bool = False) -> int:
        number = len(self.issues) + 1
        kind = "pull" if pull else "issues"
        issue: dict[str, Any] = {
            "id": 5000 + number, "number": number, "title": title, "body": body, "state": "open", "locked": False,
            "html_url": f"{self.url}/acme/shop/{kind}/{number}", "repository_url": f"{self.url}/repos/acme/shop",
            "user": self.user("ada"), "author_association": "MEMBER", "labels": [], "assignees": [], "milestone": None,
            "created_at": NOW, "updated_at": NOW, "closed_at": None,
        }  # fmt: skip
        self.issues[number] = issue
        if pull:
            issue["pull_request"] = {"url": f"{self.url}/repos/acme/shop/pulls/{number}", "merged_at": None}
            repo = {"id": 77}
            self.pulls[number] = {
                **{key: value for key, value in issue.items() if key not in ("pull_request", "repository_url")},
                "draft": False, "merged": False, "merged_at": None, "mergeable": True, "additions": 3, "deletions": 2,
                "changed_files": 1, "commits": 1, "auto_merge": None, "requested_reviewers": [], "requested_teams": [],
                "head": {"sha": "a" * 40, "ref": "work", "repo": repo}, "base": {"sha": "b" * 40, "ref": "main", "repo": repo},
            }  # fmt: skip
        return number

    def add_comment(self, number: int, login: str, body: str) -> dict[str, Any]:
        comment = {
            "id": 9000 + len(self.comments), "body": body, "user": self.user(login), "created_at": NOW, "updated_at": NOW,
            "html_url": f"{self.url}/acme/shop/issues/{number}#issuecomment-{9000 + len(self.comments)}", "number": number,
        }  # fmt: skip
        self.comments.append(comment)
        return comment

    # --- answers ---

    def answer(self, verb: str, path: str, query: dict[str, list[str]], body: Any, auth: str) -> tuple[int, Any]:
        if found := re.fullmatch(r"/app-manifests/([^/]+)/conversions", path):
            return self._converted(found[1])
        token = auth.partition(" ")[2]
        if path.startswith("/app"):
            return self._app(verb, path, body)
        if token not in self.tokens:
            return 401, {"message": "Bad credentials"}
        if (verb, path) == ("GET", "/user"):
            return 200, self.user(self.login)
        if path == "/user/repos":
            return 200, self._page(self.repositories or [self.repository()], query)
        if path == "/installation/repositories":
            return 200, {"total_count": 1, "repositories": [self.repository()]}
        if not path.startswith("/repos/acme/shop"):
            return 404, {"message": "Not Found"}
        return self._repository(verb, path.removeprefix("/repos/acme/shop"), query, body)

    def _app(self, verb: str, path: str, body: Any) -> tuple[int, Any]:
        if path == "/app":
            return 200, {"slug": "plumbline", "id": 1, "events": self.app_events}
        if path == "/app/hook/config":
            self.app_hook |= body or {}
            return 200, {name: value for name, value in self.app_hook.items() if name != "secret"}
        if path == "/app/hook/deliveries":
            return 200, self.app_deliveries
        if path == "/app/installations":
            return 200, [{"id": 42, "account": {"login": "acme"}}] if self.installed else []
        if path == "/app/installations/42":
            return 200, {"id": 42, "permissions": self.app_permissions, "account": {"login": "acme"}}
        if (verb, path) == ("POST", "/app/installations/42/access_tokens"):
            self.minted += 1
            self.tokens.add(f"minted-{self.minted}")
            return 201, {"token": f"minted-{self.minted}", "expires_at": "2099-01-01T00:00:00Z"}
        return 404, {"message": "Not Found"}

    def _converted(self, code: str) -> tuple[int, Any]:
        if code not in self.codes:
            return 404, {"message": "Not Found"}
        self.codes.discard(code)
        page = f"{self.url}/apps/plumbline"
        made = {"id": 1, "slug": "plumbline", "html_url": page, "pem": self.pem, "webhook_secret": "made by GitHub"}
        return 201, made | {"client_id": "Iv1.x", "client_secret": "unused", "owner": self.user("acme")}

    def _contents(self, path: str) -> tuple[int, Any]:
        path = path.strip("/")
        if not self.reads_files:
            return 404, {"message": "Not Found"}
        if path in self.files:
            text = self.files[path].encode()
            return 200, {"type": "file", "encoding": "base64", "content": base64.encodebytes(text).decode()}
        inside = [name.removeprefix(f"{path}/" if path else "") for name in self.files if name.startswith(path)]
        names = sorted({name.partition("/")[0] for name in inside})
        if not names and not path:
            return 404, {"message": "This repository is empty."}
        if not names:
            return 404, {"message": "Not Found"}
        base = f"{self.url}/acme/shop/blob/main/{path}".rstrip("/")
        return 200, [{"name": name, "size": 10, "html_url": f"{base}/{name}"} for name in names]

    def _hooks(self, verb: str, path: str, body: Any) -> tuple[int, Any]:
        if not self.administers:
            return 404, {"message": "Not Found"}
        if path == "" and verb == "GET":
            return 200, self.hooks
        if body and not self.knows_newer and "sub_issues" in body["events"]:
            return 422, {"message": "Validation Failed", "errors": [{"code": "custom", "field": "events"}]}
        if path == "" and verb == "POST":
            made = {"id": 300 + len(self.hooks), "last_response": {"code": None, "status": "unused", "message": None}}
            self.hooks.append(made | body)
            return 201, self.hooks[-1]
        hook = next((one for one in self.hooks if path.startswith(f"/{one['id']}")), None)
        if hook is None:
            return 404, {"message": "Not Found"}
        if verb == "POST" and path.endswith("/pings"):
            self.pings.append(hook["id"])
            return 204, None
        if verb == "PATCH":
            hook.update(body)
            return 200, hook
        return 500, {"message": f"the fake does not know {verb} {path}"}

    def _repository(self, verb: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        if path == "":
            return 200, self.repository()
        if path == "/contents" or path.startswith("/contents/"):
            return self._contents(unquote(path.removeprefix("/contents")))
        if path == "/hooks" or path.startswith("/hooks/"):
            return self._hooks(verb, path.removeprefix("/hooks"), body)
        if path == "/issues":
            return 200, list(self.issues.values())
        if (verb, path) == ("POST", "/labels"):
            if body["name"] in self.labels:
                error = {"resource": "Label", "code": "already_exists", "field": "name"}
                return 422, {"message": "Validation Failed", "errors": [error]}
            self.labels[body["name"]] = body
            return 201, body
        if verb == "DELETE" and path.startswith("/labels/"):
            gone = self.labels.pop(unquote(path.removeprefix("/labels/")), None)
            return (204, None) if gone is not None else (404, {"message": "Not Found"})
        if found := re.fullmatch(r"/collaborators/([^/]+)/permission", path):
            return 200, {
                "permission": "read",
                "role_name": self.rights.get(found[1], "read"),
                "user": self.user(found[1]),
            }
        if found := re.fullmatch(r"/issues/comments/(\d+)", path):
            return self._said(verb, int(found[1]), body)
        if found := re.fullmatch(r"/pulls/(\d+)(/reviews)?", path):
            number = int(found[1])
            if number not in self.pulls:
                return 404, {"message": "Not Found"}
            return 200, self._page(self.reviews.get(number, []), query) if found[2] else self.pulls[number]
        if found := re.fullmatch(r"/issues/(\d+)(/.*)?", path):
            return self._issue(verb, int(found[1]), found[2] or "", query, body)
        return 500, {"message": f"the fake does not know {verb} {path}"}

    def _said(self, verb: str, identity: int, body: Any) -> tuple[int, Any]:
        for comment in self.comments:
            if comment["id"] == identity:
                if verb == "DELETE":
                    self.comments.remove(comment)
                    return 204, None
                comment["body"] = body["body"]
                return 200, comment
        return 404, {"message": "Not Found"}

    def _issue(self, verb: str, number: int, rest: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        issue = self.issues.get(number)
        if issue is None:
            return 404, {"message": "Not Found"}
        if rest == "":
            return 200, issue
        if rest == "/comments" and verb == "GET":
            return 200, self._page([one for one in self.comments if one["number"] == number], query)
        if rest == "/comments":
            if not isinstance(body.get("body"), str) or not 0 < len(body["body"]) <= 65_536:
                return 422, {"message": "Validation Failed", "errors": [{"code": "unprocessable", "field": "data"}]}
            return 201, self.add_comment(number, self.login, body["body"])
        if rest == "/labels" and verb == "POST":
            on = {label["name"] for label in issue["labels"]}
            issue["labels"] += [{"name": name} for name in body["labels"] if name not in on]
            return 200, issue["labels"]
        if rest == "/labels":
            return 200, issue["labels"]
        if verb == "DELETE" and rest.startswith("/labels/"):
            name = unquote(rest.removeprefix("/labels/"))
            if name not in {label["name"] for label in issue["labels"]}:
                return 404, {"message": "Label does not exist"}
            issue["labels"] = [label for label in issue["labels"] if label["name"] != name]
            return 200, issue["labels"]
        return 500, {"message": f"the fake does not know {verb} {rest}"}

    def _page(self, entries: list[Any], query: dict[str, list[str]]) -> list[Any]:
        size, page = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
        return entries[(page - 1) * size : page * size]


@contextmanager
def fake_github() -> Iterator[FakeGitHub]:
    """The fake, serving on a free port of 127.0.0.1."""
    state = FakeGitHub()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def handle_one(self) -> None:
            at = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                state.calls.append((self.command, at.path))
                said = f"{self.command} {at.path}"
                place = next((i for i, (key, _) in enumerate(state.failures) if key in said), None)
                failure = None if place is None else state.failures.pop(place)[1]
            if failure is not None and failure.delay:
                time.sleep(failure.delay)
            if failure is None or failure.after:
                with lock:
                    auth = self.headers.get("Authorization", "")
                    status, body = state.answer(
                        self.command, at.path, parse_qs(at.query), json.loads(raw or b"null"), auth
                    )
                    if at.path == "/app/installations/42/access_tokens" and "." not in auth:
                        status, body = 401, {"message": "A JSON web token could not be decoded"}
            headers: dict[str, str] = {}
            if state.scopes is not None and at.path == "/user":
                headers["X-OAuth-Scopes"] = state.scopes
            if failure is not None:
                status, body, headers = failure.status, failure.body, failure.headers
                if failure.drop:
                    self.close_connection = True
                    return
            sent = b"" if status == 204 else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            try:
                self.wfile.write(sent)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = do_PATCH = do_DELETE = handle_one

    with serving(Handler) as state.url:
        yield state
