"""How Plumbline behaves towards people, through the real processes: what they take away stays away, what they answer
counts by their rights, it falls silent when told to, takes all of it back, and catches up before it speaks.

`plumbline up` against a stand-in for GitHub, in one shifted world time. What the stand-in lacks is shown on the sandbox
alone (tests/services/test_removals.py, test_answers.py): it has no way to hide a comment, every signed-in account may
write to a public repository, and an edit's webhook does not tell what stood there before (`changes`), so no command can
come in by an edit. Its timelines hold no comments, so what people say while the server is off is not heard. How long
the server was off is a matter of real time, which no test can let pass: the last beat of its clock is set back by a day
instead.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.store import instance
from app.time import real_now
from tests.e2e.stage import Stage
from tests.e2e.stand_in import REPO, World, connected, imported
from tests.e2e.support import changes, counting_proxy
from tests.support import eventually
from tests.support_up import installed

pytestmark = pytest.mark.e2e

PEOPLE = ("ada", "ann", "ben", "boss", "cal", "dot", "eve", "mel", "plumb")
"""ada owns it all; mel may triage, boss maintain; cal and dot and ben do the work; ann opens issues; eve is nobody."""
SEED = json.dumps(
    {
        "tokens": {who: {"login": who, "scopes": ["repo"]} for who in PEOPLE},
        "github": {
            "users": [{"login": who, "name": who.title()} for who in PEOPLE],
            "repos": [{"owner": "ada", "name": "shop", "auto_init": True}],
        },
    }
)
RULES = """
rules:
- {name: quiet work, type: stalled-work, mode: live, params: {quiet_days: 4}}
- {name: grown milestones, type: scope-creep, mode: live, params: {min_items: 3, min_share: 0.2}}
"""
STALLED, GROWN = "plumb:stalled", "plumb:grown"
KNOWN = "Known since 7 Mar. Silent until it gets worse."
HAND_WRITTEN = "Not useful here."
TRIAGE = "That is for the author, an assignee or somebody who may triage here."
MAINTAIN = "That needs the right to manage milestones here."


@pytest.fixture
def stage(emulate, shift, short_dir, tmp_path, monkeypatch) -> Iterator[Stage]:
    stand_in = emulate(SEED)
    for name in shift.env():
        monkeypatch.delenv(name)
    with installed(short_dir / "home") as here, counting_proxy(stand_in.url, shift) as proxy:
        world = World(here, shift, stand_in.url, people=PEOPLE)
        for who, right in (("mel", "triage"), ("boss", "maintain"), ("plumb", "push")):
            world.repo("ada").add_to_collaborators(who, right)
        connected(here, proxy.url, rules=RULES, now=world.now)
        world.tell_of_everything()
        yield Stage(world, proxy, tmp_path)


def test_manners(stage):
    world, here = stage.world, stage.world.here
    with here.up(stage.logs / "up.log") as process:
        here.wait_ready(process)
        eventually(lambda: imported(here), within=60, what="the import")
        home, taken, asked = flag(stage)
        people_take_away(stage, *taken)
        people_answer(stage, asked)
        people_plan(stage, home)
        quiet, later, closed_in_time, left = come_back(stage, *taken)
        writing_is_paused(stage, quiet, later)
        process.terminate()
        process.wait(30)
    while_off(stage, quiet, closed_in_time, left)
    with here.up(stage.logs / "again.log") as process:
        here.wait_ready(process)
        caught_up(stage, quiet, closed_in_time, left)
        all_is_taken_back(stage)
    refused = here.ask("SELECT event, action, status, reason FROM delivery WHERE status NOT IN ('done', 'ignored')")
    assert refused == []
    assert world.here.ask("SELECT 1 FROM publication WHERE status = 'refused'") == []


def test_ways_out_in_parts(stage):
    world, here = stage.world, stage.world.here
    with here.up(stage.logs / "up.log") as process:
        here.wait_ready(process)
        eventually(lambda: imported(here), within=60, what="the import")
        home, taken, silenced = flag(stage)
        a_label_silences_for_good(stage, silenced)
        later = one_project_is_paused(stage)
        process.terminate()
        process.wait(30)
    people_take_away_while_off(stage, *taken)
    with here.up(stage.logs / "again.log") as process:
        here.wait_ready(process)
        what_was_taken_away_is_found(stage, *taken)
        parts_are_taken_back(stage, home, later)
    assert world.here.ask("SELECT 1 FROM publication WHERE status = 'refused'") == []


def flag(stage: Stage) -> tuple[int, list[int], int]:
    """A milestone that grows, and work that goes quiet: its home, three issues of ben's, and one that ann opened."""
    world = stage.world
    ada = world.repo("ada")
    ada.create_label("release", "ffffff")
    milestone = ada.create_milestone("2.4", due_on=datetime(2026, 3, 20, 8, tzinfo=UTC))
    home = ada.create_issue("Release 2.4", milestone=milestone, labels=["release"]).number
    for title in ("Export as CSV", "Audit log", "A guide"):
        ada.create_issue(title, milestone=milestone)
    taken = [stage.working(title, by="ben") for title in ("Move the queue", "Drop the old API", "Rotate the keys")]
    asked = stage.working("Search is slow", author="ann", by="cal")
    world.travel(days=3)
    for title in ("Audit log, part 2", "Dark mode", "Import from CSV"):
        ada.create_issue(title, milestone=milestone)
    world.travel(days=2, hours=3)
    world.settle()
    assert world.labels(home) == {"release", GROWN}
    for number in (*taken, asked):
        assert world.labels(number) == {STALLED}
        assert stage.lead(number).startswith("**Quiet for 5 days")
    return home, taken, asked


