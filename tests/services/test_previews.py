"""What a preview says is what then happens: the flags of now, and what going live writes. Each rule type is asked about
where it flags something, so that nothing agrees with nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.services.previews import ask, work
from app.services.previews.told import Going, Result, question_of
from app.store import models as m
from app.store.views.scope import Visible
from app.time import real_now
from rules.catalog.registry import TYPES
from rules.rulefile import RuleDraft, parse
from tests.services import preview_stories
from tests.services.live import pass_time
from tests.services.preview_stories import COMMENT, COMPANY, LABEL, PAGE, REPOSITORY, text_of
from tests.world import World

EVERYTHING = Visible(secured=True)
NAMES = tuple(type_.name for type_ in TYPES)
STORIES: Mapping[str, Mapping[str, str]] = {"repository": REPOSITORY, "company": COMPANY}
PLAYED: Mapping[str, Callable[..., World]] = {
    "repository": preview_stories.repository,
    "company": preview_stories.company,
}
HEARD = (PAGE, LABEL, COMMENT)
"""How far a flag is heard, the farthest last."""
NO_COMMENTS = {
    "red-checks": LABEL,
    "ageing-work": LABEL,
    "repeat-slip": LABEL,
    "waiting-for-answer": LABEL,
    "abandoned-assignment": PAGE,
    "sprint-injection": PAGE,
    "repeat-moves": PAGE,
    "unready-milestone": PAGE,
    "reopened": PAGE,
    "estimate-overrun": PAGE,
    "budget-burn": PAGE,
    "overload": PAGE,
    "bottleneck": PAGE,
    "unreviewed-merge": PAGE,
    "missing-acceptance-criteria": PAGE,
    "unestimated-work": PAGE,
}
"""Types whose own file caps their reach: what they find is for a list, a digest or a look, never a comment."""
NEVER_FLAGGED: Mapping[str, str] = {}
"""Types that no story brings to flag, with the reason."""
CASES = [pytest.param(story, name, id=f"{story}-{name}") for story, told in STORIES.items() for name in told]
NEXT_MORNING = 22 * 60
"""Minutes from the end of the company's story, 10:00 on a Wednesday, to the next day's opening."""


def draft_of(rule: str) -> RuleDraft:
    (found,) = parse(f"rules:\n- {rule}\n", source="test")
    return found


@dataclass(frozen=True)
class Kept:
    """A world in which a story was played, put back to its end before each use."""

    world: World
    folder: Path
    end: datetime

    def put_back(self) -> World:
        self.world.put_down()
        for name in ("live.db", "sandbox.db"):
            for end in ("-wal", "-shm"):
                Path(self.folder, name + end).unlink(missing_ok=True)
            shutil.copy(self.folder / f"kept-{name}", self.folder / name)
        self.world.pick_up()
        self.world.at(self.end)
        return self.world


@contextmanager
def kept(story: str, template: Path, folder: Path) -> Iterator[Kept]:
    """A story played once, with what it came to laid aside."""
    shutil.copy(template, folder / "live.db")
    rules = tuple(text_of(name, "observe") for name in NAMES)
    world = PLAYED[story](f"sqlite:///{folder / 'live.db'}", folder, rules)
    with world.db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    world.put_down()
    for name in ("live.db", "sandbox.db"):
        shutil.copy(folder / name, folder / f"kept-{name}")
    world.pick_up()
    yield Kept(world, folder, world.now)
    world.close()


@pytest.fixture(scope="module")
def repository(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept("repository", _sqlite_template, tmp_path_factory.mktemp("repository")) as found:
        yield found


@pytest.fixture(scope="module")
def company(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, few_trials: None) -> Iterator[Kept]:
    with kept("company", _sqlite_template, tmp_path_factory.mktemp("company")) as found:
        yield found


@pytest.fixture(autouse=True)
def no_past(monkeypatch: pytest.MonkeyPatch) -> None:
    """The past of a preview has tests of its own; here it would only take time."""
    monkeypatch.setattr(work, "_past", lambda *_: None)


@pytest.fixture
def played(request: pytest.FixtureRequest, story: str) -> World:
    found: Kept = request.getfixturevalue(story)
    return found.put_back()


def preview(
    world: World, rule: str, *, visible: Visible = EVERYTHING, replaces: str | None = None
) -> tuple[Result, Going]:
    """Ask, let the worker do it, and read what it says: all of it, and what going live would write."""
    question = question_of(draft_of(rule), replaces=replaces, visible=visible, days=1)
    preview_id = ask.ask(world.db, world.bells, question, who="ann", real=real_now())
    assert ("preview", preview_id) in world.bells.rung
    assert work.work_out(world.db, preview_id, ringer=world.bells)
    seen = ask.look(world.db, preview_id, who="ann", visible=visible)
    assert seen is not None
    assert (seen.state, seen.detail, seen.progress) == ("done", "", 1.0)
    assert seen.result.going is not None
    return seen.result, seen.result.going


@dataclass(frozen=True)
class Live:
    """What became of a rule that went live: its flags, those told on pages alone, what was written, and when first."""

    flags: set[tuple[str, int, str]]
    pages: int
    comments: int
    labels: int
    edits: int
    first_at: datetime | None

    @property
    def heard(self) -> str:
        return COMMENT if self.comments else LABEL if self.labels else PAGE


def go_live(world: World, rule: str, *, after: Iterable[int] = (60,)) -> Live:
    """Save a rule live and let the workers work; what is due is written after so many minutes."""
    before, begins, first_at = written(world), world.now, None
    world.rules(rule, prune=False)
    world.drain()
    name = draft_of(rule).name
    found = open_flags(world, name)
    pages = sum(row.reach == PAGE or row.severity == "note" or row.shown_on is None for row in found)
    for minutes in after:
        until = begins + timedelta(minutes=minutes)
        pass_time(world, until)
        world.at(until)
        world.publish()
        if first_at is None and written(world) != before:
            first_at = until
    comments, labels, edits = (now - then for now, then in zip(written(world), before, strict=True))
    return Live({tuple(row)[:3] for row in found}, pages, comments, labels, edits, first_at)


def written(world: World) -> tuple[int, ...]:
    """How many comments, labels and edits were written so far."""
    kinds = [kind for (kind,) in world.rows(sa.select(m.written.c.kind))]
    return tuple(kinds.count(kind) for kind in ("comment_created", "label_added", "comment_edited"))


def open_flags(world: World, rule: str) -> list[sa.Row[tuple[str, int, str, str, str, int | None]]]:
    standing = m.standing.c
    query = (
        sa.select(
            standing.subject_kind, standing.subject_id, standing.code, standing.reach, standing.severity,
            standing.shown_on,
        )
        .join(m.rule, m.rule.c.id == standing.rule_id)
        .where(m.rule.c.name == rule, standing.closed_at.is_(None), standing.outcome == "flagged")
    )  # fmt: skip
    return world.rows(query)


def named(result: Result) -> set[tuple[str, int, str]]:
    assert result.now is not None
    assert result.now.flagged == len(result.now.named)
    return {(one.kind, one.id, one.code) for one in result.now.named}


def without(world: World, *names: str) -> None:
    """A world in which nobody has made these rules yet."""
    with world.db.write() as tx:
        rules = list(tx.scalars(sa.select(m.rule.c.id).where(m.rule.c.name.in_(names))))
        for table in (m.standing, m.rule_version):
            tx.execute(sa.delete(table).where(table.c.rule_id.in_(rules)))
        tx.execute(sa.delete(m.rule).where(m.rule.c.id.in_(rules)))


@pytest.mark.parametrize(("story", "name"), CASES)
def test_what_a_new_rule_would_do_is_what_it_does(played: World, story: str, name: str) -> None:
    without(played, name)
    result, going = preview(played, text_of(name, "observe"))
    live = go_live(played, text_of(name, "live"))
    assert named(result) == live.flags != set()
    assert (going.today, going.labels, going.pages) == (live.comments, live.labels, live.pages)
    assert (going.known, going.edits) == (0, 0)
    assert going.first_at == live.first_at
    assert live.heard == STORIES[story][name]


@pytest.mark.parametrize(("story", "name"), CASES)
def test_what_stood_before_a_rule_went_live_is_not_written(played: World, story: str, name: str) -> None:
    before = {(row.subject_kind, row.subject_id) for row in open_flags(played, name)}
    result, going = preview(played, text_of(name, "observe"), replaces=name)
    live = go_live(played, text_of(name, "live"))
    assert named(result) == live.flags != set()
    new = {flag[:2] for flag in live.flags} - before
    assert len(new) == len(live.flags) - len(before)
    assert (going.today, going.labels, going.pages) == (live.comments, live.labels, live.pages)
    # a live rule is heard where one that only observes spoke for both: such flags are new
    assert max(live.comments, live.labels) <= len(new)


@pytest.mark.parametrize(
    "name", ["stalled-review", "stalled-work", "scope-creep", "milestone-at-risk", "state-mismatch"]
)
def test_beside_notes_that_stand_already_it_says_what_is_left_to_write(company: Kept, name: str) -> None:
    world = company.put_back()
    without(world, *NAMES)
    world.rules(*(text_of(one, "live") for one in NAMES if one not in (name, "custom")))
    go_live(world, text_of("custom", "live"), after=(0, 61))
    world.drain()
    result, going = preview(world, text_of(name, "observe"))
    live = go_live(world, text_of(name, "live"))
    assert named(result) == live.flags != set()
    assert (going.today, going.labels, going.edits) == (live.comments, live.labels, live.edits)


@pytest.mark.parametrize(
    ("how", "minutes"),
    [("severity: urgent", 0), ("actions: {settle_minutes: 15}", 15), ("actions: {settle_minutes: 240}", 240)],
)
def test_how_long_its_flags_settle_says_when_it_is_first_heard(repository: Kept, how: str, minutes: int) -> None:
    world = repository.put_back()
    without(world, "custom")
    _, going = preview(world, text_of("custom", "observe", how))
    live = go_live(world, text_of("custom", "live", how), after=(max(minutes - 1, 0), minutes))
    assert going.first_at == live.first_at == repository.end + timedelta(minutes=minutes)
    assert (going.today, going.labels) == (live.comments, live.labels) == (1, 1)


@pytest.mark.parametrize("settle", [0, 60])
def test_near_the_end_of_the_day_the_first_day_may_be_the_next_one(company: Kept, settle: int) -> None:
    world = company.put_back()
    pass_time(world, evening := company.end.replace(hour=17, minute=30))
    world.at(evening)
    without(world, "stalled-work")
    how = f"actions: {{settle_minutes: {settle}}}"
    _, going = preview(world, text_of("stalled-work", "observe", how))
    after = (0, 29) if settle == 0 else (0, 29, NEXT_MORNING - 7 * 60 - 30)
    live = go_live(world, text_of("stalled-work", "live", how), after=after)
    assert going.first_at == live.first_at
    assert (going.today, going.labels) == (live.comments, live.labels)
    assert going.comments > going.today > 0


def test_where_todays_comments_are_used_up_the_first_day_is_the_next_one(company: Kept) -> None:
    world = company.put_back()
    without(world, "stalled-work")
    go_live(world, text_of("stalled-work", "live"))
    later = "{name: stalled-work, type: stalled-work, mode: live, params: {quiet_days: 4}}"
    result, going = preview(world, later, replaces="stalled-work")
    live = go_live(world, later, after=(0, NEXT_MORNING - 61, NEXT_MORNING - 60))
    assert named(result) == live.flags
    assert going.first_at == live.first_at
    assert (going.today, going.labels) == (live.comments, live.labels)
    assert going.today > 0


@pytest.mark.parametrize("scope", ["projects: [PLAT]", "kinds: [subtask]", "condition: \"item.key != 'PAY-41'\""])
def test_flags_where_it_would_not_look_any_more_are_counted_as_closing(company: Kept, scope: str) -> None:
    world = company.put_back()
    before = open_flags(world, "stalled-work")
    narrower = text_of("stalled-work", "live", f"scope: {{{scope}}}")
    result, _ = preview(world, narrower, replaces="stalled-work")
    elsewhere, _ = preview(
        world, narrower, replaces="stalled-work", visible=Visible(projects=frozenset({99}), secured=True)
    )
    live = go_live(world, narrower)
    assert result.now is not None
    assert elsewhere.now is not None
    assert result.now.cleared == len(before) - len(live.flags) > 0
    assert named(result) == live.flags
    assert elsewhere.now.cleared == 0


def test_every_type_is_flagged_in_a_story_and_heard_there_as_far_as_it_can_be() -> None:
    farthest = {
        name: max((told[name] for told in STORIES.values() if name in told), key=HEARD.index)
        for told in STORIES.values()
        for name in told
    }
    assert farthest.keys() | NEVER_FLAGGED.keys() == set(NAMES)
    assert farthest == {name: NO_COMMENTS.get(name, COMMENT) for name in farthest}
