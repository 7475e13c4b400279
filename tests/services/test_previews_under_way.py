"""Previews while they are worked out: one for each person, called off, taken up again, bounded, and for their asker."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.services.previews import ask, work
from app.services.previews.told import Result, question_of
from app.services.previews.watch import Watch
from app.store import leases, previews
from app.store import models as m
from app.store.views.scope import Visible
from app.time import real_now
from rules.rulefile import RuleDraft
from tests.world import World

EVERYTHING = Visible(secured=True)
DRAFT = RuleDraft(name="stalled", type="stalled-work", params={"quiet_days": 3})


@pytest.fixture
def quiet(world: World) -> World:
    """Three issues that stand still."""
    for number in (1, 2, 3):
        world.post(world.hub.issue(number, at=world.now, assignees=(f"dev{number}",)))
        world.post(world.hub.comment(number, "On it.", by=f"dev{number}", at=world.now + timedelta(minutes=1)))
    world.drain()
    world.wait(days=5)
    world.drain()
    return world


def asked(world: World, *, who: str = "ann", visible: Visible = EVERYTHING, draft: RuleDraft = DRAFT) -> int:
    question = question_of(draft, replaces=None, visible=visible, days=10)
    return ask.ask(world.db, world.bells, question, who=who, real=real_now())


def look(world: World, preview_id: int, *, who: str = "ann", visible: Visible = EVERYTHING) -> ask.Preview:
    found = ask.look(world.db, preview_id, who=who, visible=visible)
    assert found is not None
    return found


def worked_out(world: World, preview_id: int, *, visible: Visible = EVERYTHING, seconds: float = 60) -> Result:
    assert work.work_out(world.db, preview_id, ringer=world.bells, seconds=seconds)
    return look(world, preview_id, visible=visible).result


def test_it_says_what_holds_now_what_would_be_written_and_what_was(quiet: World) -> None:
    found = look(quiet, asked(quiet))
    assert (found.state, found.progress, found.result) == ("waiting", 0.0, Result())
    result = worked_out(quiet, found.id)
    assert result.now is not None
    assert (result.now.flagged, result.now.of, result.looks_at) == (3, 3, "open items")
    assert [one.key for one in result.now.named] == ["#1", "#2", "#3"]
    assert result.going is not None
    assert (result.going.comments, result.going.labels, result.going.known) == (3, 3, 0)
    assert result.past is not None
    assert (result.past.whole, result.past.stopped, result.past.flags) == (True, "", 3)
    assert result.against is None
    assert result.early is not None


def test_who_asks_again_calls_off_what_was_asked_before(quiet: World) -> None:
    first, theirs, second = asked(quiet), asked(quiet, who="bob"), asked(quiet)
    assert (look(quiet, first).state, look(quiet, first).detail) == ("cancelled", ask.ASKED_ANEW)
    assert not work.work_out(quiet.db, first, ringer=quiet.bells)
    assert work.work_out(quiet.db, second, ringer=quiet.bells)
    assert look(quiet, theirs, who="bob").is_under_way


def test_what_is_called_off_while_it_is_worked_on_stops(quiet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    preview_id = asked(quiet)
    real = work.going

    def going(*args: object) -> object:
        assert ask.call_off(quiet.db, preview_id, who="ann")
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(work, "going", going)
    assert not work.work_out(quiet.db, preview_id, ringer=quiet.bells)
    found = look(quiet, preview_id)
    assert (found.state, found.detail) == ("cancelled", ask.CALLED_OFF)
    assert found.result.now is not None
    assert found.result.past is None
    assert not ask.call_off(quiet.db, preview_id, who="ann")


def test_nobody_calls_off_what_somebody_else_asked(quiet: World) -> None:
    preview_id = asked(quiet)
    assert not ask.call_off(quiet.db, preview_id, who="bob")
    assert look(quiet, preview_id).is_under_way


def died_at_work(world: World, preview_id: int) -> None:
    """A worker that begins and is gone."""
    lease = leases.take(world.db, "preview", preview_id, holder="elsewhere:1")
    assert lease is not None
    with world.db.write() as tx:
        previews.begin(tx, lease, now=real_now())
    world.sql(sa.update(m.preview).values(lease_until=0.0))


def test_what_a_killed_worker_left_is_taken_up_again_once(quiet: World) -> None:
    preview_id = asked(quiet)
    died_at_work(quiet, preview_id)
    with quiet.db.read() as tx:
        assert previews.due(tx, quiet_since=real_now() - timedelta(hours=1)) == [preview_id]
    assert worked_out(quiet, preview_id).now is not None
    assert look(quiet, preview_id).state == "done"
    with quiet.db.read() as tx:
        assert previews.due(tx, quiet_since=real_now()) == []


def test_what_kills_every_worker_is_given_up_in_words(quiet: World) -> None:
    preview_id = asked(quiet)
    for _ in range(2):
        died_at_work(quiet, preview_id)
    assert not work.work_out(quiet.db, preview_id, ringer=quiet.bells)
    found = look(quiet, preview_id)
    assert (found.state, found.detail) == ("failed", work.GAVE_UP)


def test_a_mistake_of_ours_ends_it_in_words(quiet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("a bug")

    monkeypatch.setattr(work, "going", broken)
    preview_id = asked(quiet)
    assert not work.work_out(quiet.db, preview_id, ringer=quiet.bells)
    found = look(quiet, preview_id)
    assert (found.state, found.detail) == ("failed", work.BROKE)
    assert found.result.now is not None


def test_it_ends_when_its_time_is_up_and_says_how_far_it_came(quiet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.previews.present.SLICE", 1)
    result = worked_out(quiet, asked(quiet), seconds=-1)
    assert result.now is not None
    assert (result.now.looked, result.now.all, result.now.flagged) == (1, 3, 1)
    assert result.past is None


def test_what_holds_now_is_told_while_the_rest_is_looked_at(quiet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.previews.present.SLICE", 1)
    monkeypatch.setattr(work, "TELL_EVERY", -1.0)
    preview_id, seen = asked(quiet), []
    real = work._beat

    def beat(watch: Watch, progress: float) -> bool:
        now = look(quiet, preview_id).result.now
        seen.append(None if now is None else (now.looked, now.all, now.flagged))
        return real(watch, progress)

    monkeypatch.setattr(work, "_beat", beat)
    worked_out(quiet, preview_id)
    assert seen[:2] == [(1, 3, 1), (2, 3, 2)]


def test_it_ends_in_time_also_while_it_gets_ready(quiet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copying and taking back look at the time, too."""
    real, asked_for = work._beat, 0

    def beat(watch: Watch, progress: float) -> bool:
        nonlocal asked_for
        asked_for += progress == work.FIRST
        return real(watch, progress) and asked_for < 30

    monkeypatch.setattr(work, "_beat", beat)
    result = worked_out(quiet, asked(quiet))
    assert asked_for == 30
    assert result.going is not None
    assert result.past is None


