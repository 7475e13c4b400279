"""Trials: more work takes longer, whatever is drawn; the same seed draws the same; what waits is waited for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.forecast.manner import MANNER
from rules.forecast.simulate import Load, Work, quantile, run
from rules.forecast.throughput import Throughput

MANNER_ = replace(MANNER, trials=300, seed=7)
SURE = replace(MANNER_, never=0.0, spread=0.0, joins=0.0)
DAYS = 250


def team(*, pace: float = 0.1, joined: float = 0.0, usual_open: float = 10.0, finished: int = 30) -> Throughput:
    first = date(2026, 6, 1)
    return Throughput(
        days=tuple(first + timedelta(days=number) for number in range(60)),
        pace=tuple(pace * (number % 3) for number in range(60)),
        joined=(joined,) * 60,
        finished=finished,
        active_days=40,
        usual_open=usual_open,
        milestone_days=60.0,
    )


def middle(*works: Work, through: Throughput | None = None, grows: bool = False, **fields: object) -> int:
    load = Load(work=works, throughput=through or team(), grows=grows, **fields)  # type: ignore[arg-type]
    return quantile(sorted(trial[0] for trial in run([load], days=DAYS, manner=SURE)), 0.5)


def test_nothing_to_do_is_done_on_the_first_day() -> None:
    assert middle() == 1


def test_one_item_takes_as_long_as_the_pace_says() -> None:
    expected = SURE.evenness * (0.5 ** (-1 / SURE.evenness) - 1) / 0.1
    assert middle(Work()) == pytest.approx(expected, abs=1.5)


def test_what_others_have_long_passed_takes_longer() -> None:
    assert middle(Work(exposure=4.0)) > 1.7 * middle(Work())


def test_twice_the_work_takes_longer_and_a_faster_team_less() -> None:
    assert middle(Work(count=10)) > middle(Work(count=5)) > middle(Work(count=5), through=team(pace=0.2))
    assert middle(Work(heft=2.0)) > middle(Work())


def test_a_team_does_not_finish_more_for_having_more_open_than_usual() -> None:
    assert middle(Work(count=40), through=team(usual_open=5.0)) > 1.5 * middle(
        Work(count=40), through=team(usual_open=40.0)
    )


def test_what_cannot_be_begun_before_a_day_is_not_done_before_it() -> None:
    load = Load(work=(Work(), Work(ready=100)), throughput=team(), grows=False)
    assert min(trial[0] for trial in run([load], days=DAYS, manner=SURE)) >= 100


def test_what_comes_in_puts_the_end_off_and_less_so_after_the_date() -> None:
    growing = team(joined=0.5)
    grown = middle(Work(count=5), through=growing, grows=True)
    assert (
        grown > middle(Work(count=5), through=growing, grows=True, due_in=10) > middle(Work(count=5), through=growing)
    )


def test_work_of_two_teams_is_one_trial() -> None:
    quick, slow = (Load(work=(Work(count=3),), throughput=team(pace=pace), grows=False) for pace in (0.5, 0.02))
    both = run([quick, slow], days=DAYS, manner=SURE)
    assert all(len(trial) == 2 for trial in both)
    assert sum(trial[1] >= trial[0] for trial in both) > 250


def test_the_same_seed_gives_the_same_trials() -> None:
    load = Load(work=(Work(count=3, exposure=0.5),), throughput=team(joined=0.2))
    assert run([load], days=DAYS, manner=MANNER_) == run([load], days=DAYS, manner=MANNER_)
    assert run([load], days=DAYS, manner=MANNER_) != run([load], days=DAYS, manner=replace(MANNER_, seed=8))


def test_some_of_what_is_put_in_is_never_done() -> None:
    load = Load(work=(Work(),), throughput=team(pace=5.0), grows=False)
    late = sum(
        trial[0] > DAYS
        for trial in run([load], days=DAYS, manner=replace(MANNER_, never=0.2, never_items=1e9, trials=1000))
    )
    assert 150 <= late <= 250


works = st.builds(
    Work,
    count=st.integers(1, 30),
    exposure=st.floats(0, 20),
    heft=st.floats(0.4, 3),
    ready=st.integers(0, 60),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(works, min_size=1, max_size=4), st.integers(20, 200))
def test_every_trial_ends_within_the_days_or_after_them(found: list[Work], days: int) -> None:
    load = Load(work=tuple(found), throughput=team(joined=0.1))
    ends = [trial[0] for trial in run([load], days=days, manner=replace(MANNER_, trials=40))]
    assert len(ends) == 40
    assert all(1 <= end <= days + 1 for end in ends)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 100), min_size=1), st.floats(0.01, 1.0))
def test_a_quantile_is_the_first_day_by_which_that_share_was_done(days: list[int], share: float) -> None:
    days.sort()
    found = quantile(days, share)
    assert sum(day <= found for day in days) >= share * len(days) - 1e-6
    assert sum(day < found for day in days) < share * len(days) + 1e-6


def test_a_team_that_gets_all_of_its_work_done_leaves_less() -> None:
    few, many = (Load(work=(Work(),), throughput=team(pace=5.0, finished=done), grows=False) for done in (5, 500))
    manner = replace(MANNER_, never=0.2, trials=1000)

    def late(load: Load) -> int:
        return sum(trial[0] > DAYS for trial in run([load], days=DAYS, manner=manner))

    assert late(many) < late(few) / 3
