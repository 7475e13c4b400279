"""A bounded part of the demo's recording, played twice: undisturbed in one process, and into the real processes."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from app.services import connect, publish, rulebook
from app.services.intake import receive
from app.store import models as m
from app.time import real_now
from integrations.github.verify import signature
from integrations.sandbox.adapter import SandboxAdapter
from integrations.sandbox.demo import DemoProject
from integrations.sandbox.replay import Webhook
from integrations.sandbox.tracker import SandboxTracker
from rules.rulefile import parse
from tests.support_up import Installation

NAME = "box"
SECRET = "a recorded secret"
UNTIL = datetime(2026, 8, 3, 17, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of the recording is played: its last `most` webhooks after `since`; `stops` is how often world time
    stands still, so that what is due is judged and written.
    """

    since: datetime
    most: int
    stops: int


SHORT = Scale(datetime(2026, 6, 15, tzinfo=UTC), most=360, stops=6)
LONG = Scale(datetime(2026, 1, 1, tzinfo=UTC), most=2000, stops=20)
RULES = """
rules:
- {name: quiet work, type: stalled-work, mode: live, params: {quiet_days: 5}}
- name: quiet reviews
  type: stalled-review
  mode: live
  params: {author_days: 5, author_comment_days: 7, reviewer_days: 7, merger_days: 5}
- {name: grown milestones, type: scope-creep, mode: live, params: {min_items: 1, min_share: 0.1}}
- {name: late milestones, type: missed-milestone, mode: live}
"""
CALENDAR = {"settle_minutes": 60, "clear_minutes": 0, "all_hours": True}
SETTLED = timedelta(minutes=61)
Numbered = tuple[int, Webhook]


def prepare(here: Installation, scale: Scale = SHORT) -> DemoProject:
    """The sandbox tracker with the recorded project, live rules, and the clock at the beginning."""
    this = here.runtime
    here.set_clock(scale.since)
    sandbox = this.adapters["sandbox"]
    assert isinstance(sandbox, SandboxAdapter)
    project = DemoProject(SandboxTracker(sandbox.path, clock=sandbox.clock))
    connect.add_tracker(
        this.db,
        this.vault,
        name=NAME,
        kind="sandbox",
        base_url="sandbox:",
        webhook_secret=SECRET,
        secrets={},
        installation=None,
        author="test",
        now=real_now(),
    )
    connect.watch(
        this.db,
        tracker=NAME,
        seen=project.project(),
        settings={"comments_per_day": 1000},
        calendar=CALENDAR,
        author="test",
        now=scale.since,
    )
    rulebook.apply(
        this.db, parse(RULES, source="rules.yaml"), author="test", prune=True, now=scale.since, real=real_now()
    )
    return project


def stretches(project: DemoProject, scale: Scale) -> Iterator[tuple[datetime, list[Numbered]]]:
    """The last webhooks of the recording by the instant at which the clock is to stand once they are in."""
    since = scale.since
    found = [(number, hook) for number, hook in enumerate(project.hooks()) if since <= hook.at < UNTIL][-scale.most :]
    step = (UNTIL - since) / scale.stops
    for index, hooks in groupby(found, key=lambda numbered: int((numbered[1].at - since) / step)):
        yield since + step * (index + 1), list(hooks)


def play(
    here: Installation,
    project: DemoProject,
    send: Callable[[int, Webhook, bytes], None],
    idle: Callable[[], None],
    *,
    scale: Scale = SHORT,
) -> None:
    """Send every stretch, wait, move the clock, wait."""
    for moment, hooks in stretches(project, scale):
        for number, hook in hooks:
            send(number, hook, json.dumps(project.shown(hook)).encode())
        idle()
        for stop in (moment, moment + SETTLED):
            here.set_clock(stop)
            idle()


def headers(number: int, hook: Webhook, raw: bytes) -> dict[str, str]:
    return {
        "x-github-event": hook.event,
        "x-github-delivery": f"recorded-{number:06d}",
        "x-hub-signature-256": signature(raw, SECRET),
    }


def play_undisturbed(here: Installation, scale: Scale = SHORT) -> None:
    """All in this process, one thing after the other."""
    this = here.runtime
    project = prepare(here, scale)

    def send(number: int, hook: Webhook, raw: bytes) -> None:
        receive(
            NAME,
            headers(number, hook, raw),
            raw,
            kinds=("sandbox",),
            directory=this.directory,
            adapters=this.adapters,
            commits=this.commits,
        )

    def idle() -> None:
        while not here.is_idle():
            here.drain()
            for (connection_id,) in here.ask("SELECT id FROM connection"):
                publish.publish(this.db, connection_id, connect=this.connect, ringer=this.ringer)

    play(here, project, send, idle, scale=scale)


