"""Stories without criteria, in the recorded Jira.

None of its 540 stories says when it is done, and none was ever in a sprint. So a recorded story is put into a made sprint;
one that says when it is done is the same story with a made description.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from rules.readiness import says_when_done
from tests.services import jira_past
from tests.services.jira_past import SITE
from tests.services.jira_world import JiraWorld
from tests.services.recorded import flags

RULE = "{name: criteria, type: missing-acceptance-criteria}"
STORY, IMPROVEMENT = "FCREPO-1019", "ANY23-32"
SPRINT = {
    "id": 31, "name": "Sprint 31", "boardId": 5, "state": "active",
    "startDate": "2012-01-02T08:00:00.000Z", "endDate": "2012-01-20T08:00:00.000Z",
}  # fmt: skip


@pytest.fixture
def world(database_url: str) -> Iterator[JiraWorld]:
    made = JiraWorld(database_url, jira_past.projects(), at=datetime(2012, 1, 20, tzinfo=UTC), site=SITE)
    made.rules(RULE)
    yield made
    made.close()


def in_a_sprint(key: str, **fields: Any) -> dict[str, Any]:
    """The recorded webhook that told of an issue's making, with the issue in a sprint."""
    life = next(one for one in jira_past.lives() if one.key == key)
    payload = deepcopy(next(iter(jira_past.webhooks(life)))[1])
    payload["issue"]["fields"] |= {SITE["fields"]["sprint"]: [SPRINT], **fields}
    return payload


def test_a_recorded_story_in_a_sprint_is_told(world: JiraWorld) -> None:
    world.deliver([in_a_sprint(STORY)])
    world.drain()
    assert flags(world) == [("criteria", STORY)]


def test_one_with_criteria_and_a_recorded_improvement_are_not(world: JiraWorld) -> None:
    criteria = "h3. Acceptance criteria\n* An index over two repositories answers one query"
    world.deliver([in_a_sprint(STORY, description=criteria), in_a_sprint(IMPROVEMENT)])
    world.drain()
    assert world.item(IMPROVEMENT).is_open
    assert flags(world) == []


def test_no_recorded_story_says_when_it_is_done() -> None:
    """What the head of this file says of the data."""
    stories = [life for life in jira_past.lives() if life.fields["issuetype"]["name"] == "Story"]
    told = [
        life.key
        for life in stories
        if says_when_done(life.fields["description"] or "", sections=["acceptance criteria"])
    ]
    assert (len(stories), told) == (540, [])
