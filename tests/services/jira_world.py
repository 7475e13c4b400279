"""A world with one Jira: a database, projects in the tracker's one lane, and the whole core, in one process.

    world = JiraWorld(url, {"10": "PAY", "20": "SHOP"}, at=now, site=SITE)
    world.deliver([payload, …]); world.drain(); world.tell([told, …]); world.drain()

World time stands still until the test moves it. `tests.picture` reads it as it reads the small world.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.secret import SecretBox
from app.services import connect, drain, rulebook
from app.store import deliveries, instance, models, people, sync, trackers
from app.store.database import Database
from app.store.deliveries import NewDelivery
from app.time import WorldClock, real_now
from integrations.jira.adapter import JiraAdapter
from integrations.ports import HISTORY, Adapters
from rules.rulefile import parse
from tests.world import KEY, Bells

NEVER = datetime(2100, 1, 1, tzinfo=UTC)


class JiraWorld:
    """See the module. `projects` are keys by native id; of others nothing is watched."""

    def __init__(self, url: str, projects: Mapping[str, str], *, at: datetime, site: Mapping[str, Any]) -> None:
        self.db = Database(url)
        self.adapters = Adapters({"jira": JiraAdapter()})
        self.bells = Bells()
        self.people = people.People()
        self.at(at)
        self.connection_id = connect.add_tracker(
            self.db, SecretBox([KEY]), name="jira", kind="jira", base_url=site["base_url"], webhook_secret="s",
            secrets={"token": "t"}, installation=None, author="test", now=real_now(),
        )  # fmt: skip
        self.projects: dict[str, int] = {}
        with self.db.write() as tx:
            tracker = trackers.tracker_by_name(tx, "jira")
            assert tracker is not None
            self.tracker_id, self.lane_id = tracker.id, tracker.lane_id
            trackers.save_site(tx, tracker.id, site, now=real_now())
            for native_id, key in projects.items():
                self.projects[key] = trackers.add_project(
                    tx, tracker_id=tracker.id, connection_id=self.connection_id, native_id=native_id, key=key,
                    url=f"{site['base_url']}/browse/{key}", public=False, now=self.now, settings={},
                    calendar={"all_hours": True}, author="test", lane_id=tracker.lane_id,
                )  # fmt: skip
                sync.ensure(tx, self.projects[key], mode="webhooks", next_at=NEVER)

    def close(self) -> None:
        self.db.dispose()

    def at(self, when: datetime) -> None:
        """Set the world's clock."""
        self.now = when
        with self.db.write() as tx:
            instance.set_clock(tx, WorldClock(origin_real=real_now(), origin_world=when, rate=0))

    def wait(self, **span: float) -> None:
        self.at(self.now + timedelta(**span))

    def rules(self, *drafts: str) -> None:
        """Put rules in force, each given as one YAML mapping."""
        text = "rules:\n" + "".join(f"- {draft}\n" for draft in drafts)
        rulebook.apply(self.db, parse(text, source="test"), author="test", prune=True, now=self.now, real=real_now())

    # --- what goes in

    def deliver(self, payloads: Iterable[Mapping[str, Any]]) -> None:
        """Put webhooks in line as the intake does, without its HTTP."""
        ids = self._by_native()
        envelope = self.adapters["jira"].envelope
        rows = []
        for payload in payloads:
            seen = envelope({}, payload)
            rows.append(self._row(seen.event, payload, ids.get(seen.project or ""), seen.subject, real_now()))
        self._store(rows)

    def tell(self, answers: Iterable[Mapping[str, Any]]) -> None:
        """Put answers in line as reading the tracker does."""
        ids = self._by_native()
        rows = []
        for payload in answers:
            named = payload.get("project") or payload.get("issue", {}).get("fields", {}).get("project") or {}
            project = ids.get(str(named.get("id")), min(self.projects.values()))
            rows.append(self._row(HISTORY, payload, project, None, datetime.fromisoformat(payload["asked_at"])))
        self._store(rows)

    def _by_native(self) -> dict[str, int]:
        with self.db.read() as tx:
            return {row.native_id: row.id for row in trackers.projects(tx, tracker_id=self.tracker_id)}

    def _row(
        self, event: str, payload: Mapping[str, Any], project: int | None, about: str | None, at: datetime
    ) -> dict[str, Any]:
        return NewDelivery(
            tracker_id=self.tracker_id, lane_id=self.lane_id, project_id=project, guid=str(uuid.uuid4()), event=event,
            action=None, about=about, received_at=at, world_at=self.now, raw=json.dumps(payload).encode(),
        ).row()  # fmt: skip

    def _store(self, rows: list[dict[str, Any]]) -> None:
        with self.db.write() as tx:
            for start in range(0, len(rows), 500):
                deliveries.add_many(tx, rows[start : start + 500])

    # --- what works

    def drain(self) -> int:
        """Drain the lane until nothing is left."""
        deps = drain.Drain(
            db=self.db, adapters=self.adapters, people=self.people, ringer=self.bells, base_url="http://plumb"
        )
        return drain.drain(deps, self.lane_id)

    def read(self, tell: Callable[[str], Mapping[str, Any] | None]) -> None:
        """Answer the reads that are wanted, until none is: `tell` says what Jira tells of an item by native id."""
        for _ in range(5):
            wanted = self.rows(sa.select(models.wanted_read))
            if not wanted:
                return
            known = {(row.project_id, row.number): row.native_id for row in self.rows(sa.select(models.item))}
            natives = {row.native_id or known.get((row.project_id, row.number)) for row in wanted}
            self.sql(sa.delete(models.wanted_read))
            self.tell(answer for native in sorted(filter(None, natives)) if (answer := tell(native)) is not None)
            self.drain()
        assert not self.rows(sa.select(models.wanted_read)), "reading asks for the same reads again and again"

    # --- what comes out

    def rows(self, query: Any) -> list[Any]:
        with self.db.read() as tx:
            return list(tx.execute(query).all())

    def sql(self, statement: Any) -> None:
        with self.db.write() as tx:
            tx.execute(statement)

    def item(self, key: str) -> Any:
        return self.rows(sa.select(models.item).where(models.item.c.key == key))[0]

    def counts(self) -> Counter[str]:
        """Deliveries by status."""
        return Counter(row.status for row in self.rows(sa.select(models.delivery.c.status)))
