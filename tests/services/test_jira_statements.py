"""The number of SQL statements of a batch of a Jira's deliveries does not grow with the number of issues in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.services import drain
from app.store import people
from tests.integrations.jira.payloads import SITE
from tests.services.jira_hub import BOB, JiraHub
from tests.services.jira_world import JiraWorld
from tests.services.test_statements import counted
from tests.world import GROWN, LATE, MONDAY, STALLED


@pytest.fixture
def jira(database_url: str) -> Iterator[JiraWorld]:
    made = JiraWorld(database_url, {"10": "PAY", "20": "SHOP"}, at=MONDAY, site=SITE)
    made.rules(STALLED, LATE, GROWN.replace("min_items: 3", "min_items: 900"))
    yield made
    made.close()


def statements(jira: JiraWorld, monkeypatch: pytest.MonkeyPatch, first: int, number: int, *, told: bool) -> list[str]:
    """The statements of one batch about so many issues: each in an epic, a sprint and a version, linked with another,
    with a work log and moved to another project; as webhooks, or as told.
    """
    hub = JiraHub(at=MONDAY - timedelta(days=40))
    hub._ids = iter(range(first * 100, first * 100 + 99 * number))
    hub.version("82", name="5.2", releaseDate="2026-02-20")
    hub.sprint(32, "created", endDate="2026-02-20T08:00:00.000Z")
    epic = hub.issue(f"PAY-{first}", kind="Epic")
    jira.deliver(hub.hooks)
    jira.drain()
    issues = [hub.issue(f"PAY-{first + place}", parent=epic) for place in range(1, number)]
    born = len(hub.hooks)
    jira.deliver(hub.hooks[-len(issues) :])
    jira.drain()
    for place, issue in enumerate(issues):
        hub.plan(issue, 32)
        hub.fix(issue, "82")
        hub.assign(issue, BOB)
        hub.worklog(issue, 600)
        hub.comment(issue)
        hub.link(issue, issues[place - 1])
        hub.move(issue, f"SHOP-{first + place}")
    monkeypatch.setattr(drain, "SMALLEST", 5000)
    monkeypatch.setattr(drain, "LARGEST", 5000)
    jira.people = people.People()
    if told:
        answers: list[Any] = [hub.tell(issue, asked_at=jira.now) for issue in issues]
        jira.tell(answers)
    else:
        jira.deliver(hub.hooks[born:])
    with counted(jira) as seen:  # type: ignore[arg-type]
        jira.drain()
    monkeypatch.undo()
    return seen


@pytest.mark.parametrize("told", [False, True], ids=["webhooks", "told"])
def test_a_batch_of_many_issues_takes_as_many_statements_as_one_of_few(
    jira: JiraWorld, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    statements(jira, monkeypatch, 1000, 3, told=told)
    few = statements(jira, monkeypatch, 2000, 12, told=told)
    many = statements(jira, monkeypatch, 4000, 36, told=told)
    extra = sorted({line for line in many if many.count(line) > few.count(line)})
    assert {line: (few.count(line), many.count(line)) for line in extra} == {}
