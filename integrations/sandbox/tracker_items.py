"""What the sandbox tracker does inside a transaction, whatever language it speaks: items, their labels and comments.

`repo` is what items belong to: a repository's full name, or the key of a Jira project.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from sqlite3 import Connection, Row

from integrations.sandbox.payloads import stamp

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


def take_over_labels(db: Connection, repo: str, number: int, labels: Mapping[str, str]) -> None:
    """Labels, with their colours, as a snapshot of the record shows them; those written here stay."""
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


def take_over_comment(
    db: Connection, repo: str, number: int, *, identity: int, body: str, author: str, at: str, deleted: bool
) -> None:
    """A comment that a person wrote in the record; `at` as instants are stored."""
    db.execute(
        "INSERT INTO comments (id, repo, number, body, author, created_at, updated_at, deleted, written)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO UPDATE SET deleted=excluded.deleted",
        (identity, repo, number, body, author, at, at, deleted),
    )


def has_own_writes(db: Connection, repo: str, number: int) -> bool:
    """Whether anything was written here on the item."""
    place = (repo, number)
    labels = "SELECT 1 FROM item_labels WHERE repo=? AND number=? AND origin<>'recorded' LIMIT 1"
    comments = "SELECT 1 FROM comments WHERE repo=? AND number=? AND written LIMIT 1"
    return bool(db.execute(labels, place).fetchone() or db.execute(comments, place).fetchone())
