"""Which sprints an issue was in and when, held against how Jira fills the field and writes its changelog."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.services.past import Past
from app.services.stays import stays
from integrations.errors import BadPayload
from integrations.jira.decode.events import decode
from integrations.jira.decode.milestones import of_text
from integrations.ports import HISTORY
from integrations.readings import Reading
from tests.integrations.jira.payloads import DC_SITE, RECEIVED, SITE, iso, issue, item, java, sprint, told, updated

SPRINT = {"fieldId": "customfield_10020", "fieldtype": "custom"}
MADE = datetime(2026, 11, 2, 9, tzinfo=UTC)
JOINED = datetime(2026, 11, 16, 8, tzinfo=UTC)
COMPLETED = datetime(2026, 11, 27, 15, tzinfo=UTC)
MOVED_ON = datetime(2026, 11, 27, 15, 0, 2, tzinfo=UTC)
DONE = {"status": {"name": "Done", "statusCategory": {"key": "done"}}, "resolution": {"name": "Done"}}


def move(history: int, at: datetime, before: str, after: str) -> dict:
    """What Jira writes when the field Sprint changes."""
    words = tuple(", ".join(f"Sprint {one}" for one in ids.split(", ") if one) for ids in (before, after))
    return {"id": str(history), "created": iso(at), "author": None, "items": [item("Sprint", before, after, words=words, **SPRINT)]}  # fmt: skip


def stayed(*readings: Reading) -> list[tuple[str, datetime | None, datetime | None]]:
    """The stays that come of readings, as the core works them out."""
    changes = {change.natural_key: change for reading in readings for change in reading.changes}
    past = [
        Past(
            at=one.at,
            field=one.field.value,
            actor_id=None,
            before=one.before,
            after=one.after,
            url=None,
            natural_key=one.natural_key,
        )
        for one in changes.values()
    ]
    plan = readings[-1].items[0].plan
    assert plan is not None
    return stays(past, [one.native_id for one in plan.milestones], created_at=MADE)


def asked(histories: list[dict], **fields) -> Reading:
    return decode(HISTORY, told(issue(**fields), histories=histories), RECEIVED, SITE)


CLOSED = sprint(31, "closed")


def test_an_issue_in_the_running_sprint():
    reading = asked([move(1, JOINED, "", "31")], customfield_10020=[sprint(31)])
    assert stayed(reading) == [("sprint/31", JOINED, None)]


def test_an_issue_made_in_the_sprint_was_in_it_from_the_start():
    assert stayed(asked([], customfield_10020=[sprint(31)])) == [("sprint/31", MADE, None)]


def test_what_is_done_stays_in_the_sprint_it_was_done_in():
    done = datetime(2026, 11, 20, 10, tzinfo=UTC)
    histories = [move(1, JOINED, "", "31")]
    reading = asked(histories, customfield_10020=[CLOSED], resolutiondate=iso(done), **DONE)
    assert stayed(reading) == [("sprint/31", JOINED, None)]


def test_completing_a_sprint_moves_the_rest_on_without_saying_that_it_left():
    histories = [move(1, JOINED, "", "31"), move(2, MOVED_ON, "31", "31, 32")]
    reading = asked(histories, customfield_10020=[CLOSED, sprint(32, "future")])
    assert stayed(reading) == [("sprint/31", JOINED, COMPLETED), ("sprint/32", MOVED_ON, None)]


def test_what_went_to_the_backlog_left_when_the_sprint_ended():
    reading = asked([move(1, JOINED, "", "31")], customfield_10020=[CLOSED])
    assert stayed(reading) == [("sprint/31", JOINED, COMPLETED)]


def test_what_was_done_after_the_sprint_was_not_done_in_it():
    later = datetime(2026, 12, 1, tzinfo=UTC)
    reading = asked([move(1, JOINED, "", "31")], customfield_10020=[CLOSED], resolutiondate=iso(later), **DONE)
    assert stayed(reading) == [("sprint/31", JOINED, COMPLETED)]


def test_what_was_taken_out_of_the_running_sprint_does_not_fall_back_into_the_one_before():
    histories = [
        move(1, JOINED, "", "31"),
        move(2, MOVED_ON, "31", "31, 32"),
        move(3, datetime(2026, 12, 2, tzinfo=UTC), "31, 32", "31"),
    ]
    reading = asked(histories, customfield_10020=[CLOSED])
    assert stayed(reading) == [
        ("sprint/31", JOINED, COMPLETED),
        ("sprint/32", MOVED_ON, datetime(2026, 12, 2, tzinfo=UTC)),
    ]


def test_two_sprints_to_their_end_and_done_in_the_second():
    histories = [move(1, JOINED, "", "31"), move(2, MOVED_ON, "31", "31, 32")]
    second = sprint(32, "closed", completeDate="2026-12-11T15:00:00.000Z")
    done = datetime(2026, 12, 10, tzinfo=UTC)
    reading = asked(histories, customfield_10020=[second, CLOSED], resolutiondate=iso(done), **DONE)
    assert stayed(reading) == [("sprint/31", JOINED, COMPLETED), ("sprint/32", MOVED_ON, None)]


def test_moving_from_one_sprint_to_another_says_both():
    histories = [move(1, JOINED, "", "31"), move(2, MOVED_ON, "31", "32")]
    reading = asked(histories, customfield_10020=[sprint(32)])
    assert stayed(reading) == [("sprint/31", JOINED, MOVED_ON), ("sprint/32", MOVED_ON, None)]


def test_webhooks_one_by_one_give_the_stays_that_the_history_gives():
    joined = updated(
        item("Sprint", "", "31", **SPRINT), history="1", customfield_10020=[sprint(31)], updated=iso(JOINED)
    )
    moved = updated(
        item("Sprint", "31", "31, 32", **SPRINT),
        history="2",
        customfield_10020=[CLOSED, sprint(32, "future")],
        updated=iso(MOVED_ON),
    )
    moved["timestamp"] += 10**9
    readings = [decode("jira:issue_updated", one, RECEIVED, SITE) for one in (joined, moved)]
    histories = [move(1, JOINED, "", "31"), move(2, MOVED_ON, "31", "31, 32")]
    reading = asked(histories, customfield_10020=[CLOSED, sprint(32, "future")])
    assert stayed(*readings) == stayed(reading)
    assert stayed(*readings, reading) == stayed(reading)


# --- the two shapes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Sprint 31",
        "Cards, taken again",
        "a]b[c",
        "x=1,y=2",
        "state=CLOSED",
        "half,id=99",
        "late,endDate=soon",
        "line\nbreak",
        "naïve 🚀",
    ],
)
def test_a_sprint_written_as_a_java_object_may_be_called_anything(name):
    parts = of_text(java(name=name), "x")
    expected = name if not name.endswith("id=99") else "half"
    assert (parts["id"], parts["state"], parts["name"]) == ("31", "ACTIVE", expected)
    assert parts["endDate"] == "2026-11-27T16:00:00.000Z"


def test_the_parts_of_a_java_object_come_in_any_order():
    text = (
        "com.atlassian.greenhopper.service.sprint.Sprint@519c6abe[completeDate=<null>,endDate=2020-08-15T16:17:00.000Z,"
        "goal=a,b=c,id=197,name=TES Sprint 3,rapidViewId=9,sequence=197,startDate=<null>,state=ACTIVE]"
    )
    parts = of_text(text, "x")
    assert (parts["id"], parts["name"], parts["goal"], parts["startDate"]) == ("197", "TES Sprint 3", "a,b=c", None)


@pytest.mark.parametrize("text", ["", "Sprint 31", "com.atlassian.greenhopper.service.sprint.Sprint@1[name=x]"])
def test_what_is_no_sprint_is_refused_by_name(text):
    payload = updated(customfield_10020=[text])
    with pytest.raises(BadPayload) as refused:
        decode("jira:issue_updated", payload, RECEIVED, SITE)
    assert refused.value.path == "issue.fields.customfield_10020.0"


@pytest.mark.parametrize("state", ["active", "closed", "future"])
def test_both_shapes_give_the_same_milestone(state):
    complete = "2026-11-27T15:00:00.000Z" if state == "closed" else "<null>"
    found = []
    for listed in ([sprint(31, state)], [java(31, state.upper(), complete=complete)]):
        reading = decode("jira:issue_updated", updated(customfield_10020=listed), RECEIVED, DC_SITE)
        found.append((reading.milestones, reading.items[0].plan))
    assert found[0] == found[1]
    assert found[0][0][0].url == "https://jira.acme.example/issues/?jql=sprint%3D31"


def test_a_sprint_that_was_opened_again_has_not_ended():
    again = sprint(31, "active", completeDate="2026-11-27T15:00:00.000Z")
    reading = decode("jira:issue_updated", updated(customfield_10020=[again]), RECEIVED, SITE)
    assert [(one.open, one.closed_at) for one in reading.milestones] == [(True, None)]
    assert reading.changes == ()


def test_where_the_field_is_not_known_it_is_known_by_its_shape():
    for listed in ([sprint(31)], [java(31)]):
        fields = {"customfield_10107": listed, "customfield_10108": [{"id": 1, "name": "x"}], "customfield_1": ["y"]}
        reading = decode("jira:issue_updated", updated(**fields), RECEIVED)
        assert [one.native_id for one in reading.milestones] == ["sprint/31"]
