"""What happens on a Jira in the round trip, and what Plumbline says to it: one story, told to whoever keeps the stage."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime

from tests.contract.fake_jira_world import Issue, Json, World
from tests.e2e.jira_stage import START, Stage

RULES = """
rules:
- {name: quiet work, type: stalled-work, mode: live, params: {quiet_days: 3, running_sprint: true}}
- {name: grown plans, type: scope-creep, mode: live, params: {min_items: 3, min_share: 0.2, own_usual: false}}
- {name: late plans, type: missed-milestone, mode: live, params: {comment_after: 0}}
"""
DONE, LATE, GROWN, STALLED = "Done", "plumb:late", "plumb:grown", "plumb:stalled"


@dataclass(frozen=True, slots=True)
class Plans:
    """What there is when the server is connected: a running sprint of two projects, a version and a dated epic."""

    sprint: int
    version: int
    home: Issue
    epic: Issue
    quiet: Issue
    shop: Issue


def past(world: World) -> Plans:
    """Four weeks of work before anybody watches."""
    world.add_project("SHOP", "Shop")
    for who, may in {"plumb": "triage", "ada": "admin", "ben": "triage"}.items():
        world.allow("SHOP", who, may)
    board = world.add_board("PAY", "Payments")
    ended = world.add_sprint(board, "Sprint 29", start=_at(2, 2), end=_at(2, 13, 17), state="active")["id"]
    sprint = world.add_sprint(board, "Sprint 30", start=_at(2, 23), end=_at(3, 13, 17))["id"]
    version = world.add_version("PAY", "2.4", start=date(2026, 2, 23), due=date(2026, 3, 20))["id"]
    world.add_version("PAY", "Some day")
    epic = world.add_issue("PAY", "Invoices in euro", type="Epic", due=date(2026, 3, 6))
    home = world.add_issue("PAY", "Release 2.4", versions=[version], labels=["release"])
    quiet = world.add_issue("PAY", "Move to the new queue", assignee="ben", sprints=[ended], points=3.0)
    for title in ("Export as CSV", "Audit log", "A guide"):
        world.add_issue("PAY", title, versions=[version], sprints=[ended], points=2.0)
    world.add_issue("PAY", "Round to cents", epic=epic.key, estimate=7200)
    shop = world.add_issue("SHOP", "Basket forgets", sprints=[ended])
    world.now = _at(2, 13, 15)
    world.edit_sprint(ended, state="closed", moves_to=sprint)
    world.now = _at(2, 23)
    world.edit_sprint(sprint, state="active")
    world.now = _at(2, 28)
    world.edit(quiet, by="ben", status="In Progress", points=5.0)
    world.comment(quiet, "ben", "I am on it")
    world.log_work(quiet, "ben", 5400)
    world.now = START
    return Plans(sprint, version, home, epic, quiet, shop)


def check_imported(stage: Stage, plans: Plans) -> None:
    """Versions, boards' sprints, changelogs, comments and worklogs, in both projects; asked for once each."""
    milestones = {row[0]: tuple(row)[1:] for row in stage.ask("SELECT native_id, kind, start, due FROM milestone")}
    assert milestones[f"version/{plans.version}"] == ("version", "2026-02-23", "2026-03-20")
    assert milestones[f"sprint/{plans.sprint}"] == ("sprint", "2026-02-23", "2026-03-13")
    assert milestones[f"epic/{plans.epic.id}"] == ("epic", None, "2026-03-06")
    told = dict(stage.ask("SELECT field, count(*) FROM change GROUP BY field"))
    assert told["comment"] == 1
    assert told["worklog"] == 1
    assert told["estimate"] == 1
    # Of six unfinished issues each left the ended sprint and joined the next; all those were made in it.
    assert told["milestone"] >= 5
    item = dict(stage.ask("SELECT key, estimate FROM item"))
    assert item["PAY-3"] == 5.0
    assert sorted(item) == ["PAY-1", "PAY-2", "PAY-3", "PAY-4", "PAY-5", "PAY-6", "PAY-7", "SHOP-1"]
    members = "SELECT i.key FROM membership m JOIN milestone s ON s.id = m.milestone_id JOIN item i ON i.id = m.item_id"
    inside = {
        native: sorted(row[0] for row in stage.ask(f"{members} WHERE s.native_id = :native AND m.left_at IS NULL", native=native))
        for native in (f"sprint/{plans.sprint}", f"epic/{plans.epic.id}")
    }  # fmt: skip
    assert inside[f"sprint/{plans.sprint}"] == ["PAY-3", "PAY-4", "PAY-5", "PAY-6", "SHOP-1"], "of two projects"
    assert inside[f"epic/{plans.epic.id}"] == ["PAY-7"]