def people_take_away(stage: Stage, unlabelled: int, deleted: int, edited: int) -> None:
    """A label, a comment, and the words of a comment: each is known from then on, and stays as people left it."""
    world = stage.world
    mel = world.repo("mel")
    said = world.our_comment(unlabelled)
    mel.get_issue(unlabelled).remove_from_labels(STALLED)
    mel.get_issue(deleted).get_comment(world.our_comment(deleted).id).delete()
    mel.get_issue(edited).get_comment(world.our_comment(edited).id).edit(HAND_WRITTEN)
    world.settle()
    assert world.our_comment(unlabelled).id == said.id
    check_taken_away(stage, unlabelled, deleted, edited)


def check_taken_away(stage: Stage, unlabelled: int, deleted: int, edited: int) -> None:
    for number in (unlabelled, deleted, edited):
        assert stage.world.labels(number) == set()
    assert stage.lead(unlabelled) == KNOWN
    assert stage.ours(deleted) == []
    assert stage.ours(edited) == [HAND_WRITTEN]


def people_answer(stage: Stage, number: int) -> None:
    """On one issue: a stranger in vain, then its author, its assignee and somebody who may triage."""
    body = stage.asked(number, "ack", "snooze 5d", "wrong", "expect 2026-03-20", by="eve")
    assert [answer for answer in stage.answers() if answer[1] == "refused"] == [
        (verb, "refused") for verb in ("ack", "snooze", "wrong", "expect")
    ]
    assert TRIAGE in body
    assert stage.lead(number).startswith("**Quiet for 5 days")
    assert stage.world.labels(number) == {STALLED}
    assert "Last step that counted" in stage.asked(number, "why", by="eve")
    before = len(stage.proxy.writes())
    stage.asked(number, "why", by="eve")
    assert len(stage.proxy.writes()) == before, "a stranger may ask once a day"
    assert "`/plumb baseline 2.4 reason`" in stage.asked(number, "help", by="cal")
    assert "Last step that counted" in stage.asked(number, "why", by="ann")
    for command, by, line in (
        ("ack waits for legal", "ann", 'Known since 7 Mar ("waits for legal"). Silent until it gets worse.'),
        ("snooze 5d release week", "cal", 'Quiet until Thu 12 Mar, as asked ("release week").'),
        ("expect 2026-03-20 on leave", "mel", 'Expected on Fri 20 Mar ("on leave"). Quiet until then.'),
        (
            "wrong a tracking item",
            "ann",
            'Answered as wrong on 7 Mar ("a tracking item"). Silent until it clears and comes back.',
        ),
    ):
        body = stage.asked(number, command, by=by)
        assert stage.lead(number) == line
        assert not any(f"@{who}" in body for who in PEOPLE)
        assert stage.world.labels(number) == set()


def people_plan(stage: Stage, home: int) -> None:
    """A new plan and another home are for those who manage milestones."""
    world = stage.world
    other = home + 1
    assert MAINTAIN in stage.asked(home, "baseline 2.4 agreed", "home 2.4", by="mel")
    assert stage.answers()[-2:] == [("baseline", "refused"), ("home", "refused")]
    stage.say(other, "/plumb home 2.4", by="boss")
    world.settle()
    assert stage.lead(other).startswith("**2.4 has grown")
    assert (world.labels(other), world.labels(home)) == ({GROWN}, {"release"})
    assert "The plan of 2.4 was made anew on 7 Mar" in stage.asked(other, "baseline 2.4 agreed", by="boss")
    assert world.labels(other) == set()


