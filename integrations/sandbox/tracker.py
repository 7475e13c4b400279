"""The sandbox tracker: a tracker's write side for labels and comments, kept in one local SQLite file.

The demo writes to it instead of to a real tracker, and tests use it as a strict stand-in: it answers and fails as
GitHub's REST API does, counts each call, and can announce each change by the webhook GitHub would send.

    tracker = SandboxTracker(path, clock=now, on_webhook=deliver)
    for hook in replay(recording):
        deliver(tracker.observe(hook))      # items become known; replayed snapshots show what was written here
    tracker.create_comment("demo/curve", 1885, "Quiet for 14 days.")

Arguments `by` name a person who acts in the tracker's own pages: no API call, so neither counted nor made to fail;
without it the caller is the API account `login`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection, Row
from typing import Literal, TypeVar
from urllib.parse import quote

from integrations.sandbox import as_github
from integrations.sandbox import tracker_items as items
from integrations.sandbox.language import Language
from integrations.sandbox.payloads import Payload, stamp
from integrations.sandbox.replay import Webhook
from integrations.sandbox.tracker_items import SandboxError
from integrations.sandbox.tracker_store import Store

MOST_CHARACTERS = 65_536  # of a comment
_COLOR = re.compile("[0-9a-fA-F]{6}")
_Result = TypeVar("_Result")

Fault = Callable[[Literal["before", "after"], str, str], None]
"""Called with (when, method, path) around each API call; what it raises, the caller gets. Raised `before`, nothing is
done; raised `after`, all is done and only the answer is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label of a repository; `color` is six hex digits without `#`."""

    name: str
    color: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment; `hidden` is what GitHub calls minimised."""

    id: int
    number: int
    body: str
    author: str
    created_at: datetime
    updated_at: datetime
    hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One API call as counted; `status` is the HTTP status it was answered with."""

    method: str
    path: str
    at: datetime
    status: int


class SandboxTracker:
    """One tracker in one file; instances in several processes may share it. All instants come from `clock` (UTC)."""

    def __init__(
        self,
        path: Path | str,
        *,
        clock: Callable[[], datetime],
        login: str = "plumbline[bot]",
        on_webhook: Callable[[Webhook], None] | None = None,
        fault: Fault | None = None,
        may_write_locked: bool = False,
        language: Language = as_github,
    ) -> None:
        self._store, self._clock, self.login = Store(Path(path)), clock, login
        self.on_webhook, self.fault, self._may_write_locked = on_webhook, fault, may_write_locked
        self.language = language

    def close(self) -> None:
        """Let go of the file in this thread; the next call takes it up again."""
        self._store.close()

    # What is known of items: fed by the replay or by tests, no API.

    def observe(self, hook: Webhook) -> Webhook:
        """Learn of the item in a replayed webhook, and give the webhook back with what was written here shown in it."""
        with self._store.transaction() as db:
            return Webhook(hook.at, hook.event, hook.action, self.language.observe(db, hook.payload))

    def add_item(self, repo: str, number: int, *, pull: bool = False, labels: tuple[str, ...] = ()) -> None:
        """Make an open item known without a webhook."""
        with self._store.transaction() as db:
            self.language.observe(db, self.language.plain_item(repo, number, pull=pull, labels=labels, at=self._now()))

    def set_item(self, repo: str, number: int, *, locked: bool = False, gone: bool = False) -> None:
        """Lock or unlock the conversation, or delete the item (410 from then on)."""
        with self._store.transaction() as db:
            items.require(db, repo, number)
            db.execute("UPDATE items SET locked=?, gone=? WHERE repo=? AND number=?", (locked, gone, repo, number))

    def set_permission(self, repo: str, login: str, may: str) -> None:
        """Say what somebody may do: none, read, triage, write, maintain or admin."""
        with self._store.transaction() as db:
            db.execute("INSERT OR REPLACE INTO rights (repo, login, may) VALUES (?, ?, ?)", (repo, login, may))

    def permission(self, repo: str, login: str) -> str:
        """What somebody may do."""
        path = f"/repos/{repo}/collaborators/{login}/permission"
        return self._call("GET", path, lambda db: (items.may(db, repo, login), None))

    def calls(self) -> list[Call]:
        """All API calls so far, oldest first."""
        with self._store.transaction() as db:
            rows = db.execute("SELECT * FROM calls ORDER BY id").fetchall()
        return [Call(method=r["method"], path=r["path"], at=_instant(r["at"]), status=r["status"]) for r in rows]

    # Labels.

    def list_labels(self, repo: str) -> list[Label]:
        """The repository's labels by name."""

        def work(db: Connection) -> tuple[list[Label], None]:
            rows = db.execute("SELECT * FROM labels WHERE repo=? ORDER BY key", (repo,)).fetchall()
            return [Label(name=r["name"], color=r["color"], description=r["description"]) for r in rows], None

        return self._call("GET", f"/repos/{repo}/labels", work)

    def create_label(self, repo: str, name: str, color: str, description: str) -> Label:
        """Create a label. 422 where one of that name exists in any case, or name, colour or description is no good."""

        def work(db: Connection) -> tuple[Label, Payload | None]:
            if not 0 < len(name) <= 50 or not _COLOR.fullmatch(color) or len(description) > 100:
                raise SandboxError(422, "Validation Failed: a label's name, color or description is invalid")
            if items.find_label(db, repo, name):
                raise SandboxError(422, "Validation Failed: already_exists")
            items.make_label(db, repo, name, color=color, description=description)
            return Label(name=name, color=color, description=description), self.language.label_hook(
                db, repo, name, self.login
            )

        return self._call("POST", f"/repos/{repo}/labels", work, answer=201)

    def delete_label(self, repo: str, name: str) -> None:
        """Delete a label of the repository, which takes it off every item; 404 where there is none."""

        def work(db: Connection) -> tuple[None, None]:
            if items.find_label(db, repo, name) is None:
                raise SandboxError(404, "Not Found")
            db.execute("DELETE FROM labels WHERE repo=? AND key=?", (repo, name.casefold()))
            db.execute("DELETE FROM item_labels WHERE repo=? AND key=?", (repo, name.casefold()))
            return None, None

        return self._call("DELETE", f"/repos/{repo}/labels/{quote(name, safe='')}", work, answer=204)

    def item_labels(self, repo: str, number: int) -> list[str]:
        """Names of the item's labels, in the order they were put on."""

        def work(db: Connection) -> tuple[list[str], None]:
            items.require(db, repo, number)
            return items.labels_of(db, repo, number), None

        return self._call("GET", f"/repos/{repo}/issues/{number}/labels", work)

    def add_label(self, repo: str, number: int, name: str, *, by: str | None = None) -> list[str]:
        """Put a label on an item, creating it where the repository has none; gives all labels of the item."""

        def work(db: Connection) -> tuple[list[str], Payload | None]:
            items.require(db, repo, number)
            if not 0 < len(name) <= 50:
                raise SandboxError(422, "Validation Failed: a label's name is invalid")
            known = items.put_label(db, repo, number, name)
            sender = by or self.login
            hook = known and self.language.item_hook(
                db, repo, number, action="labeled", label=known, sender=sender, at=self._now()
            )
            return items.labels_of(db, repo, number), hook or None

        return self._call("POST", f"/repos/{repo}/issues/{number}/labels", work, by=by)

    def remove_label(self, repo: str, number: int, name: str, *, by: str | None = None) -> list[str]:
        """Take a label off an item; 404 where the item does not have it. Gives the labels that are left."""

        def work(db: Connection) -> tuple[list[str], Payload]:
            items.require(db, repo, number)
            known = items.take_label(db, repo, number, name)
            sender = by or self.login
            hook = self.language.item_hook(
                db, repo, number, action="unlabeled", label=known, sender=sender, at=self._now()
            )
            return items.labels_of(db, repo, number), hook

        return self._call("DELETE", f"/repos/{repo}/issues/{number}/labels/{quote(name, safe='')}", work, by=by)

    # Comments.

    def list_comments(self, repo: str, number: int, since: datetime | None = None) -> list[Comment]:
        """The item's comments, oldest first; with `since`, those changed at or after it."""

        def work(db: Connection) -> tuple[list[Comment], None]:
            items.require(db, repo, number)
            rows = db.execute(
                "SELECT * FROM comments WHERE repo=? AND number=? AND NOT deleted AND updated_at>=? ORDER BY id",
                (repo, number, stamp(since) if since else ""),
            )
            return [_comment(row) for row in rows.fetchall()], None

        return self._call("GET", f"/repos/{repo}/issues/{number}/comments", work)

    def get_comment(self, repo: str, comment_id: int) -> Comment:
        """One comment; 404 where there is none or it was deleted."""
        path = f"/repos/{repo}/issues/comments/{comment_id}"
        return self._call("GET", path, lambda db: (_comment(items.require_comment(db, repo, comment_id)), None))

    def create_comment(self, repo: str, number: int, body: str, *, by: str | None = None) -> Comment:
        """Write a comment. 403 where the conversation is locked, 422 where `body` is blank or too long."""

        def work(db: Connection) -> tuple[Comment, Payload]:
            if items.require(db, repo, number)["locked"] and not self._may_write_locked:
                raise SandboxError(403, "Unable to create comment because issue is locked.")
            _check_body(body)
            at, author = self._now(), by or self.login
            identity = items.make_comment(db, repo, number, body=body, author=author, at=at)
            hook = self.language.comment_hook(db, repo, identity, action="created", sender=author, at=at)
            return _comment(items.require_comment(db, repo, identity)), hook

        return self._call("POST", f"/repos/{repo}/issues/{number}/comments", work, by=by, answer=201)

    def edit_comment(self, repo: str, comment_id: int, body: str, *, by: str | None = None) -> Comment:
        """Replace a comment's text; 404 and 422 as above."""

        def work(db: Connection) -> tuple[Comment, Payload]:
            before = items.require_comment(db, repo, comment_id)["body"]
            _check_body(body)
            at = self._now()
            db.execute("UPDATE comments SET body=?, updated_at=? WHERE id=?", (body, stamp(at), comment_id))
            hook = self.language.comment_hook(
                db, repo, comment_id, action="edited", sender=by or self.login, at=at, before=before
            )
            return _comment(items.require_comment(db, repo, comment_id)), hook

        return self._call("PATCH", f"/repos/{repo}/issues/comments/{comment_id}", work, by=by)

    def delete_comment(self, repo: str, comment_id: int, *, by: str | None = None) -> None:
        """Delete a comment for good; 404 where there is none."""

        def work(db: Connection) -> tuple[None, Payload]:
            items.require_comment(db, repo, comment_id)
            db.execute("UPDATE comments SET deleted=1 WHERE id=?", (comment_id,))
            return None, self.language.comment_hook(
                db, repo, comment_id, action="deleted", sender=by or self.login, at=self._now()
            )  # fmt: skip

        return self._call("DELETE", f"/repos/{repo}/issues/comments/{comment_id}", work, by=by, answer=204)

    def hide_comment(self, repo: str, comment_id: int, *, hidden: bool = True) -> None:
        """A person hides a comment or shows it again. GitHub sends no webhook for that."""
        with self._store.transaction() as db:
            items.require_comment(db, repo, comment_id)
            db.execute("UPDATE comments SET hidden=? WHERE id=?", (hidden, comment_id))

    def _call(
        self,
        method: str,
        path: str,
        work: Callable[[Connection], tuple[_Result, Payload | None]],
        *,
        by: str | None = None,
        answer: int = 200,
    ) -> _Result:
        """Do `work` in a transaction, count it, announce what it changed. A refused call is counted all the same."""
        fault = self.fault if by is None else None
        if fault:
            fault("before", method, path)
        try:
            with self._store.transaction() as db:
                result, hook = work(db)
                if by is None:
                    self._count(db, method, path, answer)
        except SandboxError as error:
            if by is None:
                with self._store.transaction() as db:
                    self._count(db, method, path, error.status)
            raise
        if hook and self.on_webhook:
            self.on_webhook(Webhook(self._now(), *self.language.event_of(hook), hook))
        if fault:
            fault("after", method, path)
        return result

    def _count(self, db: Connection, method: str, path: str, status: int) -> None:
        db.execute(
            "INSERT INTO calls (method, path, at, status) VALUES (?, ?, ?, ?)",
            (method, path, stamp(self._now()), status),
        )

    def _now(self) -> datetime:
        return self._clock()


def _check_body(body: str) -> None:
    if not body.strip():
        raise SandboxError(422, "Validation Failed: body can't be blank")
    if len(body) > MOST_CHARACTERS:
        raise SandboxError(422, f"Validation Failed: body is too long (maximum is {MOST_CHARACTERS} characters)")


def _comment(row: Row) -> Comment:
    return Comment(
        id=row["id"], number=row["number"], body=row["body"], author=row["author"],
        created_at=_instant(row["created_at"]), updated_at=_instant(row["updated_at"]), hidden=bool(row["hidden"]),
    )  # fmt: skip


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
