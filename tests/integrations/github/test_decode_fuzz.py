"""Whatever comes, decoding gives a reading, a reason or the name of a field: never another exception."""

# ruff: noqa: PT017
from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.errors import BadPayload, Ignored
from integrations.github.decode.events import READ, decode
from integrations.github.envelope import envelope
from integrations.readings import Reading
from tests.integrations.github.payloads import RECEIVED, issue, milestone, octokit, payload, pull, user

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["2026-11-24T09:30:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "\ud800", "\0"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
ODD = [None, True, -1, 2**70, 1.5, "", "x", "\0\udfff", [], [None], ["x"], [{}], {}, {"id": 1}]


def made() -> list[tuple[str, dict[str, Any]]]:
    """A rich payload of each event that is read."""
    said = {"id": 1, "body": "b", "user": user(), "created_at": "2026-11-24T09:30:00Z", "author_association": "NONE"}
    full = issue(milestone=milestone(), assignees=[user()], pull_request={"merged_at": None}, body="fixes #3")
    whole = pull(milestone=milestone(), requested_reviewers=[user()], requested_teams=[{"id": 1, "name": "x"}])
    run = {
        "head_sha": "a",
        "name": "t",
        "status": "completed",
        "conclusion": "success",
        "app": {"id": 1},
        "pull_requests": [{"number": 1}],
    }
    changes = {
        "title": {"from": "a"},
        "due_on": {"from": None},
        "new_issue": {"number": 1},
        "new_repository": {"id": 1},
    }
    return [
        *[("issues", payload(action, issue=full, label={"name": "x"}, assignee=user(), milestone=milestone(), changes=changes))
          for action in ("edited", "labeled", "assigned", "milestoned", "transferred", "closed")],
        *[("pull_request", payload(action, pull_request=whole, requested_reviewer=user(), after="x", before="y"))
          for action in ("synchronize", "review_requested", "closed", "auto_merge_enabled")],
        ("issue_comment", payload("created", issue=full, comment=said)),
        ("pull_request_review", payload("submitted", pull_request=whole, review=said | {"state": "approved"})),
        ("pull_request_review_comment", payload("created", pull_request=whole, comment=said)),
        ("pull_request_review_thread", payload("resolved", pull_request=whole, thread={})),
        ("milestone", payload("edited", milestone=milestone(), changes=changes)),
        ("sub_issues", payload("sub_issue_added", sub_issue=full, parent_issue=full)),
        ("issue_dependencies", payload("blocked_by_added", blocked_issue=full, blocking_issue=full)),
        ("label", payload("edited", label={"name": "x"}, changes={"name": {"from": "y"}})),
        ("check_run", payload("completed", check_run=run)),
        ("check_suite", payload("completed", check_suite=run)),
        ("status", payload("x", sha="a", state="success")),
        ("repository", payload("renamed", changes={"repository": {"name": {"from": "x"}}})),
        ("installation", payload("created", installation={"id": 1}, repositories=[{"id": 1, "full_name": "a/b"}])),
        ("installation_repositories", payload("added", installation={"id": 1}, repositories_added=[{"id": 1}])),
    ]  # fmt: skip


def outcome(event: str, data: Any) -> None:
    try:
        assert isinstance(decode(event, data, RECEIVED), Reading)
    except BadPayload as error:
        assert error.path
        assert "expected" in str(error)
    except Ignored as reason:
        assert str(reason)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        found += paths(one, (*path, key))
    return found


def put(data: Any, path: tuple[Any, ...], value: Any, *, remove: bool = False) -> Any:
    data = deepcopy(data)
    at = data
    for key in path[:-1]:
        at = at[key]
    if remove:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return data


def test_the_made_payloads_cover_every_event_and_are_read():
    assert {event for event, _ in made()} == READ
    for event, data in made():
        assert isinstance(decode(event, data, RECEIVED), Reading)


@pytest.mark.parametrize(("event", "data"), made(), ids=lambda one: one if isinstance(one, str) else one["action"])
def test_each_field_may_be_missing_or_odd(event, data):
    for path in paths(data):
        outcome(event, put(data, path, None, remove=True))
        for odd in ODD:
            outcome(event, put(data, path, odd))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_recorded_payload_with_anything_anywhere(data):
    event, whole = data.draw(st.sampled_from([one for one in octokit() if one[0] in READ]))
    path = data.draw(st.sampled_from([one for one in paths(whole) if len(one) < 5]))
    outcome(event, put(whole, path, data.draw(JSON)))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(READ | {"ping", "unheard of"})), JSON)
def test_any_json_at_all(event, data):
    outcome(event, data)
    try:
        envelope({"x-github-delivery": "1", "x-github-event": event}, data)
    except BadPayload as error:
        assert error.path
