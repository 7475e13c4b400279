"""The past of a Jira, read page by page against the fake of both editions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from integrations.errors import PermanentError, TransientError
from integrations.jira import search
from integrations.jira.adapter import JiraAdapter
from integrations.ports import HISTORY
from integrations.readings import Field
from tests.contract.conftest import jira_credentials
from tests.contract.fake_github import Failure
from tests.contract.fake_jira import fake_jira

RECEIVED = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture(params=["cloud", "datacenter"])
def fake(request):
    with fake_jira(request.param) as found:
        yield found


@pytest.fixture
def history(fake):
    found = JiraAdapter(timeout=2).history(jira_credentials(fake))
    yield found
    found.close()


def walked(history, since=None) -> list[str]:
    """The keys of all pages, as the import walks them."""
    keys, page = [], 1
    while True:
        found = history.changed("PAY", since=since, page=page)
        keys += [one.key for one in found.items]
        if not found.more:
            return keys
        page += 1


def test_items_come_page_by_page_the_longest_unchanged_first(fake, history):
    for place in range(250):
        fake.world.add_issue("PAY", f"No. {place}")
    fake.world.edit(fake.world.find("PAY-3"), by="ada", summary="Anew")
    keys = walked(history)
    assert keys == [f"PAY-{number}" for number in (1, 2, *range(4, 251), 3)]
    assert history.calls == 3


def test_a_page_is_found_anew_over_another_connection(fake, history):
    for place in range(250):
        fake.world.add_issue("PAY", f"No. {place}")
    third = history.changed("PAY", since=None, page=3)
    assert [one.number for one in third.items] == list(range(201, 251))
    assert not third.more
    assert history.calls == 3
    assert history.changed("PAY", since=None, page=4).items == ()


def test_only_what_changed_since_is_listed_though_jira_compares_minutes(fake, history):
    early = fake.world.add_issue("PAY", "Early")
    fake.world.tick(10)
    late = fake.world.add_issue("PAY", "Late")
    assert early.updated.minute == late.updated.minute
    found = history.changed("PAY", since=late.updated, page=1)
    assert [one.key for one in found.items] == ["PAY-2"]
    assert found.items[0].as_of == late.updated
    assert found.asked_at == fake.world.now
    assert history.calls == 2, "whose time zone it is, and the page"
    history.changed("PAY", since=late.updated, page=1)
    assert history.calls == 3


def test_pages_of_one_minute_that_are_all_from_before_are_passed_over(fake, history):
    for place in range(230):
        fake.world.add_issue("PAY", f"No. {place}")
        fake.world.now -= timedelta(seconds=0.9)
    last = fake.world.find("PAY-230")
    assert walked(history, since=last.updated) == ["PAY-230"]


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati", "UTC", "Nowhere/At_all", ""]
)
def test_the_minute_is_never_after_the_instant(zone):
    from zoneinfo import ZoneInfo

    at = datetime(2026, 10, 25, 0, 0, 30, tzinfo=UTC)
    for place in range(0, 48 * 60, 7):
        since = at + timedelta(minutes=place)
        told = datetime.strptime(search.minute(since, zone), "%Y-%m-%d %H:%M")
        known = zone not in ("Nowhere/At_all", "")
        # Where the zone is not known, Jira may read it in any there is.
        for there in (zone,) if known else ("Pacific/Kiritimati", "UTC", "Etc/GMT+12"):
            for fold in (0, 1):
                read = told.replace(tzinfo=ZoneInfo(there), fold=fold)
                assert read.astimezone(UTC) <= since
                assert not known or read.astimezone(UTC) > since - timedelta(hours=8)


def test_an_item_comes_whole_with_its_history(fake, history):
    world = fake.world
    board = world.add_board("PAY", "Team")
    sprint = world.add_sprint(board, "Sprint 31", state="active")
    issue = world.add_issue("PAY", "Export")
    for place in range(130):
        world.edit(issue, by="ada", summary=f"Export {place}")
    world.edit(issue, by="ada", status="In Progress", sprints=[sprint["id"]], labels=["x"])
    for place in range(25):
        world.comment(issue, "ada", f"word {place}")
        world.log_work(issue, "ada", 3600)
    (known,) = history.changed("PAY", since=None, page=1).items
    before = history.calls
    told = history.item("PAY", 1, known=known, since=None, why="import")
    assert told.about == "PAY-1"
    payload = told.payload
    assert [len(payload[part]) for part in ("histories", "comments", "worklogs")] == [156, 25, 25]
    assert "comment" not in payload["issue"]["fields"], "told beside it"
    # Cloud: two pages of changelog, comments and worklogs that the list had cut; Data Center: the issue, and worklogs.
    assert history.calls - before == (4 if world.cloud else 2)
    reading = JiraAdapter().decode(HISTORY, payload, RECEIVED)
    assert len([one for one in reading.changes if one.field is Field.TITLE]) == 130
    assert reading.whole == (str(issue.id),)
    assert reading.items[0].as_of == issue.updated


def test_an_item_is_read_without_having_been_listed(fake, history):
    fake.world.add_issue("PAY", "Export")
    told = history.item("PAY", 1, known=None, since=RECEIVED, why="changed")
    assert (told.payload["told"], told.payload["since"]) == ("issue", RECEIVED.isoformat())
    assert history.calls == (2 if fake.world.cloud else 1)


def test_an_item_that_is_gone_or_moved_is_told_as_such(fake, history):
    world = fake.world
    world.add_project("SHOP")
    world.allow("SHOP", "plumb", "read")
    gone, moved = world.add_issue("PAY", "Gone"), world.add_issue("PAY", "Moved")
    listed = history.changed("PAY", since=None, page=1).items
    world.delete(gone)
    world.move(moved, "SHOP")
    if not world.cloud:  # Cloud gave the whole issue in the list
        told = history.item("PAY", 1, known=listed[0], since=None, why="import").payload
        assert (told["told"], told["id"], told["moved_to"]) == ("gone", str(gone.id), None)
    told = history.item("PAY", 1, known=None, since=None, why="import").payload
    assert (told["told"], told["key"], told["id"]) == ("gone", "PAY-1", None)
    told = history.item("PAY", 2, known=None, since=None, why="import").payload
    assert (told["told"], told["id"], told["key"], told["moved_to"]) == ("gone", str(moved.id), "PAY-2", "SHOP-1")


def test_an_item_that_is_deleted_between_list_and_read_is_told_as_gone(fake, history):
    issue = fake.world.add_issue("PAY", "Gone soon")
    (known,) = history.changed("PAY", since=None, page=1).items
    fake.world.delete(issue)
    told = history.item("PAY", 1, known=known, since=None, why="import").payload
    assert (told["told"], told["id"]) == ("gone", str(issue.id))


def test_an_item_of_a_project_that_cannot_be_seen_is_no_gone_item(fake, history):
    fake.world.add_issue("PAY", "Export")
    fake.world.allow("PAY", "plumb", "none")
    with pytest.raises(PermanentError) as caught:
        history.item("PAY", 1, known=None, since=None, why="import")
    assert caught.value.code == "gone"


def test_an_item_that_is_hidden_from_us_is_not_listed_and_is_told_as_gone(fake, history):
    fake.world.add_issue("PAY", "Open to all")
    secret = fake.world.add_issue("PAY", "Secret", security="Board", hidden_from={"plumb"})
    assert walked(history) == ["PAY-1"]
    assert history.count("PAY") == 1
    assert history.item("PAY", secret.number, known=None, since=None, why="repair").payload["told"] == "gone"


def test_versions_and_sprints_of_all_boards_are_milestones(fake, history):
    world = fake.world
    first, second = world.add_board("PAY", "Team"), world.add_board("PAY", "Other", kind="simple")
    world.add_board("PAY", "Flow", kind="kanban")
    sprints = [world.add_sprint(first, f"Sprint {place}") for place in range(60)] + [world.add_sprint(second, "Two")]
    version = world.add_version("PAY", "5.2", due=datetime(2026, 12, 18).date())
    found = history.milestones("PAY", why="import")
    assert {one.native_id for one in found.seen} == {
        f"version/{version['id']}",
        *(f"sprint/{one['id']}" for one in sprints),
    }
    assert found.told.payload["told"] == "milestones"
    # versions, the project, boards, two pages of sprints, one page, and the refusal of the board that has none
    assert history.calls == 7


def test_a_jira_without_boards_has_versions(fake, history):
    fake.world.add_version("PAY", "5.2")
    fake.fail("GET /rest/agile/1.0/board", Failure(404, {"errorMessages": ["null for uri"]}))
    assert [one.title for one in history.milestones("PAY", why="import").seen] == ["5.2"]


def test_the_project_is_followed_by_its_id(fake, history):
    native_id = fake.world.projects["PAY"]["id"]
    assert history.project(native_id, "OLDKEY").key == "PAY"
    assert history.count("PAY") == 0
    assert history.calls == 3


def test_a_limit_is_told_and_not_waited_for(fake, history):
    fake.fail("GET", Failure(429, None, {"Retry-After": "600"}))
    with pytest.raises(TransientError) as caught:
        history.changed("PAY", since=None, page=1)
    assert (caught.value.limited, caught.value.retry_after, history.calls) == (True, 600.0, 1)


def test_a_project_that_is_hidden_cannot_be_searched(fake, history):
    with pytest.raises(PermanentError):
        history.changed("HIDDEN", since=None, page=1)


def test_jira_sends_again_by_itself(history):
    assert history.lost_deliveries("PAY", to="/hooks/x", since=RECEIVED) == ()
    with pytest.raises(PermanentError):
        history.redeliver("PAY", "1")
    assert history.calls == 0
