"""Recorded issues give the same history by their webhooks as by asking, but for what only one way can know.

| what | by webhooks | by asking |
| --- | --- | --- |
| the page of a comment | Data Center's event names no issue key: none | told |
| the page of a change before a move to another project | under the key it had then | under the key it has now |
| people in an assignment (Data Center) | by login where the payload shows them, else by name | so, but it shows others |
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from integrations.jira.decode.events import decode
from integrations.ports import HISTORY
from integrations.readings import ChangeSeen, Field, ItemSeen, Reading
from rules.facts import Kind
from tests.integrations.jira.payloads import RECEIVED
from tests.services import jira_past
from tests.services.jira_past import SITE, Life


def by_webhooks(life: Life) -> list[Reading]:
    hooks = sorted(jira_past.webhooks(life), key=lambda hook: hook[0])
    return [decode(payload["webhookEvent"], payload, RECEIVED, SITE) for _at, payload in hooks]


def by_asking(life: Life) -> Reading:
    return decode(HISTORY, jira_past.told(life), RECEIVED, SITE)


def known_both_ways(change: ChangeSeen, names: dict[str, str]) -> tuple[Any, ...]:
    words = (change.before, change.after)
    if change.field is Field.ASSIGNEE:
        words = (names.get(words[0] or "", words[0]), names.get(words[1] or "", words[1]))
    return (
        change.natural_key,
        change.at,
        change.field,
        change.actor,
        change.item,
        change.milestone,
        *words,
        change.bulk,
    )


def names(life: Life) -> dict[str, str]:
    """Logins by the names that the changelog shows."""
    return {
        entry[f"{side}String"]: entry[side]
        for history in life.histories
        for entry in history["items"]
        for side in ("from", "to")
        if entry["field"] == "assignee" and entry[side]
    }


@pytest.fixture(scope="module")
def sample() -> list[Life]:
    return jira_past.lives(every=4)


def test_both_ways_tell_the_same_changes(sample):
    seen: Counter[Field] = Counter()
    for life in sample:
        live = Counter(known_both_ways(one, names(life)) for reading in by_webhooks(life) for one in reading.changes)
        asked = Counter(known_both_ways(one, names(life)) for one in by_asking(life).changes)
        assert live == asked, life.key
        assert max(live.values()) == 1, life.key
        seen.update(one[2] for one in live)
    assert seen[Field.STATE] > 500
    assert min(seen[one] for one in (Field.MILESTONE, Field.ASSIGNEE, Field.COMMENT, Field.LINK, Field.TYPE)) > 100


def test_pages_differ_only_as_documented(sample):
    for life in sample:
        urls = {change.natural_key: change.url for change in by_asking(life).changes}
        moved = any(entry["field"] == "Key" for history in life.histories for entry in history["items"])
        for reading in by_webhooks(life):
            for change in reading.changes:
                same = change.url == urls[change.natural_key]
                assert same or moved or (change.field is Field.COMMENT and change.url is None), change


def test_the_last_webhook_shows_what_asking_shows(sample):
    for life in sample:
        shown = [seen for reading in by_webhooks(life) for seen in reading.items]
        last = max(shown, key=lambda seen: seen.as_of)
        (asked,) = by_asking(life).items
        assert groups(last) == groups(asked), life.key


def groups(seen: ItemSeen) -> tuple[Any, ...]:
    plan = None if seen.plan is None else (sorted(one.native_id for one in seen.plan.milestones), seen.plan.due)
    edges = None if seen.edges is None else {(one.kind, one.source, one.target, one.parent) for one in seen.edges}
    return (seen.native_id, seen.key, seen.kind, seen.text, seen.state, seen.labels, seen.assignees, plan, seen.traits, edges)  # fmt: skip


def test_what_is_taken_back_starts_open_and_unresolved(sample):
    for life in sample:
        first = by_webhooks(life)[0].items[0]
        assert first.state is not None
        opening = life.past[0][1]
        assert first.state.open or opening.get("resolution") is not None or opening["status"]["name"] in jira_past.DONE
        assert first.kind in (Kind.ISSUE, Kind.SUBTASK, Kind.EPIC)


def test_the_stream_is_in_order_of_time_and_whole():
    few = jira_past.lives(every=100)
    hooks = jira_past.stream(few)
    assert [at for at, _payload in hooks] == sorted(at for at, _payload in hooks)
    assert len(hooks) == sum(1 + len(life.histories) + len(life.comments) for life in few)
