"""What GitHub's answer about a collaborator means."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.github.access import right


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"permission": "read", "role_name": "triage"}, "triage"),
        ({"permission": "write", "role_name": "maintain"}, "maintain"),
        ({"permission": "write", "role_name": "release-crew", "user": {"permissions": {"push": True, "maintain": True}}}, "maintain"),
        ({"permission": "read", "role_name": "labelers", "user": {"permissions": {"pull": True, "triage": True}}}, "triage"),
        ({"permission": "write"}, "write"),
        ({"permission": "none", "role_name": ""}, "none"),
        ({"permission": "own", "user": {"permissions": {}}}, "none"),
        (None, "none"),
        ([], "none"),
    ],
)  # fmt: skip
def test_a_right_is_told_by_role_else_by_what_it_includes(answer: Any, expected: str) -> None:
    assert right(answer) == expected
