"""How Plumbline behaves towards people on a Jira, Cloud and Data Center: what they take away stays away, what they answer
counts by Jira's rights, it falls silent when told to, and takes all of it back. Our account administers the project, so
Jira mails nobody of an edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from tests.contract.fake_jira import fake_jira
from tests.contract.fake_jira_world import Issue
from tests.e2e.jira_stage import START, Stage, staged
from tests.e2e.jira_story import GROWN, STALLED

pytestmark = pytest.mark.e2e

RULES = """
rules:
- {name: quiet work, type: stalled-work, mode: live, params: {quiet_days: 3}}
- {name: grown plans, type: scope-creep, mode: live, params: {min_items: 3, min_share: 0.2, own_usual: false}}
"""
HAND_WRITTEN = "Never mind this one: we talk about it on Tuesday."
TRIAGE = "That is for the author, an assignee or somebody who may triage here. Anybody may ask {{/plumb why}}."
MAINTAIN = "That needs the right to manage milestones here. Ask a maintainer, or use {{/plumb snooze}}."


@pytest.fixture(params=["cloud", "datacenter"])
def stage(request, _sqlite_template, tmp_path, monkeypatch) -> Iterator[Stage]:
    """A project that is watched since Monday, with nothing flagged."""
    with fake_jira(request.param) as jira, staged(jira, _sqlite_template, tmp_path / "home", monkeypatch) as found:
        world = jira.world
        world.allow("PAY", "plumb", "admin")
        version = world.add_version("PAY", "2.4", start=date(2026, 2, 23), due=date(2026, 4, 20))["id"]
        for title in ("Export as CSV", "Audit log", "A guide"):
            world.add_issue("PAY", title, versions=[version])
        world.now = START
        found.connect()
        found.watch()
        found.waiting.clear()
        found.rules(RULES)
        found.work()
        jira.exchanges.clear()
        yield found
        found.check_all_taken_in()


def working(stage: Stage, title: str, **fields: object) -> Issue:
    """An issue that ben is at work on, and goes quiet from now on."""
    issue = stage.jira.world.add_issue("PAY", title, assignee="ben", **fields)
    stage.jira.world.edit(issue, by="ben", status="In Progress")
    return issue


def quiet(stage: Stage, *titles: str, **fields: object) -> list[Issue]:
    """Issues that we have flagged as quiet."""
    found = [working(stage, title, **fields) for title in titles]
    stage.travel(days=3, minutes=1)
    for issue in found:
        assert issue.fields["labels"] == [STALLED]
        assert stage.lead(issue).startswith("*Quiet for 3 days")
    stage.jira.world.now = stage.jira.world.now.replace(second=0)
    stage.travel(minutes=10)
    return found


def test_people_answer_by_their_rights(stage):
    (issue,) = quiet(stage, "Search is slow", by="ada")
    world = stage.jira.world
    names = {name: user["shown"] if world.cloud else name for name, user in world.users.items()}
    body = stage.asked(issue, "ack", "snooze 5d", "wrong", "expect 2026-03-20", by="eve")
    assert {(who, status) for _, who, status in stage.answers()} == {(names["eve"], "refused")}
    assert TRIAGE in body
    assert body.startswith("*Quiet for 3 days")
    assert issue.fields["labels"] == [STALLED]
    assert "Last step that counted" in stage.asked(issue, "why", by="eve")
    for command, by, line in (
        ("ack waits for legal", "ada", 'Known since 5 Mar ("waits for legal"). Silent until it gets worse.'),
        ("snooze 5d release week", "ben", 'Quiet until Tue 10 Mar, as asked ("release week").'),
        ("expect 2026-03-20 on leave", "tri", 'Expected on Fri 20 Mar ("on leave"). Quiet until then.'),
        ("wrong a tracking item", "ada", 'Answered as wrong on 5 Mar ("a tracking item"). Silent until'),
    ):
        assert stage.asked(issue, command, by=by).startswith(line)
        assert issue.fields["labels"] == []
    assert stage.jira.mails == ["comment PAY-4"], "edits by an administrator's account mail nobody"


def test_a_plan_is_made_anew_by_who_manages_it(stage):
    world = stage.jira.world
    version = next(iter(world.versions))
    home, other = (world.add_issue("PAY", title) for title in ("Release 2.4", "What is in 2.4"))
    for title in ("Audit log, part 2", "Dark mode", "Import from CSV"):
        world.add_issue("PAY", title, versions=[version])
    stage.travel(days=2)
    assert stage.flags() == [("grown plans", "2.4")]
    assert [one for issue in world.issues.values() for one in stage.ours(issue)] == [], "no issue speaks for it yet"
    world.comment(home, "tri", "/plumb home 2.4")
    stage.work()
    assert stage.answers() == [("home", "Tri" if world.cloud else "tri", "refused")]
    world.comment(home, "boss", "/plumb home 2.4")
    stage.work()
    assert stage.lead(home).startswith("*2.4 has grown since it was planned")
    assert home.fields["labels"] == [GROWN]
    assert MAINTAIN in stage.asked(home, "baseline 2.4 agreed", by="tri")
    assert stage.answers()[-1][::2] == ("baseline", "refused")
    assert "The plan of 2.4 was made anew on 4 Mar" in stage.asked(home, "baseline 2.4 agreed", by="boss")
    assert home.fields["labels"] == []
    world.comment(other, "ada", "/plumb home 2.4")  # who administers the project may too
    stage.work()
    assert stage.answers()[-1][::2] == ("home", "taken")


def test_what_people_take_away_stays_away(stage):
    world = stage.jira.world
    issues = unlabelled, deleted, edited = quiet(stage, "Move the queue", "Drop the old API", "Rotate the keys")
    assert stage.answers() == [], "our own writes, which came back, are nobody's answer"
    world.edit(unlabelled, by="tri", labels=[])
    world.delete_comment(deleted, stage.ours(deleted)[0], "ada")
    world.edit_comment(edited, stage.ours(edited)[0], "ada", HAND_WRITTEN)
    for days in (0, 1):
        stage.travel(days=days)
        assert [issue.fields["labels"] for issue in issues] == [[], [], []]
        assert stage.lead(unlabelled).startswith("Known since 5 Mar")
        assert stage.ours(deleted) == []
        assert [one["body"] for one in stage.ours(edited)] == [HAND_WRITTEN]
    assert sorted(verb for verb, _, status in stage.answers() if status == "taken") == ["delete", "edit", "unlabel"]

    # Until the cause has gone, and comes again.
    for issue in issues:
        world.comment(issue, "ben", "Back at it")
    stage.travel(days=3, minutes=1)
    for issue in issues:
        assert issue.fields["labels"] == [STALLED]
        assert stage.lead(issue).startswith("*Quiet for 3 days")


def test_a_label_silences_for_good(stage):
    world = stage.jira.world
    (issue,) = quiet(stage, "Bigger fonts")
    world.edit(issue, by="tri", labels=[*issue.fields["labels"], "plumb:off"])
    for _ in range(2):
        stage.travel(days=1)
        assert issue.fields["labels"] == ["plumb:off"]
        assert stage.lead(issue).startswith("Silent here as long as the label {{plumb:off}} is on.")
    assert stage.flags() == [("quiet work", issue.key)], "it is judged all the same"
    world.edit(issue, by="tri", labels=[])
    stage.work()
    assert issue.fields["labels"] == [STALLED]
    assert stage.lead(issue).startswith("*Quiet for")


def test_writing_is_paused_and_all_is_taken_back(stage):
    first, second = quiet(stage, "Spell checker", "Offline mode")
    later = working(stage, "A new logo")
    stage.work()
    assert "Nothing is written to PAY" in stage.command("pause", "--project", "PAY").words
    stage.jira.exchanges.clear()
    stage.travel(days=3, minutes=1)
    assert ("quiet work", later.key) in stage.flags()
    assert (stage.jira.exchanges, later.fields["labels"]) == ([], [])
    stage.command("resume", "--project", "PAY")
    stage.work()
    assert later.fields["labels"] == [STALLED]
    said = stage.command("retract", "--dry-run")
    assert "nothing was taken back" in said.words
    assert first.fields["labels"] == [STALLED]
    said = stage.command("retract")
    assert "All of it is gone." in said.words, said.words
    for _ in range(2):
        for issue in (first, second, later):
            assert (issue.fields["labels"], stage.ours(issue), issue.properties, issue.remote) == ([], [], {}, {})
        stage.travel(days=1)
    assert [verb for verb, _, status in stage.answers() if status == "taken"] == []


def test_an_issue_that_not_everybody_sees(stage):
    """Where a security level keeps an issue from some, what we write of it stands on it alone."""
    world = stage.jira.world
    (hidden,) = quiet(stage, "A breach at the bank", security="Board only")
    version = next(iter(world.versions))
    world.edit(hidden, by="ada", versions=[version])
    blocked, home = working(stage, "After the other one"), world.add_issue("PAY", "Release 2.4", labels=["release"])
    world.edit(home, by="ada", versions=[version])
    world.link(hidden, blocked)
    for title in ("Audit log, part 2", "Dark mode", "Import from CSV"):
        world.add_issue("PAY", title, versions=[version])
    stage.travel(days=4)
    assert (("grown plans", "2.4") in stage.flags(), ("quiet work", blocked.key) in stage.flags()) == (True, False)
    world.unlink(blocked.fields["links"][0]["id"])
    stage.travel(days=46)
    assert blocked.fields["labels"] == [STALLED]
    assert home.fields["labels"] == ["release", GROWN]
    told = "".join(one["body"] for issue in world.issues.values() if issue is not hidden for one in stage.ours(issue))
    assert "2.4 has grown" in told
    assert (hidden.key in told, "breach" in told, "Board only" in told) == (False, False, False)
