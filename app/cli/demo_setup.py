"""What the demo watches: a recorded open-source project, and a company's programme of a Jira and a repository, each
with the rules of its way of working.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.bootstrap import Demo, Runtime, build, demo
from app.services import connect, programmes, rulebook
from app.settings import Settings
from app.store import instance, trackers
from app.time import WorldClock, real_now
from integrations.readings import ProjectSeen
from rules.packs.load import SUGGESTED_LIVE, load
from rules.rulefile import RuleDraft
from rules.spec import Scope

TRACKER, JIRA = "demo", "demo-jira"
SECRET = "the demo signs its own webhooks"  # noqa: S105 (it guards a toy)
START = datetime(2026, 6, 15, 8, tzinfo=UTC)
"""Up to here the record is played at once, from here day by day: the last seven weeks before its end."""

PROGRAMME = "Mobile payments"
OFFICE = {"zone": "Europe/Berlin", "weekdays": [0, 1, 2, 3, 4]}
LIVE_IN_JIRA = ("stalled-work", "blocked-too-long", "scope-creep", "missed-milestone")
"""The company has rules live for its Jira and none yet for its repository: so Jira's issues tell what waits there."""


def prepare(settings: Settings) -> None:
    """Make the demo's trackers and projects, once, with the clock standing where the last weeks begin."""
    this = build(settings)
    now = real_now()
    with this.db.write() as tx:
        done = trackers.tracker_by_name(tx, TRACKER) is not None
        if not done:
            instance.set_clock(tx, WorldClock(origin_real=now, origin_world=START, rate=0))
    if not done:
        _watch(this, demo(this), now)
        put_rules(this, live=False)
    this.db.dispose()


def _watch(this: Runtime, sources: Demo, now: datetime) -> None:
    for name, kind in ((TRACKER, "sandbox"), (JIRA, "sandbox-jira")):
        connect.add_tracker(
            this.db, this.vault, name=name, kind=kind, base_url="sandbox:", webhook_secret=SECRET, secrets={},
            installation=None, author="demo", now=now,
        )  # fmt: skip
        connect.check(this.db, this.vault, this.adapters, tracker=name, now=now)
    _add(this, TRACKER, sources.project.project())
    company = [(TRACKER, sources.shop.project()), *((JIRA, seen) for seen in sources.jira.projects())]
    for tracker, seen in company:
        _add(this, tracker, seen, calendar=OFFICE)
    keys = [seen.key for _, seen in company]
    programmes.save(this.db, name=PROGRAMME, keys=keys, same_readers=True, author="demo", now=now)


def _add(this: Runtime, tracker: str, seen: ProjectSeen, *, calendar: dict[str, Any] | None = None) -> None:
    connect.watch(
        this.db, tracker=tracker, seen=seen, settings={}, calendar=calendar or {}, author="demo", now=START,
        whole_history=True, one_lane=tracker == JIRA,
    )  # fmt: skip


def put_rules(this: Runtime, *, live: bool) -> None:
    """The pack for open source with the three rules live that every pack suggests, and that for Scrum with those that
    the company has live; until then all only observe.
    """
    volunteers = _drafts("open-source", ("demo/*",), live=SUGGESTED_LIVE if live else ())
    company = [
        replace(draft, name=f"payments-{draft.name}", title=f"{draft.title} (payments)")
        for draft in _drafts("scrum", ("PAY", "PLAT", "acme/*"), live=LIVE_IN_JIRA if live else ())
    ]
    rulebook.apply(this.db, [*volunteers, *company], author="demo", prune=False, now=START, real=real_now())


def _drafts(pack: str, projects: Sequence[str], *, live: Sequence[str]) -> list[RuleDraft]:
    return [replace(draft, mode=_mode(draft, live), scope=Scope(projects=tuple(projects))) for draft in load(pack)]


def _mode(draft: RuleDraft, live: Sequence[str]) -> str:
    if draft.mode == "off":
        return "off"
    return "live" if draft.type in live else "observe"
