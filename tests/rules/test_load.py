"""Too much at once, and where work piles up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from rules import engine
from rules.catalog import bottleneck, overload
from rules.facts import Column, Flow, Kind, Load, Project, State, Waiting
from rules.flow.present import flow_of
from rules.flow.walks import Turn, Walk
from rules.spec import Rule, Scope
from rules.verdict import Outcome, Reach, Verdict
from rules.wording.render import plain
from tests.rules.build import WEEK, at, jira, project, ref, settings, usual

NOW = at("2026-12-08 12:00")  # a Tuesday
HOME = jira(WEEK, usual=usual(3.0))  # half are through within a day, at most 4 in progress and 3 in review


def column(state: State, *since: str, before: int = 0, grew: str | None = None) -> Column:
    """Items that have been in a state since these days; `before`: how many stood in it until it grew."""
    waiting = tuple(Waiting(ref(n, f"PAY-{n}", of="PAY"), at(day)) for n, day in enumerate(sorted(since), 1))
    counts = ((at("2026-11-02"), before), (at(grew or max(since, default="2026-11-02")), len(since)))
    return Column(state, waiting, counts)


def flow(*columns: Column, of: Project = HOME, loads: tuple[Load, ...] = ()) -> Flow:
    return Flow(id=1, project=of, columns=columns, loads=loads)


def much(subject: Flow, now: datetime = NOW, **params: Any) -> Verdict:
    return overload.judge(subject, overload.OverloadParams.model_validate(params), now)


FOUR, FIVE = ["2026-12-01"] * 4, [*["2026-12-01"] * 4, "2026-12-04 12:00"]
REVIEW, PROGRESS = State.IN_REVIEW, State.IN_PROGRESS
OVERLOADS: list[tuple[str, Flow, dict[str, Any], Outcome, str]] = [
    ("at the usual", flow(column(PROGRESS, *FOUR)), {}, Outcome.CLEAR, "no more at once"),
    ("beyond it", flow(column(PROGRESS, *FIVE)), {}, Outcome.FLAGGED, "5 items in progress at once for 2 working days; on 85 of 100 days it is 4 at most here."),
    ("not for long", flow(column(PROGRESS, *FIVE)), {"days": 2.5}, Outcome.CLEAR, "no more at once"),
    ("a limit", flow(column(REVIEW, *FOUR)), {"in_review": 2}, Outcome.FLAGGED, "4 items in review at once for 5 working days; the limit is 2."),
    ("a higher limit", flow(column(PROGRESS, *FIVE)), {"in_progress": 5}, Outcome.CLEAR, "no more at once"),
    ("not known", flow(column(PROGRESS, *FIVE), of=jira()), {}, Outcome.SKIPPED, "0 working days of 20"),
    ("too few days", flow(column(PROGRESS, *FIVE), of=jira(usual=usual(wip_days=19))), {}, Outcome.SKIPPED, "19 working days of 20"),
    ("not known, a limit", flow(column(PROGRESS, *FIVE), of=jira()), {"in_progress": 3}, Outcome.FLAGGED, "the limit is 3"),
    ("nothing", flow(), {}, Outcome.SKIPPED, "No limit is set"),
    ("nothing in it", flow(column(PROGRESS)), {}, Outcome.CLEAR, "no more at once"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "params", "outcome", "words"), [row[1:] for row in OVERLOADS], ids=[row[0] for row in OVERLOADS]
)
def test_what_is_said_of_work_at_once(subject: Flow, params: dict[str, Any], outcome: Outcome, words: str) -> None:
    verdict = much(subject, **params)
    assert verdict.outcome is outcome
    assert words in plain(verdict.reason, project=subject.project)


def test_it_speaks_when_it_has_been_more_for_so_long() -> None:
    subject = flow(column(PROGRESS, *FIVE))
    before = much(subject, at("2026-12-08 11:59"))
    assert (before.outcome, before.recheck_at) == (Outcome.CLEAR, NOW)
    verdict = much(subject)
    assert (verdict.since, verdict.reach, verdict.recheck_at) == (at("2026-12-04 12:00"), Reach.PAGE, None)
    assert plain(verdict.evidence[0], project=HOME) == "Longest in it: PAY-1, PAY-2, PAY-3"


def test_it_has_been_more_since_it_last_was_not() -> None:
    dipped = ((at("2026-11-02"), 6), (at("2026-12-03"), 4), (at("2026-12-07"), 5))
    waiting = column(PROGRESS, *["2026-11-20"] * 5).waiting
    assert much(flow(Column(PROGRESS, waiting, dipped)), days=0).since == at("2026-12-07")


def test_the_worse_state_is_named_first_and_more_is_worse() -> None:
    both = flow(column(PROGRESS, *FIVE), column(REVIEW, *["2026-12-01"] * 6))
    verdict = much(both)
    assert plain(verdict.reason, project=HOME).startswith("6 items in review at once")
    assert plain(verdict.evidence[0], project=HOME) == "In progress: 5; on 85 of 100 days 4 at most"
    more = much(flow(column(PROGRESS, *FIVE), column(REVIEW, *["2026-12-01"] * 7)))
    assert (verdict.weight, more.weight) == (4.0, 5.0) and verdict.gist == more.gist


def test_persons_are_not_looked_at_unless_a_limit_is_set_and_never_named() -> None:
    loads = (Load(1, tuple(at(f"2026-12-0{day}") for day in (1, 2, 3, 4))), Load(2, (at("2026-12-01"),)))
    subject = flow(column(PROGRESS, *FOUR), loads=loads)
    assert much(subject).outcome is Outcome.CLEAR
    verdict = much(subject, per_person=2)
    assert plain(verdict.reason, project=HOME) == "1 person has more than 2 in progress at once."
    assert (verdict.since, verdict.reach) == (at("2026-12-03"), Reach.PAGE)
    assert much(subject, per_person=4).outcome is Outcome.CLEAR
    beside = much(flow(column(PROGRESS, *FIVE), loads=loads), per_person=3)
    assert [line.code for line in beside.evidence] == ["overload.oldest", "overload.people-too"]


# --- piles ---


def pile(subject: Flow, now: datetime = NOW, **params: Any) -> Verdict:
    return bottleneck.judge(subject, bottleneck.BottleneckParams.model_validate(params), now)


OLD, NEW = "2026-12-04", "2026-12-08"  # two working days before and half a day
LATELY = ["2026-12-02"] * 4
THREE, MORE = [OLD] * 3, [NEW] * 3
BOTTLENECKS: list[tuple[str, Flow, dict[str, Any], Outcome, str]] = [
    ("half are old", flow(column(REVIEW, *THREE, *MORE, before=4)), {}, Outcome.FLAGGED, "Review: 3 of 6 items for more than 2 working days, and 2 more in it than 5 working days ago."),
    ("fewer are", flow(column(REVIEW, *THREE, *MORE, NEW)), {}, Outcome.CLEAR, "no pile that grows"),
    ("not growing", flow(column(REVIEW, *THREE, *MORE, before=6)), {}, Outcome.CLEAR, "no pile"),
    ("grew long ago", flow(column(REVIEW, *THREE, *MORE, grew="2026-11-30")), {}, Outcome.CLEAR, "no pile"),
    ("no pile yet", flow(column(REVIEW, *THREE)), {}, Outcome.CLEAR, "no pile"),
    ("a smaller pile", flow(column(REVIEW, *THREE)), {"min_items": 3}, Outcome.FLAGGED, "3 of 3 items"),
    ("older first", flow(column(REVIEW, *THREE, *MORE)), {"times": 2.6}, Outcome.CLEAR, "no pile"),
    ("in progress", flow(column(PROGRESS, *LATELY)), {}, Outcome.FLAGGED, "In progress: 4 of 4 items"),
    ("not counted", flow(column(REVIEW, *THREE, *MORE), of=jira()), {}, Outcome.SKIPPED, "not counted yet"),
    ("too few", flow(column(REVIEW, *THREE, *MORE), of=jira(usual=usual(finished=19))), {}, Outcome.SKIPPED, "19 finished of 20"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "params", "outcome", "words"), [row[1:] for row in BOTTLENECKS], ids=[row[0] for row in BOTTLENECKS]
)
def test_what_is_said_of_a_pile(subject: Flow, params: dict[str, Any], outcome: Outcome, words: str) -> None:
    verdict = pile(subject, **params)
    assert verdict.outcome is outcome
    assert words in plain(verdict.reason, project=subject.project)


def test_of_two_piles_the_older_is_named_and_what_is_usual_beside_it() -> None:
    verdict = pile(flow(column(PROGRESS, *THREE, NEW), column(REVIEW, *LATELY)))
    assert plain(verdict.reason, project=HOME).startswith("Review: 4 of 4 items")
    said = [plain(line, project=HOME) for line in verdict.evidence]
    assert said == ["Usual here: half are through within 1 working day", "Longest in it: PAY-1, PAY-2, PAY-3"]
    assert (verdict.reach, verdict.since) == (Reach.PAGE, at("2026-12-02"))


def test_it_says_when_time_alone_makes_a_pile_or_lets_it_be_one_no_more() -> None:
    subject = flow(column(REVIEW, *["2026-12-07 12:00"] * 4))
    before = pile(subject)
    assert (before.outcome, before.recheck_at) == (Outcome.CLEAR, at("2026-12-09 12:00"))
    verdict = pile(subject, at("2026-12-09 12:00"))
    assert (verdict.outcome, verdict.recheck_at) == (Outcome.FLAGGED, at("2026-12-14 12:00"))


# --- the flow itself ---


def walk(id_: int, kind: Kind = Kind.PULL_REQUEST, *, since: str = "2026-12-01", **fields: Any) -> Walk:
    return Walk(ref=ref(id_), kind=kind, created_at=at(since), **fields)


def test_a_flow_is_made_of_what_stands_in_each_state_oldest_first() -> None:
    home = project(known_from=at("2026-11-20"))
    gone = walk(3, since="2026-11-25", closed_at=at("2026-12-03"), done=True)
    made = flow_of([walk(1), walk(2, since="2026-11-28"), gone, walk(4, draft=True)], home, now=NOW)
    progress, review = made.columns
    assert [one.item.id for one in review.waiting] == [2, 1] and [one.item.id for one in progress.waiting] == [4]
    days = [(f"{when:%d}", count) for when, count in review.counts]
    assert days == [("20", 0), ("25", 1), ("28", 2), ("01", 3), ("03", 2)]
    assert (made.id, made.key, made.known_from) == (home.id, home.key, home.known_from)


def test_what_a_pull_request_carries_counts_once_and_what_waits_outside_not_at_all() -> None:
    pull = walk(9)
    statuses = {"waiting for customer": "waiting", "in progress": "in_progress"}
    issue = walk(1, Kind.ISSUE, pulls=(pull,), assignees=(5,))
    begun = walk(2, Kind.ISSUE, turns=(Turn(at("2026-12-02"), "state", "In Progress"),), assignees=(5,))
    waits = walk(3, Kind.ISSUE, turns=(Turn(at("2026-12-02"), "state", "Waiting for customer"),))
    home = jira(settings=settings(statuses=statuses))
    made = flow_of([issue, begun, waits, walk(9, carries=True)], home, now=NOW)
    assert [[one.item.id for one in column.waiting] for column in made.columns] == [[2], [1]]
    assert made.loads == (Load(5, (at("2026-12-02"),)),)


def test_both_judge_a_flow_through_the_engine_and_a_condition_may_ask_of_it() -> None:
    crowded = flow(column(PROGRESS, *FIVE), column(REVIEW, *FOUR))
    rules = [
        engine.prepare(Rule(id=n, version=1, name=name, type=name, scope=Scope(condition=condition)))
        for n, (name, condition) in enumerate(
            [("overload", "flow.in_progress >= 5"), ("bottleneck", "flow.in_review > 4"), ("stalled-work", None)]
        )
    ]
    one, other = engine.judge(rules, crowded, NOW)
    assert (one.verdict.outcome, other.verdict.reason.code) == (Outcome.FLAGGED, "engine.condition")
    assert NOW - (one.verdict.since or NOW) > timedelta(days=3)
