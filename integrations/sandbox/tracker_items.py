"""What the sandbox tracker does inside a transaction: items, their labels and comments, and the webhooks of changes."""

import json
from datetime import datetime
from sqlite3 import Connection, Row

from integrations.sandbox.payloads import Payload, Shapes, number_of, stamp
from integrations.sandbox.recording import Header, Opening
from integrations.sandbox.snapshots import as_issue, item_in, merged
from integrations.sandbox.state import ItemState

LABEL_IS_NOT_ON = "Label does not exist"  # GitHub's own words for it
DEFAULT_COLOR = "ededed"  # what GitHub gives a label that comes into being by being added


class SandboxError(Exception):
    """The call is refused; `status` is GitHub's HTTP status for it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status} {message}")
        self.status, self.message = status, message


def require(db: Connection, repo: str, number: int) -> Row:
    """The item's row; 404 where it is unknown, 410 where it was deleted."""
    row: Row | None = db.execute("SELECT * FROM items WHERE repo=? AND number=?", (repo, number)).fetchone()
    if row is None:
        raise SandboxError(404, "Not Found")
    if row["gone"]:
        raise SandboxError(410, "This issue was deleted")
    return row


def require_comment(db: Connection, repo: str, comment_id: int) -> Row:
    """The comment's row; 404 where it is unknown or deleted."""
    row: Row | None = db.execute(
        "SELECT * FROM comments WHERE repo=? AND id=? AND NOT deleted", (repo, comment_id)
    ).fetchone()  # fmt: skip
    if row is None:
        raise SandboxError(404, "Not Found")
    return row


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
    _take_over_labels(db, repo, number, snapshot)
    if shape == "issue" and "comment" in payload:
        _take_over_comment(db, repo, number, payload)
    if not _has_own_writes(db, repo, number):
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


def labels_of(db: Connection, repo: str, number: int) -> list[str]:
    """Names of the item's labels as they stand, in the order they were put on."""
    rows = db.execute(
        "SELECT name FROM item_labels WHERE repo=? AND number=? AND origin<>'removed' ORDER BY rowid", (repo, number)
    )
    return [row["name"] for row in rows.fetchall()]


def may(db: Connection, repo: str, login: str) -> str:
    """What somebody may do in a repository; everybody may read."""
    row = db.execute("SELECT may FROM rights WHERE repo=? AND login=?", (repo, login)).fetchone()
    return str(row["may"]) if row else "read"


def find_label(db: Connection, repo: str, name: str) -> Row | None:
    """The repository's label of that name in any case."""
    row: Row | None = db.execute("SELECT * FROM labels WHERE repo=? AND key=?", (repo, name.casefold())).fetchone()
    return row


def make_label(db: Connection, repo: str, name: str, *, color: str = DEFAULT_COLOR, description: str = "") -> None:
    """Create a label of the repository unless it has it."""
    db.execute(
        "INSERT INTO labels (repo, key, name, color, description) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (repo, name.casefold(), name, color, description),
    )


def put_label(db: Connection, repo: str, number: int, name: str) -> str | None:
    """Put a label on an item; gives its name as the repository spells it, or None where the item has it already."""
    make_label(db, repo, name)
    row = find_label(db, repo, name)
    spelled = str(row["name"]) if row else name
    if spelled in labels_of(db, repo, number):
        return None
    db.execute(
        "INSERT OR REPLACE INTO item_labels (repo, number, key, name, origin) VALUES (?, ?, ?, ?, 'written')",
        (repo, number, name.casefold(), spelled),
    )
    return spelled


def take_label(db: Connection, repo: str, number: int, name: str) -> str:
    """Take a label off an item and give its name; 404 where the item does not have it."""
    place = (repo, number, name.casefold())
    row: Row | None = db.execute(
        "SELECT * FROM item_labels WHERE repo=? AND number=? AND key=? AND origin<>'removed'", place
    ).fetchone()  # fmt: skip
    if row is None:
        raise SandboxError(404, LABEL_IS_NOT_ON)
    # A tombstone for every label, not only recorded ones: later snapshots of the record may bring it along.
    db.execute("UPDATE item_labels SET origin='removed' WHERE repo=? AND number=? AND key=?", place)
    return str(row["name"])


def make_comment(db: Connection, repo: str, number: int, *, body: str, author: str, at: datetime) -> int:
    """Store a comment written here; gives its id."""
    cursor = db.execute(
        "INSERT INTO comments (repo, number, body, author, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
        (repo, number, body, author, stamp(at), stamp(at)),
    )
    return int(cursor.lastrowid or 0)


