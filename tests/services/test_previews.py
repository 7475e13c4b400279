"""What a preview says is what then happens: the flags of now, and what going live writes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.services.previews import ask, work
from app.services.previews.told import Result, question_of
from app.store import models as m
from app.store.views.scope import Visible
from app.time import real_now
from integrations.sandbox.replay import Webhook
from rules.catalog.registry import TYPES
from rules.rulefile import RuleDraft, parse
from tests.hub import Hub
from tests.services.live import pass_time, play
from tests.world import World

EVERYTHING = Visible(secured=True)
BEGIN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
"""A Monday, within the hours."""
NAMES = tuple(type_.name for type_ in TYPES)
PARAMS = {
    "overload": "{in_progress: 1, days: 0}",
    "missed-milestone": "{comment_after: 0}",
    "blocked-too-long": "{days: 1}",
    "state-mismatch": "{days: 1}",
    "abandoned-assignment": "{quiet_days: 3}",
}


def text_of(name: str, mode: str) -> str:
    params = f", params: {PARAMS[name]}" if name in PARAMS else ""
    return f"{{name: {name}, type: {name}, mode: {mode}{params}}}"


def draft_of(name: str) -> RuleDraft:
    (found,) = parse(f"rules:\n- {text_of(name, 'observe')}\n", source="test")
    return found


def story() -> list[Webhook]:
    """Nine days of a repository in which something of nearly every kind is off in the end."""
    hub = Hub()
    clock = iter(BEGIN + n * timedelta(minutes=7) for n in range(200))

    def at_(days: float = 0) -> datetime:
        return next(clock) + timedelta(days=days)

    made = [
        hub.milestone(1, at=at_(), due=(BEGIN + timedelta(days=20)).date()),
        hub.milestone(2, at=at_(), due=(BEGIN + timedelta(days=7)).date()),
        hub.issue(1, at=at_(), author="ann", milestone=2, body="- [ ] one\n- [ ] two"),
        hub.issue(2, at=at_(), author="ann", assignees=("dev",)),
        hub.issue(3, at=at_(), author="ann", assignees=("eve",), labels=("blocked",)),
        hub.issue(4, at=at_(), author="ann", assignees=("dev",)),
        hub.issue(5, at=at_(), author="ann"),
        hub.issue(6, at=at_(), author="ann", assignees=("eve",)),
        hub.issue(10, at=at_(), author="ann", labels=("urgent",)),
        *(hub.issue(n, at=at_(), author="ann", milestone=1) for n in (31, 32, 33)),
        hub.assign(1, "dev", at=at_()),
        hub.comment(1, "On it.", by="dev", at=at_()),
        hub.comment(3, "On it.", by="eve", at=at_()),
        hub.comment(6, "On it.", by="eve", at=at_()),
        hub.pull(20, at=at_(), author="bob", sha="a1"),
        hub.review(20, "commented", by="mel", at=at_()),
        hub.pull(21, at=at_(), author="bob", sha="b1"),
        hub.check("b1", "failure", pulls=(21,), at=at_()),
        hub.pull(23, at=at_(), author="eve", sha="c1", body="Closes #6"),
        hub.pull(25, at=at_(), author="dev", sha="d1", body="Closes #4"),
        hub.review(25, "commented", by="mel", at=at_()),
        hub.comment(4, "Which version is that?", by="mel", association="MEMBER", at=at_()),
        hub.close(5, at=at_()),
    ]
    later = [
        hub.edit(1, body="\n".join(f"- [ ] {n}" for n in range(9)), at=at_(1)),
        hub.close(23, at=at_(1), merged=True),
        hub.reopen(5, at=at_(2)),
        *(hub.issue(n, at=at_(4), author="ann", milestone=1) for n in (41, 42, 43, 44)),
        *(hub.move(1, (BEGIN + timedelta(days=20 + n)).date(), at=at_(4)) for n in (1, 2, 3, 4)),
    ]
    return [*made, *later]


@dataclass(frozen=True)
class Told:
    """A world in which the story was played, put back to its end before each use."""

    world: World
    put_back: Callable[[], None]


@pytest.fixture(scope="module")
def told(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("previews")
    live, box = folder / "live.db", folder / "sandbox.db"
    shutil.copy(_sqlite_template, live)
    world = World(f"sqlite:///{live}", folder, at=BEGIN - timedelta(minutes=1))
    world.rules(*(text_of(name, "observe") for name in NAMES))
    play(world, story(), until=BEGIN + timedelta(days=9))
    with world.db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    world.tracker.close()
    world.db.dispose()
    shutil.copy(live, folder / "kept.db")
    shutil.copy(box, folder / "kept-sandbox.db")

    def put_back() -> None:
        from integrations.sandbox.tracker import SandboxTracker

        world.tracker.close()
        world.db.dispose()
        for name in ("live.db", "sandbox.db"):
            for end in ("-wal", "-shm"):
                Path(folder, name + end).unlink(missing_ok=True)
        shutil.copy(folder / "kept.db", live)
        shutil.copy(folder / "kept-sandbox.db", box)
        world.tracker = SandboxTracker(world.file, clock=lambda: world.now)
        world.at(BEGIN + timedelta(days=9))

    put_back()
    yield Told(world, put_back)
    world.close()


@pytest.fixture
def played(told: Told) -> World:
    told.put_back()
    return told.world


def preview(world: World, draft: RuleDraft, *, visible: Visible = EVERYTHING, replaces: str | None = None) -> Result:
    """Ask, let the worker do it, and read what it says."""
    question = question_of(draft, replaces=replaces, visible=visible, days=14)
    preview_id = ask.ask(world.db, world.bells, question, who="ann", real=real_now())
    assert ("preview", preview_id) in world.bells.rung
    assert work.work_out(world.db, preview_id, ringer=world.bells)
    seen = ask.look(world.db, preview_id, who="ann", visible=visible)
    assert seen is not None
    assert (seen.state, seen.detail, seen.progress) == ("done", "", 1.0)
    return seen.result


def open_flags(world: World, rule: str) -> set[tuple[str, int]]:
    standing = m.standing
    rows = world.rows(
        sa.select(standing.c.subject_kind, standing.c.subject_id)
        .join(m.rule, m.rule.c.id == standing.c.rule_id)
        .where(m.rule.c.name == rule, standing.c.closed_at.is_(None), standing.c.outcome == "flagged")
    )
    return {tuple(row) for row in rows}


def named(result: Result) -> set[tuple[str, int]]:
    assert result.now is not None
    assert result.now.flagged == len(result.now.named)
    return {(one.kind, one.id) for one in result.now.named}


def go_live(world: World, name: str) -> tuple[int, int, set[tuple[str, int]]]:
    """Save a rule live and let the workers work: (comments, labels, flags that it then has)."""
    world.rules(text_of(name, "live"), prune=False)
    world.drain()
    flags = open_flags(world, name)
    pass_time(world, world.now + timedelta(minutes=61))
    world.at(world.now + timedelta(minutes=61))
    world.drain()
    world.publish()
    labels = world.rows(sa.select(sa.func.count()).select_from(m.written).where(m.written.c.kind == "label_added"))
    return len(world.comments()), labels[0][0], flags


def without(world: World, name: str) -> None:
    """A world in which nobody has made this rule yet."""
    world.rules(*(text_of(one, "observe") for one in NAMES if one != name))
    world.drain()
    with world.db.write() as tx:
        rule_id = tx.scalar(sa.select(m.rule.c.id).where(m.rule.c.name == name))
        for table in (m.standing, m.rule_version):
            tx.execute(sa.delete(table).where(table.c.rule_id == rule_id))
        tx.execute(sa.delete(m.rule).where(m.rule.c.id == rule_id))


@pytest.mark.parametrize("name", NAMES)
def test_what_a_new_rule_would_do_is_what_it_does(played: World, name: str) -> None:
    without(played, name)
    result = preview(played, draft_of(name))
    comments, labels, flags = go_live(played, name)
    assert named(result) == flags
    assert result.going is not None
    assert (result.going.today, result.going.labels) == (comments, labels)
    assert result.going.known == 0


@pytest.mark.parametrize("name", NAMES)
def test_what_stood_before_a_rule_went_live_is_not_written(played: World, name: str) -> None:
    before = open_flags(played, name)
    result = preview(played, draft_of(name), replaces=name)
    comments, labels, flags = go_live(played, name)
    assert named(result) == flags >= before
    assert result.going is not None
    assert (result.going.today, result.going.labels) == (comments, labels)
    # a live rule is heard where one that only observes spoke for both: such flags are new
    assert comments <= len(flags - before)
    assert labels <= len(flags - before)


def test_the_story_has_something_for_most_types(played: World) -> None:
    flagged = {rule for rule, _, _ in all_open(played)}
    assert flagged >= SOMETHING


def all_open(world: World) -> list[tuple[str, str, int]]:
    standing = m.standing
    return [
        tuple(row)
        for row in world.rows(
            sa.select(m.rule.c.name, standing.c.subject_kind, standing.c.subject_id)
            .join(m.rule, m.rule.c.id == standing.c.rule_id)
            .where(standing.c.closed_at.is_(None), standing.c.outcome == "flagged")
        )
    ]


SOMETHING = {
    "blocked-too-long", "custom", "missed-milestone", "overload", "reopened", "repeat-moves", "scope-creep",
    "scope-growth", "stalled-review", "stalled-work", "state-mismatch", "waiting-for-answer",
}  # fmt: skip
