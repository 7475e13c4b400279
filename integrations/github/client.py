"""The `Client` port on GitHub, through PyGithub's requester.

Each write is exactly one API call unless its docstring says otherwise; none is repeated blindly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from integrations import read
from integrations.errors import BadPayload, PermanentError
from integrations.github import access, setup, workflows
from integrations.github.auth import Connection
from integrations.github.decode import conversation, item, parts
from integrations.github.decode.reading import about_item
from integrations.github.http import LabelAbsentError, LabelExistsError, Transport
from integrations.github.render import hidden
from integrations.ports import Automation, Check, CommentRef, HookSeen, RepositorySeen, Target
from integrations.readings import ChangeSeen, Payload, PersonSeen, ProjectSeen, Reading, ReviewSeen
from integrations.wire import Answer, as_said
from rules.intents import LabelSpec

_KEY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:_[A-Za-z0-9]+)?/[A-Za-z0-9._-]{1,100}\Z")
_DIGITS = re.compile(r"\d{1,19}\Z")
T = TypeVar("T")


@dataclass(slots=True)
class GitHubClient:
    """One connection. Not for several threads at once. Raises `PermanentError` or `TransientError`."""

    connection: Connection
    _login: str = ""
    _projects: dict[str, ProjectSeen] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """Requests sent to GitHub so far, repeated reads and token requests included."""
        return self.connection.tally.sent

    # --- about the connection ---

    def check(self, project: str | None = None) -> Check:
        """What the connection can do (two to four calls)."""
        if project is not None:
            repo_path(project)
        return access.check(self.connection, project)

    def survey(self) -> Payload:
        """Nothing to find out: payloads tell all (no call)."""
        return {}

    def get_project(self, project: str) -> RepositorySeen:
        """The repository (one call)."""
        found = repository(self._call("GET", repo_path(project)).data)
        self._projects[project] = found.project
        return found

    def list_projects(self) -> Iterator[RepositorySeen]:
        """All repositories the connection may see:

        those of the installation, or of the token's user (one call per 100).
        """
        installation = self.connection.credentials.installation
        path, key = ("/installation/repositories", "repositories") if self.connection.is_app else ("/user/repos", None)
        for data in self._transport().pages(path, key=key):
            yield repository(data, installation if self.connection.is_app else None)

    def automation(self, project: str) -> tuple[Automation, ...]:
        """Workflows that run on labels or comments, and stale bots (one call, and more where there are any)."""
        return understood(lambda: workflows.automation(self.connection, repo_path(project)))

    def find_hook(self, project: str, url: str) -> HookSeen | None:
        """The repository's webhook to our address; an App's is its own, and no repository's (one call)."""
        return understood(lambda: setup.find_hook(self.connection, repo_path(project), url))

    def make_hook(self, project: str, url: str, secret: str) -> HookSeen:
        """Make the repository's webhook, or set the one there is right (two calls, or three)."""
        return setup.make_hook(self.connection, repo_path(project), url, secret)

    def ping_hook(self, project: str, native_id: str) -> None:
        """Have a `ping` sent."""
        setup.ping_hook(self.connection, repo_path(project), native_id)

    def list_installations(self) -> Iterator[tuple[str, str]]:
        """An App's installations: native id and the account's login (one call per 100)."""
        for data in self.connection.app().pages("/app/installations"):
            yield understood(partial(_installation, data))

    def close(self) -> None:
        """Close the connections."""
        self.connection.close()

    # --- writes: one call each ---

    def ensure_label(self, project: str, label: LabelSpec) -> bool:
        """Create the label; a label that exists already is fine and left as it is. True: it was created now.

        One call, and a read where GitHub refuses the label without saying why.
        """
        body = {"name": label.name, "color": label.color, "description": label.description[:100]}
        try:
            self._call("POST", f"{repo_path(project)}/labels", body=body)
        except LabelExistsError:
            return False
        except PermanentError as error:
            if error.code != "invalid" or not self._there(f"{repo_path(project)}/labels/{quote(label.name, safe='')}"):
                raise
            return False
        return True

    def delete_label(self, project: str, name: str) -> None:
        """Delete a label of the repository; one that is not there is fine."""
        try:
            self._call("DELETE", f"{repo_path(project)}/labels/{quote(name, safe='')}")
        except PermanentError as error:
            if error.code != "gone":
                raise

    def add_label(self, target: Target, name: str) -> None:
        """Put the label on; one that is on already is fine."""
        self._call("POST", f"{_issue(target)}/labels", body={"labels": [name]})

    def remove_label(self, target: Target, name: str) -> None:
        """Take the label off; one that is not there is fine.

        One call, and a read where GitHub does not say whether the label or the item is missing.
        """
        try:
            self._call("DELETE", f"{_issue(target)}/labels/{quote(name, safe='')}")
        except LabelAbsentError:
            return
        except PermanentError as error:
            if error.code != "gone" or not self._there(f"{_issue(target)}/labels"):
                raise

    def create_comment(self, target: Target, body: str) -> CommentRef:
        """Write a comment. A `TransientError` that is uncertain calls for `find_comment` before another try."""
        answer = self._call("POST", f"{_issue(target)}/comments", body={"body": body})
        return understood(lambda: _comment(answer.data), written=True)

    def edit_comment(self, target: Target, native_id: str, body: str) -> CommentRef:
        """Replace a comment's text; nobody is notified. Newer versions of GitHub say whether it is hidden."""
        answer = self._call("PATCH", _said(target, native_id), body={"body": body})
        return understood(lambda: _comment(answer.data), written=True)

    def delete_comment(self, target: Target, native_id: str) -> None:
        """Delete a comment; one that is not there is fine."""
        try:
            self._call("DELETE", _said(target, native_id))
        except PermanentError as error:
            if error.code != "gone":
                raise

    # --- reads ---

    def permission(self, project: str, person: PersonSeen) -> str:
        """What somebody may do in the repository (one call). `none` for who is no user."""
        try:
            answer = self._call("GET", f"{repo_path(project)}/collaborators/{quote(person.login, safe='')}/permission")
        except PermanentError as error:
            if error.code != "gone":
                raise
            return "none"
        return access.right(answer.data)

    def find_comment(self, target: Target, marker: str) -> CommentRef | None:
        """Our own comment that carries the marker on a line of its own (one call per 100 comments, and once one for
        our login).

        Somebody may quote our comment, marker and all: only what we wrote counts, and only where the marker stands
        alone on its line.
        """
        line = hidden(marker)
        if not self._login:
            self._login = access.own_login(self.connection)
        for data in self._transport().pages(f"{_issue(target)}/comments"):
            found = understood(partial(_comment, data))
            if found.author.casefold() == self._login.casefold() and line in map(str.strip, found.body.splitlines()):
                return found
        return None

    def read_item(self, project: str, number: int) -> Reading:
        """A whole read of one item:

        the issue, and for a pull request itself and its reviews (one to three calls, and once the repository).

        An item that was transferred is told as such (`moved_to`); one that is gone raises `PermanentError("gone")`.
        """
        seen = self._projects.get(project) or self.get_project(project).project
        answer = self._call("GET", f"{repo_path(project)}/issues/{number}")
        there_now = elsewhere(answer.data, project)
        if there_now is not None:
            there = self.get_project(there_now).project
            return understood(lambda: _moved(answer.data, seen, there, number))
        if not isinstance(answer.data, dict) or answer.data.get("pull_request") is None:
            return understood(lambda: _read_issue(answer, seen))
        pull = self._call("GET", f"{repo_path(project)}/pulls/{number}")
        reviews = list(self._transport().pages(f"{repo_path(project)}/pulls/{number}/reviews"))
        return understood(lambda: _read_pull(pull, reviews, seen))

    # --- calls ---

    def _transport(self) -> Transport:
        return self.connection.transport()

    def _there(self, path: str) -> bool:
        """Whether a path can be read (one call)."""
        try:
            self._call("GET", path)
        except PermanentError:
            return False
        return True

    def _call(self, verb: str, path: str, *, body: Any = None) -> Answer:
        """One call."""
        return self.connection.call(verb, path, body=body)


