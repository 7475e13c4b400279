"""What each action becomes: the change, its natural key, and the snapshot with the action laid over it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from integrations.errors import BadPayload, Ignored
from integrations.github.decode.events import decode
from integrations.readings import Field, LabelSeen, LinkSeen, Reading
from rules.facts import Checks, Kind, LinkKind
from tests.integrations.github.payloads import AT, RECEIVED, issue, milestone, payload, pull, user

BOB = user("bob", 2)


def read(event: str, data: dict) -> Reading:
    return decode(event, data, RECEIVED)


CHANGES = [
    ("issues", payload("opened", issue=issue()), "state:12:opened:2026-11-01T08:00:00Z", None, "open"),
    (
        "issues",
        payload("closed", issue=issue(state="closed", state_reason="completed", closed_at="2026-11-24T09:29:59Z")),
        "state:12:closed:2026-11-24T09:29:59Z", "open", "closed",
    ),
    ("issues", payload("reopened", issue=issue()), f"state:12:reopened:{AT}", "closed", "open"),
    ("issues", payload("edited", issue=issue(), changes={"title": {"from": "CSV"}}), f"title:12:{AT}", "CSV", "Export as CSV"),
    ("issues", payload("edited", issue=issue(), changes={"body": {"from": "old"}}), f"body:12:{AT}", "old", "text"),
    ("issues", payload("labeled", issue=issue(), label={"name": "ui"}), f"label:12:+ui:{AT}", None, "ui"),
    ("issues", payload("unlabeled", issue=issue(), label={"name": "bug"}), f"label:12:-bug:{AT}", "bug", None),
    ("issues", payload("assigned", issue=issue(), assignee=BOB), f"assignee:12:+2:{AT}", None, "bob"),
    ("issues", payload("unassigned", issue=issue(), assignee=BOB), f"assignee:12:-2:{AT}", "bob", None),
    ("issues", payload("milestoned", issue=issue(), milestone=milestone()), f"milestone:12:+2.4:{AT}", None, "400"),
    ("issues", payload("demilestoned", issue=issue(), milestone=milestone()), f"milestone:12:-2.4:{AT}", "400", None),
    ("issues", payload("locked", issue=issue()), f"lock:12:locked:{AT}", None, "locked"),
    ("issues", payload("unlocked", issue=issue()), f"lock:12:unlocked:{AT}", None, "unlocked"),
    (
        "pull_request",
        payload("closed", pull_request=pull(state="closed", merged=True, merged_at=AT, closed_at=AT)),
        f"state:12:closed:{AT}", "open", "merged",
    ),
    ("pull_request", payload("synchronize", pull_request=pull(), before="c", after="d"), "push:12:d", "c", "d"),
    ("pull_request", payload("ready_for_review", pull_request=pull()), f"draft:12:ready:{AT}", "draft", "ready"),
    ("pull_request", payload("converted_to_draft", pull_request=pull()), f"draft:12:draft:{AT}", "ready", "draft"),
    ("pull_request", payload("review_requested", pull_request=pull(), requested_reviewer=BOB), f"reviewer:12:+2:{AT}", None, "bob"),
    (
        "pull_request",
        payload("review_request_removed", pull_request=pull(), requested_team={"id": 5, "slug": "core", "name": "Core"}),
        f"reviewer:12:-team:5:{AT}", "core", None,
    ),
    ("pull_request", payload("auto_merge_enabled", pull_request=pull()), f"queue:12:auto_merge_enabled:{AT}", None, "auto_merge"),
    ("pull_request", payload("dequeued", pull_request=pull()), f"queue:12:dequeued:{AT}", "merge_queue", None),
    ("milestone", payload("closed", milestone=milestone(state="closed", closed_at=AT)), f"milestone_state:m4:closed:{AT}", "open", "closed"),
    ("milestone", payload("opened", milestone=milestone()), f"milestone_state:m4:opened:{AT}", "closed", "open"),
    ("milestone", payload("created", milestone=milestone()), f"due:m4:{AT}", None, "2026-12-11"),
    (
        "milestone",
        payload("edited", milestone=milestone(), changes={"due_on": {"from": "2026-11-27T08:00:00Z"}}),
        f"due:m4:{AT}", "2026-11-27", "2026-12-11",
    ),
    ("milestone", payload("edited", milestone=milestone(due_on=None), changes={"due_on": {"from": AT}}), f"due:m4:{AT}", "2026-11-24", None),
    ("milestone", payload("edited", milestone=milestone(), changes={"title": {"from": "2.3"}}), f"milestone_title:m4:{AT}", "2.3", "2.4"),
]  # fmt: skip


@pytest.mark.parametrize(("event", "data", "key", "before", "after"), CHANGES, ids=[one[2] for one in CHANGES])
def test_an_action_becomes_one_change(event, data, key, before, after):
    (change,) = read(event, data).changes
    assert (change.natural_key, change.before, change.after) == (key, before, after)
    assert change.actor is not None
    assert change.actor.login == "ada"
    assert change.item == ("77/12" if event != "milestone" else None)


def test_a_due_date_told_at_another_hour_of_the_same_day_has_not_moved():
    data = payload(
        "edited",
        milestone=milestone(due_on="2026-12-11T00:00:00Z"),
        changes={"due_on": {"from": "2026-12-11T08:00:00Z"}},
    )
    found = read("milestone", data)
    assert found.changes == ()
    assert found.milestones[0].due == date(2026, 12, 11)


def test_labels_are_laid_over_the_snapshot():
    assert read("issues", payload("unlabeled", issue=issue(), label={"name": "bug"})).items[0].labels == ()
    assert read("issues", payload("labeled", issue=issue(), label={"name": "ui"})).items[0].labels == ("bug", "ui")


def test_a_removed_label_that_is_not_named_leaves_the_labels_unknown_and_asks_for_a_read():
    found = read("issues", payload("unlabeled", issue=issue()))
    assert found.items[0].labels is None
    assert found.needs_read == ("77/12",)
    assert found.changes == ()


def test_people_are_laid_over_the_snapshot():
    on = read("issues", payload("assigned", issue=issue(), assignee=BOB)).items[0]
    assert [one.login for one in on.assignees or ()] == ["bob"]
    off = read("issues", payload("unassigned", issue=issue(assignees=[BOB]), assignee=BOB)).items[0]
    assert off.assignees == ()
    asked = read("pull_request", payload("review_requested", pull_request=pull(), requested_reviewer=BOB)).items[0]
    assert asked.pull is not None
    assert [one.login for one in asked.pull.reviewers] == ["bob"]


def test_leaving_one_milestone_for_another_keeps_the_new_one():
    new = milestone(id=500, number=5, title="2.5")
    found = read("issues", payload("demilestoned", issue=issue(milestone=new), milestone=milestone()))
    assert found.items[0].plan is not None
    assert [one.native_id for one in found.items[0].plan.milestones] == ["500"]
    assert {one.native_id for one in found.milestones} == {"400", "500"}


def test_a_pull_request_seen_as_an_issue_has_no_pull_group():
    data = issue(pull_request={"url": "x", "merged_at": None}, html_url="https://github.com/acme/shop/pull/12")
    item = read("issues", payload("labeled", issue=data, label={"name": "bug"})).items[0]
    assert item.kind is Kind.PULL_REQUEST
    assert item.pull is None
    assert item.native_id == "77/12"


@pytest.mark.parametrize(("merged_at", "status"), [(AT, "merged"), (None, "closed")])
def test_a_closed_pull_request_seen_as_an_issue_knows_whether_it_was_merged(merged_at, status):
    data = issue(pull_request={"merged_at": merged_at}, state="closed", closed_at=AT)
    state = read("issues", payload("locked", issue=data)).items[0].state
    assert state is not None
    assert state.status == status


def test_a_closed_pull_request_that_does_not_tell_carries_no_state():
    data = issue(pull_request={"url": "x"}, state="closed", closed_at=AT)
    assert read("issues", payload("labeled", issue=data, label={"name": "bug"})).items[0].state is None


def test_a_snapshot_without_its_time_says_so():
    data = issue()
    del data["updated_at"]
    found = read("issues", payload("labeled", issue=data, label={"name": "ui"}))
    assert found.items[0].as_of is None
    assert found.at == RECEIVED


def test_a_deleted_issue_and_a_transferred_one():
    assert read("issues", payload("deleted", issue=issue())).items[0].deleted
    to = {"new_issue": {"number": 3}, "new_repository": {"id": 88}}
    assert read("issues", payload("transferred", issue=issue(), changes=to)).items[0].moved_to == "88/3"


LATER = "2027-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("action", "values", "unsure"),
    [
        ("locked", {"state": "closed", "locked": True, "closed_at": AT}, True),
        ("locked", {"state": "open", "locked": True}, True),
        ("closed", {"state": "closed", "locked": True, "closed_at": AT}, True),
        ("closed", {"state": "closed", "locked": False, "closed_at": AT}, False),
        ("locked", {"state": "closed", "locked": True, "closed_at": AT, "updated_at": LATER}, False),
        ("labeled", {"state": "closed", "locked": True, "closed_at": AT}, False),
    ],
)
def test_an_issue_that_is_locked_as_it_is_closed_may_be_a_discussion_by_now(action, values, unsure):
    extra = {"label": {"name": "bug"}} if action == "labeled" else {}
    found = read("issues", payload(action, issue=issue(**values), **extra))
    assert bool(found.needs_read) is unsure


def test_bots_and_members_are_told_apart():
    found = read("issues", payload("closed", issue=issue(state="closed"), sender=user("renovate[bot]", 3, "Bot")))
    assert found.actor is not None
    assert (found.actor.bot, found.actor.member) == (True, None)
    mine = read("issues", payload("closed", issue=issue(state="closed")))
    assert mine.actor is not None
    assert (mine.actor.bot, mine.actor.member) == (False, True)


def comment(action: str, **more):
    said = {
        "id": 901,
        "body": "/plumb ack",
        "user": BOB,
        "author_association": "NONE",
        "created_at": AT,
        "updated_at": AT,
        "html_url": "u",
    }
    return payload(action, issue=issue(), comment=said | more)


def test_a_comment_is_a_change_when_written_and_an_echo_always():
    found = read("issue_comment", comment("created"))
    assert [one.natural_key for one in found.changes] == ["comment:901"]
    assert found.comments[0].author.member is False
    for action in ("edited", "deleted"):
        later = read("issue_comment", comment(action))
        assert later.changes == ()
        assert later.comments[0].event == action


def test_a_comment_by_a_deleted_account_is_by_ghost():
    assert read("issue_comment", comment("created", user=None)).comments[0].author.login == "ghost"


def review(action: str, state: str = "approved"):
    given = {
        "id": 31,
        "user": BOB,
        "state": state,
        "submitted_at": AT,
        "commit_id": "a" * 40,
        "author_association": "MEMBER",
        "html_url": "u",
    }
    return payload(action, pull_request=pull(updated_at="2026-11-24T11:00:00Z"), review=given)


def test_a_review_is_one_change_and_its_dismissal_another():
    given = read("pull_request_review", review("submitted"))
    assert [one.natural_key for one in given.changes] == ["review:31"]
    assert given.reviews[0].state == "approved"
    gone = read("pull_request_review", review("dismissed", "dismissed"))
    assert [(one.natural_key, one.at.hour) for one in gone.changes] == [("review:31:dismissed", 11)]
    assert read("pull_request_review", review("edited")).changes == ()


def test_a_review_comment_is_a_change_once():
    said = {"id": 77, "user": BOB, "body": "b", "created_at": AT, "author_association": "MEMBER", "html_url": "u"}
    found = read("pull_request_review_comment", payload("created", pull_request=pull(), comment=said))
    assert [one.natural_key for one in found.changes] == ["review_comment:77"]
    assert read("pull_request_review_comment", payload("deleted", pull_request=pull(), comment=said)).changes == ()


@pytest.mark.parametrize(
    ("status", "conclusion", "state"),
    [
        ("queued", None, Checks.PENDING),
        ("in_progress", None, Checks.PENDING),
        ("completed", "success", Checks.GREEN),
        ("completed", "skipped", Checks.GREEN),
        ("completed", "failure", Checks.RED),
        ("completed", "timed_out", Checks.RED),
        ("completed", "action_required", Checks.AWAITING_APPROVAL),
        ("completed", "stale", Checks.UNKNOWN),
        ("completed", None, Checks.UNKNOWN),
    ],
)
def test_a_check_run_tells_its_state(status, conclusion, state):
    here, there = {"base": {"repo": {"id": 77}}, "number": 12}, {"base": {"repo": {"id": 1}}, "number": 3}
    run = {
        "head_sha": "a" * 40, "name": "test", "status": status, "conclusion": conclusion, "started_at": AT,
        "completed_at": None, "app": {"slug": "actions", "id": 1}, "pull_requests": [here, there],
    }  # fmt: skip
    (check,) = read("check_run", payload("completed", check_run=run)).checks
    assert (check.state, check.name, check.items) == (state, "run:actions/test", ("77/12",))


def test_a_check_suite_without_runs_is_left():
    suite = {"head_sha": "a", "status": "queued", "conclusion": None, "latest_check_runs_count": 0, "app": None}
    with pytest.raises(Ignored, match="without check runs"):
        read("check_suite", payload("requested", check_suite=suite))


def test_a_status_tells_its_commit():
    data = payload("", sha="a" * 40, context="ci/x", state="error", updated_at="2019-05-15T15:20:55+00:00")
    (check,) = read("status", data).checks
    assert (check.name, check.state, check.at) == (
        "status:ci/x",
        Checks.RED,
        datetime(2019, 5, 15, 15, 20, 55, tzinfo=UTC),
    )


@pytest.mark.parametrize("action", ["sub_issue_added", "parent_issue_added", "sub_issue_removed"])
def test_a_sub_issue_points_at_its_parent(action):
    elsewhere = {"id": 88, "full_name": "acme/store", "html_url": "h"}
    data = payload(action, sub_issue=issue(), parent_issue=issue(number=3), parent_issue_repo=elsewhere)
    found = read("sub_issues", data)
    assert found.links == (
        LinkSeen(LinkKind.RELATES, "77/12", "88/3", removed=action.endswith("removed"), parent=True),
    )
    assert [one.native_id for one in found.items] == ["77/12"]


@pytest.mark.parametrize("action", ["blocked_by_added", "blocking_removed"])
def test_a_dependency_points_from_the_blocker_to_the_blocked(action):
    data = payload(action, blocked_issue=issue(), blocking_issue=issue(number=3))
    assert read("issue_dependencies", data).links == (
        LinkSeen(LinkKind.BLOCKS, "77/3", "77/12", removed=action.endswith("removed")),
    )


def test_a_renamed_label_is_told():
    data = payload("edited", label={"name": "ui"}, changes={"name": {"from": "gui"}})
    assert read("label", data).labels == (LabelSeen("ui", "edited", "gui"),)


def test_a_renamed_repository_tells_its_former_name():
    found = read("repository", payload("renamed", changes={"repository": {"name": {"from": "store"}}}))
    assert [(one.kind, one.project, one.detail) for one in found.project_events] == [("renamed", "77", "acme/store")]


def test_an_installation_brings_its_repositories():
    data = {
        "action": "created",
        "installation": {"id": 42, "account": {"login": "acme"}},
        "repositories": [{"id": 77, "full_name": "acme/shop"}],
    }
    kinds = [(one.kind, one.project, one.installation) for one in read("installation", data).project_events]
    assert kinds == [("installed", None, "42"), ("added", "77", "42")]


@pytest.mark.parametrize(
    "event", ["ping", "push", "release", "deployment", "deployment_status", "projects_v2_item", "star"]
)
def test_what_is_left_says_why(event):
    with pytest.raises(Ignored) as caught:
        read(event, payload("created"))
    assert len(str(caught.value)) > 10


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"issue": issue(number="x")}, "issue.number"),
        ({"issue": issue(number=True)}, "issue.number"),
        ({"issue": issue(title=None)}, "issue.title"),
        ({"issue": issue(updated_at="yesterday")}, "issue.updated_at"),
        ({"issue": issue(labels=[{"name": 3}])}, "issue.labels.0.name"),
        ({"issue": issue(user={"id": 1})}, "issue.user.login"),
        ({"issue": issue(milestone=milestone(due_on=5))}, "issue.milestone.due_on"),
        ({"issue": None}, "issue"),
        ({"repository": {"id": 1}}, "repository.full_name"),
        ({"action": 7}, "action"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_payload_that_cannot_be_read_names_the_field(change, path):
    with pytest.raises(BadPayload) as caught:
        read("issues", payload("opened", issue=issue()) | change)
    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}: got ")


def test_the_message_says_what_would_be_right():
    with pytest.raises(BadPayload, match=r"issue\.number: got 'x'; expected a whole number"):
        read("issues", payload("opened", issue=issue(number="x")))


def test_what_no_database_stores_is_replaced():
    item = read("issues", payload("opened", issue=issue(title="a\0b\ud800", body="\ud83d\ude00"))).items[0]
    assert item.text is not None
    assert (item.text.title, item.text.body) == ("a\ufffdb\ufffd", "\U0001f600")


def test_every_field_of_a_change_is_known():
    assert {Field(one[2].split(":")[0]) for one in CHANGES} <= set(Field)
