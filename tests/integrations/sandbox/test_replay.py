"""Replayed webhooks: consistent among themselves, true to the record, and shaped as GitHub's."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.sandbox.demo import demo_recording
from integrations.sandbox.payloads import ONLY_IN_PULL_REQUEST_EVENTS
from integrations.sandbox.recording import Entry, Header, Recording, RecordingError
from integrations.sandbox.replay import Webhook, replay
from integrations.sandbox.snapshots import item_in
from integrations.sandbox.state import ProjectState
from tests.support import installed_package, shared
from tools.recordings import instant, load, open_at, record

EXAMPLES = ("@octokit", "webhooks-examples", "api.github.com", "index.json")
END = datetime(2026, 8, 3, 17, tzinfo=UTC)


@pytest.fixture(scope="module")
def hooks() -> list[Webhook]:
    with demo_recording() as recording:
        return list(replay(recording))


@pytest.fixture(scope="module")
def at_the_end() -> ProjectState:
    state = ProjectState()
    with demo_recording() as recording:
        for _ in replay(recording, state=state):
            pass
    return state


def of(hooks: list[Webhook], *actions: str) -> Iterator[tuple[Webhook, dict[str, Any]]]:
    for hook in hooks:
        found = item_in(hook.payload)
        if found and (not actions or hook.action in actions):
            yield hook, found[1]


def test_webhooks_come_in_time_order_up_to_the_end(hooks: list[Webhook]) -> None:
    times = [hook.at for hook in hooks]
    assert times == sorted(times)
    assert datetime(2026, 8, 3, 15, tzinfo=UTC) < times[-1] <= END


def test_every_payload_is_json_and_carries_its_action_repository_and_sender(hooks: list[Webhook]) -> None:
    for hook in hooks:
        payload = json.loads(json.dumps(hook.payload))
        assert payload == hook.payload
        assert payload["action"] == hook.action
        assert payload["repository"]["full_name"] == "demo/curve"
        assert {"login", "id", "type"} <= payload["sender"].keys()


def test_the_snapshot_shows_the_item_just_after_the_event(hooks: list[Webhook]) -> None:
    for hook, item in of(hooks):
        labels = {label["name"] for label in item["labels"]}
        people = {user["login"] for user in item["assignees"]}
        payload = hook.payload
        assert item["updated_at"] == f"{hook.at:%Y-%m-%dT%H:%M:%SZ}"
        assert (item["state"] == "closed") == (item["closed_at"] is not None)
        match hook.action:
            case "labeled":
                assert payload["label"]["name"] in labels
            case "unlabeled":
                assert payload["label"]["name"] not in labels
            case "assigned":
                assert payload["assignee"]["login"] in people
            case "unassigned":
                assert payload["assignee"]["login"] not in people
            case "milestoned":
                assert payload["milestone"] == item["milestone"]
            case "demilestoned":
                assert item["milestone"] is None
            case "closed":
                assert item["state"] == "closed"
            case "reopened":
                assert item["state"] == "open"
            case "synchronize":
                assert item["head"]["sha"] == payload["after"] != payload["before"]
            case "converted_to_draft" | "ready_for_review":
                assert item["draft"] == (hook.action == "converted_to_draft")
            case "review_requested":
                assert payload["requested_reviewer"] in item["requested_reviewers"]


def test_milestone_totals_are_those_of_the_last_known_members(hooks: list[Webhook]) -> None:
    members: dict[int, dict[int, str]] = {}
    for _, item in of(hooks):
        for known in members.values():
            known.pop(item["number"], None)
        if milestone := item["milestone"]:
            known = members.setdefault(milestone["number"], {})
            known[item["number"]] = item["state"]
            counts = Counter(known.values())
            assert (milestone["open_issues"], milestone["closed_issues"]) == (counts["open"], counts["closed"])


def test_080_grew_from_two_to_nine_in_its_last_week_and_is_open_at_the_end(
    hooks: list[Webhook], at_the_end: ProjectState
) -> None:
    joined: dict[int, datetime] = {}
    for hook, item in of(hooks, "milestoned"):
        if hook.payload["milestone"]["number"] == 10:
            joined.setdefault(item["number"], hook.at)
    planned = sorted(number for number, at in joined.items() if at < datetime(2026, 2, 7, tzinfo=UTC))
    by_friday = sorted(number for number, at in joined.items() if at < datetime(2026, 8, 1, tzinfo=UTC))
    assert planned == [1175, 1709]
    assert by_friday == [1175, 1709, 1863, 1885, 1899, 1900, 1901, 1902, 1903]
    # Two more joined on the due date's eve and the day after it.
    assert sorted(joined) == [*by_friday, 1904, 1905]
    milestone = at_the_end.milestones[10]
    assert (milestone.title, milestone.due and milestone.due.isoformat()) == ("0.8.0", "2026-08-02")
    assert (milestone.open_items, milestone.closed_items, milestone.closed_at) == (3, 8, None)


def test_every_due_date_080_had_is_announced(hooks: list[Webhook]) -> None:
    own = [hook for hook in hooks if hook.event == "milestone" and hook.payload["milestone"]["number"] == 10]
    assert [(hook.action, hook.payload["milestone"]["title"], hook.payload["milestone"]["due_on"]) for hook in own] == [
        ("created", "0.7.2", "2026-04-19T00:00:00Z"),
        ("edited", "0.7.2", "2026-07-17T00:00:00Z"),
        ("edited", "0.7.2", "2026-08-02T00:00:00Z"),
        ("edited", "0.8.0", "2026-08-02T00:00:00Z"),
    ]
    assert own[2].payload["changes"] == {"due_on": {"from": "2026-07-17T00:00:00Z"}}
    assert own[3].payload["changes"] == {"title": {"from": "0.7.2"}}


def test_150_items_are_open_at_the_end_80_issues_and_70_pull_requests(at_the_end: ProjectState) -> None:
    still_open = [item for item in at_the_end.items.values() if item.closed_at is None]
    assert Counter(item.pull for item in still_open) == {False: 80, True: 70}


def test_ids_are_stable_and_distinct(hooks: list[Webhook]) -> None:
    ids: dict[tuple[str, int], int] = {}
    comments = Counter[int]()
    for hook in hooks:
        found = item_in(hook.payload)
        if found:
            shape, item = found
            assert ids.setdefault((shape, item["number"]), item["id"]) == item["id"]
        if hook.event == "issue_comment" and hook.action == "created":
            comments[hook.payload["comment"]["id"]] += 1
    assert len(set(ids.values())) == len(ids), "a pull request has one id as such and another as an issue"
    assert max(comments.values()) == 1


def test_reviews_lack_what_githubs_lack(hooks: list[Webhook]) -> None:
    review = next(hook for hook in hooks if hook.event == "pull_request_review")
    opened = next(hook for hook in hooks if hook.event == "pull_request")
    missing = opened.payload["pull_request"].keys() - review.payload["pull_request"].keys()
    assert missing == set(ONLY_IN_PULL_REQUEST_EVENTS)
    assert len(missing) == 12


def test_an_event_of_an_item_that_was_never_opened_is_an_error() -> None:
    entry = Entry(at=END, kind="closed", number=5, by="dev-01")
    with pytest.raises(RecordingError, match=r"closed of 5 .* never opened"):
        list(replay(Recording(Header(repository="demo/curve", until=END), [entry])))


def test_replay_is_fast_enough_to_be_no_bottleneck() -> None:
    started = time.process_time()
    with demo_recording() as recording:
        count = sum(len(json.dumps(hook.payload)) > 0 for hook in replay(recording))
    assert count / (time.process_time() - started) > 2_000


# Fields that decoding relies on, wherever GitHub's own example of that event and action has them.
COMMON = {
    "id", "node_id", "number", "state", "locked", "title", "body", "user", "labels", "assignee", "assignees",
    "milestone", "created_at", "updated_at", "closed_at", "author_association", "html_url", "url",
}  # fmt: skip
RELIED_ON = {
    "issue": COMMON | {"comments", "repository_url"},
    "pull_request": COMMON
    | {"merged_at", "head", "base", "requested_reviewers", "requested_teams", "merge_commit_sha"},
    "pull_request in full": set(ONLY_IN_PULL_REQUEST_EVENTS) | {"draft"},
    "comment": {"id", "node_id", "user", "body", "created_at", "updated_at", "author_association", "html_url"},
    "review": {"id", "node_id", "user", "body", "commit_id", "submitted_at", "state", "html_url", "author_association"},
    "milestone": {"id", "number", "title", "due_on", "state", "open_issues", "closed_issues", "creator", "created_at",
                  "updated_at", "closed_at", "description"},
    "label": {"id", "node_id", "name", "color", "default", "url"},
    "repository": {"id", "node_id", "name", "full_name", "private", "owner", "html_url", "default_branch"},
    "sender": {"login", "id", "node_id", "type", "html_url"},
}  # fmt: skip


def test_payloads_have_the_keys_of_githubs_examples(hooks: list[Webhook]) -> None:
    examples = {
        (group["name"], example.get("action")): example
        for group in json.loads(installed_package(*EXAMPLES).read_text())
        for example in group["examples"]
    }
    compared = set()
    for hook in {(hook.event, hook.action): hook for hook in hooks}.values():
        example = examples.get((hook.event, hook.action))
        if example is None:
            continue
        compared.add((hook.event, hook.action))
        envelope = example.keys() - {"organization", "installation", "enterprise"}
        assert envelope <= hook.payload.keys() | {"changes"}, (hook.event, hook.action)
        for part in envelope & RELIED_ON.keys():
            relied_on = RELIED_ON[part] | (RELIED_ON["pull_request in full"] if hook.event == "pull_request" else set())
            missing = (example[part].keys() & relied_on) - hook.payload[part].keys()
            assert not missing, (hook.event, hook.action, part, missing)
            _same_types(example[part], hook.payload[part], relied_on & example[part].keys())
    assert len(compared) >= 20


def _same_types(theirs: dict[str, Any], ours: dict[str, Any], keys: set[str]) -> None:
    for key in keys:
        if theirs[key] is not None and ours[key] is not None:
            assert type(theirs[key]) is type(ours[key]), key


def test_the_whole_source_replays_to_the_state_it_was_recorded_in() -> None:
    source = load(shared("github"))
    state = ProjectState()
    recording = record(source, until=datetime(2026, 8, 22, 8, tzinfo=UTC))
    assert sum(1 for _ in replay(recording, state=state)) > 25_000
    for item in source.items:
        got = state.items[item["number"]]
        assert got.title == item["title"]
        assert got.body == (item["body"] or "")
        assert sorted(got.labels) == sorted(item["labels"])
        assert sorted(got.assignees) == sorted(item["assignees"])
        assert sorted(got.reviewers) == sorted(item["requested_reviewers"])
        assert got.closed_at == (instant(item["closed_at"]) if item["closed_at"] else None)
        assert (bool(got.merged_by), got.draft) == (item["merged"], bool(item["draft"]))
        assert got.milestone == (item["milestone"]["number"] if item["milestone"] else 0)
    assert len(open_at(source.items, END)) == 150
