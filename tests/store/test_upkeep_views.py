"""What pages of upkeep ask, on both databases: found by an index, page by page, each entry once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.store import chores, control, publications, standings
from app.store import models as m
from app.store.database import Database, Tx
from app.store.views import audit, deliveries, project_settings, shell, writes
from app.store.views import publications as going_out
from app.store.views.deliveries import DeliveryFilter
from app.store.views.scope import Visible
from app.store.views.writes import WriteFilter

ALL = Visible(secured=True)
AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
COUNT = 2_000


@pytest.fixture
def filled(seeded_database: tuple[str, dict[str, int]]) -> Iterator[tuple[Database, dict[str, int]]]:
    """The seeded world with some thousand deliveries, writes and entries of the log more."""
    url, ids = seeded_database
    db = Database(url)
    with db.write() as tx:
        tx.execute(
            sa.insert(m.delivery),
            [
                {
                    "tracker_id": ids["tracker"], "lane_id": ids["lane"], "project_id": ids["project"],
                    "guid": f"{n:08x}-aaaa", "event": "issues" if n % 2 else "push", "action": "edited",
                    "about": f"#{n}", "received_at": AT + timedelta(minutes=n), "world_at": AT, "size": 1,
                    "body": b"", "status": "aside" if n % 500 == 0 else "ignored" if n % 3 else "done",
                    "reason": f"reason {n % 4}",
                }
                for n in range(COUNT)
            ],
        )  # fmt: skip
        tx.execute(
            sa.insert(m.written),
            [
                {
                    "connection_id": ids["connection"], "project_id": ids["project"], "item_id": ids["item"],
                    "at": AT + timedelta(minutes=n), "world_at": AT, "kind": "label_added", "detail": "plumb:stalled",
                }
                for n in range(COUNT)
            ],
        )  # fmt: skip
        for n in range(COUNT // 10):
            control.audit(tx, who=f"dev-{n % 3}", what=f"thing {n % 5}", subject=f"acme/{n}", at=AT)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    yield db, ids
    db.dispose()


def plans(db: Database, ask: Callable[[Tx], object]) -> list[str]:
    """How the database answers each query that a view asks, as text."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, values))

    found = []
    with db.read() as tx:
        sa.event.listen(db.engine, "before_cursor_execute", note)
        ask(tx)
        sa.event.remove(db.engine, "before_cursor_execute", note)
        word = "EXPLAIN QUERY PLAN" if db.is_sqlite else "EXPLAIN"
        for statement, values in asked:
            rows = tx.exec_driver_sql(f"{word} {statement}", values).all()
            found.append("\n".join(str(row[-1] if db.is_sqlite else row[0]) for row in rows))
    return found


def walks(plan: str, table: str, *, sqlite: bool) -> bool:
    """Whether a plan goes over every row of a table."""
    lines = [line.strip() for line in plan.splitlines()]
    return any(line == f"SCAN {table}" if sqlite else f"Seq Scan on {table}" in line for line in lines)


def asks(ids: dict[str, int]) -> dict[str, tuple[str, Callable[[Tx], object]]]:
    """Searches that must not walk over a table: (table, query)."""

    def find(**where: Any) -> Callable[[Tx], object]:
        return lambda tx: deliveries.deliveries(tx, visible=ALL, where=DeliveryFilter(**where), limit=20)

    since, until = AT + timedelta(minutes=100), AT + timedelta(minutes=130)
    chosen = Visible(secured=True, chosen=ids["project"])
    return {
        "an id": ("delivery", find(text="0000012c-aaaa")),
        "how an id begins": ("delivery", find(text="0000012")),
        "an item": ("delivery", find(text="#300")),
        "a number": ("delivery", find(text="300")),
        "what was set aside": ("delivery", find(status="aside")),
        "a span of time": ("delivery", find(since=since, until=until)),
        "one delivery": ("delivery", lambda tx: deliveries.delivery_page(tx, ids["aside"], visible=ALL)),
        "the item of a delivery": ("item", lambda tx: deliveries.delivery_page(tx, ids["aside"], visible=ALL)),
        "writes of a project": (
            "written",
            lambda tx: writes.writes(tx, visible=chosen, where=WriteFilter(since=since, until=until), limit=20),
        ),
        "the latest writes": ("written", lambda tx: writes.writes(tx, visible=ALL, where=WriteFilter(), limit=20)),
        "writes in a span": (
            "written",
            lambda tx: writes.writes(tx, visible=ALL, where=WriteFilter(since=since, until=until), limit=20),
        ),
        "who did it": ("audit", lambda tx: audit.entries(tx, where=audit.AuditFilter(who="dev-1"), limit=20)),
        "about what": ("audit", lambda tx: audit.entries(tx, where=audit.AuditFilter(subject="acme/7"), limit=20)),
    }


