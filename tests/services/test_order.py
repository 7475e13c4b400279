"""Any order of arrival, with repetitions, ends in the same rows, flags and wishes. Timestamps are distinct here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from integrations.sandbox.replay import Webhook
from tests.hub import Hub
from tests.picture import differences, forget, picture
from tests.world import GROWN, LATE, MONDAY, STALLED, World

RULES = (
    STALLED, LATE, GROWN, "{name: reviews, type: stalled-review, mode: live}", "{name: bigger, type: scope-growth, mode: live}"
)  # fmt: skip


def history() -> list[Webhook]:
    """Two milestones, three issues and two pull requests, with every kind of event that the core keeps."""
    hub = Hub()
    clock = iter(MONDAY - timedelta(days=20) + n * timedelta(minutes=61) for n in range(200))

    def at_() -> datetime:
        return next(clock)

    return [
        hub.milestone(1, at=at_(), due=date(2026, 2, 20)),
        hub.milestone(2, at=at_(), due=date(2026, 4, 20)),
        hub.issue(7, at=at_(), author="ann", labels=("tracking",), milestone=1),
        hub.issue(8, at=at_(), author="bob", body="- [ ] one\n- [ ] two"),
        hub.plan(8, 1, at=at_()),
        hub.assign(8, "dev", at=at_()),
        hub.comment(8, by="dev", at=at_()),
        hub.issue(9, at=at_(), author="bob", milestone=1),
        hub.edit(8, body="- [x] one\n- [ ] two\n- [ ] three", by="dev", at=at_()),
        hub.pull(20, at=at_(), author="ann", body="Closes #8", sha="a1", head="topic"),
        hub.pull(21, at=at_(), author="dev", sha="b1", base="topic", draft=True),
        hub.label(9, "triage", at=at_()),
        hub.move(1, date(2026, 2, 25), at=at_()),
        approved := hub.review(20, "approved", by="mel", at=at_()),
        hub.push(20, "a2", lines=500, at=at_()),
        hub.check("a2", "success", pulls=(20,), at=at_()),
        hub.check("a1", "failure", pulls=(20,), at=at_()),
        hub.label(9, "triage", on=False, at=at_()),
        hub.dismiss(approved, at=at_()),
        hub.review(20, "commented", by="mel", at=at_()),
        hub.plan(9, 1, on=False, at=at_()),
        hub.plan(9, 2, at=at_()),
        hub.comment(9, "any news?", by="passer-by", at=at_()),
        hub.comment(7, by="carl", association="COLLABORATOR", at=at_()),
        hub.draft(21, on=False, by="dev", at=at_()),
        hub.edit(20, body="No longer closes anything, see #8", at=at_()),
        hub.assign(8, "dev", on=False, at=at_()),
        hub.close(9, reason="not_planned", at=at_()),
        hub.move(1, date(2026, 2, 26), at=at_()),
        hub.reopen(9, at=at_()),
        hub.plan(9, 2, on=False, at=at_()),
        hub.plan(9, 1, at=at_()),
        hub.close(21, merged=True, at=at_()),
    ]  # fmt: skip


HISTORY = history()
END = max(hook.at for hook in HISTORY) + timedelta(days=20)


@pytest.fixture(params=["sqlite", "postgres"], scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all examples, emptied before each."""
    folder = tmp_path_factory.mktemp("order")
    made = World(request.getfixturevalue(f"shared_{request.param}_url"), folder, at=END)
    yield made
    made.close()


PULL = next(n for n, hook in enumerate(HISTORY) if hook.event == "pull_request" and hook.payload["number"] == 20)


def told(world: World, order: list[int], cuts: frozenset[int]) -> dict[str, object]:
    """The picture after these webhooks; drained at the cuts, judged at the end."""
    forget(world)
    world.at(END)
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(order)), len(order)]
    for start, end in pairwise(edges):
        world.stash([HISTORY[number] for number in order[start:end]], f"{start}-")
        world.drain()
    world.rules(*RULES)
    world.drain()
    world.wait(hours=2)
    world.drain()
    return picture(world)


IN_ORDER = list(range(len(HISTORY)))
_expected: dict[int, dict[str, object]] = {}


@given(
    order=st.permutations(IN_ORDER),
    again=st.lists(st.sampled_from(IN_ORDER), max_size=6),
    cuts=st.frozensets(st.integers(0, len(HISTORY)), max_size=6),
)
@example(order=IN_ORDER[::-1], again=[], cuts=frozenset())
@example(order=IN_ORDER[::-1], again=IN_ORDER, cuts=frozenset(IN_ORDER))
@settings(
    max_examples=10,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_order_of_arrival_ends_in_the_same_state(
    world: World, order: list[int], again: list[int], cuts: frozenset[int]
) -> None:
    if id(world) not in _expected:
        _expected[id(world)] = told(world, IN_ORDER, frozenset())
    assert differences(_expected[id(world)], told(world, [*order, *again], cuts)) == []


def test_a_check_that_comes_before_its_pull_request_is_not_lost(world: World) -> None:
    check = next(n for n, hook in enumerate(HISTORY) if hook.event == "check_run")
    head = HISTORY[check].payload["check_run"]["head_sha"]
    pull = next(
        n for n, hook in enumerate(HISTORY) if hook.payload.get("pull_request", {}).get("head", {}).get("sha") == head
    )
    early = told(world, [check, pull], frozenset())
    apart = told(world, [check, pull], frozenset({1}))
    late = told(world, [pull, check], frozenset())
    assert any(item["checks"] for item in late["items"].values())  # type: ignore[attr-defined]
    assert differences(early, late) == differences(apart, late) == []


def test_the_history_holds_what_it_is_meant_to(world: World) -> None:
    shown = told(world, IN_ORDER, frozenset())
    assert len(shown["items"]) == 5  # type: ignore[arg-type]
    assert {key[0] for key in shown["standings"]} >= {"late", "reviews"}  # type: ignore[attr-defined]
    assert any(labels for labels, _, _ in shown["publications"].values())  # type: ignore[attr-defined]
