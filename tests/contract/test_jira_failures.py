"""What the Jira client does when Jira fails, refuses, limits or stays silent: counted against the fake, call by call, on both editions."""

from __future__ import annotations

import pytest

from integrations.errors import PermanentError, TransientError
from integrations.jira.adapter import JiraAdapter
from integrations.ports import Credentials, Target
from rules.intents import LabelSpec
from tests.contract.conftest import jira_credentials
from tests.contract.fake_github import Failure
from tests.contract.fake_jira import fake_jira

MARKER = "plumbline:1:7f3c"
NOTE = f"Quiet.\n\n[Why this note?|https://plumb.acme.example/i/PAY-1#{MARKER}]"
PAGE = "https://plumb.acme.example/i/PAY-1"


@pytest.fixture(params=["cloud", "datacenter"])
def fake(request):
    with fake_jira(request.param) as found:
        yield found


@pytest.fixture
def cloud():
    with fake_jira("cloud") as found:
        yield found


@pytest.fixture
def target(fake) -> Target:
    fake.world.add_issue("PAY", "Export as CSV")
    return Target("PAY", 1, "PAY-1", page=PAGE)


@pytest.fixture
def client(fake):
    found = JiraAdapter(timeout=1).client(jira_credentials(fake))
    yield found
    found.close()


# --- a write whose fate is unknown is never sent twice -----------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_comment_answered_with_5xx_is_sent_once_and_uncertain(fake, client, target, status):
    fake.fail("POST", Failure(status, {"errorMessages": ["Internal server error"]}, after=True))
    with pytest.raises(TransientError) as caught:
        client.create_comment(target, NOTE)
    assert caught.value.uncertain
    assert not caught.value.limited
    assert fake.sent("POST") == 1
    assert client.calls == 1
    found = client.find_comment(target, MARKER)
    assert found is not None, "it was written all the same: the marker finds it"
    assert len(fake.world.find("PAY-1").comments) == 1


def test_a_comment_without_an_answer_in_time_is_sent_once_and_uncertain(fake, client, target):
    fake.fail("POST", Failure(after=True, delay=1.6))
    with pytest.raises(TransientError) as caught:
        client.create_comment(target, NOTE)
    assert caught.value.uncertain
    assert fake.sent("POST") == 1


def test_a_connection_that_breaks_after_the_request_is_uncertain(fake, client, target):
    fake.fail("POST", Failure(after=True, drop=True))
    with pytest.raises(TransientError) as caught:
        client.create_comment(target, NOTE)
    assert caught.value.uncertain
    assert fake.sent("POST") == 1


def test_a_connection_that_never_came_about_is_certain(target):
    client = JiraAdapter(timeout=1).client(Credentials(base_url="http://127.0.0.1:9", token="good"))
    with pytest.raises(TransientError) as caught:
        client.create_comment(target, NOTE)
    assert not caught.value.uncertain


def test_other_writes_are_not_repeated_either(fake, client, target):
    for verb, write in (
        ("PUT", lambda: client.add_label(target, "x")),
        ("PUT", lambda: client.edit_comment(target, "10000", "x")),
        ("DELETE", lambda: client.delete_comment(target, "10000")),
    ):
        before = fake.sent(verb)
        fake.fail(verb, Failure(502, None))
        with pytest.raises(TransientError) as caught:
            write()
        assert caught.value.uncertain
        assert fake.sent(verb) == before + 1


def test_a_read_is_repeated_and_counted(fake, client):
    fake.fail("GET", Failure(502, None))
    fake.fail("GET", Failure(drop=True))
    assert client.get_project("PAY").project.key == "PAY"
    assert fake.sent("GET") == 4  # the last one without an account
    assert client.calls == 4


def test_a_read_gives_up_soon(fake, client):
    fake.fail("GET", Failure(503, None, {"Retry-After": "3600"}), times=9)
    with pytest.raises(TransientError) as caught:
        client.get_project("PAY")
    assert caught.value.retry_after == 3600
    assert fake.sent("GET") == 3


