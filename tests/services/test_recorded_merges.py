"""Merges that nobody else had looked at, in the recorded repository."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.services.recorded import played

RULE = "{name: unread, type: unreviewed-merge}"


@pytest.mark.parametrize(("required", "told"), [(True, [("unread", "item", 72)]), (False, [])])
def test_a_change_that_its_author_merged_alone_is_told_where_reviews_are_asked_for(
    database_url: str, tmp_path: Path, *, required: bool, told: list[tuple[str, str, int]]
) -> None:
    """#72 changed 514 lines and was merged by its author in October 2014, without a word of anybody else."""
    day = datetime(2014, 10, 28, tzinfo=UTC)
    world = played(database_url, tmp_path, numbers={72}, until=day, rules=[RULE], reviews_required=required)
    assert world.item(72).closed_as == "merged"
    assert world.flags() == told
    world.close()


@pytest.mark.parametrize(("number", "day"), [(1318, "2023-05-20"), (656, "2019-08-11")])
def test_one_that_a_member_agreed_to_or_merged_is_not(database_url: str, tmp_path: Path, number: int, day: str) -> None:
    """#1318 was merged by its author after a member's "ACK" in a comment, #656 by somebody else."""
    until = datetime.fromisoformat(f"{day}T09:00:00+00:00")
    world = played(database_url, tmp_path, numbers={number}, until=until, rules=[RULE], reviews_required=True)
    assert world.item(number).derived["pull"]["review"] == "none"
    assert world.flags() == []
    world.close()
