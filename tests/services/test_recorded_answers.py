"""Questions that stand unanswered, in the recorded repository."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.services.recorded import played

RULE = "{name: waits, type: waiting-for-answer, params: {asked_days: 14}}"


def test_a_members_question_that_nobody_answered_is_told_until_somebody_does(database_url: str, tmp_path: Path) -> None:
    """#1379: on 18 July 2023 a member ends with a question to the author; the next word is of March 2025."""
    asked = datetime(2023, 7, 18, 8, 7, 32, tzinfo=UTC)
    world = played(database_url, tmp_path, numbers={1379}, until=asked + timedelta(days=13, hours=23), rules=[RULE])
    assert world.flags() == []
    world.wait(hours=1)
    world.drain()
    assert world.flags() == [("waits", "item", 1379)]
    world.close()


def test_row_37_a_bystanders_question_is_none(database_url: str, tmp_path: Path) -> None:
    """#563: "did u solve this problem?", by somebody who never had a part in it, stood for eight months."""
    day = datetime(2019, 9, 30, tzinfo=UTC)
    world = played(database_url, tmp_path, numbers={563}, until=day, rules=[RULE])
    assert world.item(563).is_open
    assert world.flags() == []
    world.close()
