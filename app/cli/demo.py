"""The demo's player: posts a recorded project's history to the running server as signed webhooks, and moves the
world's clock along.

First everything up to seven weeks before the end, as fast as it goes; then day by day, so that flags open, settle and
are written as they would have been. At the end the clock stands still. Deliveries are numbered: a player that was
killed goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog

from app.bootstrap import (
    DEMO_PACK,
    DEMO_SECRET,
    DEMO_START,
    DEMO_TRACKER,
    DemoProject,
    Runtime,
    demo_project,
    line_of,
    runtime,
)
from app.log import configure_logging
from app.process import die_with_parent
from app.services import bells, rulebook
from app.settings import load_settings
from app.store import deliveries, instance, publications, subjects, trackers
from app.time import WorldClock, real_now
from rules.packs.load import SUGGESTED_LIVE, load

log = structlog.get_logger("demo")

END = datetime(2026, 8, 3, 17, tzinfo=UTC)
HOURS = (9, 13, 17)
"""When the clock stops on each of the last days, so that what opened can settle and be written within the hours."""
SENDERS = 8


Numbered = tuple[int, Any]
"""A webhook's number in the recording, from which its delivery id is made, and the webhook."""


def play(this: Runtime) -> None:
    """Play whatever has not been played yet; returns when the clock stands at the end."""
    tracker_id, lane_id = _ids(this)
    with this.db.read() as tx:
        done = deliveries.guids(tx, tracker_id)
        clock = instance.load(tx).clock.now()
    project = demo_project(this)
    ahead = [(number, hook) for number, hook in enumerate(project.hooks()) if guid(number) not in done]
    early = [(number, hook) for number, hook in ahead if hook.at < DEMO_START]
    late = [(number, hook) for number, hook in ahead if hook.at >= DEMO_START]
    _send_all(this, project, early)
    if clock <= DEMO_START:
        _wait_until_idle(this, lane_id)
        _rules(this, live=True)
    for moment in _moments():
        if moment <= clock:
            continue
        due = [(number, hook) for number, hook in late if hook.at <= moment]
        late = late[len(due) :]
        _send_all(this, project, due)
        _wait_until_idle(this, lane_id)
        _set_clock(this, moment)
        _wait_until_idle(this, lane_id)
    log.info("the demo stands at its end", clock=END.isoformat())


def _moments() -> Iterator[datetime]:
    day = DEMO_START
    while day < END:
        yield from (at for hour in HOURS if DEMO_START < (at := day.replace(hour=hour)) < END)
        day += timedelta(days=1)
    yield END


def _ids(this: Runtime) -> tuple[int, int]:
    with this.db.read() as tx:
        tracker = trackers.tracker_by_name(tx, DEMO_TRACKER)
        assert tracker is not None, "prepare_demo makes it"
        return tracker.id, trackers.projects(tx, tracker_id=tracker.id)[0].lane_id


def _rules(this: Runtime, *, live: bool) -> None:
    """The pack for open source, with the three rules live that every pack suggests."""
    drafts = [
        draft
        if draft.mode == "off"
        else replace(draft, mode="live" if live and draft.type in SUGGESTED_LIVE else "observe")
        for draft in load(DEMO_PACK)
    ]
    rulebook.apply(this.db, drafts, author="demo", prune=False, now=DEMO_START, real=real_now())


def _set_clock(this: Runtime, moment: datetime) -> None:
    with this.db.write() as tx:
        instance.set_clock(tx, WorldClock(origin_real=real_now(), origin_world=moment, rate=0))


def guid(number: int) -> str:
    """The delivery id of a webhook of the recording: the same each time it is played."""
    return f"demo-{number:06d}"


def _send_all(this: Runtime, project: DemoProject, hooks: Sequence[Numbered]) -> None:
    """Post webhooks over a few connections; those of one item go over one, in their order."""
    lines: list[list[Numbered]] = [[] for _ in range(SENDERS)]
    for number, hook in hooks:
        lines[line_of(hook) % SENDERS].append((number, hook))
    with ThreadPoolExecutor(SENDERS) as pool:
        for future in [pool.submit(_send, this.settings.base_url, project, line) for line in lines if line]:
            future.result()


def _send(base_url: str, project: DemoProject, hooks: Iterable[Numbered]) -> None:
    address = urlsplit(base_url)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=30)
    for number, hook in hooks:
        raw = json.dumps(project.shown(hook)).encode()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": hook.event,
            "X-GitHub-Delivery": guid(number),
            "X-Hub-Signature-256": "sha256=" + hmac.new(DEMO_SECRET.encode(), raw, hashlib.sha256).hexdigest(),
        }
        _post(connection, f"{address.path}/webhooks/github/{DEMO_TRACKER}", raw, headers)
    connection.close()


def _post(connection: http.client.HTTPConnection, path: str, raw: bytes, headers: dict[str, str]) -> None:
    """Post one webhook, again and again until the server has it: it may be restarting."""
    while True:
        try:
            connection.request("POST", path, raw, headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status == http.client.ACCEPTED:
                return
            log.warning("a delivery was not taken", status=answer.status, said=said[:200].decode("utf-8", "replace"))
        except (OSError, http.client.HTTPException) as error:
            log.info("the server does not answer yet", error=str(error))
        connection.close()
        time.sleep(0.5)


def _wait_until_idle(this: Runtime, lane_id: int) -> None:
    """Ring, and wait until nothing is pending, due or to be written."""
    while True:
        real = real_now()
        with this.db.read() as tx:
            world = instance.load(tx).clock.now()
            lanes = {*deliveries.lanes_with_pending(tx, now=real), *subjects.lanes_with_due(tx, now=world)}
            connections = publications.connections_with_due(tx, world=world, real=real)
        if not lanes and not connections:
            return
        bells.ring(this.db, this.ringer, "lane", lanes)
        bells.ring(this.db, this.ringer, "connection", connections)
        time.sleep(0.03)


def main() -> None:
    """Play, then wait to be stopped: the supervisor keeps its parts running."""
    settings = load_settings()
    configure_logging(level=settings.log_level, style=settings.log_format)
    die_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    play(runtime())
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