class Poster:
    """Posts as GitHub would if it asked again: until the server has said that it has the delivery."""

    def __init__(self, port: int, *, each: Callable[[], None] = lambda: None) -> None:
        self.port, self.each, self.sent, self.again = port, each, 0, 0
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def send(self, number: int, hook: Webhook, raw: bytes) -> None:
        self.each()
        while not self._taken(headers(number, hook, raw), raw):
            self.again += 1
            self.connection.close()
            time.sleep(0.1)
        self.sent += 1

    def _taken(self, given: dict[str, str], raw: bytes) -> bool:
        try:
            self.connection.request("POST", f"/webhooks/github/{NAME}", raw, given)
            answer = self.connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return False
        return answer.status == http.client.ACCEPTED


# --- the end state, without what depends on how webhooks fell into batches: row ids, flags that stood for no time at
# all, and which of several webhooks of one standstill cleared a flag


def end_state(here: Installation) -> dict[str, Any]:
    """Everything that must be equal after both plays, named by numbers and keys instead of row ids."""
    return {**_facts(here), **_said(here), "sandbox": _sandbox(here)}


def _facts(here: Installation) -> dict[str, Any]:
    with here.runtime.db.read() as tx:
        people = {row.id: row.native_id for row in tx.execute(sa.select(m.person))}
        items = {row.id: row for row in tx.execute(sa.select(m.item))}
        milestones = {row.id: row for row in tx.execute(sa.select(m.milestone))}
        stays = tx.execute(sa.select(m.membership)).all()
        changes = tx.execute(sa.select(m.change)).all()
        deliveries = tx.execute(sa.select(m.delivery.c.guid, m.delivery.c.status)).all()

    def subject(row: Any) -> Any:
        return items[row.item_id].number if row.item_id else ("milestone", milestones[row.milestone_id].number)

    return {
        "deliveries": Counter(tuple(row) for row in deliveries),
        "items": {
            row.number: (
                row.kind,
                row.title,
                row.is_open,
                row.status,
                row.closed_at,
                row.state,
                row.state_since,
                row.moved_at,
                tuple(sorted(label for label in row.labels if not label.startswith("plumb:"))),  # ours: see `sandbox`
                tuple(sorted(people[who] for who in row.assignee_ids)),
                tuple(row.milestone_natives),
                row.next_check_at,
            )
            for row in items.values()
        },
        "milestones": {row.number: (row.title, row.due, row.is_open, row.next_check_at) for row in milestones.values()},
        "memberships": Counter(
            (items[row.item_id].number, milestones[row.milestone_id].number, row.joined_at, row.left_at)
            for row in stays
        ),
        "changes": Counter(
            (subject(row), row.natural_key, row.at, row.field, row.before, row.after, people.get(row.actor_id))
            for row in changes
        ),
    }


def _said(here: Installation) -> dict[str, Any]:
    with here.runtime.db.read() as tx:
        numbers = dict(tx.execute(sa.select(m.item.c.id, m.item.c.number)).all())
        titles = dict(tx.execute(sa.select(m.milestone.c.id, m.milestone.c.number)).all())
        rules = dict(tx.execute(sa.select(m.rule.c.id, m.rule.c.name)).all())
        kept = tx.execute(sa.select(m.standing)).all()
        wishes = tx.execute(sa.select(m.publication)).all()
    return {
        "standings": Counter(
            (
                rules[row.rule_id],
                row.subject_kind,
                (numbers if row.subject_kind == "item" else titles)[row.subject_id],
                numbers.get(row.shown_on),
                (row.outcome, row.code) if row.closed_at is None else (),
                row.opened_at,
                row.closed_at,
            )
            for row in kept
            if row.opened_at != row.closed_at
        ),
        "publications": {
            numbers[row.item_id]: (
                tuple(row.want_labels),
                plain(row.want_body),
                tuple(row.shown_labels),
                plain(row.shown_body),
                row.status,
                row.comment_id is not None,
            )
            for row in wishes
        },
    }


def _sandbox(here: Installation) -> dict[int, tuple[list[str], list[str]]]:
    """What stands in the tracker by item: our labels and the texts of our comments."""
    sandbox = here.runtime.adapters["sandbox"]
    assert isinstance(sandbox, SandboxAdapter)
    tracker = SandboxTracker(sandbox.path, clock=sandbox.clock)
    ((repo,),) = here.ask("SELECT key FROM project")
    found = {}
    for (number,) in here.ask("SELECT number FROM item ORDER BY number"):
        labels = sorted(label for label in tracker.item_labels(repo, number) if label.startswith("plumb:"))
        comments = [plain(c.body) for c in tracker.list_comments(repo, number) if c.author == tracker.login]
        found[number] = (labels, comments)
    tracker.close()
    return found


def plain(body: str | None) -> str | None:
    """A comment without addresses and markers, which differ from one installation to the next."""
    if body is None:
        return None
    body = re.sub(r"(All clear since [^:]*):.*", r"\1.", body)
    return re.sub(r"http://127[^)\s]*", "HERE", re.sub(r"<!-- plumbline:[0-9a-f:]+ -->", "<!-- MARKER -->", body))
