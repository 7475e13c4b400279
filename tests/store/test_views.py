"""Read models on both databases: they run, agree with the seeded world, and keep to what a reader may see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.store import models
from app.store.database import Database
from app.store.views import deliveries, flags, health, items, milestones, overview, projects, publications, rules, shell
from app.store.views.scope import BadCursorError, Visible, decode_cursor, encode_cursor, like
from tests.web.seed_rows import NOW

ALL = Visible(secured=True)
NOBODY = Visible(projects=frozenset())


@pytest.fixture
def world(seeded_database: tuple[str, dict[str, int]]) -> Iterator[tuple[Database, dict[str, int]]]:
    url, ids = seeded_database
    db = Database(url)
    yield db, ids
    db.dispose()


def test_every_view_runs_and_finds_the_seeded_world(world: tuple[Database, dict[str, int]]) -> None:
    db, ids = world
    with db.read() as tx:
        for sort in flags.SORTS:
            first = flags.flags(tx, visible=ALL, where=flags.FlagFilter(sort=sort), limit=3)
            second = flags.flags(tx, visible=ALL, where=flags.FlagFilter(sort=sort), limit=200, after=first.next)
            assert len({row.id for row in (*first.rows, *second.rows)}) == ids["flags"]
        assert flags.count_flags(tx, visible=ALL, where=flags.FlagFilter(text="#1874", types=("stalled-review",))) == 1
        assert flags.flag_groups(tx, visible=ALL, limit=5, now=NOW)[0].first.subject_kind == "milestone"
        assert sum(flags.flag_changes(tx, visible=ALL, since=NOW - timedelta(days=400))) == ids["flags"]
        for state in ("open", "closed", "all"):
            page = milestones.milestones(tx, visible=ALL, state=state, limit=1)
            while page.next:
                page = milestones.milestones(tx, visible=ALL, state=state, limit=1, after=page.next)
            assert page.rows
        assert [
            row.title
            for row in milestones.due_between(tx, visible=ALL, first=date(2026, 7, 31), last=date(2026, 8, 14))
        ] == ["0.8.0"]
        assert items.find_numbers(tx, visible=ALL, number=1874)[0].id == ids["item"]
        first, total = items.changes(tx, ids["item"], visible=ALL, limit=3)
        rest, _ = items.changes(tx, ids["item"], visible=ALL, limit=50, after=first.next)
        assert (len(first.rows), total, rest.next) == (3, 8, None)
        assert len({row.id for row in (*first.rows, *rest.rows)}) == 8
        assert "#1874" in {row.item_key for row in publications.publications(tx, visible=ALL).rows}
        assert {row.name for row in rules.rules(tx, visible=ALL, now=NOW)} >= {"scope-creep", "broken-rule"}
        assert [row.items_open for row in projects.projects(tx, visible=ALL)][1] == 0
        counts = deliveries.delivery_counts(tx, visible=ALL, day_start=datetime(2020, 1, 1, tzinfo=UTC))
        assert (counts.today, counts.aside, counts.pending) == (7, 1, 1)
        found = deliveries.delivery_page(tx, ids["aside"], visible=ALL)
        assert found is not None
        assert b"tidy-tests" in found.body
        assert health.measures(tx).deliveries["aside"] == 1
        figures = overview.figures(
            tx, visible=ALL, dormant_before=NOW - timedelta(days=90), day_start=NOW - timedelta(days=6)
        )
        assert figures.reviews > figures.dormant > 0
        assert figures.comments_today == 1
        pulls, total = overview.open_pulls(tx, visible=ALL, limit=10)
        assert len(pulls) == 10 < total
        assert len(overview.merge_ages(tx, visible=ALL, since=NOW - timedelta(days=365))) >= 40


def test_the_flow_agrees_with_counting_by_hand(world: tuple[Database, dict[str, int]]) -> None:
    db, _ = world
    days = [NOW - timedelta(weeks=back) for back in (8, 4, 0)]
    with db.read() as tx:
        points = overview.flow(tx, visible=ALL, days=days)
        rows = []
        after = None
        while True:
            page = items.items(tx, visible=ALL, after=after, limit=200)
            rows += page.rows
            after = page.next
            if after is None:
                break
    for point, at in zip(points, days, strict=True):
        born = [row for row in rows if row.created_at is not None and row.created_at <= at]
        assert point.done == sum(row.closed_at is not None and days[0] < row.closed_at <= at for row in born)
        there = [row for row in born if row.closed_at is None or row.closed_at > at]
        assert point.in_review + point.draft + point.not_started == len(there)


def test_who_may_see_nothing_finds_nothing(world: tuple[Database, dict[str, int]]) -> None:
    db, ids = world
    with db.read() as tx:
        assert flags.flags(tx, visible=NOBODY, where=flags.FlagFilter(state="all")).rows == ()
        assert flags.flag_groups(tx, visible=NOBODY, limit=5, now=NOW) == ()
        assert milestones.milestones(tx, visible=NOBODY, state="all").rows == ()
        assert milestones.milestone_row(tx, ids["milestone"], visible=NOBODY) is None
        assert items.items(tx, visible=NOBODY).rows == ()
        assert items.item_row(tx, ids["item"], visible=NOBODY) is None
        assert items.find_numbers(tx, visible=NOBODY, number=1874) == ()
        assert items.find_titles(tx, visible=NOBODY, text="toolchain") == ()
        assert publications.publications(tx, visible=NOBODY).rows == ()
        assert projects.projects(tx, visible=NOBODY) == ()
        assert shell.projects(tx, visible=NOBODY) == ()
        assert deliveries.deliveries(tx, visible=NOBODY, where=deliveries.DeliveryFilter()).rows == ()
        assert deliveries.delivery_page(tx, ids["aside"], visible=NOBODY) is None
        assert overview.open_pulls(tx, visible=NOBODY, limit=5) == ((), 0)
        assert all(row.flags_open == 0 for row in rules.rules(tx, visible=NOBODY, now=NOW))
        other = Visible(chosen=ids["field"])
        assert flags.flags(tx, visible=other, where=flags.FlagFilter(state="all")).rows == ()


def test_without_secured_items_every_view_shows_the_rest(world: tuple[Database, dict[str, int]]) -> None:
    db, ids = world
    some = Visible()

    def seen(visible: Visible) -> list[int]:
        with db.read() as tx:
            lists = (
                items.items(tx, visible=visible, limit=500).rows,
                items.find_numbers(tx, visible=visible, number=1874),
                flags.flags(tx, visible=visible, where=flags.FlagFilter(state="all"), limit=500).rows,
                publications.publications(tx, visible=visible, limit=500).rows,
                milestones.milestones(tx, visible=visible, state="all").rows,
                items.changes(tx, ids["item"], visible=visible, limit=50)[0].rows,
                items.written(tx, ids["item"], visible=visible),
                [row for row in [publications.publication_of(tx, ids["item"], visible=visible)] if row],
            )
            shown = shell.shell(tx, visible=visible, projects=(), day_start=NOW, now=NOW)
            sums = (
                flags.count_flags(tx, visible=visible, where=flags.FlagFilter()),
                sum(row.flags_open for row in rules.rules(tx, visible=visible, now=NOW)),
                sum(row.items_open for row in projects.projects(tx, visible=visible)),
                sum(row.members_total for row in milestones.milestones(tx, visible=visible, state="all").rows),
                shown.flags_open,
            )
        return [*map(len, lists), *sums]

    before = seen(ALL)
    assert seen(some) == before, "nothing is secured yet"
    assert all(before[:5])
    with db.write() as tx:
        tx.execute(sa.update(models.item).where(models.item.c.id == ids["item"]).values(secured=True))
    assert seen(ALL) == before
    after = seen(some)
    assert (after[0], after[1]) == (before[0] - 1, 0)
    assert after[5:8] == [0, 0, 0]
    assert after[2] < before[2]
    assert after[3] == before[3] - 1
    assert all(now < then for now, then in zip(after[8:11], before[8:11], strict=True))


def test_an_epic_is_seen_where_its_own_item_is(world: tuple[Database, dict[str, int]]) -> None:
    db, ids = world
    with db.write() as tx:
        known = tx.execute(sa.select(models.item).where(models.item.c.id == ids["item"])).one()
        tx.execute(
            sa.insert(models.milestone).values(
                tracker_id=ids["tracker"], project_id=known.project_id, native_id=f"epic/{known.native_id}", kind="epic",
                title="An epic", due=date(2026, 8, 1),
            )
        )  # fmt: skip

    def titles(visible: Visible) -> list[str]:
        with db.read() as tx:
            return [row.title for row in milestones.find_milestones(tx, visible=visible, title="An epic")]

    assert titles(Visible()) == ["An epic"]
    with db.write() as tx:
        tx.execute(sa.update(models.item).where(models.item.c.id == ids["item"]).values(secured=True))
    assert (titles(Visible()), titles(ALL)) == ([], ["An epic"])
    with db.write() as tx:
        tx.execute(sa.update(models.milestone).where(models.milestone.c.kind == "epic").values(native_id="epic/none"))
    assert titles(Visible()) == [], "nobody can tell who may see it"


@pytest.mark.parametrize(
    "text", ["", "x", "W10", encode_cursor("a"), encode_cursor(1, 2), encode_cursor("2026-07-31T00:00:00", 1)]
)
def test_a_cursor_of_another_list_is_refused(text: str) -> None:
    with pytest.raises(BadCursorError):
        decode_cursor(text, like=(datetime, int))


def test_wildcards_in_a_search_are_text() -> None:
    assert like("50%_\\") == "%50\\%\\_\\\\%"
