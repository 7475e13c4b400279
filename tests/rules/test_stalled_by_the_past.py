"""stalled-review with a certainty: flagged after 30 quiet days where the past says that the like is not merged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from rules.catalog import stalled_review
from rules.facts import Item, Project, Review, Side, Size
from rules.risk.model import Model, Term
from rules.risk.pulls import quiet_pull_inputs
from rules.risk.speak import PRECISIONS, stated, step_of
from rules.verdict import Outcome, Reach, Verdict
from rules.wording.render import plain
from tests.rules.build import PLAIN, WEEK, at, project, pull, risks

MOVED = at("2026-11-01 10:00")
MARK = MOVED + timedelta(days=30)
MICRO = timedelta(microseconds=1)


def judge(subject: Item, now: datetime, certainty: float = 0.8, **params: Any) -> Verdict:
    chosen = stalled_review.StalledReviewParams.model_validate({"certainty": certainty, **params})
    return stalled_review.judge(subject, chosen, now)


def quiet(threshold: float | None = 0.0, **fields: Any) -> Item:
    """A pull request that last moved on 1 November, in a project whose past gives this threshold."""
    where = replace(project(PLAIN), risks=risks(threshold))
    return pull(moved="2026-11-01 10:00", **({"project": where, "created_at": MOVED} | fields))


def chance_of(subject: Item, now: datetime = MARK) -> float:
    inputs = quiet_pull_inputs(subject, now)
    assert inputs is not None
    return stated(subject.project.risks["quiet-pull"], inputs).chance


def test_it_speaks_at_thirty_quiet_days_and_not_a_moment_before() -> None:
    before = judge(quiet(), MARK - MICRO)
    assert (before.outcome, before.reason.code, before.recheck_at) == (Outcome.CLEAR, "stalled-review.moving", MARK)
    assert judge(quiet(), MARK).outcome is Outcome.FLAGGED


def test_thirty_days_are_plain_days_whatever_the_calendar() -> None:
    subject = quiet(project=replace(project(WEEK), risks=risks(0.0)))
    assert judge(subject, MARK - MICRO).recheck_at == MARK
    assert judge(subject, MARK).outcome is Outcome.FLAGGED


def test_a_chance_just_at_the_threshold_speaks_and_one_below_does_not() -> None:
    chance = chance_of(quiet())
    assert judge(quiet(chance), MARK).outcome is Outcome.FLAGGED
    below = judge(quiet(chance + 1e-9), MARK)
    assert (below.outcome, below.reason.code) == (Outcome.CLEAR, "stalled-review.goes-on")


def test_what_is_stated_holds_for_the_whole_quiet_time() -> None:
    threshold = (chance_of(quiet()) + chance_of(quiet(), MARK + timedelta(days=50))) / 2
    subject = quiet(threshold)
    verdict = judge(subject, MARK)
    dormant = MOVED + timedelta(days=90)
    assert verdict.reason.code == judge(subject, dormant - MICRO).reason.code == "stalled-review.goes-on"
    assert verdict.recheck_at == dormant
    assert judge(subject, dormant).reason.code == "stalled-review.dormant"


@pytest.mark.parametrize("where", [project(PLAIN), replace(project(PLAIN), risks=risks(None))])
def test_where_the_past_holds_no_threshold_it_says_so(where: Project) -> None:
    verdict = judge(quiet(project=where), MARK, 0.75)
    assert verdict.outcome is Outcome.SKIPPED
    assert plain(verdict.reason, project=where) == "The past here does not say when to speak at 70 %."


@pytest.mark.parametrize(
    ("certainty", "step"),
    [(0.0, None), (0.59, None), (0.6, 0.6), (0.69, 0.6), (0.7, 0.7), (0.8, 0.8), (0.85, 0.8), (0.9, 0.9)],
)
def test_a_certainty_counts_as_the_step_below_it(certainty: float, step: float | None) -> None:
    assert step_of(certainty) == step
    assert step is None or step in PRECISIONS


def test_without_a_certainty_days_alone_count() -> None:
    verdict = judge(quiet(1.0), MOVED + timedelta(days=2), 0.0, reviewer_days=2)
    assert verdict.outcome is Outcome.FLAGGED
    assert [line.code for line in verdict.evidence] == ["stalled-review.waits-from", "stalled-review.asked"]


def test_the_two_inputs_that_push_most_are_named() -> None:
    own = Model(intercept=0.0, terms=(Term("text", 2.0, 0.0, 1.0), Term("approved", -1.0, 0.5, 0.5),
                                      Term("unfinished", -0.5, 0.5, 0.5), Term("unpushed", 9.0, 99.0, 1.0)))  # fmt: skip
    where = replace(project(PLAIN), risks=risks(0.5, own=own))
    subject = quiet(project=where, size=Size(body_length=100))
    (*_, line) = judge(replace(subject, title="Tidy the imports"), MARK, 0.6).evidence or (None,)
    assert line is None  # the time since the push outweighs all
    own = replace(own, terms=own.terms[:3])
    where = replace(where, risks=risks(0.5, own=own))
    (*_, line) = judge(replace(subject, project=where), MARK, 0.6).evidence
    assert line is not None
    text = plain(line, project=where)
    assert (
        text == "It looks unlikely to be merged by itself; what weighs most: the length of its description, no approval"
    )


def test_on_a_public_repository_no_forecast_is_told() -> None:
    public = replace(project(PLAIN, public=True), risks=risks(0.0))
    told = judge(quiet(project=public), MARK)
    assert told.outcome is Outcome.FLAGGED
    assert all(line.code != "stalled-review.because" for line in told.sentences)
    assert any(line.code == "stalled-review.because" for line in judge(quiet(), MARK).sentences)


def test_at_most_three_lines_of_evidence_at_every_turn() -> None:
    turns = [quiet(by=Side.REVIEWER), quiet(review=Review.APPROVED), quiet(draft=True), quiet()]
    assert all(len(judge(one, MARK).evidence) <= 3 for one in turns)


def test_a_comment_waits_for_its_own_days_where_these_are_later() -> None:
    subject = quiet(by=Side.REVIEWER, word="review")
    verdict = judge(subject, MARK, author_comment_days=40)
    assert (verdict.reach, verdict.recheck_at) == (Reach.LABEL, MOVED + timedelta(days=40))