def test_no_search_walks_over_a_table(filled: tuple[Database, dict[str, int]]) -> None:
    db, ids = filled
    for name, (table, ask) in asks(ids).items():
        for plan in plans(db, ask):
            if db.is_sqlite or table in ("delivery", "written"):  # PostgreSQL walks over a table of a page or two
                assert not walks(plan, table, sqlite=db.is_sqlite), f"{name}:\n{plan}"


def test_a_delivery_is_found_by_whatever_is_known_of_it(filled: tuple[Database, dict[str, int]]) -> None:
    db, ids = filled

    def find(limit: int = 100, **where: Any) -> list[str]:
        with db.read() as tx:
            page = deliveries.deliveries(tx, visible=ALL, where=DeliveryFilter(**where), limit=limit)
        return [row.guid for row in page.rows]

    assert find(text="0000012c-aaaa") == ["0000012c-aaaa"]
    assert find(text="0000012") == [f"{n:08x}-aaaa" for n in reversed(range(0x120, 0x130))]
    assert find(text="0000012c-") == ["0000012c-aaaa"]
    assert find(text="#300") == find(text="300") == ["0000012c-aaaa"]
    assert find(text="%") == []
    assert find(text="push.edited", limit=3) == ["000007ce-aaaa", "000007cc-aaaa", "000007ca-aaaa"]
    until = AT + timedelta(minutes=3)
    assert find(since=AT + timedelta(minutes=1), until=until) == ["00000002-aaaa", "00000001-aaaa"]
    with db.read() as tx:
        assert dict(deliveries.why_ignored(tx, visible=ALL))["reason 1"] > 300
        assert deliveries.count_matching(tx, visible=ALL, where=DeliveryFilter(status="aside")) == 5
        newest = deliveries.newest_id(tx)
        first = deliveries.matching(
            tx, visible=ALL, where=DeliveryFilter(status="aside"), after=0, upto=newest, limit=2
        )
        rest = deliveries.matching(
            tx, visible=ALL, where=DeliveryFilter(status="aside"), after=first[-1], upto=newest, limit=9
        )
        assert len({*first, *rest}) == 5
        stranger = Visible(projects=frozenset({ids["field"]}))
        assert deliveries.seen_ids(tx, [ids["aside"]], visible=stranger) == set()
        assert deliveries.seen_ids(tx, [ids["aside"], 10**9], visible=ALL) == {ids["aside"]}


def test_pages_of_writes_and_of_the_log_hold_each_entry_once(filled: tuple[Database, dict[str, int]]) -> None:
    db, ids = filled
    seen: list[int] = []
    after = None
    with db.read() as tx:
        while True:
            page = writes.writes(tx, visible=ALL, where=WriteFilter(), after=after, limit=300)
            seen += [row.id for row in page.rows]
            after = page.next
            if after is None:
                break
        assert len(seen) == len(set(seen)) == COUNT + 3
        assert writes.count_writes(tx, visible=ALL, where=WriteFilter(kinds=("comment_created",))) == 1
        told = WriteFilter(rule="stalled-review", label="stalled")
        tx.execute(sa.update(m.standing).values(shown_on=None))
        assert writes.count_writes(tx, visible=ALL, where=told) == 0, "no flag is told on an item"
        tx.execute(sa.update(m.standing).where(m.standing.c.subject_kind == "item").values(shown_on=ids["item"]))
        assert writes.count_writes(tx, visible=ALL, where=told) == COUNT + 2
        other = WriteFilter(rule="stalled-review", label="late")
        assert writes.count_writes(tx, visible=ALL, where=other) == 1, "its comment, and no label of another rule"
        stranger = Visible(projects=frozenset({ids["field"]}))
        assert writes.writes(tx, visible=stranger, where=WriteFilter()).rows == ()
        entries: list[int] = []
        after = None
        while True:
            found = audit.entries(tx, where=audit.AuditFilter(who="dev-1"), after=after, limit=7)
            entries += [row.id for row in found.rows]
            after = found.next
            if after is None:
                break
        assert len(entries) == len(set(entries)) == 67
        who, what = audit.names(tx)
        assert {"dev-0", "owner"} <= set(who)
        assert "settings changed" in what