def test_where_much_happened_other_numbers_of_days_are_tried_on_a_share(
    quiet: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = worked_out(quiet, asked(quiet))
    monkeypatch.setattr("app.services.previews.played.EARLY_CHANGES", 3)
    result = worked_out(quiet, asked(quiet))
    assert exact.early is not None
    assert result.early is not None
    assert (exact.early.one_in, result.early.one_in) == (1, 2)
    assert result.past == exact.past
    of = {days: of for days, _, of in exact.early.rows}
    assert all(of[days] > some for days, _, some in result.early.rows if of[days])


def test_where_there_is_no_time_for_the_past_nothing_is_told_of_it(
    quiet: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.previews.played.COPYING", 0.5)
    real = work._beat
    monkeypatch.setattr(work, "_beat", lambda watch, progress: real(watch, progress) and progress <= work.FIRST)
    result = worked_out(quiet, asked(quiet))
    assert result.going is not None
    assert result.past is None


def test_where_too_much_happened_a_shorter_time_is_played(quiet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.previews.played.MOST_CHANGES", 0)
    result = worked_out(quiet, asked(quiet))
    assert result.past is not None
    assert result.past.stopped == "much"
    assert result.past.until - result.past.since == timedelta(days=3)
    assert result.past.until - result.past.wanted == timedelta(days=10)


def test_it_tells_of_nothing_that_its_asker_may_not_see(quiet: World) -> None:
    quiet.sql(sa.update(m.item).where(m.item.c.number == 2).values(secured=True))
    careful = Visible(secured=False)
    result = worked_out(quiet, asked(quiet, visible=careful), visible=careful)
    assert result.now is not None
    assert [one.key for one in result.now.named] == ["#1", "#3"]
    assert result.now.of == 2
    assert result.past is not None
    assert result.past.flags == 2
    elsewhere = Visible(projects=frozenset({99}), secured=True)
    result = worked_out(quiet, asked(quiet, visible=elsewhere), visible=elsewhere)
    assert result.now is not None
    assert (result.now.of, result.now.named, result.past) == (0, (), None)


def test_an_answer_is_for_who_asked_and_while_they_may_see_as_much(quiet: World) -> None:
    preview_id = asked(quiet)
    assert ask.look(quiet.db, preview_id, who="bob", visible=EVERYTHING) is None
    assert ask.look(quiet.db, preview_id, who="ann", visible=Visible(secured=False)) is None
    assert ask.look(quiet.db, preview_id, who="ann", visible=Visible(projects=frozenset({1}), secured=True)) is None
    assert ask.look(quiet.db, preview_id + 1, who="ann", visible=EVERYTHING) is None


def test_a_saved_rule_is_tried_against_the_version_in_force(quiet: World) -> None:
    quiet.rules("{name: stalled, type: stalled-work, mode: live, params: {quiet_days: 30}}")
    quiet.drain()
    question = question_of(DRAFT, replaces="stalled", visible=EVERYTHING, days=10)
    preview_id = ask.ask(quiet.db, quiet.bells, question, who="ann", real=real_now())
    result = worked_out(quiet, preview_id)
    assert result.against is not None
    assert (result.against.added, result.against.removed, result.against.version) == (3, 0, 1)
    assert {one.key for one in result.against.added_named} == {"#1", "#2", "#3"}


def test_they_are_kept_for_a_day(quiet: World) -> None:
    preview_id = asked(quiet)
    with quiet.db.write() as tx:
        assert previews.purge(tx, now=real_now() + timedelta(hours=23), older_than=timedelta(days=1)) == 0
        assert previews.purge(tx, now=real_now() + timedelta(hours=25), older_than=timedelta(days=1)) == 1
    assert ask.look(quiet.db, preview_id, who="ann", visible=EVERYTHING) is None
