"""One repository known by its webhooks and known by its timelines: equal but for what the table in the docs says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import bootstrap
from app.store import models, sync
from integrations.readings import Field
from integrations.sandbox.demo import demo_recording
from integrations.sandbox.recording import Recording
from integrations.sandbox.replay import Webhook, replay
from tests.integrations.github.fake_history import FakeHistory, serving
from tests.services import past
from tests.services.past import PastWorld, shuffled
from tests.support import ROOT, shared
from tests.world import GROWN, LATE, STALLED
from tools.recordings import load, record

TABLE = (ROOT / "docs" / "two-ways.md").read_text("utf-8").partition("\n## Jira\n")[0]
REVIEW = "{name: review, type: stalled-review, mode: live, params: {}}"
WEEK = datetime(2026, 7, 20, tzinfo=UTC)


def told_alike() -> set[str]:
    text = TABLE.split("Told alike", 1)[1].split("Told by one way", 1)[0]
    return set(re.findall(r"`(\w+)`", text))


def one_way() -> dict[str, tuple[str, str]]:
    """Kinds of changes in the table: what webhooks tell, what an import tells."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|", TABLE, re.MULTILINE)
    return {name: (hooks.strip(), told.strip()) for name, hooks, told in rows}


def demo(numbers: set[int] | None = None) -> Recording:
    with demo_recording() as recording:
        return part(Recording(recording.header, list(recording.entries)), numbers)


def part(recording: Recording, numbers: set[int] | None) -> Recording:
    entries = [
        entry
        for entry in recording.entries
        if numbers is None or entry.kind.startswith("milestone_") or entry.number in numbers
    ]
    return Recording(recording.header, entries)


def small() -> Recording:
    """A slice of the shipped recording with every kind of entry that it has."""
    whole = demo()
    numbers: set[int] = set()
    for kind in sorted({entry.kind for entry in whole.entries if not entry.kind.startswith("milestone_")}):
        numbers |= {entry.number for entry in [one for one in whole.entries if one.kind == kind][-3:]}
    return part(whole, numbers)


def recorded() -> Recording:
    numbers = {*range(1, 60), *range(900, 960), *range(1690, 1740)}
    return record(load(shared("github")), until=past.END, numbers=numbers)


@pytest.fixture(scope="module", params=["shipped", "recorded"])
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[PastWorld, PastWorld]]:
    """The same repository twice: replayed as webhooks, and imported."""
    recording = small() if request.param == "shipped" else recorded()
    folder = tmp_path_factory.mktemp("two-ways")
    with serving(FakeHistory(recording)) as fake:
        hooked, asked = (new_world(folder / f"{name}.db", fake) for name in ("hooked", "asked"))
        hooked.deliver(replay(recording))
        hooked.drain()
        asked.begin()
        asked.sync()
        yield hooked, asked
        hooked.close()
        asked.close()


def new_world(file: Path, fake: FakeHistory, *, at: datetime | None = None) -> PastWorld:
    return world_at(f"sqlite:///{file}", fake, at=at)


def world_at(url: str, fake: FakeHistory, *, at: datetime | None = None) -> PastWorld:
    bootstrap.migrate_url(url)
    return PastWorld(url, fake, at=at)


def test_the_import_is_whole_and_known_from_the_oldest_item(both: tuple[PastWorld, PastWorld]) -> None:
    _, asked = both
    run = asked.run()
    assert (run.status, run.done, run.told) == ("done", run.total, run.total)
    assert asked.counts() == {"done": run.told + 1}
    assert asked.project.known_from == min(row["created_at"] for row in asked.fields().values())
    assert asked.row().catching_up_at is None
    assert run.calls <= 4 * run.told + 10


def test_current_fields_are_equal(both: tuple[PastWorld, PastWorld]) -> None:
    hooked, asked = both
    for world in both:
        assert not [row for row in world.fields().values() if row["gap"]]
    one, other = hooked.fields(), asked.fields()
    for row in (*one.values(), *other.values()):
        (row["pull"] or {}).pop("sizes", None)  # the table says so
    assert one == other
    assert hooked.milestones() == asked.milestones()
    assert hooked.links() == asked.links()


def test_changes_told_alike_are_equal_as_multisets(both: tuple[PastWorld, PastWorld]) -> None:
    hooked, asked = (world.changes() for world in both)
    titles = {row.title for row in both[0].rows(sa.select(models.milestone))}
    alike = told_alike() - {"milestone"}
    one, other = ({key: n for key, n in found.items() if key[0] in alike} for found in (hooked, asked))
    assert one == other
    assert {key[0] for key in one} >= {"state", "title", "label", "comment", "review", "review_comment", "draft"}
    one, other = ({key[1:4]: key[4:6] for key in found if key[0] == "milestone"} for found in (hooked, asked))
    assert one.keys() == other.keys()
    for key, ids in one.items():
        title = key[0].split(":", 2)[2][1:].rpartition(":20")[0]
        assert ids == other[key] or (title not in titles and title in other[key]), key


