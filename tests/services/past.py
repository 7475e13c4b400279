"""One recorded repository, known in two ways: by its webhooks, or by asking a GitHub that knows its past."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.secret import SecretBox
from app.services import connect, drain, importing, rulebook, syncing
from app.store import deliveries, instance, models, people, runs, sync, trackers
from app.store.database import Database
from app.store.deliveries import NewDelivery
from app.time import WorldClock, real_now
from integrations.github.adapter import GitHubAdapter
from integrations.ports import Adapters, Client, Credentials, History
from integrations.sandbox.replay import Webhook
from rules.rulefile import parse
from tests.integrations.github.fake_history import FakeHistory
from tests.world import KEY, Bells


class PastWorld:
    """A database with one project on GitHub, and whatever knows of it."""

    def __init__(self, url: str, fake: FakeHistory, *, at: datetime | None = None) -> None:
        self._open(url, fake)
        self.at(at or fake.now)
        self.connection_id = connect.add_tracker(
            self.db, self.vault, name="hub", kind="github", base_url=fake.url, webhook_secret="s",
            secrets={"token": "good"}, installation=None, author="test", now=real_now(),
        )  # fmt: skip
        with self.db.write() as tx:
            tracker = trackers.tracker_by_name(tx, "hub")
            assert tracker is not None
            self.tracker_id = tracker.id
            self.project_id = trackers.add_project(
                tx, tracker_id=tracker.id, connection_id=self.connection_id, native_id=fake.native_id, key=fake.key,
                url=f"https://github.com/{fake.key}", public=True, now=self.now, settings={},
                calendar={"all_hours": True}, author="test",
            )  # fmt: skip

    def _open(self, url: str, fake: FakeHistory) -> None:
        """What stands on the database and on what knows of it."""
        self.db = Database(url)
        self.fake = fake
        self.vault = SecretBox([KEY])
        self.adapters = Adapters({"github": GitHubAdapter()})
        self.bells = Bells()
        self.people = people.People()
        self.token = "good"

    @classmethod
    def like(cls, made: PastWorld, url: str, fake: FakeHistory) -> PastWorld:
        """A world that goes on from where another was closed, over a copy of its database and of what knows of it."""
        world = cls.__new__(cls)
        world._open(url, fake)
        world.now, world.connection_id = made.now, made.connection_id
        world.tracker_id, world.project_id = made.tracker_id, made.project_id
        world.bells.rung += made.bells.rung
        with world.db.write() as tx:
            tx.execute(sa.update(models.tracker).values(base_url=fake.url))
        return world

    def close(self) -> None:
        self.db.dispose()

    # --- time and rules

    def at(self, when: datetime) -> None:
        self.now = when
        with self.db.write() as tx:
            instance.set_clock(tx, WorldClock(origin_real=real_now(), origin_world=when, rate=0))

    def rules(self, *drafts: str) -> None:
        text = "rules:\n" + "".join(f"- {draft}\n" for draft in drafts)
        rulebook.apply(self.db, parse(text, source="test"), author="test", prune=True, now=self.now, real=real_now())

    # --- webhooks

    def deliver(self, hooks: Iterable[Webhook]) -> None:
        """Put webhooks in line as the intake does, without its HTTP."""
        with self.db.write() as tx:
            lane = self.project.lane_id
            rows = [
                NewDelivery(
                    tracker_id=self.tracker_id, lane_id=lane, project_id=self.project_id, guid=str(uuid.uuid4()),
                    event=hook.event, action=hook.action, about=_about(hook), received_at=real_now(),
                    world_at=self.now, raw=json.dumps(hook.payload).encode(),
                ).row()
                for hook in hooks
            ]  # fmt: skip
            if rows:
                deliveries.add_many(tx, rows)

    def drain(self) -> int:
        deps = drain.Drain(
            db=self.db, adapters=self.adapters, people=self.people, ringer=self.bells, base_url="http://plumb"
        )
        return drain.drain(deps, self.project.lane_id)

    # --- asking

    def history(self, _connection_id: int = 0) -> History:
        return GitHubAdapter().history(Credentials(base_url=self.fake.url, token=self.token))

    def client(self, _connection_id: int = 0) -> Client:
        return GitHubAdapter().client(Credentials(base_url=self.fake.url, token=self.token))

    def slice(self, *, seconds: float = 30.0) -> bool:
        return syncing.sync_project(
            syncing.Syncing(self.db, self.bells, self.history, self.client), self.project_id, seconds=seconds
        )

    def begin(self, **options: Any) -> runs.Run:
        return importing.begin_import(self.db, self.project_id, mode="webhooks", **options)

    def sync(self, *, within: int = 200) -> runs.Run | None:
        """Slices and drains until nothing is left that can be done now."""
        for _ in range(within):
            more = self.slice()
            drained = self.drain()
            run = self.open_run()
            if not more and not drained and (run is None or run.status != "running"):
                break
        return self.open_run()

    def skip_waits(self) -> None:
        """Let what waits for an hour or a limit be due now."""
        past = real_now() - timedelta(seconds=1)
        with self.db.write() as tx:
            tx.execute(sa.update(models.import_run).values(resume_at=None))
            tx.execute(sa.update(models.sync).values(next_at=past))
            tx.execute(sa.update(models.wanted_read).values(not_before=past))

    def reads(self) -> list[tuple[int, str]]:
        return [(row.number, row.reason) for row in self.rows(sa.select(models.wanted_read))]

    # --- what comes out

    @property
    def project(self) -> trackers.ProjectRow:
        with self.db.read() as tx:
            return trackers.projects(tx, ids=[self.project_id])[0]

    def open_run(self) -> runs.Run | None:
        with self.db.read() as tx:
            return runs.open_run(tx, self.project_id)

    def run(self, kind: str = "import") -> runs.Run:
        with self.db.read() as tx:
            found = runs.latest(tx, self.project_id, kind=kind)
        assert found is not None
        return found

    def status(self) -> syncing.Status:
        with self.db.read() as tx:
            found = syncing.status(tx, self.project_id)
        assert found is not None
        return found

    def row(self) -> sync.SyncRow:
        with self.db.read() as tx:
            found = sync.get(tx, self.project_id)
        assert found is not None
        return found

    def rows(self, query: Any) -> list[Any]:
        with self.db.read() as tx:
            return list(tx.execute(query).all())

    def counts(self) -> dict[str, int]:
        with self.db.read() as tx:
            return deliveries.counts(tx)

    def logins(self) -> dict[int, str]:
        return {row.id: row.login for row in self.rows(sa.select(models.person))}

    def fields(self, *, leave_out: frozenset[str] = frozenset()) -> dict[int, dict[str, Any]]:
        """The current fields of every item, people by login."""
        logins = self.logins()
        found = {}
        for row in self.rows(sa.select(models.item)):
            pull = {key: value for key, value in (row.pull or {}).items() if key not in ("told", "merges")}
            pull["reviewers"] = sorted(logins[who] for who in pull.get("reviewers", ()))
            values = {
                "kind": row.kind, "title": row.title, "body": row.body, "url": row.url,
                "author": logins.get(row.author_id), "created_at": row.created_at, "is_open": row.is_open,
                "status": row.status, "closed_at": row.closed_at, "closed_as": row.closed_as, "locked": row.locked,
                "labels": row.labels, "assignees": sorted(logins[who] for who in row.assignee_ids),
                "milestones": row.milestone_natives, "due": row.due, "head_sha": row.head_sha,
                "head_ref": row.head_ref, "base_ref": row.base_ref, "pull": pull if row.pull else None,
                "reviews": {logins[int(who)]: what for who, what in row.reviews.items()},
                "deleted": row.deleted_at is not None, "gap": row.gap,
            }  # fmt: skip
            found[row.number] = {key: value for key, value in values.items() if key not in leave_out}
        return found

    def derived(self) -> dict[int, Any]:
        """What is derived of every item: state, movement, and the rest."""
        rows = self.rows(sa.select(models.item))
        return {row.number: (row.state, row.state_since, row.moved_at, row.derived) for row in rows}

    def milestones(self) -> dict[int, tuple[Any, ...]]:
        rows = self.rows(sa.select(models.milestone))
        return {row.number: (row.title, row.is_open, row.due, row.closed_at, row.members_total) for row in rows}

    def links(self) -> Counter[tuple[Any, ...]]:
        rows = self.rows(
            sa.select(models.link, models.item.c.number).join(
                models.item, models.item.c.id == models.link.c.source_item_id
            )
        )
        return Counter((row.number, row.kind, row.origin, row.target) for row in rows)

    def changes(self) -> Counter[tuple[Any, ...]]:
        """All changes as a multiset: (field, natural key, at, actor, before, after, url)."""
        logins = self.logins()
        return Counter(
            (row.field, row.natural_key, row.at, logins.get(row.actor_id), row.before, row.after, row.url)
            for row in self.rows(sa.select(models.change))
        )

    def wishes(self) -> dict[int, tuple[Any, ...]]:
        """What every item should show, where that is anything, without ids of this database."""
        rows = self.rows(sa.select(models.publication, models.item.c.number).join(models.item))
        return {
            row.number: (tuple(row.want_labels), re.sub(r"/i/\d+|plumbline:1:\S+", "…", row.want_body or ""))
            for row in rows
            if row.want_labels or row.want_body
        }


def _about(hook: Webhook) -> str | None:
    item = hook.payload.get("issue") or hook.payload.get("pull_request")
    return f"#{item['number']}" if item else None


def shuffled(hooks: list[Webhook], *, seed: int) -> list[Webhook]:
    """In another order, a third of them twice."""
    draw = random.Random(seed)
    found = [*hooks, *draw.sample(hooks, len(hooks) // 3)]
    draw.shuffle(found)
    return found


END = datetime(2026, 8, 22, 8, tzinfo=UTC)