understood = partial(as_said, "GitHub")


def repo_path(project: str) -> str:
    """The path of a repository, for "acme/shop". Raises `PermanentError` where it is no such name."""
    if _KEY.match(project) is None:
        raise PermanentError("invalid", f"{project!r} is no repository: expected owner/name")
    return f"/repos/{project}"


def _issue(target: Target) -> str:
    return f"{repo_path(target.project)}/issues/{int(target.number)}"


def _said(target: Target, native_id: str) -> str:
    if _DIGITS.match(native_id) is None:
        raise PermanentError("invalid", f"{native_id!r} is no comment id")
    return f"{repo_path(target.project)}/issues/comments/{native_id}"


def _comment(data: Any) -> CommentRef:
    if not isinstance(data, dict):
        raise BadPayload("comment", data, "an object")
    author = parts.opt_person(data, "user", "comment")
    return CommentRef(
        native_id=str(read.whole(data, "id", "comment")),
        body=read.opt_text(data, "body", "comment") or "",
        author="" if author is None else author.login,
        url=read.opt_text(data, "html_url", "comment") or "",
        hidden=bool(data.get("minimized")),
    )


def repository(data: Any, installation: str | None = None) -> RepositorySeen:
    """A repository as GitHub answers it."""

    def decode() -> RepositorySeen:
        if not isinstance(data, dict):
            raise BadPayload("repository", data, "an object")
        branch = read.opt_text(data, "default_branch", "repository") or ""
        return RepositorySeen(parts.project(data), branch, installation)

    return understood(decode)