def _at(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def tell(stage: Stage, plans: Plans) -> dict[int, int]:
    """An issue goes quiet, a version grows and is late, an epic is late, a sprint ends short; each is mended. Gives the
    comments that were written, by issue.
    """
    world, calls = stage.jira.world, stage.jira.exchanges
    home, quiet, epic = plans.home, plans.quiet, plans.epic
    world.comment(quiet, "ben", "Nearly there")
    added = [world.add_issue("PAY", title, versions=[plans.version], points=1.0) for title in ADDED]
    world.log_work(quiet, "ben", 600)
    stage.work()
    assert stage.flags() == []
    assert calls == [], "nothing is flagged yet, and nothing is ever read"

    # Quiet since Monday in a running sprint; the version has grown; the epic's day has passed.
    stage.travel(days=4, hours=18)
    assert stage.flags() == [("grown plans", "2.4"), ("late plans", "Invoices in euro"), ("quiet work", "PAY-3")]
    assert (quiet.fields["labels"], epic.fields["labels"]) == ([STALLED], [LATE])
    assert home.fields["labels"] == ["release", GROWN]
    said = {issue.id: stage.ours(issue)[0]["id"] for issue in (home, quiet, epic)}
    assert stage.words(quiet) == QUIET
    assert stage.words(home) == GROWN_NOTE
    assert stage.words(epic) == EPIC_LATE
    for issue in (home, quiet, epic):
        assert issue.properties["plumbline"]["comment"] == str(said[issue.id])
        (link,) = issue.remote.values()
        assert link["object"]["title"] == "Plumbline: why this note?"
        assert f"{link['object']['url']}#" in stage.ours(issue)[0]["body"]
    check_untouched(stage, [*added, plans.shop])

    # The sprint ends short of what was planned: on our page, for no issue speaks for a sprint. It runs no more, so
    # what was quiet in it is not asked about.
    world.edit_sprint(plans.sprint, state="closed")
    stage.travel(days=10)
    assert ("late plans", "Sprint 30") in stage.flags()
    assert quiet.fields["labels"] == []
    assert stage.words(quiet).startswith("All clear since Sat 7 Mar: ")
    assert stage.words(home) == GROWN_NOTE, "that more days have passed is no news"
    check_untouched(stage, [*added, plans.shop])

    # The version's date passes.
    stage.travel(days=8)
    assert home.fields["labels"] == ["release", GROWN, LATE]
    assert stage.words(home) == GROWN_AND_LATE

    # The causes go away.
    world.edit(added[0], by="ada", versions=[])
    stage.work()
    assert home.fields["labels"] == ["release", LATE]
    world.edit_version(plans.version, due=date(2026, 4, 10))
    world.edit(epic, by="ada", due=date(2026, 4, 10))
    stage.travel(hours=1)
    assert stage.flags() == []
    assert (home.fields["labels"], epic.fields["labels"]) == (["release"], [])
    for issue in (home, epic):
        assert stage.words(issue) == (
            "All clear since Wed 25 Mar: due on Fri 10 Apr. (Was past its date.) {anchor:MARKER}"
        )

    # Nothing happens, nothing is called.
    before = len(calls)
    stage.travel(days=1)
    assert len(calls) == before
    check_untouched(stage, [*added, plans.shop])
    return said


def tell_on(stage: Stage, plans: Plans, said: dict[int, int]) -> None:
    """Late again, and quiet again in the next sprint: the same comments speak again."""
    world = stage.jira.world
    home, quiet, epic = plans.home, plans.quiet, plans.epic
    following = world.add_sprint(world.sprints[plans.sprint]["board"], "Sprint 31", start=_at(4, 6), end=_at(4, 24, 17))
    world.edit(quiet, by="ada", sprints=[plans.sprint, following["id"]])
    world.edit_sprint(following["id"], state="active")
    world.comment(quiet, "ben", "Back at it")
    stage.travel(days=17)
    assert stage.words(home) == LATE_AGAIN
    assert home.fields["labels"] == ["release", LATE]
    assert stage.lead(quiet) == "*Quiet for 17 days (since Thu 26 Mar). Sprint 31 ends on Fri 24 Apr.*"
    assert quiet.fields["labels"] == [STALLED]
    assert {issue.id: stage.ours(issue)[0]["id"] for issue in (home, quiet, epic)} == said, "ever the same comments"


def check_untouched(stage: Stage, issues: list[Issue]) -> None:
    """Members of a flagged plan carry none of its labels and comments."""
    for issue in issues:
        assert issue.fields["labels"] == []
        assert stage.ours(issue) == []


def check_calls(calls: list[Json], *, again: bool, workers: int = 1) -> None:
    """No read in steady state, a comment per issue ever, one call a change; each worker tries once to avoid mails, in
    vain.
    """
    assert [one for one in calls if one["verb"] not in ("PUT", "POST")] == []
    refused = [one for one in calls if one["status"] == 403]
    assert 1 <= len(refused) <= workers, "asked once, and remembered"
    calls = [one for one in calls if one not in refused]
    assert all(one["query"] == {"notifyUsers": "false"} for one in refused)
    assert all(one["query"] == {} for one in calls)
    labels = [one for one in calls if one["verb"] == "PUT" and one["path"].rpartition("/")[2].startswith("PAY-")]
    changed = [(one["path"].rpartition("/")[2], *one["body"]["update"]["labels"][0].items()) for one in labels]
    on_and_off = [(GROWN, "PAY-2"), (LATE, "PAY-2"), (LATE, "PAY-1"), (STALLED, "PAY-3")]
    for name, key in on_and_off:
        mine = [verb for number, (verb, label) in changed if (number, label) == (key, name)]
        more = ["add"] if again and name != GROWN else []
        assert mine == ["add", "remove", *more], f"{name} on {key}: one call a change"
    assert len(changed) == 8 + 3 * again
    made = Counter(one["path"] for one in calls if one["verb"] == "POST")
    root = "/rest/api/2/issue"
    assert made == {
        f"{root}/{key}/{what}": 1 for key in ("PAY-1", "PAY-2", "PAY-3") for what in ("comment", "remotelink")
    }
    edits = Counter(one["path"].split("/")[5] for one in calls if one["verb"] == "PUT" and "/comment/" in one["path"])
    assert edits == {"PAY-1": 1 + again, "PAY-2": 3 + again, "PAY-3": 1 + again}


ADDED = ("Audit log, part 2", "Dark mode", "Import from CSV")
FOOTER = (
    "This note is edited in place and nothing gets closed. Answer with {{/plumb snooze 5d reason}}, "
    "{{/plumb wrong reason}} or {{/plumb help}}. [Why this note?|HERE/i/N#MARKER]"
)
QUIET = f"""\
*Quiet for 4 days (since Mon 2 Mar). Sprint 30 ends on Fri 13 Mar.*

* Last step: work logged on 2 Mar

*What helps:* a word here about what is in the way. If something blocks it, link it, and this note goes quiet.

{FOOTER}"""
PICK = (
    "*Pick one:* take something out, move the date, or call this the new plan with {{/plumb baseline 2.4 reason}}.\n\n"
    + FOOTER
)
CAME = "[PAY-8|JIRA/browse/PAY-8], [PAY-9|JIRA/browse/PAY-9], [PAY-10|JIRA/browse/PAY-10]"
GROWN_NOTE = f"""\
*2.4 has grown since it was planned on 24 Feb: 4 items then, 7 now. Release: Fri 20 Mar.*

* Added, not done: {CAME}

{PICK}"""
EPIC_LATE = f"""\
*Invoices in euro was due on Fri 6 Mar; 1 of 1 issue is open.*

* [PAY-7|JIRA/browse/PAY-7]: not started

*Pick one:* set a new date, move this one out, or close the epic without it.

{FOOTER}"""
THREE = (
    "[PAY-10|JIRA/browse/PAY-10]: not started · [PAY-2|JIRA/browse/PAY-2]: not started · "
    "[PAY-4|JIRA/browse/PAY-4]: not started"
)
LIST = "[list|JIRA/issues/?jql=fixVersion%3DVERSION]"
GROWN_AND_LATE = f"""\
*2.4 has grown since it was planned on 24 Feb: 4 items then, 7 now. It was due on Fri 20 Mar.*

* Added, not done: {CAME}

*2.4 was due on Fri 20 Mar; 7 of 7 issues are open.*

* {THREE} · 4 more: {LIST}

{PICK}"""
LATE_AGAIN = f"""\
*2.4 was due on Fri 10 Apr; 6 of 6 issues are open.*

* {THREE} · 3 more: {LIST}
* The date moved once before (from 20 Mar), after it had passed

*Pick one:* set a new date, move these six to another version, or release without them.

{FOOTER}"""