def test_what_goes_out_is_counted_and_asked_for_in_few_queries(filled: tuple[Database, dict[str, int]]) -> None:
    db, ids = filled
    with db.read() as tx:
        counts = going_out.counts(tx, visible=ALL)
        assert (counts.waiting, counts.later, counts.held, counts.refused) == (2, 1, 1, 1)
        rows = going_out.publications(tx, visible=ALL, status=going_out.WAITING).rows
        assert {row.id for row in rows} == {ids["out"], ids["tried"]}
        stranger = Visible(projects=frozenset({ids["field"]}))
        assert going_out.publication(tx, ids["out"], visible=stranger) is None
        assert shell.paused(tx, visible=ALL) == {}
        assert publications.targets_of(tx, [ids["item"]])[ids["item"]][0] == "#1874"
    assert len(plans(db, lambda tx: going_out.publications(tx, visible=ALL, limit=2))) == 1
    assert len(plans(db, lambda tx: writes.writes(tx, visible=ALL, where=WriteFilter(), limit=200))) == 1


def test_a_rule_that_asks_first_is_named_with_its_items_until_somebody_lets_it_write(
    filled: tuple[Database, dict[str, int]],
) -> None:
    db, ids = filled
    with db.write() as tx:
        rule_id = tx.scalar(sa.select(m.rule.c.id).where(m.rule.c.name == "stalled-review"))
        mine = m.standing.c.rule_id == rule_id
        tx.execute(
            sa.update(m.standing).where(mine).values(shown_on=m.standing.c.subject_id, opened_at=AT.replace(year=2027))
        )
        expected = standings.unwritten(tx, rule_id or 0, project_id=ids["project"], since=AT)
        assert expected > 1
        assert standings.floods(tx, visible=ALL, above=1)[0][0::3] == ("stalled-review", expected)
        assert standings.floods(tx, visible=ALL, above=expected) == []
        tx.execute(sa.update(m.rule).where(m.rule.c.id == rule_id).values(approved_at=AT.replace(year=2027)))
        assert standings.floods(tx, visible=ALL, above=1) == []


def test_versions_of_settings_and_what_they_are_about(filled: tuple[Database, dict[str, int]]) -> None:
    db, ids = filled
    with db.read() as tx:
        newest, first = project_settings.versions(tx, ids["field"]).rows
        assert (newest.author, first.author) == ("dev-02", "command line")
        assert project_settings.before(tx, ids["field"], newest.id) == first
        assert project_settings.before(tx, ids["field"], first.id) is None
        seen = {one.name: one for one in project_settings.statuses(tx, ids["project"])}
        assert seen["merged"].open == 0 < seen["merged"].items
        assert frozenset({"assurance", "development"}) in project_settings.open_labels(tx, ids["project"])
        dues = [title for title, _ in project_settings.open_dues(tx, ids["project"])]
        assert dues[:2] == ["0.7.3", "0.8.0"], "the earliest first"
        assert "Next breaking release" not in dues, "it has none"
        assert project_settings.bots(tx, ids["project"]) == ()


def test_a_chore_is_due_until_it_is_stopped(filled: tuple[Database, dict[str, int]]) -> None:
    db, _ = filled
    with db.write() as tx:
        one = chores.add(tx, kind="replay", who="dev-02", asked={}, total=3, now=AT)
        assert chores.due(tx, now=AT) == [one]
        assert chores.due(tx, now=AT - timedelta(seconds=1)) == []
        assert chores.stop(tx, one, now=AT)
        assert not chores.stop(tx, one, now=AT)
        assert chores.due(tx, now=AT) == []
        assert chores.latest(tx, "replay")[0].status == "stopped"
