"""Assignments that nobody took up, in the recorded Jira."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.services.recorded import flags, played_jira

RULE = "{name: given, type: abandoned-assignment, params: {quiet_days: 5}}"


def test_an_issue_given_to_somebody_and_not_begun_by_its_date_is_told(database_url: str) -> None:
    """HELIX-32 was given to a developer on 29 January 2013, due on 1 February; nothing happened until 20 March."""
    given = datetime(2013, 1, 29, 1, 26, 41, tzinfo=UTC)
    world = played_jira(database_url, keys={"HELIX-32"}, until=given + timedelta(days=4, hours=23), rules=[RULE])
    assert flags(world) == []
    world.wait(hours=2)
    world.drain()
    assert flags(world) == [("given", "HELIX-32")]
    world.close()


def test_row_29_a_component_lead_who_stands_on_it_by_default_was_asked_by_nobody(database_url: str) -> None:
    """CB-156 came with a component's lead on it and a date; its lead first touched it after that date."""
    world = played_jira(database_url, keys={"CB-156"}, until=datetime(2012, 1, 31, 12, tzinfo=UTC), rules=[RULE])
    assert world.item("CB-156").assignee_ids and world.item("CB-156").state == "todo"
    assert flags(world) == []
    world.close()
