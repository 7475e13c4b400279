"""From GitHub's own webhook to a label and a comment and back, through the real processes.

`plumbline up` with its embedded broker, against a stand-in for GitHub that sends signed webhooks of what is done in
it through PyGithub. Both live in one shifted world time, so that days pass at once.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from tests.e2e.stand_in import REPO, World, connected, imported
from tests.e2e.support import counting_proxy
from tests.support import eventually
from tests.support_up import installed

pytestmark = pytest.mark.e2e

SEED = """
tokens:
  plumb: {login: plumb, scopes: [repo]}
  ada: {login: ada, scopes: [repo]}
  ben: {login: ben, scopes: [repo]}
github:
  users:
    - {login: ada, name: Ada}
    - {login: ben, name: Ben}
    - {login: plumb, name: Plumb}
  repos:
    - {owner: ada, name: shop, auto_init: true}
"""
RULES = """
rules:
- {name: quiet work, type: stalled-work, mode: live, params: {quiet_days: 4}}
- {name: quiet reviews, type: stalled-review, mode: live, params: {author_days: 4, author_comment_days: 4}}
- {name: grown milestones, type: scope-creep, mode: live, params: {min_items: 3, min_share: 0.2}}
- {name: late milestones, type: missed-milestone, mode: live, params: {comment_after: 0}}
"""


def test_a_round_trip(emulate, shift, short_dir, tmp_path, monkeypatch):
    stand_in = emulate(SEED)
    for name in shift.env():
        monkeypatch.delenv(name)
    with installed(short_dir / "home") as here, counting_proxy(stand_in.url, shift) as proxy:
        world = World(here, shift, stand_in.url, people=("ada", "ben", "plumb"))
        connected(here, proxy.url, rules=RULES, now=world.now)
        world.tell_of_everything()
        with here.up(tmp_path / "up.log") as process:
            here.wait_ready(process)
            eventually(lambda: imported(here), within=60, what="the import")
            proxy.clear()
            tell(world, proxy.calls)


def tell(world: World, calls: list[tuple[str, str]]) -> None:
    """A milestone that grows and is late, an issue and a pull request that go quiet; and how each is mended."""
    ada, ben = world.repo("ada"), world.repo("ben")
    milestone = ada.create_milestone("2.4", due_on=datetime(2026, 3, 20, 8, tzinfo=UTC))
    ada.create_label("release", "ffffff")
    home = ada.create_issue("Release 2.4", milestone=milestone, labels=["release"]).number
    members = [ada.create_issue(title, milestone=milestone) for title in ("Export as CSV", "Audit log", "A guide")]
    quiet = ada.create_issue("Move to the new queue", assignees=["ben"]).number
    ben.get_issue(quiet).create_comment("I am on it")
    ada.create_git_ref("refs/heads/safari", ada.get_git_ref("heads/main").object.sha)
    ada.create_file("login.txt", "Fix login", "on Safari", branch="safari")
    pull = ben.create_pull("main", "safari", title="Fix login on Safari", body="").number
    ada.get_pull(pull).create_review(body="What about iPad?", event="COMMENT")
    world.travel(days=3)
    added = [ada.create_issue(t, milestone=milestone) for t in ("Audit log, part 2", "Dark mode", "Import from CSV")]
    members += added
    assert calls == [], "nothing is flagged yet, and nothing is ever read"

    # Days pass: the milestone has grown, the issue and the pull request are quiet.
    world.travel(days=2, hours=3)
    world.settle()
    assert world.labels(home) == {"release", "plumb:grown"}
    assert world.labels(quiet) == world.labels(pull) == {"plumb:stalled"}
    said = {number: world.our_comment(number) for number in (home, quiet, pull)}
    assert world.words(said[home]) == GROWN
    assert world.words(said[quiet]) == QUIET
    assert world.words(said[pull]) == QUIET_REVIEW
    world.check_untouched(members)

    # The date passes.
    world.travel(days=16)
    world.settle()
    assert world.labels(home) == {"release", "plumb:grown", "plumb:late"}
    late = world.our_comment(home)
    assert late.id == said[home].id
    assert world.words(late) == GROWN_AND_LATE
    assert world.our_comment(quiet).body == said[quiet].body, "that more days have passed is no news"
    world.check_untouched(members)

    # The causes go away. The stand-in's `demilestoned` holds no milestone but its title, which GitHub's never does and
    # which is refused; so an addition is given up instead of being taken out.
    ben.get_issue(quiet).create_comment("Back from leave, it is done tomorrow")
    ben.get_pull(pull).create_issue_comment("Works on iPad")
    added[0].edit(state="closed", state_reason="not_planned")
    world.settle()
    assert world.labels(home) == {"release", "plumb:late"}
    assert world.words(world.our_comment(home)) == LATE
    milestone.edit("2.4", due_on=datetime(2026, 3, 27, 8, tzinfo=UTC))
    world.settle()
    assert world.labels(home) == {"release"}
    assert world.labels(quiet) == world.labels(pull) == set()
    for number, line in ((home, MENDED), (quiet, ANSWERED), (pull, ANSWERED)):
        now = world.our_comment(number)
        assert now.id == said[number].id, "the same comment shrinks"
        assert world.words(now) == line

    # Nothing happens, nothing is called.
    before = len(calls)
    world.travel(days=1)
    world.settle()
    assert len(calls) == before

    # Late again, and quiet again: the same comments speak again.
    world.travel(days=5)
    world.settle()
    again = world.our_comment(home)
    assert again.id == said[home].id
    assert world.words(again) == LATE_AGAIN
    assert world.labels(home) == {"release", "plumb:late"}
    assert world.our_comment(quiet).id == said[quiet].id
    assert world.words(world.our_comment(quiet)).startswith("**Quiet for 5 days (since Mon 23 Mar).**")
    assert world.labels(pull) == {"plumb:stalled"}, "now the reviewers' turn: in public a label only"
    assert world.words(world.our_comment(pull)).startswith("Waiting for a review for 5 days.\n"), "what the label says"
    world.check_untouched(members)

    check_calls(calls)
    refused = world.here.ask(
        "SELECT event, action, status, reason FROM delivery WHERE status NOT IN ('done', 'ignored')"
    )
    assert refused == []


def check_calls(calls: list[tuple[str, str]]) -> None:
    """Writes only, and of each no more than was needed."""
    count = Counter((verb, path.rsplit("/", 1)[-1] if verb == "POST" else "") for verb, path in calls)
    assert {verb for verb, _ in calls} == {"POST", "PATCH", "DELETE"}, "no read in steady state"
    assert count["POST", "comments"] == 3, "one comment per item ever"
    labels_made = sum(path == f"/repos/{REPO}/labels" for _, path in calls)
    assert labels_made == 3, "each label is created once"
    assert count["POST", "labels"] - labels_made == 4 + 3, "four flags, and later three anew"
    assert count["DELETE", ""] == 4
    assert count["PATCH", ""] == 2 + 3 + 3, "more to say, all clear, and three that say something anew"


FOOTER = (
    "This note is edited in place and nothing gets closed. Answer with `/plumb snooze 2w reason`, `/plumb wrong reason`"
    " or `/plumb help`. [Why this note?](HERE/i/N)</sub>\n<!-- MARKER -->"
)
PICK = "take something out · move the date · or call this the new plan with `/plumb baseline 2.4 reason`."
PLANNED = f"<sub>Planned = what was in on 4 Mar, a tenth of the way to the date. {FOOTER}"
GROWN = f"""\
**2.4 has grown since it was planned: 4 items then, 7 now. It is due on Fri 20 Mar.**

