"""The sandbox tracker answers, fails, counts and announces as GitHub does."""

import json
import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from integrations.sandbox.demo import demo_recording
from integrations.sandbox.replay import Webhook, replay
from integrations.sandbox.snapshots import item_in
from integrations.sandbox.tracker import MOST_CHARACTERS, Comment, SandboxTracker
from integrations.sandbox.tracker_items import SandboxError

REPO = "demo/curve"
NOW = datetime(2026, 8, 3, 17, tzinfo=UTC)


@pytest.fixture
def heard() -> list[Webhook]:
    return []


@pytest.fixture
def tracker(tmp_path: Path, heard: list[Webhook]) -> SandboxTracker:
    made = SandboxTracker(tmp_path / "sandbox.db", clock=ticking(), on_webhook=heard.append)
    made.add_item(REPO, 1, labels=("bug",))
    made.add_item(REPO, 2, pull=True)
    return made


def ticking() -> Callable[[], datetime]:
    """A clock that moves on by a second with each look."""
    seconds = iter(range(10**9))
    return lambda: NOW + timedelta(seconds=next(seconds))


def status_of(call: Callable[[], object]) -> int:
    with pytest.raises(SandboxError) as caught:
        call()
    return caught.value.status


def test_a_label_added_twice_is_there_once_and_announced_once(tracker: SandboxTracker, heard: list[Webhook]) -> None:
    assert tracker.add_label(REPO, 1, "plumb:stalled") == ["bug", "plumb:stalled"]
    assert tracker.add_label(REPO, 1, "Plumb:Stalled") == ["bug", "plumb:stalled"]
    assert [(hook.event, hook.action) for hook in heard] == [("issues", "labeled")]
    shown = heard[0].payload
    assert [label["name"] for label in shown["issue"]["labels"]] == ["bug", "plumb:stalled"]
    assert (shown["label"]["name"], shown["label"]["color"]) == ("plumb:stalled", "ededed")
    assert (shown["sender"]["login"], shown["sender"]["type"]) == ("plumbline[bot]", "Bot")


def test_a_label_of_a_pull_request_is_announced_as_such(tracker: SandboxTracker, heard: list[Webhook]) -> None:
    tracker.add_label(REPO, 2, "plumb:late")
    tracker.remove_label(REPO, 2, "plumb:late", by="dev-01")
    assert [(h.event, h.action, h.payload["number"], h.payload["sender"]["login"]) for h in heard] == [
        ("pull_request", "labeled", 2, "plumbline[bot]"),
        ("pull_request", "unlabeled", 2, "dev-01"),
    ]
    assert heard[1].payload["pull_request"]["labels"] == []


def test_labels_of_the_repository(tracker: SandboxTracker) -> None:
    tracker.create_label(REPO, "plumb:late", "ff8800", "Past its date")
    assert [(label.name, label.color, label.description) for label in tracker.list_labels(REPO)][1] == (
        "plumb:late", "ff8800", "Past its date",
    )  # fmt: skip
    assert status_of(lambda: tracker.create_label(REPO, "PLUMB:LATE", "000000", "")) == 422
    assert status_of(lambda: tracker.create_label(REPO, "other", "#ff880", "")) == 422
    assert status_of(lambda: tracker.create_label(REPO, "other", "ff8800", "x" * 101)) == 422
    assert status_of(lambda: tracker.add_label(REPO, 1, "x" * 51)) == 422
    assert len(tracker.list_labels(REPO)) == 2


def test_what_is_not_there_is_404_and_what_was_deleted_410(tracker: SandboxTracker) -> None:
    for call in (
        lambda: tracker.add_label(REPO, 9, "x"),
        lambda: tracker.remove_label(REPO, 1, "not there"),
        lambda: tracker.create_comment(REPO, 9, "Hello"),
        lambda: tracker.create_comment("demo/other", 1, "Hello"),
        lambda: tracker.get_comment(REPO, 9),
        lambda: tracker.edit_comment(REPO, 9, "Hello"),
        lambda: tracker.delete_comment(REPO, 9),
        lambda: tracker.list_comments(REPO, 9),
    ):
        assert status_of(call) == 404
    tracker.set_item(REPO, 1, gone=True)
    assert status_of(lambda: tracker.create_comment(REPO, 1, "Hello")) == 410
    assert status_of(lambda: tracker.item_labels(REPO, 1)) == 410


def test_bodies_have_githubs_bounds(tracker: SandboxTracker) -> None:
    kept = tracker.create_comment(REPO, 1, "x" * MOST_CHARACTERS)
    assert len(kept.body) == 65_536
    for body in ("", " \n", "x" * (MOST_CHARACTERS + 1)):
        assert status_of(lambda body=body: tracker.create_comment(REPO, 1, body)) == 422  # type: ignore[misc]
        assert status_of(lambda body=body: tracker.edit_comment(REPO, kept.id, body)) == 422  # type: ignore[misc]
    assert tracker.get_comment(REPO, kept.id) == kept


