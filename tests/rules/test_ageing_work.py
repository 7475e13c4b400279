"""What is old in its state, by what is usual in the project."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from rules import engine
from rules.catalog import ageing_work
from rules.facts import Item, LinkKind, State
from rules.spec import Rule
from rules.verdict import Outcome, Reach, Verdict
from rules.wording.render import plain
from tests.rules.build import WEEK, at, item, jira, link, project, pull, ref, settings, usual

SINCE = at("2026-11-23 10:00")  # a Monday
OLD = at("2026-12-01 10:00")  # six working days later
WORK = jira(WEEK, usual=usual())


def look(subject: Item, now: datetime = OLD, **params: Any) -> Verdict:
    return ageing_work.judge(subject, ageing_work.AgeingWorkParams.model_validate(params), now)


def work(**fields: Any) -> Item:
    base = {"project": WORK, "state_since": SINCE, "moved": "2026-11-30 10:00"}
    return item(**(base | fields))


TABLE: list[tuple[str, Item, datetime, dict[str, Any], Outcome, str]] = [
    ("just before", work(), OLD - timedelta(microseconds=1), {}, Outcome.CLEAR, "in progress since Mon 23 Nov"),
    ("at the limit", work(), OLD, {}, Outcome.FLAGGED, "In progress for 6 working days (since Mon 23 Nov)."),
    ("in review", work(state=State.IN_REVIEW), OLD, {}, Outcome.FLAGGED, "In review for 6 working days"),
    ("below the floor", work(), OLD, {"floor_days": 7}, Outcome.CLEAR, "in progress since"),
    ("fast team", work(project=jira(usual=usual(1.0))), at("2026-11-30 09:59"), {}, Outcome.CLEAR, "in progress"),
    ("fast team, floor", work(project=jira(usual=usual(1.0))), at("2026-11-30 10:00"), {}, Outcome.FLAGGED, "for 5"),
    ("not counted", work(project=jira()), OLD, {}, Outcome.SKIPPED, "not counted yet"),
    ("too few", work(project=jira(usual=usual(finished=19))), OLD, {}, Outcome.SKIPPED, "19 finished of 20"),
    ("enough", work(project=jira(usual=usual(finished=19))), OLD, {"min_finished": 19}, Outcome.FLAGGED, "for 6"),
    ("not begun", work(state=State.TODO), OLD, {}, Outcome.CLEAR, "not started"),
    ("done", work(state=State.DONE, closed_at=OLD), OLD, {}, Outcome.CLEAR, "closed on Tue 1 Dec"),
    ("gap", work(gap=True), OLD, {}, Outcome.SKIPPED, "history is missing"),
    ("waits", work(labels=("needs info",)), OLD, {}, Outcome.SKIPPED, "needs info"),
    ("on hold", work(labels=("on hold",)), OLD, {}, Outcome.SKIPPED, "on hold"),
    ("triage", work(labels=("triage",)), OLD, {}, Outcome.SKIPPED, "triage"),
    ("history known later", work(known_from=at("2026-11-27")), OLD, {}, Outcome.CLEAR, "since Fri 27 Nov"),
]


@pytest.mark.parametrize(
    ("subject", "now", "params", "outcome", "words"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_what_it_says(subject: Item, now: datetime, params: dict[str, Any], outcome: Outcome, words: str) -> None:
    verdict = look(subject, now, **params)
    assert verdict.outcome is outcome
    assert words in plain(verdict.reason, project=subject.project)


def test_it_says_what_is_usual_and_never_reaches_a_comment() -> None:
    verdict = look(work())
    assert plain(verdict.evidence[0], project=WORK) == (
        "Usual here: 85 of 100 are through within 6 working days, of 40 finished items"
    )
    assert verdict.reach is Reach.LABEL


def test_a_part_of_a_day_is_a_day_in_what_is_usual() -> None:
    verdict = look(work(project=jira(usual=usual(5.2))))
    assert "within 6 working days" in plain(verdict.evidence[0], project=WORK)


def test_it_is_worse_at_twice_the_usual_time() -> None:
    one, two = look(work()), look(work(moved="2026-12-08 10:00"), at("2026-12-09 10:00"))
    assert (one.weight, two.weight) == (1.0, 2.0) and one.gist != two.gist
    assert one.recheck_at == at("2026-12-09 10:00")


def test_long_quiet_work_is_a_question_for_the_backlog() -> None:
    verdict = look(work(), at("2027-03-02"))
    assert (verdict.outcome, verdict.reason.code) == (Outcome.CLEAR, "ageing-work.dormant")


def test_an_issue_that_a_pull_request_of_its_repository_carries_is_left_to_it() -> None:
    hub = project(usual=usual())
    pulls = (link(LinkKind.CLOSES, ref(9), other_kind=pull().kind),)
    assert look(work(project=hub, links=pulls)).reason.code == "ageing-work.carried"
    elsewhere = (link(LinkKind.CLOSES, ref(9, of="acme/api"), other_kind=pull().kind),)
    assert look(work(project=hub, links=elsewhere)).outcome is Outcome.FLAGGED
    assert look(pull(project=hub, state_since=SINCE)).outcome is Outcome.FLAGGED


def test_what_is_quiet_as_well_is_told_of_as_quiet() -> None:
    rules = [
        engine.prepare(Rule(id=number, version=1, name=name, type=name))
        for number, name in enumerate(("stalled-work", "ageing-work"), 1)
    ]
    quiet, ageing = engine.judge(rules, work(moved="2026-11-23 10:00"), OLD)
    assert quiet.verdict.outcome is Outcome.FLAGGED
    assert ageing.verdict.reason.code == "engine.yields"
    quiet, ageing = engine.judge(rules, work(moved="2026-11-30 10:00"), OLD)
    assert (quiet.verdict.outcome, ageing.verdict.outcome) == (Outcome.CLEAR, Outcome.FLAGGED)


def test_labels_that_leave_out_are_the_projects() -> None:
    mine = jira(usual=usual(), settings=settings(left_out_labels=frozenset({"parked"})))
    assert look(work(project=mine, labels=("Parked",))).outcome is Outcome.SKIPPED
    assert look(work(project=mine, labels=("question",))).outcome is Outcome.FLAGGED
