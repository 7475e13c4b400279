"""Every recorded payload is facts, or left with a reason; none is an error."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from integrations.errors import Ignored
from integrations.github.decode.events import READ
from integrations.github.envelope import envelope
from integrations.github.verify import signature
from integrations.readings import Reading
from tests.integrations.github.payloads import RECEIVED, octokit, zulip

HEADERS = {"x-github-delivery": "guid-1"}


def outcome(event: str, payload: dict) -> Reading | str:
    from integrations.github.decode.events import decode

    try:
        return decode(event, payload, RECEIVED)
    except Ignored as reason:
        return str(reason)


@pytest.mark.parametrize("recorded", [octokit, zulip], ids=["octokit", "zulip"])
def test_each_recorded_payload_is_facts_or_left_with_a_reason(recorded):
    counts: Counter[str] = Counter()
    for event, payload in recorded():
        found = outcome(event, payload)
        counts["facts" if isinstance(found, Reading) else "left"] += 1
        if isinstance(found, str):
            assert found
            assert event not in READ or "check suite without" in found, (event, found)
        else:
            assert event in READ
    assert counts["facts"] > 0
    if recorded is octokit:
        assert counts.total() == 329


@pytest.mark.parametrize("recorded", [octokit, zulip], ids=["octokit", "zulip"])
def test_each_recorded_payload_has_an_envelope(recorded):
    for event, payload in recorded():
        found = envelope(HEADERS | {"x-github-event": event}, payload)
        assert found.event == event
        if "repository" in payload:
            assert found.project == str(payload["repository"]["id"])
        assert signature(json.dumps(payload).encode(), "s").startswith("sha256=")


def test_decoding_twice_gives_the_same():
    for event, payload in octokit():
        assert outcome(event, payload) == outcome(event, payload)


def test_decoding_leaves_the_payload_as_it_was():
    for event, payload in octokit():
        before = json.dumps(payload)
        outcome(event, payload)
        assert json.dumps(payload) == before


def test_recorded_removals_take_the_removed_off_the_snapshot():
    seen = 0
    for event, payload in octokit():
        if event not in ("issues", "pull_request"):
            continue
        found = outcome(event, payload)
        assert isinstance(found, Reading)
        (item,) = found.items
        if payload["action"] == "unlabeled":
            assert payload["label"]["name"] not in (item.labels or ())
            seen += 1
        elif payload["action"] == "labeled":
            assert payload["label"]["name"] in (item.labels or ())
        elif payload["action"] == "unassigned":
            assert payload["assignee"]["login"] not in [one.login for one in item.assignees or ()]
            seen += 1
        elif payload["action"] == "demilestoned":
            assert item.plan is not None
            assert item.plan.milestones == ()
            seen += 1
    assert seen >= 6


def test_recorded_review_payloads_lack_sizes_and_mergeability():
    for event, payload in octokit():
        if event == "pull_request_review":
            found = outcome(event, payload)
            assert isinstance(found, Reading)
            pull = found.items[0].pull
            assert pull is not None
            assert (pull.lines, pull.files, pull.commits, pull.mergeable) == (None, None, None, None)


def test_natural_keys_differ_within_a_payload():
    for event, payload in octokit() + zulip():
        found = outcome(event, payload)
        if isinstance(found, Reading):
            keys = [change.natural_key for change in found.changes]
            assert len(keys) == len(set(keys))