def test_a_locked_conversation_takes_no_comment_but_labels(tracker: SandboxTracker) -> None:
    tracker.set_item(REPO, 1, locked=True)
    assert status_of(lambda: tracker.create_comment(REPO, 1, "Hello")) == 403
    assert tracker.add_label(REPO, 1, "x") == ["bug", "x"]


def test_the_life_of_a_comment_and_its_webhooks(tracker: SandboxTracker, heard: list[Webhook]) -> None:
    first = tracker.create_comment(REPO, 2, "Quiet for 14 days.")
    second = tracker.edit_comment(REPO, first.id, "All clear.")
    assert (second.id, second.created_at) == (first.id, first.created_at)
    assert second.updated_at > first.updated_at
    assert tracker.list_comments(REPO, 2, since=second.updated_at) == [second]
    assert tracker.list_comments(REPO, 2, since=second.updated_at + timedelta(seconds=1)) == []
    tracker.hide_comment(REPO, first.id)
    assert tracker.get_comment(REPO, first.id).hidden
    tracker.delete_comment(REPO, first.id, by="dev-02")
    assert status_of(lambda: tracker.get_comment(REPO, first.id)) == 404
    assert [(h.event, h.action, h.payload["issue"]["comments"]) for h in heard] == [
        ("issue_comment", "created", 1),
        ("issue_comment", "edited", 1),
        ("issue_comment", "deleted", 0),
    ]
    assert heard[1].payload["changes"] == {"body": {"from": "Quiet for 14 days."}}
    assert "pull_request" in heard[0].payload["issue"], "as GitHub marks comments on pull requests"
    assert [hook.payload["comment"]["id"] for hook in heard] == [first.id] * 3
    json.dumps([hook.payload for hook in heard])


def test_every_call_of_the_account_is_counted_and_none_of_a_person(tracker: SandboxTracker) -> None:
    comment = tracker.create_comment(REPO, 1, "Hello")
    tracker.edit_comment(REPO, comment.id, "Hello again", by="dev-01")
    tracker.item_labels(REPO, 1)
    status_of(lambda: tracker.remove_label(REPO, 1, "not/there"))
    tracker.delete_comment(REPO, comment.id)
    assert [(call.method, call.path, call.status) for call in tracker.calls()] == [
        ("POST", "/repos/demo/curve/issues/1/comments", 201),
        ("GET", "/repos/demo/curve/issues/1/labels", 200),
        ("DELETE", "/repos/demo/curve/issues/1/labels/not%2Fthere", 404),
        ("DELETE", f"/repos/demo/curve/issues/comments/{comment.id}", 204),
    ]


@pytest.mark.parametrize(("when", "written"), [("before", 0), ("after", 1)])
def test_a_fault_before_changes_nothing_and_one_after_loses_only_the_answer(
    tracker: SandboxTracker, heard: list[Webhook], when: str, written: int
) -> None:
    def fault(moment: str, method: str, path: str) -> None:
        if moment == when and method == "POST":
            raise ConnectionError(path)

    tracker.fault = fault
    with pytest.raises(ConnectionError):
        tracker.create_comment(REPO, 1, "Hello")
    assert len(tracker.list_comments(REPO, 1)) == len(heard) == written


def test_two_instances_share_one_file(tracker: SandboxTracker, tmp_path: Path) -> None:
    other = SandboxTracker(tmp_path / "sandbox.db", clock=ticking())
    tracker.close()
    comment = tracker.create_comment(REPO, 1, "Hello")
    assert other.get_comment(REPO, comment.id) == comment
    assert other.item_labels(REPO, 1) == ["bug"]


def test_processes_forked_from_one_another_write_side_by_side(tracker: SandboxTracker) -> None:
    def write(name: str) -> None:
        for turn in range(20):
            tracker.create_comment(REPO, 1, f"{name} {turn}")

    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=write, args=(name,)) for name in ("left", "right")]
    for child in children:
        child.start()
    write("parent")
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]
    assert len({comment.body for comment in tracker.list_comments(REPO, 1)}) == len(tracker.calls()) - 1 == 60


def test_replayed_snapshots_show_what_was_written_here(tracker: SandboxTracker) -> None:
    with demo_recording() as recording:
        hooks = [hook for hook in replay(recording) if (item_in(hook.payload) or ("", {}))[1].get("number") == 1885]
    seen: list[Webhook] = []
    for place, hook in enumerate(hooks):
        seen.append(tracker.observe(hook))
        if place == 0:
            tracker.add_label(REPO, 1885, "plumb:stalled")
            tracker.create_comment(REPO, 1885, "Quiet for 14 days.")
    last, ours = item_in(hooks[-1].payload), item_in(seen[-1].payload)
    assert last and ours
    assert seen[0].payload == hooks[0].payload, "before the first write nothing differs"
    assert {label["name"] for label in ours[1]["labels"]} == {
        *(label["name"] for label in last[1]["labels"]), "plumb:stalled",
    }  # fmt: skip
    commented = [hook for hook in seen if hook.event == "issue_comment"]
    plain = [hook for hook in hooks if hook.event == "issue_comment"]
    assert [h.payload["issue"]["comments"] for h in commented] == [h.payload["issue"]["comments"] + 1 for h in plain]
    bodies = [comment.body for comment in tracker.list_comments(REPO, 1885)]
    assert bodies.count("Quiet for 14 days.") == 1
    assert len(bodies) == len(plain) + 1


