"""The small world with a Jira beside its repository: payloads in the shapes of Jira Cloud, through the real intake.

world = TwoTrackers(database_url, tmp_path)
world.tell(world.issue("PAY-7", at=MONDAY, summary="Cards"))
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.services import connect, intake
from app.store import trackers
from app.time import real_now
from integrations.jira.adapter import JiraAdapter
from integrations.jira.verify import signature
from integrations.ports import Adapters
from tests.integrations.jira import payloads as jira
from tests.world import SECRET, World


class TwoTrackers(World):
    """See the module. The projects PAY and OPS are watched; PAY is private."""

    def __init__(self, url: str, folder: Path, **options: Any) -> None:
        super().__init__(url, folder, **options)
        self.adapters = Adapters({**self.adapters.by_kind, "jira": JiraAdapter()})
        self.histories = 500
        connection_id = connect.add_tracker(
            self.db, self.vault, name="jira", kind="jira", base_url=jira.BASE, webhook_secret=SECRET,
            secrets={"token": "t", "login": "bot@acme.example"}, installation=None, author="test", now=real_now(),
        )  # fmt: skip
        with self.db.write() as tx:
            tracker = trackers.tracker_by_name(tx, "jira")
            assert tracker is not None
            trackers.save_site(tx, tracker.id, jira.SITE, now=real_now())
            for native_id, key in (("10000", "PAY"), ("10001", "OPS")):
                trackers.add_project(
                    tx, tracker_id=tracker.id, connection_id=connection_id, native_id=native_id, key=key,
                    url=f"{jira.BASE}/browse/{key}", public=False, now=self.now, settings={}, calendar={},
                    author="test", lane_id=tracker.lane_id,
                )  # fmt: skip
        self.directory._read_at = 0.0

    def issue(self, key: str, *, at: datetime, event: str = "created", **fields: Any) -> dict[str, Any]:
        """An issue as it is at an instant, told when it was made or updated (with a `changelog` of entries)."""
        project, _, number = key.partition("-")
        changelog = fields.pop("changelog", None)
        whole = jira.issue(
            key=key, native_id=f"1{number:0>4}", updated=stamp(at), **{"created": stamp(at), **fields},
        )  # fmt: skip
        whole["fields"]["project"] |= {"id": {"PAY": "10000", "OPS": "10001"}[project]}
        parts: dict[str, Any] = {"issue": whole, "user": jira.bob(), "issue_event_type_name": f"issue_{event}"}
        if changelog is not None:
            self.histories += 1
            parts["changelog"] = {"id": str(self.histories), "items": changelog}
        return jira.webhook(f"jira:issue_{event}", at=at, **parts)

    def tell(self, payload: dict[str, Any]) -> intake.Accepted:
        """Send one webhook of the Jira."""
        raw = json.dumps(payload).encode()
        return intake.receive(
            "jira", {"x-hub-signature": signature(raw, SECRET)}, raw, kinds=("jira",),
            directory=self.directory, adapters=self.adapters, commits=self.commits,
        )  # fmt: skip


def stamp(at: datetime) -> str:
    """An instant as Jira writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