def test_a_comment_stands_though_its_marks_fail(fake, client, target):
    fake.fail("PUT /rest/api/2/issue/PAY-1/properties", Failure(500, None))
    made = client.create_comment(target, NOTE)
    issue = fake.world.find("PAY-1")
    assert (len(issue.comments), issue.properties, issue.remote) == (1, {}, {})
    found = client.find_comment(target, MARKER)
    assert found is not None
    assert found.native_id == made.native_id


# --- limits are handed to the caller, never slept through --------------------------------------------------------------

LIMITS = [
    ({"Retry-After": "37"}, 37.0),
    ({"Retry-After": "3600", "RateLimit-Reason": "jira-quota-tenant-based"}, 3600.0),
    ({}, 60.0),
    ({"Retry-After": "soon"}, 60.0),
]


@pytest.mark.parametrize(("headers", "seconds"), LIMITS)
@pytest.mark.parametrize("verb", ["POST", "GET", "PUT"])
def test_a_limit_is_told_at_once_with_its_time(fake, client, target, verb, headers, seconds):
    fake.fail(verb, Failure(429, {"errorMessages": ["Rate limit exceeded."]}, headers))
    calls = {
        "POST": lambda: client.create_comment(target, NOTE),
        "GET": lambda: client.get_project("PAY"),
        "PUT": lambda: client.add_label(target, "x"),
    }
    with pytest.raises(TransientError) as caught:
        calls[verb]()
    assert caught.value.limited
    assert not caught.value.uncertain
    assert caught.value.retry_after == seconds
    assert headers.get("RateLimit-Reason", "") in str(caught.value)
    assert fake.sent(verb) == 1


def test_a_date_to_wait_for_is_compared_with_the_clock_of_jira(fake, client, target):
    later = "Tue, 24 Nov 2026 09:00:31 GMT"  # the fake's clock stands at 09:00:01
    fake.fail("POST", Failure(429, None, {"Retry-After": later}))
    with pytest.raises(TransientError) as caught:
        client.create_comment(target, NOTE)
    assert caught.value.retry_after == 31.0


@pytest.mark.parametrize("as_date", [False, True])
def test_writes_to_one_issue_are_limited(fake, client, target, as_date):
    fake.retry_as_date = as_date
    fake.world.allow("PAY", "plumb", "admin")
    for place in range(20):
        client.add_label(target, f"l{place}")
    with pytest.raises(TransientError) as caught:
        client.add_label(target, "l20")
    assert caught.value.limited
    assert caught.value.retry_after == (1.0 if as_date else 2.0)
    assert "jira-per-issue-on-write" in str(caught.value)


# --- what will not help to try again ------------------------------------------------------------------------------------