def come_back(stage: Stage, *taken: int) -> tuple[list[int], int, int, int]:
    """What was taken away stays away until its cause has gone and come again: ben works, and goes quiet. Beside it new
    work goes quiet: an issue of dot's, later one of cal's, and later still two of ben's.
    """
    world = stage.world
    world.travel(days=1)
    world.settle()
    check_taken_away(stage, *taken)
    for number in taken:
        stage.say(number, "Back at it", by="ben")
    quiet = stage.working("Bigger fonts", by="dot")
    world.travel(days=1)
    assert stage.lead(taken[0]).startswith("All clear since Sun 8 Mar")
    assert stage.ours(taken[1]) == []
    assert stage.ours(taken[2]) == [HAND_WRITTEN]
    later = stage.working("A new logo", by="cal")
    world.travel(days=1)
    closed_in_time = stage.working("Spell checker", by="ben")
    left = stage.working("Offline mode", by="ben")
    world.travel(days=1.5)
    return [*taken, quiet], later, closed_in_time, left


def writing_is_paused(stage: Stage, quiet: list[int], later: int) -> None:
    """In the midst of writing on four items; a fifth is flagged meanwhile. Then all that is left is written."""
    world, proxy = stage.world, stage.proxy
    proxy.clear()
    world.travel(hours=16)
    eventually(proxy.writes, within=20, what="the first write")
    stage.command("pause")
    since = time.monotonic() + 1
    done = len(proxy.writes())
    assert done < 8, "there is something left to write"
    world.jump(hours=24)
    eventually(lambda: stage.flagged(later), what="judging while paused")
    time.sleep(max(0.0, since + 3 - time.monotonic()))
    assert proxy.writes(after=since) == []
    assert not world.here.is_idle(), "it waits"
    assert world.labels(later) == set()
    stage.command("resume")
    world.settle()
    for number in (*quiet, later):
        assert world.labels(number) == {STALLED}
        assert stage.lead(number).startswith("**Quiet for"), "also where our comment was deleted or edited before"
        assert len(stage.ours(number)) == 1


def while_off(stage: Stage, quiet: list[int], closed_in_time: int, left: int) -> None:
    """A day without the server: one flag loses its cause, one never gets it, and one becomes due."""
    world, db = stage.world, stage.world.here.runtime.db
    assert world.labels(closed_in_time) == world.labels(left) == set()
    with db.write() as tx:
        instance.set_ticked(tx, real_now() - timedelta(days=1))
    world.jump(hours=12)
    for number in (quiet[3], closed_in_time):
        world.repo("ada").get_issue(number).edit(state="closed")
    world.jump(hours=12)
    stage.proxy.clear()


def caught_up(stage: Stage, quiet: list[int], closed_in_time: int, left: int) -> None:
    """Everything that changed is read before the first word, and that word fits."""
    world, proxy = stage.world, stage.proxy
    eventually(proxy.writes, within=60, what="a word after the gap")
    world.settle()
    first = next(place for place, call in enumerate(proxy.calls) if changes(call))
    read = [path.partition("?")[0] for verb, path in proxy.calls[:first] if verb == "GET"]
    for number in (quiet[3], closed_in_time):
        assert f"/repos/{REPO}/issues/{number}/timeline" in read
    assert world.labels(quiet[3]) == set()
    assert stage.lead(quiet[3]).startswith("All clear since")
    assert (world.labels(closed_in_time), stage.ours(closed_in_time)) == (set(), [])
    assert world.labels(left) == {STALLED}
    assert stage.lead(left).startswith("**Quiet for 4 days")


def all_is_taken_back(stage: Stage) -> None:
    """The repository is as it would be without us: at once, and a day later."""
    proxy = stage.proxy
    before, without_us = stage.picture(), stage.picture(without_us=True)
    proxy.clear()
    said = stage.command("retract", "--dry-run")
    assert "nothing was taken back" in said
    assert (stage.picture(), proxy.writes()) == (before, [])
    assert "All of it is gone." in stage.command("retract")
    assert stage.picture() == without_us
    stage.world.travel(days=1)
    stage.world.settle()
    assert stage.picture() == without_us


