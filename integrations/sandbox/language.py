"""What the sandbox tracker asks of a language it speaks: `as_github` or `as_jira`.

Every function works inside a transaction of the tracker's file.
"""

from datetime import datetime
from sqlite3 import Connection
from typing import Protocol

from integrations.sandbox.payloads import Payload


class Language(Protocol):
    """A module that takes webhooks in and makes those of what is written here. `PROJECT_LABELS`: labels are objects of
    a project, made before they are put on.
    """

    @property
    def PROJECT_LABELS(self) -> bool: ...  # noqa: N802 (a module's constant)

    def carries(self, body: str, marker: str) -> bool:
        """Whether a comment's text carries this marker."""

    def observe(self, db: Connection, payload: Payload) -> Payload:
        """Take over the item (and a person's comment) of a payload; give the payload with our own writes in it."""

    def plain_item(self, repo: str, number: int, *, pull: bool, labels: tuple[str, ...], at: datetime) -> Payload:
        """The payload of an item being opened."""

    def item_hook(
        self, db: Connection, repo: str, number: int, *, action: str, label: str, sender: str, at: datetime
    ) -> Payload:
        """The webhook of a label put on (`action` labeled) or taken off (unlabeled)."""

    def comment_hook(
        self,
        db: Connection,
        repo: str,
        comment_id: int,
        *,
        action: str,
        sender: str,
        at: datetime,
        before: str | None = None,
    ) -> Payload:
        """The webhook of a comment created, edited (it had the text `before`) or deleted."""

    def label_hook(self, db: Connection, repo: str, name: str, sender: str) -> Payload | None:
        """The webhook of a project's label made; None where there is none to send."""

    def event_of(self, hook: Payload) -> tuple[str, str | None]:
        """The event's name and action of a webhook made here."""
