"""What came back: how often, how lately, and what was only a slip."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from rules.catalog import reopened
from rules.facts import Item, Reopening, State
from rules.verdict import Outcome, Reach, Severity, Verdict
from rules.wording.render import plain
from tests.rules.build import BOT, WEEK, at, item, project

HOME = project(WEEK)
NOW = at("2026-11-25 10:00")


def judged(subject: Item, *, now: datetime = NOW, **params: object) -> Verdict:
    return reopened.judge(subject, reopened.ReopenedParams.model_validate(params), now)


def back(*turns: tuple[str, str], **fields: Any) -> Item:
    pairs = turns or (("2026-11-24 10:00", "2026-11-25 10:00"),)
    return item(project=HOME, reopened=tuple(Reopening(at(closed), at(again)) for closed, again in pairs), **fields)


def test_told_from_the_moment_it_is_opened_again_for_ten_working_days() -> None:
    verdict = judged(back())
    assert (verdict.outcome, verdict.severity, verdict.reach) == (Outcome.FLAGGED, Severity.NOTE, Reach.PAGE)
    assert [plain(said, project=HOME) for said in (verdict.reason, *verdict.evidence)] == [
        "Opened again after it was closed, once lately, last on Wed 25 Nov.",
        "Closed on 24 Nov, opened again on 25 Nov",
    ]
    end = at("2026-12-09 10:00")
    assert verdict.recheck_at == end
    assert judged(back(), now=end).reason.code == "reopened.settled"


def test_what_is_taken_back_within_the_hour_was_a_slip() -> None:
    assert judged(back(("2026-11-24 10:00", "2026-11-24 10:59"))).outcome is Outcome.CLEAR
    assert judged(back(("2026-11-24 10:00", "2026-11-24 11:00"))).outcome is Outcome.FLAGGED
    assert judged(back(("2026-11-24 10:00", "2026-11-24 10:01")), slip_minutes=0).outcome is Outcome.FLAGGED


def test_so_many_times_within_the_days_asked_for() -> None:
    twice = back(("2026-11-18 10:00", "2026-11-19 10:00"), ("2026-11-24 10:00", "2026-11-25 10:00"))
    verdict = judged(twice, times=2)
    assert plain(verdict.reason, project=HOME) == "Opened again after it was closed, twice lately, last on Wed 25 Nov."
    assert verdict.recheck_at == at("2026-12-03 10:00")  # when the first of them no longer counts
    assert judged(twice, times=2, now=at("2026-12-03 10:00")).outcome is Outcome.CLEAR
    assert judged(back(), times=2).outcome is Outcome.CLEAR


LEFT = {
    "closed again": (back(state=State.DONE, closed_at=NOW), "reopened.done"),
    "row 46: never by hand": (item(project=HOME), "reopened.settled"),
    "row 4: automation": (back(author=BOT), "common.automation"),
    "row 1: container": (back(children_total=3), "common.container"),
    "gap": (back(gap=True), "common.gap"),
}


@pytest.mark.parametrize(("subject", "code"), LEFT.values(), ids=LEFT)
def test_what_is_left_alone(subject: Item, code: str) -> None:
    assert judged(subject).reason.code == code