def a_label_silences_for_good(stage: Stage, number: int) -> None:
    """`plumb:off`: our label goes, the comment shrinks, and so it stays until somebody takes it off."""
    world, mel = stage.world, stage.world.repo("mel")
    off = world.repo("ada").create_label("plumb:off", "ffffff")
    mel.get_issue(number).add_to_labels(off.name)
    world.settle()
    for _ in range(2):
        assert world.labels(number) == {off.name}
        assert stage.lead(number) == "Silent here as long as the label `plumb:off` is on."
        world.travel(days=1)
        world.settle()
    assert stage.flagged(number), "it is judged all the same"
    mel.get_issue(number).remove_from_labels(off.name)
    world.settle()
    assert world.labels(number) == {STALLED}
    assert stage.lead(number).startswith("**Quiet for")
    assert len(stage.ours(number)) == 1
    off.delete()
    world.settle()


def one_project_is_paused(stage: Stage) -> int:
    """Writing to it stops while judging goes on; gives the issue that became quiet meanwhile."""
    world, proxy = stage.world, stage.proxy
    assert f"Nothing is written to {REPO}" in stage.command("pause", "--project", REPO)
    later = stage.working("A new logo", by="cal")
    world.travel(days=1)
    proxy.clear()
    world.jump(days=3, hours=12)
    eventually(lambda: stage.flagged(later), what="judging while paused")
    time.sleep(2)
    assert (proxy.writes(), world.labels(later), stage.ours(later)) == ([], set(), [])
    stage.command("resume", "--project", REPO)
    world.settle()
    assert world.labels(later) == {STALLED}
    assert stage.lead(later).startswith("**Quiet for 4 days")
    return later


def people_take_away_while_off(stage: Stage, unlabelled: int, deleted: int, edited: int) -> None:
    """A day without the server, which no webhook reaches."""
    world, mel = stage.world, stage.world.repo("mel")
    for number in (unlabelled, deleted, edited):
        assert world.labels(number) == {STALLED}
    with world.here.runtime.db.write() as tx:
        instance.set_ticked(tx, real_now() - timedelta(days=1))
    world.jump(hours=6)
    mel.get_issue(unlabelled).remove_from_labels(STALLED)
    mel.get_issue(deleted).get_comment(world.our_comment(deleted).id).delete()
    mel.get_issue(edited).get_comment(world.our_comment(edited).id).edit(HAND_WRITTEN)
    mel.get_issue(edited).edit(title="Rotate all the keys")  # here an edited comment does not move its issue's date
    world.jump(hours=6)


def what_was_taken_away_is_found(stage: Stage, *taken: int) -> None:
    """The same outcome as by webhooks, in the name of who did it where the timeline says that."""
    world = stage.world
    eventually(lambda: len(stage.answers()) == 3, within=60, what="the answers")
    found = world.here.ask("SELECT verb, who, status FROM answer ORDER BY verb")
    assert [tuple(row) for row in found] == [
        ("delete", "somebody", "taken"),
        ("edit", "somebody", "taken"),
        ("unlabel", "mel", "taken"),
    ]
    world.settle()
    for _ in range(2):
        for number in taken:
            assert world.labels(number) == set()
        assert stage.lead(taken[0]).startswith("Known since")
        assert stage.ours(taken[1]) == []
        assert stage.ours(taken[2]) == [HAND_WRITTEN]
        world.travel(days=1)
        world.settle()


def parts_are_taken_back(stage: Stage, home: int, later: int) -> None:
    """Of flags since a day, of one rule, and in the end of one project: each listed first, and nothing beyond it goes."""
    world = stage.world
    since = (world.now - timedelta(days=5)).strftime("%Y-%m-%d")
    assert (GROWN in world.labels(home), len(stage.ours(home))) == (True, 1)
    for words, number in ((("--since", since), later), (("--rule", "grown milestones"), home)):
        before = stage.picture()
        listed = dry_run(stage, *words)
        assert f"#{number} " in listed
        stage.command("retract", *words)
        assert not any(label.startswith("plumb:") for label in world.labels(number))
        assert stage.ours(number) == []
        after = stage.picture()
        rest = [other for other in before["items"] if other != number]
        assert all(before["items"][other] == after["items"][other] for other in rest)
        assert before["labels"] == after["labels"]
    before, without_us = stage.picture(), stage.picture(without_us=True)
    assert before != without_us
    dry_run(stage, "--project", REPO)
    assert "All of it is gone." in stage.command("retract", "--project", REPO)
    assert stage.picture() == without_us
    world.travel(days=1)
    world.settle()
    assert stage.picture() == without_us


def dry_run(stage: Stage, *words: str) -> str:
    """What would be taken back; nothing is."""
    before = stage.picture()
    stage.proxy.clear()
    said = stage.command("retract", *words, "--dry-run")
    assert "nothing was taken back" in said
    assert (stage.picture(), stage.proxy.writes()) == (before, [])
    return said
