"""What is carried on, dates that move, milestones not ready, and what comes too late: bounds and words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from rules.catalog import (
    blocked_too_long,
    dependency_at_risk,
    missed_due_date,
    repeat_moves,
    repeat_slip,
    unready_milestone,
)
from rules.engine import judge as judge_all
from rules.engine import prepare
from rules.facts import DueSet, Item, Link, LinkKind, Member, Milestone, MilestoneKind, Planned
from rules.readiness import says_when_done
from rules.spec import Rule
from rules.verdict import Outcome, Reach, Verdict
from rules.wording.render import plain
from tests.rules.build import WEEK, at, done, forecast, item, jira, link, member, milestone, project, ref, sprint

NOW = at("2026-12-01 12:00")
NEAR = jira(WEEK, same_readers=frozenset({"PLAT"}))


def flagged(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.FLAGGED


def words(verdict: Verdict, subject: Item | Milestone) -> list[str]:
    return [plain(said, project=subject.project) for said in (verdict.reason, *verdict.evidence, *verdict.below)]


# --- repeat-slip


def slips(subject: Item, **params: object) -> Verdict:
    return repeat_slip.judge(subject, repeat_slip.RepeatSlipParams.model_validate(params), NOW)


def went(*titles: str, kind: MilestoneKind = MilestoneKind.MILESTONE, present: bool = True) -> tuple[Planned, ...]:
    """Each of them in turn, the last one now."""
    return tuple(
        Planned(
            number, kind, title, date(2026, 12, number), present and number == len(titles), at(f"2026-09-0{number}")
        )
        for number, title in enumerate(titles, start=1)
    )


def test_the_third_milestone_is_one_too_many_and_the_second_is_not() -> None:
    second = slips(item(planned=went("0.6", "0.7")))
    assert (second.outcome, second.reason.code) == (Outcome.CLEAR, "repeat-slip.few")
    subject = item(planned=went("0.5", "0.6", "0.7"))
    third = slips(subject)
    assert words(third, subject) == [
        "In its third milestone, and still open.",
        "It went through 0.5, 0.6, 0.7",
    ]
    assert (third.since, third.weight, third.reach) == (at("2026-09-03"), 3.0, Reach.LABEL)
    assert not flagged(slips(subject, times=4))


def test_a_long_row_is_told_shortly() -> None:
    subject = item(planned=went(*"ABCDEF"))
    assert words(slips(subject), subject)[1] == "It went through A, …, E, F"


def test_sprints_count_with_sprints_and_versions_with_versions() -> None:
    sprints = went("Sprint 30", "Sprint 31", kind=MilestoneKind.SPRINT)
    versions = tuple(replace(one, id=one.id + 10) for one in went("5.1", "5.2", kind=MilestoneKind.VERSION))
    assert not flagged(slips(item(planned=(*sprints, *versions))))
    three = item(planned=(*went("Sprint 29", "Sprint 30", "Sprint 31", kind=MilestoneKind.SPRINT), *versions))
    assert words(slips(three), three)[0] == "In its third sprint, and still open."


def test_what_is_in_none_any_more_is_not_carried_on() -> None:
    assert slips(item(planned=went("0.5", "0.6", "0.7", present=False))).reason.code == "repeat-slip.not-planned"
    assert slips(item()).reason.code == "repeat-slip.not-planned"


def test_its_own_date_counts_where_it_is_asked_for_and_only_moves_by_people_to_a_later_day() -> None:
    days = [date(2026, 11, day) for day in (10, 20, 15)]
    dues = tuple(DueSet(day, at(f"2026-11-0{n}")) for n, day in enumerate((*days, date(2026, 12, 20)), start=1))
    subject = item(dues=dues, due=date(2026, 12, 20))
    assert not flagged(slips(subject))
    verdict = slips(subject, date_moves=2)
    assert words(verdict, subject)[0] == "The date was moved later twice; it is Sun 20 Dec now."
    machine = (*dues[:3], replace(dues[3], by_person=False))
    assert not flagged(slips(replace(subject, dues=machine), date_moves=2))


def test_an_item_past_its_date_has_one_flag_and_not_two() -> None:
    subject = item(planned=went("0.5", "0.6", "0.7"), due=date(2026, 11, 20), dues=(DueSet(date(2026, 11, 20), NOW),))
    rules = [prepare(Rule(id=n, version=1, name=t.name, type=t.name)) for n, t in enumerate((missed_due_date.TYPE, repeat_slip.TYPE))]  # fmt: skip
    found = {one.rule.type: one.verdict.outcome for one in judge_all(rules, subject, NOW)}
    assert found == {"missed-due-date": Outcome.FLAGGED, "repeat-slip": Outcome.SKIPPED}


# --- repeat-moves


def moved(*days: str, due: str | None = None, **fields: Any) -> Milestone:
    """A milestone whose date was set to each of these days in turn, in the first days of November."""
    sets = tuple(DueSet(date.fromisoformat(day), at(f"2026-11-0{n}")) for n, day in enumerate(days, start=1))
    base: dict[str, Any] = {"dues": sets, "due": date.fromisoformat(due or days[-1])}
    return milestone([member(1)], **(base | fields))


def moves(subject: Milestone, **params: object) -> Verdict:
    return repeat_moves.judge(subject, repeat_moves.RepeatMovesParams.model_validate(params), NOW)


def test_the_second_move_to_a_later_day_is_flagged() -> None:
    assert moves(moved("2026-11-20", "2026-12-04")).reason.code == "repeat-moves.few"
    subject = moved("2026-11-20", "2026-12-04", "2026-12-18")
    verdict = moves(subject)
    assert words(verdict, subject) == ["2.4 has moved twice: from 20 Nov, now Fri 18 Dec."]
    assert (verdict.reach, verdict.recheck_at) == (Reach.PAGE, at("2026-12-19"))


def test_a_date_brought_forward_or_set_twice_or_by_a_machine_is_no_move() -> None:
    assert not flagged(moves(moved("2026-12-20", "2026-12-04", "2026-12-18")))
    assert not flagged(moves(moved("2026-12-04", "2026-12-04", "2026-12-18")))
    machine = moved("2026-11-20", "2026-12-04", "2026-12-18")
    dues = (*machine.dues[:2], replace(machine.dues[2], by_person=False))
    assert not flagged(moves(replace(machine, dues=dues)))


def test_a_date_that_passed_and_one_that_is_gone_are_not_judged_by_their_moves() -> None:
    assert moves(moved("2026-11-10", "2026-11-20", "2026-11-30")).reason.code == "repeat-moves.passed"
    assert moves(moved("2026-11-10", "2026-11-20", open=False, closed_at=NOW)).reason.code == "repeat-moves.closed"
    assert moves(milestone(due=None, start=None)).outcome is Outcome.SKIPPED


# --- unready-milestone


def ready(number: int, **fields: Any) -> Member:
    base: dict[str, Any] = {"assigned": True, "estimate": 3.0, "has_criteria": True}
    return member(number, **(base | fields))


def readiness(subject: Milestone, *, now: str = "2026-12-03 09:00", **params: object) -> Verdict:
    return unready_milestone.judge(subject, unready_milestone.UnreadyMilestoneParams.model_validate(params), at(now))


def upcoming(*members: Member) -> Milestone:
    """Sprint 32 begins on Monday 7 December."""
    return sprint(members, title="Sprint 32", start=date(2026, 12, 7), due=date(2026, 12, 18))


def test_it_is_looked_at_some_working_days_before_it_begins_and_until_then() -> None:
    subject = upcoming(ready(1), ready(2, assigned=False))
    before = readiness(subject, now="2026-12-02 23:59")
    assert (before.reason.code, before.recheck_at) == ("unready-milestone.ahead", at("2026-12-03"))
    first = readiness(subject, now="2026-12-03")
    assert flagged(first) and first.recheck_at == at("2026-12-07")
    assert readiness(subject, now="2026-12-07").reason.code == "unready-milestone.begun"
    assert flagged(readiness(subject, now="2026-11-23", days_before=10))


def test_without_a_beginning_the_date_counts() -> None:
    subject = milestone([ready(1, assigned=False)], start=None, due=date(2026, 12, 11), project=jira(WEEK))
    assert words(readiness(subject, now="2026-12-10"), subject)[0] == (
        "2.4 is due on Fri 11 Dec; 1 of 1 item is not ready."
    )


def test_what_is_missing_is_listed_once_for_the_milestone() -> None:
    outside = ref(900, "PAY-900", of="PAY")
    subject = upcoming(
        *(ready(number) for number in range(1, 9)),
        ready(10, estimate=None, assigned=False),
        ready(11, has_criteria=False),
        ready(12, waiting_on=outside),
    )
    assert words(readiness(subject), subject) == [
        "Sprint 32 begins on Mon 7 Dec; 3 of 11 items are not ready.",
        "Waits for something from outside: #12",
        "No estimate: #10",
        "No word on when it is done: #11",
        "Nobody assigned: #10",
    ]
    every = readiness(subject, estimates=False, criteria=False, assignees=False, waiting=False)
    assert every.reason.code == "unready-milestone.ready"


def test_estimates_are_asked_for_only_where_four_of_five_have_one() -> None:
    few = upcoming(*(ready(number, estimate=None) for number in range(1, 3)), *(ready(n) for n in range(3, 9)))
    assert not flagged(readiness(few))
    most = upcoming(ready(1, estimate=None), *(ready(number) for number in range(2, 6)))
    assert flagged(readiness(most))


def test_what_waits_for_another_item_in_it_does_not_wait_for_outside() -> None:
    inside = ready(1)
    waits = ready(2, waiting_on=replace(inside.item, project="PAY"))
    assert not flagged(readiness(upcoming(inside, waits)))


def test_what_is_done_already_need_not_be_ready() -> None:
    assert not flagged(readiness(upcoming(ready(1), done(2, "2026-11-30", assigned=False))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## Acceptance criteria\n- exports CSV", True),
        ("Definition of Done: it is documented", True),
        ("- [ ] write the test", True),
        ("Given a cart, when it is emptied, then it is gone", True),
        ("Export as CSV, like the old one did", False),
        ("We accept all criteria of the tender", False),
        ("", False),
    ],
)
def test_a_text_says_when_its_work_is_done(text: str, expected: bool) -> None:
    assert says_when_done(text) is expected


# --- dependency-at-risk


def blocker(likely: date, *, number: int = 77, of: str = "PLAT", **fields: Any) -> Link:
    said = forecast("2026-11-30", 0.2, likely=likely)
    return link(LinkKind.BLOCKS, ref(number, f"{of}-{number}", of=of), **({"other_forecast": said} | fields))


def waiting(*links: Link, need: date | None = date(2026, 12, 11), **fields: Any) -> Item:
    base: dict[str, Any] = {"project": NEAR, "key": "PAY-231", "links": links, "needed_by": need}
    return item(**(base | fields))


def depends(subject: Item, **params: object) -> Verdict:
    return dependency_at_risk.judge(subject, dependency_at_risk.DependencyAtRiskParams.model_validate(params), NOW)


def test_two_working_days_later_than_needed_is_too_late_and_one_is_not() -> None:
    monday, tuesday = date(2026, 12, 14), date(2026, 12, 15)
    assert depends(waiting(blocker(monday))).reason.code == "dependency-at-risk.in-time"
    subject = waiting(blocker(tuesday))
    verdict = depends(subject)
    assert words(verdict, subject) == [
        "Needed by Fri 11 Dec; what it waits for is likely to come later.",
        "PLAT-77 is likely on Tue 15 Dec",
    ]
    assert verdict.reach is Reach.COMMENT
    assert flagged(depends(waiting(blocker(monday)), days=1))


def test_the_latest_comes_first_and_many_go_in_one_line() -> None:
    days = {70: 16, 71: 22, 72: 18, 73: 17}
    subject = waiting(*(blocker(date(2026, 12, day), number=number) for number, day in days.items()))
    assert words(depends(subject), subject)[1:] == [
        "PLAT-71 is likely on Tue 22 Dec",
        "PLAT-72 is likely on Fri 18 Dec",
        "And for PLAT-73, PLAT-70",
    ]


def test_without_a_need_or_a_forecast_nothing_is_said() -> None:
    late = blocker(date(2026, 12, 22))
    cases = {
        "dependency-at-risk.no-need": waiting(late, need=None),
        "dependency-at-risk.no-forecast": waiting(replace(late, other_forecast=None)),
        "common.gap": waiting(late, gap=True),
    }
    for code, subject in cases.items():
        assert (depends(subject).outcome, depends(subject).reason.code) == (Outcome.SKIPPED, code)
    assert depends(waiting()).reason.code == "dependency-at-risk.free"
    assert depends(waiting(replace(late, inbound=False))).reason.code == "dependency-at-risk.free"


def test_a_forecast_is_told_only_to_those_who_may_know() -> None:
    late = blocker(date(2026, 12, 22))
    for home in (project(WEEK, public=True), jira(WEEK)):
        subject = waiting(late, project=home)
        assert depends(subject).reach is Reach.PAGE
        assert "22 Dec" not in "".join(words(depends(subject), subject))


def test_blocked_work_is_told_by_this_rule_once_the_forecast_is_known() -> None:
    rules = [prepare(Rule(id=n, version=1, name=t.name, type=t.name)) for n, t in enumerate((blocked_too_long.TYPE, dependency_at_risk.TYPE))]  # fmt: skip
    late = blocker(date(2026, 12, 22), since=at("2026-11-20"))

    def found(subject: Item) -> dict[str, Outcome]:
        return {one.rule.type: one.verdict.outcome for one in judge_all(rules, subject, NOW)}

    known = {"blocked-too-long": Outcome.SKIPPED, "dependency-at-risk": Outcome.FLAGGED}
    assert found(waiting(late, started_at=at("2026-11-10"))) == known
    unknown = waiting(replace(late, other_forecast=None), started_at=at("2026-11-10"))
    assert found(unknown) == {"blocked-too-long": Outcome.FLAGGED, "dependency-at-risk": Outcome.SKIPPED}
