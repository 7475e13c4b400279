"""Repair: gaps of items, doubts at one instant, lost webhooks, silences, outages, polling."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from app.clock import tick
from app.services import syncing
from app.store import instance, models, publications, sync, trackers
from app.time import real_now
from integrations.errors import BadPayload
from integrations.github.adapter import GitHubAdapter
from integrations.ports import HISTORY
from integrations.sandbox.payloads import stamp
from integrations.sandbox.recording import Entry
from integrations.sandbox.replay import Webhook, replay
from tests.integrations.github.fake_history import FakeHistory, Trouble, serving
from tests.services.past import PastWorld
from tests.services.test_two_ways import small
from tests.support_made import Made


def imported(url: str, _folder: Path) -> PastWorld:
    """A project that was imported, and is up to date."""
    with serving(FakeHistory(small())) as fake:
        world = PastWorld(url, fake)
        world.begin()
        world.sync()
        world.close()
    return world


@pytest.fixture
def world(made: Made, tmp_path: Path) -> Iterator[PastWorld]:
    with made.copy(imported, tmp_path) as (url, before), serving(copy.deepcopy(before.fake)) as fake:
        world = PastWorld.like(before, url, fake)
        yield world
        world.close()


def an_open_issue(world: PastWorld) -> int:
    return next(one.number for one in world.fake.state.items.values() if not one.pull and one.closed_at is None)


def label(world: PastWorld, name: str, *, at: datetime | None = None, number: int | None = None) -> int:
    """Somebody labels an issue, and no webhook tells."""
    number = number or an_open_issue(world)
    entry = Entry(at=at or world.fake.now, kind="labeled", number=number, by="dev-01", label=name)
    world.fake.happen(entry)
    world.fake.now += timedelta(minutes=30)
    return number


def hook(world: PastWorld, number: int, *, action: str, at: datetime, labels: list[str], name: str = "") -> Webhook:
    """An `issues` webhook of that instant."""
    item = world.fake.state.items[number]
    shown = world.fake.shapes.issue(item, None)
    shown |= {"updated_at": stamp(at), "labels": [world.fake.shapes.label(one) for one in labels]}
    payload = {"action": action, "issue": shown, "repository": world.fake.shapes.repository}
    payload |= {"sender": world.fake.shapes.user("dev-01")}
    if name:
        payload["label"] = world.fake.shapes.label(name)
    return Webhook(at, "issues", action, payload)


def reconcile(world: PastWorld) -> int:
    """A look for what changed; gives the calls it took."""
    before = len(world.fake.calls)
    world.skip_waits()
    world.sync()
    return len(world.fake.calls) - before


def test_a_look_at_an_unchanged_project_costs_few_calls(world: PastWorld) -> None:
    assert reconcile(world) <= 6
    run = world.run("changes")
    assert (run.status, run.told) == ("done", 0)
    assert world.row().next_at is not None


def test_reconciliation_reads_only_what_no_webhook_told(world: PastWorld) -> None:
    number = label(world, "missed")
    assert reconcile(world) <= 9
    assert world.run("changes").told == 1
    assert "missed" in world.fields()[number]["labels"]
    assert [key for key in world.changes() if key[0] == "label" and key[5] == "missed"]
    assert reconcile(world) <= 6, "the next look finds it known"


def test_what_webhooks_told_is_not_read_again(world: PastWorld) -> None:
    number, at = an_open_issue(world), world.fake.now
    before = list(world.fake.state.items[number].labels)
    label(world, "told", at=at, number=number)
    world.deliver([hook(world, number, action="labeled", at=at, labels=[*before, "told"], name="told")])
    world.drain()
    reconcile(world)
    assert world.run("changes").told == 0


def test_a_delivery_set_aside_leaves_a_gap_until_the_item_is_read(world: PastWorld) -> None:
    number = an_open_issue(world)
    broken = hook(world, number, action="labeled", at=world.fake.now, labels=[])
    broken.payload["issue"]["title"] = 5
    world.deliver([broken])
    for _ in range(6):
        world.drain()
        with world.db.write() as tx:
            tx.execute(sa.update(models.delivery).values(next_attempt_at=None))
    assert world.counts()["aside"] == 1
    assert world.fields()[number]["gap"] is True
    assert [one for one, _ in world.reads()] == [number]
    world.skip_waits()
    world.sync()
    assert world.fields()[number]["gap"] is False
    assert world.reads() == []


def test_two_contents_at_one_instant_are_settled_by_one_read(world: PastWorld) -> None:
    number, at = an_open_issue(world), world.fake.now
    before = list(world.fake.state.items[number].labels)
    label(world, "one", at=at, number=number)
    label(world, "two", at=at, number=number)
    second = hook(world, number, action="labeled", at=at, labels=[*before, "one", "two"], name="two")
    first = hook(world, number, action="labeled", at=at, labels=[*before, "one"], name="one")
    world.deliver([second, first])
    world.drain()
    assert [one for one, _ in world.reads()] == [number]
    world.skip_waits()
    world.sync()
    assert world.fields()[number]["labels"] == sorted([*before, "one", "two"])
    world.deliver([first])
    world.drain()
    assert world.fields()[number]["labels"] == sorted([*before, "one", "two"]), "what was read of that instant stands"
    assert world.reads() == []


def test_contents_explained_by_their_own_actions_cause_no_read(world: PastWorld) -> None:
    number, at = an_open_issue(world), world.fake.now
    before = list(world.fake.state.items[number].labels)
    world.deliver(
        [
            hook(world, number, action="labeled", at=at, labels=[*before, "one"], name="one"),
            hook(world, number, action="labeled", at=at, labels=[*before, "one", "two"], name="two"),
        ]
    )
    world.drain()
    assert world.reads() == []
    assert world.fields()[number]["labels"] == sorted([*before, "one", "two"])


def test_a_label_put_on_and_off_within_a_second_is_read(world: PastWorld) -> None:
    number, at = an_open_issue(world), world.fake.now
    before = list(world.fake.state.items[number].labels)
    world.deliver(
        [
            hook(world, number, action="labeled", at=at, labels=[*before, "x"], name="x"),
            hook(world, number, action="unlabeled", at=at, labels=before, name="x"),
        ]
    )
    world.drain()
    assert [one for one, _ in world.reads()] == [number]


def test_an_item_that_is_gone_is_told_as_such(world: PastWorld) -> None:
    number = an_open_issue(world)
    world.fake.gone[number] = 410
    with world.db.write() as tx:
        sync.want_reads(tx, world.project_id, [(number, "a test")], now=real_now())
    world.skip_waits()
    world.sync()
    assert world.fields()[number]["deleted"] is True
    assert world.project.status == "active"


def test_an_issue_turned_into_a_discussion_is_gone_whatever_webhook_told_of_its_closing(world: PastWorld) -> None:
    """GitHub keeps the issue, closed and locked; its timeline has no closing, only the conversion."""
    number, at = an_open_issue(world), world.fake.now
    item = world.fake.state.items[number]
    item.closed_at, item.updated_at, item.locked = at, at, True
    told = {"created_at": stamp(at), "actor": world.fake.shapes.user("dev-01")}
    world.fake.timelines.setdefault(number, []).extend(
        [told | {"id": 10**8, "event": "locked"}, told | {"id": 10**8 + 1, "event": "converted_to_discussion"}]
    )
    world.fake.now += timedelta(minutes=30)
    world.deliver([hook(world, number, action="closed", at=at, labels=[])])
    world.drain()
    assert world.fields()[number]["deleted"] is False
    assert [one for one, _ in world.reads()] == [number], "the lock at the same instant asks for a look"
    world.skip_waits()
    world.sync()
    row = world.rows(sa.select(models.item).where(models.item.c.number == number))[0]
    assert (row.moved_to, row.deleted_at, row.state) == ("discussion", at, "dropped")
    assert world.project.status == "active"


def test_one_change_under_two_keys_a_second_apart_is_one_change(world: PastWorld) -> None:
    number, at = an_open_issue(world), world.fake.now
    before = list(world.fake.state.items[number].labels)
    world.deliver([hook(world, number, action="labeled", at=at, labels=[*before, "tick"], name="tick")])
    world.drain()
    label(world, "tick", at=at + timedelta(seconds=1), number=number)
    reconcile(world)
    found = [key for key in world.changes() if key[0] == "label" and key[5] == "tick"]
    assert [key[2] for key in found] == [at]


# --- what people did to our comment and our label


OURS = "**Quiet for 3 days.**"


def shown(world: PastWorld, number: int) -> None:
    """What we wrote on an item a day ago: a label and a comment, both still there."""
    label(world, "plumb:stalled", number=number, at=world.fake.now)
    reconcile(world)
    world.fake.comments[555] = {
        "id": 555, "node_id": "IC_555", "body": OURS, "user": world.fake.shapes.user("plumb"), "html_url": "https://x",
        "created_at": stamp(world.fake.now), "updated_at": stamp(world.fake.now),
    }  # fmt: skip
    with world.db.write() as tx:
        item = tx.scalar(sa.select(models.item.c.id).where(models.item.c.number == number))
        tx.execute(
            sa.insert(models.publication).values(
                item_id=item, project_id=world.project_id, connection_id=world.connection_id, status="settled",
                want_labels=["plumb:stalled"], shown_labels=["plumb:stalled"], want_body=OURS, shown_body=OURS,
                comment_id="555", answers={},
            )
        )  # fmt: skip
        publications.record(
            tx, connection_id=world.connection_id, project_id=world.project_id, item_id=item, kind="label_added",
            detail="plumb:stalled", real=real_now(), world=world.fake.now - timedelta(minutes=30),
        )  # fmt: skip
    world.fake.now += timedelta(days=1)


def answered(world: PastWorld) -> list[tuple[str, str]]:
    return [(row.who, row.verb) for row in world.rows(sa.select(models.answer))]


def touch(world: PastWorld, number: int) -> list[str]:
    """Somebody labels the issue; a look for what changed then reads it. Gives the calls."""
    label(world, "seen", number=number)
    before = len(world.fake.calls)
    reconcile(world)
    return world.fake.calls[before:]


@pytest.mark.parametrize("what", ["nothing", "hidden", "deleted", "edited", "unlabelled", "hidden, and REST says so"])
def test_a_look_for_what_changed_finds_what_people_did_to_what_we_wrote(world: PastWorld, what: str) -> None:
    number = an_open_issue(world)
    shown(world, number)
    comment = world.fake.comments[555]
    expected = {
        "nothing": [], "hidden": [("somebody", "hide")], "deleted": [("somebody", "delete")],
        "edited": [("somebody", "edit")], "unlabelled": [("dev-02", "unlabel")],
        "hidden, and REST says so": [("somebody", "hide")],
    }[what]  # fmt: skip
    if what == "hidden":
        assert world.fake.hidden is not None
        world.fake.hidden.add("IC_555")
    elif what == "deleted":
        del world.fake.comments[555]
    elif what == "edited":
        comment |= {"body": "Not useful here.", "updated_at": stamp(world.fake.now)}
    elif what == "unlabelled":
        world.fake.happen(Entry(at=world.fake.now, kind="unlabeled", number=number, by="dev-02", label="plumb:stalled"))
        world.fake.now += timedelta(minutes=5)
    elif what != "nothing":
        comment["minimized"] = {"reason": "off-topic"}
    calls = touch(world, number)
    assert answered(world) == expected
    assert sum("/issues/comments/555" in call for call in calls) == 1
    assert calls.count("POST /graphql") == (0 if what in ("deleted", "hidden, and REST says so") else 1)
    touch(world, number)
    assert answered(world) == expected, "once is enough"


def test_a_server_without_graphql_does_not_say_who_hid_what_and_all_else_is_read(world: PastWorld) -> None:
    number = an_open_issue(world)
    shown(world, number)
    world.fake.hidden = None
    touch(world, number)
    assert "seen" in world.fields()[number]["labels"]
    assert answered(world) == []
    assert world.status().words == ""


def test_where_nothing_of_ours_stands_nothing_more_is_asked(world: PastWorld) -> None:
    calls = touch(world, an_open_issue(world))
    assert not [call for call in calls if "comments/" in call or "graphql" in call]


# --- lost webhooks


def test_lost_webhooks_are_asked_for_again_once(world: PastWorld) -> None:
    now = world.fake.now
    world.fake.hooks = [{"id": 3, "config": {"url": "https://plumb.example/webhooks/github/hub"}}]

    def sent(identity: int, guid: str, status: int) -> dict[str, object]:
        at = stamp(real_now() - timedelta(hours=1))
        return {"id": identity, "guid": guid, "delivered_at": at, "status_code": status, "event": "issues"}

    world.fake.deliveries = [sent(4, "b", 200), sent(3, "a", 502), sent(2, "b", 500), sent(1, "c", 200)]
    reconcile(world)
    assert world.fake.asked_again == [3]
    assert "1 failed webhooks were asked for again" in world.row().detail
    assert now == world.fake.now


def test_a_read_only_token_reconciles_without_seeing_webhooks(world: PastWorld) -> None:
    world.fake.troubles.append(Trouble("/hooks", 404, {"message": "Not Found"}, times=99))
    number = label(world, "missed")
    reconcile(world)
    assert "may not administer webhooks" in world.status().words
    assert "missed" in world.fields()[number]["labels"]


# --- silence after a gap


def due(world: PastWorld) -> list[publications.Shown]:
    with world.db.read() as tx:
        return publications.due(tx, world.connection_id, world=world.now, real=real_now(), limit=10)


def something_to_say(world: PastWorld) -> None:
    with world.db.write() as tx:
        item = tx.scalar(sa.select(models.item.c.id).order_by(models.item.c.id).limit(1))
        tx.execute(
            sa.insert(models.publication).values(
                item_id=item, project_id=world.project_id, connection_id=world.connection_id, want_labels=["plumb:x"],
                status="waiting", due_at=world.now,
            )
        )  # fmt: skip


def test_row_08_a_server_that_was_off_catches_up_before_it_speaks(
    world: PastWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    something_to_say(world)
    assert len(due(world)) == 1
    with world.db.write() as tx:
        instance.set_ticked(tx, real_now() - timedelta(days=1))
    monkeypatch.setattr(tick, "runtime", lambda: SimpleNamespace(db=world.db, ringer=world.bells))
    number = label(world, "while away")
    tick.tick()
    assert due(world) == []
    assert ("sync", world.project_id) in world.bells.rung
    assert "Plumbline was off" in world.status().words
    world.sync()
    assert "while away" in world.fields()[number]["labels"]
    assert len(due(world)) == 1
    assert "nothing is written" not in world.status().words


def test_a_silence_longer_than_usual_is_looked_into_once(world: PastWorld) -> None:
    something_to_say(world)
    last = real_now() - timedelta(hours=9)
    with world.db.write() as tx:
        sync.save(tx, world.project_id, usual_silence=3600.0 * 8)
        trackers.update_project(tx, world.project_id, last_delivery_at=last)
        assert syncing.note_silences(tx) == [world.project_id]
        assert syncing.note_silences(tx) == []
    assert due(world) == []
    world.sync()
    assert len(due(world)) == 1


def test_changes_that_no_webhook_told_keep_it_quiet_until_they_are_in(world: PastWorld) -> None:
    something_to_say(world)
    label(world, "missed")
    world.skip_waits()
    world.slice()
    assert due(world) == []
    world.sync()
    assert len(due(world)) == 1


def test_polling_asks_every_five_minutes_and_says_so(world: PastWorld) -> None:
    with world.db.write() as tx:
        trackers.save_settings(
            tx, world.project_id, settings={"polling": True}, calendar={}, author="test", now=world.now
        )
    something_to_say(world)
    number = label(world, "polled")
    reconcile(world)
    assert "polled" in world.fields()[number]["labels"]
    row = world.row()
    assert row.mode == "polling"
    assert row.next_at is not None
    assert timedelta(minutes=4) < row.next_at - real_now() <= timedelta(minutes=5)
    assert "every 5 minutes" in world.status().words
    assert len(due(world)) == 1, "no webhook is expected, so none is missed"


# --- what may not be forged


def test_a_history_is_never_taken_from_outside() -> None:
    headers = {"x-github-delivery": "g", "x-github-event": HISTORY}
    with pytest.raises(BadPayload, match="an event of GitHub's"):
        GitHubAdapter().envelope(headers, {})


def test_a_comment_found_by_an_import_is_history_and_one_found_since_is_news() -> None:
    recording = small()
    fake = FakeHistory(recording)
    spoken = next(number for number, told in fake.timelines.items() if any(one["event"] == "commented" for one in told))
    hooked = next(replay(recording))
    payload = {
        "asked_at": stamp(fake.now), "repository": hooked.payload["repository"], "timeline": fake.timelines[spoken],
        "issue": fake.shapes.issue(fake.state.items[spoken], None),
    }  # fmt: skip
    decode = GitHubAdapter().decode
    assert {one.event for one in decode(HISTORY, payload, datetime.now(UTC)).comments} == {"seen"}
    news = decode(HISTORY, payload | {"since": "2010-01-01T00:00:00Z"}, datetime.now(UTC))
    assert {one.event for one in news.comments} == {"created"}
    assert json.dumps(payload)
