"""When a plan freezes, and what every member is to it."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given, settings

from rules.baseline import Role, baseline_at, freezes_at, growth, members_at
from rules.facts import Baseline, DueSet, Milestone
from tests.rules.build import at, done, jira, member, milestone, planned
from tests.rules.test_recheck import later, milestones

SET = at("2026-11-02")


def dated(due: date) -> Milestone:
    return milestone([], start=None, due=due, dues=(DueSet(due, SET),))


@pytest.mark.parametrize(
    ("subject", "frozen"),
    [
        (milestone([]), at("2026-11-24")),
        (milestone([], start=date(2026, 11, 28), project=jira()), at("2026-12-01")),
        (dated(date(2026, 11, 21)), at("2026-11-04")),
        (dated(date(2026, 11, 4)), at("2026-11-03")),
        (dated(date(2027, 11, 1)), at("2026-11-12")),
        (dated(date(2026, 10, 1)), at("2026-11-03")),
        (milestone([], start=None, due=None), None),
        (milestone([], start=None, due=date(2026, 11, 20), created_at=at("2026-11-01")), at("2026-11-03")),
        (milestone([], baseline=Baseline(at("2026-11-30"), "command", {})), at("2026-11-30")),
    ],
)
def test_when_a_plan_freezes(subject: Milestone, frozen: datetime | None) -> None:
    assert freezes_at(subject) == frozen


def test_moving_the_date_does_not_freeze_anew() -> None:
    dues = (DueSet(date(2026, 11, 21), SET), DueSet(date(2027, 11, 21), at("2026-11-20")))
    assert freezes_at(milestone([], start=None, due=date(2027, 11, 21), dues=dues)) == at("2026-11-04")


def test_members_at_an_instant() -> None:
    subject = milestone(
        [member(1), member(2, left="2026-12-01"), member(3, joined="2026-12-01"), member(4, joined=None)]
    )
    assert set(members_at(subject, at("2026-11-30"))) == {1, 2, 4}
    assert set(members_at(subject, at("2026-12-01"))) == {1, 3, 4}


def test_every_row_has_its_reason() -> None:
    now = at("2026-12-05")
    subject = milestone(
        [
            *planned(3),
            member(4, left="2026-12-01"),
            member(5, joined="2026-12-01"),
            member(6, joined="2026-12-04 12:00"),
            member(7, joined="2026-12-01", left="2026-12-02"),
            member(8, joined=None),
            member(9, joined="2026-12-01", carried_from="2.3", carried_closed=True),
            done(10, "2026-12-01 12:00", joined="2026-12-01"),
        ]
    )
    grown = growth(
        subject, baseline=Baseline(at("2026-11-24"), "frozen", {1: None, 2: None, 3: None, 4: None}), now=now
    )
    assert {row.member.item.id: row.why.code for row in grown.rows} == {
        1: "member.planned",
        2: "member.planned",
        3: "member.planned",
        4: "member.taken-out",
        5: "member.added",
        6: "member.too-new",
        7: "member.came-and-went",
        8: "member.joined-unknown",
        9: "member.carried-over",
        10: "member.done-quickly",
    }
    assert (grown.net, grown.share, len(grown.planned), len(grown.carried_over)) == (0, 0.0, 4, 1)


@settings(max_examples=150, deadline=None)
@given(milestones(), later)
def test_the_sums_hold_whatever_happened(subject: Milestone, now: datetime) -> None:
    plan = baseline_at(subject, freezes_at(subject) or at("2026-11-10"))
    grown = growth(subject, baseline=plan, now=now)
    ids = [row.member.item.id for row in grown.rows]
    assert len(ids) == len(set(ids))
    assert sum(len(grown.of(role)) for role in Role) == len(grown.rows)
    assert grown.net == len(grown.added_counted) - len(grown.removed)
    assert not {row.member.item.id for row in grown.added_counted} & set(plan.members)
    assert {row.member.item.id for row in grown.planned} <= set(plan.members)