def _installation(data: Any) -> tuple[str, str]:
    one = _object(data, "installation")
    return str(read.whole(one, "id", "installation")), str(read.soft_obj(one, "account").get("login") or "")


def elsewhere(data: Any, project: str) -> str | None:
    """The repository an issue is in now, where GitHub redirected us to another one."""
    url = data.get("repository_url") if isinstance(data, dict) else None
    if not isinstance(url, str):
        return None
    there = "/".join(url.rstrip("/").split("/")[-2:])
    return None if there.casefold() == project.casefold() or _KEY.match(there) is None else there


def _read_issue(answer: Answer, project: ProjectSeen) -> Reading:
    data = _object(answer.data, "issue")
    seen = item.issue(data, project)
    return about_item(project, seen, actor=None, at=seen.as_of or _at(data))


def _read_pull(answer: Answer, reviews: list[Any], project: ProjectSeen) -> Reading:
    data = _object(answer.data, "pull_request")
    seen = item.pull_request(data, project)
    at = seen.as_of or _at(data)
    found: list[ReviewSeen] = []
    changes: list[ChangeSeen] = []
    for place, one in enumerate(reviews):
        path = f"reviews.{place}"
        given = _object(one, path)
        if given.get("state") == "PENDING":  # a draft of the token's own user: nobody else sees it
            continue
        found.append(conversation.review(given, seen.native_id, at, path))
        changes.append(conversation.review_change(found[-1], given, path))
    return about_item(project, seen, actor=None, at=at, changes=tuple(changes), reviews=tuple(found))


def _moved(data: Any, project: ProjectSeen, there: ProjectSeen, number: int) -> Reading:
    """The old item, moved to where its data was found: nothing of the snapshot belongs to it any more."""
    seen = item.issue(_object(data, "issue"), there)
    old = item.moved(project, number, kind=seen.kind, to=seen.native_id)
    return Reading(at=seen.as_of or _at(data), project=project, items=(old,))


def _object(data: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise BadPayload(path, data, "an object")
    return data


def _at(data: Mapping[str, Any]) -> datetime:
    return read.instant(data, "created_at")
