"""Recorded work that is older than usual and work that is not; a rule of one's own on it; too much at once, and piles.

All from secp256k1's timelines, read by the core as an import, judged as of the day on which the recording ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.services import projects, usual
from app.store import facts, models
from app.store.walks import Walks
from rules import engine
from rules.facts import Item, Project
from rules.spec import Rule
from rules.statistics import Usual
from rules.verdict import Outcome, Verdict
from rules.wording.render import plain
from tests.integrations.github.fake_history import FakeHistory, serving
from tests.services import past
from tests.services.past import PastWorld
from tests.services.test_two_ways import new_world
from tests.support import shared
from tools.recordings import load, record

OLDER, YOUNGER = 1566, 1918
"""In review for two years, and moved a week before the end; in review for four days."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PastWorld]:
    recording = record(load(shared("github")), until=past.END, numbers={OLDER, *range(1850, 1925)})
    with serving(FakeHistory(recording)) as fake:
        made = new_world(tmp_path_factory.mktemp("flow") / "flow.db", fake)
        made.begin()
        made.sync()
        made.at(past.END)
        yield made
        made.close()


@pytest.fixture(scope="module")
def project(world: PastWorld) -> Project:
    with world.db.read() as tx:
        known = projects.load(tx).facts[world.project_id]
        counted = usual.count(Walks(tx), known, now=world.now)
    return replace(known, usual=counted)


def item(world: PastWorld, project: Project, number: int) -> Item:
    (row,) = world.rows(sa.select(models.item).where(models.item.c.number == number))
    with world.db.read() as tx:
        return facts.load_items(tx, [row.id], projects={project.id: project})[row.id]


def judged(subject: Any, now: Any, type_: str, **params: Any) -> Verdict:
    rule = Rule(id=1, version=1, name="r", type=type_, params=params)
    (judgement,) = engine.judge([engine.prepare(rule)], subject, now)
    return judgement.verdict


def counted(project: Project) -> Usual:
    assert project.usual is not None
    return project.usual


def test_what_is_usual_there_is_counted_from_many(project: Project) -> None:
    found = counted(project)
    assert found.counts["pull_request/in_review"] >= 20
    assert 1 < found.p50_days["pull_request/in_review"] < found.p85_days["pull_request/in_review"] < 60
    assert found.wip_days >= 20 and found.worklog_share is None


def test_a_review_of_years_is_told_of_though_it_moved_last_week(world: PastWorld, project: Project) -> None:
    subject = item(world, project, OLDER)
    verdict = judged(subject, world.now, "ageing-work")
    assert verdict.outcome is Outcome.FLAGGED
    assert plain(verdict.reason, project=project).startswith("In review for ")
    assert judged(subject, world.now, "stalled-review", author_days=14, merger_days=14).outcome is Outcome.CLEAR


def test_a_review_of_four_days_is_not(world: PastWorld, project: Project) -> None:
    verdict = judged(item(world, project, YOUNGER), world.now, "ageing-work")
    assert (verdict.outcome, verdict.reason.code) == (Outcome.CLEAR, "ageing-work.young")


YEAR = "{name: years, type: custom, params: {when: item.state == 'in_review' && item.age_days > 365, for_days: 2, message: '{age_days} days old'}}"


def test_a_condition_holds_for_the_old_one_alone_and_is_a_flag_after_two_days(world: PastWorld) -> None:
    numbers = dict(world.rows(sa.select(models.item.c.id, models.item.c.number)))

    def standings() -> list[tuple[int, str]]:
        rows = world.rows(sa.select(models.standing).where(models.standing.c.closed_at.is_(None)))
        return [(numbers[row.subject_id], row.outcome) for row in rows]

    world.rules(YEAR)
    world.drain()
    assert standings() == [(OLDER, "pending")]
    world.at(past.END + timedelta(days=2))
    world.drain()
    assert standings() == [(OLDER, "flagged")]
    world.at(past.END)


def test_more_reviews_at_once_than_a_limit_and_no_more_than_a_higher_one(world: PastWorld, project: Project) -> None:
    with world.db.read() as tx:
        flow = usual.flow(Walks(tx), project, now=world.now)
    review = flow.columns[1]
    assert len(review.waiting) >= 8 and review.waiting[0].item.key == f"#{OLDER}"
    assert review.counts[-1][1] == len(review.waiting)
    verdict = judged(flow, world.now, "overload", in_review=5)
    assert verdict.outcome is Outcome.FLAGGED
    assert plain(verdict.reason, project=project).startswith(f"{len(review.waiting)} items in review at once for ")
    assert judged(flow, world.now, "overload", in_review=50, in_progress=50).outcome is Outcome.CLEAR


def test_a_pile_of_old_reviews_that_grew_in_two_weeks_and_none_of_twenty_times_the_usual(
    world: PastWorld, project: Project
) -> None:
    with world.db.read() as tx:
        flow = usual.flow(Walks(tx), project, now=world.now)
    verdict = judged(flow, world.now, "bottleneck", grown_over=20, times=1.0)
    assert (verdict.outcome, verdict.gist) == (Outcome.FLAGGED, "in_review")
    assert judged(flow, world.now, "bottleneck", times=20.0).outcome is Outcome.CLEAR
