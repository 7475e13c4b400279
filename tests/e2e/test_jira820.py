"""A stateful Jira Data Center that others wrote (jira820, from PyPI): connected, imported, judged and written to.

It sends no webhooks, and its clock stands still on the morning of the day, so what changes is read by importing again.
What it cannot do is shown on the strict stand-in alone:

    not there                                        shown instead in
    webhooks                                         test_jira_round_trip.py
    times of changes: polling would find none        test_jira_refusals.py
    mypermissions, rights of others                  test_jira_refusals.py, test_jira_manners.py
    update.labels (answers 204, changes nothing)     test_jira_round_trip.py
    issue properties and remote links                test_jira_round_trip.py
    a second person                                  test_jira_manners.py
    ORDER BY updated within a day: a page that is    tests/integrations/jira/test_history.py
    not the last would lead past issues, so that
    all come in one page and one go here
    issues by id; one id for a project everywhere    the whole suite: here the project is watched by the id that its
                                                     issues tell
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import requests

from app.services import connect, importing
from app.time import real_now
from integrations.readings import ProjectSeen
from tests.contract.fake_jira import fake_jira
from tests.contract.jira820 import jira820
from tests.e2e.jira_stage import Stage, staged

pytestmark = pytest.mark.e2e
KEY = "JIRA820"
THEIR_NOW = datetime(2026, 1, 1, 10, tzinfo=UTC)
CALENDAR = {"settle_minutes": 0, "clear_minutes": 0, "all_hours": True}


@pytest.fixture
def there(tmp_path):
    folder = tmp_path / "820"
    folder.mkdir()
    with jira820(folder) as url:
        yield f"{url}/rest/api/2"


@pytest.fixture
def stage(there, _sqlite_template, tmp_path, monkeypatch):
    monkeypatch.setattr("integrations.jira.search.PER_PAGE", 1000)
    monkeypatch.setattr("app.cli.importing._TURN", 600.0)
    with (
        fake_jira("datacenter") as clock,
        staged(clock, _sqlite_template, tmp_path / "home", monkeypatch) as found,
    ):
        found.jira.world.now = THEIR_NOW
        found.work()
        yield found


def ask(verb: str, url: str, body: object = None) -> dict:
    answer = requests.request(verb, url, json=body, timeout=5)
    answer.raise_for_status()
    return answer.json() if answer.content else {}


def test_connected_and_imported(stage, there):
    fields = {"project": {"key": KEY}, "summary": "Move the queue", "description": "", "issuetype": {"name": "Task"}}
    key = ask("POST", f"{there}/issue", {"fields": fields})["key"]
    ask("POST", f"{there}/issue/{key}/transitions", {"transition": {"id": "21"}})
    start(stage, there, key)
    (known,) = stage.ask("SELECT key, title, state FROM item WHERE key = :key", key=key)
    assert tuple(known) == (key, "Move the queue", "in_progress")
    assert stage.ask("SELECT count(*) FROM item")[0][0] > 300
    assert {row[0] for row in stage.ask("SELECT kind FROM milestone")} >= {"version", "sprint"}
    assert stage.ask("SELECT count(*) FROM change WHERE field = 'state'")[0][0] > 100, "its changelogs were read"
    assert "Asked every 5 minutes, because webhooks cannot arrive here." in stage.project_page(KEY)


def test_one_comment_is_written_and_shrinks(stage, there):
    fields = {"project": {"key": KEY}, "summary": "Move the queue", "description": "", "issuetype": {"name": "Task"}}
    mine = ask("POST", f"{there}/issue", {"fields": fields})["key"]
    told = ask("GET", f"{there}/issue/{mine}")["fields"]["updated"]
    stage.jira.world.now = datetime.fromisoformat(told).astimezone(UTC)
    start(stage, there, mine)
    stage.rules("rules:\n- {name: quiet, type: stalled-work, mode: live, params: {quiet_days: 3}}\n")
    stage.travel(days=7)
    written = (
        "SELECT i.key, p.comment_id FROM publication p JOIN item i ON i.id = p.item_id WHERE p.comment_id IS NOT NULL"
    )
    wrote = [tuple(row) for row in stage.ask(written)]
    assert 10 <= len(wrote) <= 20, "what was quiet already, and then, a day's ceiling each"
    key, native_id = wrote[0]
    assert ours(there, key) == {native_id: True}
    ask("POST", f"{there}/issue/{key}/transitions", {"transition": {"id": done(there, key)}})
    said = stage.command("project", "import", KEY, "--again")
    assert said.code == 0, said.words
    stage.travel(hours=1)
    assert ours(there, key) == {native_id: False}


def ours(there: str, key: str) -> dict[str, bool]:
    """Our comments on an issue, by id, and whether they still speak of quiet."""
    found = ask("GET", f"{there}/issue/{key}/comment?maxResults=100")["comments"]
    bodies = {one["id"]: one["body"] for one in found if "plumbline:1:" in one["body"] or "All clear" in one["body"]}
    return {native_id: body.startswith("*Quiet for") for native_id, body in bodies.items()}


def done(there: str, key: str) -> str:
    """The transition that ends work on it."""
    ways = ask("GET", f"{there}/issue/{key}/transitions")["transitions"]
    return next(way["id"] for way in ways if way["to"]["statusCategory"]["key"] == "done")


def start(stage: Stage, there: str, key: str) -> None:
    """Connect and import, as a project of the id that its issues tell."""
    said = stage.connect(url=there.removesuffix("/rest/api/2"), account=None)
    assert said.code == 0, said.words
    assert "comments appear as admin; read: yes, write: yes" in said.words
    native_id = ask("GET", f"{there}/issue/{key}")["fields"]["project"]["id"]
    seen = ProjectSeen(native_id=native_id, key=KEY, url=f"{there}/browse/{KEY}")
    project = connect.watch(
        stage.runtime.db, tracker="plans", seen=seen, settings={"polling": True}, calendar=CALENDAR, author="test",
        now=real_now(), one_lane=True,
    )  # fmt: skip
    importing.begin_import(stage.runtime.db, project, mode="polling")
    said = stage.command("project", "import", KEY)
    assert said.code == 0, said.words