def item_hook(db: Connection, repo: str, number: int, *, action: str, label: str, sender: str, at: datetime) -> Payload:
    """The webhook of a label put on or taken off."""
    row = require(db, repo, number)
    shape = "pull_request" if row["pull"] and row["pull_request"] else "issue"
    payload: Payload = {"action": action}
    if row["pull"]:
        payload["number"] = number
    snapshot = _snapshot(db, row, shape)
    payload |= {shape: snapshot | {"updated_at": _later(snapshot["updated_at"], at)}, "label": _label(db, repo, label)}
    return payload | _frame(row, sender)


def comment_hook(db: Connection, repo: str, comment_id: int, *, action: str, sender: str, at: datetime) -> Payload:
    """The webhook of a comment created, edited or deleted."""
    comment = db.execute("SELECT * FROM comments WHERE id=?", (comment_id,)).fetchone()
    row = require(db, repo, comment["number"])
    shapes = Shapes(Header(repository=repo, until=at))
    issue = _snapshot(db, row, "issue")
    kind = "pull" if row["pull"] else "issues"
    association = "NONE" if may(db, repo, comment["author"]) in ("none", "read") else "COLLABORATOR"
    shown = {
        "url": f"https://api.github.com/repos/{repo}/issues/comments/{comment_id}",
        "issue_url": f"https://api.github.com/repos/{repo}/issues/{comment['number']}",
        "html_url": f"https://github.com/{repo}/{kind}/{comment['number']}#issuecomment-{comment_id}",
        "id": comment_id, "node_id": f"IC_{comment_id}", "user": shapes.user(comment["author"]),
        "created_at": comment["created_at"], "updated_at": comment["updated_at"], "body": comment["body"],
        "author_association": association, "performed_via_github_app": None,
    }  # fmt: skip
    issue |= {"updated_at": _later(issue["updated_at"], at)}
    return {"action": action, "issue": issue, "comment": shown} | _frame(row, sender)


def label_hook(db: Connection, repo: str, name: str, sender: str) -> Payload | None:
    """The webhook of a label created; None where nothing of the repository is known yet."""
    row = db.execute("SELECT * FROM items WHERE repo=? LIMIT 1", (repo,)).fetchone()
    return {"action": "created", "label": _label(db, repo, name)} | _frame(row, sender) if row else None


def event_of(hook: Payload) -> str:
    """The event name of a webhook made here."""
    if "comment" in hook:
        return "issue_comment"
    return "pull_request" if "pull_request" in hook else "issues" if "issue" in hook else "label"


def _take_over_labels(db: Connection, repo: str, number: int, snapshot: Payload) -> None:
    labels = {label["name"]: label["color"] for label in snapshot["labels"]}
    keys = json.dumps([name.casefold() for name in labels])
    db.execute(
        "DELETE FROM item_labels WHERE repo=? AND number=? AND origin<>'written'"
        " AND key NOT IN (SELECT value FROM json_each(?))",
        (repo, number, keys),
    )
    for name, color in labels.items():
        make_label(db, repo, name, color=color)
        db.execute(
            "INSERT INTO item_labels (repo, number, key, name, origin) VALUES (?, ?, ?, ?, 'recorded')"
            " ON CONFLICT DO NOTHING",
            (repo, number, name.casefold(), name),
        )


def _take_over_comment(db: Connection, repo: str, number: int, payload: Payload) -> None:
    comment = payload["comment"]
    db.execute(
        "INSERT INTO comments (id, repo, number, body, author, created_at, updated_at, deleted, written)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO UPDATE SET deleted=excluded.deleted",
        (comment["id"], repo, number, comment["body"], comment["user"]["login"], comment["created_at"],
         comment["updated_at"], payload["action"] == "deleted"),
    )  # fmt: skip


def _has_own_writes(db: Connection, repo: str, number: int) -> bool:
    place = (repo, number)
    labels = "SELECT 1 FROM item_labels WHERE repo=? AND number=? AND origin<>'recorded' LIMIT 1"
    comments = "SELECT 1 FROM comments WHERE repo=? AND number=? AND written LIMIT 1"
    return bool(db.execute(labels, place).fetchone() or db.execute(comments, place).fetchone())


def _with_own_writes(db: Connection, repo: str, number: int, snapshot: Payload) -> Payload:
    shown = {label["name"]: label for label in snapshot["labels"]}
    labels = [shown.get(name) or _label(db, repo, name) for name in labels_of(db, repo, number)]
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
    row = find_label(db, repo, name)
    identity = number_of("label", repo, name)
    return {
        "id": identity, "node_id": f"LA_{identity}", "name": name, "color": row["color"] if row else DEFAULT_COLOR,
        "default": False, "description": row["description"] or None if row else None,
        "url": f"https://api.github.com/repos/{repo}/labels/{name}",
    }  # fmt: skip


def _frame(row: Row, sender: str) -> Payload:
    shapes = Shapes(Header(repository=row["repo"], until=datetime.max))
    return {"repository": json.loads(row["repository"]), "sender": shapes.user(sender)}


def _later(known: str, at: datetime) -> str:
    return max(known, stamp(at))
