"""The demo's player: posts the history of a recorded project, and the story of a company's programme beside it, to the
running server as signed webhooks, and moves the world's clock along.

First everything up to seven weeks before the end, as fast as it goes; then day by day, so that flags open, settle and
are written as they would have been. At the end the clock stands still. Deliveries are numbered: a player that was
killed goes on where it stopped.
"""

from __future__ import annotations

import http.client
import json
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog

from app.bootstrap import Runtime, Source, demo, runtime
from app.cli.demo_setup import JIRA, SECRET, START, TRACKER, put_rules
from app.log import configure_logging
from app.process import die_with_parent
from app.services import bells
from app.settings import load_settings
from app.store import deliveries, instance, publications, subjects, trackers
from app.time import WorldClock, real_now

log = structlog.get_logger("demo")

END = datetime(2026, 8, 3, 17, tzinfo=UTC)
HOURS = (9, 13, 17)
"""When the clock stops on each of the last days, so that what opened can settle and be written within the hours."""
SENDERS = 8


Numbered = tuple[int, Any]
"""A webhook's number in its source, from which its delivery id is made, and the webhook."""


@dataclass(slots=True)
class Part:
    """What one source has yet to send, to one tracker."""

    tracker: str
    source: Source
    ahead: list[Numbered]

    def until(self, moment: datetime) -> list[Numbered]:
        """Take what happened up to a moment."""
        due = [(number, hook) for number, hook in self.ahead if hook.at <= moment]
        self.ahead = self.ahead[len(due) :]
        return due


def play(this: Runtime) -> None:
    """Play whatever has not been played yet; returns when the clock stands at the end."""
    parts = _parts(this)
    with this.db.read() as tx:
        clock = instance.load(tx).clock.now()
    _send_until(this, parts, START)
    if clock <= START:
        _wait_until_idle(this)
        put_rules(this, live=True)
    for moment in _moments():
        if moment <= clock:
            continue
        _send_until(this, parts, moment)
        _wait_until_idle(this)
        _set_clock(this, moment)
        _wait_until_idle(this)
    log.info("the demo stands at its end", clock=END.isoformat())


def _parts(this: Runtime) -> list[Part]:
    """What each source has yet to send."""
    sources = demo(this)
    parts = []
    for name, source in ((TRACKER, sources.project), (TRACKER, sources.shop), (JIRA, sources.jira)):
        with this.db.read() as tx:
            tracker = trackers.tracker_by_name(tx, name)
            assert tracker is not None, "demo_setup makes it"
            done = deliveries.guids(tx, tracker.id)
        ahead = [(number, hook) for number, hook in enumerate(source.hooks()) if guid(source, number) not in done]
        parts.append(Part(name, source, ahead))
    return parts


def _send_until(this: Runtime, parts: Sequence[Part], moment: datetime) -> None:
    for part in parts:
        _send_all(this, part, part.until(moment))


def _moments() -> Iterator[datetime]:
    day = START
    while day < END:
        yield from (at for hour in HOURS if START < (at := day.replace(hour=hour)) < END)
        day += timedelta(days=1)
    yield END


def _set_clock(this: Runtime, moment: datetime) -> None:
    with this.db.write() as tx:
        instance.set_clock(tx, WorldClock(origin_real=real_now(), origin_world=moment, rate=0))


def guid(source: Source, number: int) -> str:
    """The delivery id of a webhook of a source: the same each time it is played."""
    return f"{source.name}-{number:06d}"


def _send_all(this: Runtime, part: Part, hooks: Sequence[Numbered]) -> None:
    """Post webhooks over a few connections; those of one line go over one, in their order."""
    lines: list[list[Numbered]] = [[] for _ in range(SENDERS)]
    for number, hook in hooks:
        lines[part.source.line_of(hook) % SENDERS].append((number, hook))
    with ThreadPoolExecutor(SENDERS) as pool:
        for future in [pool.submit(_send, this.settings.base_url, part, line) for line in lines if line]:
            future.result()


def _send(base_url: str, part: Part, hooks: Iterable[Numbered]) -> None:
    address, source = urlsplit(base_url), part.source
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=30)
    for number, hook in hooks:
        raw = json.dumps(source.shown(hook)).encode()
        headers = source.headers(hook, raw, guid=guid(source, number), secret=SECRET)
        path = f"{address.path}/webhooks/{source.speaks}/{part.tracker}"
        _post(connection, path, raw, {"Content-Type": "application/json", **headers})
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


def _wait_until_idle(this: Runtime) -> None:
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
