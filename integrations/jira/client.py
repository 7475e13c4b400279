"""The `Client` port on Jira, through the `jira` package's session.

Each write is exactly one API call unless its docstring says otherwise; none is repeated blindly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from integrations import read
from integrations.errors import BadPayload, IntegrationError, PermanentError
from integrations.jira import access, site
from integrations.jira.access import data_of, list_of
from integrations.jira.auth import Connection
from integrations.jira.decode import events, parts
from integrations.jira.history import JiraHistory, issue_path, project_path, understood
from integrations.jira.render import carries, marker_in
from integrations.ports import HISTORY, Automation, Check, CommentRef, RepositorySeen, Target
from integrations.readings import Payload, PersonSeen, Reading
from integrations.wire import Answer
from rules.intents import LabelSpec

PROPERTY = "plumbline"
"""The issue property that names our comment: {"comment": its id, "marker": ...}."""
TITLE = "Plumbline: why this note?"
"""What the link to our page is called on the issue."""
_DIGITS = re.compile(r"\d{1,19}\Z")
_GLOBAL_ID = 255


@dataclass(slots=True)
class JiraClient:
    """One connection. Not for several threads at once. Raises `PermanentError` or `TransientError`."""

    connection: Connection
    _me: PersonSeen | None = None

    @property
    def calls(self) -> int:
        """Requests sent to Jira so far, repeated reads included."""
        return self.connection.tally.sent

    # --- about the connection ---

    def check(self, project: str | None = None) -> Check:
        """What the connection can do (two calls, three with a project)."""
        if project is not None:
            project_path(project)
        return access.check(self.connection, project)

    def survey(self) -> Payload:
        """Custom fields, statuses, edition and address (three calls)."""
        fields = list_of(self._call("GET", "/field"))
        statuses = list_of(self._call("GET", "/status"))
        info = data_of(self._call("GET", "/serverInfo"))
        return understood(lambda: site.found(fields=fields, statuses=statuses, server_info=info).dump())

    def get_project(self, project: str) -> RepositorySeen:
        """The project, and whether everybody may read it: no payload of Jira tells that, so it is asked for once
        without an account (two calls).
        """
        found = self._seen(self._call("GET", project_path(project)).data)
        public = self.connection.transport().open_to_all(project_path(project))
        return replace(found, project=replace(found.project, public=public))

    def list_projects(self) -> Iterator[RepositorySeen]:
        """All projects that the account may browse (Cloud: one call per 50; Data Center: one call)."""
        if self.connection.cloud:
            yield from map(self._seen, self.connection.transport().pages("/project/search", key="values"))
        else:
            yield from map(self._seen, list_of(self._call("GET", "/project")))

    def automation(self, project: str) -> tuple[Automation, ...]:
        """Nothing that could be looked at: Jira shows its automation rules to nobody's token (no call)."""
        return ()

    def permission(self, project: str, person: PersonSeen) -> str:
        """What somebody may do in the project: read, triage or maintain (one to three calls; see `access.right`)."""
        project_path(project)
        return access.right(self.connection, project, person)

    def close(self) -> None:
        """Close the connections."""
        self.connection.close()

    # --- writes ---

    def ensure_label(self, project: str, label: LabelSpec) -> bool:
        """Nothing to do: in Jira a label is there once an issue has it (no call)."""
        return False

    def delete_label(self, project: str, name: str) -> None:
        """Nothing to do: in Jira a label is gone once no issue has it (no call)."""

    def add_label(self, target: Target, name: str) -> None:
        """Put the label on; one that is on already is fine. One call, two where a mail cannot be avoided."""
        self._label(target, "add", name)

    def remove_label(self, target: Target, name: str) -> None:
        """Take the label off; one that is not there is fine. One call, two where a mail cannot be avoided.

        No label holds a blank, and Jira refuses to be asked for one: such a name asks for the issue alone.
        """
        if " " in name:
            self._call("GET", f"{_issue(target)}?fields=labels")
        else:
            self._label(target, "remove", name)

    def create_comment(self, target: Target, body: str) -> CommentRef:
        """Write a comment, then note it in the issue's property `plumbline` and link our page (two calls, or three).

        Watchers get a mail: Jira has no quiet way. A `TransientError` that is uncertain calls for `find_comment`
        before another try.
        """
        said: dict[str, Any] = {"body": body}
        if target.internal:
            said["properties"] = [{"key": "sd.public.comment", "value": {"internal": True}}]
        answer = self._call("POST", f"{_issue(target)}/comment", body=said)
        made = self._told(target, answer.data, written=True)
        try:
            self._mark(target, made, body)
        except IntegrationError:
            # The comment stands, and that is what the caller must hear. Without the property it is found by its
            # marker; the link is a convenience.
            return made
        return made

    def edit_comment(self, target: Target, native_id: str, body: str) -> CommentRef:
        """Replace a comment's text. One call, two where a mail cannot be avoided."""
        answer = self.connection.quiet_call(
            "PUT", _said(target, native_id), project=target.project, body={"body": body}
        )
        return self._told(target, answer.data, written=True)

    def delete_comment(self, target: Target, native_id: str) -> None:
        """Delete a comment, the property that names it and the link to our page; what is not there is fine (two calls,
        or three).
        """
        issue = _issue(target)
        self._delete(_said(target, native_id))
        self._delete(f"{issue}/properties/{PROPERTY}")
        if target.page:
            self._delete(f"{issue}/remotelink", {"globalId": target.page[:_GLOBAL_ID]})

    # --- reads ---

    def find_comment(self, target: Target, marker: str) -> CommentRef | None:
        """Our own comment that carries the marker: the one that the property names, else found among all (one call
        where it is named, else one per 100 comments more, and once one for who we are).

        Anybody may set a property or quote our comment: only what we wrote counts.
        """
        if self._me is None:
            self._me = access.myself(self.connection)
        named = self._named(target, marker)
        if named is not None:
            return named
        for data in self.connection.transport().pages(f"{_issue(target)}/comment", key="comments"):
            if self._is_ours(data) and carries(str(data.get("body")), marker):
                return self._told(target, data)
        return None

    def read_item(self, project: str, number: int) -> Reading:
        """A whole read of one item with its history (two to seven calls).

        An item that was moved is told as such (`moved_to`); one that is gone raises `PermanentError("gone")`.
        """
        told = JiraHistory(self.connection).item(project, number, known=None, since=None, why="repair")
        if told.payload["told"] == "gone" and told.payload["moved_to"] is None:
            raise PermanentError("gone", f"{told.about} does not exist, or this account may not see it")
        asked_at = read.instant(told.payload, "asked_at")
        return understood(lambda: events.decode(HISTORY, told.payload, asked_at, self.connection.credentials.site))

    # --- parts ---

    def _label(self, target: Target, verb: str, name: str) -> None:
        body = {"update": {"labels": [{verb: name}]}}
        self.connection.quiet_call("PUT", _issue(target), project=target.project, body=body)

    def _mark(self, target: Target, made: CommentRef, body: str) -> None:
        kept = {"comment": made.native_id, "marker": marker_in(body)}
        self._call("PUT", f"{_issue(target)}/properties/{PROPERTY}", body=kept)
        if target.page:
            link = {"url": target.page, "title": "Plumbline: why this note?"}
            self._call(
                "POST", f"{_issue(target)}/remotelink", body={"globalId": target.page[:_GLOBAL_ID], "object": link}
            )

    def _named(self, target: Target, marker: str) -> CommentRef | None:
        """The comment that the property names, where it is ours and this marker's (two calls, one where it names
        none).
        """
        try:
            kept = self._call("GET", f"{_issue(target)}/properties/{PROPERTY}").data
            value = read.soft_obj(kept, "value") if isinstance(kept, dict) else {}
            native_id = str(value.get("comment"))
            if value.get("marker") != marker or _DIGITS.match(native_id) is None:
                return None
            data = self._call("GET", _said(target, native_id)).data
        except PermanentError as error:
            if error.code != "gone":
                raise
            return None
        return self._told(target, data) if self._is_ours(data) else None

    def _told(self, target: Target, data: Any, *, written: bool = False) -> CommentRef:
        """A comment as Jira answers it."""

        def decode() -> CommentRef:
            author = parts.opt_person(_object(data), "author", "comment")
            native_id = read.ident(data, "id", "comment")
            return CommentRef(
                native_id=native_id,
                body=read.opt_text(data, "body", "comment") or "",
                author="" if author is None else author.login,
                url=parts.comment_url(self.connection.base_url, f"{target.project}-{target.number}", native_id),
            )

        return understood(decode, written=written)

    def _is_ours(self, comment: Any) -> bool:
        author = understood(lambda: parts.opt_person(_object(comment), "author", "comment"))
        return author is not None and self._me is not None and author.native_id == self._me.native_id

    def _delete(self, path: str, query: Payload | None = None) -> None:
        try:
            self.connection.call("DELETE", path, query=query)
        except PermanentError as error:
            if error.code != "gone":
                raise

    def _seen(self, data: Any) -> RepositorySeen:
        return understood(lambda: RepositorySeen(parts.project(_object(data), "project", self.connection.base_url)))

    def _call(self, verb: str, path: str, *, body: Any = None) -> Answer:
        """One call."""
        return self.connection.call(verb, path, body=body)


def _issue(target: Target) -> str:
    return issue_path(target.project, target.number)


def _said(target: Target, native_id: str) -> str:
    if _DIGITS.match(native_id) is None:
        raise PermanentError("invalid", f"{native_id!r} is no comment id: expected digits")
    return f"{_issue(target)}/comment/{native_id}"


def _object(data: Any) -> Payload:
    if not isinstance(data, dict):
        raise BadPayload("answer", data, "an object")
    return data
