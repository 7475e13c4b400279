"""What the pages of milestones, workflow and load ask, on both databases: the same answers, and from indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.store import models as m
from app.store.database import Database, Tx
from app.store.views import load, milestone_past, workflow
from app.store.views.scope import Visible
from tests.store.test_upkeep_views import plans, walks
from tests.web.seed_rows import NOW, days_ago, item_row

ALL = Visible(secured=True)
READER = Visible()
COUNT = 4_000
ENDS = [NOW - timedelta(weeks=back) for back in range(25, -1, -1)]


@pytest.fixture
def filled(seeded_database: tuple[str, dict[str, int]]) -> Iterator[tuple[Database, dict[str, int]]]:
    """The seeded world, and some thousand items more, most of them done long ago."""
    url, ids = seeded_database
    db = Database(url)
    with db.write() as tx:
        rows = [
            item_row(ids["project"], 50_000 + n, f"Bulk {n}", author=1 + n % 5, quiet=n % 300, age=200 + n % 900,
                  pull=n % 2 == 0, closed=None if n % 40 == 0 else float(n % 200))
            for n in range(COUNT)
        ]  # fmt: skip
        tx.execute(sa.insert(m.item), [{**row, "body": "x" * 500} for row in rows])
        past = {"project_id": ids["project"], "item_id": ids["item"], "field": "label", "at": days_ago(50)}
        tx.execute(sa.insert(m.change), [{**past, "natural_key": f"bulk{n}"} for n in range(COUNT)])
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE" if not db.is_sqlite else "ANALYZE"))
    yield db, ids
    db.dispose()


def _flow(ids: dict[str, int], visible: Visible = ALL) -> Callable[[Tx], Any]:
    before = ENDS[0] - timedelta(weeks=1)
    return lambda tx: workflow.flow_weeks(tx, project_id=ids["project"], visible=visible, ends=ENDS, before=before)


def test_the_flow_is_counted_from_an_index_alone(filled: tuple[Database, dict[str, int]]) -> None:
    db, ids = filled
    for visible in (ALL, READER):
        (plan,) = plans(db, _flow(ids, visible))
        assert ("USING COVERING INDEX ix_item_flow" if db.is_sqlite else "Index Only Scan using ix_item_flow") in plan


@pytest.mark.parametrize("name", ["counts", "under way", "queues", "ended", "additions"])
def test_no_question_walks_over_all_items_or_changes(filled: tuple[Database, dict[str, int]], name: str) -> None:
    db, ids = filled
    of = [ids["project"]]
    added = [ids["1885"], ids["1863"]]
    ask: Callable[[Tx], Any] = {
        "counts": lambda tx: workflow.counts_under_way(tx, project_ids=of, visible=READER),
        "under way": lambda tx: workflow.under_way(tx, project_ids=of, visible=READER),
        "queues": lambda tx: load.queues(tx, project_ids=of, visible=READER),
        "ended": lambda tx: milestone_past.ended(
            tx, project_id=of[0], kind="milestone", besides=ids["milestone"], visible=READER
        ),
        "additions": lambda tx: milestone_past.additions(tx, ids["milestone"], added, visible=READER),
    }[name]
    (plan,) = plans(db, ask)
    for table in ("item", "change"):
        assert not walks(plan, table, sqlite=db.is_sqlite), plan


def test_secured_items_are_in_no_count_of_those_who_may_not_see_them(
    filled: tuple[Database, dict[str, int]],
) -> None:
    db, ids = filled

    def seen(visible: Visible) -> tuple[int, ...]:
        with db.read() as tx:
            last = _flow(ids, visible)(tx)[-1]
            of = [ids["project"]]
            counts = workflow.counts_under_way(tx, project_ids=of, visible=visible)
            queue = load.queues(tx, project_ids=of, visible=visible)[ids["project"]]
            plan = next(one for one in load.plans(tx, project_ids=of, visible=visible) if one.id == ids["likely"])
            way = workflow.under_way(tx, project_ids=of, visible=visible, limit=10_000)
        return last.in_review, sum(counts.values()), queue.total, plan.items, len(way)

    before = seen(READER)
    with db.write() as tx:
        tx.execute(sa.update(m.item).where(m.item.c.key == "#1706").values(secured=True))
    assert seen(ALL) == before
    assert seen(READER) == tuple(count - 1 for count in before)


def test_what_only_holds_others_and_what_carries_an_issue_counts_once(
    filled: tuple[Database, dict[str, int]],
) -> None:
    db, ids = filled
    of = [ids["project"]]

    def count() -> int:
        with db.read() as tx:
            return sum(workflow.counts_under_way(tx, project_ids=of, visible=ALL).values())

    before = count()
    with db.write() as tx:
        item = m.item.c
        pull = tx.scalar(sa.select(item.id).where(item.key == "#1874"))
        issue = tx.scalar(sa.select(item.id).where(item.key == "#1707"))
        tx.execute(sa.update(m.item).where(item.id == issue).values(state="in_review", state_since=days_ago(2)))
        common = {"project_id": ids["project"], "origin": "event", "target": "x"}
        tx.execute(sa.insert(m.link).values(source_item_id=pull, kind="closes", target_item_id=issue, **common))
    assert count() == before
    with db.write() as tx:
        part = tx.scalar(sa.select(item.id).where(item.key == "#1708"))
        tx.execute(sa.insert(m.link).values(source_item_id=part, kind="parent", target_item_id=issue, **common))
    assert count() == before - 1


def test_who_put_what_in_is_told_by_the_latest_event(filled: tuple[Database, dict[str, int]]) -> None:
    db, ids = filled
    with db.read() as tx:
        item = tx.scalar(sa.select(m.item.c.id).where(m.item.c.key == "#1708"))
        found = milestone_past.additions(tx, ids["likely"], [item, ids["1885"]], visible=ALL)
    assert list(found) == [item]
    assert (found[item].login, found[item].url) == ("dev-04", "https://github.com/demo/curve/issues/1708#event-8")
