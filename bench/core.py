"""The whole core in one process: real database, real intake, drain and publisher, the sandbox as tracker.

    with Core(url, folder) as core:
        core.watch(repository)              # of a recorded payload
        core.stock(hooks)                   # as if they had just been delivered
        core.drain()

World time stands still until it is moved; nothing sleeps, nothing runs by itself.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from app.bootstrap import migrate_url
from app.secret import SecretBox
from app.services import connect, drain, publish, rulebook, statistics
from app.services.bells import SilentRinger
from app.services.labels import label_spec
from app.store import deliveries, instance, people, trackers
from app.store.database import Database
from app.store.deliveries import NewDelivery
from app.store.statistics import due as statistics_due
from app.time import WorldClock, real_now
from integrations.github.adapter import GitHubAdapter
from integrations.ports import Adapters, Pace
from integrations.sandbox.adapter import SandboxAdapter, SandboxClient
from integrations.sandbox.replay import Webhook
from integrations.sandbox.tracker import SandboxTracker
from rules.packs.load import load

TRACKER = "bench"
SECRET = "signs nothing of worth"
SUGGESTED = frozenset({"stalled-review", "scope-creep", "missed-milestone"})
"""Types of the three rules that every pack suggests to set live."""
KEY = b"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


class Core:
    """See the module. `now` is world time."""

    def __init__(self, url: str, folder: Path, *, at: datetime) -> None:
        migrate_url(url)
        self.db = Database(url)
        self.now = at
        self.echoes: list[Webhook] = []
        box = folder / "sandbox.db"
        self.adapters = Adapters({"sandbox": SandboxAdapter(box, clock=lambda: self.now), "github": GitHubAdapter()})
        self.sandbox = SandboxTracker(box, clock=lambda: self.now, on_webhook=self.echoes.append)
        self.ringer = SilentRinger()
        self.people = people.People()
        self.at(at)
        self.connection_id = connect.add_tracker(
            self.db,
            SecretBox([KEY]),
            name=TRACKER,
            kind="sandbox",
            base_url="http://sandbox",
            webhook_secret=SECRET,
            secrets={},
            installation=None,
            author="bench",
            now=real_now(),
        )
        with self.db.read() as tx:
            tracker = trackers.tracker_by_name(tx, TRACKER)
        assert tracker is not None
        self._tracker = tracker
        self._projects: dict[str, trackers.ProjectRow] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sandbox.close()
        self.db.dispose()

    def at(self, when: datetime) -> None:
        """Set the world's clock."""
        self.now = when
        with self.db.write() as tx:
            instance.set_clock(tx, WorldClock(origin_real=real_now(), origin_world=when, rate=0))

    def watch(self, repository: Mapping[str, Any]) -> trackers.ProjectRow:
        """Watch the repository of a payload."""
        native_id = str(repository["id"])
        with self.db.write() as tx:
            found = trackers.add_project(
                tx,
                tracker_id=self._tracker.id,
                connection_id=self.connection_id,
                native_id=native_id,
                key=repository["full_name"],
                url=repository["html_url"],
                public=True,
                now=self.now,
                settings={},
                calendar={},
                author="bench",
            )
            self._projects[native_id] = trackers.projects(tx, ids=[found])[0]
        return self._projects[native_id]

    def pack(
        self, *, live: Iterable[str] = (), only: Iterable[str] | None = None, params: Mapping[str, Any] | None = None
    ) -> None:
        """Put the open-source pack in force at its defaults: these types live, the others observed; `only` some, with
        these `params` instead of theirs.
        """
        loud, kept = set(live), None if only is None else set(only)
        drafts = [
            replace(draft, mode="live" if draft.type in loud else "observe", params={**draft.params, **(params or {})})
            for draft in load("open-source")
            if draft.mode != "off" and (kept is None or draft.type in kept)
        ]
        rulebook.apply(self.db, drafts, author="bench", prune=True, now=self.now, real=real_now())

    def stock(self, hooks: Iterable[Webhook], *, observe: bool = True) -> int:
        """Store webhooks as deliveries of this moment, as intake would after checking them; gives their number. The
        sandbox learns of their items first (`observe`), and shows in them what was written to it.
        """
        now = real_now()
        rows = [self._row(self.sandbox.observe(hook) if observe else hook, now) for hook in hooks]
        with self.db.write() as tx:
            for start in range(0, len(rows), 500):
                deliveries.add_many(tx, rows[start : start + 500])
        return len(rows)

    def _row(self, hook: Webhook, now: datetime) -> dict[str, Any]:
        project = self._projects[str(hook.payload["repository"]["id"])]
        return NewDelivery(
            tracker_id=self._tracker.id,
            lane_id=project.lane_id,
            project_id=project.id,
            guid=str(uuid.uuid4()),
            event=hook.event,
            action=hook.action,
            about=None,
            received_at=now,
            world_at=self.now,
            raw=json.dumps(hook.payload).encode(),
        ).row()

    def drain(self) -> int:
        """Make the statistics that are due and drain every watched project; gives how many deliveries and subjects were
        handled.
        """
        with self.db.read() as tx:
            stale = statistics_due(tx, now=self.now)
        for project_id in stale:
            statistics.refresh(self.db, project_id, ringer=self.ringer)
        deps = drain.Drain(
            db=self.db, adapters=self.adapters, people=self.people, ringer=self.ringer, base_url="http://plumb"
        )
        return sum(drain.drain(deps, project.lane_id) for project in self._projects.values())

    def publish(self) -> int:
        """Send what is due; the sandbox's own webhooks of it come back as deliveries. Gives the number of writes."""
        sent = publish.publish(self.db, self.connection_id, connect=self._connected, ringer=self.ringer)
        echoes, self.echoes[:] = list(self.echoes), []
        self.stock(echoes, observe=False)
        return sent

    def _connected(self, _connection_id: int) -> publish.Connected:
        pace = Pace(seconds_between_writes=0, creates_per_minute=10_000, creates_per_hour=100_000)
        specs = partial(label_spec, self.db)
        return publish.Connected(client=SandboxClient(self.sandbox), pace=pace, label_specs=specs)

    def rows(self, query: Any, values: Any = None) -> list[Any]:
        """Rows of a query."""
        with self.db.read() as tx:
            return list(tx.execute(sa.text(query) if isinstance(query, str) else query, values).all())

    def run(self, statement: str, values: Any = None) -> None:
        """One statement of SQL, committed."""
        with self.db.write() as tx:
            tx.execute(sa.text(statement), values)
