"""The property that every rule type keeps: `recheck_at` is exactly where its verdict flips with time alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.calendar import Calendar
from rules.catalog.registry import TYPES
from rules.catalog.timing import says
from rules.facts import (
    Checks,
    Column,
    DueSet,
    Flow,
    Item,
    Kind,
    Link,
    LinkKind,
    Load,
    Member,
    Milestone,
    MilestoneKind,
    Planned,
    Reopening,
    Review,
    Side,
    Size,
    Sprint,
    State,
    Subject,
    Waiting,
)
from rules.spec import RuleType
from rules.statistics import Forecast, Outlook
from tests.rules import build

MICRO = timedelta(microseconds=1)
START = datetime(2026, 11, 2, tzinfo=UTC)
CALENDARS = (
    build.PLAIN,
    build.WEEK,
    Calendar(zone="America/New_York", holidays=frozenset({date(2026, 11, 26)})),
    Calendar(
        zone="Europe/Berlin", weekdays=frozenset({0, 1, 2, 3, 4}), blackouts=((date(2026, 12, 24), date(2027, 1, 2)),)
    ),
)
MONTH = 30 * 24 * 60
"""All that has happened lies in the first month (in minutes); judging begins after it."""
instants = st.integers(0, MONTH).map(lambda minutes: START + timedelta(minutes=minutes))
later = st.one_of(st.integers(0, MONTH // 6), st.integers(0, 6 * MONTH)).map(
    lambda minutes: START + timedelta(minutes=MONTH + minutes)
)
fresh = st.integers(MONTH - 3000, MONTH).map(lambda minutes: START + timedelta(minutes=minutes))
days = st.integers(0, 75).map(lambda count: START.date() + timedelta(days=count))
maybe_days = st.one_of(st.none(), days)
maybe_instants = st.one_of(st.none(), instants)


SPRINTS = (
    None,
    Sprint("Sprint 31", date(2026, 12, 4), 36.0, date(2026, 11, 23)),
    Sprint("Sprint 31", date(2026, 12, 4), None, date(2026, 11, 23), 0.9),
    Sprint("Sprint 32", date(2027, 1, 4), None, date(2026, 12, 20), 0.8),
    Sprint("Sprint 32", date(2027, 1, 4), None, date(2026, 12, 20), 0.5),
)


VARIED: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "stalled-review": {
        "author_days": st.just(2),
        "author_comment_days": st.integers(1, 50),
        "certainty": st.sampled_from([0.0, 0.65, 0.8]),
    },
    "missed-milestone": {"grace_days": st.integers(0, 3), "comment_after": st.integers(0, 5)},
    "stalled-work": {"plan_share": st.sampled_from([0.0, 0.25])},
    "scope-creep": {"min_items": st.integers(1, 3)},
    "milestone-at-risk": {
        "days": st.integers(1, 3),
        "least_weeks": st.just(4),
        "certainty": st.sampled_from([0.0, 0.8]),
    },
    "unready-milestone": {"days_before": st.integers(1, 15)},
    "repeat-slip": {"date_moves": st.integers(0, 1)},
    "repeat-moves": {"moves": st.integers(1, 2)},
    "dependency-at-risk": {"days": st.integers(1, 5)},
    "blocked-too-long": {"days": st.integers(1, 5)},
    "state-mismatch": {"days": st.integers(1, 5)},
    "ageing-work": {"floor_days": st.sampled_from([0, 1.5, 5])},
    "budget-burn": {"unit": st.sampled_from(["hours", "points"]), "budget": st.sampled_from([0, 20])},
    "custom": {"when": st.sampled_from(["item.state == 'in_progress'", "item.estimate > 2", "item.is_draft"])},
    "red-checks": {"days": st.integers(1, 5)},
    "waiting-for-answer": {"called_days": st.integers(1, 5), "asked_days": st.integers(1, 5)},
    "abandoned-assignment": {"quiet_days": st.integers(1, 5), "ahead_days": st.integers(0, 30)},
    "sprint-injection": {"ask_swap": st.just(True), "min_items": st.integers(1, 3)},
    "reopened": {"times": st.integers(1, 2), "within_days": st.integers(1, 15), "slip_minutes": st.just(0)},
    "unreviewed-merge": {"merged_days": st.integers(1, 30)},
    "missing-acceptance-criteria": {"planned": st.booleans()},
    "unestimated-work": {"settle_days": st.integers(0, 5)},
    "overload": {"per_person": st.integers(0, 3), "in_review": st.integers(0, 4), "days": st.sampled_from([0, 1.5])},
    "bottleneck": {"min_items": st.integers(2, 4), "times": st.sampled_from([1.0, 2.5])},
    "unlinked-work": {"settle_days": st.integers(0, 3), "merged_days": st.integers(0, 5)},
}


@st.composite
def forecasts(draw: st.DrawFn, *, due: date | None) -> tuple[Forecast, ...]:
    """What was expected on some days of the month in which all happened and the one after."""
    on = sorted(draw(st.sets(st.integers(20, 60), max_size=6)))
    said = st.sampled_from([0.1, 0.45, 0.6, 0.9])
    return tuple(
        build.forecast(
            (START + timedelta(days=number)).date().isoformat(),
            draw(said) if due is not None else None,
            due=draw(st.sampled_from([None, due, due])),
            weeks=draw(st.sampled_from([2.0, 26.0, 26.0])),
            done_items=draw(st.sampled_from([5, 30])),
            likely=START.date() + timedelta(days=draw(st.integers(20, 120))),
            driver=draw(st.sampled_from(["", "growth", "waiting", "pace"])),
        )
        for number in on
    )


@st.composite
def outlooks(draw: st.DrawFn, *, due: date | None) -> tuple[Outlook, ...]:
    on = sorted(draw(st.sets(st.integers(20, 60), max_size=6)))
    return tuple(
        build.outlook(
            (START + timedelta(days=number)).date().isoformat(),
            draw(st.sampled_from([0.3, 0.55, 0.7])),
            due=draw(st.sampled_from([None, due, due])),
            because=draw(st.sampled_from([(), ("over",), ("left", "net")])),
        )
        for number in on
    )


@st.composite
def links(draw: st.DrawFn, number: int) -> Link:
    """An edge to an item of the same project, of one that readers may be told of, or of one that they may not."""
    closed = draw(st.one_of(st.none(), instants))
    state = draw(st.sampled_from([State.TODO, State.IN_PROGRESS, State.IN_REVIEW]))
    over = draw(st.sampled_from([State.DONE, State.DONE, State.DROPPED]))
    other = build.ref(number, of=draw(st.sampled_from(["acme/shop", "acme/api", "acme/secret"])))
    return Link(
        kind=draw(st.sampled_from([LinkKind.BLOCKS, LinkKind.IMPLEMENTS, LinkKind.CLOSES, LinkKind.MENTIONS])),
        inbound=draw(st.sampled_from([True, True, False])),
        other=replace(other, secured=draw(st.sampled_from([False, False, True]))),
        other_kind=draw(st.sampled_from([Kind.PULL_REQUEST, Kind.PULL_REQUEST, Kind.ISSUE])),
        other_state=state if closed is None else over,
        other_closed_at=closed,
        other_opened_at=draw(maybe_instants),
        other_checks=draw(st.one_of(st.none(), st.sampled_from(Checks))),
        other_due=draw(maybe_days),
        since=draw(maybe_instants),
        other_reverted=draw(st.sampled_from([False, False, True])),
        other_flag=draw(st.sampled_from([None, None, "stalled-review"])),
        other_forecast=next(iter(draw(forecasts(due=None))), None),
    )


@st.composite
def items(draw: st.DrawFn, kinds: tuple[Kind, ...]) -> Item:
    calendar = draw(st.sampled_from(CALENDARS))
    project = build.project(
        calendar,
        public=draw(st.booleans()),
        tracker=draw(st.sampled_from(["github", "jira"])),
        settings=build.settings(name_foreign_keys=draw(st.booleans()), reviews_required=draw(st.booleans())),
        same_readers=frozenset({"acme/api"}),
        watched_keys=frozenset({"PAY"}),
        usual=draw(st.sampled_from([None, build.usual(), build.usual(20.0), build.usual(0.5, finished=5)])),
        risks=draw(st.sampled_from([{}, build.risks(0.5), build.risks(0.5), build.risks(0.9), build.risks(None)])),
    )
    kind = draw(st.sampled_from(kinds))
    step = replace(build.step("push", "2026-11-02"), at=draw(instants), side=draw(st.sampled_from(Side)))
    due = draw(maybe_days)
    common: dict[str, Any] = {
        "project": project,
        "state": draw(st.sampled_from([State.IN_PROGRESS, State.IN_REVIEW, State.TODO, State.DONE])),
        "last_movement": step,
        "due": due,
        "dues": (DueSet(START.date(), START), DueSet(due, draw(instants))),
        "started_at": draw(maybe_instants),
        "known_from": draw(st.one_of(st.none(), st.none(), instants)),
        "assignees": (build.ADA,),
        "acted_at": draw(maybe_instants),
        "closed_at": draw(maybe_instants),
        "links": tuple(draw(links(100 + number)) for number in range(draw(st.integers(0, 3)))),
        "labels": draw(st.sampled_from([(), (), ("needs info",)])),
        "assigned_since": draw(maybe_instants),
        "reopened": tuple(Reopening(at, at) for at in sorted(draw(st.lists(fresh, max_size=3)))),
        "type": draw(st.sampled_from(["Bug", "Story", "Story"])),
        "next_sprint": draw(st.sampled_from([None, "Sprint 32"])),
        "waiting_since": draw(maybe_instants),
        "question": draw(
            st.one_of(st.none(), instants.map(lambda at: replace(build.step("comment", "2026-11-02"), at=at)))
        ),
        "flagged_since": draw(st.sampled_from([None, None, START])),
        "needed_by": draw(maybe_days),
        "spent": draw(st.sampled_from([None, 4.0, 20.0])),
        "hours_planned": draw(st.sampled_from([None, 8.0])),
        "hours_left": draw(st.sampled_from([None, 2.5])),
        "size": Size(estimate=draw(st.sampled_from([None, 3.0])), lines=200, files=5),
        "sprint": draw(st.sampled_from(SPRINTS)),
        "planned": tuple(
            Planned(number, draw(st.sampled_from(MilestoneKind)), f"{number}", date(2026, 12, 4), draw(st.booleans()))
            for number in range(draw(st.integers(0, 5)))
        ),
    }
    if kind is Kind.ISSUE:
        return build.item(**common)
    return build.pull(
        **common,
        closed_as=draw(st.sampled_from([None, "merged", "unmerged"])),
        merged_by_other=draw(st.sampled_from([None, False, False, True])),
        last_word=step,
        draft=draw(st.booleans()),
        checks=draw(st.sampled_from(Checks)),
        review=draw(st.sampled_from(Review)),
        ready_at=draw(maybe_instants),
        red_since=draw(maybe_instants),
        red_checks=draw(st.sampled_from([(), ("build",), ("a", "b", "c", "d")])),
    )


@st.composite
def members(draw: st.DrawFn, number: int) -> Member:
    state = draw(st.sampled_from([State.TODO, State.IN_PROGRESS, State.IN_REVIEW, State.DONE, State.DROPPED]))
    return replace(
        build.member(number),
        state=state,
        joined_at=draw(st.one_of(st.just(START), instants, fresh)),
        left_at=draw(st.one_of(st.none(), st.none(), st.none(), instants)),
        closed_at=None if state.is_open else draw(instants),
        carried_from=draw(st.sampled_from([None, None, None, None, "2.3"])),
        carried_closed=draw(st.booleans()),
        estimate=draw(st.sampled_from([None, 1.0, 3.0])),
        spent=draw(st.sampled_from([None, 1.0, 9.0])),
        hours_planned=draw(st.sampled_from([None, 4.0, 4.0, 4.0])),
        has_criteria=draw(st.sampled_from([None, True, False])),
        assigned=draw(st.booleans()),
        waiting_on=draw(st.sampled_from([None, None, build.ref(900)])),
    )


@st.composite
def milestones(draw: st.DrawFn) -> Milestone:
    calendar = draw(st.sampled_from(CALENDARS))
    inside = [draw(members(number)) for number in range(draw(st.integers(1, 12)))]
    due = draw(maybe_days)
    return build.milestone(
        inside,
        project=build.project(
            calendar,
            public=draw(st.booleans()),
            usual=draw(st.sampled_from([None, build.usual(), build.usual()])),
            risks=draw(st.sampled_from([{}, build.risks(0.6), build.risks(0.6), build.risks(None)])),
        ),
        kind=draw(st.sampled_from(MilestoneKind)),
        open=(is_open := draw(st.sampled_from([True, True, True, False]))),
        closed_at=None if is_open else draw(instants),
        start=draw(maybe_days),
        due=due,
        dues=() if due is None else (DueSet(START.date(), START), DueSet(due, draw(instants))),
        forecasts=draw(forecasts(due=due)),
        outlooks=draw(outlooks(due=due)),
    )


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    def column(state: State) -> Column:
        waiting = sorted(draw(st.lists(instants, max_size=8)))
        turns = sorted(set(draw(st.lists(instants, min_size=1, max_size=6))))
        counts = tuple((at, draw(st.integers(0, 8))) for at in turns)
        return Column(
            state=state,
            waiting=tuple(Waiting(build.ref(number), at) for number, at in enumerate(waiting, 1)),
            counts=(*counts, (max([*turns, *waiting]), len(waiting))),
        )

    busy = [tuple(sorted(draw(st.lists(instants, max_size=5)))) for _ in range(2)]
    calendar = draw(st.sampled_from(CALENDARS))
    usual = draw(st.sampled_from([None, build.usual(), build.usual(3.0), build.usual(1.0, wip_days=4)]))
    return Flow(
        id=1,
        project=build.project(calendar, usual=usual),
        columns=(column(State.IN_PROGRESS), column(State.IN_REVIEW)),
        loads=tuple(Load(number, since) for number, since in enumerate(busy, 1)),
    )


def subjects(type_: RuleType) -> st.SearchStrategy[Subject]:
    if type_.judges is Flow:
        return flows()
    if type_.judges is Milestone:
        return milestones()
    return items(tuple(kind for kind in (Kind.ISSUE, Kind.PULL_REQUEST) if kind in type_.kinds))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data(), later)
def test_nothing_flips_before_recheck_and_something_does_at_it(data: st.DataObject, now: datetime) -> None:
    type_ = data.draw(st.sampled_from(TYPES))
    subject = data.draw(subjects(type_))
    chosen = {name: data.draw(values) for name, values in VARIED.get(type_.name, {}).items()}
    params = type_.params.model_validate(chosen)
    verdict = type_.judge(subject, params, now)
    flip = verdict.recheck_at
    if flip is None:
        probe = data.draw(later)
        assert probe <= now or says(type_.judge(subject, params, probe)) == says(verdict)
        return
    assert flip > now
    assert says(type_.judge(subject, params, flip - MICRO)) == says(verdict)
    assert says(type_.judge(subject, params, flip)) != says(verdict)
    between = now + (flip - now) * data.draw(st.floats(0, 0.999999))
    assert says(type_.judge(subject, params, between)) == says(verdict)
