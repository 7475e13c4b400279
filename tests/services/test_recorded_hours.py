"""Recorded hours: eight issues of Fedora Repository, planned, worked on and closed on one evening in April 2011.

The source has no time on its issues, but their histories tell of each hour planned and logged: what Jira would have
shown beside each change is put back from there. That is far too few to say how many log time in that project, so that
share is made up; so is the instant at which the version was planned, which was not yet released then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app import bootstrap
from app.services import projects, usual
from app.store import facts, milestone_facts, models
from app.store.walks import Walks
from rules import engine
from rules.facts import Baseline, Item, Milestone, Project
from rules.spec import Rule
from rules.statistics import Usual
from rules.verdict import Outcome, Verdict
from rules.wording.render import plain
from tests.services import jira_past
from tests.services.jira_world import JiraWorld

SITE = jira_past.SITE | {
    "statuses": {"Open": "todo", "Received": "todo", "In Progress": "in_progress", "Closed": "done"}
}
KEYS = frozenset(f"FCREPO-{number}" for number in (921, 922, 924, 925, 926, 927, 928, 930))
LOGGED = {
    "timeoriginalestimate": "originalEstimateSeconds",
    "timeestimate": "remainingEstimateSeconds",
    "timespent": "timeSpentSeconds",
}


def evening(clock: str) -> datetime:
    return datetime.fromisoformat(f"2011-04-30T{clock}+00:00")


def told(life: jira_past.Life) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """The webhooks about an issue, with the time that it shows."""
    entries = [entry for history in life.histories for entry in history["items"]]
    first = next(entry for entry in entries if entry["field"] == "timeestimate")
    shown = (
        dict.fromkeys(("originalEstimateSeconds", "remainingEstimateSeconds"), first["from"]) if first["from"] else {}
    )
    for at, payload in jira_past.webhooks(life):
        if "issue" not in payload:
            continue
        for entry in payload.get("changelog", {}).get("items", ()):
            if entry["field"] in LOGGED:
                shown[LOGGED[entry["field"]]] = entry["to"]
        fields = payload["issue"]["fields"] | {"timetracking": {name: int(value) for name, value in shown.items()}}
        fields["fixVersions"] = [one | {"released": False} for one in fields["fixVersions"]]
        yield at, payload | {"issue": payload["issue"] | {"fields": fields}}


class Evening:
    """The world, played on from instant to instant."""

    def __init__(self, url: str) -> None:
        chosen = [life for life in jira_past.lives() if life.key in KEYS]
        home = chosen[0].fields["project"]
        self.hooks = sorted((hook for life in chosen for hook in told(life)), key=lambda hook: hook[0])
        self.world = JiraWorld(url, {home["id"]: home["key"]}, at=self.hooks[0][0], site=SITE)

    def play(self, until: datetime) -> None:
        self.world.at(until)
        self.world.deliver(payload for at, payload in self.hooks if at <= until)
        self.hooks = [hook for hook in self.hooks if hook[0] > until]
        self.world.drain()

    def project(self) -> Project:
        with self.world.db.read() as tx:
            (known,) = projects.load(tx).facts.values()
        return replace(known, usual=Usual(as_of=self.world.now, worklog_share=0.8, worklog_of=40))

    def item(self, key: str) -> Item:
        project, row = self.project(), self.world.item(key)
        with self.world.db.read() as tx:
            return facts.load_items(tx, [row.id], projects={project.id: project})[row.id]

    def version(self) -> Milestone:
        """Fedora 3.5, its eight issues planned."""
        project = self.project()
        (row,) = self.world.rows(sa.select(models.milestone).where(models.milestone.c.title == "Fedora 3.5"))
        with self.world.db.read() as tx:
            found = milestone_facts.load_milestones(tx, [row.id], projects={project.id: project})[row.id]
        members = dict.fromkeys((member.item.id for member in found.members), None)
        assert len(members) == len(KEYS)
        return replace(found, baseline=Baseline(evening("21:00"), "command", members))

    def judged(self, subject: Item | Milestone, type_: str) -> Verdict:
        rule = engine.prepare(Rule(id=1, version=1, name="r", type=type_))
        (judgement,) = engine.judge([rule], subject, self.world.now)
        return judgement.verdict


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Evening]:
    jira_past.source()  # skips where there is none
    url = f"sqlite:///{tmp_path / 'hours.db'}"
    bootstrap.migrate_url(url)
    made = Evening(url)
    yield made
    made.world.close()


def test_an_hour_on_half_an_hour_is_told_of_and_an_hour_on_an_hour_is_not(played: Evening) -> None:
    played.play(evening("21:55:30"))
    as_planned = played.item("FCREPO-922")
    assert (as_planned.spent, as_planned.hours_planned, as_planned.state.is_open) == (1.0, 1.0, True)
    assert played.judged(as_planned, "estimate-overrun").reason.code == "estimate-overrun.within"
    played.play(evening("22:22:25"))
    verdict = played.judged(played.item("FCREPO-928"), "estimate-overrun")
    assert verdict.outcome is Outcome.FLAGGED
    assert plain(verdict.reason, project=played.project()) == "1 hour logged of the 0.5 that were planned."
    played.play(evening("22:22:35"))
    assert played.judged(played.item("FCREPO-928"), "estimate-overrun").reason.code == "estimate-overrun.done"


def test_a_version_keeps_to_its_hours_until_one_item_takes_two_and_a_half_instead_of_one(played: Evening) -> None:
    played.play(evening("22:21:59"))
    level = played.judged(played.version(), "budget-burn")
    assert (level.outcome, level.reason.code) == (Outcome.CLEAR, "budget-burn.level")
    played.play(evening("22:25:25"))
    verdict = played.judged(played.version(), "budget-burn")
    assert verdict.outcome is Outcome.FLAGGED
    said = [plain(line, project=played.project()) for line in (verdict.reason, *verdict.evidence)]
    assert said == [
        "Fedora 3.5 has used 8.8 hours, more than its 7; 86 % of the plan is done and 1 item is open.",
        "FCREPO-921: 2.5 of 1 hour",
        "FCREPO-928: 1 of 0.5 hours",
    ]


def test_what_was_finished_that_evening_is_counted_with_its_time(played: Evening) -> None:
    played.play(evening("23:59:59"))
    with played.world.db.read() as tx:
        (project,) = projects.load(tx).facts.values()
        found = usual.count(Walks(tx), project, now=played.world.now)
    assert {key: count for key, count in found.counts.items() if key.startswith("any/")} == {"any/in_progress": 8}
    assert 2 < found.p50_days["subtask/in_progress"] < 2.6  # from Thursday morning or afternoon to Saturday night
    assert (found.worklog_of, found.worklog_share) == (8, None)  # too few to be a share
