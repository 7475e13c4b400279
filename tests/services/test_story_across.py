"""One story over both trackers: an issue of a Jira sprint, the pull request that carries it, and what is said where.

The pull request stalls; the issue says so and links it; a review clears it; merged, with the issue left as it was, the
two are said to be apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.store import models
from tests.services.across import Across

QUIET = "{name: quiet, type: stalled-work, mode: live, params: {quiet_days: 3, running_sprint: true}}"
APART = "{name: apart, type: state-mismatch, mode: live, params: {days: 2}}"
WAITS = "{name: waits, type: stalled-review, mode: live, params: {reviewer_days: 2}}"

PULL = "https://github.com/acme/shop-api/pull/482"
TITLE = "PAY-231 Charge a saved card"

MODEL = f"""\
*Quiet for 3 working days (since Mon 2 Mar). Sprint 31 ends on Fri 13 Mar.*

* It waits for a review: [shop-api #482|{PULL}], open since 2 Mar, nobody asked yet
* 3 points of the 8 in the sprint

*What helps:* a reviewer for the pull request, or a word here about what is in the way. If something blocks it, link \
it or set the flag, and this note goes quiet.

This note is edited in place and nothing gets closed. Answer with {{{{/plumb snooze 5d reason}}}}, \
{{{{/plumb wrong reason}}}} or {{{{/plumb help}}}}. [Why this note?|http://plumb/i/"""


@pytest.fixture
def across(database_url: str, tmp_path: Path) -> Iterator[Across]:
    made = Across(database_url, tmp_path)
    yield made
    made.close()


def issue_arrives(world: Across) -> None:
    """A sprint that has begun this morning, and in it the issue, in progress, beside another one."""
    jira, at = world.jira, world.now
    jira.add_sprint(at, 31, name="Sprint 31", start=at, end=at + timedelta(days=11), board=12)
    jira.start_sprint(at, 31)
    jira.open(at, "PAY-230", by="Noor", summary="Show the fee before paying", points=5, sprints=(31,))
    jira.open(at, "PAY-231", by="Noor", summary="Charge a saved card", points=3, sprints=(31,))
    jira.change(at, "PAY-231", by="Kim", status="In Progress", assignee="Kim")
    world.tell()
    world.drain()


def pull_arrives(world: Across, *, title: str = TITLE, number: int = 482) -> None:
    world.post(world.hub.pull(number, at=world.now + timedelta(hours=1), author="mel", title=title))
    world.drain()


def links(world: Across) -> set[tuple[str, str, str]]:
    """Edges as (source, kind, target); a target that nobody knows yet is left out."""
    link, item = models.link, models.item
    target = item.alias()
    rows = world.rows(
        sa.select(item.c.key, link.c.kind, target.c.key)
        .join(item, item.c.id == link.c.source_item_id)
        .join(target, target.c.id == link.c.target_item_id)
    )
    return {(row[0], row[1], row[2]) for row in rows}


def stalled(world: Across) -> None:
    """Both arrive on Monday, and nobody does anything until Thursday."""
    world.rules(QUIET, APART)
    issue_arrives(world)
    pull_arrives(world)
    world.wait(days=3, hours=1)
    world.settle()


def text(world: Across, number: int = 231) -> str:
    (comment,) = world.comments(number)
    return comment.body


@pytest.mark.parametrize("first", ["issue", "pull request"])
def test_a_pull_request_that_names_an_issue_is_linked_whichever_comes_first(across: Across, first: str) -> None:
    for arrives in (issue_arrives, pull_arrives) if first == "issue" else (pull_arrives, issue_arrives):
        arrives(across)
    assert links(across) == {("#482", "implements", "PAY-231")}


@pytest.mark.parametrize("first", ["issue", "pull request"])
def test_the_issue_says_what_it_waits_for_and_links_it(across: Across, first: str) -> None:
    across.rules(QUIET, APART)
    for arrives in (issue_arrives, pull_arrives) if first == "issue" else (pull_arrives, issue_arrives):
        arrives(across)
    across.wait(days=3, hours=1)
    across.settle()
    said = text(across)
    assert said[: len(MODEL)] == MODEL
    assert "#plumbline:" in said[len(MODEL) :]
    assert across.labels(231) == ["plumb:stalled"]
    assert (across.labels(482), across.comments(482)) == ([], [])


def test_the_pull_request_alone_speaks_where_its_own_rules_are_live(across: Across) -> None:
    across.rules(QUIET, WAITS)
    issue_arrives(across)
    pull_arrives(across)
    across.wait(days=2, hours=2)
    across.settle()
    across.wait(days=1)
    across.settle()
    assert across.labels(482) == ["plumb:stalled"]
    assert len(across.comments(482)) == 1
    assert (across.labels(231), across.comments(231)) == ([], [])


def test_our_own_writes_in_jira_come_back_and_change_nothing(across: Across) -> None:
    stalled(across)
    before = text(across)
    across.settle()
    assert across.publish() == 0
    assert text(across) == before
    assert across.counts().get("failed", 0) == 0
    assert across.flags() == [("quiet", "item", 231)]


def test_a_review_lets_the_note_shrink_to_one_line(across: Across) -> None:
    stalled(across)
    across.post(across.hub.review(482, at=across.now, by="lead", state="commented"))
    across.settle()
    assert text(across).startswith("All clear since Thu 5 Mar: moved. (Was quiet for 3 working days.)")
    assert across.labels(231) == []


def test_merged_with_the_issue_left_in_progress_is_said_after_two_working_days(across: Across) -> None:
    stalled(across)
    across.post(across.hub.review(482, at=across.now, by="lead", state="approved"))
    across.post(across.hub.close(482, at=across.now, by="mel", merged=True))
    across.settle()
    across.wait(days=3)  # Sunday: one working day has passed
    across.settle()
    assert across.flags() == []
    across.wait(days=1, hours=2)
    across.settle()
    assert across.flags() == [("apart", "item", 231)]
    said = text(across)
    assert said.startswith('*Its pull request was merged on Thu 5 Mar; the status is still "In Progress".*')
    assert f"[shop-api #482|{PULL}]" in said


def test_row_49_a_word_like_a_key_links_nothing(across: Across) -> None:
    issue_arrives(across)
    pull_arrives(across, title="Check webhooks with SHA-256 and UTF-8")
    assert links(across) == set()


def test_a_key_of_a_project_that_is_added_later_links_then(across: Across) -> None:
    issue_arrives(across)
    pull_arrives(across, title="PLAT-77 Ask for the certificate")
    assert links(across) == set()
    across.add_jira("PLAT")
    across.jira.open(across.now, "PLAT-77", by="Noor", summary="Certificate for the wallet provider")
    across.tell()
    across.drain()
    assert links(across) == {("#482", "implements", "PLAT-77")}
