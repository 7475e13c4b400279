"""A world of two trackers: a Jira with the project PAY and the private repository acme/shop-api, which the same people
read. Both are the sandbox; what comes in is read by the real decoders of both.

    world = Across(database_url, tmp_path)
    world.jira.open(world.now, "PAY-231", by="Kim", summary="Charge a saved card")
    world.post(world.hub.pull(482, at=world.now, title="PAY-231 Charge a saved card"))
    world.tell()                      # what has happened in Jira since
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from app.services import connect, intake, publish
from app.services.labels import label_spec
from app.store import programmes
from app.time import real_now
from integrations.jira.verify import signature
from integrations.ports import Adapters
from integrations.readings import ProjectSeen
from integrations.sandbox import as_jira, jira_shapes
from integrations.sandbox.adapter import SandboxClient, jira_sandbox
from integrations.sandbox.jira_site import JiraSite
from integrations.sandbox.replay import Webhook
from integrations.sandbox.tracker import SandboxTracker
from tests.hub import Hub
from tests.world import MONDAY, SECRET, World

OFFICE = {"weekdays": [0, 1, 2, 3, 4]}


class Across(World):
    """See the module."""

    def __init__(self, url: str, folder: Path, *, at: datetime = MONDAY, projects: Sequence[str] = ("PAY",)) -> None:
        super().__init__(url, folder, at=at, watched=False)
        self.jira_sandbox = sandbox = jira_sandbox(self.file, clock=lambda: self.now)
        self.adapters = Adapters({**self.adapters.by_kind, sandbox.kind: sandbox})
        self.pages = sandbox.tracker()
        self.hub, self.jira, self._told = Hub("acme/shop-api"), JiraSite(), 0
        self.jira_echoes: list[Webhook] = []
        self.jira_connection_id = connect.add_tracker(
            self.db, self.vault, name="plans", kind=sandbox.kind, base_url=jira_shapes.BASE, webhook_secret=SECRET,
            secrets={}, installation=None, author="test", now=real_now(),
        )  # fmt: skip
        connect.check(self.db, self.vault, self.adapters, tracker="plans", now=real_now())
        repository = ProjectSeen(self.hub.native_id, "acme/shop-api", self.hub.repository["html_url"], public=False)
        self.ids = [self.add("box", repository)]
        for key in projects:
            self.add_jira(key)

    def add_jira(self, key: str) -> None:
        """Watch a project of the Jira, and let it belong together with all that is watched."""
        self.jira.add_project(key, key.title())
        native_id = jira_shapes.project(key, key)["id"]
        self.ids.append(
            self.add("plans", ProjectSeen(native_id, key, f"{jira_shapes.BASE}/browse/{key}", public=False))
        )
        with self.db.write() as tx:
            programmes.save(tx, name="Payments", project_ids=self.ids, same_readers=True, now=self.now)

    def add(self, tracker: str, seen: ProjectSeen) -> int:
        """Watch a project over one of the trackers."""
        found = connect.watch(
            self.db, tracker=tracker, seen=seen, settings={}, calendar=OFFICE, author="test", now=self.now,
            whole_history=True, one_lane=tracker == "plans",
        )  # fmt: skip
        self.directory._read_at = 0.0
        return found

    def put_down(self) -> None:
        self.pages.close()
        super().put_down()

    def pick_up(self) -> None:
        super().pick_up()
        self.pages = self.jira_sandbox.tracker()

    def tell(self) -> None:
        """Post what has happened in Jira since it was asked last."""
        new, self._told = self.jira.hooks[self._told :], len(self.jira.hooks)
        for hook in new:
            self.post_jira(self.pages.observe(hook))

    def post(self, hook: Webhook, *, guid: str | None = None, observe: bool = True) -> intake.Accepted:
        """Send one webhook of whichever of the two."""
        if "webhookEvent" in hook.payload:
            return self.post_jira(self.pages.observe(hook) if observe else hook)
        return super().post(hook, guid=guid, observe=observe)

    def post_jira(self, hook: Webhook) -> intake.Accepted:
        """Send one webhook of Jira's, signed, through the real intake."""
        raw = json.dumps(hook.payload).encode()
        return intake.receive(
            "plans", {"x-hub-signature": signature(raw, SECRET)}, raw, kinds=("jira", "sandbox-jira"),
            directory=self.directory, adapters=self.adapters, commits=self.commits,
        )  # fmt: skip

    def drain(self) -> int:
        """Drain both trackers' lanes until neither has anything for the other."""
        done = 0
        while found := super().drain():
            done += found
        return done

    def publish(self) -> int:
        """Send what is due to both trackers, which tell what was written to them; gives the number of writes."""
        writes = super().publish()
        writes += publish.publish(self.db, self.jira_connection_id, connect=self.connected_jira, ringer=self.bells)
        for hook in self.jira_echoes:
            self.post_jira(hook)
        self.jira_echoes.clear()
        return writes

    def connected_jira(self, _connection_id: int) -> publish.Connected:
        tracker = SandboxTracker(
            self.file, clock=lambda: self.now, on_webhook=self.jira_echoes.append, language=as_jira
        )
        client = SandboxClient(tracker, jira_shapes.SITE.dump())
        return publish.Connected(client=client, pace=self.pace, label_specs=partial(label_spec, self.db))
