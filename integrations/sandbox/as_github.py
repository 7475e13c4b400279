"""The sandbox tracker in GitHub's language: what it takes from webhooks, and the webhooks of what is written to it."""

import json
from datetime import datetime
from sqlite3 import Connection, Row

from integrations.github.render import hidden
from integrations.sandbox import tracker_items as items
from integrations.sandbox.payloads import Payload, Shapes, number_of, stamp
from integrations.sandbox.recording import Header, Opening
from integrations.sandbox.snapshots import as_issue, item_in, merged
from integrations.sandbox.state import ItemState

PROJECT_LABELS = True


def carries(body: str, marker: str) -> bool:
    """Whether a comment's text carries this marker."""
    return hidden(marker) in body


def observe(db: Connection, payload: Payload) -> Payload:
    """Take over the item (and a person's comment) of a replayed payload; give the payload with our own writes in it."""
    found = item_in(payload)
    if found is None:
        return payload
    shape, snapshot = found
    repo, number = payload["repository"]["full_name"], int(snapshot["number"])
    text = json.dumps(snapshot)
    db.execute(
        f"INSERT INTO items (repo, number, pull, locked, {shape}, newest, repository) VALUES (?, ?, ?, ?, ?, ?, ?)"
        f" ON CONFLICT DO UPDATE SET locked=excluded.locked, {shape}=excluded.{shape}, newest=excluded.newest",
        (repo, number, shape == "pull_request" or "pull_request" in snapshot, snapshot["locked"], text, shape,
         json.dumps(payload["repository"])),
    )  # fmt: skip
    items.take_over_labels(db, repo, number, {label["name"]: label["color"] for label in snapshot["labels"]})
    if shape == "issue" and "comment" in payload:
        comment = payload["comment"]
        items.take_over_comment(
            db, repo, number, identity=comment["id"], body=comment["body"], author=comment["user"]["login"],
            at=comment["created_at"], deleted=payload["action"] == "deleted",
        )  # fmt: skip
    if not items.has_own_writes(db, repo, number):
        return payload
    return payload | {shape: _with_own_writes(db, repo, number, snapshot)}


def plain_item(repo: str, number: int, *, pull: bool, labels: tuple[str, ...], at: datetime) -> Payload:
    """The payload of an item being opened, for tests that replay nothing."""
    shapes = Shapes(Header(repository=repo, until=at))
    item = ItemState(
        number=number, author="dev-01", association="NONE", pull=pull, title=f"Item {number}", body="", created_at=at,
        updated_at=at, opening=Opening(title=f"Item {number}"), labels=list(labels), sha=f"{number:07x}",
    )  # fmt: skip
    shown = {"pull_request": shapes.pull_request(item, None)} if pull else {"issue": shapes.issue(item, None)}
    return {"action": "opened", **shown, "repository": shapes.repository, "sender": shapes.user("dev-01")}


def item_hook(db: Connection, repo: str, number: int, *, action: str, label: str, sender: str, at: datetime) -> Payload:
    """The webhook of a label put on or taken off."""
    row = items.require(db, repo, number)
    shape = "pull_request" if row["pull"] and row["pull_request"] else "issue"
    payload: Payload = {"action": action}
    if row["pull"]:
        payload["number"] = number
    snapshot = _snapshot(db, row, shape)
    payload |= {shape: snapshot | {"updated_at": _later(snapshot["updated_at"], at)}, "label": _label(db, repo, label)}
    return payload | _frame(row, sender)


def comment_hook(
    db: Connection, repo: str, comment_id: int, *, action: str, sender: str, at: datetime, before: str | None = None
) -> Payload:
    """The webhook of a comment created, edited (it had the text `before`) or deleted."""
    comment = db.execute("SELECT * FROM comments WHERE id=?", (comment_id,)).fetchone()
    row = items.require(db, repo, comment["number"])
    shapes = Shapes(Header(repository=repo, until=at))
    issue = _snapshot(db, row, "issue")
    kind = "pull" if row["pull"] else "issues"
    association = "NONE" if items.may(db, repo, comment["author"]) in ("none", "read") else "COLLABORATOR"
    shown = {
        "url": f"https://api.github.com/repos/{repo}/issues/comments/{comment_id}",
        "issue_url": f"https://api.github.com/repos/{repo}/issues/{comment['number']}",
        "html_url": f"https://github.com/{repo}/{kind}/{comment['number']}#issuecomment-{comment_id}",
        "id": comment_id, "node_id": f"IC_{comment_id}", "user": shapes.user(comment["author"]),
        "created_at": comment["created_at"], "updated_at": comment["updated_at"], "body": comment["body"],
        "author_association": association, "performed_via_github_app": None,
    }  # fmt: skip
    issue |= {"updated_at": _later(issue["updated_at"], at)}
    changes = {} if before is None else {"changes": {"body": {"from": before}}}
    return {"action": action, "issue": issue, "comment": shown} | _frame(row, sender) | changes


def label_hook(db: Connection, repo: str, name: str, sender: str) -> Payload | None:
    """The webhook of a label created; None where nothing of the repository is known yet."""
    row = db.execute("SELECT * FROM items WHERE repo=? LIMIT 1", (repo,)).fetchone()
    return {"action": "created", "label": _label(db, repo, name)} | _frame(row, sender) if row else None


def event_of(hook: Payload) -> tuple[str, str]:
    """The event's name and action of a webhook made here."""
    if "comment" in hook:
        event = "issue_comment"
    else:
        event = "pull_request" if "pull_request" in hook else "issues" if "issue" in hook else "label"
    return event, str(hook["action"])


def _with_own_writes(db: Connection, repo: str, number: int, snapshot: Payload) -> Payload:
    shown = {label["name"]: label for label in snapshot["labels"]}
    labels = [shown.get(name) or _label(db, repo, name) for name in items.labels_of(db, repo, number)]
    complete = snapshot | {"labels": labels}
    if "comments" in snapshot:
        own = "SELECT count(*) FROM comments WHERE repo=? AND number=? AND written AND NOT deleted"
        complete["comments"] = snapshot["comments"] + db.execute(own, (repo, number)).fetchone()[0]
    return complete


def _snapshot(db: Connection, row: Row, shape: str) -> Payload:
    newest: Payload = json.loads(row[row["newest"]])
    known = json.loads(row[shape]) if row[shape] else as_issue(row["repo"], newest)
    return _with_own_writes(db, row["repo"], row["number"], merged(known, newest))


def _label(db: Connection, repo: str, name: str) -> Payload:
    row = items.find_label(db, repo, name)
    identity = number_of("label", repo, name)
    return {
        "id": identity, "node_id": f"LA_{identity}", "name": name,
        "color": row["color"] if row else items.DEFAULT_COLOR, "default": False,
        "description": row["description"] or None if row else None,
        "url": f"https://api.github.com/repos/{repo}/labels/{name}",
    }  # fmt: skip


def _frame(row: Row, sender: str) -> Payload:
    shapes = Shapes(Header(repository=row["repo"], until=datetime.max))
    return {"repository": json.loads(row["repository"]), "sender": shapes.user(sender)}


def _later(known: str, at: datetime) -> str:
    return max(known, stamp(at))
