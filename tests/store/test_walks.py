"""Walks that are kept are those that reading everything anew would give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from app.store import models as m
from app.store.database import Tx
from app.store.scratch import scratch
from app.store.walks import Walks
from rules.facts import Project
from rules.settings import Settings
from tests.rules.build import project

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
ITEMS = tuple(range(1, 7))
HERE, ELSEWHERE = 1, 2
ELSE = 5
"""The item that is in the other project, a pull request."""
KINDS = ("issue", "pull_request", "subtask", "epic")
Happening = Callable[[Tx, datetime], set[int]]
"""Something that happens to rows; gives the items that it concerns."""


def stock(tx: Tx) -> None:
    """Two projects with a person, a bot, and a few items each."""
    for number in (HERE, ELSEWHERE):
        place = {"tracker_id": 1, "lane_id": 1, "native_id": str(number), "url": "", "created_at": MONDAY}
        tx.execute(sa.insert(m.project).values(id=number, key=f"acme/{number}", **place))
    tx.execute(sa.insert(m.person).values(id=1, tracker_id=1, native_id="1", login="ann"))
    tx.execute(sa.insert(m.person).values(id=2, tracker_id=1, native_id="2", login="ci", bot=True))
    for number in ITEMS:
        row = {"id": number, "native_id": str(number), "number": number, "key": f"#{number}"}
        made = {"kind": KINDS[number % 2], "author_id": 1, "created_at": MONDAY - timedelta(days=number)}
        row |= made | {"project_id": ELSEWHERE if number == ELSE else HERE, "state": "in_progress"}
        tx.execute(sa.insert(m.item).values(**row))
    for source, target, kind in ((1, 2, "closes"), (ELSE, 4, "implements"), (6, 4, "parent")):
        draw(source, target, kind)(tx, MONDAY)


def put(item: int, **values: Any) -> Happening:
    def happen(tx: Tx, _now: datetime) -> set[int]:
        tx.execute(sa.update(m.item).where(m.item.c.id == item).values(**values))
        return {item}

    return happen


def close(item: int, done: bool) -> Happening:
    return lambda tx, now: put(item, is_open=False, closed_at=now, state="done" if done else "dropped")(tx, now)


def delete(item: int) -> Happening:
    return lambda tx, now: put(item, deleted_at=now)(tx, now)


def start(item: int) -> Happening:
    return lambda tx, now: put(item, derived={"started_at": now.isoformat()}, state="in_progress")(tx, now)


def turn(item: int, field: str, after: str, ahead: int) -> Happening:
    def happen(tx: Tx, now: datetime) -> set[int]:
        known = tx.scalar(sa.select(sa.func.count()).select_from(m.change))
        row = {"project_id": HERE, "natural_key": str(known), "item_id": item, "field": field, "after": after}
        tx.execute(sa.insert(m.change).values(**row, at=now + timedelta(days=ahead)))
        return {item}

    return happen


def draw(source: int, target: int, kind: str) -> Happening:
    def happen(tx: Tx, _now: datetime) -> set[int]:
        ends = {"source_item_id": source, "target_item_id": target, "target": str(target)}
        tx.execute(
            sa.insert(m.link).prefix_with("OR IGNORE").values(project_id=HERE, kind=kind, origin="event", **ends)
        )
        return {source, target}

    return happen


def cut(source: int, target: int) -> Happening:
    def happen(tx: Tx, _now: datetime) -> set[int]:
        tx.execute(sa.delete(m.link).where(m.link.c.source_item_id == source, m.link.c.target_item_id == target))
        return {source, target}

    return happen


NEVER: dict[str, Any] = {"closed_at": None}
items = st.sampled_from(ITEMS)
happenings = st.one_of(
    st.builds(close, items, st.booleans()),
    st.builds(delete, items),
    st.builds(start, items),
    st.builds(turn, items, st.just("state"), st.sampled_from(["open", "closed"]), st.sampled_from([-1, 0, 3])),
    st.builds(turn, items, st.just("draft"), st.sampled_from(["draft", "ready"]), st.sampled_from([-1, 0, 3])),
    st.builds(draw, items, items, st.sampled_from(["closes", "implements", "parent", "blocks"])),
    st.builds(cut, items, items),
    st.builds(lambda item, last: put(item, is_open=True, state="todo", **last), items, st.sampled_from([{}, NEVER])),
    st.builds(lambda item, kind: put(item, kind=kind), items, st.sampled_from(KINDS)),
    st.builds(lambda item, word: put(item, labels=[word]), items, st.sampled_from(["On Hold", "epic", "bug"])),
    st.builds(lambda item, who: put(item, author_id=who), items, st.sampled_from([1, 2, None])),
)
looks = st.tuples(st.sampled_from([0.0, 0.5, 4.0]), st.sampled_from([2, 5, 30]), st.booleans())
"""Days that pass, how many days back it looks, and whether the project has another list of automation."""


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.lists(happenings, max_size=4), looks), min_size=1, max_size=6))
def test_what_is_kept_equals_what_is_read_anew(history: list[tuple[list[Happening], tuple[float, int, bool]]]) -> None:
    known: Project = project(id=HERE)
    ours = replace(known, settings=Settings(automation=frozenset({"ann"})))
    now = MONDAY
    with scratch() as tx:
        stock(tx)
        kept = Walks(tx)
        for what, (passed, back, listed) in history:
            for happen in what:
                kept.forget(happen(tx, now))
            now += timedelta(days=passed)
            look = {"since": now - timedelta(days=back), "now": now}
            asked = ours if listed else known
            assert kept.of(asked, **look) == Walks(tx).of(asked, **look)


def test_what_nobody_said_was_otherwise_is_not_read_again() -> None:
    look = {"since": MONDAY - timedelta(days=30), "now": MONDAY}
    told: list[str] = []
    with scratch() as tx:
        stock(tx)
        kept = Walks(tx)
        before = kept.of(project(id=HERE), **look)
        sa.event.listen(tx, "before_cursor_execute", lambda _c, _cur, statement, *_: told.append(statement))
        assert kept.of(project(id=HERE), **look) == before != []
    assert told == []
