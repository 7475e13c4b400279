"""A small world: a database of either kind, one repository, the sandbox tracker and the whole core, in one process.

    world = World(database_url, tmp_path)
    world.rules(STALLED)
    world.post(world.hub.issue(7, at=world.now))
    world.wait(days=4); world.drain(); world.wait(hours=1); world.drain(); world.publish()
    assert world.labels(7) == ["plumb:stalled"]

World time stands still until the test moves it; nothing sleeps, nothing runs by itself.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import shutil
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.secret import SecretBox
from app.services import connect, drain, intake, publish, rulebook
from app.services.labels import label_spec
from app.store import deliveries, instance, models, people, trackers
from app.store.database import Database
from app.time import WorldClock, real_now
from integrations.github.adapter import GitHubAdapter
from integrations.ports import Adapters, Pace
from integrations.sandbox.adapter import SandboxAdapter, SandboxClient
from integrations.sandbox.replay import Webhook
from integrations.sandbox.tracker import Comment, Fault, SandboxTracker
from rules.rulefile import parse
from tests.hub import Hub

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECRET = "a webhook's secret"
KEY = b"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

STALLED = "{name: stalled, type: stalled-work, mode: live, params: {quiet_days: 3, running_sprint: false}}"
LATE = "{name: late, type: missed-milestone, mode: live, params: {comment_after: 0}}"
GROWN = "{name: grown, type: scope-creep, mode: live, params: {min_items: 3, min_share: 0.2}}"


class Killed(BaseException):
    """What a test raises where the process is to die."""


class Bells:
    """A ringer that only remembers."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, int]] = []

    def wake(self, kind: str, row_id: int) -> None:
        self.rung.append((kind, row_id))


