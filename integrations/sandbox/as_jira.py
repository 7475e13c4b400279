"""The sandbox tracker in Jira's language: what it takes from webhooks, and the webhooks of what is written to it.

Labels are words of an issue, of no project; a comment comes back as an event of its own, with a few fields of its
issue; a label as a change of the issue, with its changelog.
"""

import json
from datetime import datetime
from sqlite3 import Connection, Row

from integrations.jira.render import carries
from integrations.sandbox import jira_shapes as shapes
from integrations.sandbox import tracker_items as items
from integrations.sandbox.payloads import Payload, number_of
from integrations.sandbox.payloads import stamp as stored

__all__ = ["PROJECT_LABELS", "carries", "comment_hook", "event_of", "item_hook", "label_hook", "observe", "plain_item"]

PROJECT_LABELS = False
SHOWN_WITH_A_COMMENT = ("summary", "issuetype", "project", "assignee", "priority", "status")
_EVENTS = {"created": "comment_created", "edited": "comment_updated", "deleted": "comment_deleted"}


def observe(db: Connection, payload: Payload) -> Payload:
    """Take over the issue (and a person's comment) of a payload; give the payload with our own labels in it."""
    issue = payload.get("issue")
    if issue is None:
        return payload
    repo, number = _place(issue["key"])
    if "updated" in issue["fields"]:
        db.execute(
            "INSERT INTO items (repo, number, pull, issue, newest, repository) VALUES (?, ?, 0, ?, 'issue', ?)"
            " ON CONFLICT DO UPDATE SET issue=excluded.issue",
            (repo, number, json.dumps(issue), json.dumps(issue["fields"]["project"])),
        )
        items.take_over_labels(db, repo, number, dict.fromkeys(issue["fields"]["labels"], items.DEFAULT_COLOR))
    if comment := payload.get("comment"):
        items.take_over_comment(
            db, repo, number, identity=int(comment["id"]), body=comment["body"],
            author=comment["author"]["displayName"], at=stored(datetime.fromisoformat(comment["created"])),
            deleted=payload["webhookEvent"] == "comment_deleted",
        )  # fmt: skip
    if "labels" not in issue["fields"] or not items.has_own_writes(db, repo, number):
        return payload
    return payload | {"issue": _labelled(issue, items.labels_of(db, repo, number))}


def plain_item(repo: str, number: int, *, pull: bool, labels: tuple[str, ...], at: datetime) -> Payload:
    """The payload of an issue being made. Raises ValueError for a pull request, of which Jira has none."""
    if pull:
        raise ValueError("Jira has no pull requests")
    key, when = f"{repo}-{number}", shapes.stamp(at)
    maker = shapes.user("Kim")
    fields = {
        "summary": f"Item {number}", "description": None, "issuetype": shapes.issuetype("Task"),
        "status": shapes.status("To Do"), "project": shapes.project(repo, repo), "labels": list(labels),
        "created": when, "updated": when, "creator": maker, "reporter": maker, "assignee": None, "fixVersions": [],
    }  # fmt: skip
    issue = {"id": shapes.issue_id(key), "self": shapes.address(key), "key": key, "fields": fields}
    return {"timestamp": shapes.millis(at), "webhookEvent": "jira:issue_created", "user": maker, "issue": issue}


def item_hook(db: Connection, repo: str, number: int, *, action: str, label: str, sender: str, at: datetime) -> Payload:
    """The webhook of a label put on or taken off."""
    row = items.require(db, repo, number)
    now = items.labels_of(db, repo, number)
    before = [name for name in now if name != label] if action == "labeled" else [*now, label]
    entry = {
        "field": "labels", "fieldtype": "jira", "fieldId": "labels", "from": None, "fromString": " ".join(before),
        "to": None, "toString": " ".join(now),
    }  # fmt: skip
    history = number_of("history", repo, number, action, label, at.isoformat())
    return {
        "timestamp": shapes.millis(at), "webhookEvent": "jira:issue_updated", "issue_event_type_name": "issue_updated",
        "user": _sender(sender), "issue": _labelled(_known(row, at), now),
        "changelog": {"id": str(history), "items": [entry]},
    }  # fmt: skip


def comment_hook(
    db: Connection, repo: str, comment_id: int, *, action: str, sender: str, at: datetime, before: str | None = None
) -> Payload:
    """The webhook of a comment created, edited or deleted; Jira does not say what an edit replaced."""
    comment = db.execute("SELECT * FROM comments WHERE id=?", (comment_id,)).fetchone()
    issue = _known(items.require(db, repo, comment["number"]), at)
    fields = {name: issue["fields"].get(name) for name in SHOWN_WITH_A_COMMENT}
    author = _sender(comment["author"])
    shown = {
        "self": f"{issue['self']}/comment/{comment_id}", "id": str(comment_id), "author": author,
        "updateAuthor": author, "body": comment["body"], "jsdPublic": True,
        "created": shapes.stamp(datetime.fromisoformat(comment["created_at"])),
        "updated": shapes.stamp(datetime.fromisoformat(comment["updated_at"])),
    }  # fmt: skip
    return {
        "timestamp": shapes.millis(at), "webhookEvent": _EVENTS[action], "user": _sender(sender), "comment": shown,
        "issue": {"id": issue["id"], "self": issue["self"], "key": issue["key"], "fields": fields},
    }  # fmt: skip


def label_hook(db: Connection, repo: str, name: str, sender: str) -> None:
    """A project of Jira has no labels to tell of."""
    return


def event_of(hook: Payload) -> tuple[str, str | None]:
    """The event's name and action of a webhook made here."""
    return str(hook["webhookEvent"]), hook.get("issue_event_type_name")


def _place(key: str) -> tuple[str, int]:
    project, _, number = key.rpartition("-")
    return project, int(number)


def _sender(login: str) -> Payload:
    return shapes.user(login, app=login.endswith("[bot]"))


def _known(row: Row, at: datetime) -> Payload:
    """The issue as it was last seen, changed at this instant."""
    issue: Payload = json.loads(row["issue"])
    updated = max(datetime.fromisoformat(issue["fields"]["updated"]), at)
    return issue | {"fields": issue["fields"] | {"updated": shapes.stamp(updated)}}


def _labelled(issue: Payload, labels: list[str]) -> Payload:
    return issue | {"fields": issue["fields"] | {"labels": labels}}
