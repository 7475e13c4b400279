"""The sandbox as two kinds of tracker, one for each language it speaks: what it takes is read by the integration of
GitHub or of Jira, what is written to it is kept in a local file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from integrations.errors import PermanentError, TransientError
from integrations.github.adapter import GitHubAdapter
from integrations.jira.adapter import JiraAdapter
from integrations.ports import Adapter, Automation, Check, CommentRef, Credentials, Pace, RepositorySeen, Target
from integrations.readings import NO_SITE, Envelope, Payload, PersonSeen, ProjectSeen, Reading
from integrations.sandbox import as_github, as_jira, jira_shapes
from integrations.sandbox.language import Language
from integrations.sandbox.tracker import Comment, SandboxTracker
from integrations.sandbox.tracker_items import LABEL_IS_NOT_ON, SandboxError
from rules.intents import LabelSpec, Note

T = TypeVar("T")

CODES = {401: "unauthorised", 403: "locked", 404: "gone", 410: "gone", 422: "invalid"}


@dataclass(slots=True)
class SandboxAdapter:
    """A tracker of our own for the demo and for tests, in the file `path`. `speaks` reads and words what goes in and
    out, `language` is what the file's webhooks look like.
    """

    path: Path
    clock: Callable[[], datetime]
    kind: str = "sandbox"
    speaks: Adapter = field(default_factory=GitHubAdapter)
    language: Language = as_github
    site: Payload = field(default_factory=dict)
    one_lane: bool = False
    pace: Pace = field(
        default_factory=lambda: Pace(seconds_between_writes=0, creates_per_minute=10_000, creates_per_hour=100_000)
    )

    def verify(self, headers: Mapping[str, str], raw: bytes, secret: str) -> None:
        """Raise `BadSignature` unless `raw` is signed with `secret`."""
        self.speaks.verify(headers, raw, secret)

    def envelope(self, headers: Mapping[str, str], payload: object) -> Envelope:
        """Read the envelope. Raises `BadPayload`."""
        return self.speaks.envelope(headers, payload)

    def decode(self, event: str, payload: Payload, received_at: datetime, site: Payload = NO_SITE) -> Reading:
        """What the payload says. Raises `Ignored` or `BadPayload`."""
        return self.speaks.decode(event, payload, received_at, site)

    def tracker(self) -> SandboxTracker:
        """The file itself."""
        return SandboxTracker(self.path, clock=self.clock, language=self.language)

    def client(self, credentials: Credentials) -> SandboxClient:
        """A client on the file; `credentials` are not needed."""
        return SandboxClient(self.tracker(), self.site)

    def history(self, credentials: Credentials) -> None:
        """The sandbox has no past to read: all there is was played to it."""

    def render(self, note: Note, marker: str) -> str:
        """The note as the tracker whose language this is would show it."""
        return self.speaks.render(note, marker)


def jira_sandbox(path: Path, clock: Callable[[], datetime]) -> SandboxAdapter:
    """The sandbox that speaks Jira's language; several of either language may share a file."""
    return SandboxAdapter(
        path,
        clock,
        kind="sandbox-jira",
        speaks=JiraAdapter(),
        language=as_jira,
        site=jira_shapes.SITE.dump(),
        one_lane=True,
    )


class SandboxClient:
    """The write side, with the semantics and errors of the tracker whose language it speaks."""

    def __init__(self, tracker: SandboxTracker, site: Payload = NO_SITE) -> None:
        self._tracker, self._site = tracker, site

    def check(self, project: str | None = None) -> Check:
        """The sandbox can always do everything."""
        return Check(ok=True, login=self._tracker.login, can_read=True, can_write=True, dedicated=True)

    def survey(self) -> Payload:
        """What there is to know of the site that it plays."""
        return self._site

    def get_project(self, project: str) -> RepositorySeen:
        """Any name is a project here."""
        return RepositorySeen(project=ProjectSeen(native_id=project, key=project, url=f"sandbox:{project}"))

    def list_projects(self) -> Iterator[RepositorySeen]:
        """The sandbox keeps no list."""
        return iter(())

    def automation(self, project: str) -> tuple[Automation, ...]:
        """Nothing runs here by itself."""
        return ()

    def permission(self, project: str, person: PersonSeen) -> str:
        """What somebody may do: what the sandbox was told, else to read."""
        return _call(lambda: self._tracker.permission(project, person.login))

    def ensure_label(self, project: str, label: LabelSpec) -> bool:
        """Create the label; one that exists already is fine. True: it was created now."""
        if not self._tracker.language.PROJECT_LABELS:
            return False
        try:
            self._tracker.create_label(project, label.name, label.color, label.description)
        except SandboxError as error:
            if error.status != 422:
                raise _translated(error) from error
            return False
        return True

    def delete_label(self, project: str, name: str) -> None:
        """Delete a label of the project; one that is not there is fine."""
        if self._tracker.language.PROJECT_LABELS:
            _unless_gone(lambda: self._tracker.delete_label(project, name))

    def add_label(self, target: Target, name: str) -> None:
        """Put a label on an item."""
        _call(lambda: self._tracker.add_label(target.project, target.number, name))

    def remove_label(self, target: Target, name: str) -> None:
        """Take a label off an item; one that is not there is fine."""
        try:
            self._tracker.remove_label(target.project, target.number, name)
        except SandboxError as error:
            if error.message != LABEL_IS_NOT_ON:
                raise _translated(error) from error

    def create_comment(self, target: Target, body: str) -> CommentRef:
        """Write a comment."""
        return _ref(_call(lambda: self._tracker.create_comment(target.project, target.number, body)))

    def edit_comment(self, target: Target, native_id: str, body: str) -> CommentRef:
        """Replace a comment's text."""
        return _ref(_call(lambda: self._tracker.edit_comment(target.project, int(native_id), body)))

    def delete_comment(self, target: Target, native_id: str) -> None:
        """Delete a comment; one that is not there is fine."""
        _unless_gone(lambda: self._tracker.delete_comment(target.project, int(native_id)))

    def find_comment(self, target: Target, marker: str) -> CommentRef | None:
        """Our own comment that carries the marker."""
        for comment in _call(lambda: self._tracker.list_comments(target.project, target.number)):
            if self._tracker.language.carries(comment.body, marker) and comment.author == self._tracker.login:
                return _ref(comment)
        return None

    def read_item(self, project: str, number: int) -> Reading:
        """The sandbox keeps labels and comments, not items."""
        raise PermanentError("unsupported", "the sandbox cannot be read back as a tracker")

    def close(self) -> None:
        """Let go of the file."""
        self._tracker.close()


def _call(what: Callable[[], T]) -> T:
    try:
        return what()
    except SandboxError as error:
        raise _translated(error) from error


def _unless_gone(what: Callable[[], object]) -> None:
    """Do it; what is not there any more is fine."""
    try:
        what()
    except SandboxError as error:
        if error.status != 404:
            raise _translated(error) from error


def _translated(error: SandboxError) -> PermanentError | TransientError:
    if error.status >= 500:
        return TransientError(str(error), uncertain=True)
    return PermanentError(CODES.get(error.status, "invalid"), str(error))


def _ref(comment: Comment) -> CommentRef:
    return CommentRef(native_id=str(comment.id), body=comment.body, author=comment.author, hidden=comment.hidden)