class World:
    """See the module."""

    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        at: datetime = MONDAY,
        settings: Mapping[str, Any] | None = None,
        calendar: Mapping[str, Any] | None = None,
        watched: bool = True,
        name: str = "sandbox",
    ) -> None:
        self._open(url, folder / f"{name}.db", at=at)
        self.hub = Hub()
        self.at(at)
        self.connection_id = connect.add_tracker(
            self.db, self.vault, name="box", kind="sandbox", base_url="http://sandbox", webhook_secret=SECRET, secrets={},
            installation=None, author="test", now=real_now(),
        )  # fmt: skip
        if watched:
            self.watch(self.hub.native_id, self.hub.repository["full_name"], settings=settings, calendar=calendar)

    def _open(self, url: str, file: Path, *, at: datetime) -> None:
        """What stands on the database and on the sandbox's file."""
        self.db = Database(url)
        self.vault = SecretBox([KEY])
        self.now = at
        self.file = file
        self.fault: Fault | None = None
        self.echoes: list[Webhook] = []
        self.pace = Pace(seconds_between_writes=0, creates_per_minute=10_000, creates_per_hour=100_000)
        self.adapters = Adapters(
            {"sandbox": SandboxAdapter(self.file, clock=lambda: self.now), "github": GitHubAdapter()}
        )
        self.bells = Bells()
        self.people = people.People()
        self.commits = intake.GroupCommit(self.db, self.bells)
        self.directory = intake.Directory(self.db, self.vault.open)
        self.tracker = SandboxTracker(self.file, clock=lambda: self.now)

    @classmethod
    def like(cls, made: World, url: str, folder: Path) -> World:
        """A world that goes on from where another was closed, over a copy of its database; the other stays as it is."""
        file = folder / made.file.name
        for part in made.file.parent.glob(f"{made.file.name}*"):
            shutil.copy(part, folder)
        world = cls.__new__(cls)
        world._open(url, file, at=made.now)
        world.hub, world.connection_id = copy.deepcopy(made.hub), made.connection_id
        world.echoes += made.echoes
        world.bells.rung += made.bells.rung
        return world

    def close(self) -> None:
        self.commits.close()
        self.put_down()

    def put_down(self) -> None:
        """Let go of the files of the database and of the sandbox, so that others can be put in their place."""
        self.tracker.close()
        self.db.dispose()

    def pick_up(self) -> None:
        """Go on with the files that lie there now; nothing is remembered of those that lay there before."""
        self.tracker = SandboxTracker(self.file, clock=lambda: self.now)
        self.people = people.People()

    def watch(
        self,
        native_id: str,
        key: str,
        *,
        settings: Mapping[str, Any] | None = None,
        calendar: Mapping[str, Any] | None = None,
    ) -> int:
        """Add a project; gives its id."""
        with self.db.write() as tx:
            tracker = trackers.tracker_by_name(tx, "box")
            assert tracker is not None
            found = trackers.add_project(
                tx, tracker_id=tracker.id, connection_id=self.connection_id, native_id=native_id, key=key,
                url=f"https://github.com/{key}", public=True, now=self.now, settings=settings or {},
                calendar=calendar or {}, author="test",
            )  # fmt: skip
        self.directory._read_at = 0.0
        return found

    # --- time

    def at(self, when: datetime) -> None:
        """Set the world's clock."""
        self.now = when
        with self.db.write() as tx:
            instance.set_clock(tx, WorldClock(origin_real=real_now(), origin_world=when, rate=0))
        if hasattr(self, "directory"):
            self.directory._read_at = 0.0

    def wait(self, **span: float) -> None:
        """Let world time pass, at once: `wait(days=3, minutes=5)`."""
        self.at(self.now + timedelta(**span))

    def skip_backoff(self) -> None:
        """Let every real-time wait of publications and deliveries be over."""
        self.sql(sa.update(models.publication).values(retry_at=None))
        self.sql(sa.update(models.delivery).values(next_attempt_at=None))
        self.sql(sa.update(models.connection).values(next_write_at=None))

    # --- what goes in

    def rules(self, *drafts: str, prune: bool = True) -> None:
        """Put rules in force, each given as one YAML mapping."""
        text = "rules:\n" + "".join(f"- {draft}\n" for draft in drafts) if drafts else "rules: []\n"
        rulebook.apply(self.db, parse(text, source="test"), author="test", prune=prune, now=self.now, real=real_now())

    def post(self, hook: Webhook, *, guid: str | None = None, observe: bool = True) -> intake.Accepted:
        """Send one webhook, signed, through the real intake; the sandbox learns of the item first."""
        shown = self.tracker.observe(hook) if observe else hook
        return self.send(shown.event, json.dumps(shown.payload).encode(), guid=guid)

    def send(
        self, event: str, raw: bytes, *, guid: str | None = None, headers: Mapping[str, str] | None = None
    ) -> intake.Accepted:
        """Send raw bytes, signed unless `headers` say otherwise."""
        sent = {
            "x-github-event": event,
            "x-github-delivery": guid or str(uuid.uuid4()),
            "x-hub-signature-256": "sha256=" + hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest(),
        }
        sent |= headers or {}
        return intake.receive(
            "box", {key: value for key, value in sent.items() if value}, raw, kinds=("github", "sandbox"),
            directory=self.directory, adapters=self.adapters, commits=self.commits,
        )  # fmt: skip

    def play(self, hooks: Iterable[Webhook], *, observe: bool = True) -> None:
        for hook in hooks:
            self.post(hook, observe=observe)

    def stash(self, hooks: Iterable[Webhook], name: str = "stash-") -> None:
        """Many webhooks stored in one transaction, in this order: quicker than the intake, which commits each."""
        rows = []
        with self.db.read() as tx:
            projects = {project.native_id: project for project in trackers.projects(tx)}
        for place, hook in enumerate(hooks):
            raw = json.dumps(hook.payload).encode()
            seen = self.adapters["sandbox"].envelope(
                {"x-github-delivery": f"{name}{place}", "x-github-event": hook.event}, hook.payload
            )
            project = projects[seen.project or ""]
            new = deliveries.NewDelivery(
                tracker_id=project.tracker_id, lane_id=project.lane_id, project_id=project.id, guid=seen.guid, event=seen.event,
                action=seen.action, about=seen.subject, received_at=real_now(), world_at=self.now, raw=raw,
            )  # fmt: skip
            rows.append(new.row())
        with self.db.write() as tx:
            deliveries.add_many(tx, rows)

    # --- what works

    def drain(self) -> int:
        """Drain every lane until nothing is left."""
        done = 0
        for lane_id in sorted(self.lanes()):
            done += drain.drain(self.drainer(), lane_id)
        return done

    def drainer(self) -> drain.Drain:
        return drain.Drain(
            db=self.db, adapters=self.adapters, people=self.people, ringer=self.bells, base_url="http://plumb"
        )

    def publish(self, connect: Callable[[int], publish.Connected] | None = None) -> int:
        """Send what is due; gives the number of writes."""
        return publish.publish(self.db, self.connection_id, connect=connect or self.connected, ringer=self.bells)

    def connected(self, _connection_id: int) -> publish.Connected:
        tracker = SandboxTracker(self.file, clock=lambda: self.now, fault=self.fault, on_webhook=self.echoes.append)
        return publish.Connected(
            client=SandboxClient(tracker), pace=self.pace, label_specs=partial(label_spec, self.db)
        )

    def settle(self) -> None:
        """Drain, let flags settle, and publish."""
        self.drain()
        self.wait(hours=1, minutes=1)
        self.drain()
        self.publish()

    # --- what comes out

    def lanes(self) -> dict[int, str]:
        with self.db.read() as tx:
            return trackers.lane_names(tx)

    def lane(self, project_key: str = "acme/shop") -> int:
        with self.db.read() as tx:
            return trackers.projects(tx, key=project_key)[0].lane_id

    def rows(self, query: Any) -> list[Any]:
        with self.db.read() as tx:
            return list(tx.execute(query).all())

    def sql(self, statement: Any) -> None:
        with self.db.write() as tx:
            tx.execute(statement)

    def item(self, number: int) -> Any:
        """An item's row."""
        return self.rows(sa.select(models.item).where(models.item.c.number == number))[0]

    def milestone(self, number: int) -> Any:
        return self.rows(sa.select(models.milestone).where(models.milestone.c.number == number))[0]

    def publication(self, number: int) -> Any:
        """What is to be shown and is shown on an item; None where nothing ever was."""
        found = self.rows(sa.select(models.publication).join(models.item).where(models.item.c.number == number))
        return found[0] if found else None

    def flags(self) -> list[tuple[str, str, int]]:
        """Open flags as (rule, kind, number of the item or milestone)."""
        standing, rule = models.standing, models.rule
        rows = self.rows(
            sa.select(rule.c.name, standing.c.subject_kind, standing.c.subject_id)
            .join(rule)
            .where(standing.c.closed_at.is_(None), standing.c.outcome != "pending")
        )
        numbers = {
            "item": dict(self.rows(sa.select(models.item.c.id, models.item.c.number))),
            "milestone": dict(self.rows(sa.select(models.milestone.c.id, models.milestone.c.number))),
        }
        return sorted((name, kind, numbers[kind][subject]) for name, kind, subject in rows)

    def counts(self) -> dict[str, int]:
        """Deliveries by status."""
        with self.db.read() as tx:
            return deliveries.counts(tx)

    def labels(self, number: int) -> list[str]:
        """Our labels on an item, in the tracker."""
        with self.tracker._store.transaction() as db:
            rows = db.execute(
                "SELECT name FROM item_labels WHERE number=? AND origin='written' ORDER BY name", (number,)
            )
            return [str(row["name"]) for row in rows.fetchall()]

    def comments(self, number: int | None = None) -> list[Comment]:
        """Our comments in the tracker, on one item or on all."""
        with self.tracker._store.transaction() as db:
            rows = db.execute(
                "SELECT repo, number, id FROM comments WHERE written AND NOT deleted ORDER BY id"
            ).fetchall()
        return [self.tracker.get_comment(r["repo"], r["id"]) for r in rows if number in (None, r["number"])]

    def calls(self, method: str | None = None) -> list[tuple[str, str]]:
        """API calls the publisher made, without those of this test."""
        found = [
            (call.method, call.path)
            for call in self.tracker.calls()
            if not (call.method == "GET" and "/issues/comments/" in call.path)
        ]
        return [call for call in found if method in (None, call[0])]