| added since 4 Mar | on | now |
| --- | --- | --- |
| [#7](HUB/issues/7) Audit log, part 2 | 5 Mar | not started |
| [#8](HUB/issues/8) Dark mode | 5 Mar | not started |
| [#9](HUB/issues/9) Import from CSV | 5 Mar | not started |

**Pick one:** {PICK}

{PLANNED}"""
GROWN_AND_LATE = f"""\
**2.4 has grown since it was planned: 4 items then, 7 now. It was due on Fri 20 Mar.**

**2.4 was due on Fri 20 Mar; 7 of 7 items are open.**

- [#1](HUB/issues/1) Release 2.4: not started, nobody assigned

**Pick one:** {PICK}

{PLANNED}"""
QUIET = f"""\
**Quiet for 5 days (since Mon 2 Mar).**

- Last step: [comment of 2 Mar](HUB/issues/5#issuecomment-1)

**What helps:** a word here about what is in the way. If something blocks it, link it, and this note goes quiet.

<sub>{FOOTER}"""
QUIET_REVIEW = f"""\
**Quiet for 5 days; it looks like the author's turn.**

- Last step: [review of 2 Mar](HUB/pull/6#pullrequestreview-1), not answered yet
- No conflicts

**What helps:** an answer, a push, or a word that it is on hold. Handing it over is fine too; just say so.

<sub>{FOOTER}"""
ANSWERED = "All clear since Mon 23 Mar: answered. (Was quiet for 5 days.)\n<!-- MARKER -->"
LATE = f"""\
**2.4 was due on Fri 20 Mar; 6 of 6 items are open.**

- [#1](HUB/issues/1) Release 2.4: not started, nobody assigned
- [#2](HUB/issues/2) Export as CSV: not started, nobody assigned
- 4 more: [list](HUB/milestone/1)

**Pick one:** set a new date · move these six out · or close the milestone if what is done is enough.

<sub>{FOOTER}"""
MENDED = "All clear since Mon 23 Mar: due on Fri 27 Mar. (Was past its date.)\n<!-- MARKER -->"
LATE_AGAIN = LATE.replace("20 Mar", "27 Mar").replace(
    "**Pick one:**", "The date moved once before (from 20 Mar), after it had passed.\n\n**Pick one:**"
)