REFUSALS = [
    (Failure(401, {"message": "Client must be authenticated to access this resource."}), "unauthorised"),
    (Failure(401, "<html>Unauthorized (401)</html>"), "unauthorised"),
    (Failure(403, None, {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=x"}), "unauthorised"),
    (Failure(403, {"errorMessages": ["You do not have the permission."]}), "forbidden"),
    (Failure(403, {"errorMessages": ["The issue is in an archived project."]}), "archived"),
    (Failure(404, {"errorMessages": ["Issue does not exist"]}), "gone"),
    (Failure(410, {"errorMessages": ["Gone"]}), "gone"),
    (Failure(400, {"errors": {"comment": "too long"}}), "invalid"),
    (Failure(413, {"errorMessages": ["The comment limit of the issue is reached."]}), "invalid"),
    (Failure(451, None), "withheld"),
    (Failure(302, None, {"Location": "https://elsewhere.example/login"}), "moved"),
]


@pytest.mark.parametrize(("failure", "code"), REFUSALS, ids=[f"{f.status}-{code}" for f, code in REFUSALS])
def test_a_refusal_is_told_by_its_code_after_one_call(fake, client, target, failure, code):
    fake.fail("POST", failure)
    with pytest.raises(PermanentError) as caught:
        client.create_comment(target, NOTE)
    assert caught.value.code == code
    assert "good" not in str(caught.value), "no token in the message"
    assert fake.sent("POST") == 1


def test_a_refusal_repeats_the_words_of_jira(fake, client, target):
    fake.world.allow("PAY", "plumb", "admin")
    with pytest.raises(PermanentError) as caught:
        client.add_label(target, "two words")
    assert "labels: The label 'two words' contains spaces" in str(caught.value)


def test_a_comment_too_long_is_invalid(fake, client, target):
    with pytest.raises(PermanentError) as caught:
        client.create_comment(target, "x" * 32_768)
    assert caught.value.code == "invalid"


@pytest.mark.parametrize("project", ["", "PAY/..", "PAY?x", "PA Y", "10001/x"])
def test_a_project_that_is_no_key_never_reaches_jira(fake, client, project):
    with pytest.raises(PermanentError):
        client.get_project(project)
    assert fake.calls == []


def test_an_answer_that_is_no_object_is_transient(fake, client):
    fake.fail("GET", Failure(200, ["odd"]))
    with pytest.raises(TransientError):
        client.get_project("PAY")


# --- mails to watchers ----------------------------------------------------------------------------------------------------


def test_an_administrator_edits_without_a_mail(fake, client, target):
    fake.world.allow("PAY", "plumb", "admin")
    made = client.create_comment(target, NOTE)
    client.add_label(target, "plumb:stalled")
    client.edit_comment(target, made.native_id, "x")
    assert fake.mails == ["comment PAY-1"], "a new comment mails: Jira has no quiet way"


def test_where_mails_cannot_be_avoided_the_refusal_is_paid_for_once_per_project(fake, target):
    adapter = JiraAdapter(timeout=1)
    first, second = adapter.client(jira_credentials(fake)), adapter.client(jira_credentials(fake))
    first.add_label(target, "a")
    assert (first.calls, fake.world.find("PAY-1").fields["labels"]) == (2, ["a"])
    first.add_label(target, "b")
    second.remove_label(target, "a")
    assert (first.calls, second.calls) == (3, 1)
    assert fake.world.find("PAY-1").fields["labels"] == ["b"]
    fake.world.add_project("SHOP")
    fake.world.allow("SHOP", "plumb", "admin")
    fake.world.add_issue("SHOP", "Basket")
    second.add_label(Target("SHOP", 1, "SHOP-1"), "a")
    assert second.calls == 2
    assert "edit SHOP-1" not in fake.mails


def test_an_edit_that_is_refused_either_way_is_forbidden_and_nothing_is_learnt(fake, target):
    adapter = JiraAdapter(timeout=1)
    client = adapter.client(jira_credentials(fake))
    fake.world.allow("PAY", "plumb", "read")
    with pytest.raises(PermanentError) as caught:
        client.add_label(target, "a")
    assert caught.value.code == "forbidden"
    fake.world.allow("PAY", "plumb", "admin")
    before = client.calls
    client.add_label(target, "a")
    assert client.calls == before + 1
    assert fake.mails == []


# --- what a connection may do ---------------------------------------------------------------------------------------------


def test_a_check_names_the_permissions_that_are_lacking_and_where_to_give_them(fake, client):
    fake.world.allow("PAY", "plumb", "read")
    found = client.check("PAY")
    assert (found.ok, found.can_read, found.can_write) == (False, True, False)
    assert found.missing[:2] == ("permission Edit Issues", "permission Add Comments")
    assert "Project settings > Permissions" in found.detail


def test_a_project_that_cannot_be_seen_is_told(fake, client):
    found = client.check("HIDDEN")
    assert (found.ok, found.can_read, found.can_write) == (False, False, False)
    assert found.missing == ("access to the project HIDDEN (or it does not exist)",)


def test_without_administering_a_check_says_what_is_lost(fake, client):
    found = client.check("PAY")
    assert found.ok
    assert "mails watchers" in found.detail
    fake.world.allow("PAY", "plumb", "admin")
    assert client.check("PAY").detail == ""


def test_a_wrong_token_is_unauthorised_and_says_what_is_wanted(fake):
    client = JiraAdapter().client(jira_credentials(fake, token="bad"))
    with pytest.raises(PermanentError) as caught:
        client.check()
    assert caught.value.code == "unauthorised"
    assert ("API token" if fake.world.cloud else "personal access token") in str(caught.value)


def test_credentials_of_the_other_edition_are_told_as_such(fake):
    other = None if fake.world.cloud else "plumb@acme.example"
    client = JiraAdapter().client(jira_credentials(fake, account=other))
    with pytest.raises(PermanentError) as caught:
        client.check("PAY")
    assert caught.value.code == "unauthorised"
    here, given = ("Jira Cloud", "without an account") if fake.world.cloud else ("Jira Data Center", "with an account")
    assert f"is {here}, but the token came {given}" in str(caught.value)


def test_no_token_and_no_address_are_told_before_any_call(fake):
    for given, word in (({"token": None}, "no token is set"), ({"base_url": "jira.acme.example"}, "is no address")):
        with pytest.raises(PermanentError, match=word):
            JiraAdapter().client(jira_credentials(fake, **given)).check()
    assert fake.calls == []


def test_an_address_of_something_else_is_told(fake, client):
    fake.fail("serverInfo", Failure(404, "<html>nothing here</html>"))
    with pytest.raises(PermanentError, match="not as a Jira does"):
        client.check()


# --- what others may do -----------------------------------------------------------------------------------------------------


def test_rights_are_not_told_to_who_does_not_administer_the_project(fake, client):
    with pytest.raises(PermanentError) as caught:
        client.permission("PAY", fake.world.person("tri"))
    assert caught.value.code == "forbidden"


def test_an_administrator_maintains_without_managing_sprints(fake, client):
    fake.world.allow("PAY", "plumb", "admin")
    fake.world.rights["PAY", "tri"] = frozenset({"EDIT_ISSUES", "ADMINISTER_PROJECTS"})
    assert client.permission("PAY", fake.world.person("tri")) == "maintain"


def test_who_takes_anothers_name_has_no_more_rights_for_it(cloud):
    cloud.world.allow("PAY", "plumb", "admin")
    client = JiraAdapter().client(jira_credentials(cloud))
    cloud.world.add_user("mallory", "Boss")
    assert client.permission("PAY", cloud.world.person("boss")) == "maintain"
    assert client.permission("PAY", cloud.world.person("mallory")) == "read"


def test_a_user_name_within_another_is_not_that_other(fake, client):
    fake.world.allow("PAY", "plumb", "admin")
    fake.world.add_user("bo")
    assert client.permission("PAY", fake.world.person("bo")) == "read"


# --- comments -----------------------------------------------------------------------------------------------------------------


def test_a_comment_is_noted_in_a_property_and_our_page_is_linked(fake, client, target):
    made = client.create_comment(target, NOTE)
    assert made.url == f"{fake.url}/browse/PAY-1?focusedCommentId={made.native_id}"
    issue = fake.world.find("PAY-1")
    assert issue.properties == {"plumbline": {"comment": made.native_id, "marker": MARKER}}
    assert list(issue.remote) == [PAGE]
    assert client.calls == 3
    client.delete_comment(target, made.native_id)
    assert (issue.comments, issue.properties, issue.remote) == ([], {}, {})


def test_an_internal_comment_is_for_the_team_alone(fake, client, target):
    client.create_comment(Target("PAY", 1, "PAY-1", internal=True), NOTE)
    client.create_comment(target, NOTE)
    assert [one["internal"] for one in fake.world.find("PAY-1").comments] == [True, False]


def test_the_property_names_our_comment_however_many_there_are(fake, client, target):
    issue = fake.world.find("PAY-1")
    for place in range(230):
        fake.world.comment(issue, "ada", f"word {place}")
    made = client.create_comment(target, NOTE)
    before = client.calls
    found = client.find_comment(target, MARKER)
    assert found is not None
    assert found.native_id == made.native_id
    assert client.calls == before + 3, "who we are, the property, the comment"
    issue.properties.clear()
    before = client.calls
    found = client.find_comment(target, MARKER)
    assert found is not None
    assert found.native_id == made.native_id
    assert client.calls == before + 4, "the property, and three pages"


def test_a_property_that_somebody_set_makes_no_comment_ours(fake, client, target):
    issue = fake.world.find("PAY-1")
    theirs = fake.world.comment(issue, "ada", NOTE)
    issue.properties["plumbline"] = {"comment": str(theirs["id"]), "marker": MARKER}
    assert client.find_comment(target, MARKER) is None


def test_our_comment_is_found_and_told_as_jira_keeps_it(fake, client, target):
    fake.world.keep = lambda body: body.replace(f"#{MARKER}", "").replace("*", "")
    made = client.create_comment(target, f"*{NOTE}*")
    assert made.body == f"{NOTE}".replace(f"#{MARKER}", "")
    found = client.find_comment(target, MARKER)
    assert found is not None, "the property names it"
    assert found.native_id == made.native_id
    assert client.edit_comment(target, made.native_id, "*All* clear.").body == "All clear."


def test_labels_are_no_objects_of_a_project(fake, client):
    assert client.ensure_label("PAY", LabelSpec("plumb:stalled", "d4a72c", "Quiet")) is False
    client.delete_label("PAY", "plumb:stalled")
    assert fake.calls == []


def test_all_projects_are_listed_page_by_page(fake, client):
    for place in range(120):
        fake.world.add_project(f"P{place}")
        fake.world.allow(f"P{place}", "plumb", "read")
    assert len({one.project.key for one in client.list_projects()}) == 121
    assert client.calls == (3 if fake.world.cloud else 1)


def test_a_moved_issue_is_told_as_moved(fake, client, target):
    fake.world.add_project("SHOP")
    fake.world.allow("SHOP", "plumb", "read")
    issue = fake.world.find("PAY-1")
    fake.world.move(issue, "SHOP")
    (item,) = client.read_item("PAY", 1).items
    assert (item.native_id, item.moved_to) == (str(issue.id), "SHOP-1")


def test_a_survey_finds_fields_and_statuses(fake, client):
    found = client.survey()
    assert found["edition"] == fake.world.edition
    assert found["fields"] == {
        "points": ["customfield_10016"],
        "sprint": "customfield_10020",
        "epic": "customfield_10014",
        "flagged": "customfield_10021",
    }
    assert found["statuses"]["In Review"] == "in_progress"
    assert client.calls == 3


def test_nothing_is_read_again_after_a_write(fake, client, target):
    """The package's own `Resource.update` reads after each write: counted here."""
    fake.world.allow("PAY", "plumb", "admin")
    made = client.create_comment(target, NOTE)
    client.edit_comment(target, made.native_id, "x")
    client.add_label(target, "a")
    client.delete_comment(target, made.native_id)
    assert fake.sent("GET") == 0


# --- who may read a project -------------------------------------------------------------------------------------------------


def test_a_project_is_public_where_it_can_be_read_without_an_account(fake, client):
    assert client.get_project("PAY").project.public is False
    fake.world.allow("PAY", "anonymous", "read")
    assert client.get_project("PAY").project.public is True
    history = JiraAdapter().history(jira_credentials(fake))
    assert history.project(fake.world.projects["PAY"]["id"], "PAY").public is True


def test_whether_a_project_is_public_is_not_told_by_a_jira_in_trouble(fake, client):
    assert client.connection.transport().open_to_all("/project/NOWHERE") is False
    fake.fail("project/PAY", Failure(503, "<html>busy</html>"))
    assert client.connection.transport().open_to_all("/project/PAY") is None
