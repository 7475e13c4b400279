"""What came in, what was written, and what the seeded world's upkeep shows."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.store import models as m
from app.store.database import Tx
from tests.web.seed_rows import COMMENT, HOSTILE, NOW, days_ago, insert


def deliveries(tx: Tx, ids: dict[str, int]) -> None:
    real = datetime.now(UTC)
    rows = (
        (65, "issue_comment", "created", "#1903", "done", "1 change, 6 rules judged"),
        (60, "pull_request", "synchronize", "#1885", "done", "2 changes, 6 rules judged"),
        (55, "pull_request", "labeled", "#1874", "ignored", "Our own label, seen coming back"),
        (30, "pull_request_review", "submitted", "#1786", "aside", "No head repository in the payload"),
        (20, "pull_request", "milestoned", "#1903", "done", "1 change, 0.8.0 judged again"),
        (10, "ping", None, None, "ignored", "says nothing we keep"),
        (4, "issues", "closed", "#1175", "pending", ""),
    )
    payload = {
        "action": "submitted",
        "review": {"state": "commented", "body": HOSTILE},
        "pull_request": {"number": 1786, "head": {"ref": "tidy-tests", "repo": None}},
    }
    body = zlib.compress(json.dumps(payload).encode())
    for place, (minutes, event, action, about, status, reason) in enumerate(rows):
        at = real - timedelta(minutes=minutes)
        aside = status == "aside"
        ids["aside" if aside else f"delivery{place}"] = insert(
            tx, m.delivery, tracker_id=ids["tracker"], lane_id=ids["lane"], project_id=ids["project"] if event != "ping" else None,
            guid=f"7d1f0c5{place}-5c1e-11f0-8000-0242ac120002", event=event, action=action, about=about, received_at=at, world_at=NOW,
            size=24_310, body=body, status=status, reason=reason, attempts=1 if aside else 0,
            trace="PermanentError at pull_request.head.repo\n  expected an object, found null\ntrace 4be2" if aside else "",
            done_at=at + timedelta(milliseconds=31) if status != "pending" else None,
        )  # fmt: skip


def written(tx: Tx, ids: dict[str, int]) -> None:
    tx.execute(
        sa.insert(m.publication).values(
            item_id=ids["item"], project_id=ids["project"], connection_id=ids["connection"], want_labels=["plumb:stalled"],
            shown_labels=["plumb:stalled"], want_body=COMMENT, shown_body=COMMENT, comment_id="9", status="settled",
            comment_url="https://github.com/demo/curve/pull/1874#issuecomment-9", commented_at=days_ago(5),
        )
    )  # fmt: skip
    for kind, ago in (("label_added", 5), ("comment_created", 5), ("label_added", 0.2)):
        item = ids["item"] if ago == 5 else ids["hostile"]
        tx.execute(
            sa.insert(m.written).values(
                connection_id=ids["connection"], project_id=ids["project"], item_id=item, at=days_ago(ago), world_at=days_ago(ago), kind=kind,
                detail="plumb:stalled",
            )
        )  # fmt: skip


def upkeep(tx: Tx, ids: dict[str, int]) -> None:
    """What waits, is held back or was refused, a version of settings, a target, and what people did."""
    real = datetime.now(UTC)
    rows: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("out", "hostile", {"status": "waiting", "due_at": NOW + timedelta(minutes=40)}),
        ("refused", "1885", {"status": "refused", "detail": "forbidden: the account may not write here"}),
        ("tried", "1903", {"status": "waiting", "due_at": NOW, "attempts": 2, "retry_at": real + timedelta(minutes=5),
                           "detail": "the tracker did not answer"}),
        ("held", "1850", {"status": "held", "detail": "10 new comments were written today; this one waits",
                          "due_at": NOW + timedelta(hours=15)}),
    )  # fmt: skip
    for name, item, values in rows:
        ids[name] = insert(
            tx, m.publication, item_id=ids[item], project_id=ids["project"], connection_id=ids["connection"],
            want_labels=["plumb:stalled"], want_body=COMMENT.replace("30 days", "31 days"), **values,
        )  # fmt: skip
    tx.execute(sa.insert(m.sync).values(id=ids["project"], next_at=real + timedelta(hours=1)))
    calendar = {"zone": "Europe/Berlin", "weekdays": [0, 1, 2, 3, 4], "country": "DE"}
    versions: tuple[tuple[float, str, dict[str, Any], dict[str, Any]], ...] = (
        (300, "command line", {}, {}),
        (20, "dev-02", {"comments_per_day": 5, "left_out_labels": ["on hold", HOSTILE]}, calendar),
    )
    for ago, author, settings, document in versions:
        tx.execute(
            sa.insert(m.project_settings).values(
                project_id=ids["field"], valid_from=days_ago(ago), author=author, settings=settings, calendar=document
            )
        )
    tx.execute(
        sa.insert(m.project_settings).values(
            project_id=ids["project"], valid_from=days_ago(300), author="command line", settings={}, calendar={}
        )
    )
    ids["target"] = insert(tx, m.target, name="curve-lead", kind="mailtos", address="", per_day=10, created_at=real)
    acts: tuple[tuple[int, str, str, str, dict[str, Any]], ...] = (
        (9, "command line", "project added", "demo/curve", {}),
        (5, "dev-02", "settings changed", "demo/field",
         {"before": {}, "after": {"comments_per_day": 5, "label_prefix": HOSTILE}}),
        (1, "owner", "paused all writing", "", {}),
    )  # fmt: skip
    for hours, who, what, subject, detail in acts:
        at = real - timedelta(hours=hours)
        tx.execute(sa.insert(m.audit).values(at=at, who=who, what=what, subject=subject, detail=detail))
