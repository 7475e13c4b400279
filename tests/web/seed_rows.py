"""What the seeded world is made with: its present, and rows put in one at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.store.database import Tx
from app.time import to_iso

NOW = datetime(2026, 7, 31, 17, 10, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script> \"><img src=x onerror=alert(1)> & more"
COMMENT = """**Quiet for 30 days; it looks like the author's turn.**

- Last step: [review comments of 26 Jun](https://github.com/demo/curve/pull/1874#r1), not answered yet
- Checks are green, no conflicts

**What helps:** an answer, a push, or a word that it is on hold. Handing it over is fine too; just say so.

<sub>This note is edited in place and nothing gets closed. Answer with `/plumb snooze 2w reason`, `/plumb wrong reason` or `/plumb help`. [Why this note?](https://plumb.example/i/1)</sub>
<!-- plumbline:1:7f3c -->
"""


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def insert(tx: Tx, table: sa.Table, **values: Any) -> int:
    return int(tx.execute(sa.insert(table).values(**values)).inserted_primary_key[0])


def item_row(
    project: int,
    number: int,
    title: str,
    *,
    author: int,
    quiet: float,
    age: float,
    pull: bool = False,
    closed: float | None = None,
    draft: bool = False,
    review: str = "commented",
    last: str = "comment",
    side: str = "reviewer",
    labels: list[str] | None = None,
    milestones: list[Any] | None = None,
) -> dict[str, Any]:
    url = f"https://github.com/demo/curve/{'pull' if pull else 'issues'}/{number}"
    step = {"kind": last, "at": to_iso(days_ago(quiet)), "url": f"{url}#r{number}", "side": side}
    state = "done" if closed is not None else "in_review" if pull and not draft else "in_progress" if pull else "todo"
    size = {
        "checklist_total": 0,
        "checklist_done": 0,
        "estimate": None,
        "lines": 98 if pull else None,
        "files": 5 if pull else None,
        "body_length": 120,
    }
    derived: dict[str, Any] = {
        "state": state,
        "state_since": to_iso(days_ago(closed if closed is not None else age)),
        "last_movement": step,
        "started_at": to_iso(days_ago(age)) if pull else None,
        "acted_at": None,
        "size": size,
        "at_start": None,
        "pull": None,
    }
    if pull:
        derived["pull"] = {
            "review": review,
            "last_word": step,
            "last_push": {**step, "kind": "push", "side": "author"},
            "first_review_at": to_iso(days_ago(quiet)),
            "ready_at": to_iso(days_ago(age)),
            "size_at_first_review": None,
        }
    return {
        "project_id": project,
        "native_id": f"1/{number}",
        "number": number,
        "key": f"#{number}",
        "kind": "pull_request" if pull else "issue",
        "title": title,
        "url": url,
        "author_id": author,
        "created_at": days_ago(age),
        "is_open": closed is None,
        "status": "open" if closed is None else "merged" if pull else "closed",
        "closed_at": days_ago(closed) if closed is not None else None,
        "closed_as": None if closed is None else "merged" if pull else "completed",
        "labels": labels or [],
        "milestone_natives": milestones or [],
        "head_sha": f"sha{number}" if pull else None,
        "pull": {"draft": draft, "mergeable": True, "reviewers": [], "reviewer_teams": []} if pull else None,
        "checks": {"ci": ["green", to_iso(days_ago(quiet)), f"sha{number}"]} if pull else {},
        "state": state,
        "state_since": days_ago(closed if closed is not None else age),
        "began_at": days_ago(age) if pull else None,
        "moved_at": days_ago(quiet),
        "derived": derived,
        "judged_at": NOW,
    }