def test_a_recorded_label_taken_off_here_stays_off(tracker: SandboxTracker) -> None:
    with demo_recording() as recording:
        hooks = [hook for hook in replay(recording) if (item_in(hook.payload) or ("", {}))[1].get("number") == 1874]
    labeled = next(place for place, hook in enumerate(hooks) if hook.action == "labeled")
    for hook in hooks[: labeled + 1]:
        tracker.observe(hook)
    tracker.remove_label(REPO, 1874, "assurance", by="dev-01")
    for hook in hooks[labeled + 1 :]:
        _, shown = item_in(tracker.observe(hook).payload) or ("", {})
        assert "assurance" not in [label["name"] for label in shown["labels"]]
    assert tracker.item_labels(REPO, 1874) == ["tweak/refactor", "meta/development"]


NAMES = st.sampled_from(["bug", "Bug", "plumb:late", "plumb:stalled", "PLUMB:LATE"])
NUMBERS = st.sampled_from([1, 2, 3])


class TrackerAgainstModel(RuleBasedStateMachine):
    """Any sequence of writes leaves the tracker with what a few dictionaries say, and announces each change once."""

    @initialize()
    def start(self) -> None:
        self.folder = TemporaryDirectory()
        self.heard: list[Webhook] = []
        self.tracker = SandboxTracker(
            Path(self.folder.name) / "sandbox.db", clock=ticking(), on_webhook=self.heard.append
        )
        self.spelled: dict[str, str] = {}
        self.labels: dict[int, list[str]] = {1: [], 2: []}
        self.comments: dict[int, Comment] = {}
        self.changes, self.calls = 0, 0
        self.tracker.add_item(REPO, 1)
        self.tracker.add_item(REPO, 2, pull=True)

    @rule(number=NUMBERS, name=NAMES)
    def add(self, number: int, name: str) -> None:
        self.calls += 1
        if number not in self.labels:
            assert status_of(lambda: self.tracker.add_label(REPO, number, name)) == 404
            return
        spelled = self.spelled.setdefault(name.casefold(), name)
        if spelled not in self.labels[number]:
            self.labels[number].append(spelled)
            self.changes += 1
        assert self.tracker.add_label(REPO, number, name) == self.labels[number]

    @rule(number=NUMBERS, name=NAMES)
    def remove(self, number: int, name: str) -> None:
        self.calls += 1
        spelled = self.spelled.get(name.casefold(), name)
        if spelled not in self.labels.get(number, []):
            assert status_of(lambda: self.tracker.remove_label(REPO, number, name)) == 404
            return
        self.labels[number].remove(spelled)
        self.changes += 1
        assert self.tracker.remove_label(REPO, number, name) == self.labels[number]

    @rule(number=NUMBERS, body=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8))
    def comment(self, number: int, body: str) -> None:
        self.calls += 1
        if number not in self.labels or not body.strip():
            wanted = 404 if number not in self.labels else 422
            assert status_of(lambda: self.tracker.create_comment(REPO, number, body)) == wanted
            return
        made = self.tracker.create_comment(REPO, number, body)
        assert made.body == body
        assert made.id not in self.comments
        self.comments[made.id] = made
        self.changes += 1

    @rule(data=st.data(), delete=st.booleans())
    def change(self, data: st.DataObject, delete: bool) -> None:
        identity = data.draw(st.sampled_from([*self.comments, 7]))
        self.calls += 1
        known = self.comments.get(identity)
        if known is None:
            assert status_of(lambda: self.tracker.edit_comment(REPO, identity, "Edited")) == 404
        elif delete:
            self.tracker.delete_comment(REPO, identity)
            del self.comments[identity]
            self.changes += 1
        else:
            edited = self.tracker.edit_comment(REPO, identity, "Edited")
            assert (edited.created_at, edited.author) == (known.created_at, known.author)
            self.comments[identity] = edited
            self.changes += 1

    @invariant()
    def agrees(self) -> None:
        for number, names in self.labels.items():
            assert self.tracker.item_labels(REPO, number) == names
            wanted = [comment for comment in self.comments.values() if comment.number == number]
            assert self.tracker.list_comments(REPO, number) == wanted
            self.calls += 2
        assert len(self.tracker.calls()) == self.calls
        assert len(self.heard) == self.changes
        if self.heard:
            shown = item_in(self.heard[-1].payload)
            assert shown
            assert {label["name"] for label in shown[1]["labels"]} == set(self.labels[shown[1]["number"]])

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.tracker.close()
            self.folder.cleanup()


TestTrackerAgainstModel = TrackerAgainstModel.TestCase
TestTrackerAgainstModel.settings = settings(max_examples=25, stateful_step_count=20, deadline=None, derandomize=True)
