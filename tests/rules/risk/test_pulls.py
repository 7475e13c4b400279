"""The inputs and ends of quiet pull requests."""

from __future__ import annotations

from datetime import timedelta
from math import log

import pytest

from rules.facts import Review, Side, Size, State
from rules.risk.model import chance
from rules.risk.priors import QUIET_PULL
from rules.risk.pulls import LEFT_LYING, ended_unmerged, quiet_pull_example, quiet_pull_inputs
from tests.rules.build import at, item, pull, step

NOW = at("2026-12-24 10:00")


def test_inputs_say_what_they_say():
    found = quiet_pull_inputs(
        pull(
            by=Side.REVIEWER,
            review=Review.APPROVED,
            first_review_at=at("2026-11-10"),
            last_push=step("push", "2026-11-14 10:00"),
            size=Size(body_length=99),
        ),
        NOW,
    )
    assert found == {
        "unpushed": pytest.approx(log(41)), "approved": 1.0, "reviewed": 1.0, "author_last": 0.0, "unfinished": 0.0,
        "text": pytest.approx(log(100)),
    }  # fmt: skip


def test_without_a_push_its_opening_counts():
    found = quiet_pull_inputs(pull(created_at=at("2026-11-24 10:00")), NOW)
    assert found is not None
    assert found["unpushed"] == pytest.approx(log(31))


def test_who_spoke_last_may_not_be_known():
    found = quiet_pull_inputs(pull(last_word=None), NOW)
    assert found is not None
    assert found["author_last"] is None


def test_what_is_no_pull_request_has_no_inputs():
    assert quiet_pull_inputs(item(), NOW) is None


@pytest.mark.parametrize(
    ("title", "draft", "unfinished"),
    [
        ("Export as CSV", False, 0.0),
        ("Export as CSV", True, 1.0),
        ("[WIP] Export as CSV", False, 1.0),
        ("RFC: export", False, 1.0),
        ("Export, do not merge yet", False, 1.0),
        ("Wipe the cache", False, 0.0),
    ],
)
def test_a_draft_or_a_title_that_says_so_is_unfinished(title, draft, unfinished):
    found = quiet_pull_inputs(pull(title=title, draft=draft), NOW)
    assert found is not None
    assert found["unfinished"] == unfinished


@pytest.mark.parametrize(
    ("fields", "unmerged"),
    [
        ({"state": State.DONE, "closed_as": "merged", "closed_at": NOW}, False),
        ({"state": State.DROPPED, "closed_as": "unmerged", "closed_at": NOW}, True),
        ({"state": State.DROPPED, "closed_as": None, "closed_at": NOW}, True),
        ({}, None),
    ],
)
def test_an_end_is_told_when_it_is_known(fields, unmerged):
    assert ended_unmerged(pull(**fields), quiet_at=NOW - timedelta(days=40), now=NOW) is unmerged


def test_one_left_lying_for_half_a_year_counts_as_not_merged():
    quiet_at = NOW - LEFT_LYING
    assert ended_unmerged(pull(), quiet_at=quiet_at, now=NOW) is True
    assert ended_unmerged(pull(), quiet_at=quiet_at + timedelta(microseconds=1), now=NOW) is None


def test_an_end_that_is_still_to_come_is_not_known_yet():
    merged = pull(state=State.DONE, closed_as="merged", closed_at=NOW + timedelta(days=1))
    assert ended_unmerged(merged, quiet_at=NOW - timedelta(days=30), now=NOW) is None
    assert ended_unmerged(merged, quiet_at=NOW - LEFT_LYING, now=NOW) is True


def test_what_people_called_wrong_counts_as_no_bad_end():
    inputs = quiet_pull_inputs(pull(), NOW)
    assert inputs is not None
    assert quiet_pull_example(inputs, unmerged=True).bad
    assert not quiet_pull_example(inputs, unmerged=True, wrong=True).bad


def test_the_prior_knows_every_input_and_speaks_of_what_lies_longest():
    inputs = quiet_pull_inputs(pull(), NOW)
    assert inputs is not None
    assert [term.name for term in QUIET_PULL.terms] == sorted(inputs)
    fresh = chance(QUIET_PULL, {**inputs, "approved": 1.0})
    lying = chance(QUIET_PULL, {**inputs, "unpushed": log(700), "unfinished": 1.0})
    assert fresh.chance < 0.5 < lying.chance
    assert lying.worse[0].name in ("unpushed", "unfinished")
