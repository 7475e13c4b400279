"""Merged before anybody else had looked: where it is asked for, what counts as a look, and for how long it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from rules.catalog import unreviewed_merge
from rules.facts import Item, Review, Size, State
from rules.verdict import Outcome, Reach, Severity, Verdict
from rules.wording.render import plain
from tests.rules.build import BOT, WEEK, at, project, settings
from tests.rules.build import pull as any_pull

HOME = project(WEEK, settings=settings(reviews_required=True))
MERGED = at("2026-11-24 10:00")


def judged(subject: Item, *, now: datetime = MERGED, **params: object) -> Verdict:
    return unreviewed_merge.judge(subject, unreviewed_merge.UnreviewedMergeParams.model_validate(params), now)


def merged(**fields: Any) -> Item:
    base: dict[str, Any] = {
        "project": HOME, "state": State.DONE, "closed_at": MERGED, "closed_as": "merged", "merged_by_other": False,
        "size": Size(lines=240, files=6),
    }  # fmt: skip
    return any_pull(**(base | fields))


def test_told_from_the_merge_for_five_working_days() -> None:
    verdict = judged(merged())
    assert (verdict.outcome, verdict.severity, verdict.reach) == (Outcome.FLAGGED, Severity.NOTE, Reach.PAGE)
    assert [plain(said, project=HOME) for said in (verdict.reason, *verdict.evidence)] == [
        "Merged on Tue 24 Nov; nobody but its author has looked at it so far.",
        "240 lines changed in 6 files",
    ]
    end = at("2026-12-01 10:00")
    assert verdict.recheck_at == end
    assert judged(merged(), now=end).reason.code == "unreviewed-merge.past"


LEFT = {
    "row 54: nobody asks for reviews": (merged(project=project(WEEK)), "unreviewed-merge.not-required"),
    "row 4: automation": (merged(author=BOT), "common.automation"),
    "reviewed": (merged(review=Review.APPROVED), "unreviewed-merge.reviewed"),
    "row 34: reviewed as a comment": (merged(review=Review.COMMENTED), "unreviewed-merge.reviewed"),
    "review comments": (merged(first_review_at=MERGED), "unreviewed-merge.reviewed"),
    "commented": (merged(others_spoke_at=MERGED), "unreviewed-merge.commented"),
    "merged by another": (merged(merged_by_other=True), "unreviewed-merge.merged-by-other"),
    "merged by nobody known": (merged(merged_by_other=None), "unreviewed-merge.merger-unknown"),
    "open": (any_pull(project=HOME), "unreviewed-merge.not-merged"),
    "closed unmerged": (merged(state=State.DROPPED, closed_as="unmerged"), "unreviewed-merge.not-merged"),
    "opened before its history is known": (merged(known_from=at("2026-11-10")), "unreviewed-merge.past-unknown"),
    "unread": (replace(merged(), pull_request=None), "unreviewed-merge.unread"),
    "gap": (merged(gap=True), "common.gap"),
}


@pytest.mark.parametrize(("subject", "code"), LEFT.values(), ids=LEFT)
def test_what_is_left_alone(subject: Item, code: str) -> None:
    assert judged(subject).reason.code == code


def test_what_counts_as_a_look_is_a_setting() -> None:
    assert judged(merged(others_spoke_at=MERGED), comments_count=False).outcome is Outcome.FLAGGED
    assert judged(merged(merged_by_other=True), merger_counts=False).outcome is Outcome.FLAGGED
    assert judged(merged(merged_by_other=None), merger_counts=False).outcome is Outcome.FLAGGED


def test_row_54_a_trivial_change_is_left_alone_where_that_is_set() -> None:
    assert judged(merged(size=Size(lines=10, files=1)), small_lines=10).reason.code == "unreviewed-merge.small"
    assert judged(merged(size=Size(lines=11, files=1)), small_lines=10).outcome is Outcome.FLAGGED
    assert judged(merged(size=Size()), small_lines=10).reason.code == "unreviewed-merge.size-unknown"
    assert judged(merged(size=Size())).evidence == ()
