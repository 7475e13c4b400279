"""Stories that do not say when they are done: what counts as criteria, and where they are asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from rules.catalog import missing_acceptance_criteria as rule
from rules.facts import Item, Sprint, State
from rules.readiness import LONGEST, says_when_done
from rules.verdict import Outcome, Reach, Severity, Verdict
from rules.wording.render import plain
from tests.rules.build import BOT, at, item, jira

HOME = jira()
SPRINT = Sprint("Sprint 31", date(2026, 12, 4), None, date(2026, 11, 23))
NOW = at("2026-11-24 10:00")
SECTIONS = ("acceptance criteria", "done when")


def judged(subject: Item, *, now: datetime = NOW, **params: object) -> Verdict:
    return rule.judge(subject, rule.MissingAcceptanceCriteriaParams.model_validate(params), now)


def story(body: str = "Export the list as CSV.", **fields: Any) -> Item:
    base = {"project": HOME, "state": State.TODO, "type": "Story", "sprint": SPRINT, "body": body}
    return item(**(base | fields))


SAYS = {
    "markdown": "Text.\n\n## Acceptance criteria\n\n- The file opens in a spreadsheet\n",
    "with more words": "### Acceptance Criteria (AC) ###\nIt opens.",
    "a deeper heading": "# Acceptance criteria\n## Export\nIt opens.",
    "Jira": "h3. Acceptance Criteria\r\n* It opens",
    "bold": "**Acceptance criteria:**\n1. It opens",
    "bold in Jira": "*Acceptance criteria*\n# It opens",
    "after a colon": "Acceptance criteria: it opens in a spreadsheet.",
    "a line of its own": "Done when\n- it opens",
    "hyphens and case": "## acceptance-criteria\nIt opens.",
    "a check list": "Text.\n\n- [ ] it opens\n- [x] it has a header",
    "given, when, then": "Given a list\nWhen I export it\nThen a file opens",
    "in one line": "* Given a list, when I export it, then a file opens.",
    "in bold": "*Given* a list\n*And* a user\n*When* it is exported\n*Then* a file opens",
}
SILENT = {
    "nothing": "",
    "a sentence": "As a user I want to export, given that I may, so that then I have it.",
    "an empty heading": "## Acceptance criteria\n\n## Notes\nSomething else.",
    "a template": "## Acceptance criteria\n<!-- when is it done? -->\n- [ ] \n* \n1. TBD\n- <criterion>\n[criterion 2]\n...",
    "a hidden heading": "<!-- ## Acceptance criteria\n- it opens -->",
    "never closed": "<!-- ## Acceptance criteria\n- it opens",
    "after a colon, nothing": "Acceptance criteria: TBD",
    "another section": "## Steps\n- open it",
    "only the word": "We lack acceptance criteria for this one.",
    "then before when": "Then it opens\nWhen asked\nGiven all",
    "beyond what is read": "x" * LONGEST + "\n## Acceptance criteria\nIt opens.",
}


@pytest.mark.parametrize("body", SAYS.values(), ids=SAYS)
def test_what_says_when_it_is_done(body: str) -> None:
    assert says_when_done(body, sections=SECTIONS)
    assert judged(story(body)).reason.code == "missing-acceptance-criteria.there"


@pytest.mark.parametrize("body", SILENT.values(), ids=SILENT)
def test_what_does_not_and_what_a_template_left_empty(body: str) -> None:
    assert not says_when_done(body, sections=SECTIONS)
    assert judged(story(body)).outcome is Outcome.FLAGGED


def test_told_from_the_beginning_of_the_sprint_on_the_page() -> None:
    early = judged(story(), now=at("2026-11-22 23:59"))
    assert (early.reason.code, early.recheck_at) == ("missing-acceptance-criteria.early", at("2026-11-23"))
    verdict = judged(story(), now=at("2026-11-23"))
    assert (verdict.outcome, verdict.severity, verdict.reach) == (Outcome.FLAGGED, Severity.NOTE, Reach.PAGE)
    assert [plain(said, project=HOME) for said in (verdict.reason, *verdict.evidence)] == [
        "Nothing here says when this is done.",
        "Sprint 31 ends on Fri 4 Dec",
    ]
    assert verdict.recheck_at is None


def test_what_is_planned_for_a_sprint_to_come_is_judged_where_that_is_asked_for() -> None:
    subject = story(sprint=None, next_sprint="Sprint 32")
    assert judged(subject).reason.code == "missing-acceptance-criteria.no-sprint"
    verdict = judged(subject, planned=True)
    assert plain(verdict.evidence[0], project=HOME) == "Planned for Sprint 32"


def test_boxes_count_unless_told_otherwise() -> None:
    boxes = story("- [ ] tests\n- [ ] docs")
    assert judged(boxes).outcome is Outcome.CLEAR
    assert judged(boxes, checklists_count=False).outcome is Outcome.FLAGGED


def test_what_a_story_is_and_how_criteria_are_called_can_be_set() -> None:
    subject = story("h2. Abnahme\n* Es geht", type="Anforderung")
    assert judged(subject).reason.code == "missing-acceptance-criteria.no-story"
    assert judged(subject, types="Story, Anforderung").outcome is Outcome.FLAGGED
    assert judged(subject, types="Story, Anforderung", sections="Abnahme").outcome is Outcome.CLEAR
    assert judged(story(type="", labels=("User-Story",))).outcome is Outcome.FLAGGED


LEFT = {
    "a bug": (story(type="Bug"), "missing-acceptance-criteria.no-story"),
    "in the backlog": (story(sprint=None), "missing-acceptance-criteria.no-sprint"),
    "done": (story(state=State.DONE, closed_at=NOW), "missing-acceptance-criteria.done"),
    "row 1: container": (story(children_total=3), "common.container"),
    "row 4: automation": (story(author=BOT), "common.automation"),
    "gap": (replace(story(), gap=True), "common.gap"),
}


@pytest.mark.parametrize(("subject", "code"), LEFT.values(), ids=LEFT)
def test_what_is_left_alone(subject: Item, code: str) -> None:
    assert judged(subject).reason.code == code