def test_what_one_way_cannot_know_is_what_the_table_says(both: tuple[PastWorld, PastWorld]) -> None:
    hooked, asked = ({key[0] for key in world.changes()} for world in both)
    table = one_way()
    assert told_alike() | table.keys() == {field.value for field in Field}
    assert not told_alike() & table.keys()
    for name, (by_hooks, by_import) in table.items():
        assert name not in hooked or by_hooks != "no"
        assert name not in asked or by_import != "no"
    assert hooked - asked <= table.keys()
    assert not asked - hooked


def test_in_order_webhooks_ask_for_hardly_any_read(tmp_path: Path) -> None:
    recording = small()
    fake = FakeHistory(recording)
    world = new_world(tmp_path / "reads.db", fake)
    with world.db.write() as tx:
        sync.ensure(tx, world.project_id, mode="webhooks", next_at=datetime(2100, 1, 1, tzinfo=UTC))
    hooks = list(replay(recording))
    world.deliver(hooks)
    world.drain()
    assert len(world.reads()) <= len(hooks) // 500 + 1
    world.close()


# --- any order ---


def week() -> tuple[Recording, list[Webhook]]:
    """The items that moved in one recorded week, and that week's webhooks."""
    whole = demo()
    inside = [entry for entry in whole.entries if WEEK <= entry.at < WEEK + timedelta(days=7)]
    recording = part(whole, {entry.number for entry in inside if not entry.kind.startswith("milestone_")})
    return recording, [hook for hook in replay(recording) if WEEK <= hook.at < WEEK + timedelta(days=7)]


def lived(url: str, recording: Recording, hooks: list[Webhook]) -> tuple[object, ...]:
    """What a week comes to when its webhooks arrive in this order: state, history, and what is to be shown."""
    before = FakeHistory(recording, until=WEEK - timedelta(seconds=1))
    after = FakeHistory(recording, until=WEEK + timedelta(days=7))
    with serving(before), serving(after):
        world = world_at(url, before, at=WEEK + timedelta(days=8))
        world.begin()
        world.sync()
        world.rules(STALLED, LATE, GROWN, REVIEW)
        world.fake = after
        for start in range(0, len(hooks), 7):
            world.deliver(hooks[start : start + 7])
            world.drain()
            if start % 21 == 0:
                read(world)
        read(world)
        world.at(world.now + timedelta(hours=2))
        world.drain()
        found = (
            world.fields(leave_out=frozenset({"guards"})),
            world.derived(),
            {key: n for key, n in world.changes().items() if key[0] != "push"},
            {key: n for key, n in world.changes().items() if key[0] == "push" and pushed(key[1], hooks)},
            world.milestones(),
            world.links(),
            world.wishes(),
        )
        assert world.counts().keys() == {"done"}
        world.close()
    return found


def pushed(key: str, hooks: list[Webhook]) -> bool:
    """Whether a webhook of the week is about that push; of commits pushed together reads alone tell one by one."""
    pulls = [hook.payload["pull_request"] for hook in hooks if "pull_request" in hook.payload]
    return any(pull["head"]["sha"] in key for pull in pulls)


def read(world: PastWorld) -> None:
    """The reads that are wanted, as soon as they may be."""
    for _ in range(5):
        if not world.reads():
            return
        with world.db.write() as tx:
            tx.execute(sa.update(models.sync).values(next_at=datetime(2100, 1, 1, tzinfo=UTC)))
            tx.execute(
                sa.update(models.wanted_read).values(
                    not_before=world.row().lost_checked_at or datetime(2020, 1, 1, tzinfo=UTC)
                )
            )
        world.slice()
        world.drain()
    assert not world.reads()


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    recording, hooks = week()
    assert len(hooks) > 40
    return lived(f"sqlite:///{tmp_path_factory.mktemp('week') / 'order.db'}", recording, hooks)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order_of_a_week_with_duplicates_ends_the_same(
    seed: int, in_order: tuple[object, ...], tmp_path: Path
) -> None:
    alike(in_order, f"sqlite:///{tmp_path / 'any.db'}", seed=seed)


def test_any_order_of_a_week_ends_the_same_on_postgres_too(in_order: tuple[object, ...], postgres_url: str) -> None:
    alike(in_order, postgres_url, seed=4)


def alike(in_order: tuple[object, ...], url: str, *, seed: int) -> None:
    recording, hooks = week()
    found = lived(url, recording, shuffled(hooks, seed=seed))
    assert in_order[3], "the week has pushes"
    assert in_order[6], "the week has flags to show"
    for name, one, other in zip(
        ("fields", "derived", "changes", "pushes", "milestones", "links", "wishes"), in_order, found, strict=True
    ):
        assert one == other, name
