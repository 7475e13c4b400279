"""How right a rule has been: what counts as right, as needless, and on both databases the rows it is counted from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app.services.scores import is_needless, is_right, scores
from app.store import models as m
from app.store.database import Database
from app.store.views.rule_ends import ClosedFlag, closed_flags
from app.store.views.scope import Visible
from rules.calendar import Calendar
from tests.web.seed import seed
from tests.web.seed_rows import NOW

MONDAY = datetime(2026, 7, 6, 9, tzinfo=UTC)
FLAG = ClosedFlag(
    rule_id=1, project_id=1, opened_at=MONDAY, closed_at=MONDAY + timedelta(days=10), due=None, ended_at=None,
    unmerged=False, left_behind=False, told=False, wrong=False,
)  # fmt: skip
CALENDAR = Calendar(weekdays=frozenset(range(5)))


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A migrated database of either kind."""
    made = Database(database_url)
    yield made
    made.dispose()


def right(**changes: object) -> bool:
    return is_right(replace(FLAG, **changes), CALENDAR, NOW)  # type: ignore[arg-type]


def test_a_flag_whose_item_ended_after_its_date_was_right():
    assert right(due=date(2026, 7, 10), ended_at=datetime(2026, 7, 11, tzinfo=UTC))
    assert not right(due=date(2026, 7, 10), ended_at=datetime(2026, 7, 10, 23, tzinfo=UTC))
    assert right(due=date(2026, 7, 10))
    assert not right(due=date(2026, 8, 10))
    assert not right()


def test_a_flag_whose_item_was_left_behind_or_closed_unmerged_was_right():
    assert right(left_behind=True)
    assert right(unmerged=True)


def test_a_flag_that_was_told_and_acted_on_within_three_working_days_was_right():
    assert right(told=True, closed_at=MONDAY + timedelta(days=3))
    assert not right(told=True, closed_at=MONDAY + timedelta(days=3, seconds=1))
    assert not right(told=False, closed_at=MONDAY + timedelta(days=1))
    friday = MONDAY + timedelta(days=4)
    assert right(told=True, opened_at=friday, closed_at=friday + timedelta(days=5))


def test_a_flag_that_people_called_wrong_was_not_right():
    assert not right(unmerged=True, wrong=True)


def test_what_cleared_by_itself_within_three_days_was_needless():
    assert is_needless(replace(FLAG, closed_at=MONDAY + timedelta(days=3)))
    assert not is_needless(replace(FLAG, closed_at=MONDAY + timedelta(days=4)))
    assert not is_needless(replace(FLAG, closed_at=MONDAY + timedelta(days=1), told=True))


@given(st.lists(st.tuples(st.integers(1, 3), st.booleans(), st.booleans(), st.integers(0, 9)), max_size=40))
def test_a_flag_is_never_both_and_shares_never_exceed_their_base(made):
    flags = [
        replace(FLAG, rule_id=rule, unmerged=unmerged, told=told, closed_at=MONDAY + timedelta(days=days))
        for rule, unmerged, told, days in made
    ]
    found = scores(flags, calendar=lambda _: CALENDAR, now=NOW)
    assert sum(score.closed for score in found.values()) == len(flags)
    for score in found.values():
        assert score.right <= score.closed
        assert score.needless <= score.closed
        assert score.is_told == (score.closed >= 10)


def test_the_rows_say_what_became_of_each_item(db: Database):
    ids = seed(db)
    opened, closed = NOW - timedelta(days=20), NOW - timedelta(days=10)
    with db.write() as tx:
        rule = tx.scalar(sa.select(m.rule.c.id).where(m.rule.c.name == "stalled-review"))
        tx.execute(sa.delete(m.standing))
        common = {
            "rule_id": rule, "rule_version": 1, "project_id": ids["project"], "severity": "warning", "reach": "comment",
            "code": "x", "opened_at": opened, "closed_at": closed, "verdict": {},
        }  # fmt: skip
        rows = (
            ("item", ids["item"], "clear", {"dismissed_at": "2026-07-20T00:00:00Z"}),
            ("item", ids["1851"], "clear", {}),
            ("milestone", ids["milestone"], "clear", {}),
            ("item", ids["1850"], "skipped", {"withdrawn": True}),
        )
        for kind, id_, outcome, memory in rows:
            tx.execute(
                sa.insert(m.standing).values(
                    subject_kind=kind, subject_id=id_, shown_on=id_ if kind == "item" else None, outcome=outcome,
                    memory=memory, **common,
                )
            )  # fmt: skip
        tx.execute(
            sa.update(m.item)
            .where(m.item.c.id == ids["1851"])
            .values(kind="pull_request", state="dropped", closed_at=NOW, due=date(2026, 7, 30))
        )
        tx.execute(
            sa.insert(m.written).values(
                connection_id=1,
                project_id=ids["project"],
                item_id=ids["1851"],
                at=NOW,
                world_at=opened,
                kind="label_added",
            )
        )
    with db.read() as tx:
        found = {flag.due: flag for flag in closed_flags(tx, visible=Visible(secured=True), rule_id=rule)}
        milestone = tx.execute(sa.select(m.milestone).where(m.milestone.c.id == ids["milestone"])).one()
        assert closed_flags(tx, visible=Visible(projects=frozenset())) == []
    assert len(found) == 3
    assert found[None].wrong
    assert not found[None].told
    dropped = found[date(2026, 7, 30)]
    assert (dropped.unmerged, dropped.told, dropped.wrong, dropped.ended_at) == (True, True, False, NOW)
    assert found[milestone.due].ended_at == milestone.closed_at


def test_an_item_that_its_milestone_ended_without_was_left_behind(db: Database):
    ids = seed(db)
    with db.write() as tx:
        rule = tx.scalar(sa.select(m.rule.c.id).where(m.rule.c.name == "stalled-work"))
        tx.execute(
            sa.insert(m.standing).values(
                rule_id=rule, rule_version=1, project_id=ids["project"], severity="warning", reach="comment", code="x",
                opened_at=NOW - timedelta(days=9), closed_at=NOW - timedelta(days=1), verdict={}, subject_kind="item",
                subject_id=ids["1111"], outcome="clear", memory={},
            )
        )  # fmt: skip
        tx.execute(
            sa.update(m.milestone).where(m.milestone.c.id == ids["bucket"]).values(closed_at=NOW - timedelta(days=3))
        )
    with db.read() as tx:
        (flag,) = closed_flags(tx, visible=Visible(secured=True), rule_id=rule)
    assert flag.left_behind
