"""Ladders at work: who hears of a flag, when, once; and who hears that it is over."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from app.services import connect, control, floods, notify, retract
from app.store import models, targets
from app.time import real_now
from integrations.errors import TransientError
from tests.contract.fake_notifier import AWAY, BUSY, REFUSED, SLOW
from tests.services.manners import say
from tests.services.teller import REPO, STALLED, Teller, moves, quiet
from tests.world import Killed, World


@pytest.fixture
def teller(world: World) -> Teller:
    made = Teller(world, "boss", "room", "person:dev7")
    made.roles(lead="boss", channel="room")
    world.rules(STALLED)
    return made


def targets_of(sent: list[tuple[str, str, str]]) -> list[str]:
    return [name for name, _, _ in sent]


def test_rungs_are_told_in_their_time_and_each_once(world: World, teller: Teller) -> None:
    quiet(world, 7)
    assert world.flags() == [("stalled", "item", 7)] and teller.send() == []
    assert teller.beat() == []  # it has settled, and gathers what else there is
    ((name, title, body),) = teller.beat()
    assert name == "boss"
    assert title == "acme/shop #7: Quiet for 3 days (since Mon 2 Mar)."
    assert body.splitlines() == [
        "acme/shop #7: Thing 7",
        "Quiet for 3 days (since Mon 2 Mar).",
        "- Last step: opened on 2 Mar",
        "Flagged since 5 Mar.",
        f"http://plumb/i/{world.item(7).id}",
        "",
        "What is answered on the item, with a line such as /plumb snooze 5d reason, is quiet here too.",
    ]
    teller.until(lambda: len(teller.notifier.sent) == 3)
    assert targets_of(teller.notifier.sent) == ["boss", "room", "boss"]
    for _ in range(12):
        assert teller.beat(hours=5) == []
    assert teller.told() == [("lead.1", "boss", "sent"), ("channel.1", "room", "sent"), ("lead.2", "boss", "sent")]


def test_those_who_were_told_hear_once_that_it_is_over_and_nobody_else(world: World, teller: Teller) -> None:
    quiet(world, 7)
    teller.until(lambda: len(teller.notifier.sent) == 1)
    moves(world, 7)
    world.wait(minutes=14)
    assert teller.send() == []
    teller.until(lambda: len(teller.notifier.sent) == 2, hours=3)
    name, title, body = teller.notifier.sent[-1]
    assert name == "boss" and title.startswith("acme/shop #7: All clear since Thu 5 Mar: answered")
    assert "(Was quiet for 3 days.)" in body and "Flagged since" not in body and "/plumb snooze" not in body
    for _ in range(10):
        assert teller.beat(hours=3) == []


def test_what_clears_before_anybody_heard_of_it_is_not_told_at_all(world: World, teller: Teller) -> None:
    quiet(world, 7)
    world.wait(minutes=61)
    world.drain()
    assert teller.told() == [("lead.1", "boss", "waiting")]
    moves(world, 7)
    assert teller.told() == [("lead.1", "boss", "dropped")]
    for _ in range(10):
        assert teller.beat(hours=3) == []


def test_a_flag_that_is_back_at_once_is_the_same_matter(world: World, teller: Teller) -> None:
    world.rules(STALLED.replace("stalled-work", "custom").replace(
        "quiet_days: 3, running_sprint: false", "when: \"item.labels.exists(l, l == 'bug')\", message: A bug., for_days: 0"
    ))  # fmt: skip

    def labelled(*labels: str) -> None:
        world.post(world.hub.issue(7, at=world.now, labels=labels))
        world.drain()

    labelled("bug")
    teller.until(lambda: len(teller.notifier.sent) == 1, hours=4)
    labelled()
    world.wait(minutes=5)
    labelled("bug")
    teller.until(lambda: len(teller.notifier.sent) == 2)
    assert targets_of(teller.notifier.sent) == ["boss", "room"], "the lead is not told again, and hears of no end"
    labelled()
    teller.until(lambda: len(teller.notifier.sent) == 4)
    assert sorted(targets_of(teller.notifier.sent[2:])) == ["boss", "room"]
    assert all("All clear" in title for _, title, _ in teller.notifier.sent[2:])


@pytest.mark.parametrize("command", ["ack known", "snooze 10d busy", "expect 2026-03-14 soon", "wrong no"])
def test_while_somebody_asks_for_quiet_nothing_is_told(world: World, teller: Teller, command: str) -> None:
    quiet(world, 7)
    world.wait(minutes=61)
    world.drain()
    assert teller.told() == [("lead.1", "boss", "waiting")]
    say(world, 7, f"/plumb {command}", by="dev7")
    assert teller.told() == [("lead.1", "boss", "held")]
    for _ in range(32):
        assert teller.beat(hours=6, minutes=0) == []
    if command.startswith(("snooze", "expect")):
        teller.until(lambda: len(teller.notifier.sent) == 2)
        assert sorted(targets_of(teller.notifier.sent)) == ["boss", "room"]
        assert world.now > world.rows(sa.select(models.standing.c.opened_at))[0][0] + timedelta(days=9)


def test_nothing_is_told_outside_the_hours(world: World, teller: Teller) -> None:
    world.wait(hours=8, minutes=30)  # half past five in the afternoon
    quiet(world, 7)
    teller.until(lambda: bool(teller.notifier.sent), hours=48)
    assert world.now.hour == 9, "it settled in the evening, and what else comes until nine goes along"


def test_author_and_assignees_are_told_at_their_own_targets_or_it_says_why_not(world: World, teller: Teller) -> None:
    world.rules(STALLED.replace("{after: 0, tell: lead}", "{after: 0, tell: author}, {after: 0, tell: assignee}"))
    quiet(world, 7, 8)
    teller.until(lambda: bool(teller.notifier.sent), hours=4)
    assert [(name, title) for name, title, _ in teller.notifier.sent] == [
        ("person:dev7", "acme/shop #7: Quiet for 3 days (since Mon 2 Mar).")
    ]
    nobody = {(row.step, row.detail) for row in teller.rows() if row.status == "nobody"}
    assert nobody == {("author.1", "has no target of their own"), ("assignee.1", "has no target of their own")}


@pytest.mark.parametrize(
    ("roles", "why"),
    [
        ({"lead": None}, "no lead is set for this project"),
        ({"lead": "nowhere"}, "the target set for it is not there"),
    ],
)
def test_a_role_that_nobody_has_is_said_and_asked_no_more(
    world: World, teller: Teller, roles: dict[str, str | None], why: str
) -> None:
    teller.roles(**roles)
    quiet(world, 7)
    assert teller.beat() == []
    assert [(row.step, row.status, row.detail) for row in teller.rows()] == [("lead.1", "nobody", why)]
    teller.roles(lead="boss")
    teller.until(lambda: len(teller.notifier.sent) == 2)
    assert targets_of(teller.notifier.sent) == ["room", "boss"]


def test_what_comes_within_the_window_is_one_message(world: World, teller: Teller) -> None:
    quiet(world, 7, 8, 9)
    world.wait(minutes=61)
    world.drain()
    world.wait(minutes=61)
    ((name, title, body),) = teller.send()
    assert (name, title) == ("boss", "acme/shop: 3 notes")
    assert [line for line in body.splitlines() if line.startswith("acme/shop")] == [
        f"acme/shop #{number}: Thing {number}" for number in (7, 8, 9)
    ]
    assert "- Last step" not in body


def test_what_is_urgent_goes_at_once_and_takes_along_what_waits(world: World, teller: Teller) -> None:
    urgent = """{name: fire, type: custom, mode: live, severity: urgent, params: {when: "item.labels.exists(l, l == 'fire')",
      message: On fire., for_days: 0}, ladder: [{after: 0, tell: lead}]}"""
    world.rules(STALLED, urgent)
    quiet(world, 7)
    world.wait(minutes=61)
    world.drain()
    assert teller.send() == []
    world.post(world.hub.issue(9, at=world.now, labels=("fire",)))
    world.drain()
    ((_, title, body),) = teller.send()
    assert title == "acme/shop: 2 notes" and body.index("On fire.") < body.index("Quiet for 3 days")


def test_the_days_budget_holds_and_the_rest_is_one_message_tomorrow(world: World) -> None:
    teller = Teller(world, "boss", per_day=1)
    teller.roles(lead="boss")
    world.rules(STALLED)
    for number in (7, 8, 9):  # on one day, two hours and more apart
        quiet(world, number, days=0)
        world.wait(hours=2, minutes=30)
    world.wait(days=2, hours=16, minutes=30)
    for _ in range(12):
        teller.beat()
    ((_, title, _),) = teller.notifier.sent
    assert title.startswith("acme/shop #7")
    assert {row.detail for row in teller.rows() if row.status == "waiting"} == {
        "1 messages went there today; it waits for tomorrow's"
    }
    teller.until(lambda: len(teller.notifier.sent) == 2, hours=30)
    assert teller.notifier.sent[1][1] == "acme/shop: 2 notes" and world.now.hour in (8, 9)


def test_a_paused_project_tells_nothing_and_goes_on_afterwards(world: World, teller: Teller) -> None:
    quiet(world, 7)
    control.pause_project(world.db, REPO, who="test", now=real_now())
    for _ in range(8):
        assert teller.beat() == []
    control.resume_project(world.db, REPO, who="test", now=real_now())
    teller.until(lambda: len(teller.notifier.sent) == 1)
    control.pause(world.db, "test", real_now())
    world.wait(days=3)
    world.drain()
    world.wait(hours=2)
    assert teller.send() == []


def test_only_live_rules_tell_and_of_flags_opened_since(world: World, teller: Teller) -> None:
    world.rules(STALLED.replace("mode: live", "mode: observe"))
    quiet(world, 7)
    assert [teller.beat() for _ in range(3)] == [[]] * 3
    world.rules(STALLED)
    world.drain()
    assert [teller.beat(hours=5) for _ in range(6)] == [[]] * 6


def test_a_note_and_what_is_for_pages_alone_are_not_told(world: World, teller: Teller) -> None:
    for narrowed in ("severity: note", "reach: page"):
        world.rules(STALLED.replace("mode: live", f"mode: live, {narrowed}"))
        quiet(world, 7)
        assert [teller.beat() for _ in range(3)] == [[]] * 3
        moves(world, 7)
    assert teller.rows() == []


def test_the_label_that_silences_an_item_silences_here_too(world: World, teller: Teller) -> None:
    quiet(world, 7)
    world.wait(minutes=61)
    world.drain()
    world.post(world.hub.label(7, "plumb:off", at=world.now))
    world.drain()
    assert [teller.beat() for _ in range(3)] == [[]] * 3
    assert teller.told() == [("lead.1", "boss", "held")]


def test_what_not_everybody_may_know_of_is_told_to_nobody(world: World, teller: Teller) -> None:
    quiet(world, 7, 8)
    world.sql(sa.update(models.item).where(models.item.c.number == 7).values(secured=True))
    world.wait(minutes=61)
    world.drain()
    world.sql(sa.update(models.item).where(models.item.c.number == 8).values(secured=True))
    world.wait(minutes=61)
    assert teller.send() == []
    assert sorted((row.status, row.detail) for row in teller.rows()) == [
        ("dropped", "there is nothing to tell any more"),
        ("nobody", "not everybody in the project may know of it"),
    ]


def test_a_rule_that_goes_says_so_to_those_who_were_told(world: World, teller: Teller) -> None:
    quiet(world, 7)
    teller.until(lambda: len(teller.notifier.sent) == 1)
    world.rules(STALLED.replace("mode: live", 'mode: "off"'))
    world.drain()
    teller.until(lambda: len(teller.notifier.sent) == 2, hours=24)
    assert teller.notifier.sent[1][1] == "acme/shop #7: Not looked at any more. (Was quiet for 3 days.)"


def test_a_ladder_that_changes_tells_no_role_more_often_than_it_has_rungs_for_it(world: World, teller: Teller) -> None:
    quiet(world, 7)
    teller.until(lambda: len(teller.notifier.sent) == 1)
    world.rules(STALLED.replace("{after: 0, tell: lead}, ", "").replace("after: 4", "after: 1"))
    world.drain()
    for _ in range(30):
        teller.beat(hours=4)
    assert targets_of(teller.notifier.sent) == ["boss", "room"]


LATE = """{name: late, type: missed-milestone, mode: live, params: {comment_after: 0},
  ladder: [{after: 0, tell: author}, {after: 0, tell: channel}]}"""


def test_a_milestone_without_a_home_is_told_though_nothing_is_written(world: World, teller: Teller) -> None:
    world.rules(LATE)
    world.post(world.hub.milestone(1, at=world.now, due=date(2026, 3, 4)))
    for number in (7, 8, 9):
        world.post(world.hub.issue(number, at=world.now, milestone=1))
    world.drain()
    teller.until(lambda: len(teller.notifier.sent) == 1, hours=24 * 5)
    name, title, body = teller.notifier.sent[0]
    assert (name, title) == ("room", "acme/shop: 1.0 was due on Wed 4 Mar; 3 of 3 items are open.")
    assert body.endswith(f"/milestones/{world.milestone(1).id}") and world.comments() == []
    assert [row.detail for row in teller.rows() if row.status == "nobody"] == ["a milestone has no author"]
    world.post(world.hub.move(1, date(2026, 3, 30), at=world.now))
    world.drain()
    teller.until(lambda: len(teller.notifier.sent) == 2, hours=24 * 3)
    assert "All clear" in teller.notifier.sent[1][1]


def test_a_rule_that_waits_to_be_approved_tells_nothing_until_it_is(world: World, teller: Teller) -> None:
    quiet(world, *range(7, 7 + floods.ASK_ABOVE + 1))
    assert [teller.beat() for _ in range(3)] == [[]] * 3 and teller.rows() == []
    floods.approve(world.db, "stalled", who="test", now=world.now, real=real_now())
    world.drain()
    teller.until(lambda: len(teller.notifier.sent) == 1, hours=30)
    assert teller.notifier.sent[0][1] == f"acme/shop: {floods.ASK_ABOVE + 1} notes"
    assert "1 more: http://plumb/flags" in teller.notifier.sent[0][2]


@pytest.mark.parametrize("wanted", [retract.Filter(), retract.Filter(rule="stalled")])
def test_what_is_taken_back_is_told_no_further(world: World, teller: Teller, wanted: retract.Filter) -> None:
    quiet(world, 7)
    teller.until(lambda: len(teller.notifier.sent) == 1)
    world.publish()
    assert world.labels(7) == ["plumb:stalled"]
    retract.retract(world.db, world.adapters, wanted, dry_run=False, who="test", now=world.now, real=real_now())
    world.drain()
    for _ in range(30):
        assert teller.beat(hours=5) == []


def test_a_purged_project_leaves_no_notice(world: World, teller: Teller) -> None:
    quiet(world, 7)
    teller.until(lambda: len(teller.notifier.sent) == 1)
    (project_id,) = connect.remove_project(world.db, key=REPO, author="test", now=real_now())
    connect.purge_project(world.db, project_id, key=REPO, author="test", now=real_now())
    assert teller.rows() == [] and teller.due() == []


# --- what goes wrong ------------------------------------------------------------------------------------------------


def ready(world: World, teller: Teller) -> None:
    """One notice that is to go now."""
    quiet(world, 7)
    world.wait(minutes=61)
    world.drain()
    world.wait(minutes=61)


def skip_backoff(world: World) -> None:
    world.sql(sa.update(models.notice).values(retry_at=None))


def test_a_service_that_is_away_is_tried_again_and_given_up_in_the_end(world: World, teller: Teller) -> None:
    ready(world, teller)
    for answer in (BUSY, AWAY):
        teller.notifier.answers["boss"] = answer
        assert teller.send() == [] and teller.due() == []
        (row,) = teller.rows()
        assert (row.status, row.message, row.sent_at) == ("waiting", None, None) and row.retry_at > real_now()
        skip_backoff(world)
    teller.notifier.answers["boss"] = 200
    assert len(teller.send()) == 1
    with world.db.read() as tx:
        assert targets.targets(tx)[0].detail == ""
    teller.notifier.answers["boss"] = BUSY
    moves(world, 7)
    world.wait(days=1)
    for _ in range(6):
        teller.send()
        skip_backoff(world)
    assert teller.told()[-1] == ("clear", "boss", "failed") and teller.due() == []


def test_a_service_that_refuses_is_not_tried_again_and_hears_of_no_end(world: World, teller: Teller) -> None:
    teller.notifier.answers["boss"] = REFUSED
    ready(world, teller)
    teller.send()
    assert teller.told() == [("lead.1", "boss", "failed")]
    with world.db.read() as tx:
        assert {one.name: one.detail for one in targets.targets(tx)}[
            "boss"
        ] == "the service refused the message with status 404"
    teller.notifier.answers["boss"] = 200
    moves(world, 7)
    assert [teller.beat(hours=3) for _ in range(8)] == [[]] * 8


def test_a_message_whose_fate_is_not_known_is_not_sent_again(world: World, teller: Teller) -> None:
    teller.notifier.answers["boss"] = SLOW
    ready(world, teller)
    assert len(teller.send()) == 1
    assert teller.told() == [("lead.1", "boss", "unsure")] and teller.due() == []
    moves(world, 7)
    teller.notifier.answers["boss"] = 200
    teller.until(lambda: len(teller.notifier.sent) == 2, hours=30)
    assert "All clear" in teller.notifier.sent[1][1]


def test_a_sender_that_dies_with_a_message_on_its_way_sends_it_once(world: World, teller: Teller) -> None:
    class Dies:
        def check(self, address: str) -> str:
            return "fake"

        def send(self, address: str, title: str, body: str) -> None:
            teller.notifier.send(address, title, body)
            raise Killed

    ready(world, teller)
    (target_id,) = teller.due()
    with pytest.raises(Killed):
        notify.notify(teller.deps(Dies()), target_id)
    assert teller.told() == [("lead.1", "boss", "sending")] and len(teller.notifier.sent) == 1
    assert teller.due() == [], "it may still be at work"
    world.sql(sa.update(models.notice).values(sending_at=models.notice.c.made_at))
    assert teller.due() == [target_id]
    assert teller.send() == []
    assert teller.told() == [("lead.1", "boss", "unsure")]


def test_a_bug_of_ours_sends_nothing_twice(world: World, teller: Teller) -> None:
    class Breaks:
        def check(self, address: str) -> str:
            return "fake"

        def send(self, address: str, title: str, body: str) -> None:
            raise RuntimeError("a bug")

    ready(world, teller)
    notify.notify(teller.deps(Breaks()), teller.due()[0])
    assert teller.told() == [("lead.1", "boss", "unsure")]


def test_a_flag_that_clears_while_its_message_fails_is_not_told(world: World, teller: Teller) -> None:
    class Meanwhile:
        def check(self, address: str) -> str:
            return "fake"

        def send(self, address: str, title: str, body: str) -> None:
            moves(world, 7)
            raise TransientError("away")

    ready(world, teller)
    notify.notify(teller.deps(Meanwhile()), teller.due()[0])
    skip_backoff(world)
    for _ in range(8):
        assert teller.beat(hours=3) == []
    assert sorted(teller.told()) == [("clear", "boss", "dropped"), ("lead.1", "boss", "dropped")]


def test_a_target_that_is_removed_gets_nothing_more(world: World, teller: Teller) -> None:
    ready(world, teller)
    with world.db.write() as tx:
        assert targets.remove(tx, "boss") and not targets.remove(tx, "boss")
    assert teller.due() == [] and teller.told() == [("lead.1", "", "dropped")]


def test_two_senders_at_once_are_one(world: World, teller: Teller) -> None:
    class Twice:
        def check(self, address: str) -> str:
            return "fake"

        def send(self, address: str, title: str, body: str) -> None:
            assert notify.notify(teller.deps(), target_id) == 0
            teller.notifier.send(address, title, body)

    ready(world, teller)
    (target_id,) = teller.due()
    assert notify.notify(teller.deps(Twice()), target_id) == 1
    assert len(teller.notifier.sent) == 1
