"""The rules on dates on what really happened: for each one case where it must speak and one where it must be silent.

Played as webhooks through the whole core where the facts come from the core. Forecasts are made of the same record,
read as the store gives it. The record holds no item with a blocker in another dated milestone whose forecast is known, so
the rule on dependencies has its cases by hand, in tests/rules/test_date_types.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from app import bootstrap
from app.services import projects
from app.store import facts as item_facts
from app.store import milestone_facts, models
from bench.past_plans import Past, recorded_github, recorded_jira
from integrations.sandbox.replay import replay
from rules.catalog.milestone_at_risk import MilestoneAtRiskParams
from rules.catalog.milestone_at_risk import judge as at_risk
from rules.catalog.repeat_moves import RepeatMovesParams
from rules.catalog.repeat_moves import judge as repeat_moves
from rules.catalog.repeat_slip import RepeatSlipParams
from rules.catalog.repeat_slip import judge as repeat_slip
from rules.catalog.unready_milestone import UnreadyMilestoneParams
from rules.catalog.unready_milestone import judge as unready
from rules.facts import Item, Milestone
from rules.forecast.likely import forecast
from rules.forecast.manner import MANNER
from rules.statistics import Forecast
from rules.verdict import Outcome, Verdict
from rules.wording.render import plain
from tests.integrations.github.fake_history import FakeHistory, serving
from tests.services.past import PastWorld
from tests.support import shared
from tools.recordings import load, record

CARRIED, ONCE, TWICE = 1175, 1718, 1709
NUMBERS = {CARRIED, ONCE, TWICE, 1863, 1899, 1900}
JULY = datetime(2026, 7, 29, 6, tzinfo=UTC)
QUICK = replace(MANNER, trials=400)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PastWorld]:
    """The repository as its webhooks told it until the last days of 0.8.0."""
    recording = record(load(shared("github")), until=JULY, numbers=NUMBERS)
    url = f"sqlite:///{tmp_path_factory.mktemp('dates') / 'dates.db'}"
    bootstrap.migrate_url(url)
    with serving(FakeHistory(recording)) as fake:
        made = PastWorld(url, fake, at=JULY)
        made.deliver(replay(recording))
        made.drain()
        yield made
        made.close()


def item(world: PastWorld, number: int) -> Item:
    with world.db.read() as tx:
        id_ = tx.scalars(sa.select(models.item.c.id).where(models.item.c.number == number)).one()
        home = projects.load(tx, tracker_id=world.tracker_id).facts
        return item_facts.load_items(tx, [id_], projects=home)[id_]


def milestone(world: PastWorld, number: int) -> Milestone:
    with world.db.read() as tx:
        id_ = tx.scalars(sa.select(models.milestone.c.id).where(models.milestone.c.number == number)).one()
        home = projects.load(tx, tracker_id=world.tracker_id).facts
        return milestone_facts.load_milestones(tx, [id_], projects=home)[id_]


def flagged(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.FLAGGED


def test_an_issue_that_went_through_five_milestones_is_told(world: PastWorld) -> None:
    subject = item(world, CARRIED)
    verdict = repeat_slip(subject, RepeatSlipParams(), JULY)
    assert flagged(verdict)
    titles = [one.title for one in subject.planned]
    assert (titles[-1], subject.planned[-1].present) == ("0.8.0", True)
    assert len(titles) >= 4 and len(set(titles)) == len(titles)
    assert plain(verdict.reason, project=subject.project).startswith("In its ")


def test_one_that_moved_over_once_is_not(world: PastWorld) -> None:
    subject = item(world, TWICE)
    assert [one.present for one in subject.planned] == [False, True]
    assert repeat_slip(subject, RepeatSlipParams(), JULY).reason.code == "repeat-slip.few"


def test_a_milestone_whose_date_moved_twice_is_told(world: PastWorld) -> None:
    verdict = repeat_moves(milestone(world, 10), RepeatMovesParams(), JULY)
    assert flagged(verdict)
    assert verdict.reason.values["times"] == 2 and verdict.reason.values["due"] == date(2026, 8, 2)


def test_one_whose_date_moved_once_is_not(world: PastWorld) -> None:
    subject = milestone(world, 10)
    june = datetime(2026, 6, 1, tzinfo=UTC)
    then = replace(subject, due=date(2026, 7, 17), dues=tuple(one for one in subject.dues if one.set_at <= june))
    assert repeat_moves(then, RepeatMovesParams(), june).reason.code == "repeat-moves.few"


def test_days_before_its_date_a_milestone_with_nobody_assigned_is_not_ready(world: PastWorld) -> None:
    subject = milestone(world, 10)
    last = datetime(2026, 8, 1, 6, tzinfo=UTC)
    verdict = unready(subject, UnreadyMilestoneParams(criteria=False), last)
    assert flagged(verdict)
    assert not flagged(unready(subject, UnreadyMilestoneParams(criteria=False, assignees=False), last))


def test_weeks_before_its_date_it_is_not_looked_at(world: PastWorld) -> None:
    verdict = unready(milestone(world, 10), UnreadyMilestoneParams(), JULY - timedelta(days=30))
    assert verdict.reason.code == "unready-milestone.ahead"


# --- forecasts


def mornings(past: Past, id_: int, *, until: datetime, count: int) -> Milestone:
    """A milestone with the forecasts of its last mornings, as the clock would have kept them."""
    said = []
    for back in range(count - 1, -1, -1):
        when = until - timedelta(days=back)
        if not past.calendar.is_working_day(when.date()):
            continue
        found = forecast(past.milestone(id_, when), {past.name: past.history(when)}, manner=QUICK, now=when)
        assert isinstance(found, Forecast), found
        said.append(found)
    return replace(past.milestone(id_, until), forecasts=tuple(said))


@pytest.fixture(scope="module")
def hub() -> Past:
    shared("github")
    return recorded_github()


@pytest.mark.parametrize(
    ("number", "title", "due"),
    [
        (4, "0.4.0", date(2023, 9, 1)),
        (5, "0.4.1", date(2023, 12, 1)),
        (6, "0.6.0", date(2024, 2, 1)),
        (8, "0.7.0", date(2025, 1, 20)),
        (9, "0.7.1", date(2025, 10, 17)),
        (10, "0.8.0", date(2026, 4, 19)),
    ],
)
def test_each_date_that_slipped_is_called_three_weeks_before(hub: Past, number: int, title: str, due: date) -> None:
    when = hub.calendar.midnight(due - timedelta(days=21))
    subject = mornings(hub, number, until=when, count=3)
    assert (subject.title, subject.due) == (title, due)
    assert flagged(at_risk(subject, MilestoneAtRiskParams(), when))
    assert hub.open_in(number, hub.calendar.due_end(due))


def test_a_version_with_months_to_go_and_little_in_it_is_not_called_and_kept_its_date() -> None:
    shared("jira")
    (past,) = (one for one in recorded_jira() if one.name == "CLIMATE")
    (number,) = (id_ for id_, plan in past.plans.items() if plan.title == "0.4")
    when = past.calendar.midnight(date(2013, 10, 1))
    subject = mornings(past, number, until=when, count=3)
    assert subject.due == date(2014, 9, 11)
    verdict = at_risk(subject, MilestoneAtRiskParams(), when)
    assert (verdict.outcome, verdict.reason.code) == (Outcome.CLEAR, "milestone-at-risk.on-course")
    assert not past.open_in(number, past.calendar.due_end(date(2014, 9, 11)))
