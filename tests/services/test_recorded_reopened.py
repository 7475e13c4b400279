"""Issues that were closed and opened again, in the recorded repository and the recorded Jira."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.services.recorded import flags, played, played_jira

RULE = "{name: back, type: reopened, params: {within_days: 10}}"
JIRA = "ANY23-34", datetime(2012, 3, 22, 16, tzinfo=UTC)
"""Resolved on 12 March 2012, and opened again by somebody else ten days later."""
DONE = {"Closed": "done", "Resolved": "done", "Open": "todo", "Reopened": "todo"}


def test_an_issue_that_was_opened_again_on_the_next_day_is_told_for_ten_days(database_url: str, tmp_path: Path) -> None:
    """#1213 was closed on 1 March 2023 and opened again by somebody else 16 hours later."""
    world = played(database_url, tmp_path, numbers={1213}, until=datetime(2023, 3, 2, 10, 42, tzinfo=UTC), rules=[RULE])
    assert world.flags() == [("back", "item", 1213)]
    world.wait(days=10)
    world.drain()
    assert world.flags() == []
    world.close()


@pytest.mark.parametrize(("number", "day"), [(749, "2020-05-05"), (1392, "2023-10-03")])
def test_one_that_was_closed_by_a_slip_of_the_hand_is_not(
    database_url: str, tmp_path: Path, number: int, day: str
) -> None:
    """Opened again after 21 and 9 seconds."""
    until = datetime.fromisoformat(f"{day}T23:59:00+00:00")
    world = played(database_url, tmp_path, numbers={number}, until=until, rules=[RULE])
    assert world.item(number).is_open
    assert len(world.item(number).derived["reopened"]) == 1
    assert world.flags() == []
    world.close()


def test_in_jira_the_status_tells_what_came_back(database_url: str) -> None:
    key, until = JIRA
    world = played_jira(database_url, keys={key}, until=until, rules=[RULE], statuses=DONE)
    assert flags(world) == [("back", key)]
    world.close()
