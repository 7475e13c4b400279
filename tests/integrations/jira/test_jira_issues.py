"""What an issue's webhook says, in the shapes of Cloud and of Data Center."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from integrations.errors import BadPayload, Ignored
from integrations.jira.decode.events import decode
from integrations.readings import EffortPart, Field, ItemSeen, LinkSeen, PersonSeen, Reading, StatePart, TraitsPart
from rules.facts import Kind, LinkKind
from tests.integrations.jira.payloads import (
    AT,
    DC_SITE,
    RECEIVED,
    SITE,
    ada,
    bob,
    comment,
    iso,
    issue,
    item,
    part_of_issue,
    robot,
    status,
    updated,
    version,
    webhook,
)

ADA = PersonSeen("5c-ada", "Ada L.", bot=False)
BOB = PersonSeen("5c-bob", "Bob R.", bot=False)
EDITIONS = [("cloud", SITE), ("datacenter", DC_SITE)]


def read(payload: dict, site: dict = SITE) -> Reading:
    return decode(payload["webhookEvent"], payload, RECEIVED, site)


def seen(*, site: dict = SITE, edition: str = "cloud", **fields) -> ItemSeen:
    return read(updated(edition=edition, **fields), site).items[0]


def changes(*items, site: dict = SITE, edition: str = "cloud", **fields) -> list[tuple]:
    found = read(updated(*items, edition=edition, **fields), site).changes
    return [(one.natural_key.removeprefix("changelog:500:"), one.field, one.before, one.after) for one in found]


# --- the snapshot ------------------------------------------------------------------------------------------------------


def test_who_and_what_and_where():
    reading = read(updated())
    one = reading.items[0]
    assert (one.native_id, one.key, one.number, one.kind, one.as_of) == ("10231", "PAY-231", 231, Kind.ISSUE, AT)
    assert one.text is not None
    assert (one.text.title, one.text.body) == ("Take cards again", "h2. Why\n* [ ] one")
    assert (one.text.url, one.text.author) == ("https://acme.atlassian.net/browse/PAY-231", ADA)
    assert reading.actor == BOB
    assert reading.project is not None
    assert (reading.project.native_id, reading.project.key, reading.project.service_desk) == ("10000", "PAY", False)


def test_people_on_data_center_are_known_by_key_and_named_by_user_name():
    one = seen(edition="datacenter", site=DC_SITE, assignee=bob("datacenter"))
    assert one.assignees == (PersonSeen("JIRAUSER10101", "bob", bot=None),)
    assert one.text is not None
    assert one.text.url == "https://jira.acme.example/browse/PAY-231"


def test_the_address_is_told_by_the_issue_where_the_site_is_not_known():
    one = seen(site={})
    assert one.text is not None
    assert one.text.url == "https://acme.atlassian.net/browse/PAY-231"


def test_apps_are_machines():
    assert seen(assignee=robot()).assignees == (PersonSeen("557-auto", "Automation for Jira", bot=True),)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, StatePart(open=True, status="To Do", stage="todo")),
        ({"status": status("In Progress")}, StatePart(open=True, status="In Progress", stage="in_progress")),
        (
            {"status": status("Done"), "resolution": {"name": "Done"}, "resolutiondate": iso()},
            StatePart(open=False, status="Done", closed_at=AT, reason="completed", stage="done"),
        ),
        (
            {"status": status("Done"), "resolution": {"name": "Won't Do"}, "statuscategorychangedate": iso()},
            StatePart(open=False, status="Done", closed_at=AT, reason="not_planned", stage="done"),
        ),
        # A resolution does not close what stands in an open status, and a status closes without one.
        ({"resolution": {"name": "Done"}}, StatePart(open=True, status="To Do", stage="todo")),
        (
            {"status": {"name": "Rejected", "statusCategory": {"key": "done"}}},
            StatePart(open=False, status="Rejected", reason="not_planned", stage="done"),
        ),
        # Old payloads tell no category: the site knows its statuses, else the resolution decides.
        (
            {"status": status("In Progress", category=False)},
            StatePart(open=True, status="In Progress", stage="in_progress"),
        ),
        ({"status": status("Done", category=False)}, StatePart(False, "Done", reason="completed", stage="done")),
        ({"status": {"name": "Open"}}, StatePart(open=True, status="Open")),
        (
            {"status": {"name": "Closed"}, "resolution": {"name": "Fixed"}},
            StatePart(False, "Closed", None, "completed"),
        ),
    ],
)
def test_states(fields, expected):
    assert seen(**fields).state == expected


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Done", "completed"),
        ("Fixed", "completed"),
        ("Erledigt", "completed"),
        ("Won't Do", "not_planned"),
        ("Won't Fix", "not_planned"),
        ("Declined", "not_planned"),
        ("Invalid", "not_planned"),
        ("Incomplete", "not_planned"),
        ("Cannot Reproduce", "not_planned"),
        ("Not A Problem", "not_planned"),
        ("Abandoned", "not_planned"),
        ("Duplicate", "duplicate"),
    ],
)
def test_reasons_by_the_resolution(name, reason):
    state = seen(status=status("Done"), resolution={"name": name}).state
    assert state is not None
    assert state.reason == reason


@pytest.mark.parametrize(
    ("issuetype", "kind"),
    [
        ({"name": "Story", "subtask": False, "hierarchyLevel": 0}, Kind.ISSUE),
        ({"name": "Epic", "subtask": False}, Kind.EPIC),
        ({"name": "Feature", "subtask": False, "hierarchyLevel": 1}, Kind.EPIC),
        ({"name": "Initiative", "subtask": False, "hierarchyLevel": 2}, Kind.EPIC),
        ({"name": "Epic", "subtask": False, "hierarchyLevel": 0}, Kind.ISSUE),
        ({"name": "Sub-task", "subtask": True, "hierarchyLevel": -1}, Kind.SUBTASK),
    ],
)
def test_kinds(issuetype, kind):
    assert seen(issuetype=issuetype).kind is kind


def test_plan_effort_and_traits():
    one = seen(
        duedate="2026-12-01",
        fixVersions=[version(), version("10002", name="5.3", released=True)],
        customfield_10016=None,
        customfield_10026=3.5,
        timetracking={"originalEstimateSeconds": 28800, "remainingEstimateSeconds": 3600, "timeSpentSeconds": 5400},
        aggregatetimespent=99999,
        issuetype={"name": "Bug", "subtask": False},
        components=[{"id": "1", "name": "till"}],
        customfield_10021=[{"value": "Impediment", "id": "10019"}],
        security={"id": "10001", "name": "Team"},
        labels=["plumb:stalled", "till"],
    )
    assert one.plan is not None
    assert (one.plan.due, one.plan.estimate) == (date(2026, 12, 1), 3.5)
    assert [(m.native_id, m.open, m.as_of) for m in one.plan.milestones] == [
        ("version/10001", True, None),
        ("version/10002", False, None),
    ]
    assert one.effort == EffortPart(planned=8.0, left=1.0, spent=1.5)
    assert one.traits == TraitsPart(
        "Bug", bug=True, flagged=True, secured=True, priority="Medium", components=("till",)
    )
    assert one.labels == ("plumb:stalled", "till")


def test_what_is_not_known_of_the_site_is_not_guessed():
    one = seen(site={}, customfield_10016=5, customfield_10099=[{"value": "Impediment"}], timespent=3600)
    assert one.plan is not None
    assert one.plan.estimate is None
    assert one.traits is not None
    assert one.traits.flagged
    assert one.effort == EffortPart(spent=1.0)


PARENT = {"id": "10100", "key": "PAY-9", "fields": {"summary": "Cards", "status": status(), "issuetype": {"name": "Epic", "hierarchyLevel": 1}}}  # fmt: skip


def test_where_the_epic_s_field_is_not_known_the_edges_are_not_all():
    links = [{"type": {"name": "Blocks", "outward": "blocks"}, "outwardIssue": {"id": "7", "key": "PAY-7"}}]
    reading = read(updated(edition="datacenter", issuelinks=links), {})
    assert reading.items[0].edges is None
    assert reading.links == (LinkSeen(LinkKind.BLOCKS, "10231", "7", at=AT),)


def test_an_issue_in_an_epic():
    one = seen(parent=PARENT, customfield_10014="PAY-9")
    assert one.plan is not None
    assert [(m.native_id, m.title, m.kind, m.as_of) for m in one.plan.milestones] == [
        ("epic/10100", "Cards", "epic", None)
    ]
    assert one.edges == (LinkSeen(LinkKind.RELATES, "10231", "10100", parent=True, at=AT),)


def test_a_sub_task_is_in_no_epic_by_its_parent():
    parent = PARENT | {"fields": {"summary": "Story", "issuetype": {"name": "Story", "hierarchyLevel": 0}}}
    one = seen(parent=parent, issuetype={"name": "Sub-task", "subtask": True})
    assert one.plan is not None
    assert one.plan.milestones == ()
    assert one.edges == (LinkSeen(LinkKind.RELATES, "10231", "10100", parent=True, at=AT),)


def test_data_center_tells_an_epic_by_its_key_alone():
    one = seen(edition="datacenter", site=DC_SITE, customfield_10014="PAY-9")
    assert one.edges == (LinkSeen(LinkKind.RELATES, "10231", "PAY-9", parent=True, at=AT),)


def test_an_epic_is_a_milestone_and_does_not_claim_to_list_its_edges():
    epic = {"name": "Epic", "subtask": False}
    links = [{"type": {"name": "Blocks", "outward": "blocks"}, "outwardIssue": {"id": "7", "key": "PAY-7"}}]
    reading = read(updated(issuetype=epic, duedate="2026-12-18", issuelinks=links))
    (milestone,) = reading.milestones
    assert (milestone.native_id, milestone.kind, milestone.title) == ("epic/10231", "epic", "Take cards again")
    assert (milestone.due, milestone.as_of, milestone.open) == (date(2026, 12, 18), AT, True)
    assert reading.items[0].edges is None
    assert reading.links == (LinkSeen(LinkKind.BLOCKS, "10231", "7", at=AT),)


@pytest.mark.parametrize(
    ("name", "outward", "way", "kind", "source", "target"),
    [
        ("Blocks", "blocks", "outwardIssue", LinkKind.BLOCKS, "10231", "7"),
        ("Blocks", "blocks", "inwardIssue", LinkKind.BLOCKS, "7", "10231"),
        ("Blocks", "blockiert", "inwardIssue", LinkKind.BLOCKS, "7", "10231"),
        ("Dependency", "depends on", "outwardIssue", LinkKind.BLOCKS, "7", "10231"),
        ("Dependency", "Depends  upon", "inwardIssue", LinkKind.BLOCKS, "10231", "7"),
        ("Required", "requires", "outwardIssue", LinkKind.BLOCKS, "7", "10231"),
        ("Cloners", "clones", "outwardIssue", LinkKind.SPLIT_FROM, "10231", "7"),
        ("Cloners", "clones", "inwardIssue", LinkKind.SPLIT_FROM, "7", "10231"),
        ("Issue split", "split to", "outwardIssue", LinkKind.SPLIT_FROM, "7", "10231"),
        ("Issue split", "split to", "inwardIssue", LinkKind.SPLIT_FROM, "10231", "7"),
        ("Duplicate", "duplicates", "outwardIssue", LinkKind.RELATES, "10231", "7"),
        ("Relates", "relates to", "inwardIssue", LinkKind.RELATES, "7", "10231"),
    ],
)
def test_links_are_normalised(name, outward, way, kind, source, target):
    one = seen(issuelinks=[{"id": "1", "type": {"name": name, "outward": outward}, way: {"id": "7", "key": "PAY-7"}}])
    assert one.edges == (LinkSeen(kind, source, target, at=AT),)


def test_both_ends_tell_a_link_alike():
    kind = {"name": "Relates", "inward": "relates to", "outward": "relates to"}
    here = seen(issuelinks=[{"type": kind, "outwardIssue": {"id": "7", "key": "PAY-7"}}])
    there = read(
        webhook(
            "jira:issue_updated",
            issue=issue(
                key="PAY-7",
                native_id="7",
                issuelinks=[{"type": kind, "inwardIssue": {"id": "10231", "key": "PAY-231"}}],
            ),
        )
    )
    assert here.edges == there.items[0].edges


def test_sub_tasks_are_edges_from_the_child():
    one = seen(subtasks=[{"id": "8", "key": "PAY-8"}])
    assert one.edges == (LinkSeen(LinkKind.RELATES, "8", "10231", parent=True, at=AT),)


def test_a_part_of_an_issue_gives_only_the_groups_it_carries_whole_and_no_time():
    done = part_of_issue(status=status("Done"), assignee=ada())
    reading = read(webhook("comment_created", comment=comment(), issue=done))
    one = reading.items[0]
    assert one.as_of is one.text is one.state is one.labels is one.plan is one.traits is one.edges is None
    assert one.assignees == (ADA,)
    open_one = read(webhook("comment_created", comment=comment(), issue=part_of_issue())).items[0]
    assert open_one.state == StatePart(open=True, status="To Do", stage="todo")


DOCUMENT = {
    "type": "doc",
    "version": 1,
    "content": [
        {"type": "heading", "content": [{"type": "text", "text": "Why"}]},
        {"type": "paragraph", "content": [
            {"type": "text", "text": "See "},
            {"type": "text", "text": "Why this note?", "marks": [{"type": "link", "attrs": {"href": "https://p.example/i/PAY-231#plumbline:1:7f3c"}}]},
            {"type": "hardBreak"}, {"type": "mention", "attrs": {"id": "5c", "text": "@Ada"}},
            {"type": "inlineCard", "attrs": {"url": "https://x.example"}},
        ]},
        {"type": "taskList", "content": [
            {"type": "taskItem", "attrs": {"state": "TODO"}, "content": [{"type": "text", "text": "one"}]},
            {"type": "taskItem", "attrs": {"state": "DONE"}, "content": [{"type": "text", "text": "two"}]},
        ]},
        {"type": "bulletList", "content": [
            {"type": "listItem", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "dot"}]}]},
        ]},
    ],
}  # fmt: skip


def test_documents_become_plain_text_with_boxes_and_addresses():
    text = seen(description=DOCUMENT).text
    assert text is not None
    assert text.body == (
        "Why\nSee [Why this note?|https://p.example/i/PAY-231#plumbline:1:7f3c]\n@Adahttps://x.example\n"
        "- [ ] one\n- [x] two\n- dot"
    )


# --- events ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("edition", "site"), EDITIONS)
def test_an_issue_is_made(edition, site):
    made = webhook(
        "jira:issue_created",
        user=ada(edition),
        issue=issue(edition, status=status("In Progress")),
        changelog={
            "id": "1",
            "items": [item("Status", None, "10001", words=(None, "To Do")), item("summary", None, "x")],
        },
    )
    (change,) = read(made, site).changes
    assert (change.natural_key, change.field, change.before, change.after) == (
        "opened:10231", Field.STATE, None, "To Do",
    )  # fmt: skip
    assert change.at == datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert change.actor == (ADA if edition == "cloud" else PersonSeen("JIRAUSER10100", "ada"))


def test_an_issue_made_without_a_changelog_was_made_as_it_is_now():
    (change,) = read(webhook("jira:issue_created", user=ada(), issue=issue())).changes
    assert change.after == "To Do"


STATUS = item("status", "1", "3", words=("To Do", "In Progress"))


@pytest.mark.parametrize(("edition", "site"), EDITIONS)
@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (STATUS, [("status", Field.STATE, "To Do", "In Progress")]),
        (item("summary", words=("a", "b")), [("summary", Field.TITLE, "a", "b")]),
        (item("description", words=(None, "b")), [("description", Field.BODY, "", "b")]),
        (item("duedate", "2026-12-01", "2026-12-08", words=("2026-12-01 00:00:00.0", "x")),
         [("duedate", Field.DUE, "2026-12-01", "2026-12-08")]),
        (item("issuetype", "1", "4", words=("Story", "Bug")), [("issuetype", Field.TYPE, "Story", "Bug")]),
        (item("security", None, "1", words=(None, "Team")), [("security", Field.SECURITY, None, "Team")]),
        (item("timeestimate", "7200", "0"), [("timeestimate", Field.EFFORT, "timeestimate:7200", "timeestimate:0")]),
        (item("timespent", None, "60"), [("timespent", Field.EFFORT, None, "timespent:60")]),
        (item("labels", words=("a b", "b c")), [("label:-a", Field.LABEL, "a", None), ("label:+c", Field.LABEL, None, "c")]),
        (item("Fix Version", "10001", None, words=("5.2", None)), [("version:-10001", Field.MILESTONE, "version/10001", None)]),
        (item("Link", None, "PAY-7", words=(None, "This issue blocks PAY-7")),
         [("link:+PAY-7:This issue blocks PAY-7", Field.LINK, None, "This issue blocks PAY-7")]),
        (item("Parent", "1", "2", words=("PAY-1", "PAY-2")), [("parent", Field.LINK, "PAY-1", "PAY-2")]),
        (item("Sprint", "31", "31, 32", fieldtype="custom"), [("sprint:+32", Field.MILESTONE, None, "sprint/32")]),
        (item("Epic Link", "10100", "10200", words=("PAY-1", "PAY-2"), fieldtype="custom"),
         [("epic:-10100", Field.MILESTONE, "epic/10100", None), ("epic:+10200", Field.MILESTONE, None, "epic/10200")]),
        (item("Flagged", "", "[10019]", words=("", "Impediment"), fieldtype="custom"),
         [("flagged", Field.FLAG, None, "Impediment")]),
        (item("Story Points", words=("3", "5.5"), fieldtype="custom"), [("points", Field.ESTIMATE, "3", "5.5")]),
        (item("resolution", None, "1", words=(None, "Done")), []),
        (item("priority", "3", "1", words=("Medium", "Highest")), []),
        (item("Rank", words=("", "ranked higher")), []),
        (item("Workflow", "1", "2"), []),
        (item("status", words=("a", "b"), fieldtype="custom"), []),
        (item("Team", "1", "2", fieldtype="custom"), []),
    ],
)  # fmt: skip
def test_changes_by_name(entry, expected, edition, site):
    assert changes(entry, edition=edition, site=site) == expected


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (item("Estado", "1", "3", words=("a", "b"), fieldId="status"), [("status", Field.STATE, "a", "b")]),
        (item("Punkte", words=(None, "8"), fieldtype="custom", fieldId="customfield_10016"),
         [("points", Field.ESTIMATE, None, "8")]),
        (item("Story Points", words=(None, "8"), fieldtype="custom", fieldId="customfield_1"), []),
        (item("Iteration", "", "32", fieldtype="custom", fieldId="customfield_10020"),
         [("sprint:+32", Field.MILESTONE, None, "sprint/32")]),
        (item("IssueParentAssociation", None, "10100", words=(None, "PAY-9")),
         [("epic:+10100", Field.MILESTONE, None, "epic/10100")]),
    ],
)  # fmt: skip
def test_changes_by_the_field_s_id_whatever_its_name(entry, expected):
    assert changes(entry) == expected


def test_the_parent_of_a_sub_task_is_no_epic():
    entry = item("IssueParentAssociation", "1", "2", words=("PAY-1", "PAY-2"))
    subtask = {"name": "Sub-task", "subtask": True}
    assert changes(entry, issuetype=subtask) == [("parent", Field.LINK, "PAY-1", "PAY-2")]


def test_an_assignment_names_people_as_they_are_named_elsewhere():
    entry = item("assignee", None, "JIRAUSER10101", words=(None, "Bob R."))
    found = changes(entry, edition="datacenter", site=DC_SITE, assignee=bob("datacenter"))
    assert found == [("assignee", Field.ASSIGNEE, None, "bob")]
    stranger = item("assignee", "JIRAUSER9", None, words=("Eve", None))
    assert changes(stranger, edition="datacenter") == [("assignee", Field.ASSIGNEE, "Eve", None)]
    cloud = item("assignee", None, "bob", words=(None, "x"), tmpFromAccountId=None, tmpToAccountId="5c-bob")
    assert changes(cloud, assignee=bob()) == [("assignee", Field.ASSIGNEE, None, "Bob R.")]


def test_a_moved_issue_keeps_its_identity_in_its_new_project():
    moved = [
        item("project", "10000", "10300", words=("Pay", "Shop")),
        item("Key", words=("PAY-231", "SHOP-9")),
    ]
    payload = updated(*moved, key="SHOP-9", project={"id": "10300", "key": "SHOP"})
    reading = read(payload)
    one = reading.items[0]
    assert (one.native_id, one.key, one.number, one.moved_to) == ("10231", "SHOP-9", 9, None)
    assert reading.project is not None
    assert reading.project.native_id == "10300"
    assert [(c.field, c.before, c.after) for c in reading.changes] == [(Field.PROJECT, "PAY-231", "SHOP-9")]


def test_a_change_happened_when_the_issue_says_unless_it_was_changed_again_meanwhile():
    payload = updated(STATUS)
    assert read(payload).changes[0].at == AT
    payload["timestamp"] -= 5000
    assert read(payload).changes[0].at < AT


def test_a_deleted_issue_is_gone_as_of_the_event():
    payload = webhook("jira:issue_deleted", user=bob(), issue=issue(updated="2026-11-03T09:00:00.000+0000"))
    one = read(payload).items[0]
    assert (one.deleted, one.as_of) == (True, AT)


def test_a_deleted_epic_is_gone_as_a_milestone_too():
    payload = webhook("jira:issue_deleted", issue=issue(issuetype={"name": "Epic"}))
    assert [(m.native_id, m.deleted, m.open) for m in read(payload).milestones] == [("epic/10231", True, False)]


def test_an_issue_deleted_with_nothing_told_but_its_key():
    one = read(webhook("jira:issue_deleted", issue={"id": "10231", "key": "PAY-231"})).items[0]
    assert (one.native_id, one.deleted, one.as_of, one.text) == ("10231", True, AT, None)


# --- comments ----------------------------------------------------------------------------------------------------------


def test_a_comment_with_a_part_of_the_issue():
    reading = read(webhook("comment_created", comment=comment(), issue=part_of_issue()))
    (said,) = reading.comments
    assert (said.item, said.native_id, said.event, said.body) == ("10231", "900", "created", "Looks *good*")
    assert (said.author, said.actor, said.at) == (BOB, BOB, AT)
    assert said.url == "https://acme.atlassian.net/browse/PAY-231?focusedCommentId=900"
    assert [c.natural_key for c in reading.changes] == ["comment:900"]


def test_a_comment_without_the_issue_is_placed_by_its_own_address():
    reading = read(webhook("comment_created", comment=comment("datacenter")), DC_SITE)
    assert reading.items == ()
    assert reading.project is None
    assert [c.item for c in reading.comments] == ["10231"]
    assert [(c.natural_key, c.item) for c in reading.changes] == [("comment:900", "10231")]


@pytest.mark.parametrize("own", [None, "", "https://jira.acme.example/rest/api/2/issue/PAY-231/comment/900"])
def test_a_comment_that_names_no_issue_is_left_with_the_reason(own):
    with pytest.raises(Ignored, match="names no issue"):
        read(webhook("comment_created", comment=comment(self=own)))


def test_an_edited_comment_was_edited_by_who_did_it():
    later = datetime(2026, 11, 24, 10, tzinfo=UTC)
    edited = comment(updateAuthor=ada(), updated=iso(later))
    (said,) = read(webhook("comment_updated", comment=edited)).comments
    assert (said.event, said.author, said.actor, said.at, said.before) == ("edited", BOB, ADA, later, None)


def test_a_deleted_comment():
    reading = read(webhook("comment_deleted", user=ada(), comment=comment(), at=RECEIVED))
    (said,) = reading.comments
    assert (said.event, said.actor, said.at) == ("deleted", ADA, RECEIVED)
    assert reading.changes == ()


def test_a_comment_by_nobody():
    (said,) = read(webhook("comment_created", comment=comment(author=None))).comments
    assert said.author.login == "Anonymous"


@pytest.mark.parametrize(("edition", "site"), EDITIONS)
def test_a_comment_told_twice_is_one(edition, site):
    own = read(webhook("comment_created", comment=comment(edition)), site)
    with_issue = read(webhook("jira:issue_updated", comment=comment(edition), issue=issue(edition)), site)
    assert own.changes[0].natural_key == with_issue.changes[0].natural_key
    assert own.comments[0].event == with_issue.comments[0].event == "created"


@pytest.mark.parametrize(
    ("payload", "path"),
    [
        ({"webhookEvent": "jira:issue_updated"}, "issue"),
        (updated(status={"name": 4}), "issue.fields.status.name"),
        (updated(updated="soon"), "issue.fields.updated"),
        (updated(duedate="31.12."), "issue.fields.duedate"),
        (updated(customfield_10016=[]), "issue.fields.customfield_10016"),
        (updated(assignee={"active": True}), "issue.fields.assignee.accountId"),
        (updated(labels=[1]), "issue.fields.labels.0"),
        (updated(key="PAY"), "issue.key"),
        (updated(item("duedate", "soon")), "changelog.items.0.from"),
        (updated(item("Story Points", words=("many", "1"), fieldtype="custom")), "changelog.items.0.fromString"),
        (updated(description=["x"]), "issue.fields.description"),
    ],
)
def test_a_bad_payload_names_the_field(payload, path):
    with pytest.raises(BadPayload) as refused:
        read(payload)
    assert refused.value.path == path
